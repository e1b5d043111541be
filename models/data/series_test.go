package data_test

import (
	"fmt"
	"log"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

// prices are T times of two instances: t and 100 + t².
func prices(T int) *data.Series {
	s := &data.Series{Name: "prices", Instances: []string{"a", "b"}}
	for t := range T {
		s.Times = append(s.Times, fmt.Sprint("day ", t))
		s.Values = append(s.Values, float64(t), 100+float64(t*t))
	}
	return s
}

func TestReadSeriesTakesTimesAndInstances(t *testing.T) {
	s, err := data.LoadSeries(write(t, "daily_Open.csv", []byte("date,AA,\"B,B\"\r\n2020-01-02, 1.5,2\n2020-01-03,-3,4e1\n")))
	if err != nil {
		t.Fatal(err)
	}
	want := data.Series{Name: s.Name, Times: []string{"2020-01-02", "2020-01-03"}, Instances: []string{"AA", "B,B"}, Values: []float64{1.5, 2, -3, 40}}
	if !reflect.DeepEqual(*s, want) {
		t.Errorf("got %+v", s)
	}
	for text, want := range map[string]string{
		"":                     "f: no values; want a line of instances",
		"t,a\n":                "f: no values",
		"t\n1\n":               "f:1: one column; want times",
		"t,a,b\n1,2\n":         "f:2: 2 cells; want 3 as in the first line",
		"t,a,b\n1,2,3\n\n2,3,": `f:4: column 3 ("b"): the cell is empty`,
		"t,a\n1,nan\n":         `f:2: column 2 ("a"): "nan" is not finite`,
		"t,a\n1,\"2\n":         "f:2: column 2: a quote is not closed",
	} {
		s, err := data.ReadSeries(strings.NewReader(text), "f")
		expect(t, s, err, want)
	}
	s, err = data.LoadSeries("none.csv")
	expect(t, s, err, "want a CSV file with times in the first column")
}

func TestNormalizeSharesMeansAsTold(t *testing.T) {
	s := &data.Series{Times: []string{"0", "1", "2"}, Instances: []string{"a", "b"}, Values: []float64{1, 7, 2, 7, 3, 10}}
	for over, want := range map[data.Over][]float64{
		// Mean 5 and Σ(v − 5)² = 16+4+9+4+4+25 = 62 over five degrees of freedom.
		data.OverAll:      {-4 / math.Sqrt(12.4), 2 / math.Sqrt(12.4), -3 / math.Sqrt(12.4), 2 / math.Sqrt(12.4), -2 / math.Sqrt(12.4), 5 / math.Sqrt(12.4)},
		data.OverInstance: {-1, -1 / math.Sqrt(3), 0, -1 / math.Sqrt(3), 1, 2 / math.Sqrt(3)},
		data.OverTime:     {-math.Sqrt2 / 2, math.Sqrt2 / 2, -math.Sqrt2 / 2, math.Sqrt2 / 2, -math.Sqrt2 / 2, math.Sqrt2 / 2},
	} {
		got, err := s.Normalize(over)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			if math.Abs(got.Values[i]-w) > 1e-15 {
				t.Errorf("over %v: value %d is %v, want %v", over, i, got.Values[i], w)
			}
		}
	}
	if s.Values[0] != 1 {
		t.Error("Normalize changed its series")
	}
	flat := &data.Series{Times: []string{"0"}, Instances: []string{"a", "b"}, Values: []float64{3, 4}}
	if got, err := flat.Normalize(data.OverInstance); err != nil || !slices.Equal(got.Values, []float64{0, 0}) {
		t.Errorf("equal values become %+v, %v; want 0", got, err)
	}
	for want, bad := range map[string]*data.Series{
		"X is NaN in row 1":                     {Times: []string{"0"}, Instances: []string{"a", "b"}, Values: []float64{3, math.NaN()}},
		"3 values; want those of 1 times and 2": {Times: []string{"0"}, Instances: []string{"a", "b"}, Values: make([]float64, 3)},
		"0 values; want those of 0 times and 1": {Instances: []string{"a"}},
	} {
		got, err := bad.Normalize(data.OverAll)
		expect(t, got, err, want)
	}
	got, err := s.Normalize(9)
	expect(t, got, err, `over Over(9); want one of "instance_time"`)
}

