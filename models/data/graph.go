package data

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Graphs from text. Names of nodes are strings in files and numbers here, given in the order of the
// nodes' file, which is the order of rows in X. Edges are undirected, so (i, j) with i < j stands for
// both directions and is kept once, in the order of its first appearance. Everything that depends on an
// order (numbers of classes above all) is made independent of the order in which a file happens to list
// things, or follows the file; no map is ever iterated over.

// Graph is a set whose rows are the nodes of an undirected graph. Select and Split of the set know nothing of the
// edges: training on a graph takes all nodes and reads the loss on some.
type Graph struct {
	Dataset
	Edges [][2]int // each edge once, smaller node first
	Nodes []string // names of the nodes in their file; nil: their numbers

	// Train and Test are the nodes whose results are compared with the truth in training and in the test; nil: all.
	Train, Test []int
}

// Validate is [Dataset.Validate], and reports edges that leave the graph, loops, edges with the larger node first or given
// twice, and nodes of Train and Test that are none.
func (g *Graph) Validate() error {
	if err := g.Dataset.Validate(); err != nil {
		return err
	}
	seen := make(map[[2]int]bool, len(g.Edges))
	for i, e := range g.Edges {
		if e[0] < 0 || e[0] >= e[1] || e[1] >= g.Rows {
			return g.errorf("edge %d is %d–%d; want 0 ≤ first < second < %d", i, e[0], e[1], g.Rows)
		}
		if seen[e] {
			return g.errorf("edge %d, %d–%d, is there already; want each edge once", i, e[0], e[1])
		}
		seen[e] = true
	}
	for _, node := range slices.Concat(g.Train, g.Test) {
		if node < 0 || node >= g.Rows {
			return g.errorf("node %d is to be trained on or tested; want nodes 0…%d", node, g.Rows-1)
		}
	}
	if g.Nodes != nil && len(g.Nodes) != g.Rows {
		return g.errorf("%d names for %d nodes; want one each, or none", len(g.Nodes), g.Rows)
	}
	return nil
}

// LoadGraph reads a citation graph such as Cora, Citeseer or Pubmed from two text files, packed with gzip or not. Each line
// of nodes is
//
//	name feature … feature label
//
// each line of links two names, with blanks between the words. Nodes keep the order of their file; classes are numbered in
// the order of their names (of their values, if all are integers), so that a label means the same in every run. A link and
// its reverse are one edge. Links from a node to itself are left out: whether a node depends on itself is for a model to
// say. An error names file and line.
func LoadGraph(nodes, links string) (*Graph, error) {
	g, err := readFile("data.LoadGraph", nodes, "lines of a name, features and a label", ReadNodes)
	if err != nil {
		return nil, err
	}
	return readFile("data.LoadGraph", links, "lines of two names of nodes", func(r io.Reader, name string) (*Graph, error) {
		if err := g.ReadLinks(r, name); err != nil {
			return nil, err
		}
		return g, nil
	})
}

// ReadNodes reads the nodes of [LoadGraph] from a stream; name stands for the file in errors and becomes the name of the
// set. The graph has no edges yet, see [Graph.ReadLinks].
//
// Words are cloned before they are kept: they are parts of a line's buffer that is used again.
func ReadNodes(r io.Reader, name string) (*Graph, error) {
	g := &Graph{Dataset: Dataset{Name: name}}
	// The file is not read twice: classes are numbered as they come, and sorted at the end.
	number, codes := map[string]bool{}, map[string]int32{}
	err := eachLine(r, "data.ReadNodes", name, longestLine, func(line string) error {
		words := strings.Fields(line)
		if g.Rows == 0 {
			g.Cols = len(words) - 2
		}
		switch {
		case len(words) < 3:
			return fmt.Errorf("%d words; want a name, at least one feature and a label", len(words))
		case len(words) != g.Cols+2:
			return fmt.Errorf("%d words; want %d as in the first line", len(words), g.Cols+2)
		case number[words[0]]:
			return fmt.Errorf("node %s is there already; want each once", short(words[0]))
		}
		node := strings.Clone(words[0])
		number[node] = true
		g.Nodes = append(g.Nodes, node)
		return g.addNode(words[1:len(words)-1], words[len(words)-1], codes)
	})
	switch {
	case err != nil:
		return nil, err
	case g.Rows == 0:
		return nil, fmt.Errorf("data.ReadNodes: %s: no nodes; want a line for each", name)
	}
	g.sortClasses()
	return g, nil
}

// addNode appends features and label.
func (g *Graph) addNode(features []string, label string, codes map[string]int32) error {
	for j, word := range features {
		v, err := parseCell(word)
		if err != nil {
			return fmt.Errorf("word %d: %w", j+2, err)
		}
		g.X = append(g.X, v)
	}
	code, known := codes[label]
	if !known {
		label = strings.Clone(label)
		code = int32(len(codes))
		codes[label] = code
		g.Classes = append(g.Classes, label)
	}
	g.Labels = append(g.Labels, code)
	g.Rows++
	return nil
}

