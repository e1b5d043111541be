package loss_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/models/loss"
	"rpnc/ops"
)

const rows, cols = 5, 3

var labels = []int32{2, 0, 1, 1, 2}

// numbers are targets between 0 and 1, both ends among them.
var numbers = []float64{0, 1, 0.5, 0.25, 1, 0, 1, 1, 0, 0.75, 0.1, 0.9, 0, 0, 1}

// scores have entries on both sides of every bound of a loss, and some exactly on it.
var scores = []float64{0.5, -1.5, 3, 0, 2.5, -0.25, -4, 1, 0.3, 1.75, -0.9, 0.1, 2, -2, 30}

func f64(dims ...int) graph.Type { return graph.Type{DType: graph.F64, Shape: graph.Sh(dims...)} }

// graphOf is l on inputs y, t and, where weighted, w.
func graphOf(l loss.Loss, d graph.DType, weighted bool) (g *graph.Graph, y, out *graph.Node) {
	g = graph.New()
	y = g.Input("y", graph.Type{DType: d, Shape: graph.Sh(rows, cols)})
	target := graph.Type{DType: d, Shape: graph.Sh(rows, cols)}
	if l.Target() == loss.Labels {
		target = graph.Type{DType: graph.I32, Shape: graph.Sh(rows)}
	}
	var w *graph.Node
	if weighted {
		w = g.Input("w", graph.Type{DType: d, Shape: graph.Sh(rows)})
	}
	return g, y, l.Of(y, g.Input("t", target), w)
}

// leaves are the values of the inputs.
func leaves(l loss.Loss, w []float64) graph.Leaves {
	in := graph.Leaves{"y": {Type: f64(rows, cols), F: scores}, "t": {Type: f64(rows, cols), F: numbers}}
	if l.Target() == loss.Labels {
		in["t"] = &graph.Tensor{Type: graph.Type{DType: graph.I32, Shape: graph.Sh(rows)}, I: labels}
	}
	if w != nil {
		in["w"] = &graph.Tensor{Type: f64(rows), F: w}
	}
	return in
}

func value(t *testing.T, l loss.Loss, w []float64) float64 {
	t.Helper()
	g, _, out := graphOf(l, graph.F64, w != nil)
	v, err := graph.Run(g, leaves(l, w), out)
	if err != nil {
		t.Fatal(err)
	}
	return v.Of(out).F[0]
}

// row is the loss of one row written once more: a plain sum over its entries.
var cases = []struct {
	name string
	l    loss.Loss
	row  func(y []float64, label int, t []float64) float64
}{
	{"cross-entropy", loss.CrossEntropy{}, func(y []float64, label int, _ []float64) float64 {
		sum := 0.0
		for _, v := range y {
			sum += math.Exp(v - y[label])
		}
		return math.Log(sum)
	}},
	{"cross-entropy, smoothed", loss.CrossEntropy{Smoothing: 0.2}, func(y []float64, label int, _ []float64) float64 {
		return smoothed(y, label, 0.2, []float64{1, 1, 1})
	}},
	// The weights of rows are what the trainer makes of those of classes, so here they are any, and ω of the label is in them.
	{"cross-entropy, smoothed and weighted", loss.CrossEntropy{Smoothing: 0.2, Weight: []float64{2, 0.5, 3}}, func(y []float64, label int, _ []float64) float64 {
		return smoothed(y, label, 0.2, []float64{2, 0.5, 3})
	}},
	{"nll", loss.NLL{}, func(y []float64, label int, _ []float64) float64 { return -y[label] }},
	{"mse", loss.MSE{}, entries(func(y, t float64) float64 { return (y - t) * (y - t) })},
	{"mae", loss.MAE{}, entries(func(y, t float64) float64 { return math.Abs(y - t) })},
	{"huber", loss.Huber{}, entries(func(y, t float64) float64 { return huber(y-t, 1) })},
	{"huber 2.5", loss.Huber{Delta: 2.5}, entries(func(y, t float64) float64 { return huber(y-t, 2.5) })},
	{"bce", loss.BCE{}, entries(func(y, t float64) float64 {
		return -t*logSigmoid(y) - (1-t)*logSigmoid(-y)
	})},
	{"bce, weighted", loss.BCE{PosWeight: []float64{3}}, entries(func(y, t float64) float64 {
		return -3*t*logSigmoid(y) - (1-t)*logSigmoid(-y)
	})},
}

