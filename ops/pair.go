package ops

import (
	"fmt"
	"math"

	"rpnc/graph"
)

// PairKind is the part of a [PairTerm] that depends on the difference t = u − v of two numbers.
type PairKind uint8

// The kinds. The first two are 0 at t = 0 whatever p is, so that norms have the subgradient 0 there.
const (
	PairAbs    PairKind = iota // |t|ᵖ; with p = 0 it is 1 where t ≠ 0
	PairSigned                 // sgn(t)·|t|ᵖ
	PairOne                    // 1
)

// PairTerm is what a comparison of two columns adds up, component by component:
//
//	f(u, v) = φ(t)/(|u| + |v| + 10⁻¹⁰)ᴺ,  t = u − v,  φ by Kind and P
//
// Terms are closed under differentiation: ∂f/∂u = φ′/dᴺ − N·sgn(u)·φ/dᴺ⁺¹, and φ′ is P times a φ of the other
// kind. So pairwise norms and their gradients of every order are sums of terms.
type PairTerm struct {
	Kind PairKind
	P    float64
	N    int
}

// PairSum compares the columns of x (k×m): y (m×m), y[i, j] = Σ_κ g[κ, i]·h[κ, j]·f(x[κ, i], x[κ, j]). The weights g and
// h are (k×m), or (k×1) for the same weight in all columns. The k·m² terms are never in memory.
type PairSum struct{ F PairTerm }

// PairMix is the transpose of [PairSum] with respect to g: from x (k×m), s (m×m) and h it makes y (k×m), y[κ, i] =
// Σⱼ s[i, j]·h[κ, j]·f(x[κ, i], x[κ, j]).
type PairMix struct{ F PairTerm }

var _ = register(
	Sample{Op: PairSum{PairTerm{P: 2}}, In: []graph.Type{f64(3, 4), f64(3, 1), f64(3, 1)}, Order: 2},
	Sample{Op: PairSum{PairTerm{P: 1}}, In: []graph.Type{f64(3, 4), f64(3, 1), f64(3, 4)}, Order: 2},
	Sample{Op: PairSum{PairTerm{P: 3}}, In: []graph.Type{f64(2, 3), f64(2, 3), f64(2, 3)}, Order: 2},
	Sample{Op: PairSum{PairTerm{P: 1, N: 1}}, In: []graph.Type{f64(2, 3), f64(2, 1), f64(2, 1)}, Lo: 0.2, Hi: 1, Order: 2},
	Sample{Op: PairSum{PairTerm{PairSigned, 1, 0}}, In: []graph.Type{f64(3, 4), f64(3, 4), f64(3, 1)}, Order: 2},
	Sample{Op: PairSum{PairTerm{P: 0}}, In: []graph.Type{f64(3, 4), f64(3, 1), f64(3, 1)}, Order: 1},
	Sample{Op: PairMix{PairTerm{PairSigned, 1, 0}}, In: []graph.Type{f64(3, 4), f64(4, 4), f64(3, 1)}, Order: 2},
	Sample{Op: PairMix{PairTerm{PairSigned, 2, 0}}, In: []graph.Type{f64(2, 3), f64(3, 3), f64(2, 3)}, Order: 2},
	Sample{Op: PairMix{PairTerm{PairSigned, 0, 2}}, In: []graph.Type{f64(2, 3), f64(3, 3), f64(2, 1)}, Lo: 0.2, Hi: 1, Order: 2},
	Sample{Op: PairMix{PairTerm{PairOne, 0, 0}}, In: []graph.Type{f64(2, 3), f64(3, 3), f64(2, 3)}, Order: 2},
)

// pairEps keeps the divisor of a term from being 0.
const pairEps = 1e-10

// String is |t|^2, sgn·|t|^1/d^2 and the like.
func (f PairTerm) String() string {
	s := [...]string{"|t|^%g", "sgn·|t|^%g", "1%.0s"}[f.Kind]
	if f.N > 0 {
		s += fmt.Sprintf("/d^%d", f.N)
	}
	return fmt.Sprintf(s, f.P)
}

// at is f(u, v).
func (f PairTerm) at(u, v float64) float64 {
	t, phi := u-v, 1.0
	switch {
	case f.Kind == PairOne:
	case t == 0:
		return 0
	case f.Kind == PairSigned && t < 0:
		phi = -math.Pow(-t, f.P)
	default:
		phi = math.Pow(math.Abs(t), f.P)
	}
	return phi / math.Pow(math.Abs(u)+math.Abs(v)+pairEps, float64(f.N))
}

// slope is φ′ as a multiple of another φ, over the same divisor. Where φ has a kink at 0 the other φ is 0 there.
func (f PairTerm) slope() (c float64, d PairTerm) {
	switch {
	case f.Kind == PairOne:
		return 0, f
	case f.Kind == PairAbs:
		return f.P, PairTerm{PairSigned, f.P - 1, f.N}
	case f.P == 1:
		return 1, PairTerm{PairOne, 0, f.N}
	}
	return f.P, PairTerm{PairAbs, f.P - 1, f.N}
}

// swapped is the matrix of f(v, u)·s[i, j] in place of f(u, v): ±sᵀ, since terms are even or odd in t.
func (f PairTerm) swapped(s *graph.Node) *graph.Node {
	if f.Kind == PairSigned {
		return Neg(Transpose(s))
	}
	return Transpose(s)
}

