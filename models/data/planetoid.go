package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// How the eight parts fit together. Nodes 0 … |allx| − 1 are the rows of allx, with labels in ally; the
// first |y| of them are trained on. The nodes that are tested are the rows of tx, in the order of
// test.index, which is a permutation of numbers from |allx| on. In Citeseer the numbers have gaps:
// nodes without words and links, which exist in the dictionary of links alone. Features are sparse
// (Cora: 1,433 columns, 18 of them set in a row), and stay so.
//
// Links are a dictionary from a node to its neighbours, each link twice or once; a set makes them
// unique.
//
// Every number in the files is checked before it is used as an index, since a damaged file would
// otherwise be a panic or a model trained on nonsense.

// LoadPlanetoid reads a citation graph in the form that the Planetoid project publishes it: a folder with ind.NAME.allx, tx,
// ally, ty, y, graph and test.index, pickles of sparse matrices and of a dictionary, and a list. Nodes with the labels of y
// are trained on, those of the list are tested. A node of the list's range that is not in it, as Citeseer has some, has no
// features and class 0.
//
// Source of the format and the split: Z. Yang, W. Cohen and R. Salakhutdinov, Revisiting semi-supervised learning with graph
// embeddings, ICML 2016.
func LoadPlanetoid(path, name string) (*Graph, error) {
	p := &planetoid{path: path, set: name}
	p.all, p.test = p.matrix("allx"), p.matrix("tx")
	p.allLabels, p.testLabels, p.trained = p.labels("ally"), p.labels("ty"), p.labels("y")
	p.links, p.order = p.neighbours(), p.list()
	if p.err == nil {
		p.err = p.check()
	}
	if p.err != nil {
		return nil, p.err
	}
	g, err := p.graph()
	if err != nil {
		return nil, fmt.Errorf("data.LoadPlanetoid: %s: %w", name, err)
	}
	return g, nil
}

// planetoid is what the files of a set hold; the first error of reading them stays.
//
// Files are read in a fixed order; after the first error the others are not opened.
type planetoid struct {
	path, set string
	err       error

	all, test                      *Sparse // features: nodes 0 … all.Rows−1, and those tested
	allLabels, testLabels, trained []int32
	links                          *neighbours
	order                          []int // row k of test is node order[k]
}

// check holds the parts against each other.
func (p *planetoid) check() error {
	first, last := p.all.Rows, len(p.links.keys)-1
	switch {
	case len(p.allLabels) != first || len(p.testLabels) != p.test.Rows || len(p.order) != p.test.Rows || len(p.trained) > first || p.all.Cols != p.test.Cols:
		return fmt.Errorf("data.LoadPlanetoid: %s: allx (%d×%d) and %d labels, tx (%d×%d) and %d labels, %d to train on, %d to test; want a label a row, and all of tx tested",
			p.set, first, p.all.Cols, len(p.allLabels), p.test.Rows, p.test.Cols, len(p.testLabels), len(p.trained), len(p.order))
	case len(p.order) == 0 || slices.Min(p.order) < first || slices.Max(p.order) > last:
		return fmt.Errorf("data.LoadPlanetoid: %s: %d nodes to test; want numbers from %d to %d, the nodes of the graph", p.set, len(p.order), first, last)
	}
	return nil
}

