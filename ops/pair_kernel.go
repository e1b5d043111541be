package ops

import (
	"math"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// How pairs of columns are summed. For x (k×m) the op is y[i, j] = Σ_c g[c, i]·h[c, j]·f(x[c, i], x[c,
// j]): k·m² terms, each a power, a quotient or a sign, which is far more than the additions. The terms
// of one (i, c) for a block of j are made by vector loops in scratch of 512 numbers, and added to y by
// one Axpy. Nothing of size k·m² exists.
//
// Which loops make the terms depends on f alone and is decided for each block: a difference, then |t|,
// t², sgn t, or a general power.

// pairBlock is how many terms are in memory at a time: few enough to stay in L1 beside what they are made of.
const pairBlock = 512

// Kernel makes a row of terms at a time and adds it up.
func (o PairSum) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, pairSumRun[float32], pairSumRun[float64])
}

// terms is scratch for one block of terms. Whole rows would do for the arithmetic, but leave L1 between one vector loop
// and the next where there are thousands of columns.
type terms[T float] [pairBlock]T

func newTerms[T float]() *terms[T] { return new(terms[T]) }

// pairSumRun gives each worker rows of y. Every entry of y is one sum over the components in their order, so neither blocks
// nor workers show in the result.
func pairSumRun[T float](o PairSum, in, out []graph.Type) Run {
	k, m := in[0].Shape.Dim(0), in[0].Shape.Dim(1)
	scratch := newSpare(newTerms[T])
	return rowwise(in, out, m, k*m, func(a *args[T], lo, hi int) {
		x, g, h, y := a.in[0], a.in[1], a.in[2], a.dst[0]
		t := scratch.get()
		defer scratch.put(t)
		clear(y[lo*m : hi*m])
		for i := lo; i < hi; i++ {
			blocks(m, func(from, to int) {
				sum := y[i*m+from : i*m+to]
				for c := range k {
					row, common := weighted(o.F, t[:to-from], x[c*m+i], x[c*m+from:c*m+to], h, c, from, m, k)
					kernels.Axpy(sum, common*weight(g, c, i, m, k), row)
				}
			})
		}
	})
}

// blocks calls f for the blocks of [0, m).
func blocks(m int, f func(from, to int)) {
	for from := 0; from < m; from += pairBlock {
		f(from, min(from+pairBlock, m))
	}
}

// weighted is h[c, j]·f(u, v[j]) for a block of columns from the one given on, up to a factor that all of them have: one
// weight for all columns costs no loop.
//
// A weight that does not depend on j multiplies the whole block later, in the Axpy.
func weighted[T float](f PairTerm, t []T, u T, v, h []T, c, from, m, k int) (row []T, common T) {
	pairRow(f, t, u, v)
	if len(h) == k && m != 1 {
		return t, h[c]
	}
	kernels.Mul(t, t, h[c*m+from:c*m+from+len(t)])
	return t, 1
}

// pairRow computes dst[j] = f(u, v[j]), in vector loops where there are any.
func pairRow[T float](f PairTerm, dst []T, u T, v []T) {
	kernels.Affine(dst, v, -1, u)
	switch {
	case f.Kind == PairOne:
		kernels.Fill(dst, 1)
	case f == PairTerm{PairSigned, 1, f.N}:
	case f == PairTerm{PairSigned, 0, f.N}:
		kernels.Sign(dst, dst)
	case f == PairTerm{PairAbs, 1, f.N}:
		kernels.Abs(dst, dst)
	case f == PairTerm{PairAbs, 2, f.N}:
		kernels.Mul(dst, dst, dst)
	default:
		powers(f, dst, u, v)
	}
	if f.N > 0 {
		over(dst, u, v, f.N)
	}
}

// powers makes of the differences dst of u and v the φ of a term: small whole powers by multiplication, others as
// e^(p·ln |t|), which the vector loops have. Signs, and zeros whatever the exponent, are set afterwards.
//
// e^(p·ln t) costs two vector functions instead of a call of Pow for each element; its relative error
// is |p·ln t| units, which is within what a sum of distances shows.
func powers[T float](f PairTerm, dst []T, u T, v []T) {
	kernels.Abs(dst, dst)
	if n := int(f.P); f.P == float64(n) && n > 0 && n <= 16 {
		for j, t := range dst {
			for range n - 1 {
				dst[j] *= t
			}
		}
	} else {
		kernels.Log(dst, dst)
		kernels.Scale(dst, dst, T(f.P))
		kernels.Exp(dst, dst)
	}
	for j, w := range v {
		switch {
		case w == u:
			dst[j] = 0
		case w > u && f.Kind == PairSigned:
			dst[j] = -dst[j]
		}
	}
}

// over divides by (|u| + |v| + ε)ⁿ.
//
// Division is repeated n times, n being 1 or 2: a power of the divisor could underflow where the
// quotient does not.
func over[T float](dst []T, u T, v []T, n int) {
	u = T(math.Abs(float64(u)))
	for j, w := range v {
		d := u + T(math.Abs(float64(w))) + pairEps
		for range n {
			dst[j] /= d
		}
	}
}

// Kernel makes a row of terms at a time and multiplies it with a row of s.
func (o PairMix) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, pairMixRun[float32], pairMixRun[float64])
}

// pairMixRun gives each worker columns of y: the rows of s that they read stay in cache for all components.
func pairMixRun[T float](o PairMix, in, out []graph.Type) Run {
	k, m := in[0].Shape.Dim(0), in[0].Shape.Dim(1)
	scratch := newSpare(newTerms[T])
	return rowwise(in, out, m, k*m, func(a *args[T], lo, hi int) {
		x, s, h, y := a.in[0], a.in[1], a.in[2], a.dst[0]
		t := scratch.get()
		defer scratch.put(t)
		for i := lo; i < hi; i++ {
			for c := range k {
				y[c*m+i] = 0
				blocks(m, func(from, to int) {
					row, common := weighted(o.F, t[:to-from], x[c*m+i], x[c*m+from:c*m+to], h, c, from, m, k)
					y[c*m+i] += common * kernels.Dot(s[i*m+from:i*m+to], row)
				})
			}
		}
	})
}