// pairSlope is the gradient of Σ g[κ, i]·s[i, j]·h[κ, j]·f(x[κ, i], x[κ, j]) with respect to x. That sum is linear in each
// of g, s and h: PairSum is its derivative with respect to s, PairMix that with respect to g (and, with s transposed, to
// h), so that the VJPs of both ops are this function and the two ops again.
func pairSlope(f PairTerm, x, s, g, h *graph.Node) *graph.Node {
	back := f.swapped(s)
	sides := func(d PairTerm) *graph.Node { // what comes to x[κ, i] as the first and as the second argument of f
		// Weights that do not tell columns apart leave the sum over j, and one op does for both sides.
		if x.Shape() != g.Shape() && x.Shape() != h.Shape() {
			return apply(PairMix{d}, x, Add(s, back), Mul(g, h))
		}
		return Add(Mul(g, apply(PairMix{d}, x, s, h)), Mul(h, apply(PairMix{d}, x, back, g)))
	}
	y := BroadcastTo(scalar(x, 0), x.Shape())
	if c, d := f.slope(); c != 0 {
		y = Scale(sides(d), c)
	}
	if f.N > 0 { // sgn(u) does not depend on the pair, so it stays outside of the op
		y = Sub(y, Scale(Mul(Sign(x), sides(PairTerm{f.Kind, f.P, f.N + 1})), float64(f.N)))
	}
	return y
}

// Name shows the term.
func (o PairSum) Name() string { return "PairSum{" + o.F.String() + "}" }

// Infer wants x and weights for its components.
func (o PairSum) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 3 {
		return nil, errOperands(3, in)
	}
	if err := o.F.check(in[0], in[1], in[2]); err != nil {
		return nil, err
	}
	m := in[0].Shape.Dim(1)
	return []graph.Type{in[0].Of(m, m)}, nil
}

// check wants a matrix x of floats, weights (k×m) or (k×1), and N ≥ 0.
func (f PairTerm) check(x graph.Type, weights ...graph.Type) error {
	if !x.DType.IsFloat() || x.Shape.Rank() != 2 {
		return fmt.Errorf("x is %v; want a matrix of floats", x)
	}
	for _, w := range weights {
		if k := x.Shape.Dim(0); w != x && w != x.Of(k, 1) {
			return fmt.Errorf("weights %v for x %v; want %v or %v", w, x, x, x.Of(k, 1))
		}
	}
	if f.N < 0 || f.Kind > PairOne {
		return fmt.Errorf("term %+v; want one of the kinds and N ≥ 0", f)
	}
	return nil
}

// weight reads entry (k, i) of weights that may be one for all columns.
func weight[T float](w []T, k, i, m, rows int) T {
	if len(w) == rows && m != 1 {
		return w[k]
	}
	return w[k*m+i]
}

// Eval adds term by term.
func (o PairSum) Eval(dst, in []*graph.Tensor) error {
	k, m := in[0].Dim(0), in[0].Dim(1)
	x, g, h := in[0].F, in[1].F, in[2].F
	for i := range m {
		for j := range m {
			for c := range k {
				dst[0].F[i*m+j] += weight(g, c, i, m, k) * weight(h, c, j, m, k) * o.F.at(x[c*m+i], x[c*m+j])
			}
		}
	}
	return nil
}

// VJP mixes the cotangent.
func (o PairSum) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	x, g, h, s := n.In[0], n.In[1], n.In[2], dy[0]
	return []*graph.Node{
		pairSlope(o.F, x, s, g, h),
		SumToShape(apply(PairMix{o.F}, x, s, h), g.Shape()),
		SumToShape(apply(PairMix{o.F}, x, o.F.swapped(s), g), h.Shape()),
	}
}

// Name shows the term.
func (o PairMix) Name() string { return "PairMix{" + o.F.String() + "}" }

// Infer wants x, a square matrix for its columns and weights for its components.
func (o PairMix) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 3 {
		return nil, errOperands(3, in)
	}
	if err := o.F.check(in[0], in[2]); err != nil {
		return nil, err
	}
	if m := in[0].Shape.Dim(1); in[1] != in[0].Of(m, m) {
		return nil, fmt.Errorf("s is %v for x %v; want %v", in[1], in[0], in[0].Of(m, m))
	}
	return in[:1:1], nil
}

// Eval adds term by term.
func (o PairMix) Eval(dst, in []*graph.Tensor) error {
	k, m := in[0].Dim(0), in[0].Dim(1)
	x, s, h := in[0].F, in[1].F, in[2].F
	for c := range k {
		for i := range m {
			for j := range m {
				dst[0].F[c*m+i] += s[i*m+j] * weight(h, c, j, m, k) * o.F.at(x[c*m+i], x[c*m+j])
			}
		}
	}
	return nil
}

// VJP has the cotangent in the place of g.
func (o PairMix) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	x, s, h, g := n.In[0], n.In[1], n.In[2], dy[0]
	return []*graph.Node{
		pairSlope(o.F, x, s, g, h),
		apply(PairSum{o.F}, x, g, h),
		SumToShape(apply(PairMix{o.F}, x, o.F.swapped(s), g), h.Shape()),
	}
}
