package ops

import (
	"fmt"

	"rpnc/graph"
)

// NormMax is batch norm over the rows with a relu and a pooling behind it, x (b×c·n), w and s (c·n) → y (b×c·P): of each of
// the c grids of n = Cells columns, the largest entry of every patch,
//
//	y = PatchExtreme{Table, Size}(z as (b·c×n)),  z = max(w·(x − mean)·r + s, 0)
//
// with the other three results of [NormRelu]: mean, variance and r of every column. What is normalised is never in memory: it
// is as large as x, and P is a fraction of n.
type NormMax struct {
	Eps   float64
	Cells int
	Table *graph.Index
	Size  int
}

// NormMaxGrad is the gradient of NormMax's first result, from its cotangent d (b×c·P), x, w, s, mean and r: that of x, its
// sum over the rows, and those of w and s, as those of [NormReluGrad].
type NormMaxGrad struct {
	Cells int
	Table *graph.Index
	Size  int
}

// AffineMax is NormMax with known statistics, x (b×c·n), a and c (c·n) → y (b×c·P), z = max(a·x + c, 0).
type AffineMax struct {
	Cells int
	Table *graph.Index
	Size  int
}

var _ = register(
	Sample{Op: NormMax{1e-5, 5, samplePatches, 3}, In: []graph.Type{f64(4, 10), f64(10), f64(10)}, Lo: 0.5, Hi: 1.5, Order: 1},
	Sample{Op: NormMaxGrad{5, samplePatches, 3}, In: []graph.Type{f64(4, 6), f64(4, 10), f64(10), f64(10), f64(10), f64(10)}, Lo: 0.5, Hi: 1.5},
	Sample{Op: AffineMax{5, samplePatches, 3}, In: []graph.Type{f64(4, 10), f64(10), f64(10)}, Lo: 0.5, Hi: 1.5, Order: 1},
)

// checkGrids wants x (b×c·Cells) and vectors of its columns; it gives the type of what is pooled.
func checkGrids(cells int, table *graph.Index, size int, x graph.Type, vectors []graph.Type) (y graph.Type, err error) {
	if _, err := checkHeads(1, 1, x, vectors); err != nil {
		return y, err
	}
	b, m := x.Shape.Dim(0), x.Shape.Dim(1)
	if cells < 1 || m%cells != 0 {
		return y, fmt.Errorf("x is %v; want grids of %d cells", x, cells)
	}
	p, err := checkPatches(table, size, graph.Sh(b*(m/cells), cells))
	return x.Of(b, m/cells*p), err
}

// pooledGrids are the largest entries of the patches of all grids of z.
func pooledGrids(z *graph.Node, cells int, table *graph.Index, size int) *graph.Node {
	b, c := z.Shape().Dim(0), z.Shape().Dim(1)/cells
	y := apply(PatchExtreme{Table: table, Size: size}, Reshape(z, b*c, cells))
	return Reshape(y, b, c*(table.Len()/size))
}

// HostOnly says that the pass that makes it is one for the CPU.
func (NormMax) HostOnly() {}

// Name shows ε and the patches of a grid.
func (o NormMax) Name() string {
	return fmt.Sprintf("NormMax{%g, %d patches of %d}", o.Eps, o.Table.Len()/max(1, o.Size), o.Size)
}

// Infer gives y and three vectors.
func (o NormMax) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 3 {
		return nil, errOperands(3, in)
	}
	y, err := checkGrids(o.Cells, o.Table, o.Size, in[0], in[1:])
	if err != nil {
		return nil, err
	}
	return []graph.Type{y, in[1], in[1], in[1]}, nil
}

// Eval evaluates the expansion.
func (o NormMax) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused is norm with relu, and pooling.
func (o NormMax) Unfused(in []*graph.Node) []*graph.Node {
	norm := apply(NormRelu{Eps: o.Eps, Heads: 1, Scale: 1}, in...)
	return []*graph.Node{pooledGrids(norm.Result(0), o.Cells, o.Table, o.Size), norm.Result(1), norm.Result(2), norm.Result(3)}
}

// HostOnly says that the pass that makes it is one for the CPU.
func (NormMaxGrad) HostOnly() {}

// Name shows the patches of a grid.
func (o NormMaxGrad) Name() string {
	return fmt.Sprintf("NormMaxGrad{%d patches of %d}", o.Table.Len()/max(1, o.Size), o.Size)
}

// Infer gives the type of x and three vectors.
func (o NormMaxGrad) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 6 {
		return nil, errOperands(6, in)
	}
	y, err := checkGrids(o.Cells, o.Table, o.Size, in[1], in[2:])
	if err != nil {
		return nil, err
	}
	if in[0] != y {
		return nil, fmt.Errorf("d is %v; want the type of y, %v", in[0], y)
	}
	return []graph.Type{in[1], in[2], in[2], in[2]}, nil
}

// Eval evaluates the expansion.
func (o NormMaxGrad) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused finds the largest entries again, leads d to them, and goes on as [NormReluGrad].
func (o NormMaxGrad) Unfused(in []*graph.Node) []*graph.Node {
	d, x, w, s, mean, r := in[0], in[1], in[2], in[3], in[4], in[5]
	b, m := x.Shape().Dim(0), x.Shape().Dim(1)
	z := Reshape(Relu(Add(Mul(Mul(Sub(x, mean), r), w), s)), b*(m/o.Cells), o.Cells)
	y := apply(PatchExtreme{Table: o.Table, Size: o.Size}, z)
	dz := Reshape(apply(PatchExtremeGrad{Table: o.Table, Size: o.Size}, z, y, Reshape(d, y.Shape().Dim(0), y.Shape().Dim(1))), b, m)
	back := apply(NormReluGrad{Heads: 1, Scale: 1}, dz, x, w, s, mean, r)
	return []*graph.Node{back.Result(0), back.Result(1), back.Result(2), back.Result(3)}
}

// HostOnly says that the pass that makes it is one for the CPU.
func (AffineMax) HostOnly() {}

// Name shows the patches of a grid.
func (o AffineMax) Name() string {
	return fmt.Sprintf("AffineMax{%d patches of %d}", o.Table.Len()/max(1, o.Size), o.Size)
}

// Infer gives y.
func (o AffineMax) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 3 {
		return nil, errOperands(3, in)
	}
	y, err := checkGrids(o.Cells, o.Table, o.Size, in[0], in[1:])
	if err != nil {
		return nil, err
	}
	return []graph.Type{y}, nil
}

// Eval evaluates the expansion.
func (o AffineMax) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused is factor, addend and relu, and pooling.
func (o AffineMax) Unfused(in []*graph.Node) []*graph.Node {
	return []*graph.Node{pooledGrids(apply(AffineRelu{Heads: 1, Scale: 1}, in...), o.Cells, o.Table, o.Size)}
}
