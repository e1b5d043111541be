package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// How trilinear forms are computed: y[r, i] = Σ_{j,l} W[i, j·q + l]·u[r, j]·x[r, l]. Written out, the
// Kronecker product of u and x has b·p·q elements, for b rows, and then takes one product of 2·b·n·p·q
// operations. Its elements are used n times each, but for small n (a few outputs) writing and reading
// them is most of the time. Here the product is cut into n products with Wᵢ (p×q), each of 2·b·p·q
// operations and a result of b·p elements that stays in cache; the rest is O(b·p) for each i.
//
//	y_i  = row sums of u∘(x·Wᵢᵀ)
//	dx   = Σᵢ (gᵢ∘u)·Wᵢ,    du = Σᵢ gᵢ∘(x·Wᵢᵀ)
//	dW_i = (gᵢ∘u)ᵀ·x
//
// gᵢ∘u scales row r by g[r, i]: b·p multiplications beside 2·b·p·q.

// A contraction is a sum of matrix products whose left or right factor is a small block of a Kronecker product, formed in
// scratch that stays in L2 and forgotten. No block is larger than kronBlock elements.
const kronBlock = 1 << 16

// Kernel multiplies block by block.
func (o Trilinear) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, trilinearRun[float32], trilinearRun[float64])
}

// contraction is a Trilinear bound to its sizes.
//
// a, c, w, y are the operands and the result of the run at hand.
type contraction[T float] struct {
	trilinearDims
	a, c, w, y []T
	tasks      int
	spare      *spare[[]T]
}

// trilinearRun chooses the form by the axis that is left out. An empty sum is 0.
func trilinearRun[T float](o Trilinear, in, _ []graph.Type) Run {
	d, _ := o.dims(in)
	k := &contraction[T]{trilinearDims: d}
	run := [...]func() func(){k.bindKronecker, k.bindMiddle, k.bindLast}[o.Out]()
	return func(dst, in []Buffer) {
		k.a, k.c, k.w, k.y = view[T](in[0]), view[T](in[1]), view[T](in[2]), view[T](dst[0])
		if len(k.y) == 0 {
			return
		}
		if d.n*d.p*d.q == 0 {
			clear(k.y)
			return
		}
		run()
	}
}

// spread runs a body over all tasks.
func (k *contraction[T]) spread(body func(lo, hi int)) func() {
	return func() { chunked(k.tasks, 1, k.b*k.n*k.p*k.q/16, body) }
}

// bindKronecker computes column i of y as the row sums of u∘(x·Wᵢᵀ), one product a column. Few columns are computed one after
// the other, by products that share the cores themselves.
func (k *contraction[T]) bindKronecker() func() {
	k.tasks = k.n
	if k.n < kronTasks {
		k.tasks = 1
	}
	k.spare = newSpare(func() *[]T { s := make([]T, k.b*k.p); return &s })
	return k.spread(func(lo, hi int) {
		if k.tasks == 1 {
			hi = k.n
		}
		z := k.spare.get()
		for i := lo; i < hi; i++ {
			kernels.Gemm(k.b, k.p, k.q, k.c, k.q, 1, k.w[i*k.p*k.q:], 1, k.q, *z, k.p, false)
			for r := range k.b {
				k.y[r*k.n+i] = kernels.Dot((*z)[r*k.p:(r+1)*k.p], k.a[r*k.p:(r+1)*k.p])
			}
		}
		k.spare.put(z)
	})
}

// kronTasks is the number of columns from which each is a task of its own.
const kronTasks = 8

// bindLast computes y = Σᵢ (gᵢ∘u)·Wᵢ in tasks, each of which goes over all i.
//
// Tasks share no element of y, so the sum over i has one order whatever the number of cores. They are some columns of all rows,
// at least 64 to keep the products efficient; the scaling is repeated for each task. Where there are few columns they are all
// columns of some rows.
func (k *contraction[T]) bindLast() func() {
	across, down := min(8, max(1, k.q/64)), 1
	if across == 1 {
		down = max(1, k.b/taskRows)
	}
	k.tasks = across * down
	k.spare = newSpare(func() *[]T { s := make([]T, k.b*k.p); return &s })
	return k.spread(func(lo, hi int) {
		scaled := k.spare.get()
		for t := lo; t < hi; t++ {
			row, col := t%down, t/down
			part := region{row * k.b / down, (row + 1) * k.b / down, col * k.q / across, (col + 1) * k.q / across}
			for i := range k.n {
				k.scale(*scaled, i, part)
				k.add(*scaled, i, part)
			}
		}
		k.spare.put(scaled)
	})
}

