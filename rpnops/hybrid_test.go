package rpnops

import (
	"strings"
	"testing"
)

func TestHybridOfParametersAndKernel(t *testing.T) {
	r := newTrial(t, false)
	xi := Hybrid{Declared: Declared{B: 3, Type: Instance}, Fusion: MetricFusion{Metric: Sum},
		Functions: []Interdependence{Parameterized{}, KernelInterdependence{Kernel: LinearKernel{}, Declared: Declared{Type: Attribute}}}}
	x := r.input("x", 3, 2)
	y := Relate(r.s, xi, x, x, r.weights(9))
	r.want("sum fusion", y, map[string][]float64{"x": {1, 2, 3, 4, 5, 7}}, 181, 254, 358, 503, 584, 821)

	xi.Fusion = ParameterizedConcatenationFusion{FusionOptions: FusionOptions{Dims: []int{3, 3}}}
	if l, err := xi.NumParams(3, 2); err != nil || l != 9+18 {
		t.Errorf("l is %d, %v; want 27", l, err)
	}
}

func TestHybridsThatCannotBe(t *testing.T) {
	linear := KernelInterdependence{Kernel: LinearKernel{}}
	for _, c := range []struct {
		xi   Hybrid
		want string
	}{
		{Hybrid{Fusion: MetricFusion{}}, "0 functions"},
		{Hybrid{Functions: []Interdependence{linear}}, "fusion <nil>"},
		{Hybrid{Functions: []Interdependence{nil}, Fusion: MetricFusion{}}, "function 0 is missing"},
		{Hybrid{Functions: []Interdependence{Graph{Nodes: []string{"a"}}}, Fusion: MetricFusion{}}, "1 nodes for 2 columns"},
		{Hybrid{Functions: []Interdependence{linear, Parameterized{MPrime: 5}}, Fusion: MetricFusion{}}, "widths [2 5]"},
		{Hybrid{Functions: []Interdependence{Parameterized{Declared: Declared{M: 7}}}, Fusion: MetricFusion{}}, "Parameterized is declared for 7 columns"},
		{Hybrid{Functions: []Interdependence{linear}, Fusion: MetricFusion{}, Declared: Declared{M: 4}}, "declared for m = 4"},
	} {
		if _, err := runXi(c.xi, 3, 2, ramp(6)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v; want %s", c.xi, err, c.want)
		}
	}
}

// Declared sizes of a part that derives nothing from them are replaced.
func TestHybridReplacesDeclaredSizes(t *testing.T) {
	xi := Hybrid{Fusion: MetricFusion{}, Functions: []Interdependence{KernelInterdependence{Kernel: LinearKernel{}, Declared: Declared{B: 9, M: 9, Type: Instance}}}}
	r, err := runXi(xi, 3, 2, ramp(6)...)
	if err != nil {
		t.Fatal(err)
	}
	wantNumbers(t, "A", r.A.F, []float64{35, 44, 44, 56})
}

func TestAttentionOnAGraphStaysOnItsLinks(t *testing.T) {
	attention := func(links Interdependence) Hybrid {
		return Hybrid{Declared: instanceSide, Fusion: MetricFusion{Metric: Prod},
			Functions: []Interdependence{links, Bilinear{Reconcile: LoRR{R: 1}}},
			Hooks:     Hooks{Post: []Process{OperatorNormalize{MaskZeros: true, Mode: SoftmaxColumns, RescaleFactor: Some(0.5)}}}}
	}
	g := Graph{Topology: graphSample, SelfDependence: true}
	r := newTrial(t, false)
	x, w := r.input("x", 4, 2), r.weights(4)
	onLinks := MatrixOf(r.s, attention(g), x, w)
	counts := opNames(onLinks)
	if counts["PatternSoftmax↓"] != 1 || counts["MaskedSoftmax@-2"] > 0 {
		t.Errorf("the matrix is made of %v; want the softmax on the pattern", counts)
	}
	// The same graph as a table of constants hides its pattern.
	m, err := g.base()
	if err != nil {
		t.Fatal(err)
	}
	table := make([][]float64, 4)
	for i := range table {
		table[i] = make([]float64, 4)
	}
	m.each(func(i, j int, v float64) { table[i][j] = v })
	everywhere := MatrixOf(r.s, attention(Constant{A: table}), x, w)
	if opNames(everywhere)["MaskedSoftmax@-2"] != 1 {
		t.Fatal("the dense form is sparse, too: the comparison says nothing")
	}
	data := map[string][]float64{"x": {0.1, 0.2, -0.3, 0.4, 0.5, -0.6, 0.7, 0.8}}
	val, _ := r.run(everywhere, data)
	r.want("on links", onLinks, data, val.Of(everywhere).F...)
}
