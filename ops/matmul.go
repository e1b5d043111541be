package ops

import (
	"fmt"

	"rpnc/graph"
)

// Products carry their transposes as flags, because a transposed copy costs memory traffic and a
// transposed read only other strides. All derivatives of products are products again, so a network's
// forward and backward consist of one op:
//
//	C = A·B     dA = dC·Bᵀ    dB = Aᵀ·dC
//	C = Aᵀ·B    dA = B·dCᵀ    dB = A·dC
//	C = A·Bᵀ    dA = dC·B     dB = dCᵀ·A
//	C = Aᵀ·Bᵀ   dA = Bᵀ·dCᵀ   dB = dCᵀ·Aᵀ
//
// VJP is this table. A product of (m×k) and (k×n) is 2·m·k·n operations, and so is each of its two
// gradients.
//
// Batch axes are equal or absent; there is no broadcasting of a batch axis of size 1, which would make
// the gradient a sum over a part of the batch. An operand without batch axes is shared, and its
// gradient is the sum over the batch, which [MatMulSum] computes without the stack of products in
// memory.

// MatMul is op(a)·op(b) over the last two axes, op the transpose where the flag says so: (…×m×k)·(…×k×n) →
// (…×m×n). Leading axes are batch axes; an operand without any is shared by the whole batch.
type MatMul struct{ TA, TB bool }

var _ = register(
	Sample{Op: MatMul{}, In: []graph.Type{f64(3, 4), f64(4, 2)}, Order: 2},
	Sample{Op: MatMul{TA: true}, In: []graph.Type{f64(4, 3), f64(4, 2)}, Order: 2},
	Sample{Op: MatMul{TB: true}, In: []graph.Type{f64(3, 4), f64(2, 4)}, Order: 2},
	Sample{Op: MatMul{TA: true, TB: true}, In: []graph.Type{f64(4, 3), f64(2, 4)}, Order: 2},
	Sample{Op: MatMul{}, In: []graph.Type{f64(2, 3, 4), f64(2, 4, 2)}, Order: 2},
	Sample{Op: MatMul{TA: true}, In: []graph.Type{f64(4, 3), f64(2, 4, 2)}, Order: 2},
	Sample{Op: MatMul{TB: true}, In: []graph.Type{f64(2, 3, 4), f64(5, 4)}, Order: 2},
)

// matDims are the sizes of one product of a batch.
//
// C is (m×n) and k is summed over, after transposition.
type matDims struct{ m, k, n int }

// dims tells the sizes of the product and the shape of the batch.
func (o MatMul) dims(a, b graph.Shape) (d matDims, batch graph.Shape, err error) {
	if a.Rank() < 2 || b.Rank() < 2 {
		return d, batch, fmt.Errorf("want matrices, have a %v and b %v", a, b)
	}
	d = matDims{a.Dim(-2), a.Dim(-1), b.Dim(-1)}
	if o.TA {
		d.m, d.k = d.k, d.m
	}
	k := b.Dim(-2)
	if o.TB {
		k, d.n = d.n, k
	}
	if k != d.k {
		return d, batch, fmt.Errorf("inner dimensions differ: a %v%s · b %v%s", a, flag(o.TA), b, flag(o.TB))
	}
	ba, bb := a.Sub(0, a.Rank()-2), b.Sub(0, b.Rank()-2)
	if ba != bb && ba.Rank() > 0 && bb.Rank() > 0 {
		return d, batch, fmt.Errorf("batch axes differ: a %v, b %v; want equal ones or none on one side", a, b)
	}
	if ba.Rank() == 0 {
		ba = bb
	}
	return d, ba, nil
}

// flag is the mark of a transposed operand in names and errors.
func flag(transposed bool) string {
	if transposed {
		return "ᵀ"
	}
	return ""
}

// Name shows the transposes: MatMul, MatMulᵀ· for aᵀ·b, MatMul·ᵀ for a·bᵀ.
func (o MatMul) Name() string {
	switch o {
	case MatMul{TA: true}:
		return "MatMulᵀ·"
	case MatMul{TB: true}:
		return "MatMul·ᵀ"
	case MatMul{true, true}:
		return "MatMulᵀ·ᵀ"
	}
	return "MatMul"
}

// Infer checks inner dimensions and batch axes.
func (o MatMul) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 2 {
		return nil, errOperands(2, in)
	}
	if in[0].DType != in[1].DType || !in[0].DType.IsFloat() {
		return nil, fmt.Errorf("element types differ or are no floats: %v and %v", in[0], in[1])
	}
	d, batch, err := o.dims(in[0].Shape, in[1].Shape)
	if err != nil {
		return nil, err
	}
	return []graph.Type{{DType: in[0].DType, Shape: batch.Append(d.m, d.n)}}, nil
}

// Eval multiplies by the definition.
func (o MatMul) Eval(dst, in []*graph.Tensor) error {
	d, batch, err := o.dims(in[0].Type.Shape, in[1].Type.Shape)
	if err != nil {
		return err
	}
	for p := range batch.Size() {
		a, b := in[0].F, in[1].F
		if in[0].Type.Shape.Rank() > 2 {
			a = a[p*d.m*d.k:]
		}
		if in[1].Type.Shape.Rank() > 2 {
			b = b[p*d.k*d.n:]
		}
		o.evalOne(dst[0].F[p*d.m*d.n:], a, b, d)
	}
	return nil
}

// evalOne is the oracle of one product, C[i,j] = Σₖ A[i,k]·B[k,j], summed in the order of k in float64. A
// transposed operand is read by exchanged indices.
func (o MatMul) evalOne(c, a, b []float64, d matDims) {
	for i := range d.m {
		for j := range d.n {
			s := 0.0
			for k := range d.k {
				ia, ib := i*d.k+k, k*d.n+j
				if o.TA {
					ia = k*d.m + i
				}
				if o.TB {
					ib = j*d.k + k
				}
				s += a[ia] * b[ib]
			}
			c[i*d.n+j] = s
		}
	}
}

// VJP is da = dy·bᵀ and db = aᵀ·dy with the transposes turned into flags; an operand shared by the batch gets the
// sum over it.
func (o MatMul) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	a, b, d := n.In[0], n.In[1], dy[0]
	da := product(a, MatMul{false, !o.TB}, d, b)
	if o.TA {
		da = product(a, MatMul{o.TB, true}, b, d)
	}
	db := product(b, MatMul{!o.TA, false}, a, d)
	if o.TB {
		db = product(b, MatMul{true, o.TA}, d, a)
	}
	return []*graph.Node{da, db}
}

// product is the product o of a and b as the gradient of x: summed over the batch that x has not.
func product(x *graph.Node, o MatMul, a, b *graph.Node) *graph.Node {
	if x.Shape().Rank() == 2 && a.Shape().Rank() > 2 && b.Shape().Rank() > 2 {
		return apply(MatMulSum(o), a, b)
	}
	return apply(o, a, b)
}

// MatMulN is a·b.
func MatMulN(a, b *graph.Node) *graph.Node { return apply(MatMul{}, a, b) }

// MatMulT is a·bᵀ.
func MatMulT(a, b *graph.Node) *graph.Node { return apply(MatMul{TB: true}, a, b) }

// TMatMul is aᵀ·b.
func TMatMul(a, b *graph.Node) *graph.Node { return apply(MatMul{TA: true}, a, b) }
