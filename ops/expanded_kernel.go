package ops

import (
	"slices"
	"unsafe"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// How features are made. Operands of the batch are turned once, (b×m) → (m×b), which is little; under that order of axes the
// steps of κ are what they were, with the batch as their last axis:
//
//	(64×784×10) of (64×784×1) and (10)      becomes      (784×10×64) of (784×1×64) and (10×1)
//
// Some features of all rows are then contiguous, and a product reads them as its second factor in place.
const (
	// featureBytes is how much of a cache the features of a bundle fill.
	featureBytes = 1 << 18
	// productGroups is the number of parts of the sum over features, each of which a core adds up by itself. They are added up
	// in their order, so that results do not depend on how many cores there are.
	productGroups = 16
	// leastBundle is the number of features from which a sum is long enough to be one of several: below, bundles are not made
	// smaller to have one for each of the groups.
	leastBundle = 256
	// gradColumns is the number of columns of κ that a tile of a gradient has at most; it is a multiple of gradUnit, whole
	// panels of the product.
	gradColumns = 512
	gradUnit    = 32
	// sumChunk is the number of elements of a sum of parts that a core adds up at a time. Most of what it reads then comes
	// from caches of other cores, and that is slow enough for little to be worth sharing.
	sumChunk = 1 << 10
)

// features makes features of the operands of a run. fill writes features lo to hi−1 of every result of a source, nil for
// an operand that is read in place; one writes those of a single result.
type features[T float] struct {
	*expansion
	rows     int
	operands [][]T // of the program: those that are cut turned, others as they are
	turned   []int // operands that somebody reads turned
	begins   []func()
	fill     []func(dst [][]T, lo, hi int)
	one      [][]func(dst [][]T, lo, hi int)
}

// newFeatures binds the sources of κ to operands of the types that follow the first, which is the product's own.
func newFeatures[T float](p *RowProgram, in []graph.Type) *features[T] {
	e, _ := p.expansion(in, 1) // has been asked by Infer
	f := &features[T]{expansion: e, rows: p.Rows, operands: make([][]T, len(p.Cut))}
	for v, cut := range p.Cut {
		if cut {
			f.turned = append(f.turned, v)
			f.operands[v] = make([]T, in[1+v].Shape.Size())
		}
	}
	for _, s := range e.sources {
		var fill func(dst [][]T, lo, hi int)
		var one []func(dst [][]T, lo, hi int)
		if s.step >= 0 {
			switch op := p.Steps[s.step].Op.(type) {
			case BSpline:
				fill = f.splines(op, p.Steps[s.step])
				one = append(one, fill)
			case Elementwise:
				fill = f.elementwise(op, p.Steps[s.step])
				for r := range s.results {
					one = append(one, f.elementwise(op.only(r), p.Steps[s.step]))
				}
			}
		}
		f.fill, f.one = append(f.fill, fill), append(f.one, one)
	}
	return f
}

// load turns the operands of a run, of which the first is the product's own.
func (f *features[T]) load(in [][]T) {
	for v, x := range in[1:] {
		if !slices.Contains(f.turned, v) {
			f.operands[v] = x
		}
	}
	for _, v := range f.turned {
		kernels.Transpose(f.operands[v], in[1+v], f.rows, len(in[1+v])/max(1, f.rows))
	}
	for _, begin := range f.begins {
		begin()
	}
}

// splines makes bases of splines: those of an entry are as many rows.
func (f *features[T]) splines(op BSpline, s RowStep) func(dst [][]T, lo, hi int) {
	v, width, b := f.root[s.In[0]], op.T+op.D, f.rows
	lowest, cell := T(op.Lo), T((op.Hi-op.Lo)/float64(op.T))
	return func(dst [][]T, lo, hi int) {
		x := f.operands[v][lo/width*b : hi/width*b]
		kernels.CubicSplineRows(dst[0][:len(x)*width], x, b, width, lowest, cell)
	}
}

// elementwise runs the chain of a step with the batch as its last axis.
func (f *features[T]) elementwise(op Elementwise, s RowStep) func(dst [][]T, lo, hi int) {
	b, rank := f.rows, op.Shape.Rank()
	types := make([]graph.Type, len(s.In))
	for i, v := range s.In {
		types[i] = graph.Type{DType: f.kappa.DType, Shape: batchLast(f.values[v].Shape, rank)}
	}
	op.Shape = batchLast(op.Shape, rank)
	c := newChain[T](op, types)
	c.compile(op.Prog, true)
	f.begins = append(f.begins, func() {
		for i, v := range s.In {
			c.in[i] = f.operands[f.root[v]]
		}
		c.begin()
	})
	return func(dst [][]T, lo, hi int) { c.spanTo(dst, lo*b, hi*b) }
}

// batchLast moves the first axis of a shape of so many axes to the end; a shape of fewer repeats along it.
func batchLast(s graph.Shape, rank int) graph.Shape {
	switch dims := s.Dims(); {
	case len(dims) == 0:
		return s
	case len(dims) == rank:
		return graph.Sh(append(slices.Clone(dims[1:]), dims[0])...)
	default:
		return s.Append(1)
	}
}

// only is the chain with one of its results, and what that needs.
func (o Elementwise) only(r int) Elementwise {
	code, first := o.Prog.Instrs(), o.Prog.first()
	out := int(o.Prog.Out.Slice()[r])
	needed := make([]bool, first+len(code))
	needed[out] = true
	for i := len(code) - 1; i >= 0; i-- {
		if needed[first+i] {
			for _, v := range operandsOf(code[i]) {
				needed[v] = true
			}
		}
	}
	number := make([]int, first+len(code))
	var left []Instr
	for v := range number {
		number[v] = v
		if v < first || !needed[v] {
			continue
		}
		c := code[v-first]
		if c.A = number[c.A]; c.B >= 0 {
			c.B = number[c.B]
		}
		number[v] = first + len(left)
		left = append(left, c)
	}
	return Elementwise{NewProgram(o.Prog.Inputs, o.Prog.Imm.Slice(), left, number[out]), o.Shape}
}

// bundle is features lo to hi−1 of a source, made together, and the columns of κ that they are.
type bundle struct {
	source, lo, hi int
	pieces         []featureRun // at counts from lo on
}

// bundle is of features lo to hi−1 of a source, and as many more as are made with them.
func (e *expansion) bundle(s, lo, hi int) bundle {
	unit := e.sources[s].unit
	t := bundle{source: s, lo: lo / unit * unit, hi: (hi + unit - 1) / unit * unit}
	for _, r := range e.runs {
		if from, to := max(lo, r.at), min(hi, r.at+r.n); r.source == s && from < to {
			t.pieces = append(t.pieces, featureRun{s, r.result, from - t.lo, to - from, r.col + (from-r.at)*r.stride, r.stride})
		}
	}
	return t
}

// bundles cuts all that κ reads into bundles of so many features of all results at most, which end where runs do.
func (e *expansion) bundles(most int) (out []bundle) {
	for s, src := range e.sources {
		cuts := []int{0, src.features}
		for _, r := range e.runs {
			if r.source == s {
				cuts = append(cuts, r.at, r.at+r.n)
			}
		}
		slices.Sort(cuts)
		cuts = slices.Compact(cuts)
		for i, at := range cuts[:len(cuts)-1] {
			n := cuts[i+1] - at
			parts := (n-1)/max(1, most/src.results) + 1
			for lo, k := 0, 1; k <= parts; k++ {
				hi := k * n / parts
				if k < parts {
					hi = hi / src.unit * src.unit
				}
				if t := e.bundle(s, at+lo, at+hi); len(t.pieces) > 0 {
					out = append(out, t)
				}
				lo = hi
			}
		}
	}
	return out
}

// featureLane is what a core needs: memory for the features of a bundle, and where those of each result are in it.
type featureLane[T float] struct {
	buf []T
	res [][]T
}

// lanes are memory for the largest of the bundles.
func (f *features[T]) lanes(all []bundle) *spare[featureLane[T]] {
	results, most := 1, 0
	for _, t := range all {
		results, most = max(results, f.sources[t.source].results), max(most, f.sources[t.source].results*(t.hi-t.lo)*f.rows)
	}
	return newSpare(func() *featureLane[T] { return &featureLane[T]{make([]T, most), make([][]T, results)} })
}

// make makes the features of a bundle, or finds them in place.
func (f *features[T]) make(l *featureLane[T], t bundle) {
	src, n := f.sources[t.source], (t.hi-t.lo)*f.rows
	if src.step < 0 {
		l.res[0] = f.operands[src.value][t.lo*f.rows:][:n]
		return
	}
	for r := range src.results {
		l.res[r] = l.buf[r*n : (r+1)*n]
	}
	f.fill[t.source](l.res, t.lo, t.hi)
}

// Kernel adds up products of bundles of features with their columns of W, a group of bundles on each core.
func (o Expanded) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, expandedRun[float32], expandedRun[float64])
}

