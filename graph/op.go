package graph

import (
	"errors"
	"fmt"
)

// Op is a function of tensors. An op is a comparable value (a struct of scalars, shapes and interned tables);
// == means the same function, which is what hash-consing and common subexpressions rest on.
type Op interface {
	// Name is the field's word for it, with its attributes where they matter to a reader: MatMul, SumTo(1×5).
	Name() string
	// Infer is the shape rule: one type a result, or what is wrong with the operands and what would be right.
	Infer(in []Type) ([]Type, error)
	// Eval is the oracle: obvious, slow, right. dst arrives zeroed; in is not to be written.
	Eval(dst, in []*Tensor) error
}

// Differentiable ops know their gradient.
type Differentiable interface {
	Op
	// VJP builds Σᵢ dy[i]ᵀ·∂yᵢ/∂in for every operand. dy[i] is nil where nothing flows into result i; a nil
	// answer means no gradient to that operand.
	VJP(n *Node, dy []*Node) []*Node
}

// Fused ops stand for several primitives. Their gradient and their oracle are those of the expansion.
type Fused interface {
	Op
	// Unfused is the expansion, one node a result.
	Unfused(in []*Node) []*Node
}

// LeafKind tells inputs, parameters and states apart.
type LeafKind uint8

// The kinds of leaves.
const (
	InputLeaf LeafKind = iota
	ParamLeaf
	StateLeaf
)

// String is the word that dumps and errors use.
func (k LeafKind) String() string {
	switch k {
	case InputLeaf:
		return "Input"
	case ParamLeaf:
		return "Param"
	}
	return "State"
}

// Leaf is the op of inputs, parameters and states; a leaf is identified by its name.
type Leaf struct {
	Kind LeafKind
	Path string
}

// Name is the kind and the path.
func (l Leaf) Name() string { return l.Kind.String() + ":" + l.Path }

// Infer fails: leaves are made by [Graph.Input], [Graph.Param] and [Graph.State].
func (l Leaf) Infer([]Type) ([]Type, error) {
	return nil, errors.New("leaves are made by Graph.Input, Graph.Param and Graph.State")
}

// Eval fails: a leaf has the value it is given.
func (l Leaf) Eval(dst, in []*Tensor) error { return fmt.Errorf("no value for %s", l.Name()) }

// Const is a constant tensor. One value fills the whole tensor.
type Const struct {
	T Type
	V *Data
}

// Name shows the value of a fill.
func (c Const) Name() string { return "Const(" + c.V.String() + ")" }

// Infer checks the number of values: none (zeros), one (a fill) or one an element.
func (c Const) Infer(in []Type) ([]Type, error) {
	if len(in) != 0 || c.V == nil {
		return nil, fmt.Errorf("a constant has no operands and holds its values in V; use Graph.Const")
	}
	return []Type{c.T}, c.checkValues()
}

// checkValues wants one value, which fills the shape, or one for each element, and integers that int32 can hold:
// the values are kept in float64, where 2.5 or 2⁴⁰ would go unnoticed until a kernel reads them.
func (c Const) checkValues() error {
	if n := c.V.Len(); n > 1 && n != c.T.Shape.Size() {
		return fmt.Errorf("%v needs %d values or one to fill with, have %d", c.T, c.T.Shape.Size(), n)
	}
	if c.T.DType == I32 && !allInt32(c.V.v) {
		return fmt.Errorf("%v holds 32-bit integers, have %v", c.T, c.V)
	}
	return nil
}

// Eval fills dst.
func (c Const) Eval(dst, _ []*Tensor) error {
	for i := range c.T.Shape.Size() {
		if c.T.DType == I32 {
			dst[0].I[i] = int32(c.At(i))
		} else {
			dst[0].F[i] = c.At(i)
		}
	}
	return nil
}

// At is element i in row-major order.
func (c Const) At(i int) float64 {
	switch c.V.Len() {
	case 0:
		return 0
	case 1:
		return c.V.v[0]
	}
	return c.V.v[i]
}

// Splat is the value of a constant all of whose elements are equal by construction.
func (c Const) Splat() (v float64, ok bool) {
	if c.V.Len() > 1 {
		return 0, false
	}
	return c.At(0), true
}

// Result picks result I of its operand: the only op that may read a node of several results.
type Result struct{ I int }

// Name tells the number of the result.
func (r Result) Name() string { return fmt.Sprintf("Result%d", r.I) }

// Infer is the type of the result picked.
func (r Result) Infer(in []Type) ([]Type, error) {
	if r.I < 0 || r.I >= len(in) {
		return nil, fmt.Errorf("result %d of a node with %d", r.I, len(in))
	}
	return in[r.I : r.I+1], nil
}

// Eval copies the result picked.
func (r Result) Eval(dst, in []*Tensor) error {
	dst[0].Copy(in[r.I])
	return nil
}

// Add is y = a + b of operands of one type: how cotangents of a value with several readers meet.
type Add struct{}

// Name is Add.
func (Add) Name() string { return "Add" }

// Infer wants two operands of one float type.
func (Add) Infer(in []Type) ([]Type, error) {
	if len(in) != 2 || in[0] != in[1] || !in[0].DType.IsFloat() {
		return nil, fmt.Errorf("want two operands of one float type, have %v", in)
	}
	return in[:1], nil
}

// Eval adds.
func (Add) Eval(dst, in []*Tensor) error {
	for i := range dst[0].F {
		dst[0].F[i] = in[0].F[i] + in[1].F[i]
	}
	return nil
}

// VJP hands the cotangent to both operands.
func (Add) VJP(_ *Node, dy []*Node) []*Node { return []*Node{dy[0], dy[0]} }