// sortClasses renumbers the classes in the order of their names, by value if all of them are integers.
func (g *Graph) sortClasses() {
	// 10 comes after 9, which it would not as a name.
	value := make(map[string]int, len(g.Classes))
	for _, c := range g.Classes {
		if v, err := strconv.Atoi(c); err == nil {
			value[c] = v
		}
	}
	sorted := slices.Clone(g.Classes)
	slices.SortFunc(sorted, func(a, b string) int {
		if len(value) == len(sorted) {
			return cmp.Or(cmp.Compare(value[a], value[b]), cmp.Compare(a, b))
		}
		return cmp.Compare(a, b)
	})
	place := make(map[string]int32, len(sorted))
	for i, c := range sorted {
		place[c] = int32(i)
	}
	for i, old := range g.Labels {
		g.Labels[i] = place[g.Classes[old]]
	}
	g.Classes = sorted
}

// ReadLinks adds the links of [LoadGraph] to the edges of g, whose Nodes give the names; name stands for the file in
// errors. It fails, g then being unchanged, where a link names a node that is not there.
func (g *Graph) ReadLinks(r io.Reader, name string) error {
	number := make(map[string]int, len(g.Nodes))
	for i, node := range g.Nodes {
		number[node] = i
	}
	edges := newEdgeSet(g.Edges) // a copy, for g must not change where an error comes late
	err := eachLine(r, "data.ReadLinks", name, longestLine, func(line string) error {
		var ends [2]int
		words := strings.Fields(line)
		if len(words) != 2 {
			return fmt.Errorf("%d words; want the names of two nodes", len(words))
		}
		for k, word := range words {
			i, known := number[word]
			if !known {
				return fmt.Errorf("there is no node %s; want one of the %d of the nodes' file", short(word), len(g.Nodes))
			}
			ends[k] = i
		}
		edges.add(ends[0], ends[1])
		return nil
	})
	if err == nil {
		g.Edges = edges.list
	}
	return err
}

// LoadEdges reads a bare graph, a line an edge: the names of two nodes, with blanks or a comma between them; lines that
// begin with # or % are remarks. Nodes are numbered as they appear. A bare graph has no features: X (n×1) holds
// the degree of each node. Repeated edges count once, links from a node to itself not at all.
func LoadEdges(path string) (*Graph, error) {
	g, err := readFile("data.LoadEdges", path, "lines of two names of nodes", ReadEdges)
	if err != nil {
		return nil, err
	}
	g.Name = filepath.Base(path)
	return g, nil
}

// ReadEdges is [LoadEdges] for any stream; name stands for the file in errors and becomes the name of the set.
func ReadEdges(r io.Reader, name string) (*Graph, error) {
	g := &Graph{Dataset: Dataset{Name: name, Cols: 1, Columns: []string{"degree"}}}
	number, edges := map[string]int{}, newEdgeSet(nil)
	err := eachLine(r, "data.ReadEdges", name, longestLine, func(line string) error {
		if c := strings.TrimSpace(line)[0]; c == '#' || c == '%' {
			return nil
		}
		words := strings.FieldsFunc(line, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\r' })
		if len(words) != 2 {
			return fmt.Errorf("%d words; want the names of two nodes", len(words))
		}
		var ends [2]int
		for k, word := range words {
			i, known := number[word]
			if !known {
				word = strings.Clone(word)
				i = len(number)
				number[word] = i
				g.Nodes = append(g.Nodes, word)
			}
			ends[k] = i
		}
		edges.add(ends[0], ends[1])
		return nil
	})
	if err == nil && len(g.Nodes) == 0 {
		err = fmt.Errorf("data.ReadEdges: %s: no edges; want a line for each", name)
	}
	if err != nil {
		return nil, err
	}
	// The number of neighbours is all that a bare graph says of a node alone.
	g.Rows, g.Edges, g.X = len(g.Nodes), edges.list, make([]float64, len(g.Nodes))
	for _, e := range g.Edges {
		g.X[e[0]]++
		g.X[e[1]]++
	}
	return g, nil
}

// NormalizeRows divides the features of every node by their sum, in place, as is usual for bags of words; a row with sum 0
// stays as it is.
func (g *Graph) NormalizeRows() error {
	if err := g.checkSizes(); err != nil {
		return err
	}
	if g.Pixels != nil {
		return g.errorf("the features are pixels; want numbers or sparse ones")
	}
	for i := range g.Rows {
		row := g.stored(i)
		sum := 0.0
		for _, x := range row {
			sum += x
		}
		if sum == 0 {
			continue // a paper without any of the words
		}
		for j := range row {
			row[j] /= sum
		}
	}
	return nil
}

// stored are the features of row i that take memory, a view.
func (g *Graph) stored(i int) []float64 {
	if s := g.Sparse; s != nil {
		return s.Values[s.Start[i]:s.Start[i+1]]
	}
	return g.X[i*g.Cols : (i+1)*g.Cols]
}

// edgeSet collects the edges of an undirected graph: citations go one way, but who cites whom does not matter to a
// model that passes messages both ways, and files that list both directions would count them twice.
type edgeSet struct {
	list [][2]int        // in the order of their first appearance, smaller node first
	seen map[[2]int]bool // the same
}

// newEdgeSet begins with a copy of some edges.
func newEdgeSet(edges [][2]int) *edgeSet {
	s := &edgeSet{list: slices.Clip(edges), seen: make(map[[2]int]bool, len(edges))}
	for _, e := range edges {
		s.seen[e] = true
	}
	return s
}

// add adds an edge unless it is there or is none.
func (s *edgeSet) add(a, b int) {
	e := [2]int{min(a, b), max(a, b)}
	if a != b && !s.seen[e] {
		s.seen[e] = true
		s.list = append(s.list, e)
	}
}