// expandedRun computes yᵀ (n×b) in parts, one a group of bundles, and turns their sum.
func expandedRun[T float](o Expanded, in, _ []graph.Type) Run {
	f := newFeatures[T](o.K, in)
	n, b, columns := in[0].Shape.Dim(0), f.rows, f.kappa.Shape.Dim(1)
	var size T
	most := min(featureBytes/int(unsafe.Sizeof(size))/b, max(leastBundle, columns/productGroups))
	all := f.bundles(most)
	groups := min(productGroups, len(all))
	lanes, parts, sum := f.lanes(all), make([]T, groups*n*b), make([]T, n*b)
	var w []T
	body := func(lo, hi int) {
		l := lanes.get()
		for g := lo; g < hi; g++ {
			part, more := parts[g*n*b:(g+1)*n*b], false
			for _, t := range all[g*len(all)/groups : (g+1)*len(all)/groups] {
				f.make(l, t)
				for _, p := range t.pieces {
					kernels.Gemm(n, b, p.n, w[p.col:], columns, p.stride, l.res[p.result][p.at*b:], b, 1, part, b, more)
					more = true
				}
			}
		}
		lanes.put(l)
	}
	add := func(lo, hi int) { kernels.SumBand(sum[lo:hi], parts[lo:], groups, n*b) }
	operands := make([][]T, len(in))
	return func(dst, src []Buffer) {
		for i, x := range src {
			operands[i] = view[T](x)
		}
		w = operands[0]
		f.load(operands)
		kernels.Parallel(groups, 1, body)
		kernels.Parallel(n*b, sumChunk, add)
		kernels.Transpose(view[T](dst[0]), sum, n, b)
	}
}

