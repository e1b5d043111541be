package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel applies the function block by block.
func (o Unary) Kernel(in, out []graph.Type) (Run, error) { return single(o, in, out) }

// InPlace says that y may be written over x.
func (o Unary) InPlace(int) bool { return true }

// Kernel applies the function block by block.
func (o Binary) Kernel(in, out []graph.Type) (Run, error) { return single(o, in, out) }

// InPlace says that y may be written over either operand.
func (o Binary) InPlace(int) bool { return true }

// unaryLoop is the vector loop of an elementwise function: element by element, so dst may be x.
func unaryLoop[T float](k UnaryKind) func(dst, x []T) {
	return [unaryKinds]func(dst, x []T){
		KNeg:      kernels.Neg[T],
		KAbs:      kernels.Abs[T],
		KSquare:   func(dst, x []T) { kernels.Mul(dst, x, x) },
		KSqrt:     kernels.Sqrt[T],
		KRecip:    func(dst, x []T) { kernels.Pow(dst, x, -1) },
		KExp:      kernels.Exp[T],
		KLog:      kernels.Log[T],
		KLog1p:    kernels.Log1p[T],
		KExpm1:    kernels.Expm1[T],
		KSin:      kernels.Sin[T],
		KCos:      kernels.Cos[T],
		KTanh:     kernels.Tanh[T],
		KSigmoid:  kernels.Sigmoid[T],
		KSoftplus: kernels.Softplus[T],
		KErf:      kernels.Erf[T],
		KRelu:     kernels.Relu[T],
		KStep:     kernels.Step[T],
		KSign:     kernels.Sign[T],
		KNonZero: func(dst, x []T) {
			kernels.Sign(dst, x)
			kernels.Abs(dst, dst)
		},
		KSinh:  kernels.Sinh[T],
		KCosh:  kernels.Cosh[T],
		KAsin:  kernels.Asin[T],
		KAcos:  kernels.Acos[T],
		KAtan:  kernels.Atan[T],
		KAsinh: kernels.Asinh[T],
		KAcosh: kernels.Acosh[T],
		KAtanh: kernels.Atanh[T],
	}[k]
}
