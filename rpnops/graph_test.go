package rpnops

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rpnc/graph"
)

func undirected(g GraphTopology) GraphTopology {
	g.Undirected = true
	return g
}

func TestGraphMatricesOfFourNodes(t *testing.T) {
	for what, c := range map[string]struct {
		xi   Interdependence
		want []float64
	}{
		"directed":      {Graph{Topology: graphSample}, []float64{0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0}},
		"twice":         {Graph{Nodes: graphSample.Nodes, Links: append(graphSample.Links, graphSample.Links...)}, []float64{0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0}},
		"self, row":     {Graph{Topology: graphSample, SelfDependence: true, Normalize: true}, []float64{1. / 3, 1. / 3, 0, 1. / 3, 0, .5, .5, 0, .5, 0, .5, 0, 0, 0, 0, 1}},
		"undirected":    {Graph{Topology: undirected(graphSample), SelfDependence: true, Normalize: true, Mode: ColumnDegree}, []float64{1. / 4, 1. / 3, 1. / 3, 1. / 2, 1. / 4, 1. / 3, 1. / 3, 0, 1. / 4, 1. / 3, 1. / 3, 0, 1. / 4, 0, 0, 1. / 2}},
		"both ways":     {Graph{Topology: undirected(graphSample), SelfDependence: true, Normalize: true, Mode: RowColumnDegree}, []float64{.3253477, .3886962, .3886962, .4550898, .3756792, .4488277, .4488277, 0, .3756792, .4488277, .4488277, 0, .4601111, 0, 0, .6435942}},
		"two hops":      {MultihopGraph{Graph: Graph{Topology: graphSample, SelfDependence: true}, H: Some(2)}, []float64{1, 2, 1, 2, 1, 1, 2, 0, 2, 1, 1, 1, 0, 0, 0, 1}},
		"up to two":     {MultihopGraph{Graph: Graph{Topology: graphSample, SelfDependence: true}, H: Some(2), Accumulative: true}, []float64{2, 3, 1, 3, 1, 2, 3, 0, 3, 1, 2, 1, 0, 0, 0, 2}},
		"pagerank":      {PageRank{Graph: Graph{Topology: graphSample}}, []float64{.3887270, .3304179, .2808552, .3304179, .2808552, .3887270, .3304179, .2387269, .3304179, .2808552, .3887270, .2808552, 0, 0, 0, .15}},
		"self is added": {Graph{Nodes: []string{"a"}, Links: [][2]string{{"a", "a"}}, SelfDependence: true}, []float64{2}},
		"no links":      {Graph{Nodes: []string{"a", "b"}, Normalize: true}, []float64{0, 0, 0, 0}},
	} {
		n := int(math.Sqrt(float64(len(c.want))))
		r, err := runXi(c.xi, n, 2, ramp(2*n)...)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		wantNumbers(t, what, r.A.F, c.want)
	}
	r, err := runXi(Graph{Topology: graphSample}, 4, 2, ramp(8)...)
	if err != nil {
		t.Fatal(err)
	}
	wantNumbers(t, "Aᵀ·x", r.Y.F, []float64{5, 6, 1, 2, 3, 4, 1, 2})
}

func TestGraphsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		xi   Interdependence
		want string
	}{
		{Graph{}, "no graph"},
		{Graph{Nodes: []string{"a", "b", "a"}}, `nodes 0 and 2 are both called "a"`},
		{Graph{Nodes: []string{"a", "b", "c"}, Links: [][2]string{{"a", "x"}}}, `there is no node "x"`},
		{Graph{Nodes: []string{"a", "b"}}, "2 nodes for 3 rows of x (3×2)"},
		{MultihopGraph{Graph: Graph{Nodes: []string{"a", "b", "c"}}, H: Some(-1)}, "h = -1"},
		// Two nodes that lead to each other: eigenvalue 1, so that c = 0 leaves I − M singular.
		{PageRank{Graph: Graph{Nodes: []string{"a", "b", "c"}, Links: [][2]string{{"a", "b"}, {"b", "a"}}}, C: Some(0.0)}, "has no inverse"},
	} {
		if _, err := runXi(c.xi, 3, 2, ramp(6)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v; want %s", c.xi, err, c.want)
		}
	}
}

