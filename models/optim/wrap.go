package optim

import (
	"fmt"
	"strings"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/rpnops"
)

// Frozen is an optimizer that leaves parameters as they are, those whose names begin with one of the prefixes:
// layers.0. is all of the first layer.
type Frozen struct {
	Optimizer
	Prefixes []string
}

// Apply is that of the optimizer for the other parameters. Errors: a prefix that no parameter has.
func (o Frozen) Apply(g *graph.Graph, params, grads []*graph.Node) error {
	if len(params) != len(grads) {
		return o.Optimizer.Apply(g, params, grads) // which says what is wrong
	}
	used := make([]bool, len(o.Prefixes))
	var p, d []*graph.Node
	for i, x := range params {
		if !o.covers(nameOf(x), used) {
			p, d = append(p, x), append(d, grads[i])
		}
	}
	for i, prefix := range o.Prefixes {
		if !used[i] {
			return fmt.Errorf("optim.Frozen: no parameter begins with %q; there are %s", prefix, some(params))
		}
	}
	return o.Optimizer.Apply(g, p, d)
}

// covers says whether a prefix fits, and notes all that do.
func (o Frozen) covers(name string, used []bool) (ok bool) {
	for i, prefix := range o.Prefixes {
		if strings.HasPrefix(name, prefix) {
			used[i], ok = true, true
		}
	}
	return ok
}

// Norms is an optimizer that keeps the norm ‖g‖ of each parameter's gradient, before any clipping, in the state
// [NormName] of it.
type Norms struct{ Optimizer }

// NormName is the name of the state that holds the norm of a parameter's gradient.
func NormName(param string) string { return rpnops.OptimizerPrefix + "norm." + param }

// Apply adds the states, a scalar a parameter, and the updates of the optimizer.
func (o Norms) Apply(g *graph.Graph, params, grads []*graph.Node) error {
	for i, p := range params {
		if i < len(grads) {
			norm := g.State(NormName(nameOf(p)), p.Type().Of(), graph.Zeros())
			g.Update(norm, ops.Sqrt(ops.Sum(ops.Square(grads[i]))))
		}
	}
	return o.Optimizer.Apply(g, params, grads)
}

// nameOf is the name of a parameter.
func nameOf(p *graph.Node) string {
	l, _ := p.Leaf()
	return l.Path
}

// some are the first few names.
func some(params []*graph.Node) string {
	const most = 4
	var names []string
	for _, p := range params[:min(most, len(params))] {
		names = append(names, nameOf(p))
	}
	if len(params) > most {
		names = append(names, fmt.Sprintf("and %d more", len(params)-most))
	}
	return strings.Join(names, ", ")
}
