package compile_test

import (
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// packed is a Gather of the patches of ±1 around every stride-th cell of h×w cells in c channels, and its table.
func packed(x *graph.Node, c, h, w, stride int) *graph.Node {
	var table []int32
	count := 0
	for i := 0; i < h; i += stride {
		for j := 0; j < w; j += stride {
			count++
			for ch := range c {
				for k := range 9 {
					r, s := i+k/3-1, j+k%3-1
					cell := int32((ch*h+r)*w + s)
					if r < 0 || r >= h || s < 0 || s >= w {
						cell = -1
					}
					table = append(table, cell)
				}
			}
		}
	}
	op := ops.Gather{Table: graph.NewIndex(table...), Patches: ops.Patches{Count: count, Channels: c, Size: 9}}
	return ops.Reshape(x.Graph().Apply(op, x), x.Shape().Dim(0), count, c*9)
}

// convolution is a product with patches, a batch norm with a relu, and its weights. Scale and shift are trained or not.
func convolution(x *graph.Node, name string, c, out, h, w int, trained bool) *graph.Node {
	g, d, m := x.Graph(), x.DType(), out*h*w
	weights := g.Param(name+".w", typ(d, out, c*9), graph.Normal(0, 0.5))
	y := ops.Reshape(ops.MatMulT(weights, packed(x, c, h, w, 1)), x.Shape().Dim(0), m)
	y = ops.Add(y, g.Param(name+".b", typ(d, m), graph.Normal(0, 0.5)))
	norm := g.Apply(ops.ColumnNorm{Eps: 1e-3}, y)
	mean := g.State(name+".mean", typ(d, m), graph.Zeros())
	g.Update(mean, ops.Add(ops.Scale(mean, 0.9), ops.Scale(norm.Result(1), 0.1)))
	leaf := g.State
	if trained {
		leaf = g.Param
	}
	scale, shift := leaf(name+".scale", typ(d, m), graph.Fill(1.5)), leaf(name+".shift", typ(d, m), graph.Fill(0.2))
	return ops.Relu(ops.Add(ops.Mul(norm.Result(0), scale), shift))
}

// called is the name of a program whose norms are trained or not.
func called(name string, trained bool) string {
	if trained {
		return name + " with trained norms"
	}
	return name
}

// pictures are two convolutions and the largest entries of patches two cells apart.
func pictures(d graph.DType, trained bool) program {
	g := graph.New()
	const b, h, w = 4, 4, 5
	x := g.Input("x", typ(d, b, 2*h*w))
	y := convolution(convolution(x, "first", 2, 3, h, w, trained), "second", 3, 2, h, w, trained)
	top := ops.MaxAxis(packed(ops.Reshape(y, b*2, h*w), 1, h, w, 2), 2)
	return program{called("pictures", trained), g, []*graph.Node{y, top}, ops.Mean(ops.Square(top))}
}

// known is a convolution with a batch norm of known statistics and a relu.
func known(x *graph.Node, name string, c, out, h, w int) *graph.Node {
	g, d, m := x.Graph(), x.DType(), out*h*w
	y := ops.Reshape(ops.MatMulT(g.Param(name+".w", typ(d, out, c*9), graph.Normal(0, 0.5)), packed(x, c, h, w, 1)), x.Shape().Dim(0), m)
	vector := func(part string, fill float64) *graph.Node {
		return g.State(name+"."+part, typ(d, m), graph.Uniform(fill-0.3, fill+0.3))
	}
	y = ops.Sub(ops.Add(y, g.Param(name+".b", typ(d, m), graph.Normal(0, 0.5))), vector("mean", 0))
	y = ops.Mul(y, ops.Recip(ops.Sqrt(ops.Shift(vector("var", 1), 1e-3))))
	return ops.Relu(ops.Add(ops.Mul(y, vector("scale", 1.5)), vector("shift", 0.2)))
}

// tested are convolutions whose norms are those of inference, one and the mean of three heads.
func tested(d graph.DType) program {
	g := graph.New()
	const b, h, w = 4, 4, 5
	one := known(g.Input("x", typ(d, b, 2*h*w)), "first", 2, 3, h, w)
	y := known(one, "heads.0", 3, 2, h, w)
	for _, name := range []string{"heads.1", "heads.2"} {
		y = ops.Add(y, known(one, name, 3, 2, h, w))
	}
	y = ops.Scale(y, 1.0/3)
	return program{"norms of known statistics", g, []*graph.Node{y}, ops.Mean(ops.Square(y))}
}

func TestNormsOfKnownStatisticsAreOnePass(t *testing.T) {
	p := tested(graph.F64)
	q, err := compile.Forward(p.g, nil, nil, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	count := opNames(q)
	for name, want := range map[string]int{"PatchMatMul": 2, "AffineRelu": 2, "Permute[1 0 2]": 0, "Permute[1 0 2 3]": 0, "ColumnNorm": 0} {
		if count[name] != want {
			t.Errorf("%d × %s; want %d among %v", count[name], name, want, count)
		}
	}
}

// views are the mean of heads on one grid, each with parameters of its own.
func views(d graph.DType, trained bool) program {
	g := graph.New()
	const b, h, w = 4, 4, 5
	x := g.Input("x", typ(d, b, 2*h*w))
	y := convolution(x, "heads.0", 2, 2, h, w, trained)
	for _, name := range []string{"heads.1", "heads.2"} {
		y = ops.Add(y, convolution(x, name, 2, 2, h, w, trained))
	}
	y = ops.Scale(y, 1.0/3)
	return program{called("views", trained), g, []*graph.Node{y}, ops.Mean(ops.Square(y))}
}

func TestHeadsOnAGridAreOneProductAndOneNorm(t *testing.T) {
	for _, trained := range []bool{false, true} {
		p := views(graph.F64, trained)
		q, err := compile.Train(p.g, nil, nil, p.loss, momentum{})
		if err != nil {
			t.Fatal(err)
		}
		count := opNames(q)
		for name, want := range map[string]int{
			"PatchMatMul": 1, "PatchMatMulGrad": 1, "NormRelu": 1, "NormReluGrad": 1, "Permute[1 0 2]": 0, "Permute[1 0 2 3]": 0,
			"ColumnNorm": 0, "ColumnNormGrad": 0,
		} {
			if count[name] != want {
				t.Errorf("%s: %d × %s; want %d among %v", p.name, count[name], name, want, count)
			}
		}
	}
}

// The gradient of a mean of sixteen heads is one value sixteen times, of which two have been joined before the others.
func TestJoinsOfOneValueAreRepetitions(t *testing.T) {
	g := graph.New()
	x, other := g.Input("x", typ(graph.F64, 1, 3)), g.Input("other", typ(graph.F64, 1, 3))
	twice := func(n *graph.Node) *graph.Node { return ops.BroadcastTo(n, graph.Sh(2, 3)) }
	for want, parts := range map[int][]*graph.Node{0: {x, twice(x), x}, 1: {x, twice(other), x}} {
		y := ops.Relu(ops.Join(0, parts...))
		q, err := compile.Forward(g, nil, nil, y)
		if err != nil {
			t.Fatal(err)
		}
		if count := opNames(q); count["Concat@0"] != want {
			t.Errorf("%d joins of %v; want %d among %v", count["Concat@0"], parts, want, count)
		}
		steps(t, program{"joins", g, []*graph.Node{y}, nil}, q, []*graph.Node{y}, 1e-15)
	}
}

func TestPatchesAreNeverPacked(t *testing.T) {
	for _, trained := range []bool{false, true} {
		p := pictures(graph.F64, trained)
		q, err := compile.Train(p.g, nil, &compile.Options{Check: true}, p.loss, momentum{})
		if err != nil {
			t.Fatal(err)
		}
		count := opNames(q)
		for name, want := range map[string]int{
			"PatchMatMul": 3, "PatchMatMulGrad": 2, "PatchMax": 0, "PatchExtremeGrad": 0, "NormMax": 1, "NormMaxGrad": 1,
			"NormRelu": 1, "NormReluGrad": 1,
			"Gather": 0, "ScatterAdd": 0, "Place@-1/9": 0, "ColumnNorm": 0, "ColumnNormGrad": 0,
		} {
			if count[name] != want {
				t.Errorf("%s: %d × %s; want %d", p.name, count[name], name, want)
			}
		}
	}
}

// A norm before a pooling stays what it is where something else reads what is pooled, and where pooling is for the smallest.
func TestPooledNormsThatAreReadElsewhereStay(t *testing.T) {
	for name, c := range map[string]struct {
		least, read bool
		want        int
	}{"pooled": {want: 1}, "smallest": {least: true}, "output": {read: true}} {
		g := graph.New()
		x, w := g.Param("x", typ(graph.F64, 4, 12), graph.Normal(0, 1)), g.Param("w", typ(graph.F64, 12), graph.Fill(2))
		shift := g.Param("s", typ(graph.F64, 12), graph.Fill(0.5))
		z := ops.Relu(ops.Add(ops.Mul(g.Apply(ops.ColumnNorm{Eps: 1e-3}, x).Result(0), w), shift))
		table := graph.NewIndex(0, 1, 2, 2, 3, 4, 3, 4, 5)
		packed := g.Apply(ops.Gather{Table: table}, ops.Reshape(z, 8, 6))
		y := g.Apply(ops.Extreme{Axis: 2, Min: c.least}, ops.Reshape(packed, 8, 3, 3)).Result(0)
		outputs := []*graph.Node{y}
		if c.read {
			outputs = append(outputs, z)
		}
		p := program{name, g, outputs, ops.Mean(ops.Square(y))}
		q, err := compile.Train(g, nil, nil, p.loss, momentum{}, outputs...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if count := opNames(q); count["NormMax"] != c.want || count["NormMaxGrad"] != c.want || count["NormRelu"] != 1-c.want {
			t.Errorf("%s: %v", name, count)
		}
	}
}

// A norm whose normalised values are an output, too, or read by something else, stays as it is.
func TestNormsThatAreReadElsewhereStay(t *testing.T) {
	g := graph.New()
	x, w := g.Param("x", typ(graph.F64, 4, 3), graph.Normal(0, 1)), g.Param("w", typ(graph.F64, 3), graph.Fill(2))
	norm := g.Apply(ops.ColumnNorm{Eps: 1e-3}, x)
	z := ops.Relu(ops.Add(ops.Mul(norm.Result(0), w), g.Param("s", typ(graph.F64, 3), graph.Fill(0.5))))
	squares := ops.Sum(ops.Square(norm.Result(0)))
	for name, outputs := range map[string][]*graph.Node{"alone": {z}, "output": {z, norm.Result(0)}, "squares": {z, squares}} {
		q, err := compile.Train(g, nil, nil, ops.Mean(ops.Square(z)), momentum{}, outputs...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fused := 0
		if name == "alone" {
			fused = 1
		}
		if count := opNames(q); count["ColumnNorm"] != 1-fused || count["NormRelu"] != fused {
			t.Errorf("%s: %v", name, count)
		}
	}
}
