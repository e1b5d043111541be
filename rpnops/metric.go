package rpnops

import (
	"strings"

	"rpnc/graph"
	"rpnc/ops"
)

// Metric reduces the entries along an axis to one number. It is what metric fusions, poolings and compressions do to
// their data. The zero value is the mean.
type Metric uint8

// The metrics. Max and Min take the first of equal entries, Median the lower of two middle ones; the entry that is taken
// gets the whole gradient. Prod has the right gradient also where factors are 0. Variance and Std have the divisor n−1, so
// that they are no numbers for one entry; where the data is constant, the gradient of Std is 0, as is that of the 2-norm
// of zeros and of |x| at 0: a subgradient that leaves parameters where they are, where the formula would give NaN.
const (
	Mean Metric = iota
	Sum
	Prod
	Max
	Min
	Median
	L1Norm
	L2Norm
	Variance
	Std
	metricCount
)

var metricNames = [metricCount]string{"mean", "sum", "prod", "max", "min", "median", "l1_norm", "l2_norm", "variance", "std"}

func (m Metric) String() string {
	if m >= metricCount {
		return "unknown"
	}
	return metricNames[m]
}

// UnmarshalText reads the reference's names, with or without a dotted path and the prefix batch_.
func (m *Metric) UnmarshalText(text []byte) error {
	name := string(text)
	name = strings.TrimPrefix(name[strings.LastIndexByte(name, '.')+1:], "batch_")
	for i, n := range metricNames {
		if n == name {
			*m = Metric(i)
			return nil
		}
	}
	return errorf("metric", "%q is unknown; want one of %s", text, strings.Join(metricNames[:], ", "))
}

// MarshalText writes the name.
func (m Metric) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// Reduce builds the metric along an axis (negative: from the end), which it keeps with size 1.
func (m Metric) Reduce(x *graph.Node, axis int) *graph.Node {
	switch m {
	case Mean:
		return ops.MeanAxis(x, axis)
	case Sum:
		return ops.SumAxis(x, axis)
	case Prod:
		return ops.ProdAxis(x, axis)
	case Max:
		return ops.MaxAxis(x, axis)
	case Min:
		return ops.MinAxis(x, axis)
	case Median:
		return ops.KthAxis(x, axis, max(0, x.Shape().Dim(axis)-1)/2)
	case L1Norm:
		return ops.SumAxis(ops.Abs(x), axis)
	case L2Norm:
		return sqrtOrZero(ops.SumAxis(ops.Square(x), axis))
	case Variance:
		return variance(x, axis)
	case Std:
		return sqrtOrZero(variance(x, axis))
	}
	return x.Graph().Fail("rpnops.Metric: number %d is none of the %d metrics", m, metricCount)
}

// variance is Σ(x−x̄)²/(n−1) along an axis; of one entry it is not a number.
func variance(x *graph.Node, axis int) *graph.Node {
	d := ops.Square(ops.Sub(x, ops.MeanAxis(x, axis)))
	return ops.Scale(ops.SumAxis(d, axis), 1/float64(x.Shape().Dim(axis)-1))
}

// sqrtOrZero is √x with gradient 0 at 0, for x ≥ 0. The root is taken of 1 instead of 0, and the mask, which carries no
// gradient, removes it again: so no infinite slope is ever multiplied with a zero.
func sqrtOrZero(x *graph.Node) *graph.Node {
	positive := ops.NonZero(x)
	return ops.Mul(positive, ops.Sqrt(ops.Add(x, ops.Sub(x.Graph().Scalar(x.DType(), 1), positive))))
}
