package data_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"rpnc/models/data"
)

func TestReadCSVReadsWhatTheOptionsSay(t *testing.T) {
	for _, c := range []struct {
		name, text string
		opts       *data.CSVOptions
		want       data.Dataset
	}{
		{"header, classes in the last column", "a,b,kind\n1,2,x\n3,-4.5e1,y\n5,6,x\n", nil, data.Dataset{Rows: 3, Cols: 2,
			X: []float64{1, 2, 3, -45, 5, 6}, Columns: []string{"a", "b"}, Labels: []int32{0, 1, 0}, Classes: []string{"x", "y"}}},
		{"no header, no last line end, blank lines, spaces, CRLF, byte order mark", "\ufeff 1 ,\t2 , z z \r\n\r\n  \n3,4,y", nil, data.Dataset{Rows: 2, Cols: 2,
			X: []float64{1, 2, 3, 4}, Labels: []int32{0, 1}, Classes: []string{"z z", "y"}}},
		{"the integers 0…K−1 stand for themselves", "1,2\n1,0\n1,1\n1,2\n", nil, data.Dataset{Rows: 4, Cols: 1,
			X: []float64{1, 1, 1, 1}, Labels: []int32{2, 0, 1, 2}, Classes: []string{"0", "1", "2"}}},
		{"other integers are names", "1,3\n1,1\n", nil, data.Dataset{Rows: 2, Cols: 1,
			X: []float64{1, 1}, Labels: []int32{0, 1}, Classes: []string{"3", "1"}}},
		{"spellings of integers are names", "1,1\n1,00\n", nil, data.Dataset{Rows: 2, Cols: 1,
			X: []float64{1, 1}, Labels: []int32{0, 1}, Classes: []string{"1", "00"}}},
		{"classes of another file", "1,b\n2,b\n", &data.CSVOptions{Classes: []string{"a", "b"}}, data.Dataset{Rows: 2, Cols: 1,
			X: []float64{1, 2}, Labels: []int32{1, 1}, Classes: []string{"a", "b"}}},
		{"quotes", `"p,1","q ""x"""` + "\n" + `"1", "a,""b""" ` + "\n", nil, data.Dataset{Rows: 1, Cols: 1,
			X: []float64{1}, Columns: []string{"p,1"}, Labels: []int32{0}, Classes: []string{`a,"b"`}}},
		{"target and skipped column by name", "id,kind,a\n1,x,10\n2,y,11\n", &data.CSVOptions{Target: []string{"kind"}, Skip: []string{"id"}}, data.Dataset{Rows: 2, Cols: 1,
			X: []float64{10, 11}, Columns: []string{"a"}, Labels: []int32{0, 1}, Classes: []string{"x", "y"}}},
		{"target by number, semicolons", "x;1\ny;2\n", &data.CSVOptions{Target: []string{"1"}, Comma: ';'}, data.Dataset{Rows: 2, Cols: 1,
			X: []float64{1, 2}, Labels: []int32{0, 1}, Classes: []string{"x", "y"}}},
		{"tabs", "1\t2\tx\n3\t4\t y \n", &data.CSVOptions{Comma: '\t'}, data.Dataset{Rows: 2, Cols: 2,
			X: []float64{1, 2, 3, 4}, Labels: []int32{0, 1}, Classes: []string{"x", "y"}}},
		{"regression on two columns in the order asked for", "a,b,c\n1,2,3\n4,5,6\n", &data.CSVOptions{Kind: data.Regression, Target: []string{"c", "a"}}, data.Dataset{Rows: 2, Cols: 1,
			X: []float64{2, 5}, Columns: []string{"b"}, Y: []float64{3, 1, 6, 4}, YCols: 2}},
		{"regression on the last column", "1,2\n", &data.CSVOptions{Kind: data.Regression}, data.Dataset{Rows: 1, Cols: 1,
			X: []float64{1}, Y: []float64{2}, YCols: 1}},
		{"features alone", "1,2\n3,4\n", &data.CSVOptions{Kind: data.Unlabelled}, data.Dataset{Rows: 2, Cols: 2, X: []float64{1, 2, 3, 4}}},
		{"a header of numbers", "2019,2020\n1,2\n", &data.CSVOptions{Kind: data.Unlabelled, Header: data.HeaderYes}, data.Dataset{Rows: 1, Cols: 2,
			X: []float64{1, 2}, Columns: []string{"2019", "2020"}}},
		{"a name that is a number goes before the number", "3,x,y\n1,2,3\n", &data.CSVOptions{Kind: data.Regression, Header: data.HeaderYes, Target: []string{"3"}}, data.Dataset{Rows: 1, Cols: 2,
			X: []float64{2, 3}, Columns: []string{"x", "y"}, Y: []float64{1}, YCols: 1}},
	} {
		c.want.Name = c.name
		got, err := data.ReadCSV(strings.NewReader(c.text), c.name, c.opts)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.name, *got, c.want)
		}
	}
}

