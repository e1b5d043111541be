package rpnops

import (
	"math"
	"strconv"
	"strings"

	"rpnc/graph"
	"rpnc/ops"
)

// Metric reduces the entries along an axis to one number. It is what metric fusions, poolings and compressions do to
// their data. Metrics are comparable values; the zero value is the mean. Configurations name them as mean or batch_mean;
// a norm or weights stand in brackets: norm(3), weighted_mean(1, 2, 1).
//
// Max and Min take the first of equal entries, Median the lower of two middle ones, Mode the smallest of the most frequent
// ones; the entry that is taken gets the whole gradient. Prod has the right gradient also where factors are 0. Variance
// and Std have the divisor n−1, so that they are no numbers for one entry; where the data is constant, the gradient of
// Std is 0, as is that of every norm of zeros and of |x| at 0: a subgradient that leaves parameters where they are, where
// the formula would give NaN. GeometricMean and HarmonicMean want entries above 0, and are no numbers otherwise, Entropy
// entries of a distribution.
type Metric struct {
	kind metricKind
	args *graph.Data // p, or weights
}

type metricKind uint8

const (
	meanKind metricKind = iota
	sumKind
	prodKind
	maxKind
	minKind
	medianKind
	modeKind
	l1Kind
	l2Kind
	normKind
	varianceKind
	stdKind
	skewnessKind
	entropyKind
	geometricKind
	harmonicKind
	weightedKind
)

// The metrics without arguments.
var (
	Mean          = Metric{}
	Sum           = Metric{kind: sumKind}
	Prod          = Metric{kind: prodKind}
	Max           = Metric{kind: maxKind}
	Min           = Metric{kind: minKind}
	Median        = Metric{kind: medianKind}
	Mode          = Metric{kind: modeKind}
	L1Norm        = Metric{kind: l1Kind}
	L2Norm        = Metric{kind: l2Kind}
	Variance      = Metric{kind: varianceKind}
	Std           = Metric{kind: stdKind}
	Skewness      = Metric{kind: skewnessKind}  // mean((x−x̄)³) / (s³ + 10⁻¹²), s² = mean((x−x̄)²)
	Entropy       = Metric{kind: entropyKind}   // −Σ x·ln(x + 10⁻¹²)
	GeometricMean = Metric{kind: geometricKind} // exp(mean(ln x))
	HarmonicMean  = Metric{kind: harmonicKind}  // n / Σ(1/x)
)

// Norm is the p-norm (Σ|x|ᵖ)^(1/p); of ±∞ the largest and the smallest |x|, of 0 the number of entries that are not 0.
// Where several entries are of the size that an infinite norm takes, they share the gradient.
func Norm(p float64) Metric { return Metric{normKind, graph.NewData(p)} }

// WeightedMean is Σ w·x / Σ w with one weight an entry.
func WeightedMean(w ...float64) Metric { return Metric{weightedKind, graph.NewData(w...)} }

// WeightedHarmonicMean is Σ w / Σ(w/x) with one weight an entry.
func WeightedHarmonicMean(w ...float64) Metric { return Metric{harmonicKind, graph.NewData(w...)} }

// metricArgs says what a metric takes in brackets.
type metricArgs uint8

const (
	noArgs metricArgs = iota
	oneArg
	anyArgs
)

// metricRules holds, by kind, name and computation; reduce gets the arguments, none or as many as takes allows.
var metricRules = [...]struct {
	name   string
	takes  metricArgs
	reduce func(x *graph.Node, axis int, args []float64) *graph.Node
}{
	meanKind:      {"mean", noArgs, plainMetric(ops.MeanAxis)},
	sumKind:       {"sum", noArgs, plainMetric(ops.SumAxis)},
	prodKind:      {"prod", noArgs, plainMetric(ops.ProdAxis)},
	maxKind:       {"max", noArgs, plainMetric(ops.MaxAxis)},
	minKind:       {"min", noArgs, plainMetric(ops.MinAxis)},
	medianKind:    {"median", noArgs, plainMetric(median)},
	modeKind:      {"mode", noArgs, plainMetric(ops.ModeAxis)},
	l1Kind:        {"l1_norm", noArgs, func(x *graph.Node, axis int, _ []float64) *graph.Node { return pNorm(x, axis, 1) }},
	l2Kind:        {"l2_norm", noArgs, func(x *graph.Node, axis int, _ []float64) *graph.Node { return pNorm(x, axis, 2) }},
	normKind:      {"norm", oneArg, func(x *graph.Node, axis int, p []float64) *graph.Node { return pNorm(x, axis, append(p, 2)[0]) }},
	varianceKind:  {"variance", noArgs, plainMetric(variance)},
	stdKind:       {"std", noArgs, plainMetric(func(x *graph.Node, axis int) *graph.Node { return sqrtOrZero(variance(x, axis)) })},
	skewnessKind:  {"skewness", noArgs, plainMetric(skewness)},
	entropyKind:   {"entropy", noArgs, plainMetric(entropy)},
	geometricKind: {"geometric_mean", noArgs, plainMetric(func(x *graph.Node, axis int) *graph.Node { return ops.Exp(ops.MeanAxis(ops.Log(x), axis)) })},
	harmonicKind:  {"harmonic_mean", anyArgs, harmonicMean},
	weightedKind:  {"weighted_mean", anyArgs, weightedMean},
}