// entries is the mean of f over the entries of a row.
func entries(f func(y, t float64) float64) func([]float64, int, []float64) float64 {
	return func(y []float64, _ int, t []float64) float64 {
		sum := 0.0
		for j := range y {
			sum += f(y[j], t[j])
		}
		return sum / float64(len(y))
	}
}

// smoothed is Σₖ q[k]·(ln Σ exp(y) − y[k]) with a share of the label spread over all classes by their weights.
func smoothed(y []float64, label int, share float64, omega []float64) float64 {
	all, sum := 0.0, 0.0
	for _, v := range y {
		all += math.Exp(v)
	}
	for k, v := range y {
		q := share / float64(len(y)) * omega[k] / omega[label]
		if k == label {
			q += 1 - share
		}
		sum += q * (math.Log(all) - v)
	}
	return sum
}

func huber(e, delta float64) float64 {
	if e = math.Abs(e); e > delta {
		return delta * (e - delta/2)
	}
	return e * e / 2
}

// logSigmoid is ln σ(x), right for numbers of any size.
func logSigmoid(x float64) float64 {
	if x < 0 {
		return x - math.Log1p(math.Exp(x))
	}
	return -math.Log1p(math.Exp(-x))
}

// weightings are nil for no weights, a mask of the rows 1 and 4, and weights that differ.
var weightings = [][]float64{nil, {0, 0.5, 0, 0, 0.5}, {0.1, 0.2, 0.3, 0.15, 0.25}}

func TestLossesFollowTheirEquations(t *testing.T) {
	for _, c := range cases {
		for _, w := range weightings {
			want := 0.0
			for i := range rows {
				share := 1.0 / rows
				if w != nil {
					share = w[i]
				}
				want += share * c.row(scores[i*cols:(i+1)*cols], int(labels[i]), numbers[i*cols:(i+1)*cols])
			}
			if got := value(t, c.l, w); !(math.Abs(got-want) <= 1e-14*math.Max(1, math.Abs(want))) {
				t.Errorf("%s, weights %v: %v; want %v", c.name, w, got, want)
			}
		}
	}
}

func TestGradientsOfLosses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range cases {
		for _, w := range weightings {
			g, y, out := graphOf(c.l, graph.F64, w != nil)
			in := leaves(c.l, w)
			// Away from the bounds of mae and huber, where differences mean nothing.
			smooth := make([]float64, len(scores))
			for i := range smooth {
				smooth[i] = numbers[i] + (0.2+0.5*r.Float64())*float64(1+i%4)*float64(1-2*(i%2))
			}
			in["y"] = &graph.Tensor{Type: f64(rows, cols), F: smooth}
			d := graph.Grad(out, y)[0]
			v, err := graph.Run(g, in, d)
			if err != nil {
				t.Fatal(err)
			}
			for i := range smooth {
				if got, want := v.Of(d).F[i], slope(t, g, in, out, i); math.Abs(got-want) > 1e-8 {
					t.Errorf("%s, weights %v: the gradient of entry %d is %v; want %v", c.name, w, i, got, want)
				}
			}
		}
	}
}

// slope is the difference quotient by entry i of y.
func slope(t *testing.T, g *graph.Graph, in graph.Leaves, out *graph.Node, i int) float64 {
	t.Helper()
	const h = 1e-5
	y := in["y"].F
	at := y[i]
	var f [2]float64
	for k, s := range []float64{h, -h} {
		y[i] = at + s
		v, err := graph.Run(g, in, out)
		if err != nil {
			t.Fatal(err)
		}
		f[k] = v.Of(out).F[0]
	}
	y[i] = at
	return (f[0] - f[1]) / (2 * h)
}

