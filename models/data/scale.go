package data

import (
	"fmt"
	"math"
	"slices"
)

// What a scaling must not see. The statistics are of the training part alone, since a mean over all
// rows would tell the model of the test part. They are kept as two numbers a column and applied to
// every part, to files that are predicted later, and to pixels, where only the tables of values
// change.

// Scaling maps each feature column by its own line, x ↦ (x − shift)/scale. It is fitted on the training part
// ([Standardize], [MinMax]) and applied to all parts, so that nothing is learned from the test part; keep it
// with the model, for predictions need the same one.
type Scaling struct {
	Shift []float64 // by column
	Scale []float64 // by column, > 0
}

// Standardize fits mean 0 and standard deviation 1 on the columns of train:
//
//	shift = μ = Σxᵢ/n,  scale = √(Σ(xᵢ − μ)²/(n − 1)).
//
// A constant column becomes 0. It fails on no rows, on NaN or infinities, and where a statistic overflows.
//
// The deviation is the one of a sample, by n − 1. It is computed in two passes, mean first: Σx² − n·μ²
// would lose all digits where the mean is large beside the deviation.
func Standardize(train *Dataset) (Scaling, error) {
	return fit(train, func(col func(i int) float64, n int) (shift, scale float64) {
		sum := 0.0
		for i := range n {
			sum += col(i)
		}
		μ := sum / float64(n)
		squares := 0.0
		for i := range n {
			squares += (col(i) - μ) * (col(i) - μ)
		}
		return μ, math.Sqrt(squares / float64(n-1))
	})
}

// MinMax fits the range [0, 1] on the columns of train:
//
//	shift = min xᵢ,  scale = max xᵢ − min xᵢ.
//
// A constant column becomes 0; values of other parts may fall outside of [0, 1]. It fails as [Standardize] does.
func MinMax(train *Dataset) (Scaling, error) {
	return fit(train, func(col func(i int) float64, n int) (shift, scale float64) {
		lo, hi := extremes(col, n)
		return lo, hi - lo
	})
}

// MinMaxTo fits the range [lo, hi] instead of [0, 1]:
//
//	scale = (max xᵢ − min xᵢ)/(hi − lo),  shift = min xᵢ − lo·scale.
//
// A constant column becomes 0. It fails as [Standardize] does, and where the range is empty.
func MinMaxTo(train *Dataset, lo, hi float64) (Scaling, error) {
	if !(lo < hi) {
		return Scaling{}, fmt.Errorf("data.MinMaxTo: range %v…%v; want the lower end first", lo, hi)
	}
	return fit(train, func(col func(i int) float64, n int) (shift, scale float64) {
		least, most := extremes(col, n)
		scale = (most - least) / (hi - lo)
		return least - lo*scale, scale
	})
}

// ChannelScaling scales images of the given shape, channels first: x ↦ (x − mean[c])/std[c] for every value of channel c.
// It fails where there is not one mean and one positive deviation a channel.
//
// It is written out by column like every other scaling, so that whoever applies one need not know of
// channels.
func ChannelScaling(shape []int, mean, std []float64) (Scaling, error) {
	n, err := (&Array{Shape: shape}).count()
	if err != nil || len(shape) == 0 || len(mean) != shape[0] || len(std) != shape[0] || slices.Min(std) <= 0 {
		return Scaling{}, fmt.Errorf("data.ChannelScaling: shape %v, means %v, deviations %v; want one mean and one positive deviation a channel", shape, mean, std)
	}
	s := Scaling{Shift: make([]float64, n), Scale: make([]float64, n)}
	for i := range n {
		c := i / (n / shape[0])
		s.Shift[i], s.Scale[i] = mean[c], std[c]
	}
	return s, nil
}

// MNISTScaling normalises the pixels in [0, 1] of MNIST (1×28×28): mean 0.1307, deviation 0.3081.
func MNISTScaling() Scaling {
	s, _ := ChannelScaling([]int{1, 28, 28}, []float64{0.1307}, []float64{0.3081}) // constants that fit
	return s
}

// CIFAR10Scaling normalises the pixels in [0, 1] of CIFAR-10 (3×32×32) by channel: means 0.4914, 0.4822, 0.4465,
// deviations 0.247, 0.2435, 0.2616.
func CIFAR10Scaling() Scaling {
	s, _ := ChannelScaling([]int{3, 32, 32}, []float64{0.4914, 0.4822, 0.4465}, []float64{0.247, 0.2435, 0.2616}) // likewise
	return s
}

