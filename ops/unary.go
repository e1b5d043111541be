package ops

import (
	"math"

	"rpnc/graph"
)

// UnaryKind names an elementwise function of one operand.
type UnaryKind uint8

// The elementwise functions. ReLU, Step, Sign and NonZero have kinks at 0.
const (
	KNeg UnaryKind = iota
	KAbs
	KSquare
	KSqrt
	KRecip
	KExp
	KLog
	KLog1p
	KExpm1
	KSin
	KCos
	KTanh
	KSigmoid
	KSoftplus
	KErf
	KRelu
	KStep    // 1 where x > 0, else 0
	KSign    // −1, 0, 1
	KNonZero // 1 where x ≠ 0, else 0
	KSinh
	KCosh
	KAsin
	KAcos
	KAtan
	KAsinh
	KAcosh
	KAtanh
	unaryKinds
)

// Unary is y = f(x), element by element.
type Unary struct{ Kind UnaryKind }

// unaryRule is all that is known of one function. The derivative is built from x and y (y where both do); nil
// means that it is zero wherever it exists.
type unaryRule struct {
	name   string
	f      func(float64) float64
	d      func(x, y *graph.Node) *graph.Node
	lo, hi float64 // sample range, away from kinks and poles
}

var unaryRules [unaryKinds]unaryRule

// init, not a literal, because the rules of derivatives use the functions that look rules up.
func init() {
	unaryRules = [unaryKinds]unaryRule{
		KNeg:      {"Neg", func(x float64) float64 { return -x }, func(x, _ *graph.Node) *graph.Node { return scalar(x, -1) }, -1, 1},
		KAbs:      {"Abs", math.Abs, func(x, _ *graph.Node) *graph.Node { return Sign(x) }, 0.2, 1},
		KSquare:   {"Square", func(x float64) float64 { return x * x }, func(x, _ *graph.Node) *graph.Node { return Scale(x, 2) }, -1, 1},
		KSqrt:     {"Sqrt", math.Sqrt, func(_, y *graph.Node) *graph.Node { return Scale(Recip(y), 0.5) }, 0.5, 2},
		KRecip:    {"Recip", func(x float64) float64 { return 1 / x }, func(_, y *graph.Node) *graph.Node { return Neg(Square(y)) }, 0.5, 2},
		KExp:      {"Exp", math.Exp, func(_, y *graph.Node) *graph.Node { return y }, -1, 1},
		KLog:      {"Log", math.Log, func(x, _ *graph.Node) *graph.Node { return Recip(x) }, 0.5, 2},
		KLog1p:    {"Log1p", math.Log1p, func(x, _ *graph.Node) *graph.Node { return Recip(Shift(x, 1)) }, -0.3, 1},
		KExpm1:    {"Expm1", math.Expm1, func(_, y *graph.Node) *graph.Node { return Shift(y, 1) }, -1, 1},
		KSin:      {"Sin", math.Sin, func(x, _ *graph.Node) *graph.Node { return Cos(x) }, -2, 2},
		KCos:      {"Cos", math.Cos, func(x, _ *graph.Node) *graph.Node { return Neg(Sin(x)) }, -2, 2},
		KTanh:     {"Tanh", math.Tanh, func(_, y *graph.Node) *graph.Node { return Sub(scalar(y, 1), Square(y)) }, -1, 1},
		KSigmoid:  {"Sigmoid", sigmoid, func(_, y *graph.Node) *graph.Node { return Mul(y, Sub(scalar(y, 1), y)) }, -2, 2},
		KSoftplus: {"Softplus", softplus, func(x, _ *graph.Node) *graph.Node { return Sigmoid(x) }, -2, 2},
		KErf:      {"Erf", math.Erf, func(x, _ *graph.Node) *graph.Node { return Scale(Exp(Neg(Square(x))), 2/math.SqrtPi) }, -1, 1},
		KRelu:     {"Relu", relu, func(_, y *graph.Node) *graph.Node { return Step(y) }, 0.2, 1},
		KStep:     {"Step", step, nil, 0.2, 1},
		KSign:     {"Sign", sign, nil, 0.2, 1},
		KNonZero:  {"NonZero", func(x float64) float64 { return math.Abs(sign(x)) }, nil, 0.2, 1},
		KSinh:     {"Sinh", math.Sinh, func(x, _ *graph.Node) *graph.Node { return Cosh(x) }, -1, 1},
		KCosh:     {"Cosh", math.Cosh, func(x, _ *graph.Node) *graph.Node { return Sinh(x) }, -1, 1},
		KAsin:     {"Asin", math.Asin, func(x, _ *graph.Node) *graph.Node { return arcSlope(x) }, -0.8, 0.8},
		KAcos:     {"Acos", math.Acos, func(x, _ *graph.Node) *graph.Node { return Neg(arcSlope(x)) }, -0.8, 0.8},
		KAtan:     {"Atan", math.Atan, func(x, _ *graph.Node) *graph.Node { return Recip(Shift(Square(x), 1)) }, -2, 2},
		KAsinh:    {"Asinh", math.Asinh, func(x, _ *graph.Node) *graph.Node { return Recip(Sqrt(Shift(Square(x), 1))) }, -2, 2},
		KAcosh:    {"Acosh", math.Acosh, func(x, _ *graph.Node) *graph.Node { return Recip(Sqrt(Mul(Shift(x, -1), Shift(x, 1)))) }, 1.3, 3},
		KAtanh:    {"Atanh", math.Atanh, func(x, _ *graph.Node) *graph.Node { return Recip(oneMinusSquare(x)) }, -0.8, 0.8},
	}
	for k, r := range unaryRules {
		order := 2
		if r.d == nil {
			order = 0
		}
		register(Sample{Op: Unary{UnaryKind(k)}, In: []graph.Type{f64(3, 5)}, Lo: r.lo, Hi: r.hi, Order: order})
	}
}

