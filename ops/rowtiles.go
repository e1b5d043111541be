package ops

import (
	"fmt"
	"slices"
	"strings"

	"rpnc/graph"
)

// Most of a model works on the rows of a batch independently of each other: products with weights, functions of their
// elements, sums along a row. Op after op, every value goes through memory as a whole, and the cores meet after each. Tile by
// tile, a few rows go through all of the ops while they are in cache, a core has tiles of its own, and values between
// the ops are never in memory. Sums over rows (gradients of weights, a loss) are added up tile after tile.

// RowTiles runs the steps of a program tile by tile. A tile is a part of the batch, the same one of every value that is cut.
//
// Oracle and gradient are those of its steps.
type RowTiles struct{ P *RowProgram }

// RowProgram is a list of steps on numbered values: the operands first, then the results of each step in order.
//
// Values that are cut have a number of rows (their first axis) that is a multiple of Rows, and tile i of n is their
// i-th n-th. Steps are ops that [RowCut] knows; none reads a sum over rows.
type RowProgram struct {
	Rows  int       // of the batch
	Cut   []bool    // the operands that are cut, and not read whole
	Steps []RowStep // in order
	Out   []int     // the values that are results
}

// RowStep applies an op to values. A [graph.Result] needs no step.
type RowStep struct {
	Op graph.Op
	In []int
}

var _ = register(
	Sample{Op: sampleRowTiles(), In: []graph.Type{f64(8, 6), f64(2, 3), f64(8, 2)}, Order: 2},
	Sample{Op: sampleRowLoss(), In: []graph.Type{f64(16, 4), i32(16)}, Hi: 4, Lo: -1, Order: 2},
)

// sampleRowTiles is t = tanh of rows of x by Wᵀ, its sum along positions, and the product Σ tᵀ·d over all rows.
func sampleRowTiles() RowTiles {
	square := Elementwise{NewProgram(2, nil, []Instr{{Binary{KMul}, 0, 1}, {Unary{KTanh}, 2, -1}}, 3), graph.Sh(8, 2)}
	return RowTiles{&RowProgram{Rows: 4, Cut: []bool{true, false, true}, Out: []int{6, 7, 8}, Steps: []RowStep{
		{Reshaped{graph.Sh(16, 3)}, []int{0}},
		{MatMul{TB: true}, []int{3, 1}},
		{Reshaped{graph.Sh(8, 2, 2)}, []int{4}},
		{SumTo{graph.Sh(8, 2, 1)}, []int{5}},
		{Reshaped{graph.Sh(8, 2)}, []int{6}},
		{MatMul{TA: true}, []int{7, 2}},
		{square, []int{7, 2}},
	}}}
}

// sampleRowLoss is the loss of logits 2x and softmax(2x) beside it.
func sampleRowLoss() RowTiles {
	twice := Elementwise{NewProgram(1, []float64{2}, []Instr{{Binary{KMul}, 0, 1}}, 2), graph.Sh(16, 4)}
	return RowTiles{&RowProgram{Rows: 16, Cut: []bool{true, true}, Out: []int{3, 4}, Steps: []RowStep{
		{twice, []int{0}}, {CrossEntropy{}, []int{2, 1}},
	}}}
}

// HostOnly says that the pass that makes it is one for the CPU.
func (RowTiles) HostOnly() {}

// Name lists the steps but for views.
func (o RowTiles) Name() string {
	if o.P == nil {
		return "RowTiles{}"
	}
	return fmt.Sprintf("RowTiles{%d: %s}", o.P.Rows, o.P.names())
}

// names lists the steps but for views; nothing for no program.
func (p *RowProgram) names() string {
	if p == nil {
		return ""
	}
	var names []string
	for _, s := range p.Steps {
		if _, view := s.Op.(Viewer); !view {
			names = append(names, s.Op.Name())
		}
	}
	return strings.Join(names, "; ")
}

// rowValue is what is known of a value: its type, whether it is cut, and whether it is a sum over rows.
type rowValue struct {
	graph.Type
	cut, sum bool
}

