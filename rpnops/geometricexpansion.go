package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// GeometricExpansion packs the patches of a grid so that every offset of the patch makes a copy of the whole grid: for
// P centres and patches of q cells
//
//	κ(x)[(u·q + o)·P + c] = channel u of the cell at offset o from centre c, 0 outside of the grid,  x (b×C·G) → (b×C·q·P)
//
// [Geometric] packs the same numbers, the centre slowest. It is one [ops.Gather]. Errors: data that is not the grid,
// and those of [Packing.Layout].
type GeometricExpansion struct {
	Packing `yaml:",inline"`
	Hooks   `yaml:",inline"`
}

var (
	_ = Register(packedSpec("geometric_expansion", nil, Cuboid{PH: 1, PWPrime: Some(1)}))
	_ = Register(packedSpec("cuboid_patch_based_geometric_expansion", Cuboid{}, Cuboid{PH: 1, PW: 1}))
	_ = Register(packedSpec("cylinder_patch_based_geometric_expansion", Cylinder{}, Cylinder{R: 1}))
	_ = Register(packedSpec("sphere_patch_based_geometric_expansion", Sphere{}, Sphere{R: 1}))
)

// packedSpec is the entry of the class of one shape of patch. Its samples have a centre at every cell and at every second
// row.
func packedSpec(name string, none, sample Patch) Spec[GeometricExpansion] {
	dense := GeometricExpansion{Packing: Packing{Grid: sampleGrid, Patch: sample}}
	sparse := dense
	sparse.CDH, sparse.CDW, sparse.CDD = 2, 1, 1
	sparse.Pre = []Process{Tanh{}}
	return Spec[GeometricExpansion]{
		Name: name, Default: GeometricExpansion{Packing: Packing{D: 1, ChannelNum: 1, Patch: none}},
		Equation: "κ(x) = x at offset o from centre c, for all channels, o, c", Params: "0",
		Samples: []GeometricExpansion{dense, sparse}, Cols: sampleGrid.Columns(),
	}
}

// OutDim is C·q·P.
func (o GeometricExpansion) OutDim(m int) (int, error) {
	l, err := o.Layout()
	if err != nil {
		return 0, err
	}
	if m != l.Grid.Columns() {
		return 0, l.mismatch("columns", m)
	}
	return l.PatchNumAcross() * l.PatchSize(), nil
}

// Transform gathers.
func (o GeometricExpansion) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	if x.Poisoned() {
		return x
	}
	if _, err := o.OutDim(x.Shape().Dim(-1)); err != nil {
		return s.fail(err)
	}
	l, err := o.Layout()
	if err != nil {
		return s.fail(err)
	}
	return o.post(s, s.G.Apply(ops.Gather{Table: l.byOffset()}, x))
}

// byOffset is the table of all patches with the channel slowest, then the offset, then the centre.
func (l *Layout) byOffset() *graph.Index {
	patches := l.PatchIndexes()
	table := make([]int32, 0, l.PatchNumAcross()*l.PatchSize())
	for c := range l.Grid.Channels() {
		for o := range l.PatchSize() {
			for _, patch := range patches {
				at := patch[o]
				if at >= 0 {
					at += c * l.Grid.Volume()
				}
				table = append(table, int32(at))
			}
		}
	}
	return graph.NewIndex(table...)
}
