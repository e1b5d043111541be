package compile

import (
	"math"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

// A machine of gorgonia's changes parameters where they lie, so that nothing is held of a store that one has got.
func TestNothingIsHeldOfAStoreThatOthersChange(t *testing.T) {
	g := graph.New()
	ty := graph.Type{DType: graph.F64, Shape: graph.Sh(2)}
	x, w := g.Input("x", ty), g.Param("w", ty, graph.Fill(1))
	p, err := Forward(g, nil, &Options{Level: O0}, ops.Mul(x, ops.Exp(ops.Sinh(w))))
	if err != nil {
		t.Fatal(err)
	}
	if p.Stats().Held == 0 {
		t.Fatal("nothing is held; the property is not tested")
	}
	p.store.lent.Store(true)
	w0 := p.store.bind("w").F64
	for _, v := range []float64{1, 0.5, -2} {
		w0[0], w0[1] = v, v
		y, err := p.RunTensors(map[string]*graph.Tensor{"x": graph.Fill(1).Tensor(ty, 0, "x")})
		if err != nil {
			t.Fatal(err)
		}
		if want := math.Exp(math.Sinh(v)); math.Abs(y[0].F[0]-want) > 1e-12*want {
			t.Errorf("w = %v: %v, want %v", v, y[0].F[0], want)
		}
	}
}
