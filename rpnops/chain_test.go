package rpnops

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

// xiRun is what an interdependence gives on data x (b×m): the graph, A, the result, and A and result as numbers.
type xiRun struct {
	g    *graph.Graph
	a, y *graph.Node
	A, Y *graph.Tensor
}

// runXi relates x with itself by the interpreter.
func runXi(xi Interdependence, b, m int, x ...float64) (r xiRun, err error) {
	r.g = graph.New()
	s := NewScope(r.g, false, graph.F64)
	in := r.g.Input("x", s.Type(b, m))
	r.a, r.y = MatrixOf(s, xi, in, nil), Relate(s, xi, in, in, nil)
	t, err := graph.Floats(in.Type(), x...)
	if err != nil {
		return r, err
	}
	v, err := graph.Run(r.g, graph.Leaves{"x": t}, r.a, r.y)
	if err != nil {
		return r, err
	}
	r.A, r.Y = v.Of(r.a), v.Of(r.y)
	return r, nil
}

// wantNumbers compares with the precision of printed tables.
func wantNumbers(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= 1e-7*max(1, math.Abs(want[i]))) {
			t.Fatalf("%s: number %d is %v, want %v\n got %v\nwant %v", what, i, got[i], want[i], got, want)
		}
	}
}

// ramp is 1, 2, …, n.
func ramp(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i + 1)
	}
	return x
}

func TestChainMatricesOfThreeNodes(t *testing.T) {
	uni, bi := Chain{Length: 3}, Chain{Topology: ChainTopology{3, true}}
	normal := func(c Chain, d DegreeMode) Chain { c.Normalize, c.Mode = true, d; return c }
	hop := func(c Chain, h int, sum bool) MultihopChain { return MultihopChain{c, Some(h), sum} }
	const third = 1. / 3
	for name, c := range map[string]struct {
		xi   Interdependence
		want []float64
	}{
		"uni":               {uni, []float64{1, 1, 0, 0, 1, 1, 0, 0, 1}},
		"uni, no self":      {Chain{Length: 3, NoSelf: true}, []float64{0, 1, 0, 0, 0, 1, 0, 0, 0}},
		"uni, scaled self":  {Chain{Length: 3, SelfScaling: Some(0.5)}, []float64{.5, 1, 0, 0, .5, 1, 0, 0, .5}},
		"uni, self 0":       {Chain{Length: 3, SelfScaling: Some(0.0)}, []float64{0, 1, 0, 0, 0, 1, 0, 0, 0}},
		"uni, row":          {normal(uni, DefaultDegree), []float64{.5, .5, 0, 0, .5, .5, 0, 0, 1}},
		"uni, column":       {normal(uni, ColumnDegree), []float64{1, .5, 0, 0, .5, .5, 0, 0, .5}},
		"uni, row_column":   {normal(uni, RowColumnDegree), []float64{.8408964, .5946035, 0, 0, .5946035, .5411961, 0, 0, .7653669}},
		"bi":                {bi, []float64{1, 1, 0, 1, 1, 1, 0, 1, 1}},
		"bi, row_column":    {normal(bi, RowColumnDegree), []float64{.62391473, .50105786, 0, .50942424, .40911202, .50942424, 0, .50105786, .62391473}},
		"hop 0":             {hop(uni, 0, false), []float64{1, 0, 0, 0, 1, 0, 0, 0, 1}},
		"hop Σ0":            {hop(uni, 0, true), []float64{1, 1, 0, 0, 1, 1, 0, 0, 1}},
		"hop default":       {MultihopChain{Chain: uni}, []float64{1, 1, 0, 0, 1, 1, 0, 0, 1}},
		"hop 2":             {hop(uni, 2, false), []float64{1, 2, 1, 0, 1, 2, 0, 0, 1}},
		"hop Σ2":            {hop(uni, 2, true), []float64{2, 3, 1, 0, 2, 3, 0, 0, 2}},
		"hop Σ3":            {hop(uni, 3, true), []float64{3, 6, 4, 0, 3, 6, 0, 0, 3}},
		"hop 2, self 5":     {hop(Chain{Length: 3, SelfScaling: Some(5.0)}, 2, false), []float64{1, 2, 1, 0, 1, 2, 0, 0, 1}},
		"bi, hop 2":         {hop(bi, 2, false), []float64{2, 2, 1, 2, 3, 2, 1, 2, 2}},
		"bi, hop Σ2":        {hop(bi, 2, true), []float64{3. / 7, .3, 1. / 7, 3. / 7, .4, 3. / 7, 1. / 7, .3, 3. / 7}},
		"inverse":           {InverseChain{uni}, []float64{1, 1, 1, 0, 1, 1, 0, 0, 1}},
		"inverse, row":      {InverseChain{normal(uni, RowDegree)}, []float64{1, 1, 1, 0, 1, 1, 0, 0, 1}},
		"inverse, bi":       {InverseChain{bi}, []float64{third, .25, third, third, .5, third, third, .25, third}},
		"exponential":       {ExponentialChain{uni}, []float64{1, 1, .5, 0, 1, 1, 0, 0, 1}},
		"exponential, bi":   {ExponentialChain{bi}, []float64{1.58909178, 1.36829888, .58909178, 1.36829888, 2.17818356, 1.36829888, .58909178, 1.36829888, 1.58909178}},
		"exponential, self": {ExponentialChain{Chain{Length: 3, SelfScaling: Some(9.0)}}, []float64{1, 1, .5, 0, 1, 1, 0, 0, 1}},
	} {
		r, err := runXi(c.xi, 3, 2, ramp(6)...)
		if err != nil {
			t.Fatal(name, err)
		}
		wantNumbers(t, name, r.A.F, c.want)
	}
}

