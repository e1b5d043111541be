package compile

import (
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

// The sum of a batch of products has the operations of all of them, however its operands lie.
func TestSummedProductsHaveTheOperationsOfAll(t *testing.T) {
	const batch, m, k, n = 5, 3, 7, 2
	for _, op := range []ops.MatMul{{}, {TA: true}, {TB: true}, {TA: true, TB: true}} {
		a, b := []int{batch, m, k}, []int{batch, k, n}
		if op.TA {
			a[1], a[2] = k, m
		}
		if op.TB {
			b[1], b[2] = n, k
		}
		g := graph.New()
		x := g.Input("a", graph.Type{DType: graph.F32, Shape: graph.Sh(a...)})
		y := g.Input("b", graph.Type{DType: graph.F32, Shape: graph.Sh(b...)})
		single, summed := g.Apply(op, x, y), g.Apply(ops.MatMulSum(op), x, y)
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		if a, b := flops(single), flops(summed); a != 2*batch*m*k*n || a != b {
			t.Errorf("%s: %g operations, and %g summed up; want %d of both", op.Name(), a, b, 2*batch*m*k*n)
		}
	}
}
