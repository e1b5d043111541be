package data_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

// table makes a set of the given rows.
func table(rows ...[]float64) *data.Dataset {
	d := &data.Dataset{Name: "table", Rows: len(rows), Cols: len(rows[0])}
	for _, r := range rows {
		d.X = append(d.X, r...)
	}
	return d
}

func TestScalingTakesItsStatisticsFromTheTrainingPart(t *testing.T) {
	train := table([]float64{1, -10, 0.1}, []float64{2, 0, 0.1}, []float64{6, 20, 0.1})
	test := table([]float64{3, 50, 0.1}, []float64{-2, -10, 0.6})
	for _, c := range []struct {
		name        string
		fit         func(*data.Dataset) (data.Scaling, error)
		train, test []float64
	}{
		// Column 0 has mean 3 and variance (4+1+9)/2 = 7, column 1 mean 10/3 and variance 700/3; column 2 is constant.
		{"standardize", data.Standardize,
			[]float64{-2 / math.Sqrt(7), -40 / math.Sqrt(2100), 0, -1 / math.Sqrt(7), -10 / math.Sqrt(2100), 0, 3 / math.Sqrt(7), 50 / math.Sqrt(2100), 0},
			[]float64{0, 140 / math.Sqrt(2100), 0, -5 / math.Sqrt(7), -40 / math.Sqrt(2100), 0.5}},
		{"min max", data.MinMax,
			[]float64{0, 0, 0, 0.2, 1. / 3, 0, 1, 1, 0},
			[]float64{0.4, 2, 0, -0.6, 0, 0.5}},
	} {
		s, err := c.fit(train)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for part, want := range map[*data.Dataset][]float64{train: c.train, test: c.test} {
			got, err := s.Apply(part)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			for i := range want {
				if math.Abs(got.X[i]-want[i]) > 1e-15*(1+math.Abs(want[i])) {
					t.Errorf("%s: value %d is %v, want %v", c.name, i, got.X[i], want[i])
				}
			}
		}
	}
	if train.X[0] != 1 || test.X[0] != 3 {
		t.Error("scaling changed its argument")
	}
}

func TestConstantColumnsBecomeZeroDespiteRounding(t *testing.T) {
	// The mean of six times 0.1 is not 0.1 in binary.
	rows := make([][]float64, 6)
	for i := range rows {
		rows[i] = []float64{0.1}
	}
	d := table(rows...)
	s, err := data.Standardize(d)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Apply(d)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got.X {
		if v != 0 {
			t.Errorf("row %d is %v, want 0", i, v)
		}
	}
}

func TestScalingRejectsWhatItCannotScale(t *testing.T) {
	for _, c := range []struct {
		want string
		d    *data.Dataset
	}{
		{"no rows", &data.Dataset{Cols: 2}},
		{"X is NaN in row 1, column 0", table([]float64{1}, []float64{math.NaN()})},
		{"column 1 scales by", table([]float64{0, -1.7e308}, []float64{1, 1.7e308})},
	} {
		for _, fit := range []func(*data.Dataset) (data.Scaling, error){data.Standardize, data.MinMax} {
			if _, err := fit(c.d); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		}
	}
	s, err := data.MinMax(table([]float64{1, 2}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(table([]float64{1, 2, 3})); err == nil || !strings.Contains(err.Error(), "3 columns, scaled by the statistics of 2") {
		t.Errorf("got error %v for another number of columns", err)
	}
}

func TestChannelScalingTakesEachChannelAlone(t *testing.T) {
	s, err := data.ChannelScaling([]int{2, 1, 2}, []float64{1, 10}, []float64{2, 5})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Apply(table([]float64{1, 3, 10, 0}))
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{0, 1, 0, -2}; !slices.Equal(got.X, want) {
		t.Errorf("got %v, want %v", got.X, want)
	}
	if s := data.MNISTScaling(); len(s.Shift) != 784 || s.Shift[783] != 0.1307 || s.Scale[0] != 0.3081 {
		t.Errorf("MNIST: %d columns, %v, %v", len(s.Shift), s.Shift[783], s.Scale[0])
	}
	for _, c := range []struct {
		shape     []int
		mean, std []float64
	}{
		{[]int{2, 3}, []float64{0}, []float64{1, 1}},
		{[]int{2, 3}, []float64{0, 0}, []float64{1, 0}},
		{nil, nil, nil},
		{[]int{-1}, []float64{0}, []float64{1}},
	} {
		if _, err := data.ChannelScaling(c.shape, c.mean, c.std); err == nil || !strings.Contains(err.Error(), "want one mean") {
			t.Errorf("shape %v, means %v, deviations %v: got error %v", c.shape, c.mean, c.std, err)
		}
	}
}

func TestMinMaxToReachesBothEnds(t *testing.T) {
	d := table([]float64{1, 7}, []float64{3, 7}, []float64{2, 7})
	s, err := data.MinMaxTo(d, -1, 3)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Apply(d)
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{-1, 0, 3, 0, 1, 0}; !slices.Equal(got.X, want) {
		t.Errorf("got %v, want %v", got.X, want)
	}
	for _, r := range [][2]float64{{1, 1}, {2, 1}, {math.NaN(), 1}} {
		if _, err := data.MinMaxTo(d, r[0], r[1]); err == nil || !strings.Contains(err.Error(), "want the lower end first") {
			t.Errorf("range %v: %v", r, err)
		}
	}
}

func TestTargetsAreScaledAndBroughtBack(t *testing.T) {
	d := table([]float64{0}, []float64{0}, []float64{0})
	d.Y, d.YCols = []float64{10, -1, 20, -1, 15, 3}, 2
	s, err := data.MinMax(d.Targets())
	if err != nil {
		t.Fatal(err)
	}
	scaled, err := s.ApplyTargets(d)
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{0, 0, 1, 0, 0.5, 1}; !slices.Equal(scaled.Y, want) || d.Y[0] != 10 {
		t.Errorf("got %v, want %v", scaled.Y, want)
	}
	if err := s.Undo(scaled.Y); err != nil || !slices.Equal(scaled.Y, d.Y) {
		t.Errorf("undone: %v, %v; want %v", scaled.Y, err, d.Y)
	}
	if err := s.Undo(make([]float64, 3)); err == nil || !strings.Contains(err.Error(), "3 values, 2 columns") {
		t.Errorf("half a row: %v", err)
	}
	if err := (data.Scaling{}).Undo(nil); err == nil {
		t.Error("the zero scaling undoes nothing without an error")
	}
	if _, err := s.ApplyTargets(table([]float64{0, 1})); err == nil {
		t.Error("no error without targets")
	}
}
