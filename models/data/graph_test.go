package data_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

func TestGraphValidateNamesTheEdge(t *testing.T) {
	for want, e := range map[string][2]int{
		"edge 78 is 5–5":                 {5, 5},
		"edge 78 is 3–1":                 {3, 1},
		"edge 78 is -1–2":                {-1, 2},
		"edge 78 is 0–34":                {0, 34},
		"edge 78, 0–1, is there already": {0, 1},
	} {
		g, err := data.KarateClub()
		if err != nil {
			t.Fatal(err)
		}
		g.Edges = append(g.Edges, e)
		if err := g.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

func TestGraphValidateHoldsMasksAndNames(t *testing.T) {
	for want, change := range map[string]func(g *data.Graph){
		"node 34 is to be trained on or tested; want nodes 0…33": func(g *data.Graph) { g.Train = []int{0, 34} },
		"node -1 is to be trained on or tested":                  func(g *data.Graph) { g.Test = []int{-1} },
		"1 names for 34 nodes":                                   func(g *data.Graph) { g.Nodes = []string{"a"} },
	} {
		g, err := data.KarateClub()
		if err != nil {
			t.Fatal(err)
		}
		change(g)
		if err := g.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

const papers = "p9 1 0 2 Theory\np10\t0 0 0\tAgents\n\np2 0.5 0 1.5 Theory\n"

func TestLoadGraphJoinsNodesAndLinks(t *testing.T) {
	g, err := data.LoadGraph(write(t, "node", []byte(papers)), write(t, "link.gz", packed(t, []byte("p2 p9\np9\tp2\np10 p10\np9 p10\n"))))
	if err != nil {
		t.Fatal(err)
	}
	want := &data.Graph{Dataset: data.Dataset{Name: g.Name, Rows: 3, Cols: 3, X: []float64{1, 0, 2, 0, 0, 0, 0.5, 0, 1.5},
		Labels: []int32{1, 0, 1}, Classes: []string{"Agents", "Theory"}}, Edges: [][2]int{{0, 2}, {0, 1}}, Nodes: []string{"p9", "p10", "p2"}}
	if !reflect.DeepEqual(g, want) {
		t.Errorf("got %+v\nwant %+v", g, want)
	}
	if err := g.Validate(); err != nil {
		t.Error(err)
	}
	if err := g.NormalizeRows(); err != nil || !slices.Equal(g.X, []float64{1. / 3, 0, 2. / 3, 0, 0, 0, 0.25, 0, 0.75}) {
		t.Errorf("normalised: %v, %v", g.X, err)
	}
	g.X = g.X[:2]
	if err := g.NormalizeRows(); err == nil || !strings.Contains(err.Error(), "X has 2 values") {
		t.Errorf("half a table: %v", err)
	}
}

func TestClassesAreSortedByNameOrValue(t *testing.T) {
	for text, want := range map[string][]string{
		"a 1 10\nb 1 9\nc 1 -1": {"-1", "9", "10"},
		"a 1 10\nb 1 9\nc 1 x":  {"10", "9", "x"},
		"a 1 1\nb 1 01":         {"01", "1"},
	} {
		g, err := data.ReadNodes(strings.NewReader(text), "f")
		if err != nil || !slices.Equal(g.Classes, want) {
			t.Errorf("%q: %v, %v; want %v", text, g, err, want)
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			if label := strings.Fields(line)[2]; g.Classes[g.Labels[i]] != label {
				t.Errorf("%q: node %d is %s", text, i, g.Classes[g.Labels[i]])
			}
		}
	}
}

func TestGraphFilesErrorsNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "data.ReadNodes: f: no nodes",
		"a x":              "f:1: 2 words; want a name, at least one feature and a label",
		"a 1 x\n\nb 1 2 x": "f:3: 4 words; want 3 as in the first line",
		"a 1 x\na 2 x":     `f:2: node "a" is there already`,
		"a 1 x\nb one x":   `f:2: word 2: "one" is not a number`,
		"a 1 NaN y\n":      `f:1: word 3: "NaN" is not finite`,
	} {
		g, err := data.ReadNodes(strings.NewReader(text), "f")
		expect(t, g, err, want)
	}
	g, err := data.ReadNodes(strings.NewReader(papers), "f")
	if err != nil {
		t.Fatal(err)
	}
	g.Edges = [][2]int{{0, 1}}
	for text, want := range map[string]string{
		"p9 p2\np9":       "data.ReadLinks: links:2: 1 words; want the names of two nodes",
		"p9 p2\n\np9 p99": `links:3: there is no node "p99"; want one of the 3`,
	} {
		if err := g.ReadLinks(strings.NewReader(text), "links"); err == nil || !strings.Contains(err.Error(), want) || len(g.Edges) != 1 {
			t.Errorf("%q: %v, edges %v; want an error with %q", text, err, g.Edges, want)
		}
	}
	if err := g.ReadLinks(strings.NewReader("p10 p9\np10 p2"), "links"); err != nil || !slices.Equal(g.Edges, [][2]int{{0, 1}, {1, 2}}) {
		t.Errorf("%v, edges %v", err, g.Edges)
	}
	nodes := write(t, "node", []byte(papers))
	g, err = data.LoadGraph(nodes, nodes+"x")
	expect(t, g, err, "want lines of two names of nodes")
	g, err = data.LoadGraph(nodes, nodes)
	expect(t, g, err, "node:1: 5 words; want the names")
	g, err = data.LoadGraph(nodes+"x", nodes)
	expect(t, g, err, "want lines of a name, features and a label")
}

func TestLoadEdgesReadsABareGraph(t *testing.T) {
	g, err := data.LoadEdges(write(t, "web.txt", []byte("# from to\n% too\nb a\na, c\r\nb\ta\n\nd d\n")))
	if err != nil {
		t.Fatal(err)
	}
	want := &data.Graph{Dataset: data.Dataset{Name: "web.txt", Rows: 4, Cols: 1, X: []float64{1, 2, 1, 0}, Columns: []string{"degree"}},
		Edges: [][2]int{{0, 1}, {1, 2}}, Nodes: []string{"b", "a", "c", "d"}}
	if !reflect.DeepEqual(g, want) || g.Validate() != nil {
		t.Errorf("got %+v, %v\nwant %+v", g, g.Validate(), want)
	}
	for text, want := range map[string]string{
		"":           "data.ReadEdges: f: no edges",
		"# a b\n":    "f: no edges",
		"a b\na b c": "f:2: 3 words; want the names of two nodes",
		",":          "f:1: 0 words",
	} {
		g, err := data.ReadEdges(strings.NewReader(text), "f")
		expect(t, g, err, want)
	}
	g, err = data.LoadEdges("none.txt")
	expect(t, g, err, "want lines of two names of nodes")
}

func FuzzReadGraph(f *testing.F) {
	f.Add(papers, "p2 p9\np9 p10\n")
	f.Add("a 1 x\n", "a a\n")
	f.Add("a 1e999 x\n", "# a")
	f.Fuzz(func(t *testing.T, nodes, links string) {
		var g *data.Graph
		var err error
		frugally(t, len(nodes), func() { g, err = data.ReadNodes(strings.NewReader(nodes), "nodes") })
		if err == nil {
			// ReadLinks numbers the nodes for itself.
			frugally(t, len(nodes)+len(links), func() { err = g.ReadLinks(strings.NewReader(links), "links") })
			if err != nil && g.Edges != nil {
				t.Fatalf("edges beside %v", err)
			}
			if err := g.Validate(); err != nil {
				t.Fatal(err)
			}
		}
		frugally(t, len(links), func() { g, err = data.ReadEdges(strings.NewReader(links), "links") })
		if err == nil && g.Validate() != nil {
			t.Fatal(g.Validate())
		}
	})
}