func TestChainsCarryRowsForward(t *testing.T) {
	bi := Chain{Length: 3, BiDirectional: true}
	for name, c := range map[string]struct {
		xi   Interdependence
		want []float64
	}{
		"uni":          {Chain{Length: 3}, []float64{1, 2, 4, 6, 8, 10}},
		"bi":           {bi, []float64{4, 6, 9, 12, 8, 10}},
		"inverse":      {InverseChain{Chain{Length: 3}}, []float64{1, 2, 4, 6, 9, 12}},
		"inverse, bi":  {InverseChain{bi}, []float64{3, 4, 3, 4, 3, 4}},
		"exponential":  {ExponentialChain{Chain{Length: 3}}, []float64{1, 2, 4, 6, 8.5, 11}},
		"post process": {Chain{Length: 3, Hooks: Hooks{Post: []Process{Sin{}}}}, []float64{s1, 2 * s1, 4 * s1, 6 * s1, 8 * s1, 10 * s1}},
	} {
		r, err := runXi(c.xi, 3, 2, ramp(6)...)
		if err != nil {
			t.Fatal(name, err)
		}
		wantNumbers(t, name, r.Y.F, c.want)
	}
}

var s1 = math.Sin(1)

func TestAttributeChainsRelateColumns(t *testing.T) {
	c := Chain{Length: 3, Declared: Declared{B: 7, M: 3, Type: Attribute}}
	r, err := runXi(c, 2, 3, ramp(6)...)
	if err != nil {
		t.Fatal(err)
	}
	wantNumbers(t, "x·A", r.Y.F, []float64{1, 3, 5, 4, 9, 11})
}

func TestChainsOfOneNode(t *testing.T) {
	one := Chain{Length: 1, BiDirectional: true, Normalize: true, SelfScaling: Some(1.0)}
	for name, c := range map[string]struct {
		xi   Interdependence
		want float64
	}{
		"self": {Chain{Length: 1, SelfScaling: Some(2.5)}, 2.5}, "no self": {Chain{Length: 1, NoSelf: true}, 0}, "normalised": {one, 1},
		"hops": {MultihopChain{one, Some(3), true}, 1}, "inverse": {InverseChain{Chain{Length: 1}}, 1}, "inverse, bi": {InverseChain{one}, 0}, "exponential": {ExponentialChain{one}, 1},
	} {
		r, err := runXi(c.xi, 1, 1, 1)
		if err != nil {
			t.Fatal(name, err)
		}
		wantNumbers(t, name, r.A.F, []float64{c.want})
	}
}

// largest is the number of elements of the largest constant of g.
func largest(g *graph.Graph) (n int) {
	for _, v := range g.Nodes() {
		if c, ok := v.Op.(graph.Const); ok {
			n = max(n, c.V.Len())
		}
		if d, ok := v.Op.(ops.Densify); ok {
			n = max(n, d.P.NNZ())
		}
	}
	return n
}

func TestLongChainsStayBands(t *testing.T) {
	const L = 2048
	long := Chain{Length: L, BiDirectional: true, Normalize: true}
	for name, c := range map[string]struct {
		xi    Interdependence
		width int // diagonals
	}{
		"chain": {long, 3}, "hop 4": {MultihopChain{long, Some(4), false}, 3}, "hop Σ4": {MultihopChain{long, Some(4), true}, 9},
		"inverse": {InverseChain{Chain{Length: L}}, 0}, "exponential": {ExponentialChain{Chain{Length: L}}, 13}, "exponential, bi": {ExponentialChain{long}, 25},
	} {
		g := graph.New()
		s := NewScope(g, false, graph.F32)
		MatrixOf(s, c.xi, g.Input("x", s.Type(L, 8)), nil)
		if err := g.Err(); err != nil {
			t.Fatal(name, err)
		}
		if n := largest(g); n > L*c.width || c.width > 0 && n < L {
			t.Errorf("%s: a constant of %d numbers, want a band of %d diagonals of %d", name, n, c.width, L)
		}
	}
}

