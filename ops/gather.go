package ops

import (
	"errors"
	"fmt"

	"rpnc/graph"
)

// Everything that moves columns by a fixed rule is one op with a table: packing of patches, padding,
// flips, choices of columns. The table is part of the op and interned, so two layers with the same
// geometry hold one. An entry of −1 reads as 0, which pads without a copy of the data that has a
// margin.

// Gather reads columns by a table: y[…, j] = x[…, Table[j]], and 0 where Table[j] is −1. Patch packing is one
// Gather; Patches then says how the table is laid out, for passes that read patches in place.
//
// Patches is the zero value for tables that are not patches.
type Gather struct {
	Table   *graph.Index
	Patches Patches
}

// ScatterAdd is the transpose of Gather: y[…, Table[j]] += x[…, j] for y of N columns.
type ScatterAdd struct {
	Table   *graph.Index
	N       int
	Patches Patches
}

// Patches describes a table of patches on a grid: Count patches, for each of them Channels × Size columns. The zero
// value says nothing.
type Patches struct{ Count, Channels, Size int }

var _ = register(
	Sample{Op: Gather{Table: graph.NewIndex(2, 0, -1, 2)}, In: []graph.Type{f64(2, 3)}, Order: 2},
	Sample{Op: ScatterAdd{Table: graph.NewIndex(2, 0, -1, 2), N: 3}, In: []graph.Type{f64(2, 4)}, Order: 2},
)

// Name shows the table's size.
func (o Gather) Name() string {
	if o.Patches.Count > 0 {
		return fmt.Sprintf("Gather{%d patches of %d×%d}", o.Patches.Count, o.Patches.Channels, o.Patches.Size)
	}
	return fmt.Sprintf("Gather%v", o.Table)
}

// Infer wants table entries within −1…columns−1.
func (o Gather) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	if _, err := axisOf(-1, in[0].Shape); err != nil {
		return nil, err
	}
	if err := checkTable(o.Table, in[0].Shape.Dim(-1)); err != nil {
		return nil, err
	}
	return []graph.Type{{DType: in[0].DType, Shape: in[0].Shape.With(-1, o.Table.Len())}}, nil
}

// checkTable wants entries that name one of n columns, or −1, which stands for a zero: padding of patches at the
// edge of a grid.
func checkTable(t *graph.Index, n int) error {
	if t == nil {
		return errors.New("there is no table; want one made by graph.NewIndex")
	}
	if lo, hi := t.Bounds(); t.Len() == 0 || lo >= -1 && int(hi) < n {
		return nil
	}
	for i, j := range t.Slice() {
		if j < -1 || int(j) >= n {
			return fmt.Errorf("table entry %d is %d; want −1…%d for %d columns", i, j, n-1, n)
		}
	}
	return nil
}

// Eval reads.
func (o Gather) Eval(dst, in []*graph.Tensor) error {
	n, w := in[0].Dim(-1), o.Table.Len()
	for i := range dst[0].F {
		if j := o.Table.At(i % w); j >= 0 {
			dst[0].F[i] = in[0].F[i/w*n+j]
		}
	}
	return nil
}

// VJP scatters the cotangent.
func (o Gather) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(ScatterAdd{o.Table, n.In[0].Shape().Dim(-1), o.Patches}, dy[0])}
}

// Name shows the table's size.
func (o ScatterAdd) Name() string { return fmt.Sprintf("ScatterAdd%v→%d", o.Table, o.N) }

// Infer wants one column for each table entry.
func (o ScatterAdd) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	if err := checkTable(o.Table, o.N); err != nil {
		return nil, err
	}
	if in[0].Shape.Rank() < 1 || in[0].Shape.Dim(-1) != o.Table.Len() {
		return nil, fmt.Errorf("operand %v; want %d columns, one a table entry", in[0].Shape, o.Table.Len())
	}
	return []graph.Type{{DType: in[0].DType, Shape: in[0].Shape.With(-1, o.N)}}, nil
}

// Eval adds up.
func (o ScatterAdd) Eval(dst, in []*graph.Tensor) error {
	w := o.Table.Len()
	for i, x := range in[0].F {
		if j := o.Table.At(i % w); j >= 0 {
			dst[0].F[i/w*o.N+j] += x
		}
	}
	return nil
}

// VJP gathers the cotangent.
func (o ScatterAdd) VJP(_ *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(Gather{o.Table, o.Patches}, dy[0])}
}
