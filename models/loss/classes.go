package loss

import (
	"fmt"
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// CrossEntropy is the mean of −ln softmax(y)[label] of logits y (b×n).
type CrossEntropy struct {
	Weight []float64 `yaml:"weight"` // ω of each class: the mean is Σ ωₗ·lᵢ / Σ ωₗ, l the label of row i; nil: all 1
}

// NLL is the mean of −y[label] of log-probabilities y (b×n), which is the cross-entropy after a log-softmax.
type NLL struct {
	Weight []float64 `yaml:"weight"` // of each class, as in [CrossEntropy]
}

// Of is the mean over the rows, by the op that keeps the probabilities for its gradient where no row has a weight.
func (CrossEntropy) Of(y, target, w *graph.Node) *graph.Node {
	if w == nil {
		return ops.SoftmaxCrossEntropy(y, target)
	}
	return pick(y.Graph().Apply(ops.LogSoftmax{Axis: -1}, y), target, w)
}

// Target is Labels.
func (CrossEntropy) Target() Target { return Labels }

// Balance is Weight.
func (l CrossEntropy) Balance() []float64 { return l.Weight }

func (l CrossEntropy) check() error { return checkWeights("CrossEntropy", l.Weight) }

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
