// Package loss holds what training makes small, as config structs.
//
// # Mental model
//
// A [Loss] turns the results y (b×n) of a model and what they should have been into one float, the mean over the rows.
// Rows may have weights: a row that is not to be trained on has weight 0, which is how the labelled nodes of a graph
// are picked out of all of them, and a rare class may count for more ([Balance]). Weights are part of the data of a
// step, so one program serves them all.
//
//   - Classes, a label a row: [CrossEntropy] of logits, [NLL] of log-probabilities.
//   - Numbers, as many as y has: [MSE], [MAE], [Huber], and [BCE] of logits against numbers from 0 to 1.
//
// A zero field means the default of the reference's framework. [Entries] lists all by the names of configurations.
//
// # What it may know
//
// Packages graph, ops and rpnops.
package loss

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Loss is a loss with its settings.
type Loss interface {
	// Of adds the loss to the graph of y (b×n): a scalar of y's element type. target is labels (b) in I32 or numbers
	// (b×n), as Target says; w (b) are the weights of the rows, which sum to 1, or nil where all rows count alike.
	Of(y, target, w *graph.Node) *graph.Node
	// Target says what y is compared with.
	Target() Target
}

// Target is what a loss compares the results of a model with.
type Target uint8

const (
	Labels  Target = iota // a class a row
	Numbers               // as many numbers a row as the model gives
)

// Balanced is a loss whose classes have weights of their own.
type Balanced interface {
	Loss
	// Balance is the weight of each class; nil where all count alike.
	Balance() []float64
}

// checked is a loss that has settings which can be wrong.
type checked interface{ check() error }

// Check says what is wrong with the settings of l; losses of other packages have none to check.
func Check(l Loss) error {
	if c, ok := l.(checked); ok {
		return c.check()
	}
	return nil
}

// mean averages the losses of entries (b×n) over the rows with their weights, and over the columns:
//
//	Σᵢ wᵢ · Σⱼ lᵢⱼ/n,   wᵢ = 1/b for nil.
func mean(l, w *graph.Node) *graph.Node {
	if w == nil || l.Poisoned() || w.Poisoned() {
		return ops.Mean(l)
	}
	return ops.Sum(ops.Mul(ops.MeanAxis(l, -1), ops.Reshape(w, w.Shape().Dim(0), 1)))
}