func TestReadCSVErrorsNameFileLineAndColumn(t *testing.T) {
	regress := &data.CSVOptions{Kind: data.Regression}
	for _, c := range []struct {
		text string
		opts *data.CSVOptions
		want string
	}{
		{"", nil, "f.csv: the file is empty; want lines"},
		{"\n \n", nil, "f.csv: the file is empty"},
		{"a,b\n", nil, "f.csv: there is only a header"},
		{"1,2,x\n\n1,x\n", nil, "f.csv:3: 2 cells; want 3 as in the first line"},
		{"a,b\n1,2,x\n", nil, "f.csv:2: 3 cells; want 2"},
		{"a,b,c\n1,2,x\n3,4.2.1,x\n", nil, `f.csv:3: column 2 ("b"): "4.2.1" is not a number; want`},
		{"1,2,x\n1,two,x\n", nil, `f.csv:2: column 2: "two" is not a number`},
		{"1,NaN,x\n", nil, `f.csv:1: column 2: "NaN" is not finite; fill`},
		{"1,-inf,x\n", nil, `column 2: "-inf" is not finite`},
		{"1,1e999,x\n", nil, `column 2: "1e999" is beyond the range`},
		{"1,,x\n", nil, "f.csv:1: column 2: the cell is empty"},
		{"1,2,\n", nil, "f.csv:1: column 3: the label is empty"},
		{"1,nan\n", regress, `column 2: "nan" is not finite`},
		{"1,2\n1,y\n", regress, `f.csv:2: column 2: "y" is not a number`},
		{"1,2,x\n1,\"2,x\n", nil, "f.csv:2: column 2: a quote is not closed"},
		{"1,\"2\"3,x\n", nil, "f.csv:1: column 2: text behind the closing quote"},
		{"1\n", nil, "f.csv:1: none of the 1 columns is left for features"},
		{"a,b\n1,x\n", &data.CSVOptions{Target: []string{"c"}}, `f.csv:1: no column "c"; want a number from 1 to 2, or "a", "b"`},
		{"1,x\n", &data.CSVOptions{Target: []string{"kind"}}, `no column "kind"; want a number from 1 to 2, or a header`},
		{"1,x\n", &data.CSVOptions{Skip: []string{"0"}}, `no column "0"`},
		{"a,a,b\n1,2,x\n", &data.CSVOptions{Skip: []string{"a"}}, `two columns are called "a"`},
		{"a,b,c\n1,2,x\n", &data.CSVOptions{Kind: data.Regression, Target: []string{"a", "1"}}, "column 1 is asked for twice"},
		{"a,b,c\n1,2,x\n", &data.CSVOptions{Skip: []string{"c"}}, "column 3 is a target and skipped"},
		{"a,b,c\n1,2,x\n", &data.CSVOptions{Target: []string{"b", "c"}}, "2 columns of labels; want one"},
		{"1,2\n", &data.CSVOptions{Kind: data.Unlabelled, Target: []string{"1"}}, "a target column of an unlabelled set"},
		{"1,c\n", &data.CSVOptions{Classes: []string{"a", "b"}}, `f.csv:1: column 2: no class is called "c"; want one of "a", "b"`},
		{"1,a\n", &data.CSVOptions{Classes: []string{"a", "a"}}, `class "a" is given twice`},
		{"1,a\n", &data.CSVOptions{Comma: '"'}, "cells cannot be separated by"},
		{"1,a\n", &data.CSVOptions{MaxLine: -1}, "MaxLine is -1"},
		{"1,a\n", &data.CSVOptions{Kind: 9}, "kind 9, header 0"},
		{"1,a\n" + strings.Repeat("2", 30) + ",a\n", &data.CSVOptions{MaxLine: 16}, "f.csv:2: the line is longer than 16 bytes"},
		{"1,2,x\n1," + strings.Repeat("y", 1000) + ",x\n", nil, strings.Repeat("y", 40) + `"… is not a number`},
	} {
		d, err := data.ReadCSV(strings.NewReader(c.text), "f.csv", c.opts)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "data.ReadCSV: ") {
			t.Errorf("%q: got error %v, want one with %q", c.text, err, c.want)
		}
		if d != nil {
			t.Errorf("%q: a set beside the error", c.text)
		}
	}
}

func TestReadCSVNamesOnlySomeOfManyColumns(t *testing.T) {
	_, err := data.ReadCSV(strings.NewReader(strings.Repeat("a,", 99)+"z\n"), "f", &data.CSVOptions{Target: []string{"q"}})
	if err == nil || !strings.HasSuffix(err.Error(), `"a" … (100 in all)`) {
		t.Errorf("got error %v", err)
	}
}

func TestReadCSVPassesReadErrorsOn(t *testing.T) {
	broken := errors.New("disk on fire")
	_, err := data.ReadCSV(io.MultiReader(strings.NewReader("1,x\n2"), iotest.ErrReader(broken)), "f.csv", nil)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "f.csv:") {
		t.Errorf("got error %v", err)
	}
}

func TestLoadCSVReadsAFileAndNamesTheSetAfterIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flowers.csv")
	if err := os.WriteFile(path, []byte("1,2,x\n3,4,y\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := data.LoadCSV(path, nil)
	if err != nil || d.Name != "flowers.csv" || d.Rows != 2 {
		t.Fatalf("%+v, %v", d, err)
	}
	if _, err := data.LoadCSV(path, &data.CSVOptions{Kind: data.Regression}); err == nil || !strings.Contains(err.Error(), path+":1: column 3") {
		t.Errorf("got error %v, want one with the path", err)
	}
}

func TestLoadCSVReportsWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := data.LoadCSV(filepath.Join(dir, "none.csv"), nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none.csv") {
		t.Errorf("missing file: %v", err)
	}
	if _, err := data.LoadCSV(dir, nil); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("directory: %v", err)
	}
}
