package ops

import (
	"fmt"

	"rpnc/graph"
)

// An expansion makes many features of each number of a row: bases of splines, Gaussians, sines. A layer on it multiplies
// them with a wide matrix, and then they are forgotten. Written to memory and read back, a batch of them is larger than the
// caches, and a product that adds up along the rows of both factors has to turn one of them first. Made a few at a time,
// each as a row of its values for the whole batch, features are just what the lanes of a product's kernel read:
//
//	yᵀ = W·κᵀ,  κᵀ some rows at a time:  x₀², x₁², x₂², … of all rows of the batch, each with a column of W
//
// The gradient by W makes them again: that takes less time than to write and to read them.

// Expanded is the product of an expansion with a matrix, y = κ(x)·Wᵀ: W (n×K) and the operands of κ → (b×n).
//
// K is a program that [RowTiles] could run, of one result κ (b×K). It is one of which [Expandable] is true.
type Expanded struct{ K *RowProgram }

// ExpandedGrad is the gradient of [Expanded] by its matrix, dW = dyᵀ·κ(x): dy (b×n) and the operands of κ → (n×K).
type ExpandedGrad struct{ K *RowProgram }

var _ = register(
	Sample{Op: Expanded{sampleExpansion()}, In: []graph.Type{f64(3, 26), f64(6, 2), f64(3)}, Lo: -0.9, Hi: 0.9, Order: 2},
	Sample{Op: ExpandedGrad{sampleExpansion()}, In: []graph.Type{f64(6, 3), f64(6, 2), f64(3)}, Lo: -0.9, Hi: 0.9, Order: 2},
	Sample{Op: TiledStep{AdamW{0.9, 0.99, 1e-6, 0.1, false}, ExpandedGrad{sampleExpansion()}}, Lo: 0.1, Hi: 0.9,
		In: append(tiledTypes(1, 78), f64(6, 3), f64(6, 2), f64(3))},
)

// sampleExpansion is κ(x) = [x₀, 2x₀, x₁, 2x₁ | xⱼ·cₖ | xⱼ + xⱼ·cₖ | bases of splines].
func sampleExpansion() *RowProgram {
	twice := Elementwise{NewProgram(1, []float64{2}, []Instr{{Binary{KMul}, 0, 1}}, 2), graph.Sh(6, 2)}
	each := Elementwise{NewProgram(2, nil, []Instr{{Binary{KMul}, 0, 1}, {graph.Add{}, 0, 2}}, 2, 3), graph.Sh(6, 2, 3)}
	return &RowProgram{Rows: 6, Cut: []bool{true, false}, Out: []int{13}, Steps: []RowStep{
		{Reshaped{graph.Sh(6, 2, 1)}, []int{0}},
		{twice, []int{0}},
		{Reshaped{graph.Sh(6, 2, 1)}, []int{3}},
		{Concat{Axis: 2}, []int{2, 4}},
		{Reshaped{graph.Sh(6, 4)}, []int{5}},
		{each, []int{2, 1}}, // values 7 and 8
		{BSpline{Lo: -1, Hi: 1, T: 2, D: 3}, []int{0}},
		{Reshaped{graph.Sh(6, 6)}, []int{7}},
		{Reshaped{graph.Sh(6, 6)}, []int{8}},
		{Reshaped{graph.Sh(6, 10)}, []int{9}},
		{Concat{Axis: 1}, []int{6, 10, 11, 12}},
	}}
}

// HostOnly says that the pass that makes it is one for the CPU.
func (Expanded) HostOnly() {}

// HostOnly says that the pass that makes it is one for the CPU.
func (ExpandedGrad) HostOnly() {}

// Name lists the steps of the expansion.
func (o Expanded) Name() string { return "Expanded·ᵀ{" + o.K.names() + "}" }

// Name lists the steps of the expansion.
func (o ExpandedGrad) Name() string { return "Expandedᵀ·{" + o.K.names() + "}" }

// Infer wants a matrix of as many columns as the expansion has.
func (o Expanded) Infer(in []graph.Type) ([]graph.Type, error) {
	k, err := o.K.expansion(in, 1)
	if err != nil {
		return nil, err
	}
	return MatMul{TB: true}.Infer([]graph.Type{k.kappa, in[0]})
}

// Infer wants a gradient of as many rows as the expansion has.
func (o ExpandedGrad) Infer(in []graph.Type) ([]graph.Type, error) {
	k, err := o.K.expansion(in, 1)
	if err != nil {
		return nil, err
	}
	return MatMul{TA: true}.Infer([]graph.Type{in[0], k.kappa})
}

// Eval evaluates the two parts.
func (o Expanded) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Eval evaluates the two parts.
func (o ExpandedGrad) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused is the expansion and the product.
func (o Expanded) Unfused(in []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(MatMul{TB: true}, RowTiles{o.K}.Unfused(in[1:])[0], in[0])}
}

// Unfused is the expansion and the product.
func (o ExpandedGrad) Unfused(in []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(MatMul{TA: true}, in[0], RowTiles{o.K}.Unfused(in[1:])[0])}
}

// Expandable says whether [Expanded] takes an expansion of operands in: elementwise functions and cubic splines of operands,
// whose features stand side by side in κ, or at a distance, in runs of some length.
func Expandable(k *RowProgram, in []graph.Type) bool {
	_, err := k.expansion(in, 0)
	return err == nil
}

// expansion says where each column of κ comes from.
type expansion struct {
	kappa   graph.Type
	values  []rowValue
	root    []int // of a value: the operand that it is a view of, −1 for none
	sources []featureSource
	runs    []featureRun
}

// featureSource makes features: a step of the program, whose first result is the value, or with step −1 an operand that is
// cut, of which each column is a feature as it is. All results of a step have equally many of them, made unit by unit.
type featureSource struct{ step, value, features, results, unit int }

