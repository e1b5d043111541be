package rpnops

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
)

// GraphTopology is a graph of nodes with distinct names, in the order of the rows or columns that they stand for, and of
// links from the first name of a pair to the second. A link that is given twice counts once.
type GraphTopology struct {
	Nodes      []string    `yaml:"nodes" json:"nodes"`
	Links      [][2]string `yaml:"links" json:"links"`
	Undirected bool        `yaml:"directed,not" json:"undirected,omitempty"` // links go both ways
}

// NumberedGraph is a graph of n nodes called 0, 1, …, n−1.
func NumberedGraph(n int, links [][2]int, undirected bool) GraphTopology {
	g := GraphTopology{Undirected: undirected}
	for i := range n {
		g.Nodes = append(g.Nodes, strconv.Itoa(i))
	}
	for _, l := range links {
		g.Links = append(g.Links, [2]string{strconv.Itoa(l[0]), strconv.Itoa(l[1])})
	}
	return g
}

// LoadGraph reads a graph that [GraphTopology.Save] wrote. Errors: no such file, no such format, and those of
// [GraphTopology.Check].
func LoadGraph(file string) (g GraphTopology, err error) {
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err == nil {
		err = g.Check()
	}
	if err != nil {
		return g, fmt.Errorf("rpnops.LoadGraph %s: %w", file, err)
	}
	return g, nil
}

// Save writes the graph as JSON.
func (g GraphTopology) Save(file string) error {
	text, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("rpnops.GraphTopology: %w", err)
	}
	return os.WriteFile(file, text, 0o644)
}

// Order is the number of nodes.
func (g GraphTopology) Order() int { return len(g.Nodes) }

// Size is the number of different links as they are given, whatever the directions.
func (g GraphTopology) Size() int {
	seen := map[[2]string]bool{}
	for _, l := range g.Links {
		seen[l] = true
	}
	return len(seen)
}

// Check says whether the graph can exist: every name once, links between nodes that there are.
func (g GraphTopology) Check() error {
	_, err := g.links()
	return err
}

// Neighbors are the nodes that a link leads to from node, or from which one leads to it, in the order of the nodes.
func (g GraphTopology) Neighbors(node string) ([]string, error) {
	i := slices.Index(g.Nodes, node)
	if i < 0 {
		return nil, errorf("GraphTopology", "there is no node %q among the %d", node, len(g.Nodes))
	}
	links, err := g.links()
	near := make([]bool, len(g.Nodes))
	for _, l := range links {
		near[l[1]] = near[l[1]] || l[0] == i
		near[l[0]] = near[l[0]] || l[1] == i
	}
	var out []string
	for j, is := range near {
		if is {
			out = append(out, g.Nodes[j])
		}
	}
	return out, err
}

// links are the links by the numbers of their nodes. A link to a node that does not exist is an error here rather than a
// link that is missing later: names are typed by people.
func (g GraphTopology) links() ([][2]int, error) {
	number := make(map[string]int, len(g.Nodes))
	for i, name := range g.Nodes {
		if first, twice := number[name]; twice {
			return nil, errorf("GraphTopology", "nodes %d and %d are both called %q; want distinct names", first, i, name)
		}
		number[name] = i
	}
	out := make([][2]int, len(g.Links))
	for e, l := range g.Links {
		for end, name := range l {
			i, ok := number[name]
			if !ok {
				return nil, errorf("GraphTopology", "link %d, from %q to %q: there is no node %q", e, l[0], l[1], name)
			}
			out[e][end] = i
		}
	}
	return out, nil
}

// matrix is the adjacency matrix M[i, j] = 1 for a link i → j, plus self·I, where a link of a node to itself adds.
func (g GraphTopology) matrix(self float64) (*csr, error) {
	links, err := g.links()
	if err != nil {
		return nil, err
	}
	if g.Undirected {
		for _, l := range links {
			links = append(links, [2]int{l[1], l[0]})
		}
	}
	// Sorted and unique, so that a link that is given twice, or both ways, counts once and columns arrive rising.
	slices.SortFunc(links, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	m := newCSR(len(g.Nodes), len(g.Nodes))
	for _, l := range slices.Compact(links) {
		m.add(l[0], l[1], 1)
	}
	for i := range m.rows {
		if self != 0 {
			m.add(i, i, self)
		}
	}
	return m, nil
}
