package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// How powers meet a matrix block by block. Block c of a row of u⊗x, read as a p×q matrix, covers the end of row
// h·c from column s·c on, h − 1 whole rows, and the beginning of row h·(c + 1), where G = h·q + s. So with b
// padded by zeros on both sides
//
//	T[r, c] = Σ_{d ≤ h} u[r, h·c + d]·z[r, c, d],    z[r, c, d] = Σₖ x[r, k]·b[d·q + k − s·c]
//
// For one d the matrix (c, k) ↦ b[d·q + k − s·c] is a Toeplitz matrix: rows of a small vector, each s further than the one
// below it. A product reads it by strides from a cache of the first level, and neither it nor u⊗x is ever formed: the
// order of all rows is turned round for strides to be positive. What is added up over d needs h + 1 of p·q/h
// operations.

// For p = 7, q = 6 and G = 14, h is 2 and s is 2: row 0 of u⊗x and row 1 and two columns of row 2 are block 0, the other four
// columns of row 2, row 3 and four of row 4 are block 1, and the rest is block 2.
//
//	row  0  0 0 0 0 0 0        block c begins at column 2c of row 2c: each one meets b two
//	     1  0 0 0 0 0 0        columns further than the one before it, which is what the strides
//	     2  0 0 1 1 1 1        of the view say
//	     3  1 1 1 1 1 1
//	     4  1 1 1 1 2 2
//	     5  2 2 2 2 2 2
//	     6  2 2 2 2 2 2
//
// The gradients are the same products with the sums over other indices: by u, z weighted with g; by x, (g·u)·b with the view
// as the right factor; by b, (g·u)ᵀ·x, whose rows are added where the view would have read them.

// blockChunk is the largest number of blocks of a task, two strips of a product with a panel; tasks depend on sizes alone.
const blockChunk = 26

// blockPanel is the number of rows of x that a product multiplies at a time, as columns of a panel.
const blockPanel = kernels.PanelWidth

// Kernel multiplies with views of b.
func (o BlockPowers) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, blockPowersRun[float32], blockPowersRun[float64])
}

// blockContraction is a BlockPowers bound to its sizes, with the operands of the run at hand.
type blockContraction[T float] struct {
	blockDims
	depth      int // rows of u⊗x that a block reaches
	tasks      int // chunks of blocks
	panels     int // of rows of x
	g, u, x, y []T
	pad        []T // L×(q + depth·q + q), b between zeros
	ut         []T // u transposed: p×R, or its panels one after the other
	xt         []T // x transposed, panel by panel, or panels of its columns
	sums       []T // of gradients, a part a task
	turn, cut  func(lo, hi int)
	spare      *spare[blockScratch[T]]
}

// blockScratch is what a task needs.
type blockScratch[T float] struct {
	kernels.PanelProduct[T]
	z, sum []T
}

// blockPowersRun binds the sizes; a run allocates nothing.
func blockPowersRun[T float](o BlockPowers, in, _ []graph.Type) Run {
	d, _ := o.dims(in)
	k := &blockContraction[T]{blockDims: d, depth: d.rows}
	if d.shift > 0 {
		k.depth++
	}
	k.tasks = (max(1, d.C)-1)/blockChunk + 1
	k.panels = (max(1, d.R)-1)/blockPanel + 1
	k.pad, k.ut, k.xt = make([]T, d.L*k.padded()), make([]T, d.R*d.p), make([]T, d.R*((d.q-1)/blockPanel+1)*blockPanel)
	if o.Out == 3 {
		k.sums = make([]T, d.L*k.tasks*k.padded())
	}
	wide := blockPanel
	if o.Out > 1 {
		wide = max(1, d.R)
	}
	k.spare = newSpare(func() *blockScratch[T] {
		return &blockScratch[T]{z: make([]T, min(blockChunk, max(1, d.C))*k.depth*wide), sum: make([]T, wide)}
	})
	k.turn, k.cut = k.transposePanels, k.cutPanels // bound once: a run allocates nothing
	body := [...]func(lo, hi int){k.forward, k.byLeft, k.byRight, k.byMatrix}[o.Out]
	return func(dst, in []Buffer) {
		var slots [4][]T
		for i, at := 0, 0; i < 4; i++ {
			if i != o.Out {
				slots[i] = view[T](in[at])
				at++
			}
		}
		k.g, k.u, k.x, k.y = slots[0], slots[1], slots[2], view[T](dst[0])
		clear(k.y)
		if d.R == 0 || d.L == 0 || d.p == 0 {
			return
		}
		k.place(o.Out, slots[3])
		switch o.Out {
		case 0:
			chunked(d.L*k.tasks*k.panels, 1, d.R*d.p*d.q/16, body)
		case 3:
			chunked(d.L*k.tasks, 1, d.R*d.p*d.q/16, body)
		default: // chunks share results: products within them are for several cores
			body(0, d.L*k.tasks)
		}
		if o.Out == 3 {
			k.gather()
		}
	}
}