// values tells what every value is.
func (o RowTiles) values(in []graph.Type) ([]rowValue, error) {
	if o.P == nil {
		return nil, fmt.Errorf("no program; want one of steps")
	}
	if len(in) != len(o.P.Cut) {
		return nil, errOperands(len(o.P.Cut), in)
	}
	var vs []rowValue
	for i, t := range in {
		if o.P.Cut[i] && !cutBy(t, o.P.Rows) {
			return nil, fmt.Errorf("operand %d is %v; want a multiple of %d rows", i, t, o.P.Rows)
		}
		vs = append(vs, rowValue{t, o.P.Cut[i], false})
	}
	for k, s := range o.P.Steps {
		ts := make([]graph.Type, len(s.In))
		for i, v := range s.In {
			if v < 0 || v >= len(vs) || vs[v].sum {
				return nil, fmt.Errorf("step %d reads value %d, which is a sum over rows or comes later", k, v)
			}
			ts[i] = vs[v].Type
		}
		out, err := s.Op.Infer(ts)
		if err != nil {
			return nil, fmt.Errorf("step %d, %s: %w", k, s.Op.Name(), err)
		}
		cut, sums, ok := RowCut(s.Op, ts, out, o.P.Rows)
		if !ok || !slices.EqualFunc(cut, s.In, func(c bool, v int) bool { return c == vs[v].cut }) {
			return nil, fmt.Errorf("step %d, %s, does not work row by row on %v", k, s.Op.Name(), ts)
		}
		for i, t := range out {
			vs = append(vs, rowValue{t, !sums[i], sums[i]})
		}
	}
	return vs, nil
}

// Infer follows the types through the steps.
func (o RowTiles) Infer(in []graph.Type) ([]graph.Type, error) {
	vs, err := o.values(in)
	if err != nil {
		return nil, err
	}
	var out []graph.Type
	for _, v := range o.P.Out {
		if v < len(in) || v >= len(vs) {
			return nil, fmt.Errorf("result %d is no step's; want %d…%d", v, len(in), len(vs)-1)
		}
		out = append(out, vs[v].Type)
	}
	return out, nil
}

// Eval evaluates the expansion.
func (o RowTiles) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused applies the steps.
func (o RowTiles) Unfused(in []*graph.Node) []*graph.Node {
	vs := slices.Clone(in)
	for _, s := range o.P.Steps {
		xs := make([]*graph.Node, len(s.In))
		for i, v := range s.In {
			xs[i] = vs[v]
		}
		n := apply(s.Op, xs...)
		for i := range n.Types {
			vs = append(vs, n.Result(i))
		}
	}
	out := make([]*graph.Node, len(o.P.Out))
	for i, v := range o.P.Out {
		out[i] = vs[v]
	}
	return out
}

// cutBy says that the rows of t are a multiple of n.
func cutBy(t graph.Type, n int) bool {
	return t.Shape.Rank() > 0 && n > 0 && t.Shape.Dim(0) > 0 && t.Shape.Dim(0)%n == 0
}

// RowCut says how an op works on a batch of so many rows: which operands are cut, the others being read whole, and which
// results are sums over the rows of all tiles. ok is false for an op that does not work row by row.
//
//	cut      rows of the result are computed from the same rows of the operands that are cut
//	sums     the result for all rows is the sum of the results for each tile, for a CrossEntropy the mean
//
// Ops that the function does not know may work row by row all the same; they end a tile, which costs time and no bits. What
// looks along rows (a softmax or a sum over the batch that others read, a transpose) never can.
func RowCut(op graph.Op, in, out []graph.Type, rows int) (cut, sums []bool, ok bool) {
	cut, sums = rowCut(op, in, out)
	if cut == nil || !slices.Contains(cut, true) {
		return nil, nil, false
	}
	for i, t := range in {
		if cut[i] && !cutBy(t, rows) {
			return nil, nil, false
		}
	}
	if sums == nil {
		sums = make([]bool, len(out))
	}
	for i, t := range out {
		if !sums[i] && !cutBy(t, rows) {
			return nil, nil, false
		}
	}
	return cut, sums, true
}

