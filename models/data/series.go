package data

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Series are measurements of several instances at the same times, such as the prices of stocks.
type Series struct {
	Name      string
	Times     []string  // T of them, as the file writes them
	Instances []string  // n names
	Values    []float64 // (T×n), a time a row
}

// LoadSeries reads a CSV file (packed with gzip or not) with names of instances in the first line from the second cell on,
// and in every other line a time and a number for each instance. Times are taken as they come. An error names
// file, line and column.
func LoadSeries(path string) (*Series, error) {
	return readFile("data.LoadSeries", path, "a CSV file with times in the first column and an instance in every other", ReadSeries)
}

// ReadSeries is [LoadSeries] for any stream; name stands for the file in errors and becomes the name of the series.
func ReadSeries(r io.Reader, name string) (*Series, error) {
	s := &Series{Name: name}
	var cells []string
	err := eachLine(r, "data.ReadSeries", name, longestLine, func(line string) (err error) {
		if cells, err = splitCells(cells[:0], line, ','); err != nil {
			return fmt.Errorf("column %d: %w", len(cells)+1, err)
		}
		return s.addLine(cells)
	})
	switch {
	case err != nil:
		return nil, err
	case len(s.Times) == 0:
		return nil, fmt.Errorf("data.ReadSeries: %s: no values; want a line of instances and lines of numbers", name)
	}
	return s, nil
}

// addLine takes in the names or the numbers of a time.
//
// A time is a text here: it is kept for the user to see and takes no part in any computation, so its
// format does not matter.
func (s *Series) addLine(cells []string) error {
	// The first line names the instances; what stands above the times does not matter.
	if s.Instances == nil {
		if len(cells) < 2 {
			return errors.New("one column; want times and at least one instance, separated by commas")
		}
		for _, cell := range cells[1:] {
			s.Instances = append(s.Instances, strings.Clone(cell))
		}
		return nil
	}
	if len(cells) != 1+len(s.Instances) {
		return fmt.Errorf("%d cells; want %d as in the first line", len(cells), 1+len(s.Instances))
	}
	for j, cell := range cells[1:] {
		v, err := parseCell(cell)
		if err != nil {
			return fmt.Errorf("column %d (%s): %w", j+2, short(s.Instances[j]), err)
		}
		s.Values = append(s.Values, v)
	}
	s.Times = append(s.Times, strings.Clone(cells[0]))
	return nil
}

// Over says which values of a [Series] share a mean and a deviation.
type Over uint8

const (
	OverAll      Over = iota // all values: one mean
	OverInstance             // the values of an instance
	OverTime                 // the values of a time
)

var overNames = []string{"instance_time", "instance", "time"}

func (o Over) String() string {
	if int(o) < len(overNames) {
		return overNames[o]
	}
	return fmt.Sprintf("Over(%d)", uint8(o))
}

// UnmarshalText takes the names of the reference: instance_time, instance, time.
func (o *Over) UnmarshalText(text []byte) error {
	for i, name := range overNames {
		if name == string(text) {
			*o = Over(i)
			return nil
		}
	}
	return fmt.Errorf("data.Over: %s; want one of %s", short(string(text)), list(overNames))
}

// MarshalText is the inverse of UnmarshalText.
func (o Over) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Normalize returns a copy with (v − μ)/σ for every value, μ the mean and σ = √(Σ(v − μ)²/(k − 1)) the deviation of the k
// values that share them. Values that are all equal become 0. It fails where a statistic is not finite.
func (s *Series) Normalize(over Over) (*Series, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if over > OverTime {
		return nil, fmt.Errorf("data.Series.Normalize: over %v; want one of %s", over, list(overNames))
	}
	t, n := len(s.Times), len(s.Instances)
	out := *s
	out.Values = slices.Clone(s.Values)
	cols := 1 // of a table whose columns share a mean
	switch over {
	case OverInstance:
		cols = n
	case OverTime:
		cols, out.Values = t, transposed(s.Values, n)
	}
	scaling, err := Standardize(&Dataset{Name: s.Name, Rows: t * n / cols, Cols: cols, X: out.Values})
	if err != nil {
		return nil, fmt.Errorf("data.Series.Normalize: over %v: %w", over, err)
	}
	scaling.scale(out.Values)
	if over == OverTime {
		out.Values = transposed(out.Values, t)
	}
	return &out, nil
}

