package ops

import (
	"fmt"
	"math"

	"rpnc/graph"
)

// Softmax and its logarithm are ops of their own, though both are compositions, for the sake of
// numbers: the maximum has to be subtracted before the exponential, and no rewriting may undo that.
// Their gradients use the result and not the operand, so x need not be kept:
//
//	y = softmax(x):     dx = y∘(dy − Σ dy∘y)
//	y = logsoftmax(x):  dx = dy − eʸ·Σ dy

// Softmax is yᵢ = e^(xᵢ−max)/Σ e^(xⱼ−max) along an axis. With MaskZeros entries of x that are exactly 0 count as
// −10⁹ and give 0, so that a line of zeros gives zeros; the mask is a constant to the gradient.
//
// The mask is read from the values, which is what the reference system does: an entry that happens to
// be 0 is masked as well.
//
// Kernels on the CPU give 0 for what is negligible beside the largest of a line: entries below 2⁻⁴⁰ of it in f32, x some 27.7
// below the maximum, and below 2⁻²⁵⁶ in f64. In sums that is less than rounding; the logarithm of such an entry is −Inf, as it
// is where e^x itself underflows, and [LogSoftmax] has it right. Eval keeps all of them.
type Softmax struct {
	Axis      int
	MaskZeros bool
}

// LogSoftmax is yᵢ = xᵢ − ln Σ eˣʲ along an axis, computed without overflow.
type LogSoftmax struct{ Axis int }

var _ = register(
	Sample{Op: Softmax{Axis: -1}, In: []graph.Type{f64(3, 4)}, Order: 2},
	Sample{Op: Softmax{Axis: 0}, In: []graph.Type{f64(3, 4)}, Order: 2},
	Sample{Op: Softmax{Axis: -2, MaskZeros: true}, In: []graph.Type{f64(2, 3, 4)}, Order: 2},
	Sample{Op: LogSoftmax{-1}, In: []graph.Type{f64(3, 4)}, Order: 2},
	Sample{Op: LogSoftmax{0}, In: []graph.Type{f64(3, 4)}, Order: 2},
)

// masked is what a masked entry counts as: −10⁹, as in the definition of the masked normalisation.
const masked = -1e9

// Name shows the axis and the mask.
func (o Softmax) Name() string {
	if o.MaskZeros {
		return fmt.Sprintf("MaskedSoftmax@%d", o.Axis)
	}
	return fmt.Sprintf("Softmax@%d", o.Axis)
}

// Infer keeps the type.
func (o Softmax) Infer(in []graph.Type) ([]graph.Type, error) { return alongAxis(in, o.Axis) }

// alongAxis is the shape rule of ops that work line by line along an axis: one operand of floats, and a result of
// its type.
func alongAxis(in []graph.Type, axis int) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	if _, err := axisOf(axis, in[0].Shape); err != nil {
		return nil, err
	}
	return in[:1:1], nil
}

// Eval follows the definition line by line.
//
// Masked entries take part in the sum as e^(−10⁹ − max), which is 0 beside any other, and are not
// written: dst holds zeros.
func (o Softmax) Eval(dst, in []*graph.Tensor) error {
	lines(in[0].Type.Shape, o.Axis, func(at, n, stride int) {
		x := func(k int) float64 {
			if v := in[0].F[at+k*stride]; v != 0 || !o.MaskZeros {
				return v
			}
			return masked
		}
		top, sum := math.Inf(-1), 0.0
		for k := range n {
			top = math.Max(top, x(k))
		}
		for k := range n {
			sum += math.Exp(x(k) - top)
		}
		for k := range n {
			if !o.MaskZeros || in[0].F[at+k*stride] != 0 {
				dst[0].F[at+k*stride] = math.Exp(x(k)-top) / sum
			}
		}
	})
	return nil
}

// lines calls f for every line of s along an axis: offset of its first entry, length, stride.
func lines(s graph.Shape, axis int, f func(at, n, stride int)) {
	ax, _ := axisOf(axis, s)
	outer, n, inner := around(s, ax)
	for i := range outer * inner {
		f(i/inner*n*inner+i%inner, n, inner)
	}
}

// VJP is dx = y∘(dy − Σ dy∘y) along the axis.
func (o Softmax) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	sum := sumOfProduct(n, dy[0], o.Axis)
	if sum == nil {
		sum = SumAxis(Mul(dy[0], n), o.Axis)
	}
	return []*graph.Node{Mul(n, Sub(dy[0], sum))}
}

// sumOfProduct is Σ y∘d along one of the last two axes where d is a product, nil where it is not. Weights y that values are
// averaged with, z = y·v, have the cotangent d = dz·vᵀ, and then
//
//	Σⱼ y[i,j]·d[i,j] = Σ_c dz[i,c]·Σⱼ y[i,j]·v[j,c] = Σ_c dz[i,c]·z[i,c]
//
// is as narrow as z, which is there already, and d is read by nobody else: it need not be in memory. (Dao, Fu, Ermon, Rudra
// and Ré, FlashAttention, 2022, appendix B.2.) The factor of d that is not turned is the one that is dz, so that the
// other product is z itself, as the model has built it.
func sumOfProduct(y, d *graph.Node, axis int) *graph.Node {
	op, ok := d.Op.(MatMul)
	r := y.Shape().Rank()
	ax, _ := axisOf(axis, y.Shape())
	if !ok || ax < r-2 {
		return nil
	}
	p, q := d.In[0], d.In[1] // d = op(p)·op(q)
	var sum *graph.Node
	switch columns := ax == r-2; {
	case columns && op.TB: // Σᵢ y[i,j]·p[i,c]·q[j,c] = Σ_c q[j,c]·(yᵀ·p)[j,c]
		sum = SumAxis(Mul(apply(MatMul{TA: true, TB: op.TA}, y, p), q), -1)
	case columns:
		sum = SumAxis(Mul(apply(MatMul{TA: !op.TA}, p, y), q), -2)
	case op.TA: // Σⱼ y[i,j]·p[c,i]·q[c,j] = Σ_c p[c,i]·(q·yᵀ)[c,i]
		sum = SumAxis(Mul(apply(MatMul{TA: op.TB, TB: true}, q, y), p), -2)
	default:
		sum = SumAxis(Mul(apply(MatMul{TB: !op.TB}, y, q), p), -1)
	}
	return ReshapeTo(sum, y.Shape().With(ax, 1))
}

// Name shows the axis.
func (o LogSoftmax) Name() string { return fmt.Sprintf("LogSoftmax@%d", o.Axis) }

// Infer keeps the type.
func (o LogSoftmax) Infer(in []graph.Type) ([]graph.Type, error) { return alongAxis(in, o.Axis) }

// Eval follows the definition line by line.
func (o LogSoftmax) Eval(dst, in []*graph.Tensor) error {
	lines(in[0].Type.Shape, o.Axis, func(at, n, stride int) {
		top, sum := math.Inf(-1), 0.0
		for k := range n {
			top = math.Max(top, in[0].F[at+k*stride])
		}
		for k := range n {
			sum += math.Exp(in[0].F[at+k*stride] - top)
		}
		for k := range n {
			dst[0].F[at+k*stride] = in[0].F[at+k*stride] - top - math.Log(sum)
		}
	})
	return nil
}

// VJP is dx = dy − eʸ Σ dy along the axis.
func (o LogSoftmax) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{Sub(dy[0], Mul(Exp(n), SumAxis(dy[0], o.Axis)))}
}