// rowCut is RowCut but for the numbers of rows; cut is nil for an op that does not work row by row, sums where no result is one.
func rowCut(op graph.Op, in, out []graph.Type) (cut, sums []bool) {
	inner := func(axis int, s graph.Shape) bool { ax, err := axisOf(axis, s); return err == nil && ax > 0 }
	switch o := op.(type) {
	case Reshaped, OneHot, BSpline:
		return []bool{true}, nil
	case CrossEntropy:
		return []bool{true, true}, []bool{true, false}
	case Unary, Binary, graph.Add:
		return repeat(true, len(in)), nil
	case Elementwise:
		return o.rowCut(in), nil
	case MatMul:
		return o.rowCut(in)
	case MatMulMap:
		if cut, sums = o.Mul.rowCut(in[:2]); cut == nil || sums != nil {
			return nil, nil
		}
		chain := o.Map.rowCut(slices.Insert(slices.Clone(in[2:]), o.At, graph.Type{DType: in[0].DType, Shape: o.Map.Shape}))
		if chain == nil {
			return nil, nil
		}
		return append(cut, slices.Delete(chain, o.At, o.At+1)...), nil
	case MatMulSum:
		return []bool{true, true}, []bool{true}
	case SumTo:
		return []bool{true}, sumOfRows(in[0].Shape, o.To)
	case MapSum:
		return o.Map.rowCut(in), sumOfRows(o.Map.Shape, o.To)
	case SpMM:
		if in[1].Shape.Rank() > 2 {
			return []bool{false, true}, nil
		}
	case CumSum:
		if inner(o.Axis, in[0].Shape) {
			return []bool{true}, nil
		}
	case Softmax:
		if inner(o.Axis, in[0].Shape) {
			return []bool{true}, nil
		}
	case Concat:
		if inner(o.Axis, out[0].Shape) {
			return repeat(true, len(in)), nil
		}
	case Slice:
		if inner(o.Axis, in[0].Shape) {
			return []bool{true}, nil
		}
	}
	return nil, nil
}

// repeat is n times v.
func repeat(v bool, n int) []bool { return slices.Repeat([]bool{v}, n) }

// rowCut: operands that have the rows of the chain are cut, those that repeat are not. Masks depend on places in the
// whole, so a chain with a dropout does not work row by row.
func (o Elementwise) rowCut(in []graph.Type) []bool {
	if slices.Contains(o.Prog.steps(), true) || o.Shape.Rank() == 0 {
		return nil
	}
	cut := make([]bool, len(in))
	for i, t := range in {
		cut[i] = t.Shape.Rank() == o.Shape.Rank() && t.Shape.Dim(0) == o.Shape.Dim(0)
	}
	return cut
}

// rowCut: batches of matrices are cut between matrices, a matrix times a shared one between its rows, and aᵀ·b of two
// matrices sums over their rows.
func (o MatMul) rowCut(in []graph.Type) (cut, sums []bool) {
	a, b := in[0].Shape.Rank() > 2, in[1].Shape.Rank() > 2
	switch {
	case a || b:
		return []bool{a, b}, nil
	case !o.TA:
		return []bool{true, false}, nil
	case !o.TB:
		return []bool{true, true}, []bool{true}
	}
	return nil, nil
}

// sumOfRows says whether a sum to shape to is one over rows.
func sumOfRows(x, to graph.Shape) []bool {
	return []bool{to.Rank() < x.Rank() || to.Dim(0) != x.Dim(0)}
}

// onTile is op for a tile: shapes that it names have the rows of a tile, one of parts.
func onTile(op graph.Op, sum bool, parts int) graph.Op {
	tile := func(s graph.Shape) graph.Shape { return s.With(0, s.Dim(0)/parts) }
	switch o := op.(type) {
	case Reshaped:
		return Reshaped{tile(o.To)}
	case Elementwise:
		o.Shape = tile(o.Shape)
		return o
	case MatMulMap:
		o.Map.Shape = tile(o.Map.Shape)
		return o
	case MapSum:
		if o.Map.Shape = tile(o.Map.Shape); !sum {
			o.To = tile(o.To)
		}
		return o
	case SumTo:
		if !sum {
			o.To = tile(o.To)
		}
		return o
	}
	return op
}
