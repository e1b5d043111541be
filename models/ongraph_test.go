package models_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rpnc/models"
	"rpnc/rpnops"
)

// A graph reaches every place that wants one, and no other.
func TestAGraphIsPlantedWhereNoneIsGiven(t *testing.T) {
	g := rpnops.NumberedGraph(3, [][2]int{{0, 1}, {1, 2}}, true)
	own := rpnops.NumberedGraph(3, [][2]int{{0, 2}}, true)
	dims := models.Default[models.GCN]()
	dims.Dims = []int{2, 4, 3}
	given := dims
	given.Topology = own
	attribute := rpnops.Graph{Declared: rpnops.Declared{Type: rpnops.Attribute}, Nodes: []string{"a", "b"}}
	for _, c := range []struct {
		name         string
		spec         models.Spec
		along, taken bool
	}{
		{"a network", dims, true, true},
		{"attention", models.GAT{GCN: dims}, true, true},
		{"layers", models.RPN{Layers: []models.Spec{models.MLP{Dims: []int{2, 2}}, models.RPN{Layers: []models.Spec{dims}}}}, true, true},
		{"a head", models.Head{M: 2, N: 3, Instance: rpnops.Graph{}, Fabrication: rpnops.IdentityReconciliation{}}, true, true},
		{"page ranks", models.Head{M: 2, N: 3, Instance: rpnops.PageRank{}, Fabrication: rpnops.IdentityReconciliation{}}, true, true},
		{"a graph of its own", given, true, false},
		{"a graph of columns", models.Head{M: 2, N: 3, Attribute: attribute, Fabrication: rpnops.IdentityReconciliation{}}, false, false},
		{"no graph", models.MLP{Dims: []int{2, 3}}, false, false},
	} {
		before := cmp.Diff(nil, c.spec)
		spec, along := models.OnGraph(c.spec, g)
		if along != c.along {
			t.Errorf("%s: along a graph: %t; want %t", c.name, along, c.along)
		}
		if cmp.Diff(nil, c.spec) != before {
			t.Errorf("%s: the spec itself has changed", c.name)
		}
		if same := cmp.Diff(c.spec, spec) == ""; same == c.taken {
			t.Errorf("%s: the copy is the same: %t", c.name, same)
		}
		m, err := models.New(spec, &models.Options{Rows: 3})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if y, err := m.Predict(make([]float64, 6)); err != nil || len(y) != 9 {
			t.Errorf("%s: %d results, %v", c.name, len(y), err)
		}
		m.Close()
	}
}
