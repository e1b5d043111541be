package compile_test

import (
	"math"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// pairSums is a layer on the columns of x and the sums of all pairs of them.
func pairSums(rows, m, n int) (*graph.Graph, *graph.Node) {
	g := graph.New()
	x := g.Input("x", graph.Type{DType: graph.F64, Shape: graph.Sh(rows, m)})
	var left, right []int32
	for i := range m {
		for j := i + 1; j < m; j++ {
			left, right = append(left, int32(i)), append(right, int32(j))
		}
	}
	y := ops.Tanh(x)
	gather := func(t []int32) *graph.Node { return g.Apply(ops.Gather{Table: graph.NewIndex(t...)}, y) }
	kappa := ops.Join(1, y, ops.Add(gather(left), gather(right)))
	w := g.Param("w", graph.Type{DType: graph.F64, Shape: graph.Sh(n, m+len(left))}, graph.Uniform(-1, 1))
	return g, ops.MatMulT(kappa, w)
}

func TestSumsOfColumnsAreTakenOfTheWeights(t *testing.T) {
	const rows, m, n = 40, 9, 3
	g, y := pairSums(rows, m, n)
	var want []float64
	for _, disable := range [][]string{{"column-maps"}, nil} {
		loss := ops.Sum(ops.Square(y))
		w := g.LeafByName("w")
		p, err := compile.WithGrad(g, nil, &compile.Options{Disable: disable}, loss, g.Scalar(graph.F64, 1), []*graph.Node{w})
		if err != nil {
			t.Fatal(err)
		}
		in := graph.Uniform(-2, 2).Tensor(graph.Type{DType: graph.F64, Shape: graph.Sh(rows, m)}, 7, "x")
		out, err := p.RunTensors(map[string]*graph.Tensor{"x": in})
		if err != nil {
			t.Fatal(err)
		}
		got := append([]float64{out[0].F[0]}, out[1].F...)
		widest := 0
		h, roots := p.Graph()
		for _, x := range h.Live(roots...) {
			if s := x.Shape(); s.Rank() == 2 && s.Dim(0) == rows {
				widest = max(widest, s.Dim(1))
			}
		}
		if disable == nil && widest > m {
			t.Errorf("%d columns of a batch are formed; want at most the %d of the data", widest, m)
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-11*(1+math.Abs(want[i])) {
				t.Errorf("result %d is %v; want %v", i, got[i], want[i])
			}
		}
		want = got
	}
}

func TestColumnsThatNothingChoosesStayOutOfProducts(t *testing.T) {
	const rows, m = 40, 6
	g := graph.New()
	x := g.Input("x", graph.Type{DType: graph.F64, Shape: graph.Sh(rows, m)})
	gather := func(columns ...int32) *graph.Node { return g.Apply(ops.Gather{Table: graph.NewIndex(columns...)}, x) }
	kappa := ops.Join(1, gather(0, 1, 2, 4, 5), ops.Add(gather(0, 0, 1, 1, 2), gather(4, 5, 4, 5, 5))) // without column 3
	w := g.Param("w", graph.Type{DType: graph.F64, Shape: graph.Sh(2, kappa.Shape().Dim(1))}, graph.Uniform(-1, 1))
	p, err := compile.Forward(g, nil, nil, ops.MatMulT(kappa, w))
	if err != nil {
		t.Fatal(err)
	}
	in := graph.Uniform(-2, 2).Tensor(graph.Type{DType: graph.F64, Shape: graph.Sh(rows, m)}, 7, "x")
	for i := 3; i < len(in.F); i += m {
		in.F[i] = math.NaN() // an attribute that was not measured, say
	}
	out, err := p.RunTensors(map[string]*graph.Tensor{"x": in})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range out[0].F {
		if math.IsNaN(v) {
			t.Fatalf("result %d is NaN, by a column that is not chosen", i)
		}
	}
}