func plainMetric(f func(*graph.Node, int) *graph.Node) func(*graph.Node, int, []float64) *graph.Node {
	return func(x *graph.Node, axis int, _ []float64) *graph.Node { return f(x, axis) }
}

// String is the name, with arguments in brackets.
func (m Metric) String() string {
	name := metricRules[m.kind].name
	if m.args == nil {
		return name
	}
	texts := make([]string, m.args.Len())
	for i, a := range m.args.Slice() {
		texts[i] = strconv.FormatFloat(a, 'g', -1, 64)
	}
	return name + "(" + strings.Join(texts, ", ") + ")"
}

// UnmarshalText reads the reference's names, with or without a dotted path and the prefix batch_.
func (m *Metric) UnmarshalText(text []byte) error {
	name, inner, bracket := strings.Cut(string(text), "(")
	name = strings.TrimPrefix(name[strings.LastIndexByte(name, '.')+1:], "batch_")
	for kind, rule := range metricRules {
		if rule.name != name {
			continue
		}
		args, err := parseArgs(inner, bracket)
		switch n := len(args); {
		case err != nil:
			return err
		case n > 0 && rule.takes == noArgs, n > 1 && rule.takes == oneArg, n == 0 && metricKind(kind) == weightedKind:
			return errorf("metric", "%q has %d arguments; want norm(p), harmonic_mean(w₁, …) or weighted_mean(w₁, …), or no brackets", text, n)
		}
		*m = Metric{kind: metricKind(kind)}
		if len(args) > 0 {
			m.args = graph.NewData(args...)
		}
		return nil
	}
	valid := make([]string, len(metricRules))
	for i, rule := range metricRules {
		valid[i] = rule.name
	}
	return errorf("metric", "%q is unknown; want one of %s", text, strings.Join(valid, ", "))
}

// parseArgs reads numbers between commas up to a closing bracket. The Frobenius norm of a vector is its 2-norm.
func parseArgs(text string, bracket bool) (args []float64, err error) {
	if !bracket {
		return nil, nil
	}
	inner, rest, closed := strings.Cut(text, ")")
	if !closed || rest != "" {
		return nil, errorf("metric", "arguments %q; want numbers in brackets, as in norm(3)", "("+text)
	}
	for _, field := range strings.Split(inner, ",") {
		field = strings.TrimSpace(field)
		if field == "fro" {
			field = "2"
		}
		a, err := strconv.ParseFloat(field, 64)
		if err != nil || a != a {
			return nil, errorf("metric", "argument %q; want a number", field)
		}
		args = append(args, a)
	}
	return args, nil
}

// MarshalText writes the name.
func (m Metric) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// Reduce builds the metric along an axis (negative: from the end), which it keeps with size 1.
func (m Metric) Reduce(x *graph.Node, axis int) *graph.Node {
	if x.Poisoned() {
		return x
	}
	var args []float64
	if m.args != nil {
		args = append(args, m.args.Slice()...)
	}
	return metricRules[m.kind].reduce(x, axis, args)
}

// weights is the number of weights, 0 where it has none.
func (m Metric) weights() int {
	if m.args == nil || metricRules[m.kind].takes != anyArgs {
		return 0
	}
	return m.args.Len()
}

// median is the lower of two middle entries.
func median(x *graph.Node, axis int) *graph.Node {
	return ops.KthAxis(x, axis, max(0, x.Shape().Dim(axis)-1)/2)
}

// variance is Σ(x−x̄)²/(n−1) along an axis; of one entry it is not a number.
func variance(x *graph.Node, axis int) *graph.Node {
	d := ops.Square(ops.Sub(x, ops.MeanAxis(x, axis)))
	return ops.Scale(ops.SumAxis(d, axis), 1/float64(x.Shape().Dim(axis)-1))
}

// tiny keeps logarithms and quotients of statistics finite.
const tiny = 1e-12

// skewness is mean(d³)/(s³ + 10⁻¹²), d = x − x̄, s² = mean(d²).
func skewness(x *graph.Node, axis int) *graph.Node {
	d := ops.Sub(x, ops.MeanAxis(x, axis))
	d2 := ops.Square(d)
	v := ops.MeanAxis(d2, axis)
	return ops.Div(ops.MeanAxis(ops.Mul(d2, d), axis), ops.Shift(ops.Mul(v, sqrtOrZero(v)), tiny))
}

