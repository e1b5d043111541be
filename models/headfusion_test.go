package models_test

import (
	"strings"
	"testing"

	"rpnc/compile"
	"rpnc/models"
)

// products counts the product nodes of what a compiled model evaluates.
func products(t *testing.T, spec models.Spec, rows int, o *compile.Options) (count int) {
	t.Helper()
	m, err := models.New(spec, &models.Options{Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	g, _, y, err := m.Graph(rows, false)
	if err != nil {
		t.Fatal(err)
	}
	p, err := compile.Forward(g, m.Store(), o, y)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	h, roots := p.Graph()
	for _, n := range h.Live(roots...) {
		if strings.Contains(n.Op.Name(), "MatMul") {
			count++
			if testing.Verbose() {
				t.Log(n)
			}
		}
	}
	return count
}

func TestIndependentHeadsShareTheirProducts(t *testing.T) {
	eight := models.Width{Width: 8}
	grid := models.GridLayer{GridHead: models.GridHead{Patching: models.Patching{H: 8, W: 8, PH: models.Int(1)}, InChannel: 2, OutChannel: 4,
		Product: models.Product{EnableBias: true}, Finish: models.Finish{WithBatchNorm: true, WithRelu: true}}, Width: eight}
	bilinear := models.BilinearLayer{BilinearHead: models.BilinearHead{M: 12, N: 6, Attention: models.Attention{},
		Product: models.Product{EnableBias: true}, Finish: models.Finish{WithRelu: true}}, Width: eight}
	for _, c := range []struct {
		name          string
		spec          models.Spec
		before, after int
	}{
		{"grid", grid, 8, 1},
		{"bilinear", bilinear, 33, 5}, // the fifth joins the heads
	} {
		if n := products(t, c.spec, 16, &compile.Options{Disable: []string{"fuse-heads"}}); n != c.before {
			t.Errorf("%s: %d products without fuse-heads, want %d", c.name, n, c.before)
		}
		if n := products(t, c.spec, 16, nil); n != c.after {
			t.Errorf("%s: %d products, want %d", c.name, n, c.after)
		}
	}
}
