package rpnops

import (
	"strings"
	"testing"

	"rpnc/graph"
)

// trial is one build whose nodes are then evaluated.
type trial struct {
	t *testing.T
	s *Scope
}

func newTrial(t *testing.T, train bool) trial {
	t.Helper()
	return trial{t, NewScope(graph.New(), train, graph.F64)}
}

// input is an input (rows×cols) of the numbers v.
func (r trial) input(name string, rows, cols int) *graph.Node {
	return r.s.G.Input(name, r.s.Type(rows, cols))
}

// weights is the parameter w (1×l).
func (r trial) weights(l int) *graph.Node {
	return r.s.G.Param("w", r.s.Type(1, l), graph.Given(ramp(l)...))
}

// run evaluates y; leaves without a value are drawn from their Init.
func (r trial) run(y *graph.Node, values map[string][]float64) (graph.Values, graph.Leaves) {
	r.t.Helper()
	leaves := graph.Leaves{}
	for name, v := range values {
		leaves[name] = &graph.Tensor{Type: r.s.G.LeafByName(name).Type(), F: v}
	}
	leaves.Fill(r.s.G, 1)
	val, err := graph.Run(r.s.G, leaves, y)
	if err != nil {
		r.t.Fatal(err)
	}
	return val, leaves
}

// want compares the value of y.
func (r trial) want(what string, y *graph.Node, values map[string][]float64, want ...float64) {
	r.t.Helper()
	val, _ := r.run(y, values)
	wantNumbers(r.t, what, val.Of(y).F, want)
}

// wantError wants the graph to report a mistake that contains every part of want.
func (r trial) wantError(want ...string) {
	r.t.Helper()
	err := r.s.G.Err()
	for _, part := range want {
		if err == nil || !strings.Contains(err.Error(), part) {
			r.t.Errorf("error is %v; want %q in it", err, part)
		}
	}
}
