package rpnops_test

import (
	"fmt"

	"rpnc/graph"
	"rpnc/rpnops"
)

// A head by hand: y = κ(x)·ψ(w)ᵀ with an expansion of order 2 and a matrix of rank 1.
func Example() {
	s := rpnops.NewScope(graph.New(), false, graph.F64)
	x := s.G.Input("x", s.Type(1, 2))
	κ, ψ := rpnops.Taylor{D: 2}, rpnops.LoRR{R: 1}

	D, _ := κ.OutDim(2)
	l, _ := ψ.NumParams(2, D)
	w := s.Param("w", graph.Fill(0.5), 1, l)
	A := rpnops.Parameterized{Reconcile: rpnops.LoRR{R: 1}}
	z := rpnops.Relate(s, A, x, x, s.Param("a", graph.Fill(1), 1, 4))
	W := rpnops.Fabricate(s, ψ, w, 2, D)

	fmt.Println("κ(x)", κ.Transform(s, z).Shape(), "ψ(w)", W.Shape(), "of", l, "parameters")
	fmt.Println(s.G.Err())
	// Output:
	// κ(x) (1×6) ψ(w) (2×6) of 8 parameters
	// <nil>
}

// Functions are found by the reference's names, with or without a path.
func ExampleNew() {
	f, err := rpnops.New("tinybig.expansion.taylor_expansion", nil)
	fmt.Printf("%T %v\n", f, err)
	_, err = rpnops.New("tailor_expansion", nil)
	fmt.Println(err)
	// Output:
	// rpnops.Taylor <nil>
	// rpnops.New: no function "tailor_expansion"; did you mean "taylor_expansion"?
}