// gradTile is some columns of κ whose features are made at a time: a band, of features that are made each for itself, or
// bands of the results of one source, which are made together.
type gradTile struct {
	width   int // columns in all
	bundles []bundle
	bands   []gradBand
}

// gradBand is columns of κ from the first one on, whose features are rows of a tile's from row on.
type gradBand struct{ first, cols, row int }

// gradTiles cuts the columns of κ into tiles: results that are made together share one, as sines and cosines do.
func (e *expansion) gradTiles() (out []gradTile) {
	columns, shared := e.kappa.Shape.Dim(1), e.sharedRuns()
	taken := []featureRun{{col: columns}} // columns, and a last one behind all
	for _, runs := range shared {
		taken = append(taken, runs...)
	}
	slices.SortFunc(taken, func(a, b featureRun) int { return a.col - b.col })
	from := 0
	for _, r := range taken {
		for lo, width := from, gradWidth(r.col-from, gradColumns); lo < r.col; lo += width {
			out = append(out, e.gradTile(lo, min(width, r.col-lo)))
		}
		from = r.col + r.n
	}
	for _, runs := range shared {
		n, at := runs[0].n, runs[0].at
		for lo, width := 0, gradWidth(n, gradColumns/len(runs)); lo < n; lo += width {
			out = append(out, e.sharedTile(runs, at+lo, at+min(n, lo+width)))
		}
	}
	return out
}

// gradWidth is the width of bands of so many columns that n are cut into, an even number of nearly the same width: cores
// that take turns end together.
func gradWidth(n, most int) int {
	if n <= most {
		return most
	}
	pairs := (n-1)/(2*most) + 1
	return (n-1)/(2*pairs*gradUnit)*gradUnit + gradUnit
}

// sharedRuns are runs of the same features of all results of a source that has several, side by side each.
func (e *expansion) sharedRuns() (out [][]featureRun) {
	for _, first := range e.runs {
		var runs []featureRun
		for _, r := range e.runs {
			if r.source == first.source && r.at == first.at && r.n == first.n && r.stride == 1 {
				runs = append(runs, r)
			}
		}
		if first.result == 0 && len(runs) > 1 && len(runs) == e.sources[first.source].results {
			out = append(out, runs)
		}
	}
	return out
}

// sharedTile is features lo to hi−1 of all results of a source, which stand in runs.
func (e *expansion) sharedTile(runs []featureRun, lo, hi int) gradTile {
	n := hi - lo
	g := gradTile{width: len(runs) * n, bundles: []bundle{{source: runs[0].source, lo: lo, hi: hi}}}
	for i, r := range runs {
		g.bundles[0].pieces = append(g.bundles[0].pieces, featureRun{r.source, r.result, 0, n, i * n, 1})
		g.bands = append(g.bands, gradBand{r.col + lo - r.at, n, i * n})
	}
	return g
}

// gradTile is so many columns of κ from the first one on.
func (e *expansion) gradTile(first, cols int) gradTile {
	g := gradTile{width: cols, bands: []gradBand{{first, cols, 0}}}
	for _, r := range e.runs {
		lo := max(0, (first-r.col+r.stride-1)/r.stride)
		hi := min(r.n, (first+cols-r.col+r.stride-1)/r.stride)
		if lo >= hi || first+cols <= r.col {
			continue
		}
		s := e.bundle(r.source, r.at+lo, r.at+hi)
		s.pieces = []featureRun{{r.source, r.result, r.at + lo - s.lo, hi - lo, r.col + lo*r.stride - first, r.stride}}
		g.bundles = append(g.bundles, s)
	}
	return g
}