// padded is the length of a row of b with its zeros.
func (k *blockContraction[T]) padded() int { return (k.depth + 2) * k.q }

// place copies the operands to where products read them: b between zeros, u and x transposed, or x in panels for products
// that add up over its rows.
func (k *blockContraction[T]) place(out int, b []T) {
	if out != 3 {
		for l := range k.L {
			copy(k.pad[l*k.padded()+k.q:], b[l*k.G:(l+1)*k.G])
		}
	}
	switch {
	case out < 2:
		chunked(k.panels, 1, k.R*(k.p+k.q), k.turn)
	case out == 3 && k.q >= blockPanel:
		chunked((k.q-1)/blockPanel+1, placeGrain, k.R*k.q, k.cut)
		fallthrough
	default:
		kernels.Transpose(k.ut, k.u, k.R, k.p)
	}
}

// placeGrain is the number of panels of x that are copied at a time.
const placeGrain = 4

// transposePanels turns rows of x and u, panel by panel.
func (k *blockContraction[T]) transposePanels(lo, hi int) {
	for r := lo * blockPanel; r < min(hi*blockPanel, k.R); r += blockPanel {
		w := min(blockPanel, k.R-r)
		kernels.Transpose(k.xt[r*k.q:(r+w)*k.q], k.x[r*k.q:(r+w)*k.q], w, k.q)
		if k.u != nil { // the gradient by u reads none
			kernels.Transpose(k.ut[r*k.p:(r+w)*k.p], k.u[r*k.p:(r+w)*k.p], w, k.p)
		}
	}
}

// cutPanels copies columns of x: panel after panel, each of R rows. The last one ends with x, and what it has of columns of
// the one before is 0.
func (k *blockContraction[T]) cutPanels(lo, hi int) {
	for at := lo; at < hi; at++ {
		from := k.panelAt(at)
		for r := range k.R {
			row := k.xt[(at*k.R+r)*blockPanel:][:blockPanel]
			copy(row, k.x[r*k.q+from:])
			clear(row[:at*blockPanel-from])
		}
	}
}

// panelAt is the column of x with which a panel begins.
func (k *blockContraction[T]) panelAt(panel int) int { return min(panel*blockPanel, k.q-blockPanel) }

// chunk is task t: row l of b, and blocks lo…hi−1.
func (k *blockContraction[T]) chunk(t int) (l, lo, hi int) {
	at := t % k.tasks
	return t / k.tasks, at * k.C / k.tasks, (at + 1) * k.C / k.tasks
}

// products computes z for blocks lo…hi−1 and rows r…r+w−1: row (hi − 1 − c)·depth + d of z is that of c and d.
func (k *blockContraction[T]) products(s *blockScratch[T], l, lo, hi, r, w int) {
	for d := range k.depth {
		from, to := 0, k.q
		if d == 0 { // columns before those of the first block, and from the end of the last one on, meet zeros
			from = min(k.shift*lo, k.q-1)
		} else if d == k.rows {
			to = max(1, min(k.q, k.shift*hi))
		}
		pad := k.pad[l*k.padded()+(d+1)*k.q-k.shift*(hi-1)+from:]
		x, z := k.xt[r*k.q+from*w:], s.z[d*w:]
		if w == blockPanel {
			s.Multiply(hi-lo, to-from, pad, k.shift, x, z, k.depth*w, false)
		} else {
			kernels.Gemm(hi-lo, w, to-from, pad, k.shift, 1, x, w, 1, z, k.depth*w, false)
		}
	}
}

