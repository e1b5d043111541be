package compile_test

import (
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/ops"
	"rpnc/rpnops"
)

// graphAttention is a graph attention network of two heads a layer on a circle of n nodes, and its data.
func graphAttention(t *testing.T, n int) (g *graph.Graph, y *graph.Node, leaves graph.Leaves) {
	t.Helper()
	var links [][2]int
	for i := range n {
		links = append(links, [2]int{i, (i + 1) % n}, [2]int{i, i * 5 % n})
	}
	spec := models.Default[models.GAT]()
	spec.Topology = rpnops.NumberedGraph(n, links, true)
	spec.Dims, spec.Width.Width, spec.WithLoRRXi, spec.RXi = []int{6, 5, 3}, 2, true, 2
	m, err := models.New(spec, &models.Options{DType: graph.F64, Rows: n})
	if err != nil {
		t.Fatal(err)
	}
	g, x, y, err := m.Graph(n, true)
	if err != nil {
		t.Fatal(err)
	}
	leaves = graph.Leaves{models.InputName: graph.Uniform(-1, 1).Tensor(x.Type(), 1, "x")}
	leaves.Fill(g, 1)
	return g, y, leaves
}

func TestAttentionOnAGraphFormsNoMatrixOfAllPairs(t *testing.T) {
	const n = 60
	g, y, leaves := graphAttention(t, n)
	params := g.Leaves(graph.ParamLeaf)
	dy := g.Const(y.Type(), graph.Uniform(-1, 1).Tensor(y.Type(), 2, "dy").F...)
	want, err := graph.Run(g, leaves, append(graph.VJP(y, dy, params...), y)...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := compile.WithGrad(g, nil, &compile.Options{Check: true}, y, dy, params)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, l := range params {
		path, _ := l.Leaf()
		if err := p.Store().Set(path.Path, leaves[path.Path]); err != nil {
			t.Fatal(err)
		}
	}
	h, roots := p.Graph()
	for _, v := range h.Live(roots...) {
		for _, ty := range v.Types {
			if ty.Shape.Size() >= n*n {
				t.Errorf("%v is as large as the matrix of all pairs", v)
			}
		}
		if _, ok := v.Op.(ops.SDDMM); ok && v.In[0].Shape().Dim(-1) == 6 {
			t.Errorf("%v multiplies rows of the data; scores of low rank are products of rows of that length", v)
		}
	}
	got, err := p.RunTensors(map[string]*graph.Tensor{models.InputName: leaves[models.InputName]})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "y", got[0], want.Of(y), 1e-10)
	for i, d := range graph.VJP(y, dy, params...) {
		same(t, "gradient of "+params[i].String(), got[i+1], want.Of(d), 1e-10)
	}
	if count := opNames(p); count["SDDMM"] == 0 || count["PatternSoftmax↓"] == 0 {
		t.Errorf("ops are %v; want products and softmax on the pattern", count)
	}
}
