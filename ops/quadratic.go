package ops

import (
	"fmt"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Quadratic is [Trilinear] over pairs of columns of one matrix, u (b×p) and its last q = p − Lead columns under W
// (n×p·q):
//
//	y[r, i] = Σⱼₖ u[r, j]·u[r, Lead + k]·w[i, j, k]
//
// that is n quadratic forms of each row, and forms linear in the leading columns besides, such as the linear terms of
// a polynomial if those are 1. Since xⱼxₖ = xₖxⱼ, half of the products will do (see kernels.FoldedProduct).
type Quadratic struct{ Lead int }

var _ = register(
	Sample{Op: Quadratic{1}, In: []graph.Type{f64(5, 4), f64(2, 12)}, Order: 2},
	Sample{Op: Quadratic{0}, In: []graph.Type{f64(3, 3), f64(9, 9)}, Order: 2},
	Sample{Op: Quadratic{2}, In: []graph.Type{f64(2, 2), f64(1, 0)}},
)

// HostOnly says that the pass that makes it is one for the CPU.
func (Quadratic) HostOnly() {}

// Name shows the number of leading columns.
func (o Quadratic) Name() string { return fmt.Sprintf("Quadratic{%d leading}", o.Lead) }

// Infer wants a matrix and a W with a row of p·q for every result.
func (o Quadratic) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 2 {
		return nil, errOperands(2, in)
	}
	u, w := in[0].Shape, in[1].Shape
	if in[0].DType != in[1].DType || !in[0].DType.IsFloat() {
		return nil, errSame(in)
	}
	if u.Rank() != 2 || w.Rank() != 2 || o.Lead < 0 || o.Lead > u.Dim(1) || w.Dim(1) != u.Dim(1)*(u.Dim(1)-o.Lead) {
		return nil, fmt.Errorf("operands %v and W %v with %d leading columns; want u (b×p) and W (n×p·(p−lead))", u, w, o.Lead)
	}
	return []graph.Type{in[0].Of(u.Dim(0), w.Dim(0))}, nil
}

// Eval evaluates the expansion.
func (o Quadratic) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused is the form in two matrices.
func (o Quadratic) Unfused(in []*graph.Node) []*graph.Node {
	u := in[0]
	return []*graph.Node{KroneckerProduct(u, SliceAxis(u, 1, o.Lead, u.Shape().Dim(1)), in[1])}
}

// Kernel multiplies with W folded, block of columns by block of columns.
func (o Quadratic) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, quadraticRun[float32], quadraticRun[float64])
}

// quadratic is a [Quadratic] bound to its sizes. z is room for one form of all rows a task where tasks are whole forms,
// or for all forms where a task is some pairs of blocks: of the first and the last block of a form, the second and the last
// but one, and so on, which are the same work.
type quadratic[T float] struct {
	b, n, p, q, lead int
	u, w, y          []T
	pairs            int // of blocks of a form; 0 if a form is a task
	z                []T
	spare            *spare[quadraticScratch[T]]
}

// quadraticScratch is what a task needs.
type quadraticScratch[T float] struct {
	*kernels.Folded[T]
	z []T
}

// A task of pairs of blocks is of pairsOfTask of them, so that for most of them the next one is known.
const pairsOfTask = 3

// wholeForms is the number of forms from which each is a task of its own.
const wholeForms = 8

// quadraticRun binds the sizes.
func quadraticRun[T float](o Quadratic, in, _ []graph.Type) Run {
	k := &quadratic[T]{b: in[0].Shape.Dim(0), p: in[0].Shape.Dim(1), n: in[1].Shape.Dim(0), lead: o.Lead}
	k.q = k.p - k.lead
	size := k.b * k.q
	if blocks := kernels.FoldedBlocks(k.q); k.n < wholeForms {
		k.pairs, k.z, size = (blocks+1)/2, make([]T, k.n*k.b*k.q), 0
	}
	k.spare = newSpare(func() *quadraticScratch[T] {
		return &quadraticScratch[T]{kernels.NewFolded[T](k.q), make([]T, size)}
	})
	forms, pairs, sums := k.forms, k.blocks, k.sums // bound once: a run allocates nothing
	return func(dst, in []Buffer) {
		k.u, k.w, k.y = view[T](in[0]), view[T](in[1]), view[T](dst[0])
		switch work := k.n * k.b * k.p * k.q; {
		case work == 0:
			clear(k.y)
		case k.pairs == 0:
			chunked(k.n, 1, work/16, forms)
		default:
			chunked(k.n*k.pairs, pairsOfTask, work/16, pairs)
			chunked(k.n, 1, k.n*k.b*k.p, sums)
		}
	}
}

// forms computes forms lo…hi−1, each as a whole.
func (k *quadratic[T]) forms(lo, hi int) {
	s, blocks := k.spare.get(), kernels.FoldedBlocks(k.q)
	for i := lo; i < hi; i++ {
		for block := range blocks {
			if block+1 < blocks {
				s.Next(k.form(i), block+1)
			} else if i+1 < hi {
				s.Next(k.form(i+1), 0)
			}
			k.block(s.z, i, block, s.Folded)
		}
		k.sum(s.z, i)
	}
	k.spare.put(s)
}

// form is W of form i but for the leading columns.
func (k *quadratic[T]) form(i int) []T { return k.w[(i*k.p+k.lead)*k.q:] }

// blocks computes pairs of blocks lo…hi−1.
func (k *quadratic[T]) blocks(lo, hi int) {
	s := k.spare.get()
	last := kernels.FoldedBlocks(k.q) - 1
	for t := lo; t < hi; t++ {
		if t+1 < hi {
			i, first := (t+1)/k.pairs, (t+1)%k.pairs
			s.Next(k.form(i), last-first)
			s.Next(k.form(i), first)
		}
		i, first := t/k.pairs, t%k.pairs
		z := k.z[i*k.b*k.q:]
		if k.block(z, i, last-first, s.Folded); last-first > first {
			k.block(z, i, first, s.Folded)
		}
	}
	k.spare.put(s)
}

// sums adds up forms lo…hi−1 once all blocks are there.
func (k *quadratic[T]) sums(lo, hi int) {
	for i := lo; i < hi; i++ {
		k.sum(k.z[i*k.b*k.q:], i)
	}
}

// block computes a block of z for form i.
func (k *quadratic[T]) block(z []T, i, block int, f *kernels.Folded[T]) {
	kernels.FoldedProduct(z, k.q, k.u[k.lead:], k.p, k.b, k.form(i), block, f)
}

// sum makes form i of z, xᵀz, and of the leading columns, each times a row of W and x.
func (k *quadratic[T]) sum(z []T, i int) {
	w := k.w[i*k.p*k.q:]
	for r := range k.b {
		u := k.u[r*k.p:][:k.p]
		x := u[k.lead:]
		y := kernels.Dot(z[r*k.q:][:k.q], x)
		for j, v := range u[:k.lead] {
			y += v * kernels.Dot(w[j*k.q:][:k.q], x)
		}
		k.y[r*k.n+i] = y
	}
}
