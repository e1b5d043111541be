package compile_test

import (
	"fmt"
	"strings"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/graph/gradcheck"
	"rpnc/ops"
)

// averaging is a way to write down averages: weights that sum to 1 along an axis, turned or not, before the values or behind
// them.
type averaging struct {
	axis          int
	turned, first bool
}

// averagings are all of them.
func averagings() (all []averaging) {
	for _, axis := range []int{-1, -2} {
		for mask := range 4 {
			all = append(all, averaging{axis, mask&1 > 0, mask&2 > 0})
		}
	}
	return all
}

// averageRows is the number of rows that are averaged in on.
const averageRows = 6

// on is the sum over heads of softmax(x·w·xᵀ)·x·v·cᵢ, where cᵢ are the rows of c that meet a head.
func (a averaging) on(g *graph.Graph, heads int) *graph.Node {
	const m, n = 5, 3
	draw := graph.Uniform(-1, 1)
	x, c := g.Input("x", typ(graph.F64, averageRows, m)), g.Param("c", typ(graph.F64, heads*m, n), draw)
	var sum *graph.Node
	for h := range heads {
		w, v := g.Param(fmt.Sprint("w", h), typ(graph.F64, m, m), draw), g.Param(fmt.Sprint("v", h), typ(graph.F64, m, m), draw)
		weights := g.Apply(ops.Softmax{Axis: a.axis}, ops.MatMulT(ops.MatMulN(x, w), x))
		values := ops.MatMulN(x, ops.MatMulN(v, ops.SliceAxis(c, 0, h*m, (h+1)*m)))
		y := g.Apply(ops.MatMul{TA: a.turned}, weights, values)
		if a.first { // yᵀ = valuesᵀ·weightsᵀ
			y = ops.Transpose(g.Apply(ops.MatMul{TA: true, TB: !a.turned}, values, weights))
		}
		if sum == nil {
			sum = y
		} else {
			sum = ops.Add(sum, y)
		}
	}
	return sum
}

// program is a training program of the averages.
func (a averaging) program(heads int) program {
	g := graph.New()
	y := a.on(g, heads)
	return program{"averages", g, []*graph.Node{y}, ops.Mean(ops.Square(ops.Tanh(y)))}
}

func TestAveragesHaveRightGradients(t *testing.T) {
	for _, a := range averagings() {
		if _, err := gradcheck.Check(func(g *graph.Graph) *graph.Node { return a.on(g, 1) }, gradcheck.Options{Order: 2}); err != nil {
			t.Errorf("%+v: %v", a, err)
		}
	}
}

func TestGradientsOfAveragesNeverSumOverWeights(t *testing.T) {
	for _, a := range averagings() {
		for _, heads := range []int{1, 3} {
			p := a.program(heads)
			q, err := compile.Train(p.g, nil, &compile.Options{Check: true}, p.loss, momentum{}, p.outputs...)
			if err != nil {
				t.Fatal(err)
			}
			want := a.program(heads).asBuilt(t)
			steps(t, want, q, append([]*graph.Node{want.loss}, want.outputs...), 1e-10)
			g, roots := q.Graph()
			for _, n := range g.Live(roots...) {
				name, _, _ := strings.Cut(n.Op.Name(), "(")
				if (name == "MapSum" || name == "SumTo") && n.In[0].Shape().Size() == heads*averageRows*averageRows {
					t.Errorf("%+v, %d heads: %s reads all of %v", a, heads, n.Op.Name(), n.In[0].Type())
				}
			}
		}
	}
}

// All heads together take the kernels of one, and one for their sum.
func TestHeadsThatAreAddedUpTakeNoMoreKernelsThanOne(t *testing.T) {
	count := func(heads int) int {
		p := averaging{axis: -2, turned: true}.program(heads)
		q, err := compile.Forward(p.g, nil, nil, p.outputs...)
		if err != nil {
			t.Fatal(err)
		}
		return q.Stats().Kernels
	}
	if one, many := count(1), count(5); many > one+1 {
		t.Errorf("%d kernels for five heads, %d for one; want one more, their sum", many, one)
	}
}

// Heads whose matrices leave a cache together and not one by one run head by head, a few of them not.
func TestLargeHeadsRunOneAfterTheOther(t *testing.T) {
	const b, m = 128, 128
	for heads, want := range map[int]int{2: 0, 8: 2} {
		g, draw := graph.New(), graph.Normal(0, 0.1)
		x := g.Input("x", typ(graph.F64, b, m))
		var sum *graph.Node
		for h := range heads {
			scores := ops.MatMulT(ops.MatMulN(x, g.Param(fmt.Sprint("w", h), typ(graph.F64, m, m), draw)), x)
			y := ops.MatMulN(g.Apply(ops.Softmax{Axis: -1}, scores), g.Param(fmt.Sprint("v", h), typ(graph.F64, b, 4), draw))
			if sum == nil {
				sum = y
			} else {
				sum = ops.Add(sum, y)
			}
		}
		p := program{"large heads", g, []*graph.Node{sum}, ops.Mean(ops.Square(ops.Tanh(sum)))}
		q, err := compile.Train(p.g, nil, &compile.Options{Check: true}, p.loss, momentum{}, p.outputs...)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		h, roots := q.Graph()
		for _, n := range h.Live(roots...) {
			if _, tiles := n.Op.(ops.RowTiles); tiles {
				got++
			}
		}
		if got != want {
			t.Errorf("%d heads: %d ops of tiles, want %d: forward and backward", heads, got, want)
		}
		if want > 0 {
			built := p.asBuilt(t)
			steps(t, built, q, append([]*graph.Node{built.loss}, built.outputs...), 1e-9)
		}
	}
}
