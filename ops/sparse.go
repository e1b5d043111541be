package ops

import (
	"fmt"

	"rpnc/graph"
)

// Sparse matrices are split into where and what. The pattern is an attribute of ops: it is known when a
// graph is built, so passes can look at it (is it a band? what would its square cost?) and kernels can
// lay it out in advance. The values are an operand of nnz numbers: constants, parameters and computed
// attention are all alike, and gradients with respect to them are ordinary nodes.
//
// Five ops are closed under differentiation, with A(v) the matrix of values v:
//
//	Densify    v → A(v)                 transpose: AtPattern
//	AtPattern  M → M at the pattern     transpose: Densify
//	SpMM       (v, x) → A(v)·x          dv = SDDMM(dy, x),  dx = A(v)ᵀ·dy
//	SDDMM      (a, b) → (a·bᵀ) at it    da = A(dy)·b,       db = A(dy)ᵀ·a
//
// A product costs 2·nnz·w operations for x of w columns instead of 2·rows·cols·w.

// Pattern is where a sparse matrix (Rows×Cols) has entries: compressed rows, Ptr of Rows+1 offsets into Col. The
// numbers are an operand, so constants, normalised graph weights and attention on edges share ops and gradients.
//
// Ptr and Col are interned tables, so patterns of equal contents are equal as Go values and ops on them
// merge.
type Pattern struct {
	Rows, Cols int
	Ptr, Col   *graph.Index
}

// NNZ is the number of entries.
func (p Pattern) NNZ() int { return p.Col.Len() }

// Check says whether the pattern is one: monotone offsets, columns in range and rising within each row.
//
// Rising columns within a row make the order of entries, and so that of sums, unique. It is O(nnz) and
// runs whenever an op on the pattern is built.
func (p Pattern) Check() error {
	if p.Ptr == nil || p.Col == nil || p.Rows < 0 || p.Cols < 0 || p.Ptr.Len() != p.Rows+1 || p.Ptr.At(0) != 0 || p.Ptr.At(p.Rows) != p.NNZ() {
		return fmt.Errorf("pattern of %d rows needs %d offsets from 0 to the number of columns", p.Rows, p.Rows+1)
	}
	for i := range p.Rows {
		if p.Ptr.At(i+1) < p.Ptr.At(i) || p.Ptr.At(i+1) > p.NNZ() {
			return fmt.Errorf("row %d of the pattern: offsets must rise within 0…%d", i, p.NNZ())
		}
		for e := p.Ptr.At(i); e < p.Ptr.At(i+1); e++ {
			if j := p.Col.At(e); j < 0 || j >= p.Cols || e > p.Ptr.At(i) && j <= p.Col.At(e-1) {
				return fmt.Errorf("row %d of the pattern: columns must rise within 0…%d", i, p.Cols-1)
			}
		}
	}
	return nil
}

// Each calls f with the position of every entry, row by row.
//
// Entry e is at row i and column j.
func (p Pattern) Each(f func(e, i, j int)) {
	for i := range p.Rows {
		for e := p.Ptr.At(i); e < p.Ptr.At(i+1); e++ {
			f(e, i, p.Col.At(e))
		}
	}
}

// String is rows×cols and the number of entries.
func (p Pattern) String() string { return fmt.Sprintf("%d×%d nnz %d", p.Rows, p.Cols, p.NNZ()) }

// Densify writes values (nnz) on a pattern into a dense matrix: what a structured ξ returns. The compiler turns its
// products into SpMM, so the dense matrix need never exist.
type Densify struct{ P Pattern }

// AtPattern is the transpose of Densify: it reads a dense matrix at the positions of the pattern.
type AtPattern struct{ P Pattern }

// SpMM is A·x (T: Aᵀ·x) for the sparse A of values (nnz) on P: x (…×k×w), batch axes first.
type SpMM struct {
	P Pattern
	T bool
}

// SDDMM samples a·bᵀ on a pattern: y_e = Σ a[i,:]·b[j,:] for entry e = (i, j), summed over batch axes. It is the
// gradient of SpMM with respect to the values.
type SDDMM struct{ P Pattern }

var samplePattern = Pattern{3, 4, graph.NewIndex(0, 2, 2, 4), graph.NewIndex(0, 2, 1, 3)}

var _ = register(
	Sample{Op: Densify{samplePattern}, In: []graph.Type{f64(4)}, Order: 2},
	Sample{Op: AtPattern{samplePattern}, In: []graph.Type{f64(3, 4)}, Order: 2},
	Sample{Op: SpMM{P: samplePattern}, In: []graph.Type{f64(4), f64(4, 2)}, Order: 2},
	Sample{Op: SpMM{P: samplePattern, T: true}, In: []graph.Type{f64(4), f64(3, 2)}, Order: 2},
	Sample{Op: SpMM{P: samplePattern}, In: []graph.Type{f64(4), f64(2, 4, 3)}, Order: 2},
	Sample{Op: SDDMM{samplePattern}, In: []graph.Type{f64(3, 2), f64(4, 2)}, Order: 2},
	Sample{Op: SDDMM{samplePattern}, In: []graph.Type{f64(2, 3, 2), f64(2, 4, 2)}, Order: 2},
)

// Name shows the pattern.
func (o Densify) Name() string { return fmt.Sprintf("Densify{%v}", o.P) }

