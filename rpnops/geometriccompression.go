package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// GeometricCompression reduces every patch of a grid to one number, pooling:
//
//	κ(x)[u·P + t] = metric of the cells of patch t in universe u,  x (b×C·G) → (b×C·P)
//
// for G cells in each of C universes and P centres. Cells outside of the grid are zeros and take part: the minimum of a
// patch of positive cells at the border is 0, the mean divides by the size of the whole patch. Errors: no metric, data that
// is not the grid, and those of [Packing.Layout].
type GeometricCompression struct {
	Packing `yaml:",inline"`
	Metric  Opt[Metric] `yaml:"metric"` // there is no default
	Hooks   `yaml:",inline"`

	fixed Opt[Metric] // of classes that ignore Metric
}

const geometricCompressionLaw = "κ(x)[u·P + t] = metric of patch t in universe u,  D = C·P"

var (
	_ = Register(Spec[GeometricCompression]{
		Name: "geometric_compression", Default: GeometricCompression{Packing: Packing{D: 1, ChannelNum: 1}},
		Equation: geometricCompressionLaw, Params: "0", Cols: sampleGrid.Columns(),
		Samples: []GeometricCompression{
			{Packing: Packing{Grid: sampleGrid, Patch: Cuboid{PHPrime: Some(1), PWPrime: Some(1)}}, Metric: Some(Sum)},
			{Packing: Packing{Grid: sampleGrid, Patch: Sphere{R: 1}, CDH: 2, CDW: 1, CDD: 1}, Metric: Some(Median)},
			{Packing: Packing{H: 4, W: 3, Patch: Cuboid{PHPrime: Some(1)}, CDH: 2, CDW: 1, CDD: 1}, Metric: Some(Std),
				Hooks: Hooks{Pre: []Process{Tanh{}}, Post: []Process{Sigmoid{}}}},
		},
	})
	_ = registerPatchCompression("cuboid", Cuboid{}, Cuboid{PH: 1, PW: 1})
	_ = registerPatchCompression("cylinder", Cylinder{}, Cylinder{R: 1})
	_ = registerPatchCompression("sphere", Sphere{}, Sphere{R: 1})
)

// registerPatchCompression registers the classes of one shape of patch: that of any metric, and those of one each.
func registerPatchCompression(shape string, none, sample Patch) struct{} {
	free := GeometricCompression{Packing: Packing{D: 1, ChannelNum: 1, Patch: none}}
	for name, metric := range map[string]Opt[Metric]{
		shape + "_patch": {}, shape + "_max": Some(Max), shape + "_min": Some(Min), shape + "_mean": Some(Mean),
	} {
		d, example := free, free
		d.fixed = metric
		example.fixed, example.Patch, example.Grid = metric, sample, sampleGrid
		if !metric.Set {
			example.Metric = Some(Sum)
		}
		Register(Spec[GeometricCompression]{
			Name: name + "_based_geometric_compression", Default: d, Equation: geometricCompressionLaw, Params: "0",
			Cols: sampleGrid.Columns(), Samples: []GeometricCompression{example},
		})
	}
	return struct{}{}
}

// plan is the layout for m columns and the metric, that of the class first.
func (o GeometricCompression) plan(m int) (*Layout, Metric, error) {
	l, err := o.Layout()
	if err != nil {
		return nil, Metric{}, err
	}
	metric := o.Metric
	if o.fixed.Set {
		metric = o.fixed
	}
	q := l.PatchSize()
	switch n := metric.V.weights(); {
	case !metric.Set:
		return nil, Metric{}, errNoMetric("GeometricCompression")
	case m != l.Grid.Columns():
		return nil, Metric{}, l.mismatch("columns", m)
	case n > 0 && n != q:
		return nil, Metric{}, errorf("GeometricCompression", "%d weights of %v for patches of %d cells; want one a cell", n, metric.V, q)
	}
	return l, metric.V, nil
}

// OutDim is C·P.
func (o GeometricCompression) OutDim(m int) (int, error) {
	l, _, err := o.plan(m)
	if err != nil {
		return 0, err
	}
	return l.PatchNumAcross(), nil
}

// Transform packs and reduces. Universes go with the rows, so that one table of patches serves all of them and the
// results need no reordering.
func (o GeometricCompression) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	l, metric, err := o.plan(x.Shape().Dim(-1))
	switch {
	case err != nil:
		return s.fail(err)
	case x.Poisoned():
		return x
	}
	b, across := x.Shape().Dim(0), l.PatchNumAcross()
	one := *l
	one.Grid.Universes = 1
	rows := b * l.Grid.Channels()
	packed := one.Gather(ops.Reshape(x, rows, l.Grid.Volume()))
	y := metric.Reduce(ops.Reshape(packed, rows, l.PatchNum(), l.PatchSize()), -1)
	return o.post(s, ops.Reshape(y, b, across))
}
