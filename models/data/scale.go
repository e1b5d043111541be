package data

import "math"

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

// Apply returns a copy of d with scaled features; the other parts are shared with d.
// It fails where d has another number of columns than the set on which s was fitted.
func (s Scaling) Apply(d *Dataset) (*Dataset, error) {
	if err := d.checkSizes(); err != nil {
		return nil, err
	}
	if len(s.Shift) != d.Cols || len(s.Scale) != d.Cols {
		return nil, d.errorf("%d columns, scaled by the statistics of %d; fit the scaling on a set with the same columns", d.Cols, len(s.Shift))
	}
	scaled := *d
	scaled.X = make([]float64, len(d.X))
	for i, x := range d.X {
		j := i % d.Cols
		scaled.X[i] = (x - s.Shift[j]) / s.Scale[j]
	}
	return &scaled, nil
}

// fit takes the statistics of each column.
func fit(d *Dataset, stats func(col func(i int) float64, n int) (shift, scale float64)) (Scaling, error) {
	if err := d.Validate(); err != nil {
		return Scaling{}, err
	}
	if d.Rows == 0 {
		return Scaling{}, d.errorf("no rows to take statistics from; want at least one")
	}
	s := Scaling{Shift: make([]float64, d.Cols), Scale: make([]float64, d.Cols)}
	for j := range d.Cols {
		col := func(i int) float64 { return d.X[i*d.Cols+j] }
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

// extremes returns the least and the greatest of n ≥ 1 values.
func extremes(col func(i int) float64, n int) (lo, hi float64) {
	lo, hi = col(0), col(0)
	for i := range n {
		lo, hi = min(lo, col(i)), max(hi, col(i))
	}
	return lo, hi
}
