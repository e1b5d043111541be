package data_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

func TestSparseRowsAreGatheredWithTheirZeros(t *testing.T) {
	s := &data.Sparse{Rows: 3, Cols: 4, Start: []int{0, 2, 2, 3}, Columns: []int32{1, 3, 0}, Values: []float64{5, 6, 7}}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	dst := slices.Repeat([]float32{9}, 12)
	if err := data.GatherSparse(dst, s, []int{2, 1, 0}); err != nil || !slices.Equal(dst, []float32{7, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 6}) {
		t.Errorf("%v, %v", dst, err)
	}
	for want, err := range map[string]error{
		"row 3 of 3; want rows 0…2":                                    data.GatherSparse(dst[:4], s, []int{3}),
		"room for 5 values; want 1 rows":                               data.GatherSparse(dst[:5], s, []int{0}),
		"3×4 values with their zeros; want at most 11: gather batches": second(s.Dense(11)),
		"want rising columns below 4":                                  (&data.Sparse{Rows: 1, Cols: 4, Start: []int{0, 2}, Columns: []int32{1, 1}, Values: make([]float64, 2)}).Validate(),
		"column 4 behind -1":                                           (&data.Sparse{Rows: 1, Cols: 4, Start: []int{0, 1}, Columns: []int32{4}, Values: make([]float64, 1)}).Validate(),
		"row 0 is 0…2":                                                 (&data.Sparse{Rows: 2, Cols: 4, Start: []int{0, 2, 1}, Columns: []int32{1}, Values: make([]float64, 1)}).Validate(),
		"2×4, 1 starts":                                                second((&data.Sparse{Rows: 2, Cols: 4, Start: []int{0}}).Dense(0)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

func TestASetMayHaveSparseFeatures(t *testing.T) {
	set := func() *data.Dataset {
		return &data.Dataset{Name: "s", Rows: 3, Cols: 2, Labels: []int32{0, 0, 0}, Classes: []string{"a"},
			Sparse: &data.Sparse{Rows: 3, Cols: 2, Start: []int{0, 1, 1, 3}, Columns: []int32{1, 0, 1}, Values: []float64{5, 6, 7}}}
	}
	d, err := set().Select([]int{2, 0, 2})
	if err != nil || d.Validate() != nil || !slices.Equal(d.Features(0, 3), []float64{6, 7, 0, 5, 6, 7}) || !slices.Equal(d.Row(1), []float64{0, 5}) {
		t.Fatalf("%+v, %v", d, err)
	}
	dst := make([]float64, 4)
	if err := data.GatherFeatures(dst, d, []int{1, 0}); err != nil || !slices.Equal(dst, []float64{0, 5, 6, 7}) {
		t.Errorf("sparse: %v, %v", dst, err)
	}
	if err := data.GatherFeatures(dst, small(), []int{1, 0}); err != nil || !slices.Equal(dst, []float64{2, 3, 0, 1}) {
		t.Errorf("dense: %v, %v", dst, err)
	}
	for want, change := range map[string]func(d *data.Dataset){
		"X has 6 values beside sparse features (3×2)":         func(d *data.Dataset) { d.X = make([]float64, 6) },
		"beside sparse features (3×2); want those alone, 4×2": func(d *data.Dataset) { d.Rows = 4 },
		"a value of Sparse is NaN":                            func(d *data.Dataset) { d.Sparse.Values[1] = math.NaN() },
		"want rising columns below 2":                         func(d *data.Dataset) { d.Sparse.Columns[2] = 0 },
	} {
		d := set()
		change(d)
		if err := d.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
	for _, err := range []error{second(data.Standardize(set())), second(data.Scaling{}.Apply(set()))} {
		if err == nil || !strings.Contains(err.Error(), "scaling would fill the zeros of sparse features") {
			t.Errorf("got error %v", err)
		}
	}
	if _, err := set().Select([]int{3}); err == nil || !strings.Contains(err.Error(), "row 3 of 3") {
		t.Errorf("got error %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
