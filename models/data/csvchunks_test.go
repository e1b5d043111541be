package data_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

// Sets one after the other are the whole table, whatever their size.
func TestATableInPartsIsTheTable(t *testing.T) {
	text := "a,skip,b\n"
	for i := range 7 {
		text += fmt.Sprintf("%d,x,\"%d\"\n\n", i, 10*i)
	}
	opts := &data.CSVOptions{Kind: data.Unlabelled, Skip: []string{"skip"}}
	whole, err := data.ReadCSV(strings.NewReader(text), "t", opts)
	if err != nil {
		t.Fatal(err)
	}
	for rows := 1; rows <= 8; rows++ {
		var x []float64
		var sizes []int
		err := data.ReadEachCSV(strings.NewReader(text), "t", rows, opts, func(d *data.Dataset) error {
			x, sizes = append(x, d.X...), append(sizes, d.Rows)
			if !slices.Equal(d.Columns, whole.Columns) || d.Cols != whole.Cols {
				t.Errorf("parts of %d: columns %v", rows, d.Columns)
			}
			return d.Validate()
		})
		if err != nil || !slices.Equal(x, whole.X) || len(sizes) != (7+rows-1)/rows || sizes[0] != min(7, rows) {
			t.Errorf("parts of %d: %v, sizes %v, %v", rows, x, sizes, err)
		}
	}
}

// A header with the names that are wanted puts them in order; any other one leaves the columns as they are.
func TestNamedFeaturesAreFoundByTheirNames(t *testing.T) {
	for _, c := range []struct {
		text string
		x    []float64
	}{
		{"b,word,a\n1,x,2\n3,y,4\n", []float64{2, 1, 4, 3}},
		{"a,c\n1,2\n3,4\n", []float64{1, 2, 3, 4}},
		{"1,2\n3,4\n", []float64{1, 2, 3, 4}},
	} {
		d, err := data.ReadCSV(strings.NewReader(c.text), "t", &data.CSVOptions{Kind: data.Unlabelled, Features: []string{"a", "b"}})
		if err != nil || !slices.Equal(d.X, c.x) || d.Cols != 2 {
			t.Errorf("%q: %+v, %v", c.text, d, err)
		}
	}
}

func TestPartsOfTablesReportMistakes(t *testing.T) {
	none := func(*data.Dataset) error { return nil }
	plain := &data.CSVOptions{Kind: data.Unlabelled}
	for _, c := range []struct {
		text string
		rows int
		opts *data.CSVOptions
		want string
	}{
		{"1,2\n3,4\n5\n", 2, plain, "t:3: 1 cells; want 2"},
		{"a,b\n", 2, plain, "only a header"},
		{"", 2, plain, "the file is empty"},
		{"1,2\n", 0, plain, "sets of no rows"},
		{"1,2\n", 2, nil, "no classes"},
		{"1,u\n1,w\n", 1, &data.CSVOptions{Classes: []string{"u", "v"}}, `t:2: column 2: no class is called "w"`},
	} {
		if err := data.ReadEachCSV(strings.NewReader(c.text), "t", c.rows, c.opts, none); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v; want one with %q", c.text, err, c.want)
		}
	}
	own := errors.New("enough")
	if err := data.ReadEachCSV(strings.NewReader("1\n2\n"), "t", 1, plain, func(*data.Dataset) error { return own }); err != own {
		t.Errorf("the error of a set is %v", err)
	}
	if err := data.EachCSV("no such file", 1, plain, none); err == nil {
		t.Error("a file that is not there is no error")
	}
}
