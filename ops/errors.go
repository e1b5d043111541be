package ops

import (
	"fmt"

	"rpnc/graph"
)

// The wording of mistakes that many ops share. Graph.Apply puts the op's name and the caller's line in front.

// errOperands is the mistake of another number of operands.
func errOperands(want int, in []graph.Type) error {
	return fmt.Errorf("want %d operands, have %d: %v", want, len(in), in)
}

// errSame is the mistake of operands of different types.
func errSame(in []graph.Type) error {
	return fmt.Errorf("operands differ: %v; want one float type (use the functions that broadcast)", in)
}

// errFloat is the mistake of integers where floats belong.
func errFloat(t graph.Type) error { return fmt.Errorf("operand is %v; want floats", t) }

// errAxis is the mistake of an axis that is not there.
func errAxis(axis int, s graph.Shape) error {
	return fmt.Errorf("axis %d of %v; want 0…%d or, from the end, −1…−%d", axis, s, s.Rank()-1, s.Rank())
}

// oneFloat is the shape rule's first line of ops with a single float operand.
func oneFloat(in []graph.Type) error {
	if len(in) != 1 {
		return errOperands(1, in)
	}
	if !in[0].DType.IsFloat() {
		return errFloat(in[0])
	}
	return nil
}

// axisOf resolves a possibly negative axis.
func axisOf(axis int, s graph.Shape) (int, error) {
	a := axis
	if a < 0 {
		a += s.Rank()
	}
	if a < 0 || a >= s.Rank() {
		return 0, errAxis(axis, s)
	}
	return a, nil
}

// badAxis reports an axis that x does not have and answers with the poisoned node; nil if x has it.
func badAxis(what string, x *graph.Node, axis int) *graph.Node {
	if x.Poisoned() {
		return x
	}
	if _, err := axisOf(axis, x.Shape()); err != nil {
		return x.Graph().Fail("ops.%s: %v", what, err)
	}
	return nil
}

// around splits a shape at an axis: outer × n × inner, all row-major.
func around(s graph.Shape, axis int) (outer, n, inner int) {
	return s.Sub(0, axis).Size(), s.Dim(axis), s.Sub(axis+1, s.Rank()).Size()
}
