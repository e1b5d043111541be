package data_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"rpnc/models/data"
)

// small is a valid set with every part: 4 rows, 2 features, 2 classes, 1 target.
func small() *data.Dataset {
	return &data.Dataset{
		Name: "small", Rows: 4, Cols: 2, Shape: []int{2, 1}, Columns: []string{"a", "b"},
		X:      []float64{0, 1, 2, 3, 4, 5, 6, 7},
		Labels: []int32{0, 1, 1, 0}, Classes: []string{"no", "yes"},
		Y: []float64{10, 11, 12, 13}, YCols: 1,
	}
}

func TestSelectCopiesRowsOfEveryPartInOrder(t *testing.T) {
	d := small()
	s, err := d.Select([]int{3, 0, 3})
	if err != nil {
		t.Fatal(err)
	}
	want := small()
	want.Rows, want.X, want.Labels, want.Y = 3, []float64{6, 7, 0, 1, 6, 7}, []int32{0, 0, 0}, []float64{13, 10, 13}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v\nwant %+v", s, want)
	}
	s.X[0], s.Labels[0], s.Y[0] = -1, 1, -1
	if !reflect.DeepEqual(d, small()) {
		t.Error("writing to the selection changed the set")
	}
}

func TestRowIsAViewThatCannotGrowIntoTheNext(t *testing.T) {
	d := small()
	_ = append(d.Row(1), 99)
	d.Row(1)[0] = -2
	if want := []float64{0, 1, -2, 3, 4, 5, 6, 7}; !reflect.DeepEqual(d.X, want) {
		t.Errorf("X is %v, want %v", d.X, want)
	}
}

func TestSelectRejectsRowsOutsideTheSet(t *testing.T) {
	for _, rows := range [][]int{{-1}, {0, 4}, {math.MinInt}, {math.MaxInt}} {
		if _, err := small().Select(rows); err == nil {
			t.Errorf("rows %v: no error", rows)
		}
	}
}

func TestSplitIsAPartition(t *testing.T) {
	d := small()
	train, held, err := d.Split(func(i int) bool { return i%2 == 1 })
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{0, 1, 4, 5}; !reflect.DeepEqual(train.X, want) {
		t.Errorf("training part %v, want %v", train.X, want)
	}
	if want := []float64{11, 13}; !reflect.DeepEqual(held.Y, want) {
		t.Errorf("targets held out %v, want %v", held.Y, want)
	}
	all, none, err := d.Split(func(int) bool { return false })
	if err != nil || all.Rows != 4 || none.Rows != 0 || none.Validate() != nil {
		t.Errorf("nothing held out: %v, %d and %d rows, %v", err, all.Rows, none.Rows, none.Validate())
	}
}

func TestValidateAcceptsPartsThatFit(t *testing.T) {
	for name, change := range map[string]func(*data.Dataset){
		"every part": func(d *data.Dataset) {},
		"X alone": func(d *data.Dataset) {
			d.Columns, d.Shape, d.Labels, d.Classes, d.Y, d.YCols = nil, nil, nil, nil, nil, 0
		},
		"two targets": func(d *data.Dataset) { d.Y, d.YCols = make([]float64, 8), 2 },
	} {
		d := small()
		change(d)
		if err := d.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestValidateNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*data.Dataset)
	}{
		{"X is NaN in row 2, column 1 (b)", func(d *data.Dataset) { d.X[5] = math.NaN() }},
		{"X is -Inf in row 0, column 0 (a)", func(d *data.Dataset) { d.X[0] = math.Inf(-1) }},
		{"X is +Inf in row 3, column 0; want", func(d *data.Dataset) { d.X[6], d.Columns = math.Inf(1), nil }},
		{"Y is NaN in row 3, column 0", func(d *data.Dataset) { d.Y[3] = math.NaN() }},
		{"label of row 1 is 2; with 2 classes", func(d *data.Dataset) { d.Labels[1] = 2 }},
		{"label of row 0 is -1", func(d *data.Dataset) { d.Labels[0] = -1 }},
		{"X has 7 values; want 4 rows of 2", func(d *data.Dataset) { d.X = d.X[:7] }},
		{"X has 8 values; want 3 rows", func(d *data.Dataset) { d.Rows = 3 }},
		{"X has 8 values", func(d *data.Dataset) { d.Rows, d.Cols = 1<<62, 1<<3 }},
		{"at least one feature", func(d *data.Dataset) { d.Cols = 0 }},
		{"-1 rows", func(d *data.Dataset) { d.Rows = -1 }},
		{"1 names for 2", func(d *data.Dataset) { d.Columns = d.Columns[:1] }},
		{"3 labels for 4 rows", func(d *data.Dataset) { d.Labels = d.Labels[:3] }},
		{"without class names", func(d *data.Dataset) { d.Classes = nil }},
		{"Y has 3 values", func(d *data.Dataset) { d.Y = d.Y[:3] }},
		{"Y has 4 values; want 4 rows of 0", func(d *data.Dataset) { d.YCols = 0 }},
		{"YCols is 1 without Y", func(d *data.Dataset) { d.Y = nil }},
		{"shape [3] for 2 features", func(d *data.Dataset) { d.Shape = []int{3} }},
		{"shape [1] for 2 features", func(d *data.Dataset) { d.Shape = []int{1} }},
		{"shape [-1 -2]", func(d *data.Dataset) { d.Shape = []int{-1, -2} }},
		{"unnamed set: ", func(d *data.Dataset) { d.Name, d.X = "", nil }},
	} {
		d := small()
		c.change(d)
		err := d.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got error %v, want one with %q", err, c.want)
		}
	}
}

func TestSelectReportsSizesThatDoNotFit(t *testing.T) {
	for _, change := range []func(*data.Dataset){
		func(d *data.Dataset) { d.X = d.X[:5] },
		func(d *data.Dataset) { d.Labels = d.Labels[:1] },
		func(d *data.Dataset) { d.Cols = 0 },
	} {
		d := small()
		change(d)
		if _, err := d.Select([]int{0}); err == nil {
			t.Errorf("no error from Select of %+v", d)
		}
		if _, _, err := d.Split(func(i int) bool { return i == 0 }); err == nil {
			t.Errorf("no error from Split of %+v", d)
		}
	}
}
