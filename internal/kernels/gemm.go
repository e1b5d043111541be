package kernels

import "runtime"

// product is a checked batch of C_z = A_z·B_z (+ C_z), all operands by strides.
//
// rs and cs are the distances in elements between rows and between columns, bs between the products of
// a batch. then is nil or what [GemmThen] was given.
type product[T Float] struct {
	batch, m, n, k int
	a, b, c        []T
	rsA, csA, bsA  int
	rsB, csB, bsB  int
	ldc, bsC       int
	accumulate     bool
	streamed       bool // a part of a sum whose B is read once, from memory
	packed         []T  // all of B in panels, where blocks share it; else nil
	then           func(lo, hi int)
	relu           bool    // C is replaced by max(C, 0) in the end, before then
	rectified      bool    // and tiles do that
	next           uintptr // unless 0, memory that is wanted after the product: tiles ask for it
	share          int     // bytes of it for each term of a tile
}

// flops is the work of the whole batch.
func (p *product[T]) flops() float64 {
	return 2 * float64(p.batch) * float64(p.m) * float64(p.n) * float64(p.k)
}

// gemmJob is a product cut into blocks of C, with its body for Parallel built
// once, so that a product in steady state allocates nothing.
type gemmJob[T Float] struct {
	product[T]
	rows, cols int // of a block
	across     int // blocks along n
	down       int // blocks along m
	run, pack  func(lo, hi int)
	panels     []T // memory of packed
}

// scratch is what one block in progress needs. The slices are made when first
// used, in the one size that the table in use asks for.
type scratch[T Float] struct {
	rows, panels []T                // A and B made contiguous
	parts        []T                // of long sums
	panel        [depth][width]T    // of B, row by row
	column       [depth]T           // of B
	sums         [48][columnPanel]T // of columns: one row for each halving
	tile         tileArgs
	dots         dotArgs
	turned       product[T] // the transposed product of a narrow one
	across       []T        // and its result
	columns      []T        // of B, each along the sum
}

// atLeast returns buf, or a new buffer if it is shorter than n.
func atLeast[T Float](buf []T, n int) []T {
	if len(buf) < n {
		buf = make([]T, n)
	}
	return buf
}

// serialFlops is the work 2mnk below which handing blocks to other cores costs
// more than it gains.
const serialFlops = 1e6

// Gemm computes C = A·B, or C = A·B + C if accumulate is set.
//
//	A (m×k): A[i,p] = a[i·rsA + p·csA]
//	B (k×n): B[p,j] = b[p·rsB + j·csB]
//	C (m×n): C[i,j] = c[i·ldc + j],  ldc ≥ n
//
// Strides are ≥ 0: (k, 1) is row-major, (1, m) reads a transpose, 0 repeats. For
// k = 0 the product is zero. c must not overlap a or b. Each C[i,j] is summed
// over p in an order that depends on (m, n, k) and the strides alone.
func Gemm[T Float](m, n, k int, a []T, rsA, csA int, b []T, rsB, csB int, c []T, ldc int, accumulate bool) {
	GemmBatch(1, m, n, k, a, rsA, csA, 0, b, rsB, csB, 0, c, ldc, 0, accumulate)
}

// GemmBatch computes batch products as Gemm does, the z-th one on a[z·bsA:],
// b[z·bsB:] and c[z·bsC:]. A batch stride of 0 shares A or B between the
// products. The results must not overlap; they may be interleaved row by row
// (bsC ≥ n and ldc ≥ (batch−1)·bsC + n).
func GemmBatch[T Float](batch, m, n, k int, a []T, rsA, csA, bsA int, b []T, rsB, csB, bsB int, c []T, ldc, bsC int, accumulate bool) {
	p := product[T]{
		batch: batch, m: m, n: n, k: k,
		a: a, rsA: rsA, csA: csA, bsA: bsA,
		b: b, rsB: rsB, csB: csB, bsB: bsB,
		c: c, ldc: ldc, bsC: bsC,
		accumulate: accumulate,
	}
	p.compute()
}

// GemmThen computes batch products without gaps, c of batch·m·n elements, and
// calls then(lo, hi) for stretches c[lo:hi] as soon as they are done, each element
// once, while they are in cache: what follows a product element by element costs
// no trip to memory. Stretches are whole rows, or parts of rows where n is large;
// then is called from several goroutines at once.
func GemmThen[T Float](batch, m, n, k int, a []T, rsA, csA, bsA int, b []T, rsB, csB, bsB int, c []T, then func(lo, hi int)) {
	p := product[T]{
		batch: batch, m: m, n: n, k: k,
		a: a, rsA: rsA, csA: csA, bsA: bsA,
		b: b, rsB: rsB, csB: csB, bsB: bsB,
		c: c, ldc: n, bsC: m * n,
		then: then,
	}
	p.compute()
}

// GemmRelu computes batch products without gaps, c of batch·m·n elements, and replaces each element by its [Relu]: while it
// is still in a register, where tiles compute the product.
func GemmRelu[T Float](batch, m, n, k int, a []T, rsA, csA, bsA int, b []T, rsB, csB, bsB int, c []T) {
	p := product[T]{
		batch: batch, m: m, n: n, k: k,
		a: a, rsA: rsA, csA: csA, bsA: bsA,
		b: b, rsB: rsB, csB: csB, bsB: bsB,
		c: c, ldc: n, bsC: m * n,
		relu: true,
	}
	p.compute()
}

