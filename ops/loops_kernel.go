package ops

import (
	"math"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// unaryLoop is the vector loop of an elementwise function. dst may be x.
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
	}[k]
}

// mask is a dropout bound to one step.
type mask[T float] struct {
	op    Dropout
	key   graph.Key
	limit uint64 // of 53 random bits: smaller ones drop the element
	scale T
}

// newMask turns the comparison of a uniform number with P, 53 bits each, into one of integers.
func newMask[T float](op Dropout) mask[T] {
	return mask[T]{op: op, limit: uint64(math.Ceil(op.P * (1 << 53))), scale: T(1 / (1 - op.P))}
}

func (m *mask[T]) load(step int32) { m.key = m.op.Key(step) }

// apply computes dst = x masked, for elements from number at on. Which elements stay is random, so the choice is
// made by an index rather than by a branch.
func (m *mask[T]) apply(dst, x []T, at int) {
	key, limit, scale := m.key, m.limit, m.scale
	var choice [2]T
	for i, v := range x {
		choice[1] = v * scale
		drop := (key.Bits(uint64(at+i))>>11 - limit) >> 63 // 1 if the bits are below the limit
		dst[i] = choice[1-drop]
	}
}
