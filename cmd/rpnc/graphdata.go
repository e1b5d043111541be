package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"rpnc/models"
	"rpnc/models/data"
	"rpnc/rpnops"
)

// Data that are one graph. Nodes are rows and the graph convolution of a node reads its neighbours, so
// all rows go through the model together: one batch, always in the same order, train and test rows told
// apart by lists of numbers. A checkpoint keeps the number of nodes in prepared.Together, and every
// command that runs such a model refuses other numbers of rows.
//
// The karate club is both: 34 nodes with links, and 34 one-hot rows for models that know of no links.
// It is taken as a graph only if the model runs along one.

// graphSet is the set whose nodes and links are in a folder: cora of a folder with cora.content or of a folder cora with
// node and link. Which nodes are trained on goes by the name.
func (s *source) graphSet() (set string, ok bool) {
	files, err := os.ReadDir(s.name)
	if err != nil {
		return "", false
	}
	for _, f := range files {
		name := strings.TrimSuffix(strings.ToLower(f.Name()), ".gz")
		if set, ok := strings.CutSuffix(name, ".content"); ok {
			return set, true
		}
		if name == "node" {
			return strings.ToLower(filepath.Base(filepath.Clean(s.name))), true
		}
	}
	return "", false
}

// nodes reads the rows as the nodes of a graph with its links; nil where they are none.
func (s *source) nodes() (*data.Graph, error) {
	if s.name == "karate" {
		return data.KarateClub()
	}
	set, ok := s.graphSet()
	if !ok {
		return nil, nil
	}
	parts, err := data.GraphSet{Set: set}.Load(s.name)
	if err != nil {
		return nil, err
	}
	return parts.Graph, nil
}

// topology is the graph as models take it.
func topology(g *data.Graph) rpnops.GraphTopology {
	return rpnops.NumberedGraph(g.Rows, g.Edges, true)
}

// counted are the nodes to train on and those held out: what the set says, or every fifth.
//
// The rule of every fifth is that of source.parts, so that models with and without links are measured
// on the same members of the club.
func counted(g *data.Graph) (rows, held []int) {
	if g.Train != nil {
		return g.Train, g.Test
	}
	for i := range g.Rows {
		if i%5 == 4 {
			held = append(held, i)
		} else {
			rows = append(rows, i)
		}
	}
	return rows, held
}

// loadGraph reads the data as a graph whose nodes are all seen at once, where they are one and the model runs along it: any
// model on a folder of nodes and links, and one along links on the karate club, whose members are rows to others.
func (t *training) loadGraph() (bool, error) {
	g, err := t.source.nodes()
	if g == nil || err != nil {
		return false, err
	}
	along := t.before.Together > 0
	if t.resume == "" {
		pick, err := t.choose(&g.Dataset)
		if err != nil {
			return false, err
		}
		_, along = models.OnGraph(pick.spec, topology(g))
	}
	if !along && t.source.name == "karate" {
		return false, nil
	}
	t.prepared = prepared{Classes: g.Classes, Columns: g.Columns}
	t.takeGraph(g)
	return true, nil
}

// takeGraph makes the nodes of a graph the data, all in one batch.
//
// rows and held are the same set; which nodes count in each is in trainRows and testRows.
func (t *training) takeGraph(g *data.Graph) {
	t.graph, t.rows, t.held = g, &g.Dataset, &g.Dataset
	t.prepared.Together = g.Rows
	t.trainRows, t.testRows = counted(g)
}

// chooseGraph makes the models along the links of a graph, which are added once the graph is known.
//
// Two layers of width 16 are those of Kipf & Welling (2017). Softmax is left out of the model, as the
// loss applies it to logits.
func chooseGraph(name string, in, out int) (choice, bool) {
	gcn := models.Default[models.GCN]()
	gcn.Dims, gcn.WithSoftmax = []int{in, 16, out}, false
	switch name {
	case "gcn":
		return choice{gcn, 100, 0, 0.01}, true
	case "gat":
		return choice{models.GAT{GCN: gcn, Attention: models.Default[models.GAT]().Attention}, 100, 0, 0.01}, true
	}
	return choice{}, false
}

// rowsTogether is the mistake of rows that are not those of the graph that a model runs along.
func rowsTogether(name string, rows, want int) error {
	return fmt.Errorf("%s has %d rows; the model runs along a graph of %d nodes and takes all of them, in their order", name, rows, want)
}