// graph puts checked parts together.
func (p *planetoid) graph() (*Graph, error) {
	// The graph has every node, so that its file bounds their number; a list of large numbers alone would not.
	n := len(p.links.keys)
	place := make(map[int]int, len(p.order)) // the row of a node in test
	for k, node := range p.order {
		if _, twice := place[node]; twice {
			return nil, fmt.Errorf("node %d is tested twice; want each once", node)
		}
		place[node] = k
	}
	x := &Sparse{Rows: n, Cols: p.all.Cols, Start: []int{0}}
	g := &Graph{Dataset: Dataset{Name: p.set, Rows: n, Cols: p.all.Cols, Sparse: x, Labels: make([]int32, n)}}
	for i := range n {
		k, tested := place[i]
		switch {
		case i < p.all.Rows:
			g.Labels[i] = p.allLabels[i]
			x.add(p.all, i)
		case tested:
			g.Labels[i] = p.testLabels[k]
			x.add(p.test, k)
		default:
			x.Start = append(x.Start, len(x.Values))
		}
	}
	g.Classes = numbered(int(slices.Max(g.Labels)) + 1)
	g.Train, g.Test = span{0, len(p.trained)}.nodes(), slices.Sorted(slices.Values(p.order))
	edges, err := p.links.edges()
	if err != nil {
		return nil, err
	}
	g.Edges = edges
	if err := g.Validate(); err != nil {
		return nil, err
	}
	return g, nil
}

// add appends row i of another table with as many columns.
func (s *Sparse) add(from *Sparse, i int) {
	lo, hi := from.Start[i], from.Start[i+1]
	s.Columns, s.Values = append(s.Columns, from.Columns[lo:hi]...), append(s.Values, from.Values[lo:hi]...)
	s.Start = append(s.Start, len(s.Values))
}

// read opens one of the files and hands it to a reader.
func read[T any](p *planetoid, part string, from func(io.Reader, string) (T, error)) (out T) {
	if p.err != nil {
		return out
	}
	file, err := find(p.set, p.path, "ind."+p.set+"."+part)
	if err == nil {
		out, err = readFile("data.LoadPlanetoid", file, "a file of Planetoid", from)
	}
	p.err = err
	return out
}

// matrix, labels and neighbours read a part of their kind; after an error they give nil.
func (p *planetoid) matrix(part string) *Sparse { return read(p, part, readMatrix) }
func (p *planetoid) labels(part string) []int32 { return read(p, part, readOneHot) }
func (p *planetoid) neighbours() *neighbours    { return read(p, "graph", readNeighbours) }

// list is the list of nodes that are tested, a number a line.
func (p *planetoid) list() []int {
	return read(p, "test.index", func(r io.Reader, name string) (nodes []int, err error) {
		err = eachLine(r, "data.LoadPlanetoid", name, longestLine, func(line string) error {
			node, err := strconv.Atoi(strings.TrimSpace(line))
			if err != nil || node < 0 {
				return fmt.Errorf("%s; want the number of a node", short(line))
			}
			nodes = append(nodes, node)
			return nil
		})
		return nodes, err
	})
}

// readMatrix reads a pickled matrix of scipy, compressed by rows.
func readMatrix(r io.Reader, name string) (*Sparse, error) {
	v, err := readPickle(r, name)
	if err != nil {
		return nil, err
	}
	s, err := matrixOf(v)
	if err != nil {
		return nil, fmt.Errorf("data.LoadPlanetoid: %s: %w", name, err)
	}
	return s, nil
}

// matrixOf makes a table of what a csr_matrix keeps.
//
// A csr_matrix has indptr (rows + 1), indices and data (an entry each). Rows may have their columns in
// any order and are sorted.
func matrixOf(v any) (*Sparse, error) {
	o, is := v.(*pickleObject)
	if !is || !strings.HasSuffix(string(o.class), ".csr_matrix") {
		return nil, fmt.Errorf("a %T; want a csr_matrix", v)
	}
	state, is := o.state.(*pickleObject)
	if !is {
		return nil, errors.New("a matrix without a state; want that of a csr_matrix")
	}
	shape := state.get("_shape")
	if shape == nil {
		shape = state.get("shape") // of older versions
	}
	dims, err := intsOf(shape)
	if err != nil {
		return nil, fmt.Errorf("the shape of a matrix: %w", err)
	}
	if len(dims) != 2 {
		return nil, fmt.Errorf("a matrix of %d dimensions; want 2", len(dims))
	}
	s := &Sparse{Rows: dims[0], Cols: dims[1]}
	for key, take := range map[string]func(a *Array){
		"indptr":  func(a *Array) { s.Start = wholes[int](a.Values) },
		"indices": func(a *Array) { s.Columns = wholes[int32](a.Values) },
		"data":    func(a *Array) { s.Values = a.Values },
	} {
		a, err := arrayOf(state.get(key))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		take(a)
	}
	s.sortRows()
	return s, s.Validate()
}

