package models_test

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"rpnc/models"
	"rpnc/rpnops"
)

// fourNodes is a circle of three nodes and a fourth that hangs on the first.
var fourNodes = rpnops.NumberedGraph(4, [][2]int{{0, 1}, {1, 2}, {2, 0}, {0, 3}}, true)

// graphHead is the default head on four nodes without output functions.
func graphHead() models.GraphHead {
	h := models.Default[models.GraphHead]()
	h.M, h.N, h.Topology, h.Finish = 2, 1, fourNodes, models.Finish{}
	return h
}

var fourRows = []float64{1, 2, 3, 4, 5, 6, 7, 8}

func TestGraphHeadsOnFourNodes(t *testing.T) {
	w := params{"w": {1, 10}}
	gives(t, "graph", evaluate(t, graphHead(), 4, fourRows, w), 54, 43, 43, 54)

	h := models.Default[models.GraphBilinearHead]()
	h.M, h.N, h.Topology, h.Finish = 2, 1, fourNodes, models.Finish{}
	w["w_instance_interdependence"] = []float64{0.01, 0.02, 0.03, 0.04}
	gives(t, "attention", evaluate(t, h, 4, fourRows, w), 62.554283, 52.739388, 56.720520, 86.316650)
	h.WithPageRank = true
	for i, want := range []float64{53.81683, 52.33223, 52.75877, 62.57910} { // known in single precision
		if have := evaluate(t, h, 4, fourRows, w).F[i]; math.Abs(have-want) > 3e-5 {
			t.Errorf("page rank: row %d is %v, want %v", i, have, want)
		}
	}
	h.WithPageRank, h.Normalize = false, true
	gives(t, "normalised", evaluate(t, h, 4, fourRows, w), 56.196022, 46.486622, 48.352085, 80.875671)
}

func TestGraphsComeFromFilesAndLists(t *testing.T) {
	file := filepath.Join(t.TempDir(), "graph.json")
	if err := fourNodes.Save(file); err != nil {
		t.Fatal(err)
	}
	fromFile, fromLists := graphHead(), graphHead()
	fromFile.Topology, fromFile.File = rpnops.GraphTopology{}, file
	fromLists.Topology, fromLists.Nodes, fromLists.Links = rpnops.GraphTopology{}, fourNodes.Nodes, fourNodes.Links
	for what, h := range map[string]models.Spec{"file": fromFile, "lists": fromLists} {
		gives(t, what, evaluate(t, h, 4, fourRows, params{"w": {1, 10}}), 54, 43, 43, 54)
	}
	none := graphHead()
	none.Topology = rpnops.GraphTopology{}
	wrong := graphHead()
	wrong.Topology.Links = [][2]string{{"0", "9"}}
	lost := graphHead()
	lost.Topology, lost.File = rpnops.GraphTopology{}, file+"x"
	for want, h := range map[string]models.GraphHead{"no graph": none, `there is no node "9"`: wrong, "no such file": lost} {
		if _, _, err := h.InOut(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

func TestGraphModelsEndWithLogProbabilities(t *testing.T) {
	gcn, gat := models.Default[models.GCN](), models.Default[models.GAT]()
	gcn.Dims, gcn.Topology = []int{2, 3, 3}, fourNodes
	gat.Dims, gat.Topology = gcn.Dims, fourNodes
	for _, spec := range []models.Spec{gcn, gat} {
		y := evaluate(t, spec, 4, fourRows, nil)
		for i := range 4 {
			sum := 0.0
			for _, v := range y.F[i*3 : i*3+3] {
				sum += math.Exp(v)
			}
			if math.Abs(sum-1) > 1e-12 {
				t.Errorf("%T: probabilities of row %d add up to %v", spec, i, sum)
			}
		}
		if _, err := models.New(spec, &models.Options{Rows: 5}); err == nil || !strings.Contains(err.Error(), "4 nodes for 5 rows") {
			t.Errorf("%T on 5 rows: %v", spec, err)
		}
	}
	gcn.Dims = []int{2}
	if _, _, err := gcn.InOut(); err == nil {
		t.Error("a network of one width")
	}
}