// compute checks the product and computes it in the way that suits its size.
//
// Four ways: nothing to add up; so small that packing costs more than the product; long sums in
// parts; blocks.
func (p *product[T]) compute() {
	p.check()
	switch {
	case p.batch == 0 || p.m == 0 || p.n == 0:
	case p.k == 0:
		p.zero()
		p.finish(0, 0, p.batch*p.m, 0, p.n)
	case p.batch == 1 && p.m*p.n*p.k <= engineOf[T]().direct:
		direct(p, 0, 0, p.m, 0, p.n)
		p.finish(0, 0, p.m, 0, p.n)
	case p.isLong() || p.streams():
		p.long()
	default:
		p.start()
	}
}

// finish does what follows for C[i0:i1, j0:j1] of product z: the relu, unless tiles have done it, and then.
func (p *product[T]) finish(z, i0, i1, j0, j1 int) {
	if p.relu && !p.rectified {
		for i := i0; i < i1; i++ {
			row := p.c[z*p.bsC+i*p.ldc:][j0:j1]
			Relu(row, row)
		}
	}
	if p.then == nil {
		return
	}
	at := z*p.bsC + i0*p.ldc + j0
	if j1-j0 == p.n {
		p.then(at, at+(i1-i0)*p.n)
		return
	}
	for range i1 - i0 {
		p.then(at, at+j1-j0)
		at += p.ldc
	}
}

// check panics unless every element that the strides reach exists.
func (p *product[T]) check() {
	if p.batch < 0 || p.m < 0 || p.n < 0 || p.k < 0 {
		panicf("kernels.Gemm: negative size in batch %d of (%d×%d)·(%d×%d)", p.batch, p.m, p.k, p.k, p.n)
	}
	if p.batch == 0 || p.m == 0 || p.n == 0 {
		return
	}
	checkReach("A", len(p.a), p.m, p.k, p.rsA, p.csA, p.batch, p.bsA)
	checkReach("B", len(p.b), p.k, p.n, p.rsB, p.csB, p.batch, p.bsB)
	checkReach("C", len(p.c), p.m, p.n, p.ldc, 1, p.batch, p.bsC)
	if p.m > 1 && p.ldc < p.n {
		panicf("kernels.Gemm: ldc %d is smaller than the %d columns of C", p.ldc, p.n)
	}
	stacked := p.bsC >= (p.m-1)*p.ldc+p.n
	interleaved := p.bsC >= p.n && p.ldc >= (p.batch-1)*p.bsC+p.n
	if p.batch > 1 && !stacked && !interleaved {
		panicf("kernels.GemmBatch: batch stride %d makes results of %d×%d with ldc %d overlap", p.bsC, p.m, p.n, p.ldc)
	}
}

// checkReach panics unless n elements hold a batch of rows×cols matrices.
func checkReach(name string, n, rows, cols, rs, cs, batch, bs int) {
	if rows == 0 || cols == 0 {
		return
	}
	if rs < 0 || cs < 0 || bs < 0 {
		panicf("kernels.Gemm: %s has negative strides (%d, %d, %d)", name, bs, rs, cs)
	}
	if need := (batch-1)*bs + (rows-1)*rs + (cols-1)*cs + 1; n < need {
		panicf("kernels.Gemm: %s has %d elements; %d×(%d×%d) with strides (%d, %d, %d) needs %d",
			name, n, batch, rows, cols, bs, rs, cs, need)
	}
}

// zero is the product over an empty sum.
func (p *product[T]) zero() {
	if p.accumulate {
		return
	}
	for z := range p.batch {
		for i := range p.m {
			clear(p.c[z*p.bsC+i*p.ldc:][:p.n])
		}
	}
}

// start cuts C into blocks and runs them, on all cores if that pays.
func (p *product[T]) start() {
	e := engineOf[T]()
	j := e.jobs.Get()
	if j == nil {
		j = new(gemmJob[T])
		j.run, j.pack = j.blocks, j.packs
	}
	j.product = *p
	j.rectified = p.relu && e.rectifies != nil && e.rectifies(&j.product)
	cores := 1
	if p.flops() > serialFlops {
		cores = runtime.GOMAXPROCS(0)
	}
	j.rows, j.cols = e.cut(&j.product, cores) // p itself would escape to the heap
	j.down = (p.m-1)/j.rows + 1
	j.across = (p.n-1)/j.cols + 1
	if size, tasks := e.shared(&j.product, j.down); size > 0 {
		j.panels = atLeast(j.panels, size)
		j.packed = j.panels[:size]
		Parallel(tasks, 1, j.pack)
	}
	tasks := p.batch * j.down * j.across
	if cores > 1 {
		// Several blocks to a chunk where they are many and small.
		Parallel(tasks, max(1, tasks/64), j.run)
	} else {
		j.blocks(0, tasks)
	}
	j.product = product[T]{} // let go of the operands
	e.jobs.Put(j)
}

// packs makes panels of parts lo to hi−1 of B.
func (j *gemmJob[T]) packs(lo, hi int) { engineOf[T]().packShared(&j.product, lo, hi) }

// blocks computes blocks lo to hi−1 of C, counted along n, then m, then batch.
//
// t counts blocks along n first, so that neighbours read the same rows of A, which are in cache.
func (j *gemmJob[T]) blocks(lo, hi int) {
	e := engineOf[T]()
	s := e.scratch.Get()
	if s == nil {
		s = new(scratch[T])
	}
	block := e.block
	if j.m*j.n*j.k <= e.direct { // as GemmBatch decides for one product
		block = directBlock[T]
	}
	for t := lo; t < hi; t++ {
		j0 := t % j.across * j.cols
		i0 := t / j.across % j.down * j.rows
		z := t / j.across / j.down
		i1, j1 := min(i0+j.rows, j.m), min(j0+j.cols, j.n)
		block(&j.product, s, z, i0, i1, j0, j1)
		j.finish(z, i0, i1, j0, j1)
	}
	e.scratch.Put(s)
}