// wholes converts numbers that should be integers; others show themselves as starts and columns that do not fit.
//
// Values come as float64, which holds the int32 that scipy writes exactly. What is no index becomes −1,
// and Validate complains of that.
func wholes[T int | int32](values []float64) []T {
	out := make([]T, len(values))
	for i, v := range values {
		if out[i] = -1; v >= 0 && v <= 1<<31-1 {
			out[i] = T(v)
		}
	}
	return out
}

// sortRows brings the columns of every row into order, as far as the starts make sense.
//
// The sort is stable: entries of one column twice in a row keep their order until Validate refuses
// them.
func (s *Sparse) sortRows() {
	n := min(len(s.Columns), len(s.Values))
	for i := range len(s.Start) - 1 {
		lo, hi := s.Start[i], s.Start[i+1]
		if lo < 0 || lo > hi || hi > n || slices.IsSorted(s.Columns[lo:hi]) {
			continue
		}
		order := span{lo, hi}.nodes()
		slices.SortStableFunc(order, func(a, b int) int { return int(s.Columns[a]) - int(s.Columns[b]) })
		columns, values := slices.Clone(s.Columns[lo:hi]), slices.Clone(s.Values[lo:hi])
		for k, from := range order {
			s.Columns[lo+k], s.Values[lo+k] = columns[from-lo], values[from-lo]
		}
	}
}

// arrayOf makes an array of what NumPy pickles: _reconstruct with the state (version, shape, type, Fortran order, bytes).
//
// The size that shape and type ask for has to be that of the bytes which are there.
func arrayOf(v any) (*Array, error) {
	o, is := v.(*pickleObject)
	if !is || !strings.HasSuffix(string(o.class), ".multiarray._reconstruct") {
		return nil, fmt.Errorf("a %T; want an array of NumPy", v)
	}
	state, _ := o.state.(pickleTuple)
	if len(state) != 5 || state[3] != false {
		return nil, errors.New("an array without values in C order; want such an array")
	}
	kind, order, err := typeOf(state[2])
	if err != nil {
		return nil, err
	}
	text, _ := state[4].(string)
	shape, err := intsOf(state[1])
	if err != nil {
		return nil, err
	}
	a, e := &Array{Type: kind, Shape: shape}, elements[kind]
	if n := len(text) / e.size; len(text) == 0 && slices.Contains(shape, 0) {
		return a, nil // nobody is in such an array
	} else if want, err := a.count(); err != nil || n != want || n*e.size != len(text) {
		return nil, fmt.Errorf("%d bytes for %s values of shape %v; want as many as there are values", len(text), kind, shape)
	}
	a.Values = make([]float64, len(text)/e.size)
	raw := []byte(text)
	for i := range a.Values {
		if a.Values[i], err = e.at(order, raw[i*e.size:]); err != nil {
			return nil, fmt.Errorf("value %d: %w", i, err)
		}
	}
	return a, nil
}

// typeOf reads a pickled dtype: its name and, in its state, the order of bytes.
func typeOf(v any) (kind string, order binary.ByteOrder, err error) {
	o, is := v.(*pickleObject)
	if !is || o.class != "numpy.dtype" || len(o.args) == 0 {
		return "", nil, fmt.Errorf("elements of a %T; want a dtype of NumPy", v)
	}
	kind, _ = o.args[0].(string)
	if elements[kind].size == 0 {
		return "", nil, fmt.Errorf("elements of type %s; want u1, i1, i2, i4, i8, f4 or f8", short(kind))
	}
	state, _ := o.state.(pickleTuple)
	if len(state) > 1 && state[1] == ">" {
		return kind, binary.BigEndian, nil
	}
	return kind, binary.LittleEndian, nil
}