// entropy is −Σ x·ln(x + 10⁻¹²).
func entropy(x *graph.Node, axis int) *graph.Node {
	return ops.Neg(ops.SumAxis(ops.Mul(x, ops.Log(ops.Shift(x, tiny))), axis))
}

// weightedMean is Σ w·x / Σ w.
func weightedMean(x *graph.Node, axis int, w []float64) *graph.Node {
	return WeightedMeanOf(x, constantWeights(x, axis, w), axis)
}

// harmonicMean is n / Σ(1/x), or Σ w / Σ(w/x).
func harmonicMean(x *graph.Node, axis int, w []float64) *graph.Node {
	if len(w) == 0 {
		return ops.Recip(ops.MeanAxis(ops.Recip(x), axis))
	}
	return ops.Recip(WeightedMeanOf(ops.Recip(x), constantWeights(x, axis, w), axis))
}

// constantWeights is a vector of weights, which must be one an entry.
func constantWeights(x *graph.Node, axis int, w []float64) *graph.Node {
	if n := x.Shape().Dim(axis); len(w) != n {
		return x.Graph().Fail("rpnops.Metric: %d weights for the %d entries along axis %d of %v; want one an entry", len(w), n, axis, x.Shape())
	}
	return x.Graph().Const(graph.Type{DType: x.DType(), Shape: graph.Sh(len(w))}, w...)
}

// WeightedMeanOf is Σ w·x / Σ w along an axis, which it keeps with size 1; w is a vector with one weight an entry.
func WeightedMeanOf(x, w *graph.Node, axis int) *graph.Node {
	if x.Poisoned() || w.Poisoned() {
		return ops.Mul(x, w)
	}
	n := x.Shape().Dim(axis)
	if w.Shape() != graph.Sh(n) {
		return x.Graph().Fail("rpnops.WeightedMeanOf: weights %v for the %d entries along axis %d of %v; want (%d)", w.Shape(), n, axis, x.Shape(), n)
	}
	dims := make([]int, x.Shape().Rank())
	for i := range dims {
		dims[i] = 1
	}
	dims[(axis+len(dims))%len(dims)] = n
	return ops.Div(ops.SumAxis(ops.Mul(x, ops.Reshape(w, dims...)), axis), ops.SumAxis(ops.Reshape(w, dims...), axis))
}

// pNorm is the p-norm along an axis. The cases of their own are those whose powers need no logarithm.
func pNorm(x *graph.Node, axis int, p float64) *graph.Node {
	switch {
	case p == 0:
		return ops.SumAxis(ops.NonZero(x), axis)
	case p == 1:
		return ops.SumAxis(ops.Abs(x), axis)
	case p == 2:
		return sqrtOrZero(ops.SumAxis(ops.Square(x), axis))
	case math.IsInf(p, 0):
		return extremeNorm(ops.Abs(x), axis, p > 0)
	}
	return powerOrZero(ops.SumAxis(powerOrZero(ops.Abs(x), p), axis), 1/p)
}

// extremeNorm is the largest or smallest entry of a, as the mean of all entries that are equal to it: so they share the
// gradient.
func extremeNorm(a *graph.Node, axis int, largest bool) *graph.Node {
	extreme := ops.MinAxis(a, axis)
	if largest {
		extreme = ops.MaxAxis(a, axis)
	}
	tied := ops.Sub(a.Graph().Scalar(a.DType(), 1), ops.NonZero(ops.Sub(a, extreme)))
	return ops.Div(ops.SumAxis(ops.Mul(tied, a), axis), ops.SumAxis(tied, axis))
}

// powerOrZero is xᵖ with value and gradient 0 at 0, for x ≥ 0.
func powerOrZero(x *graph.Node, p float64) *graph.Node {
	return orZero(x, func(x *graph.Node) *graph.Node { return ops.Exp(ops.Scale(ops.Log(x), p)) })
}

// sqrtOrZero is √x with gradient 0 at 0, for x ≥ 0.
func sqrtOrZero(x *graph.Node) *graph.Node { return orZero(x, ops.Sqrt) }

// orZero is f(x) where x is not 0, and 0 with gradient 0 elsewhere. f is taken of 1 instead of 0, and the mask, which
// carries no gradient, removes it again: so no infinite slope is ever multiplied with a zero.
func orZero(x *graph.Node, f func(*graph.Node) *graph.Node) *graph.Node {
	nonZero := ops.NonZero(x)
	return ops.Mul(nonZero, f(ops.Add(x, ops.Sub(x.Graph().Scalar(x.DType(), 1), nonZero))))
}
