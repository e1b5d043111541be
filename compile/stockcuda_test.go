//go:build cuda

package compile_test

import (
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"rpnc/compile"
	"rpnc/graph"
)

// It needs a GPU: without one a program built with the tag ends before main.
func TestGorgoniasCUDAMachineRunsForwardAndBackward(t *testing.T) {
	for _, p := range programs(graph.F32) {
		t.Run(p.name, func(t *testing.T) {
			var floats []*graph.Node
			for _, n := range p.g.Leaves(graph.ParamLeaf) {
				floats = append(floats, n)
			}
			q, err := compile.WithGrad(p.g, nil, nil, p.loss, p.g.Const(p.loss.Type(), 1), floats)
			if err != nil {
				t.Fatal(err)
			}
			want, err := q.RunTensors(p.feed(3))
			if err != nil {
				t.Fatal(err)
			}
			s, err := q.Stock()
			if err != nil {
				t.Fatal(err)
			}
			vm := gorgonia.NewTapeMachine(s.Graph)
			defer vm.Close()
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			for i, w := range want {
				got := s.Values[i].(*tensor.Dense).Float32s()
				for k, x := range w.F {
					if d := float64(got[k]) - x; d > 1e-4*(1+x*x) || -d > 1e-4*(1+x*x) {
						t.Fatalf("output %d, element %d: %v; want %v", i, k, got[k], x)
					}
				}
			}
		})
	}
}
