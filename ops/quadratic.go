package ops

import (
	"fmt"
	"math"
	"runtime"

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

// quadratic is a [Quadratic] bound to its sizes. All threads get equally many whole forms, in groups that lie side by side in
// W; of the forms that are left, fewer than there are threads, each is cut into a piece for every thread. Tasks stand in the
// order of threads, each one's groups before its pieces: a thread begins with a share of neighbouring tasks, and were all pieces
// last, some threads would begin with a group more than others, and be waited for.
type quadratic[T float] struct {
	b, n, p, q, lead      int
	u, w, y               []T
	whole, groups, pieces int // whole forms, groups of them for a thread, and pieces of each of the others, one for a thread
	z                     []T // of the forms in pieces
	spare                 *spare[quadraticScratch[T]]
}

// quadraticScratch is what a task needs: z is that of one form.
type quadraticScratch[T float] struct {
	*kernels.Folded[T]
	z []T
}

// quadraticRun binds the sizes.
func quadraticRun[T float](o Quadratic, in, _ []graph.Type) Run {
	k := &quadratic[T]{b: in[0].Shape.Dim(0), p: in[0].Shape.Dim(1), n: in[1].Shape.Dim(0), lead: o.Lead}
	k.q = k.p - k.lead
	k.spare = newSpare(func() *quadraticScratch[T] {
		return &quadraticScratch[T]{kernels.NewFolded[T](k.q, k.lead), make([]T, k.b*k.q)}
	})
	tasks, sums := k.tasks, k.sums // bound once: a run allocates nothing
	return func(dst, in []Buffer) {
		k.u, k.w, k.y = view[T](in[0]), view[T](in[1]), view[T](dst[0])
		work := k.n * k.b * k.p * k.q
		if work == 0 {
			clear(k.y)
			return
		}
		k.share(runtime.GOMAXPROCS(0))
		rest := k.n - k.whole
		chunked((k.groups+rest)*k.pieces, 1, work/16, tasks)
		chunked(rest, 1, rest*k.b*k.p, sums)
	}
}

// groupsOfThread is the number of groups of whole forms for a thread. What a group reads first nobody has asked for in advance, so
// they are few; but with one only, threads would wait for the slowest.
const groupsOfThread = 2

// share divides the forms among threads. No result depends on it: every sum is within one block of one form.
func (k *quadratic[T]) share(threads int) {
	each := k.n / threads
	k.whole, k.groups, k.pieces = each*threads, min(each, groupsOfThread), threads
	if threads == 1 {
		k.groups = 1
	}
	if size := (k.n - k.whole) * k.b * k.q; len(k.z) != size {
		k.z = make([]T, size)
	}
}

// tasks does groups of forms, and pieces of others.
func (k *quadratic[T]) tasks(lo, hi int) {
	s := k.spare.get()
	each := k.groups + k.n - k.whole // tasks of a thread
	for t := lo; t < hi; t++ {
		thread, i := t/each, t%each
		if i < k.groups {
			group, groups := thread*k.groups+i, k.pieces*k.groups
			k.forms(s, group*k.whole/groups, (group+1)*k.whole/groups)
		} else {
			k.piece(s, i-k.groups, thread)
		}
	}
	k.spare.put(s)
}

// forms computes forms lo…hi−1, each as a whole.
func (k *quadratic[T]) forms(s *quadraticScratch[T], lo, hi int) {
	s.Stream(k.w[lo*k.p*k.q : hi*k.p*k.q])
	for i := lo; i < hi; i++ {
		k.blocks(s.z, i, 0, kernels.FoldedBlocks(k.q), s.Folded)
		k.sum(s.z, i)
	}
}

// piece computes the blocks of a piece of a form that is in pieces.
func (k *quadratic[T]) piece(s *quadraticScratch[T], form, piece int) {
	i, first, last := k.whole+form, k.cut(piece), k.cut(piece+1)
	row := func(block int) int { return i*k.p + k.lead + kernels.FoldedColumns(k.q, block) }
	s.Stream(k.w[row(first)*k.q : row(last)*k.q])
	k.blocks(k.z[form*k.b*k.q:], i, first, last, s.Folded)
}

// cut is the block with which a piece begins: so many pieces are as much work in all as so many blocks, whose sums have the
// more terms the later they are.
func (k *quadratic[T]) cut(piece int) int {
	return int(math.Round(float64(kernels.FoldedBlocks(k.q)) * math.Sqrt(float64(piece)/float64(k.pieces))))
}

// sums adds up forms in pieces once all blocks are there.
func (k *quadratic[T]) sums(lo, hi int) {
	for form := lo; form < hi; form++ {
		k.sum(k.z[form*k.b*k.q:], k.whole+form)
	}
}

// blocks computes blocks first…last−1 of z for form i.
func (k *quadratic[T]) blocks(z []T, i, first, last int, f *kernels.Folded[T]) {
	for block := first; block < last; block++ {
		kernels.FoldedProduct(z, k.q, k.u, k.p, k.b, k.w[i*k.p*k.q:], block, f)
	}
}

// sum makes form i of z: xᵀz.
func (k *quadratic[T]) sum(z []T, i int) {
	for r := range k.b {
		k.y[r*k.n+i] = kernels.Dot(z[r*k.q:][:k.q], k.u[r*k.p+k.lead:][:k.q])
	}
}
