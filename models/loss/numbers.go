package loss

import (
	"fmt"

	"rpnc/graph"
	"rpnc/ops"
)

// MSE is the mean of (y − t)² over all entries.
type MSE struct{}

// MAE is the mean of |y − t| over all entries.
type MAE struct{}

// Huber is the mean over all entries of e²/2 for |e| ≤ δ and δ·(|e| − δ/2) beyond, e = y − t (Huber, 1964).
type Huber struct {
	Delta float64 `yaml:"delta"` // δ; 0 means 1
}

// BCE is the binary cross-entropy of logits, the mean over all entries of −ln σ(y) for t = 1 and −ln(1 − σ(y)) for t = 0,
// computed without overflow, and linear in t between:
//
//	(1 − t)·y + (1 + (ω − 1)·t)·(ln(1 + e^−|y|) + max(−y, 0))
type BCE struct {
	PosWeight []float64 `yaml:"pos_weight"` // ω of t = 1, one a column, or one for all; nil: 1
}

// Of is the mean over the entries.
func (MSE) Of(y, target, w *graph.Node) *graph.Node { return mean(ops.Square(ops.Sub(y, target)), w) }

// Target is Numbers.
func (MSE) Target() Target { return Numbers }

// Of is the mean over the entries.
func (MAE) Of(y, target, w *graph.Node) *graph.Node { return mean(ops.Abs(ops.Sub(y, target)), w) }

// Target is Numbers.
func (MAE) Target() Target { return Numbers }

// Of is the mean over the entries: q²/2 + δ·(a − q) with a = |e| and q = min(a, δ).
func (l Huber) Of(y, target, w *graph.Node) *graph.Node {
	a := ops.Abs(ops.Sub(y, target))
	beyond := ops.Relu(ops.Shift(a, -l.delta()))
	q := ops.Sub(a, beyond)
	return mean(ops.Add(ops.Scale(ops.Square(q), 0.5), ops.Scale(beyond, l.delta())), w)
}

// Target is Numbers.
func (Huber) Target() Target { return Numbers }

func (l Huber) delta() float64 {
	if l.Delta == 0 {
		return 1
	}
	return l.Delta
}

func (l Huber) check() error {
	if !(l.delta() > 0) {
		return fmt.Errorf("loss.Huber: delta = %v; want more than 0", l.Delta)
	}
	return nil
}

// Of is the mean over the entries. max(−y, 0) is (|y| − y)/2 here, whose gradient at 0 is the right one.
func (l BCE) Of(y, target, w *graph.Node) *graph.Node {
	a := ops.Abs(y)
	tail := ops.Add(ops.Log1p(ops.Exp(ops.Neg(a))), ops.Scale(ops.Sub(a, y), 0.5))
	if l.PosWeight != nil && !y.Poisoned() {
		shape := graph.Sh(len(l.PosWeight))
		omega := y.Graph().Const(graph.Type{DType: y.DType(), Shape: shape}, l.PosWeight...)
		tail = ops.Mul(tail, ops.Shift(ops.Mul(target, ops.Shift(omega, -1)), 1))
	}
	return mean(ops.Add(ops.Mul(ops.Shift(ops.Neg(target), 1), y), tail), w)
}

// Target is Numbers.
func (BCE) Target() Target { return Numbers }

func (l BCE) check() error { return checkWeights("BCE", l.PosWeight) }
