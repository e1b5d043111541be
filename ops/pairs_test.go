package ops_test

import (
	"math"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

// pairGrad evaluates the sum of y, built from x (k×m), and its gradient.
func pairGrad(t *testing.T, k, m int, x []float64, build func(x *graph.Node) *graph.Node) (y, dx []float64) {
	t.Helper()
	g := graph.New()
	in := g.Input("x", graph.Type{DType: graph.F64, Shape: graph.Sh(k, m)})
	out := build(in)
	grads := graph.Grad(ops.SumToShape(out, graph.Sh()), in)
	v, err := graph.Run(g, graph.Leaves{"x": {Type: in.Type(), F: x}}, out, grads[0])
	if err != nil {
		t.Fatal(err)
	}
	return v.Of(out).F, v.Of(grads[0]).F
}

// Columns (1, 2), (1, 2) and (4, 2): the first two are equal.
var equalColumns = []float64{1, 1, 4, 2, 2, 2}

func TestPairTermsOfEqualColumnsHaveNoGradient(t *testing.T) {
	for p, want := range map[float64][]float64{
		0:   {0, 0, 1, 0, 0, 1, 1, 1, 0},
		0.5: {0, 0, math.Sqrt(3), 0, 0, math.Sqrt(3), math.Sqrt(3), math.Sqrt(3), 0},
		1:   {0, 0, 3, 0, 0, 3, 3, 3, 0},
		2:   {0, 0, 9, 0, 0, 9, 9, 9, 0},
	} {
		y, dx := pairGrad(t, 2, 3, equalColumns, func(x *graph.Node) *graph.Node {
			ones := ops.BroadcastTo(x.Graph().Scalar(graph.F64, 1), graph.Sh(2, 1))
			return x.Graph().Apply(ops.PairSum{F: ops.PairTerm{P: p}}, x, ones, ones)
		})
		near(t, "sum", y, want)
		slope := 0.0
		if p > 0 {
			slope = p * math.Pow(3, p-1)
		}
		near(t, "gradient", dx, []float64{-2 * slope, -2 * slope, 4 * slope, 0, 0, 0})
	}
}

func near(t *testing.T, what string, have, want []float64) {
	t.Helper()
	for i := range want {
		if !(math.Abs(have[i]-want[i]) <= 1e-12) {
			t.Fatalf("%s is %v, want %v", what, have, want)
		}
	}
}

func TestTiedExtremesShareTheGradient(t *testing.T) {
	// |t| is 3 in both components of columns (1, 2) and (4, −1), 0 within a column.
	x := []float64{1, 4, 2, -1}
	y, dx := pairGrad(t, 2, 2, x, func(x *graph.Node) *graph.Node { return x.Graph().Apply(ops.PairExtreme{}, x).Result(0) })
	near(t, "maxima", y, []float64{0, 3, 3, 0})
	near(t, "gradient", dx, []float64{-1, 1, 1, -1})
}

func TestZeroDiagonalForgetsNaN(t *testing.T) {
	y, dx := pairGrad(t, 2, 2, []float64{math.NaN(), 2, 3, math.Inf(1)}, func(x *graph.Node) *graph.Node { return x.Graph().Apply(ops.ZeroDiagonal{}, x) })
	near(t, "matrix", y, []float64{0, 2, 3, 0})
	near(t, "gradient", dx, []float64{0, 1, 1, 0})
}
