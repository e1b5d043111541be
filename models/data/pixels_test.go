package data_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

// images are a set of random bytes, three channels of 2×2, as pixels and as numbers.
func images(rows int) (pixels, numbers *data.Dataset) {
	random := rand.New(rand.NewPCG(1, uint64(rows)))
	p := &data.Pixels{Rows: rows, Cols: 12, Bytes: make([]uint8, 12*rows), Values: make([][256]float64, 3)}
	for c := range p.Values {
		for b := range p.Values[c] {
			p.Values[c][b] = float64(b)/255 - 0.1*float64(c)
		}
	}
	pixels = &data.Dataset{Name: "images", Rows: rows, Cols: 12, Pixels: p, Shape: []int{3, 2, 2}, Labels: make([]int32, rows), Classes: []string{"a", "b"}}
	x := make([]float64, len(p.Bytes))
	for i := range x {
		p.Bytes[i] = uint8(random.UintN(256))
		x[i] = p.Values[i%12/4][p.Bytes[i]]
		pixels.Labels[i/12] = int32(p.Bytes[i] % 2)
	}
	same := *pixels
	same.Pixels, same.X = nil, x
	return pixels, &same
}

// equal compares the numbers of two sets, bit by bit, in all the ways to get at them.
func equal(t *testing.T, name string, a, b *data.Dataset) {
	t.Helper()
	if err := a.Validate(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	rows := []int{a.Rows - 1, 0, 1, 0}
	x, y := make([]float32, 4*a.Cols), make([]float32, 4*a.Cols)
	one, other := data.GatherFeatures(x, a, rows), data.GatherFeatures(y, b, rows)
	if one != nil || other != nil || !slices.Equal(x, y) {
		t.Errorf("%s: other batches, %v, %v", name, one, other)
	}
	if !slices.Equal(a.Features(0, a.Rows), b.Features(0, b.Rows)) || !slices.Equal(a.Row(1), b.Row(1)) || !slices.Equal(a.Labels, b.Labels) {
		t.Errorf("%s: other rows", name)
	}
}

// ways are what can be done to a set.
var ways = map[string]func(*data.Dataset) (*data.Dataset, error){
	"as it is": func(d *data.Dataset) (*data.Dataset, error) { return d, nil },
	"select":   func(d *data.Dataset) (*data.Dataset, error) { return d.Select([]int{3, 1, 3, 0}) },
	"split": func(d *data.Dataset) (*data.Dataset, error) {
		_, held, err := d.Split(func(i int) bool { return i%2 == 1 })
		return held, err
	},
	"train and test": func(d *data.Dataset) (*data.Dataset, error) {
		train, _, err := data.TrainTest(d, nil)
		return train, err
	},
	"channels scaled": func(d *data.Dataset) (*data.Dataset, error) {
		s, err := data.ChannelScaling([]int{3, 2, 2}, []float64{0.1, 0.2, 0.3}, []float64{0.7, 0.8, 0.9})
		if err != nil {
			return nil, err
		}
		return s.Apply(d)
	},
	"columns standardized": func(d *data.Dataset) (*data.Dataset, error) { return scaled(d, data.Standardize) },
	"columns to [0, 1]":    func(d *data.Dataset) (*data.Dataset, error) { return scaled(d, data.MinMax) },
	"scaled twice": func(d *data.Dataset) (*data.Dataset, error) {
		d, err := scaled(d, data.Standardize)
		if err != nil {
			return nil, err
		}
		return scaled(d, data.MinMax)
	},
}

func scaled(d *data.Dataset, fit func(*data.Dataset) (data.Scaling, error)) (*data.Dataset, error) {
	s, err := fit(d)
	if err != nil {
		return nil, err
	}
	return s.Apply(d)
}

// Bytes are only another way to store the numbers, for sets with fewer rows than a table has entries and for larger ones.
func TestPixelsAreTheNumbersTheyStandFor(t *testing.T) {
	for _, rows := range []int{6, 300} {
		for name, way := range ways {
			pixels, numbers := images(rows)
			a, one := way(pixels)
			b, other := way(numbers)
			if one != nil || other != nil {
				t.Fatalf("%s of %d: %v, %v", name, rows, one, other)
			}
			equal(t, name, a, b)
			if rows == 300 && a.Pixels == nil {
				t.Errorf("%s: no pixels are left", name)
			}
			before, _ := images(rows)
			if !reflect.DeepEqual(pixels, before) {
				t.Errorf("%s: the set itself has changed", name)
			}
		}
	}
}

func TestPixelsThatDoNotFitAreNamed(t *testing.T) {
	for want, change := range map[string]func(*data.Dataset){
		"X has 1 values beside pixels (6×12)": func(d *data.Dataset) { d.X = []float64{1} },
		"want those alone, 7×12":              func(d *data.Dataset) { d.Rows = 7 },
		"71 bytes, values of 3 channels":      func(d *data.Dataset) { d.Pixels.Bytes = d.Pixels.Bytes[1:] },
		"72 bytes, values of 0 channels":      func(d *data.Dataset) { d.Pixels.Values = nil },
		"72 bytes, values of 5 channels":      func(d *data.Dataset) { d.Pixels.Values = make([][256]float64, 5) },
		"byte 0 of channel 2 is NaN":          func(d *data.Dataset) { d.Pixels.Values[2][0] = math.NaN() },
	} {
		d, _ := images(6)
		change(d)
		if err := d.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want one with %q", err, want)
		}
		if s, err := d.Select([]int{0}); !strings.Contains(want, "NaN") && err == nil {
			t.Errorf("%s: %d rows selected", want, s.Rows)
		}
	}
	d, _ := images(6)
	for _, rows := range [][]int{{6}, {-1}} {
		if err := data.GatherFeatures(make([]float32, 12), d, rows); err == nil || !strings.Contains(err.Error(), "want rows 0…5") {
			t.Errorf("rows %v: error %v", rows, err)
		}
		if _, err := d.Select(rows); err == nil || !strings.Contains(err.Error(), "want rows 0…5") {
			t.Errorf("select %v: error %v", rows, err)
		}
	}
	if err := data.GatherFeatures(make([]float32, 11), d, []int{0}); err == nil || !strings.Contains(err.Error(), "room for 11 values") {
		t.Errorf("a short buffer: error %v", err)
	}
}