// Infer wants one value an entry.
func (o Densify) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	if err := o.P.Check(); err != nil {
		return nil, err
	}
	if in[0].Shape != graph.Sh(o.P.NNZ()) {
		return nil, fmt.Errorf("values %v; want (%d), one an entry", in[0].Shape, o.P.NNZ())
	}
	return []graph.Type{in[0].Of(o.P.Rows, o.P.Cols)}, nil
}

// Eval writes every entry.
func (o Densify) Eval(dst, in []*graph.Tensor) error {
	o.P.Each(func(e, i, j int) { dst[0].F[i*o.P.Cols+j] = in[0].F[e] })
	return nil
}

// VJP reads the cotangent on the pattern.
func (o Densify) VJP(_ *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(AtPattern{o.P}, dy[0])}
}

// Name shows the pattern.
func (o AtPattern) Name() string { return fmt.Sprintf("AtPattern{%v}", o.P) }

// Infer wants a matrix of the pattern's size.
func (o AtPattern) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	if err := o.P.Check(); err != nil {
		return nil, err
	}
	if in[0].Shape != graph.Sh(o.P.Rows, o.P.Cols) {
		return nil, fmt.Errorf("matrix %v; want (%d×%d)", in[0].Shape, o.P.Rows, o.P.Cols)
	}
	return []graph.Type{in[0].Of(o.P.NNZ())}, nil
}

// Eval reads every entry.
func (o AtPattern) Eval(dst, in []*graph.Tensor) error {
	o.P.Each(func(e, i, j int) { dst[0].F[e] = in[0].F[i*o.P.Cols+j] })
	return nil
}

// VJP writes the cotangent on the pattern.
func (o AtPattern) VJP(_ *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(Densify{o.P}, dy[0])}
}

// Name shows the pattern and the transpose.
func (o SpMM) Name() string { return fmt.Sprintf("SpMM%s{%v}", flag(o.T), o.P) }

// Infer wants one value an entry and x with as many rows as A (or Aᵀ) has columns.
func (o SpMM) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 2 {
		return nil, errOperands(2, in)
	}
	if err := o.P.Check(); err != nil {
		return nil, err
	}
	r, c := o.P.Rows, o.P.Cols
	if o.T {
		r, c = c, r
	}
	v, x := in[0], in[1]
	if v != x.Of(o.P.NNZ()) || !x.DType.IsFloat() || x.Shape.Rank() < 2 || x.Shape.Dim(-2) != c {
		return nil, fmt.Errorf("values %v, x %v; want (%d) values and x of %d rows, both floats", v, x, o.P.NNZ(), c)
	}
	return []graph.Type{{DType: x.DType, Shape: x.Shape.With(-2, r)}}, nil
}

// Eval adds entry by entry.
func (o SpMM) Eval(dst, in []*graph.Tensor) error {
	x, w := in[1], in[1].Dim(-1)
	rows, cols := dst[0].Dim(-2), x.Dim(-2)
	for p := range len(dst[0].F) / max(1, rows*w) {
		o.P.Each(func(e, i, j int) {
			if o.T {
				i, j = j, i
			}
			for k := range w {
				dst[0].F[(p*rows+i)*w+k] += in[0].F[e] * x.F[(p*cols+j)*w+k]
			}
		})
	}
	return nil
}

// VJP is SDDMM of dy and x for the values and the transposed product for x.
func (o SpMM) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	a, b := dy[0], n.In[1]
	if o.T {
		a, b = b, a
	}
	return []*graph.Node{apply(SDDMM{o.P}, a, b), apply(SpMM{o.P, !o.T}, n.In[0], dy[0])}
}

// Name shows the pattern.
func (o SDDMM) Name() string { return fmt.Sprintf("SDDMM{%v}", o.P) }

// Infer wants a with a row for each row of the pattern and b with a row for each column.
func (o SDDMM) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 2 {
		return nil, errOperands(2, in)
	}
	if err := o.P.Check(); err != nil {
		return nil, err
	}
	a, b := in[0].Shape, in[1].Shape
	if in[0].DType != in[1].DType || !in[0].DType.IsFloat() || a.Rank() < 2 || a.With(-2, 0) != b.With(-2, 0) || a.Dim(-2) != o.P.Rows || b.Dim(-2) != o.P.Cols {
		return nil, fmt.Errorf("a %v, b %v; want floats (…×%d×w) and (…×%d×w)", in[0], in[1], o.P.Rows, o.P.Cols)
	}
	return []graph.Type{in[0].Of(o.P.NNZ())}, nil
}

// Eval sums products of rows.
func (o SDDMM) Eval(dst, in []*graph.Tensor) error {
	w := in[0].Dim(-1)
	for p := range len(in[0].F) / max(1, o.P.Rows*w) {
		o.P.Each(func(e, i, j int) {
			for k := range w {
				dst[0].F[e] += in[0].F[(p*o.P.Rows+i)*w+k] * in[1].F[(p*o.P.Cols+j)*w+k]
			}
		})
	}
	return nil
}

// VJP is two sparse products with dy as values.
func (o SDDMM) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(SpMM{o.P, false}, dy[0], n.In[1]), apply(SpMM{o.P, true}, dy[0], n.In[0])}
}
