package loss

import (
	"fmt"
	"math"
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// CrossEntropy is the mean of −ln softmax(y)[label] of logits y (b×n). With label smoothing (Szegedy et al., 2016) a share
// ε of each label is spread over all classes, so that no logit has to grow without bound: with p = softmax(y)
//
//	lᵢ = −(1 − ε)·ln p[i, labelᵢ] − ε/n · Σₖ ln p[i, k]
type CrossEntropy struct {
	Weight    []float64 `yaml:"weight"`          // ω of each class: the mean is Σ ωₗ·lᵢ / Σ ωₗ, l the label of row i; nil: all 1
	Smoothing float64   `yaml:"label_smoothing"` // ε, from 0 to 1; the terms of its sum have the weights of their own classes
}

// NLL is the mean of −y[label] of log-probabilities y (b×n), which is the cross-entropy after a log-softmax.
type NLL struct {
	Weight []float64 `yaml:"weight"` // of each class, as in [CrossEntropy]
}

// Of is the mean over the rows, by the op that keeps the probabilities for its gradient where no row has a weight and no
// label is smoothed.
func (l CrossEntropy) Of(y, target, w *graph.Node) *graph.Node {
	if w == nil && l.Smoothing == 0 {
		return ops.SoftmaxCrossEntropy(y, target)
	}
	logp := y.Graph().Apply(ops.LogSoftmax{Axis: -1}, y)
	if l.Smoothing == 0 {
		return pick(logp, target, w)
	}
	return l.smooth(logp, target, w)
}

// smooth is −Σᵢ wᵢ·Σₖ q[i, k]·logp[i, k] with q = (1 − ε)·hot + ε/n·ωₖ/ωₗ: w holds the weight of the label's class already,
// and the smoothing has that of class k instead.
func (l CrossEntropy) smooth(logp, labels, w *graph.Node) *graph.Node {
	if logp.Poisoned() || labels.Poisoned() {
		return logp
	}
	g, n := logp.Graph(), logp.Shape().Dim(-1)
	hot := g.Apply(ops.OneHot{DType: logp.DType(), N: n}, labels)
	spread := g.Scalar(logp.DType(), l.Smoothing/float64(n))
	if l.Weight != nil {
		inverse := make([]float64, len(l.Weight))
		for k, omega := range l.Weight {
			inverse[k] = 1 / omega
		}
		t := graph.Type{DType: logp.DType(), Shape: graph.Sh(1, len(l.Weight))}
		own := ops.Scale(ops.MeanAxis(ops.Mul(hot, g.Const(t, inverse...)), -1), float64(n)) // 1/ωₗ (b×1)
		spread = ops.Mul(ops.Mul(g.Const(t, l.Weight...), own), spread)
	}
	q := ops.Add(ops.Scale(hot, 1-l.Smoothing), spread)
	return ops.Scale(mean(ops.Mul(logp, q), w), -float64(n)) // mean divides by the columns
}

// Target is Labels.
func (CrossEntropy) Target() Target { return Labels }

// Balance is Weight.
func (l CrossEntropy) Balance() []float64 { return l.Weight }

func (l CrossEntropy) check() error {
	if !(l.Smoothing >= 0 && l.Smoothing <= 1) {
		return fmt.Errorf("loss.CrossEntropy: label_smoothing = %v; want 0 to 1", l.Smoothing)
	}
	if k := slices.Index(l.Weight, 0); k >= 0 && l.Smoothing > 0 {
		return fmt.Errorf("loss.CrossEntropy: label_smoothing = %v and class %d of weight 0; want no smoothing, or weights above 0", l.Smoothing, k)
	}
	return checkWeights("CrossEntropy", l.Weight)
}

// Of is the mean over the rows.
func (NLL) Of(y, target, w *graph.Node) *graph.Node { return pick(y, target, w) }

// Target is Labels.
func (NLL) Target() Target { return Labels }

// Balance is Weight.
func (l NLL) Balance() []float64 { return l.Weight }

func (l NLL) check() error { return checkWeights("NLL", l.Weight) }

// pick is −Σᵢ wᵢ·y[i, labelᵢ].
func pick(y, labels, w *graph.Node) *graph.Node {
	if y.Poisoned() || labels.Poisoned() {
		return y
	}
	n := y.Shape().Dim(-1)
	hot := y.Graph().Apply(ops.OneHot{DType: y.DType(), N: n}, labels)
	return ops.Scale(mean(ops.Mul(y, hot), w), -float64(n)) // mean divides by the columns, of which one counts
}

// checkWeights wants finite weights of 0 or more, one of them above.
func checkWeights(name string, weight []float64) error {
	sum := 0.0
	for k, w := range weight {
		if !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("loss.%s: the weight of class %d is %v; want 0 or more", name, k, w)
		}
		sum += w
	}
	if weight != nil && sum == 0 {
		return fmt.Errorf("loss.%s: all %d classes have weight 0; want one above", name, len(weight))
	}
	return nil
}