// oneMinusSquare is 1 − x² as (1−x)(1+x), which keeps the digits near ±1.
func oneMinusSquare(x *graph.Node) *graph.Node { return Mul(Sub(scalar(x, 1), x), Shift(x, 1)) }

// arcSlope is arcsin′ x = 1/√(1−x²).
func arcSlope(x *graph.Node) *graph.Node { return Recip(Sqrt(oneMinusSquare(x))) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// softplus is linear above 20, where ln(1+eˣ) − x is below rounding of f32 and near that of f64.
func softplus(x float64) float64 {
	if x > 20 {
		return x
	}
	return math.Log1p(math.Exp(x))
}

func relu(x float64) float64 {
	if x < 0 {
		return 0
	}
	return x // NaN stays NaN
}

func step(x float64) float64 {
	if x > 0 {
		return 1
	}
	return 0
}

// sign is −1, 0 or 1, and keeps the sign of zeros and NaN.
func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // 0 and NaN
}

func (o Unary) rule() unaryRule { return unaryRules[o.Kind] }

// Name is that of the function.
func (o Unary) Name() string { return o.rule().name }

// Infer keeps the type of the float operand.
func (o Unary) Infer(in []graph.Type) ([]graph.Type, error) { return same(in, 1) }

// Eval applies the function to every element.
func (o Unary) Eval(dst, in []*graph.Tensor) error {
	f := o.rule().f
	for i, x := range in[0].F {
		dst[0].F[i] = f(x)
	}
	return nil
}

// VJP is dx = dy·f′(x).
func (o Unary) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	d := o.rule().d
	if d == nil {
		return []*graph.Node{nil}
	}
	return []*graph.Node{Mul(dy[0], d(n.In[0], n))}
}

func unary(k UnaryKind, x *graph.Node) *graph.Node { return apply(Unary{k}, x) }

// Neg is −x.
func Neg(x *graph.Node) *graph.Node { return unary(KNeg, x) }

// Abs is |x|, with gradient 0 at 0.
func Abs(x *graph.Node) *graph.Node { return unary(KAbs, x) }

// Square is x².
func Square(x *graph.Node) *graph.Node { return unary(KSquare, x) }

// Sqrt is √x.
func Sqrt(x *graph.Node) *graph.Node { return unary(KSqrt, x) }

// Recip is 1/x.
func Recip(x *graph.Node) *graph.Node { return unary(KRecip, x) }

// Exp is eˣ.
func Exp(x *graph.Node) *graph.Node { return unary(KExp, x) }

// Log is ln x.
func Log(x *graph.Node) *graph.Node { return unary(KLog, x) }

// Log1p is ln(1+x), right also for small x.
func Log1p(x *graph.Node) *graph.Node { return unary(KLog1p, x) }

// Expm1 is eˣ − 1, right also for small x.
func Expm1(x *graph.Node) *graph.Node { return unary(KExpm1, x) }

// Sin is sin x, x in radians.
func Sin(x *graph.Node) *graph.Node { return unary(KSin, x) }

// Cos is cos x, x in radians.
func Cos(x *graph.Node) *graph.Node { return unary(KCos, x) }

// Tanh is the hyperbolic tangent.
func Tanh(x *graph.Node) *graph.Node { return unary(KTanh, x) }

// Sigmoid is σ(x) = 1/(1+e⁻ˣ).
func Sigmoid(x *graph.Node) *graph.Node { return unary(KSigmoid, x) }

// Softplus is ln(1+eˣ), linear above 20.
func Softplus(x *graph.Node) *graph.Node { return unary(KSoftplus, x) }

// Erf is the error function.
func Erf(x *graph.Node) *graph.Node { return unary(KErf, x) }

// Relu is max(x, 0), with gradient 0 at 0; NaN stays NaN.
func Relu(x *graph.Node) *graph.Node { return unary(KRelu, x) }

// Step is 1 where x > 0, else 0; its gradient is zero.
func Step(x *graph.Node) *graph.Node { return unary(KStep, x) }

// Sign is −1, 0 or 1; its gradient is zero.
func Sign(x *graph.Node) *graph.Node { return unary(KSign, x) }

// NonZero is the mask 1 where x ≠ 0, else 0; its gradient is zero.
func NonZero(x *graph.Node) *graph.Node { return unary(KNonZero, x) }

// Sinh is the hyperbolic sine.
func Sinh(x *graph.Node) *graph.Node { return unary(KSinh, x) }

// Cosh is the hyperbolic cosine.
func Cosh(x *graph.Node) *graph.Node { return unary(KCosh, x) }

// Asin is arcsin x for −1 ≤ x ≤ 1.
func Asin(x *graph.Node) *graph.Node { return unary(KAsin, x) }

// Acos is arccos x for −1 ≤ x ≤ 1.
func Acos(x *graph.Node) *graph.Node { return unary(KAcos, x) }

// Atan is arctan x.
func Atan(x *graph.Node) *graph.Node { return unary(KAtan, x) }

// Asinh is the inverse of [Sinh].
func Asinh(x *graph.Node) *graph.Node { return unary(KAsinh, x) }

// Acosh is the inverse of [Cosh] for x ≥ 1.
func Acosh(x *graph.Node) *graph.Node { return unary(KAcosh, x) }

// Atanh is the inverse of [Tanh] for −1 < x < 1.
func Atanh(x *graph.Node) *graph.Node { return unary(KAtanh, x) }