// At a logit of 0 the terms of the formula have kinks, which the sum has not.
func TestBinaryCrossEntropyIsSmoothAtZero(t *testing.T) {
	g := graph.New()
	y, target := g.Input("y", f64(1, 3)), g.Input("t", f64(1, 3))
	d := graph.Grad(loss.BCE{}.Of(y, target, nil), y)[0]
	v, err := graph.Run(g, graph.Leaves{"y": {Type: y.Type(), F: make([]float64, 3)}, "t": {Type: y.Type(), F: []float64{0, 1, 0.25}}}, d)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0.5 / 3, -0.5 / 3, 0.25 / 3} {
		if math.Abs(v.Of(d).F[i]-want) > 1e-15 {
			t.Errorf("entry %d has gradient %v; want %v", i, v.Of(d).F[i], want)
		}
	}
}

func TestHugeLogitsGiveNoInfinity(t *testing.T) {
	g := graph.New()
	y := g.Input("y", f64(1, 2))
	for _, l := range []loss.Loss{loss.BCE{}, loss.CrossEntropy{}} {
		target := &graph.Tensor{Type: f64(1, 2), F: []float64{0, 1}}
		if l.Target() == loss.Labels {
			target = &graph.Tensor{Type: graph.Type{DType: graph.I32, Shape: graph.Sh(1)}, I: []int32{1}}
		}
		out := l.Of(y, g.Input(fmt.Sprintf("%T", l), target.Type), nil)
		v, err := graph.Run(g, graph.Leaves{"y": {Type: y.Type(), F: []float64{1e4, -1e4}}, fmt.Sprintf("%T", l): target}, out)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]float64{true: 2e4, false: 1e4}[l.Target() == loss.Labels]; v.Of(out).F[0] != want {
			t.Errorf("%T of (10⁴, −10⁴) is %v; want %v", l, v.Of(out).F[0], want)
		}
	}
}

func TestSettingsThatMeanNothingAreErrors(t *testing.T) {
	for _, c := range []struct {
		l    loss.Loss
		want string
	}{
		{loss.CrossEntropy{Weight: []float64{1, -1}}, "loss.CrossEntropy: the weight of class 1 is -1"},
		{loss.CrossEntropy{Weight: []float64{0, 0}}, "all 2 classes have weight 0"},
		{loss.CrossEntropy{Smoothing: 1.5}, "label_smoothing = 1.5; want 0 to 1"},
		{loss.CrossEntropy{Smoothing: 0.1, Weight: []float64{1, 0}}, "class 1 of weight 0"},
		{loss.NLL{Weight: []float64{math.NaN()}}, "loss.NLL: the weight of class 0 is NaN"},
		{loss.Huber{Delta: -1}, "loss.Huber: delta = -1"},
		{loss.BCE{PosWeight: []float64{math.Inf(1)}}, "loss.BCE: the weight of class 0 is +Inf"},
	} {
		if err := loss.Check(c.l); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v; want one with %q", c.l, err, c.want)
		}
	}
	for _, e := range loss.Entries() {
		if err := loss.Check(e.Default); err != nil {
			t.Errorf("the default of %s: %v", e.Name, err)
		}
	}
}

func TestLossesAreFoundByBothNames(t *testing.T) {
	for _, name := range []string{"torch.nn.MSELoss", "MSELoss", "mse", "torch.nn.modules.loss.MSELoss"} {
		if e, ok := loss.Lookup(name); !ok || e.Default != (loss.MSE{}) {
			t.Errorf("%s is %+v, %t", name, e, ok)
		}
	}
	if _, ok := loss.Lookup("torch.nn.CTCLoss"); ok {
		t.Error("there is a CTCLoss")
	}
}

// Mistakes of shape are recorded in the graph, once, and nothing panics on what follows.
func TestMistakesOfShapeAreRecorded(t *testing.T) {
	for _, c := range cases {
		g := graph.New()
		y := g.Input("y", f64(rows, cols))
		out := c.l.Of(ops.MatMulN(y, y), g.Input("t", f64(7)), g.Input("w", f64(rows)))
		if err := g.Err(); err == nil || !out.Poisoned() {
			t.Errorf("%s: no error", c.name)
		}
	}
}