// forward computes parts of T: each is some rows of a chunk.
func (k *blockContraction[T]) forward(first, last int) {
	s := k.spare.get()
	for t := first; t < last; t++ {
		l, lo, hi := k.chunk(t / k.panels)
		r := t % k.panels * blockPanel
		w := min(blockPanel, k.R-r)
		k.products(s, l, lo, hi, r, w)
		for c := lo; c < hi; c++ {
			rows := min(k.depth, k.p-c*k.rows)
			z := s.z[(hi-1-c)*k.depth*w:][:rows*w]
			kernels.Mul(z, z, k.ut[r*k.p+c*k.rows*w:][:rows*w])
			kernels.SumColumns(s.sum[:w], z, rows, w)
			for i, v := range s.sum[:w] {
				k.y[(r+i)*k.C*k.L+c*k.L+l] = v
			}
		}
	}
	k.spare.put(s)
}

// byLeft adds g·z to the columns of u's gradient.
func (k *blockContraction[T]) byLeft(first, last int) {
	s := k.spare.get()
	for t := first; t < last; t++ {
		l, lo, hi := k.chunk(t)
		for r := 0; r < k.R; r += blockPanel {
			w := min(blockPanel, k.R-r)
			k.products(s, l, lo, hi, r, w)
			for c := lo; c < hi; c++ {
				for i := range w {
					g := k.g[(r+i)*k.C*k.L+c*k.L+l]
					y := k.y[(r+i)*k.p+c*k.rows:]
					for d := range min(k.depth, k.p-c*k.rows) {
						y[d] += g * s.z[((hi-1-c)*k.depth+d)*w+i]
					}
				}
			}
		}
	}
	k.spare.put(s)
}

// weights computes g·u for blocks lo…hi−1 and all rows r, in the order of z.
func (k *blockContraction[T]) weights(s *blockScratch[T], l, lo, hi int) {
	for c := lo; c < hi; c++ {
		for r := range k.R {
			s.sum[r] = k.g[r*k.C*k.L+c*k.L+l]
		}
		for d := range k.depth {
			out := s.z[((hi-1-c)*k.depth+d)*k.R:][:k.R]
			if j := c*k.rows + d; j < k.p {
				kernels.Mul(out, k.ut[j*k.R:][:k.R], s.sum)
			} else {
				clear(out)
			}
		}
	}
}

// byRight adds (g·u)·b to x's gradient.
func (k *blockContraction[T]) byRight(first, last int) {
	s := k.spare.get()
	for t := first; t < last; t++ {
		l, lo, hi := k.chunk(t)
		k.weights(s, l, lo, hi)
		for d := range k.depth {
			at := l*k.padded() + (d+1)*k.q - k.shift*(hi-1)
			kernels.Gemm(k.R, k.q, hi-lo, s.z[d*k.R:], 1, k.depth*k.R, k.pad[at:], k.shift, 1, k.y, k.q, true)
		}
	}
	k.spare.put(s)
}

// byMatrix computes the part of b's gradient that a chunk has: for each block one product, of which row d goes to
// column d·q − s·c.
func (k *blockContraction[T]) byMatrix(first, last int) {
	s := k.spare.get()
	for t := first; t < last; t++ {
		l, lo, hi := k.chunk(t)
		sum := k.sums[t*k.padded() : (t+1)*k.padded()]
		clear(sum)
		k.weights(s, l, lo, hi)
		if k.q < blockPanel {
			for c := lo; c < hi; c++ {
				kernels.Gemm(k.depth, k.q, k.R, s.z[(hi-1-c)*k.depth*k.R:], k.R, 1, k.x, k.q, 1, sum[k.q-k.shift*c:], k.q, true)
			}
			continue
		}
		for panel := range (k.q-1)/blockPanel + 1 {
			x, at := k.xt[panel*k.R*blockPanel:], k.panelAt(panel)
			for c := lo; c < hi; c++ {
				first, last := 0, k.depth // rows of u⊗x of which the block has some of these columns
				if at+blockPanel <= k.shift*c {
					first = 1
				}
				if k.shift > 0 && at >= k.shift*(c+1) {
					last--
				}
				z := s.z[((hi-1-c)*k.depth+first)*k.R:]
				s.Multiply(last-first, k.R, z, k.R, x, sum[(1+first)*k.q+at-k.shift*c:], k.q, true)
			}
		}
	}
	k.spare.put(s)
}

// gather adds up the parts of b's gradient in their order; what fell outside of b met zeros.
func (k *blockContraction[T]) gather() {
	for t := range k.L * k.tasks {
		y := k.y[t/k.tasks*k.G:][:k.G]
		kernels.Add(y, y, k.sums[t*k.padded()+k.q:][:k.G])
	}
}