// featureRun says that features at, at+1 … at+n−1 of a result of a source are the columns col, col+stride … of κ.
type featureRun struct{ source, result, at, n, col, stride int }

// feature is a number of a feature of a source, as the columns of a value are traced through views and joins.
type feature struct{ source, result, at int }

// leastRun is the number of features that runs have at least on average: each is a product of its own.
const leastRun = 32

// expansion traces the columns of κ; operands of the program stand in the list from one on.
func (p *RowProgram) expansion(in []graph.Type, from int) (*expansion, error) {
	if p == nil || len(in) != from+len(p.Cut) || len(p.Out) != 1 {
		return nil, fmt.Errorf("%d operands; want %d and those of a program of one result", len(in), from)
	}
	vs, err := RowTiles{p}.values(in[from:])
	if err != nil {
		return nil, err
	}
	e := &expansion{values: vs}
	columns := make([][]feature, len(vs))
	for v := range p.Cut {
		e.root = append(e.root, v)
		if p.Cut[v] {
			columns[v] = e.source(-1, v, 1, 1, p.Rows)[0]
		}
	}
	next := len(p.Cut)
	for k, s := range p.Steps {
		made, err := e.trace(p, k, s, next, columns)
		if err != nil {
			return nil, fmt.Errorf("step %d, %s: %w", k, s.Op.Name(), err)
		}
		next += copy(columns[next:], made)
	}
	out := p.Out[0]
	if out < len(p.Cut) || out >= len(vs) || columns[out] == nil {
		return nil, fmt.Errorf("result %d is no step's; want %d…%d", out, len(p.Cut), len(vs)-1)
	}
	e.kappa = graph.Type{DType: vs[out].DType, Shape: graph.Sh(p.Rows, len(columns[out]))}
	return e, e.findRuns(columns[out])
}

// source adds a source and answers with its features, by result. next is the value of its first result.
func (e *expansion) source(step, next, results, unit, rows int) [][]feature {
	n := e.values[next].Shape.Size() / max(1, rows)
	e.sources = append(e.sources, featureSource{step, next, n, results, unit})
	made := make([][]feature, results)
	for r := range made {
		for i := range n {
			made[r] = append(made[r], feature{len(e.sources) - 1, r, i})
		}
	}
	return made
}

// trace follows the columns of operands through a step, whose first result is value next.
func (e *expansion) trace(p *RowProgram, k int, s RowStep, next int, columns [][]feature) (made [][]feature, err error) {
	root := -1
	switch op := s.Op.(type) {
	case Reshaped:
		root = e.root[s.In[0]]
		made = [][]feature{columns[s.In[0]]}
	case Concat:
		made = [][]feature{e.join(op, s.In, columns)}
	case Elementwise:
		made = e.source(k, next, op.Prog.Out.Len(), 1, p.Rows)
	case BSpline:
		if op.D != 3 || op.DerivNum != 0 {
			return nil, fmt.Errorf("want the bases of cubic splines")
		}
		made = e.source(k, next, 1, op.T+op.D, p.Rows)
	default:
		return nil, fmt.Errorf("makes no features")
	}
	for i := range made {
		if t := e.values[next+i]; !t.cut || t.Shape.Dim(0) != p.Rows {
			return nil, fmt.Errorf("its result is %v; want %d rows", t.Type, p.Rows)
		}
		e.root = append(e.root, root)
	}
	for _, v := range s.In {
		_, joins := s.Op.(Concat)
		if _, view := s.Op.(Viewer); !joins && !view && e.root[v] < 0 {
			return nil, fmt.Errorf("reads what is no operand")
		}
	}
	return made, nil
}

// join is the order of columns that a Concat makes of those of its operands.
func (e *expansion) join(op Concat, in []int, columns [][]feature) (out []feature) {
	ax, _ := axisOf(op.Axis, e.values[in[0]].Shape) // has been asked by values
	outer := size(e.values[in[0]].Shape.Dims()[1:ax])
	for o := range outer {
		for _, v := range in {
			n := len(columns[v]) / max(1, outer)
			out = append(out, columns[v][o*n:(o+1)*n]...)
		}
	}
	return out
}

// findRuns finds the runs of features in the columns of κ, by source, result and feature.
func (e *expansion) findRuns(columns []feature) error {
	at := make([][][]int, len(e.sources)) // the column of a feature + 1
	for s, src := range e.sources {
		for range src.results {
			at[s] = append(at[s], make([]int, src.features))
		}
	}
	for col, f := range columns {
		if at[f.source][f.result][f.at] != 0 {
			return fmt.Errorf("columns %d and %d are the same feature", at[f.source][f.result][f.at]-1, col)
		}
		at[f.source][f.result][f.at] = col + 1
	}
	for s := range at {
		for r, cols := range at[s] {
			for i := 0; i < len(cols); {
				run := nextRun(cols[i:])
				if cols[i] > 0 {
					e.runs = append(e.runs, featureRun{s, r, i, run.n, cols[i] - 1, run.stride})
				}
				i += run.n
			}
		}
	}
	if len(columns) > 256 && len(e.runs)*leastRun > len(columns) {
		return fmt.Errorf("%d columns are in %d pieces; want runs of %d or more", len(columns), len(e.runs), leastRun)
	}
	return nil
}

// nextRun is how many of the columns follow each other at one distance, and that distance.
func nextRun(cols []int) (run featureRun) {
	run.n, run.stride = 1, 1
	if cols[0] == 0 || len(cols) == 1 || cols[1] <= cols[0] {
		return run
	}
	run.stride = cols[1] - cols[0]
	for run.n < len(cols) && cols[run.n] == cols[0]+run.n*run.stride {
		run.n++
	}
	return run
}