// intsOf reads a tuple of lengths.
func intsOf(v any) ([]int, error) {
	items, is := v.(pickleTuple)
	if !is {
		return nil, fmt.Errorf("a %T; want a tuple of lengths", v)
	}
	out := make([]int, len(items))
	for i, x := range items {
		n, is := x.(int64)
		if !is || n < 0 || n > 1<<31-1 {
			return nil, fmt.Errorf("a length is %s; want an integer from 0", shown(x))
		}
		out[i] = int(n)
	}
	return out, nil
}

// shown is a value in an error: integers as they are, others, of which some are endless, by their type.
func shown(v any) string {
	if n, is := v.(int64); is {
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf("a %T", v)
}

// readOneHot reads labels, each a row with a single one in the column of its class.
func readOneHot(r io.Reader, name string) ([]int32, error) {
	v, err := readPickle(r, name)
	if err != nil {
		return nil, err
	}
	a, err := arrayOf(v)
	if err != nil || len(a.Shape) != 2 || len(a.Values) == 0 {
		return nil, fmt.Errorf("data.LoadPlanetoid: %s: %w", name, errors.Join(err, errors.New("want labels, a row of 0 and 1 each")))
	}
	cols := a.Shape[1]
	labels := make([]int32, a.Shape[0])
	for i := range labels {
		row := a.Values[i*cols : (i+1)*cols]
		// Nodes without a class have a row of zeros, whose greatest value is the first.
		labels[i] = int32(slices.Index(row, slices.Max(row)))
		if labels[i] < 0 {
			return nil, fmt.Errorf("data.LoadPlanetoid: %s: the label of row %d is not a number; want 0 and 1", name, i)
		}
	}
	return labels, nil
}

// neighbours are the nodes of a graph, numbered from 0, and their neighbours.
//
// keys and lists belong together by position.
type neighbours struct {
	keys  []any
	lists []any
	size  int // of the file: a link takes two bytes at least
}

// readNeighbours reads a pickled dictionary of lists.
func readNeighbours(r io.Reader, name string) (*neighbours, error) {
	counted := &counter{r: r}
	v, err := readPickle(counted, name)
	if err != nil {
		return nil, err
	}
	o, is := v.(*pickleObject)
	if !is {
		return nil, fmt.Errorf("data.LoadPlanetoid: %s: a %T; want a dictionary of lists", name, v)
	}
	return &neighbours{o.keys, o.vals, counted.n}, nil
}

// counter counts the bytes that are read.
type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// edges lists the links, each once.
//
// The work is bounded by the size of the file, though a short program can name one long list a thousand
// times.
func (l *neighbours) edges() ([][2]int, error) {
	set, seen := newEdgeSet(nil), 0
	for i, key := range l.keys {
		list, is := l.lists[i].(*pickleList)
		node, too := key.(int64)
		if !is || !too || node < 0 || node >= int64(len(l.keys)) {
			return nil, fmt.Errorf("the neighbours of %s are a %T; want a list for each node from 0 to %d", shown(key), l.lists[i], len(l.keys)-1)
		}
		// One list may stand for the neighbours of many nodes, and many such lists for more links than a memory holds.
		if seen += len(list.items); seen > l.size {
			return nil, fmt.Errorf("more links than the %d bytes of the file can hold", l.size)
		}
		for _, item := range list.items {
			other, is := item.(int64)
			if !is || other < 0 || other >= int64(len(l.keys)) {
				return nil, fmt.Errorf("%s is a neighbour of node %d; want nodes from 0 to %d", shown(item), node, len(l.keys)-1)
			}
			set.add(int(node), int(other))
		}
	}
	return set.list, nil
}