func TestTheNamesOfOverAreRead(t *testing.T) {
	for _, over := range []data.Over{data.OverAll, data.OverInstance, data.OverTime} {
		var got data.Over
		text, err := over.MarshalText()
		if err == nil {
			err = got.UnmarshalText(text)
		}
		if err != nil || got != over {
			t.Errorf("%v is read as %v, %v", over, got, err)
		}
	}
	var o data.Over
	if err := o.UnmarshalText([]byte("row")); err == nil || !strings.Contains(err.Error(), `"row"; want one of "instance_time"`) {
		t.Errorf("got error %v", err)
	}
}

func TestWindowsSkipTheGapAndRunThroughInstancesFirst(t *testing.T) {
	train, test, err := prices(9).Windows(data.Window{X: 3, Y: 2, Gap: 1})
	if err != nil {
		t.Fatal(err)
	}
	// 9−3−1−2+1 = 4 windows, ⌊0.8·4⌋ = 3 for training, two instances each.
	if train.Rows != 6 || test.Rows != 2 || train.Cols != 3 || train.YCols != 2 {
		t.Fatalf("%d and %d rows, %d → %d", train.Rows, test.Rows, train.Cols, train.YCols)
	}
	for i, want := range [][]float64{{0, 1, 2, 4, 5}, {100, 101, 104, 116, 125}, {1, 2, 3, 5, 6}} {
		if got := slices.Concat(train.Row(i), train.Y[2*i:2*i+2]); !slices.Equal(got, want) {
			t.Errorf("row %d is %v, want %v", i, got, want)
		}
	}
	if got := slices.Concat(test.Row(1), test.Y[2:]); !slices.Equal(got, []float64{109, 116, 125, 149, 164}) {
		t.Errorf("last row %v", got)
	}
	if err := train.Validate(); err != nil {
		t.Error(err)
	}
}

func TestWindowsRejectWhatLeavesNone(t *testing.T) {
	for _, c := range []struct {
		times int
		w     data.Window
		want  string
	}{
		{11, data.DefaultWindow(), "11 times are too few for a window of 10 + 1 + 1"},
		{12, data.DefaultWindow(), "a share of 0.8 of 1 windows leaves a part empty"},
		{9, data.Window{}, "0 values, then 0 after a gap of 0; want at least 1, 1 and 0"},
		{9, data.Window{X: 1, Y: 1, Gap: -1}, "a gap of -1"},
		{9, data.Window{X: math.MaxInt, Y: math.MaxInt, Gap: 2}, "too few"},
		{9, data.Window{X: 1, Y: 1, Train: 1}, "a share of 1 of 8 windows"},
		{9, data.Window{X: 1, Y: 1, Train: math.NaN()}, "a share of NaN"},
		{0, data.Window{X: 1, Y: 1}, "at least one of each"},
	} {
		train, test, err := prices(c.times).Windows(c.w)
		expect(t, train, err, c.want)
		expect(t, test, err, c.want)
	}
	if train, test, err := prices(13).Windows(data.DefaultWindow()); err != nil || train.Rows != 2 || test.Rows != 2 {
		t.Errorf("the shortest series: %v", err)
	}
}

func FuzzReadSeries(f *testing.F) {
	f.Add("t,a,b\n1,2,3\n2,3,4\n3,4,5\n4,5,6\n")
	f.Add("t,a\n1,1e308\n2,-1e308\n")
	f.Add(",\n,0\n")
	f.Fuzz(func(t *testing.T, text string) {
		var s *data.Series
		var err error
		frugally(t, len(text), func() { s, err = data.ReadSeries(strings.NewReader(text), "fuzz") })
		if err != nil {
			return
		}
		for over := range data.OverTime + 1 {
			if _, err := s.Normalize(over); err != nil && !strings.Contains(err.Error(), "scales by") {
				t.Fatal(err)
			}
		}
		if train, _, err := s.Windows(data.Window{X: 1, Y: 1}); err == nil && train.Validate() != nil {
			t.Fatal(train.Validate())
		}
	})
}

func ExampleSeries_Windows() {
	const table = `
day,north,south
1,10,50
2,11,51
3,12,52
4,13,53
5,14,54
`
	s, err := data.ReadSeries(strings.NewReader(table), "weather")
	if err != nil {
		log.Fatal(err)
	}
	train, test, err := s.Windows(data.Window{X: 2, Y: 1, Train: 0.7})
	if err != nil {
		log.Fatal(err)
	}
	for i := range train.Rows {
		fmt.Println(train.Row(i), "→", train.Y[i])
	}
	fmt.Println(test.Rows, "rows for the test")
	// Output:
	// [10 11] → 12
	// [50 51] → 52
	// [11 12] → 13
	// [51 52] → 53
	// 2 rows for the test
}