// Apply returns a copy of d with scaled features; the other parts are shared with d.
// It fails where d has another number of columns than the set on which s was fitted.
func (s Scaling) Apply(d *Dataset) (*Dataset, error) {
	if err := d.checkSizes(); err != nil {
		return nil, err
	}
	if d.Sparse != nil {
		return nil, errSparse(d)
	}
	if len(s.Shift) != d.Cols || len(s.Scale) != d.Cols {
		return nil, d.errorf("%d columns, scaled by the statistics of %d; fit the scaling on a set with the same columns", d.Cols, len(s.Shift))
	}
	scaled := *d
	if d.Pixels != nil {
		if scaled.Pixels = d.Pixels.scaled(s); scaled.Pixels != nil {
			return &scaled, nil
		}
	}
	scaled.X = slices.Clone(d.Features(0, d.Rows))
	s.scale(scaled.X)
	return &scaled, nil
}

// ApplyTargets returns a copy of d with scaled targets Y; the other parts are shared with d. It fails where d has
// another number of targets than the set on which s was fitted, see [Dataset.Targets].
func (s Scaling) ApplyTargets(d *Dataset) (*Dataset, error) {
	y, err := s.Apply(d.Targets())
	if err != nil {
		return nil, err
	}
	scaled := *d
	scaled.Y = y.X
	return &scaled, nil
}

// Undo maps scaled values (rows×columns) back in place, x·scale + shift: predictions of a model of scaled targets
// become numbers in their own unit. It fails where they are no table of as many columns as s was fitted on.
func (s Scaling) Undo(values []float64) error {
	if n := len(s.Shift); n == 0 || len(s.Scale) != n || len(values)%n != 0 {
		return fmt.Errorf("data.Scaling.Undo: %d values, %d columns; want whole rows", len(values), n)
	}
	for i, x := range values {
		j := i % len(s.Shift)
		values[i] = x*s.Scale[j] + s.Shift[j]
	}
	return nil
}

// scale maps the values of whole rows in place.
func (s Scaling) scale(x []float64) {
	for i := range x {
		j := i % len(s.Shift)
		x[i] = (x[i] - s.Shift[j]) / s.Scale[j]
	}
}

// errSparse refuses features whose zeros a scaling would fill.
func errSparse(d *Dataset) error {
	return d.errorf("scaling would fill the zeros of sparse features; want them as they are, or a dense table")
}

// fit takes the statistics of each column.
func fit(d *Dataset, stats func(col func(i int) float64, n int) (shift, scale float64)) (Scaling, error) {
	if err := d.Validate(); err != nil {
		return Scaling{}, err
	}
	if d.Sparse != nil {
		return Scaling{}, errSparse(d)
	}
	if d.Rows == 0 {
		return Scaling{}, d.errorf("no rows to take statistics from; want at least one")
	}
	s := Scaling{Shift: make([]float64, d.Cols), Scale: make([]float64, d.Cols)}
	for j := range d.Cols {
		col := func(i int) float64 { return d.X[i*d.Cols+j] }
		if d.Pixels != nil {
			col = func(i int) float64 { return d.Pixels.at(i, j) }
		}
		shift, scale := stats(col, d.Rows)
		if lo, hi := extremes(col, d.Rows); lo == hi {
			// Rounding in the mean would otherwise leave a tiny deviation to divide by.
			shift, scale = lo, 1
		}
		if bad := shift + scale; math.IsNaN(bad) || math.IsInf(bad, 0) || scale == 0 {
			return Scaling{}, d.errorf("column %d scales by shift %v and scale %v; bring its values into a usual range first", j, shift, scale)
		}
		s.Shift[j], s.Scale[j] = shift, scale
	}
	return s, nil
}

// Targets returns the targets of d as a set of their own, Y as its features, for fitting a [Scaling] on them. It is a view.
func (d *Dataset) Targets() *Dataset {
	return &Dataset{Name: d.Name, Rows: d.Rows, Cols: d.YCols, X: d.Y}
}

// extremes returns the least and the greatest of n ≥ 1 values.
func extremes(col func(i int) float64, n int) (lo, hi float64) {
	lo, hi = col(0), col(0)
	for i := range n {
		lo, hi = min(lo, col(i)), max(hi, col(i))
	}
	return lo, hi
}