// circleWithChords is a circle of n nodes with chords, each of which leads to two others.
func circleWithChords(n int) GraphTopology {
	var links [][2]int
	for i := range n {
		links = append(links, [2]int{i, (i + 1) % n}, [2]int{i, i * 7 % n})
	}
	return NumberedGraph(n, links, false)
}

func TestPageRankOfLargeGraphsIsASeriesOfSparseProducts(t *testing.T) {
	for _, side := range []Side{Instance, Attribute} {
		for _, mode := range []DegreeMode{RowDegree, ColumnDegree, RowColumnDegree} {
			xi := PageRank{Graph: Graph{Declared: Declared{Type: side}, Topology: circleWithChords(900), Normalize: true, Mode: mode}, C: Some(0.4)}
			b, m := 900, 2
			if side == Attribute {
				b, m = m, b
			}
			r, err := runXi(xi, b, m, ramp(b*m)...)
			if err != nil {
				t.Fatal(err)
			}
			if counts := opNames(r.y); counts["Resolvent"] != 1 || counts["MatMul"] > 0 {
				t.Fatalf("%v: the product is made of %v; want a resolvent", side, counts)
			}
			want := make([]float64, len(r.Y.F))
			for i := range b {
				for j := range m {
					for k := range 900 {
						if side == Instance {
							want[i*m+j] += r.A.F[k*900+i] * float64(k*m+j+1)
						} else {
							want[i*m+j] += float64(i*m+k+1) * r.A.F[k*900+j]
						}
					}
				}
			}
			wantNumbers(t, fmt.Sprint(side, mode), r.Y.F, want)
		}
	}
}

// opNames counts the ops under y by the start of their names.
func opNames(y *graph.Node) map[string]int {
	seen, count := map[*graph.Node]bool{}, map[string]int{}
	var walk func(n *graph.Node)
	walk = func(n *graph.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		if n.Op != nil {
			name, _, _ := strings.Cut(n.Op.Name(), "{")
			count[strings.TrimRight(name, "·ᵀ")]++
		}
		for _, x := range n.In {
			walk(x)
		}
	}
	walk(y)
	return count
}

func TestSeriesStepsAreEnough(t *testing.T) {
	g, err := circleWithChords(40).matrix(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []float64{0.1, 0.3, 0.49, 0.6} { // every node leads to two: the radius is 2c
		m := g.scaled(c)
		steps, ok := m.seriesSteps(1e-9)
		if ok != (c < 0.5) {
			t.Fatalf("c = %v: convergence is %v", c, ok)
		}
		if !ok {
			continue
		}
		y, x, left := make([]float64, 40), make([]float64, 40), 0.0
		for i := range x {
			x[i] = 1
		}
		for k := range steps + 2000 {
			clear(y)
			m.each(func(i, j int, v float64) { y[i] += v * x[j] })
			x, y = y, x
			if k >= steps {
				left += slices.Max(x)
			}
		}
		if left > 1e-9 || left < 1e-14 {
			t.Errorf("c = %v: %d steps leave out %g; want somewhat less than 1e-9", c, steps, left)
		}
	}
}

func TestGraphsAreSavedAndKnowNeighbours(t *testing.T) {
	g := undirected(graphSample)
	file := filepath.Join(t.TempDir(), "g.json")
	if err := g.Save(file); err != nil {
		t.Fatal(err)
	}
	h, err := LoadGraph(file)
	if err != nil || !slices.Equal(h.Nodes, g.Nodes) || !slices.Equal(h.Links, g.Links) || !h.Undirected {
		t.Errorf("read %+v, %v; want %+v", h, err, g)
	}
	if near, err := h.Neighbors("a"); err != nil || !slices.Equal(near, []string{"b", "c", "d"}) {
		t.Errorf("neighbours of a are %v, %v", near, err)
	}
	if _, err := h.Neighbors("x"); err == nil {
		t.Error("x has neighbours")
	}
	if h.Order() != 4 || h.Size() != 4 {
		t.Errorf("order %d, size %d", h.Order(), h.Size())
	}
	if _, err := LoadGraph(file + "x"); err == nil {
		t.Error("read a file that is not there")
	}
}
