package graph_test

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

// printed is a graph with every kind of node, sites given so that they stay.
func printed() (*graph.Graph, *graph.Node) {
	g := graph.New()
	g.Label("mlp.go:3")
	x, w := g.Input("x", f64(2, 3)), g.Param(`w"quoted\`, f64(3, 3), graph.Normal(0, 1))
	s := g.State("<mean>", f64(2, 1), graph.Zeros())
	g.Label("mlp.go:4")
	y := ops.Tanh(ops.MatMulN(x, g.Apply(ops.MatPow{H: 2}, w)))
	g.Label("mlp.go:5")
	top := ops.MaxAxis(y, 1)
	g.Update(s, ops.Add(ops.Scale(s, 0.9), top))
	g.Label("mlp.go:6")
	ops.Exp(y) // dead
	return g, ops.Sum(y)
}

func TestText(t *testing.T) {
	g, y := printed()
	var all, live bytes.Buffer
	if err := errors.Join(g.Text(&all), g.Text(&live, y)); err != nil {
		t.Fatal(err)
	}
	golden(t, "text.golden", live.String())
	if !strings.Contains(all.String(), "= Exp ") || strings.Contains(live.String(), "= Exp ") {
		t.Error("without roots everything is printed, with roots what is live")
	}
}

func TestDOT(t *testing.T) {
	g, y := printed()
	var b bytes.Buffer
	if err := g.DOT(&b, `a "small" graph`, y); err != nil {
		t.Fatal(err)
	}
	golden(t, "graph.dot.golden", b.String())
	defined := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\t(v\d+) \[`).FindAllStringSubmatch(b.String(), -1) {
		defined[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^\t(v\d+) -> (v\d+)`).FindAllStringSubmatch(b.String(), -1) {
		if !defined[m[1]] || !defined[m[2]] {
			t.Errorf("edge %s joins what is not printed", m[0])
		}
	}
}

func TestHTML(t *testing.T) {
	g, y := printed()
	h, m := g.Rewrite([]*graph.Node{y}, nil)
	var before, after, page bytes.Buffer
	if err := errors.Join(g.Text(&before, y), h.Text(&after, m[y])); err != nil {
		t.Fatal(err)
	}
	columns := []graph.Column{{"start", before.String()}, {"after <dce>", after.String()}}
	if err := graph.HTML(&page, "a & b", columns); err != nil {
		t.Fatal(err)
	}
	golden(t, "page.html.golden", page.String())
	for _, raw := range []string{"<mean>", "<dce>", "a & b", `w"quoted`} {
		if strings.Contains(page.String(), raw) {
			t.Errorf("%q is not escaped", raw)
		}
	}
	values := regexp.MustCompile(`data-v="(\d+v\d+)"`).FindAllStringSubmatch(page.String(), -1)
	for _, v := range values {
		if !strings.Contains(page.String(), `data-d="`+v[1]+`"`) {
			t.Errorf("value %s has no line that defines it", v[1])
		}
	}
	if len(values) < 40 {
		t.Errorf("%d values are marked up", len(values))
	}
}

// full is a disk with no space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestPrintersReportWriteErrors(t *testing.T) {
	g, y := printed()
	for what, err := range map[string]error{"Text": g.Text(full{}, y), "DOT": g.DOT(full{}, "", y), "HTML": graph.HTML(full{}, "", nil)} {
		if err == nil {
			t.Errorf("%s hides a write error", what)
		}
	}
}