// transposed turns a matrix of the given number of columns over.
func transposed(v []float64, cols int) []float64 {
	out := make([]float64, len(v))
	rows := len(v) / cols
	for i, x := range v {
		out[i%cols*rows+i/cols] = x
	}
	return out
}

// check holds the number of values against times and instances.
func (s *Series) check() error {
	if n := len(s.Instances); n == 0 || len(s.Times) == 0 || !isTable(len(s.Values), len(s.Times), n) {
		return fmt.Errorf("data.Series: %s: %d values; want those of %d times and %d instances, at least one of each", s.Name, len(s.Values), len(s.Times), n)
	}
	return nil
}

// Window says how a [Series] is cut: X values are the features, Y values the targets, Gap values between them are passed
// over:
//
//	x = v[t … t+X−1],  y = v[t+X+Gap … t+X+Gap+Y−1],  t = 0 … T−X−Y−Gap
type Window struct {
	X, Y, Gap int     // values, in this order at least 1, 1, 0
	Train     float64 // share of the windows for training, the earlier ones; 0: 0.8
}

// DefaultWindow is the reference's: ten values, the next but one is the target.
func DefaultWindow() Window { return Window{X: 10, Y: 1, Gap: 1} }

// Windows cuts the series into windows, and these in order of time into ⌊Train·windows⌋ for training and the others for the
// test. A row of the sets is one window of one instance, the instances of a window following each other. It fails
// where a part would have no window.
func (s *Series) Windows(w Window) (train, test *Dataset, err error) {
	if err := s.check(); err != nil {
		return nil, nil, err
	}
	if w.Train == 0 {
		w.Train = 0.8
	}
	if w.X < 1 || w.Y < 1 || w.Gap < 0 {
		return nil, nil, fmt.Errorf("data.Series.Windows: %d values, then %d after a gap of %d; want at least 1, 1 and 0", w.X, w.Y, w.Gap)
	}
	t := len(s.Times)
	// Each length is held against T alone first, so that no sum overflows.
	if w.X > t || w.Y > t || w.Gap > t || w.X+w.Gap+w.Y > t {
		return nil, nil, fmt.Errorf("data.Series.Windows: %s: %d times are too few for a window of %d + %d + %d; want a shorter window", s.Name, t, w.X, w.Gap, w.Y)
	}
	count := t - w.X - w.Gap - w.Y + 1
	// Windows near the cut share values with the other part; that is how the published results were measured.
	n := int(w.Train*float64(count) + 1e-9)
	if !(w.Train > 0 && w.Train < 1) || n < 1 || n >= count {
		return nil, nil, fmt.Errorf("data.Series.Windows: %s: a share of %v of %d windows leaves a part empty; want both parts to have some", s.Name, w.Train, count)
	}
	return s.cut(w, 0, n), s.cut(w, n, count), nil
}

// cut unrolls the windows lo … hi−1 of all instances.
func (s *Series) cut(w Window, lo, hi int) *Dataset {
	n := len(s.Instances)
	d := &Dataset{Name: s.Name, Rows: (hi - lo) * n, Cols: w.X, YCols: w.Y}
	d.X, d.Y = make([]float64, 0, d.Rows*w.X), make([]float64, 0, d.Rows*w.Y)
	for t := lo; t < hi; t++ {
		for j := range n {
			for i := range w.X {
				d.X = append(d.X, s.Values[(t+i)*n+j])
			}
			for i := range w.Y {
				d.Y = append(d.Y, s.Values[(t+w.X+w.Gap+i)*n+j])
			}
		}
	}
	return d
}
