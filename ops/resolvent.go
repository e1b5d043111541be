package ops

import (
	"fmt"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// A walk that may end at each step reaches everything, so its matrix is dense: n² numbers for n nodes.
// What a layer needs is its product with x, and that is a sum of powers of a sparse matrix times x, by
// Horner's rule Steps products of 2·nnz·w operations. How many steps give full precision follows from a
// bound of the spectral radius and is the caller's to say.

// Resolvent applies the series of (I − A)⁻¹ for the sparse square A of values (nnz) on P (T: Aᵀ) to x (…×n×w):
//
//	y = Σ_{k=0…Steps} Aᵏ·x
//
// Where the spectral radius of A is below 1, enough steps make it the solution of y = x + A·y, without the dense inverse:
// the cost is Steps sparse products.
type Resolvent struct {
	P     Pattern
	T     bool
	Steps int
}

var squarePattern = Pattern{3, 3, graph.NewIndex(0, 2, 3, 5), graph.NewIndex(0, 2, 1, 0, 2)}

var _ = register(
	Sample{Op: Resolvent{P: squarePattern, Steps: 3}, In: []graph.Type{f64(5), f64(3, 2)}, Order: 2},
	Sample{Op: Resolvent{squarePattern, true, 2}, In: []graph.Type{f64(5), f64(2, 3, 2)}, Order: 2},
	Sample{Op: Resolvent{P: squarePattern}, In: []graph.Type{f64(5), f64(3, 1)}, Order: 1},
)

// Name shows the steps and the pattern.
func (o Resolvent) Name() string { return fmt.Sprintf("Resolvent%s{%v, %d}", flag(o.T), o.P, o.Steps) }

// Infer wants a square pattern, one value an entry and x with a row for each of A.
func (o Resolvent) Infer(in []graph.Type) ([]graph.Type, error) {
	if o.P.Rows != o.P.Cols || o.Steps < 0 {
		return nil, fmt.Errorf("pattern %v and %d steps; want a square pattern and 0 steps or more", o.P, o.Steps)
	}
	return o.product().Infer(in)
}

// product is one step.
func (o Resolvent) product() SpMM { return SpMM{o.P, o.T} }

// Eval evaluates the expansion.
func (o Resolvent) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused is Horner's rule.
func (o Resolvent) Unfused(in []*graph.Node) []*graph.Node {
	ys := o.partial(in[0], in[1])
	return ys[len(ys)-1:]
}

// partial are the sums of 0, 1, …, Steps powers.
func (o Resolvent) partial(values, x *graph.Node) []*graph.Node {
	ys := []*graph.Node{x}
	for range o.Steps {
		ys = append(ys, Add(x, apply(o.product(), values, ys[len(ys)-1])))
	}
	return ys
}

// VJP is the transposed series for x. For the values it is a sum over the steps of what each step's product gives; the
// usual constants have none.
//
// With y_t the sum of t powers, y_t = x + A·y_{t−1}: going back, z_{t−1} = Aᵀ·z_t, and A gets the
// product of z_t and y_{t−1} at its entries.
func (o Resolvent) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	values, x, z := n.In[0], n.In[1], dy[0]
	dx := apply(Resolvent{o.P, !o.T, o.Steps}, values, z)
	if _, fixed := values.Op.(graph.Const); fixed {
		return []*graph.Node{nil, dx}
	}
	dv := BroadcastTo(scalar(values, 0), values.Shape())
	ys := o.partial(values, x)
	for t := o.Steps; t > 0; t-- {
		a, b := z, ys[t-1]
		if o.T {
			a, b = b, a
		}
		dv = Add(dv, apply(SDDMM{o.P}, a, b))
		z = apply(SpMM{o.P, !o.T}, values, z)
	}
	return []*graph.Node{dv, dx}
}

// Kernel runs the steps between two buffers.
func (o Resolvent) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, resolventRun[float32], resolventRun[float64])
}

// resolventRun multiplies into the result and into scratch in turn, such that the last step writes the result.
//
// The buffer for the first copy is chosen by the parity of Steps.
func resolventRun[T float](o Resolvent, in, out []graph.Type) Run {
	step := spMMRun[T](o.product(), in, out)
	other := NewBuffer(out[0])
	args, res := make([]Buffer, 2), make([]Buffer, 1)
	return func(dst, src []Buffer) {
		to, from := dst[0], other
		if o.Steps%2 == 1 {
			to, from = from, to
		}
		to.Copy(src[1])
		x := view[T](src[1])
		for range o.Steps {
			to, from = from, to
			args[0], args[1], res[0] = src[0], from, to
			step(res, args)
			kernels.Add(view[T](to), view[T](to), x)
		}
	}
}
