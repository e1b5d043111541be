package ops

import (
	"math"

	"rpnc/graph"
)

// Kernel masks block by block, with the mask of the oracle.
func (o Dropout) Kernel(in, out []graph.Type) (Run, error) { return single(o, in, out) }

// InPlace says that y may be written over x.
func (o Dropout) InPlace(i int) bool { return i == 0 }

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

// load turns to another step.
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

// Kernel adds.
func (o AddInt) Kernel(_, _ []graph.Type) (Run, error) {
	return func(dst, in []Buffer) {
		x := in[0].I32
		for i := range dst[0].I32 {
			dst[0].I32[i] = x[i] + o.C
		}
	}, nil
}

// InPlace says that y may be written over x.
func (o AddInt) InPlace(int) bool { return true }