// taskRows is the number of rows from which a task has half of them.
const taskRows = 32

// region is some rows and columns of a result.
type region struct{ top, bottom, left, right int }

// scale writes g[r, i]·u[r] for the rows of a region.
func (k *contraction[T]) scale(dst []T, i int, t region) {
	for r := t.top; r < t.bottom; r++ {
		kernels.Scale(dst[r*k.p:(r+1)*k.p], k.c[r*k.p:(r+1)*k.p], k.a[r*k.n+i])
	}
}

// bindMiddle computes y = Σᵢ gᵢ∘(x·Wᵢᵀ): the products of several i are one, whose parts are weighted and added row by row. Scaled
// before the product, x would meet transposed matrices one by one.
func (k *contraction[T]) bindMiddle() func() {
	group := min(max(1, k.n), max(1, kronBlock/max(1, k.b*k.p)))
	z := make([]T, k.b*group*k.p)
	var at, m int // the group at hand
	add := func(lo, hi int) {
		for r := lo; r < hi; r++ {
			y := k.y[r*k.p:][:k.p]
			for i := range m {
				part, g := z[(r*m+i)*k.p:][:k.p], k.a[r*k.n+at+i]
				if at+i == 0 {
					kernels.Scale(y, part, g)
				} else {
					kernels.Axpy(y, g, part)
				}
			}
		}
	}
	return func() {
		for at = 0; at < k.n; at += group {
			m = min(group, k.n-at)
			kernels.Gemm(k.b, m*k.p, k.q, k.c, k.q, 1, k.w[at*k.p*k.q:], 1, k.q, z, m*k.p, false)
			chunked(k.b, grainOf(m*k.p), k.b*m*k.p, add)
		}
	}
}

// add adds (gᵢ∘u)·Wᵢ to a region of y.
func (k *contraction[T]) add(scaled []T, i int, t region) {
	kernels.Gemm(t.bottom-t.top, t.right-t.left, k.p, scaled[t.top*k.p:], k.p, 1, k.w[i*k.p*k.q+t.left:], k.q, 1,
		k.y[t.top*k.q+t.left:], k.q, i > 0)
}

// Kernel makes row after row, each the product (gᵢ∘u)ᵀ·x.
func (o TrilinearSum) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, trilinearSumRun[float32], trilinearSumRun[float64])
}

// tileRows is how many of the n·p rows of q numbers make a tile that stays in L2 while it is used.
func (d trilinearDims) tileRows() int { return max(1, min(d.p, kronBlock/max(1, d.q))) }

// sumDims are the sizes of a TrilinearSum.
func sumDims(in []graph.Type) trilinearDims {
	return trilinearDims{in[0].Shape.Dim(0), in[0].Shape.Dim(1), in[1].Shape.Dim(1), in[2].Shape.Dim(1)}
}

// trilinearSumRun computes dW (n×p·q), tile by tile: a tile is some rows j of one i.
func trilinearSumRun[T float](_ TrilinearSum, in, _ []graph.Type) Run {
	d := sumDims(in)
	rows := d.tileRows()
	down := (max(1, d.p)-1)/rows + 1
	scratch := newSpare(func() *[]T { s := make([]T, d.b*rows); return &s })
	var g, u, x, y []T
	body := func(lo, hi int) {
		s := scratch.get()
		for t := lo; t < hi; t++ {
			i, j := t/down, t%down*rows
			m := min(rows, d.p-j)
			outerTile(y[(i*d.p+j)*d.q:], *s, g, u, x, d, i, j, m)
		}
		scratch.put(s)
	}
	return func(dst, in []Buffer) {
		g, u, x, y = view[T](in[0]), view[T](in[1]), view[T](in[2]), view[T](dst[0])
		if len(y) == 0 {
			return
		}
		chunked(d.n*down, 1, d.b*len(y)/16, body)
	}
}

// outerTile computes m·q numbers of the sum, those of i and j…j+m−1: (gᵢ∘u_J)ᵀ·x.
func outerTile[T float](y, scratch, g, u, x []T, d trilinearDims, i, j, m int) {
	for r := range d.b {
		kernels.Scale(scratch[r*m:(r+1)*m], u[r*d.p+j:r*d.p+j+m], g[r*d.n+i])
	}
	kernels.Gemm(m, d.q, d.b, scratch, 1, m, x, d.q, 1, y, d.q, false)
}