// fillTile writes the columns of κ in a tile to rows of dst. Features that stand side by side there are made in place.
func (g *expandedGrad[T]) fillTile(dst []T, tile gradTile) {
	l := g.spare.get()
	for _, t := range tile.bundles {
		if len(t.pieces) == 1 {
			g.fillRun(l, dst, t)
			continue
		}
		for _, p := range t.pieces {
			l.res[p.result] = dst[p.col*g.rows:][:p.n*g.rows]
		}
		g.fill[t.source](l.res, t.lo, t.hi)
	}
	g.spare.put(l)
}

// fillRun writes features of one result.
func (g *expandedGrad[T]) fillRun(l *featureLane[T], dst []T, t bundle) {
	b, p, src := g.rows, t.pieces[0], g.sources[t.source]
	n := (t.hi - t.lo) * b
	if src.step >= 0 && p.stride == 1 && p.n == t.hi-t.lo {
		l.res[0] = dst[p.col*b:][:n]
		g.one[t.source][p.result](l.res, t.lo, t.hi)
		return
	}
	l.res[0] = l.buf[:n]
	if src.step < 0 {
		l.res[0] = g.operands[src.value][t.lo*b:][:n]
	} else {
		g.one[t.source][p.result](l.res, t.lo, t.hi)
	}
	for i := range p.n {
		copy(dst[(p.col+i*p.stride)*b:][:b], l.res[0][(p.at+i)*b:])
	}
}

// Kernel makes bands of κ and multiplies each with dy.
func (o ExpandedGrad) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, expandedGradRun[float32], expandedGradRun[float64])
}

// expandedGradRun writes bands of columns of the gradient.
func expandedGradRun[T float](o ExpandedGrad, in, _ []graph.Type) Run {
	g := newExpandedGrad[T](o, in)
	spare := newSpare(func() *[]T { s := make([]T, g.scratch); return &s })
	operands, columns := make([][]T, len(in)), g.kappa.Shape.Dim(1)
	var dw []T
	body := func(lo, hi int) {
		s := spare.get()
		for t := lo; t < hi; t++ {
			g.fillTile(*s, g.tiles[t])
			for _, band := range g.tiles[t].bands {
				g.multiply(dw[band.first:], columns, *s, operands[0], band)
			}
		}
		spare.put(s)
	}
	return func(dst, src []Buffer) {
		for i, x := range src {
			operands[i] = view[T](x)
		}
		dw = view[T](dst[0])
		g.load(operands)
		kernels.Parallel(len(g.tiles), 1, body)
	}
}

// expandedGrad is an [ExpandedGrad] bound to types.
type expandedGrad[T float] struct {
	*features[T]
	n, scratch int // scratch holds the features of a tile
	tiles      []gradTile
	spare      *spare[featureLane[T]]
}

// newExpandedGrad binds it.
func newExpandedGrad[T float](o ExpandedGrad, in []graph.Type) *expandedGrad[T] {
	g := &expandedGrad[T]{features: newFeatures[T](o.K, in), n: in[0].Shape.Dim(1)}
	g.tiles = g.gradTiles()
	var all []bundle
	for _, t := range g.tiles {
		g.scratch, all = max(g.scratch, t.width*g.rows), append(all, t.bundles...)
	}
	g.spare = g.lanes(all)
	return g
}

// multiply computes a band of dW, in rows ld apart, of the features of its tile.
func (g *expandedGrad[T]) multiply(dst []T, ld int, features, dy []T, band gradBand) {
	kernels.Gemm(g.n, band.cols, g.rows, dy, 1, g.n, features[band.row*g.rows:], 1, g.rows, dst, ld, false)
}

// expandedTiling cuts the gradient into bands of columns. Those of a tile find their features where the first has made them.
func expandedTiling[T float](o ExpandedGrad, in []graph.Type) tiling[T] {
	g := newExpandedGrad[T](o, in)
	til := tiling[T]{count: len(g.tiles), parts: 1, extra: g.scratch, begin: g.load}
	for _, t := range g.tiles {
		til.parts = max(til.parts, len(t.bands))
		for _, band := range t.bands {
			til.size = max(til.size, g.n*band.cols)
		}
	}
	columns := g.kappa.Shape.Dim(1)
	til.tile = func(dst, scratch []T, in [][]T, t, part int) (at, rows, cols, ld int) {
		if part == 0 {
			g.fillTile(scratch, g.tiles[t])
		}
		if part >= len(g.tiles[t].bands) {
			return 0, 0, 0, 0
		}
		band := g.tiles[t].bands[part]
		g.multiply(dst, band.cols, scratch, in[0], band)
		return band.first, g.n, band.cols, columns
	}
	return til
}
