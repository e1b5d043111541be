package ops

import (
	"slices"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// How tiles run. All that depends on sizes is settled when the kernel is made: how many tiles there are, what each step is
// for a tile, and where its values lie. A run then does the same for every tile i of n:
//
//	operands that are cut    their i-th n-th, in place
//	results that are cut     the i-th n-th of the result's memory, so that nothing is copied out
//	sums over rows           memory of the tile, added to those of the tiles before
//	all others               memory of the core, written and read again while it is in its cache
//
// Rows are cut by stretches of memory: values are row-major and without gaps, so the i-th n-th of (64×10), of the same under
// the shape (640×1) and of the (512×10) that eight positions make of it are the same rows. That is why views need no step.
//
// Sums are the one thing in which tiles meet. Which tiles are added up one after the other, and in which order what they
// make is added up in the end, is known from sizes; cores take groups of tiles as they are free. So bits do not depend on how
// many cores there are, and a core waits for no other one but at the end.
const (
	// tileBytes is how much of a cache of its own a core fills with what a tile goes through.
	tileBytes = 3 << 18
	// leastTiles keep cores of unequal speed busy to the end.
	leastTiles = 4
	// sumGroups is the number of parts that sums over rows have. They are added up in their order, so that results do
	// not depend on how many cores there are.
	sumGroups = 16
)

// Kernel binds the steps to a tile; every core has the memory of one tile.
func (o RowTiles) Kernel(in, out []graph.Type) (Run, error) {
	p, err := o.plan(in)
	switch {
	case err != nil:
		return nil, err
	case out[0].DType == graph.F64:
		return rowTilesRun[float64](p)
	}
	return rowTilesRun[float32](p)
}

// tilePlan is a program for a tile, one of tiles. Values have the numbers that they have in the program; what is said of the
// memory of a value is kept at its root, as views of it have no other.
type tilePlan struct {
	*RowProgram
	tiles, groups int
	values        []rowValue // whole
	tile          []graph.Type
	root          []int // the value whose memory a value is
	result        []int // of a root: the result that has its memory, −1 for none
	steps         []tileStep
	means         map[int]bool // sums that are the mean over tiles
	labels        [][2]int     // operands with labels, and of how many classes
	copies        [][2]int     // result and value, where another result has the memory of the value
	turns         []turn       // operands that products read as their transposes
}

// turn is a weight that products read transposed. Tile after tile they would bring it into the order that they multiply in;
// turned once a run, it is in that order.
type turn struct{ of, to int }

// leastTurned is the number of rows and columns from which products read a matrix along its rows, and not as dot products.
const leastTurned = 32

// tileStep is a step for a tile and the values that it reads and writes.
type tileStep struct {
	op      graph.Op
	in, out []int
}

// plan cuts the program into tiles.
func (o RowTiles) plan(in []graph.Type) (*tilePlan, error) {
	vs, err := o.values(in)
	if err != nil {
		return nil, err
	}
	p := &tilePlan{RowProgram: o.P, values: vs, means: map[int]bool{}}
	for i := range vs {
		p.root, p.result = append(p.root, i), append(p.result, -1)
	}
	next := len(in)
	for _, s := range o.P.Steps {
		t := tileStep{op: s.Op, in: s.In}
		for range p.results(s) {
			t.out = append(t.out, next)
			next++
		}
		if _, view := s.Op.(Viewer); view {
			p.root[t.out[0]] = p.root[s.In[0]]
			continue
		}
		p.means[t.out[0]] = s.Op == graph.Op(CrossEntropy{})
		p.readsLabels(s)
		p.steps = append(p.steps, t)
	}
	p.turn()
	for r, v := range o.P.Out {
		if root := p.root[v]; p.result[root] < 0 && root >= len(in) {
			p.result[root] = r
		} else {
			p.copies = append(p.copies, [2]int{r, v})
		}
	}
	p.cut()
	return p, nil
}

// turn makes products by transposes of weights products by turned weights, which are values of their own behind all others.
func (p *tilePlan) turn() {
	for k, s := range p.steps {
		op := s.op
		switch o := op.(type) {
		case MatMul:
			op = MatMul{TA: o.TA}
			if !o.TB {
				continue
			}
		case MatMulMap:
			if !o.Mul.TB {
				continue
			}
			o.Mul.TB = false
			op = o
		default:
			continue
		}
		if w := s.in[1]; w < len(p.Cut) && !p.Cut[w] && min(p.values[w].Shape.Dim(0), p.values[w].Shape.Dim(1)) >= leastTurned {
			p.steps[k].op, p.steps[k].in = op, slices.Clone(s.in)
			p.steps[k].in[1] = p.turned(w)
		}
	}
}

// turned is the value of the transpose of a weight.
func (p *tilePlan) turned(w int) int {
	for _, t := range p.turns {
		if t.of == w {
			return t.to
		}
	}
	t, to := p.values[w].Type, len(p.values)
	p.turns = append(p.turns, turn{w, to})
	p.values = append(p.values, rowValue{Type: t.Of(t.Shape.Dim(1), t.Shape.Dim(0))})
	p.root, p.result = append(p.root, to), append(p.result, -1)
	return to
}

// readsLabels notes the labels that a step reads.
func (p *tilePlan) readsLabels(s RowStep) {
	v, n := -1, 0
	switch op := s.Op.(type) {
	case CrossEntropy:
		v, n = p.root[s.In[1]], p.values[s.In[0]].Shape.Dim(1)
	case OneHot:
		v, n = p.root[s.In[0]], op.N
	}
	if v >= 0 && v < len(p.Cut) {
		p.labels = append(p.labels, [2]int{v, n})
	}
}

// results is the number of results of a step.
func (p *tilePlan) results(s RowStep) int {
	ts := make([]graph.Type, len(s.In))
	for i, v := range s.In {
		ts[i] = p.values[v].Type
	}
	out, _ := s.Op.Infer(ts) // has been asked by values
	return len(out)
}

// FewestTiles is the number of tiles, leastTiles or more and all of one size, that [RowTiles] cuts so many rows into where
// their values fit into a cache; a prime number of rows, into single ones.
func FewestTiles(rows int) int {
	t := max(1, min(leastTiles, rows))
	for rows%t != 0 {
		t++
	}
	return t
}

// footprint is how many bytes all tiles together go through: operands and results that are cut, and what is shared by values
// between.
func (p *tilePlan) footprint() (bytes int) {
	whole := make([]graph.Type, len(p.values))
	for i, v := range p.values {
		if whole[i] = v.Type; v.cut && p.root[i] == i && (i < len(p.Cut) || p.result[i] >= 0) {
			bytes += v.Bytes()
		}
	}
	_, memories := p.places(whole)
	for _, m := range memories {
		if m.cut {
			bytes += m.t.Bytes()
		}
	}
	return bytes
}

// cut chooses the number of tiles, as few as let the values of one stay in cache, and makes the steps those of a tile.
func (p *tilePlan) cut() {
	sums := slices.ContainsFunc(p.values, func(v rowValue) bool { return v.sum })
	bytes := p.footprint()
	p.tiles = p.Rows
	for t := FewestTiles(p.Rows); t < p.Rows; t++ {
		if p.Rows%t == 0 && bytes/t <= tileBytes {
			p.tiles = t
			break
		}
	}
	if p.groups = p.tiles; sums {
		p.groups = min(p.groups, sumGroups)
	}
	for _, v := range p.values {
		t := v.Type
		if v.cut {
			t.Shape = t.Shape.With(0, t.Shape.Dim(0)/p.tiles)
		}
		p.tile = append(p.tile, t)
	}
	for k, s := range p.steps {
		p.steps[k].op = onTile(s.op, p.values[s.out[0]].sum, p.tiles)
	}
}

// rowTiles runs a plan. What a core writes to is its own, taken from spare for as long as it works; in and dst, the operands
// and results of the run at hand, are shared, and only read.
type rowTiles[T float] struct {
	*tilePlan
	spare    *spare[tileLane]
	partial  map[int]Buffer // of sums: one part a group
	in, dst  []Buffer
	places   []int // of values of steps that are no results, the number of a memory; −1 of all others
	memories []memory
	weights  []Buffer // turned
}

// memory is scratch for values of a tile, shared by values of one size that are not needed at the same time: what stays in
// a cache is then some few activations and not all of them. No step writes what it reads, as not every op may.
type memory struct {
	t    graph.Type
	free int // the step from which on it is free
	cut  bool
}

// tileLane is what a core needs: the memory of a tile and the steps bound to it.
type tileLane struct {
	val   []Buffer
	sums  map[int]Buffer // of a tile that is not the first one of its group
	steps []laneStep
}

// laneStep is a bound step.
type laneStep struct {
	run      Run
	dst, src []Buffer
}

// rowTilesRun binds the steps for a first core; others follow when they come.
func rowTilesRun[T float](p *tilePlan) (Run, error) {
	r := &rowTiles[T]{tilePlan: p, partial: map[int]Buffer{}}
	r.places, r.memories = p.places(p.tile)
	for v, x := range p.values {
		if x.sum {
			r.partial[v] = NewBuffer(x.Of(p.groups, x.Shape.Size()))
		}
	}
	for _, t := range p.turns {
		r.weights = append(r.weights, NewBuffer(p.values[t.to].Type))
	}
	var err error
	r.spare = newSpare(func() *tileLane {
		l, mistake := r.newLane()
		if mistake != nil { // of the first one, if any
			err = mistake
		}
		return l
	})
	if err != nil {
		return nil, err
	}
	body := r.run
	return func(dst, in []Buffer) {
		r.dst, r.in = dst, in
		for _, l := range p.labels { // a tile would name its own row
			for i, y := range in[l[0]].I32 {
				checkLabel("label", y, i, l[1])
			}
		}
		for i, t := range p.turns {
			w := p.values[t.of].Shape
			kernels.Transpose(view[T](r.weights[i]), view[T](in[t.of]), w.Dim(0), w.Dim(1))
		}
		kernels.Parallel(p.groups, 1, body)
		r.sums()
	}, nil
}

// places gives values of steps that are no results, and have the types ts, the number of a memory; −1 for all others.
func (p *tilePlan) places(ts []graph.Type) (at []int, memories []memory) {
	last := make([]int, len(p.values)) // by root: the last step that reads it
	for k, s := range p.steps {
		for _, v := range s.in {
			last[p.root[v]] = k
		}
	}
	for v, x := range p.values {
		if x.sum {
			last[v] = len(p.steps)
		}
	}
	for _, c := range p.copies {
		last[p.root[c[1]]] = len(p.steps)
	}
	at = slices.Repeat([]int{-1}, len(p.values))
	for k, s := range p.steps {
		for _, v := range s.out {
			if p.result[v] >= 0 && !p.values[v].sum {
				continue
			}
			at[v] = slices.IndexFunc(memories, func(m memory) bool {
				return m.free < k && m.cut == p.values[v].cut && m.t.DType == ts[v].DType && m.t.Shape.Size() == ts[v].Shape.Size()
			})
			if at[v] < 0 {
				at[v], memories = len(memories), append(memories, memory{t: ts[v], cut: p.values[v].cut})
			}
			memories[at[v]].free = max(last[v], k)
		}
	}
	return at, memories
}

// newLane makes the memory of a tile and binds the steps.
func (r *rowTiles[T]) newLane() (*tileLane, error) {
	own := make([]Buffer, len(r.memories))
	for i, m := range r.memories {
		own[i] = NewBuffer(m.t)
	}
	l := &tileLane{val: make([]Buffer, len(r.values)), sums: map[int]Buffer{}}
	for v, at := range r.places {
		if at >= 0 {
			l.val[v] = own[at]
		}
		if r.values[v].sum {
			l.sums[v] = l.val[v]
		}
	}
	for i, t := range r.turns {
		l.val[t.to] = r.weights[i]
	}
	pick := func(vs []int) (ts []graph.Type) {
		for _, v := range vs {
			ts = append(ts, r.tile[v])
		}
		return ts
	}
	for _, s := range r.steps {
		run, _, err := Bind(s.op, pick(s.in), pick(s.out))
		if err != nil {
			return nil, err
		}
		l.steps = append(l.steps, laneStep{run, make([]Buffer, len(s.out)), make([]Buffer, len(s.in))})
	}
	return l, nil
}

// run computes the tiles of groups lo to hi−1, those of a group one after the other. The first one writes its sums where
// those of the group belong.
func (r *rowTiles[T]) run(lo, hi int) {
	l := r.spare.get()
	for g := lo; g < hi; g++ {
		from, to := g*r.tiles/r.groups, (g+1)*r.tiles/r.groups
		for i := from; i < to; i++ {
			for v, p := range r.partial {
				if l.val[v] = l.sums[v]; i == from {
					l.val[v] = r.part(p, v, g)
				}
			}
			r.compute(l, i)
			for v, p := range r.partial {
				if i > from {
					sum := view[T](r.part(p, v, g))
					kernels.Add(sum, sum, view[T](l.val[v]))
				}
			}
		}
	}
	r.spare.put(l)
}

// compute runs the steps on tile i.
func (r *rowTiles[T]) compute(l *tileLane, i int) {
	for v := range r.in {
		if l.val[v] = r.in[v]; r.Cut[v] {
			l.val[v] = r.part(r.in[v], v, i)
		}
	}
	for v, k := range r.result {
		if k >= 0 && !r.values[v].sum {
			l.val[v] = r.part(r.dst[k], v, i)
		}
	}
	for k, s := range r.steps {
		b := &l.steps[k]
		for j, v := range s.in {
			b.src[j] = l.val[r.root[v]]
		}
		for j, v := range s.out {
			b.dst[j] = l.val[v]
		}
		b.run(b.dst, b.src)
	}
	for _, c := range r.copies {
		if !r.values[c[1]].sum {
			r.part(r.dst[c[0]], c[1], i).Copy(l.val[r.root[c[1]]])
		}
	}
}

// part is the i-th part of b, which is as long as value v in a tile.
func (r *rowTiles[T]) part(b Buffer, v, i int) Buffer {
	n := r.tile[v].Shape.Size()
	return part(b, i*n, n)
}

// part is n elements of b from lo on.
func part(b Buffer, lo, n int) Buffer {
	switch {
	case b.F32 != nil:
		return Buffer{F32: b.F32[lo : lo+n : lo+n]}
	case b.F64 != nil:
		return Buffer{F64: b.F64[lo : lo+n : lo+n]}
	}
	return Buffer{I32: b.I32[lo : lo+n : lo+n]}
}

// sums adds the parts of sums over rows up. A loss is the mean over tiles, which are of one size, so that the mean of their
// means is that of all rows.
func (r *rowTiles[T]) sums() {
	for k, v := range r.Out {
		if !r.values[v].sum {
			continue
		}
		y := view[T](r.dst[k])
		kernels.SumColumns(y, view[T](r.partial[v]), r.groups, len(y))
		if r.means[v] {
			kernels.Scale(y, y, T(1)/T(r.tiles))
		}
	}
}
