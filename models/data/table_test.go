package data_test

import (
	"bytes"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

func TestReadTableFollowsTheTypesOfItsHeader(t *testing.T) {
	d, err := data.ReadTable(strings.NewReader("id_INT,length_Float,colour_str,legs_int,kind_str\nx7,5.5,red,4,cat\n\n8,-1e2,blue,2,bird\n9,0,red,4,cat\n"), "t", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &data.Dataset{Name: "t", Rows: 3, Cols: 3, X: []float64{5.5, 0, 4, -100, 1, 2, 0, 0, 4}, Columns: []string{"length", "colour", "legs"},
		Labels: []int32{0, 1, 0}, Classes: []string{"cat", "bird"}, Y: []float64{0, 1, 0}, YCols: 1}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("got %+v\nwant %+v", d, want)
	}
	d, err = data.ReadTable(strings.NewReader("id_int;a_float;y_float\n1;2;3.5\n"), "t", &data.TableOptions{Comma: ';'})
	if err != nil || d.Labels != nil || d.Y[0] != 3.5 {
		t.Errorf("regression: %+v, %v", d, err)
	}
	d, err = data.LoadTable(write(t, "a.csv.gz", packed(t, []byte("id_int,a_float,y_int\n1,2,3\n"))), nil)
	if err != nil || d.Name != "a.csv.gz" || d.Y[0] != 3 {
		t.Errorf("file: %+v, %v", d, err)
	}
}

func TestReadTableErrorsNameLineAndColumn(t *testing.T) {
	const header = "id_int,a_float,b_int,y_str\n"
	for text, want := range map[string]string{
		"":                                      "f: no rows; want a header",
		header:                                  "f: no rows",
		"id_int,y_int\n":                        "f:1: 2 columns; want an identifier",
		"id_int,a,y_int\n":                      `f:1: column 2: the header is "a"; want name_type`,
		"id_int,a_b_int,y_int\n":                `the header is "a_b_int"`,
		"id_int,a_text,y_int\n":                 `the header is "a_text"`,
		header + "1,2,3\n":                      "f:2: 3 cells; want 4",
		header + "1,2,3,x\n\n1,two,3,x\n":       `f:4: column 2 ("a"): "two" is not a number`,
		header + "1,NaN,3,x\n":                  `column 2 ("a"): "NaN" is not finite`,
		header + "1,2,3.5,x\n":                  `f:2: column 3 ("b"): "3.5" is not an integer; want one`,
		header + "1,2,99999999999999999999,x\n": `"99999999999999999999" is beyond the range`,
		header + "1,2,9007199254740993,x\n":     "9007199254740993 is not exact",
		header + "1,\"2,3,x\n":                  "f:2: column 2: a quote is not closed",
	} {
		d, err := data.ReadTable(strings.NewReader(text), "f", nil)
		expect(t, d, err, want)
	}
	d, err := data.LoadTable("none.csv", nil)
	expect(t, d, err, "want a CSV file with a header such as id_int")
}

func TestBadCellsBecomeNaNIfSomeoneIsTold(t *testing.T) {
	var told []string
	opts := &data.TableOptions{OnBad: func(err error) { told = append(told, err.Error()) }}
	d, err := data.ReadTable(strings.NewReader("id_int,a_float,b_int,y_str\n1,?,3,x\n2,1,,y\n"), "f", opts)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`data.ReadTable: f: row 0: column 2 ("a"): "?" is not a number; want one such as -1.5e3 (classes belong into the target column)`,
		`data.ReadTable: f: row 1: column 3 ("b"): "" is not an integer; want one such as -12`}
	if !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
	if !math.IsNaN(d.X[0]) || !math.IsNaN(d.X[3]) || d.X[1] != 3 || d.Validate() == nil {
		t.Errorf("X is %v, %v", d.X, d.Validate())
	}
}

func FuzzReadTable(f *testing.F) {
	f.Add([]byte("id_int,a_float,b_str,y_str\n1,2,x,z\n2,3,,\"q\"\n"))
	f.Add([]byte("id_int,a_float,y_int\n1,1e999,2\n"))
	f.Add([]byte("_int,_str,_STR\n,,\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d *data.Dataset
		var err error
		frugally(t, len(text), func() { d, err = data.ReadTable(bytes.NewReader(text), "fuzz", nil) })
		if err == nil && d.Validate() != nil {
			t.Fatal(d.Validate())
		}
		bad := 0
		_, lenient := data.ReadTable(strings.NewReader(string(text)), "fuzz", &data.TableOptions{OnBad: func(error) { bad++ }})
		if err == nil && (lenient != nil || bad > 0) {
			t.Fatalf("a good table: %v, %d bad cells", lenient, bad)
		}
	})
}
