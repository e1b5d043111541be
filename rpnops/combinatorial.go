package rpnops

import (
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// Tuples says which tuples of columns a combinatorial function takes: those of 1…D columns, i₁ < i₂ < …, or with
// Replace i₁ ≤ i₂ ≤ …, shorter ones first, those of one length in lexicographic order.
type Tuples struct {
	D       int  `yaml:"d" rpn:"min=1"` // largest length; 0 means the default of the function
	Replace bool `yaml:"with_replacement"`
}

// Combinatorial expands in tuples of columns:
//
//	κ(x) = [x_{i₁}, …, x_{i_r} for all tuples (i₁, …, i_r), r = 1…d],  x (b×m) → (b×Σ r·C(m, r))
//
// with C(m+r−1, r) tuples of length r with replacement. It is one [ops.Gather]. Errors: d > m without replacement,
// tuples that have more entries than a table may.
type Combinatorial struct {
	Tuples `yaml:",inline"` // D is 2 by default
	Hooks  `yaml:",inline"`
}

// CombinatorialNormal expands in logarithms of the density of N(0, I) at tuples of columns:
//
//	κ(x) = [−(r/2) ln 2π − ½ Σₖ x²_{iₖ} for all tuples (i₁, …, i_r), r = 1…d],  x (b×m) → (b×Σ C(m, r))
//
// Errors: those of [Combinatorial].
type CombinatorialNormal struct {
	Tuples `yaml:",inline"` // D is 1 by default
	Hooks  `yaml:",inline"`
}

var (
	_ = Register(Spec[Combinatorial]{
		Name: "combinatorial_expansion", Default: Combinatorial{Tuples: Tuples{D: 2}},
		Equation: "κ(x) = [x_{i₁}, …, x_{i_r} for i₁ < … < i_r, r = 1…d]", Params: "0",
		Samples: []Combinatorial{{}, {Tuples: Tuples{D: 3}}, {Tuples: Tuples{D: 2, Replace: true}}},
	})
	_ = Register(Spec[CombinatorialNormal]{
		Name: "combinatorial_normal_expansion", Default: CombinatorialNormal{Tuples: Tuples{D: 1}},
		Equation: "κ(x) = [ln N(x_{i₁}, …, x_{i_r} | 0, I) for i₁ < … < i_r, r = 1…d]", Params: "0",
		Samples: []CombinatorialNormal{{}, {Tuples: Tuples{D: 3}}, {Tuples: Tuples{D: 3, Replace: true}}},
	})
)

// or has d in place of a length that is not given.
func (t Tuples) or(d int) Tuples {
	if t.D == 0 {
		t.D = d
	}
	return t
}

// counts is the number of tuples of each length 1…D, for m columns. Places in all tuples together must be indexes.
func (t Tuples) counts(name string, m int) (counts []int, err error) {
	if t.D < 1 {
		return nil, errorf(name, "d = %d; want 1 or more", t.D)
	}
	if t.D > m && !t.Replace {
		return nil, errorf(name, "d = %d for %d columns; want 1…%d, or replacement", t.D, m, m)
	}
	if err := atMost(name, "d", t.D, mostTerms); err != nil {
		return nil, err
	}
	n, places, step := 1, 0, -1
	if t.Replace {
		step = 1
	}
	for r := 1; r <= t.D; r++ {
		n = n * (m + step*(r-1)) / r // C(m, r) or C(m+r−1, r), whole at every r
		if places += r * n; places > mostPlaces {
			return nil, errorf(name, "tuples of 1…%d of %d columns have more than %d entries; want fewer columns or a smaller d", t.D, m, mostPlaces)
		}
		counts = append(counts, n)
	}
	return counts, nil
}

// level is all tuples of one length: tuple t is tuple prefix[t] of the level before, followed by column last[t].
type level struct{ prefix, last []int32 }

// levels lists the tuples of each length. Those that begin with one prefix follow each other, their last columns rising:
// that is lexicographic order, and lets a sum over a tuple be made from that over its prefix.
func (t Tuples) levels(name string, m int) ([]level, error) {
	counts, err := t.counts(name, m)
	if err != nil {
		return nil, err
	}
	first := 1 // distance from a column to the next that may follow it
	if t.Replace {
		first = 0
	}
	levels := []level{{last: make([]int32, m)}}
	for j := range m {
		levels[0].last[j] = int32(j)
	}
	for _, n := range counts[1:] {
		before := levels[len(levels)-1]
		next := level{make([]int32, 0, n), make([]int32, 0, n)}
		for p, j := range before.last {
			for j := int(j) + first; j < m; j++ {
				next.prefix, next.last = append(next.prefix, int32(p)), append(next.last, int32(j))
			}
		}
		levels = append(levels, next)
	}
	return levels, nil
}

// places are the columns of all tuples of each length, tuple after tuple.
func places(levels []level) [][]int32 {
	all := [][]int32{levels[0].last}
	for i, l := range levels[1:] {
		r := i + 1 // length of the prefixes
		flat := make([]int32, 0, len(l.last)*(r+1))
		for t, p := range l.prefix {
			flat = append(append(flat, all[i][int(p)*r:(int(p)+1)*r]...), l.last[t])
		}
		all = append(all, flat)
	}
	return all
}

// gather reads the columns of a table.
func gather(x *graph.Node, table []int32) *graph.Node {
	return x.Graph().Apply(ops.Gather{Table: graph.NewIndex(table...)}, x)
}

// sums adds up, for the tuples of each length, the columns of x in them: two gathered blocks and one addition a length,
// whatever the length is.
func sums(x *graph.Node, levels []level) []*graph.Node {
	blocks := []*graph.Node{x}
	for i, l := range levels[1:] {
		blocks = append(blocks, ops.Add(gather(blocks[i], l.prefix), gather(x, l.last)))
	}
	return blocks
}

// OutDim is Σ r·C(m, r).
func (o Combinatorial) OutDim(m int) (D int, err error) {
	counts, err := o.or(2).counts("Combinatorial", m)
	for i, n := range counts {
		D += (i + 1) * n
	}
	return D, err
}

// Transform gathers.
func (o Combinatorial) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	if x.Poisoned() {
		return x
	}
	levels, err := o.or(2).levels("Combinatorial", x.Shape().Dim(-1))
	if err != nil {
		return s.fail(err)
	}
	return o.post(s, gather(x, slices.Concat(places(levels)...)))
}

// OutDim is Σ C(m, r).
func (o CombinatorialNormal) OutDim(m int) (D int, err error) {
	counts, err := o.or(1).counts("CombinatorialNormal", m)
	for _, n := range counts {
		D += n
	}
	return D, err
}

// Transform adds up logarithms: the density at a tuple is the product of those at its entries.
func (o CombinatorialNormal) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	if x.Poisoned() {
		return x
	}
	levels, err := o.or(1).levels("CombinatorialNormal", x.Shape().Dim(-1))
	if err != nil {
		return s.fail(err)
	}
	return o.post(s, ops.Join(-1, sums(Normal{}.LogDensity(s, x), levels)...))
}
