package ops

import "rpnc/graph"

// BinaryKind names an elementwise function of two operands. Addition is [graph.Add].
type BinaryKind uint8

// The elementwise functions of two operands.
const (
	KSub BinaryKind = iota
	KMul
	KDiv
)

// Binary is y = f(a, b), element by element, of operands of one type.
type Binary struct{ Kind BinaryKind }

var _ = register(
	Sample{Op: graph.Add{}, In: []graph.Type{f64(2, 3), f64(2, 3)}, Order: 2},
	Sample{Op: Binary{KSub}, In: []graph.Type{f64(2, 3), f64(2, 3)}, Order: 2},
	Sample{Op: Binary{KMul}, In: []graph.Type{f64(2, 3), f64(2, 3)}, Order: 2},
	Sample{Op: Binary{KDiv}, In: []graph.Type{f64(2, 3), f64(2, 3)}, Lo: 0.5, Hi: 2, Order: 2},
)

// Name is Sub, Mul or Div.
func (o Binary) Name() string { return [...]string{"Sub", "Mul", "Div"}[o.Kind] }

// Infer wants two operands of one float type.
func (o Binary) Infer(in []graph.Type) ([]graph.Type, error) { return same(in, 2) }

// Eval applies the function to every pair of elements.
func (o Binary) Eval(dst, in []*graph.Tensor) error {
	for i, a := range in[0].F {
		dst[0].F[i] = o.at(a, in[1].F[i])
	}
	return nil
}

func (o Binary) at(a, b float64) float64 {
	switch o.Kind {
	case KSub:
		return a - b
	case KMul:
		return a * b
	}
	return a / b
}

// VJP is (dy, −dy), (dy·b, dy·a) or (dy/b, −dy·y/b).
func (o Binary) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	a, b, d := n.In[0], n.In[1], dy[0]
	switch o.Kind {
	case KSub:
		return []*graph.Node{d, Neg(d)}
	case KMul:
		return []*graph.Node{Mul(d, b), Mul(d, a)}
	}
	da := Div(d, b)
	return []*graph.Node{da, Neg(Mul(da, n))}
}

// Add is a + b with NumPy broadcasting, of any number of operands from left to right.
func Add(a *graph.Node, bs ...*graph.Node) *graph.Node {
	for _, b := range bs {
		x, y := broadcastPair(a, b)
		a = apply(graph.Add{}, x, y)
	}
	return a
}

// Sub is a − b with NumPy broadcasting.
func Sub(a, b *graph.Node) *graph.Node { return binary(KSub, a, b) }

// Mul is a·b, element by element, with NumPy broadcasting.
func Mul(a, b *graph.Node) *graph.Node { return binary(KMul, a, b) }

// Div is a/b, element by element, with NumPy broadcasting.
func Div(a, b *graph.Node) *graph.Node { return binary(KDiv, a, b) }

func binary(k BinaryKind, a, b *graph.Node) *graph.Node {
	a, b = broadcastPair(a, b)
	return apply(Binary{k}, a, b)
}

// Scale is c·x.
func Scale(x *graph.Node, c float64) *graph.Node { return Mul(x, scalar(x, c)) }

// Shift is x + c.
func Shift(x *graph.Node, c float64) *graph.Node { return Add(x, scalar(x, c)) }