// In single precision an exponential ends where the rest is less than a hundredth of its rounding.
func TestExponentialChainsKeepTheTermsThatTheirPrecisionTells(t *testing.T) {
	const L = 64
	for d, width := range map[graph.DType]int{graph.F32: 13, graph.F64: 21} {
		g := graph.New()
		s := NewScope(g, false, d)
		MatrixOf(s, ExponentialChain{Chain{Length: L}}, g.Input("x", s.Type(L, 8)), nil)
		if want := L*width - width*(width-1)/2; largest(g) != want {
			t.Errorf("%v: a band of %d entries, want %d, which are %d diagonals", d, largest(g), want, width)
		}
		rest := math.E
		for k := range width {
			rest -= 1 / math.Gamma(float64(k+1))
		}
		if d == graph.F32 && rest > 0x1p-24/100 {
			t.Errorf("what is left out of a row adds up to %v", rest)
		}
	}
}

func TestExponentialChainOfManyNodes(t *testing.T) {
	r, err := runXi(ExponentialChain{Chain{Length: 40}}, 40, 1, ramp(40)...)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		for j := range 40 {
			want := 0.0
			if j >= i {
				want = 1 / math.Gamma(float64(j-i+1))
			}
			if got := r.A.F[i*40+j]; math.Abs(got-want) > 1e-16 {
				t.Fatalf("A[%d, %d] = %v, want %v", i, j, got, want)
			}
		}
	}
}

func TestInverseOfALongChainDoesNotOverflow(t *testing.T) {
	const L = 600 // the sum of powers exceeds 2⁵⁰⁰
	r, err := runXi(InverseChain{Chain{Length: L, BiDirectional: true}}, L, 1, ramp(L)...)
	if err != nil {
		t.Fatal(err)
	}
	for j := range L {
		sum := 0.0
		for i := range L {
			a := r.A.F[i*L+j]
			if mirror := r.A.F[(L-1-i)*L+L-1-j]; !(a >= 0) || math.Abs(a-mirror) > 1e-15 {
				t.Fatalf("A[%d, %d] = %v, mirrored %v", i, j, a, mirror)
			}
			sum += a
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Fatalf("column %d sums to %v", j, sum)
		}
	}
}

func TestPowerSumsAgree(t *testing.T) {
	m, err := ChainTopology{7, true}.matrix(0).normalized(RowColumnDegree)
	if err != nil {
		t.Fatal(err)
	}
	for h := 1; h < 9; h++ {
		want := make([]float64, 49)
		for p, k := m, 0; k < h; p, k = p.times(m), k+1 {
			p.each(func(i, j int, v float64) { want[i*7+j] += v })
		}
		sparse := make([]float64, 49)
		m.powerSum(h).each(func(i, j int, v float64) { sparse[i*7+j] = v })
		wantNumbers(t, fmt.Sprint("sparse Σ", h), sparse, want)
		wantNumbers(t, fmt.Sprint("dense Σ", h), m.densePowerSum(h), want)
	}
}

func TestChainsHaveALinkFewerThanNodes(t *testing.T) {
	for _, bi := range []bool{false, true} {
		for n := 1; n < 5; n++ {
			if got := (ChainTopology{n, bi}).Size(); got != n-1 {
				t.Errorf("%d nodes, %d links", n, got)
			}
		}
	}
}

func TestChainMistakes(t *testing.T) {
	for want, xi := range map[string]Interdependence{
		"rpnops.Chain: no chain; want chain or chain_length":                         Chain{},
		"rpnops.ChainTopology: length -2; want 1 or more":                            Chain{Length: -2},
		"rpnops.Chain: length 3 for 4 rows of x (4×2); make them equal":              InverseChain{Chain{Length: 3}},
		"rpnops.Chain: length 3 for 2 columns of x (4×2); make them equal":           ExponentialChain{Chain{Length: 3, Declared: Declared{Type: Attribute}}},
		"rpnops.MultihopChain: h = -1; want 0 or more":                               MultihopChain{Chain{Length: 4}, Some(-1), false},
		"rpnops.Chain: declared for b = 5 rows, the data has 4":                      Chain{Length: 4, Declared: Declared{B: 5}},
		`rpnops.normalization_mode: "unknown" is unknown; want row, column or row_c`: Chain{Length: 4, Normalize: true, Mode: 9},
	} {
		_, err := runXi(xi, 4, 2, ramp(8)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: %v\nwant %s", xi, err, want)
		}
	}
}
