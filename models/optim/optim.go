// Package optim holds the optimizers, which turn gradients into updates of a graph, and schedules of the learning rate.
//
// # Mental model
//
// An optimizer is a config struct with an Apply, which is all that package compile asks for: Apply adds the moments
// as states and the new parameters as updates, so a training step is one program:
//
//	step, err := compile.Train(g, store, nil, loss, optim.AdamW{LR: 0.01})
//
// The learning rate is a state of the program, opt.lr; a [Schedule] says what to set it to between steps. The moments
// of a parameter p are opt.m.p and opt.v.p, and all count by the model's step, so a checkpoint that holds the store holds
// the optimizer. [Frozen] leaves some parameters out, [Norms] keeps the norms of gradients.
//
// A zero field means the default of the reference's framework.
//
// # What it may know
//
// Packages graph, ops and rpnops.
package optim

import (
	"fmt"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/rpnops"
)

// Optimizer is what a trainer drives.
type Optimizer interface {
	// Apply adds to g the states that it keeps and the update of every parameter; grads[i] is of params[i]'s type.
	Apply(g *graph.Graph, params, grads []*graph.Node) error
	// Rate is the learning rate before any schedule. A trainer sets the state LRName by it, which Apply's updates read.
	Rate() float64
}

// LRName is the name of the state that holds the learning rate, a scalar of the parameters' type.
const LRName = rpnops.OptimizerPrefix + "lr"

// defaultLR is the learning rate where none is given.
const defaultLR = 1e-3

// or is v, or d where v is zero.
func or(v, d float64) float64 {
	if v == 0 {
		return d
	}
	return v
}

// update is what one parameter needs for its step.
type update struct {
	g        *graph.Graph
	p, d     *graph.Node // parameter and gradient
	lr, step *graph.Node
	decay    float64
}

// moment is a state beside the parameter: opt.kind.path.
func (u update) moment(kind string) *graph.Node {
	return u.g.State(rpnops.OptimizerPrefix+kind+"."+nameOf(u.p), u.p.Type(), graph.Zeros())
}

// decayed is the gradient with the decay in it: g + λ·p.
func (u update) decayed() *graph.Node {
	if u.decay == 0 {
		return u.d
	}
	return ops.Add(u.d, ops.Scale(u.p, u.decay))
}

// descendBy is p ← p − lr·d.
func (u update) descendBy(d *graph.Node) { u.g.Update(u.p, ops.Sub(u.p, ops.Mul(d, u.lr))) }

// settings are those that all optimizers share.
type settings struct {
	name         string
	lr, clip     float64
	largest      float64 // of an element of a gradient; 0: any
	decay        float64
	spareVectors bool
}

// apply clips the gradients, first their elements and then their norm, counts the step and takes one step a parameter.
func (s settings) apply(g *graph.Graph, params, grads []*graph.Node, one func(update)) error {
	for _, v := range []struct {
		name  string
		value float64
	}{{"lr", s.lr}, {"weight_decay", s.decay}, {"clip_norm", s.clip}, {"clip_value", s.largest}} {
		if !(v.value >= 0) {
			return fmt.Errorf("optim.%s: %s = %v; want 0 or more", s.name, v.name, v.value)
		}
	}
	if len(params) != len(grads) {
		return fmt.Errorf("optim.%s: %d gradients for %d parameters; want one each", s.name, len(grads), len(params))
	}
	if len(params) == 0 {
		return fmt.Errorf("optim.%s: the loss depends on no parameter", s.name)
	}
	if s.largest > 0 {
		grads = ClipValues(grads, s.largest)
	}
	if s.clip > 0 {
		grads = Clip(grads, s.clip)
	}
	lr := g.State(LRName, params[0].Type().Of(), graph.Fill(s.lr))
	step := rpnops.Step(g, true)
	for i, p := range params {
		u := update{g: g, p: p, d: grads[i], lr: lr, step: step, decay: s.decay}
		if s.spareVectors && p.Shape().Rank() < 2 {
			u.decay = 0
		}
		one(u)
	}
	return nil
}

// Clip scales gradients together so that their global norm is at most c > 0:
//
//	g ← g·c/max(‖g‖, c),  ‖g‖² = Σ over all elements of all gradients
//
// Gradients below the bound stay as they are, to the bit.
func Clip(grads []*graph.Node, c float64) []*graph.Node {
	if len(grads) == 0 {
		return nil
	}
	sum := ops.Sum(ops.Square(grads[0]))
	for _, d := range grads[1:] {
		sum = ops.Add(sum, ops.Sum(ops.Square(d)))
	}
	// max(n, c) = c + relu(n − c) keeps the ratio exact to rounding however large n is, and is c itself below the bound.
	bound := ops.Shift(ops.Relu(ops.Shift(ops.Sqrt(sum), -c)), c)
	factor := ops.Div(sum.Graph().Scalar(sum.DType(), c), bound)
	out := make([]*graph.Node, len(grads))
	for i, d := range grads {
		out[i] = ops.Mul(d, factor)
	}
	return out
}

// ClipValues brings every element of the gradients into [−c, c], c > 0:
//
//	g ← g·c/max(|g|, c)
//
// Elements within the bounds stay as they are, to the bit. Unlike [Clip] it turns the direction of the gradient.
func ClipValues(grads []*graph.Node, c float64) []*graph.Node {
	out := make([]*graph.Node, len(grads))
	for i, d := range grads {
		// As in Clip, the ratio is exactly 1 below the bound.
		bound := ops.Shift(ops.Relu(ops.Shift(ops.Abs(d), -c)), c)
		out[i] = ops.Mul(d, ops.Div(d.Graph().Scalar(d.DType(), c), bound))
	}
	return out
}
