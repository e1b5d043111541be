package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// CombinatorialCompression draws k tuples of every length r = 1…d from every row, a tuple with a weight proportional to
// the density of N(0, I_r) at it, and gives them in lexicographic order. Of x (b×m) it makes, for draw i = 1…k,
//
//	plain                (b×k·d(d+1)/2)  the i-th 1-tuple, the i-th 2-tuple, …, draw by draw
//	Transformed, LogProb (b×d·k)         ln p of k 1-tuples, then of k 2-tuples, …
//	Transformed, d = 1   (b×k)           z of k columns
//
// With Replace tuples may repeat a column, and draws may repeat a tuple. A metric sees all tuples of one length,
// (b×C(m, r)×r). Errors: k > m, also with replacement, or more draws than tuples; Transformed without LogProb for
// d > 1; those of [Combinatorial].
type CombinatorialCompression struct {
	D        int `yaml:"d" rpn:"min=1"` // largest length; 0 means 1
	Sampling `yaml:",inline"`
	Hooks    `yaml:",inline"`
}

// densitySampling is what combinatorial_probabilistic_compression gives.
var densitySampling = Sampling{K: 1, Transformed: true, LogProb: true}

var (
	_ = Register(Spec[CombinatorialCompression]{
		Name: "combinatorial_compression", Default: CombinatorialCompression{D: 1, Sampling: Sampling{K: 1}},
		Equation: "κ(x) = [x_{i₁}, …, x_{i_r}], k tuples drawn by their density, r = 1…d", Params: "0",
		Samples: []CombinatorialCompression{
			{}, {D: 2, Sampling: Sampling{K: 2}}, {D: 2, Sampling: Sampling{K: 2, Replace: true, Metric: Tanh{}}},
			{Sampling: Sampling{K: 2, Transformed: true, Raw: true}},
		},
	})
	_ = Register(Spec[CombinatorialCompression]{
		Name: "combinatorial_probabilistic_compression", Default: CombinatorialCompression{D: 1, Sampling: densitySampling},
		Equation: "κ(x) = [ln N(z_{i₁}, …, z_{i_r} | 0, I)], k tuples drawn by their density, r = 1…d", Params: "0",
		Samples: []CombinatorialCompression{
			{Sampling: densitySampling}, {D: 2, Sampling: Sampling{K: 3, Transformed: true, LogProb: true, Metric: Tanh{}}},
		},
	})
)

// tuples are those that are drawn from.
func (o CombinatorialCompression) tuples() Tuples {
	return Tuples{D: o.D, Replace: o.Replace}.or(1)
}

// check is k, once there are enough tuples of each length.
func (o CombinatorialCompression) check(m int) (int, error) {
	k, err := o.k("CombinatorialCompression", m)
	if err != nil {
		return 0, err
	}
	counts, err := o.tuples().counts("CombinatorialCompression", m)
	if err != nil {
		return 0, err
	}
	for i, n := range counts {
		if k > n && !o.Replace {
			return 0, errorf("CombinatorialCompression", "k = %d draws from %d tuples of %d of %d columns; want 1…%d, or replacement", k, n, i+1, m, n)
		}
	}
	if o.Transformed && !o.LogProb && o.D > 1 {
		return 0, errorf("CombinatorialCompression", "transformed tuples of up to %d columns; want log_prob, simply_sampling, or d = 1", o.D)
	}
	return k, nil
}

// OutDim is k·d, or k·d(d+1)/2 where tuples themselves are given.
func (o CombinatorialCompression) OutDim(m int) (int, error) {
	k, err := o.check(m)
	d := o.tuples().D
	if o.Transformed {
		return k * d, err
	}
	return k * d * (d + 1) / 2, err
}

// Transform draws length by length.
func (o CombinatorialCompression) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	if x.Poisoned() {
		return x
	}
	k, err := o.check(x.Shape().Dim(-1))
	if err != nil {
		return s.fail(err)
	}
	levels, err := o.tuples().levels("CombinatorialCompression", x.Shape().Dim(-1))
	if err != nil {
		return s.fail(err)
	}
	z, logs := o.densities(s, x, levels)
	if z.Poisoned() {
		return z
	}
	var blocks []*graph.Node
	for r, of := range places(levels) {
		at := o.draw(s, k, logs[r])
		switch {
		case !o.Transformed:
			blocks = append(blocks, drawnTuples(x, at, of, r+1)...)
		case o.LogProb:
			blocks = append(blocks, pick(logs[r], at))
		default:
			blocks = append(blocks, pick(z, at))
		}
	}
	if o.Transformed {
		return o.post(s, ops.Join(-1, blocks...))
	}
	return o.post(s, ops.Reshape(ops.Join(-1, blocks...), x.Shape().Dim(0), k*len(blocks)))
}

// densities are the logarithms of the densities of all tuples, (b×C(m, r)) for each length, and z of the single columns.
// A metric may mix the entries of a tuple, so that z is one for every tuple; otherwise z of a column is the same in all
// of them, and densities of tuples are sums of those of columns.
func (o CombinatorialCompression) densities(s *Scope, x *graph.Node, levels []level) (z *graph.Node, logs []*graph.Node) {
	if o.Metric == nil {
		z = o.z(s, "CombinatorialCompression", x, o.Raw)
		return z, sums(Normal{}.LogDensity(s, z), levels)
	}
	b := x.Shape().Dim(0)
	for r, of := range places(levels) {
		n := len(levels[r].last)
		t := o.z(s, "CombinatorialCompression", ops.Reshape(gather(x, of), b, n, r+1), o.Raw)
		if t.Poisoned() {
			return t, nil
		}
		logs = append(logs, ops.Reshape(ops.SumAxis(Normal{}.LogDensity(s, t), -1), b, n))
		if r == 0 {
			z = ops.Reshape(t, b, n)
		}
	}
	return z, logs
}

// drawnTuples are the r columns of the tuples that were drawn, (b×k×1) each: column c of tuple t is in of[t·r + c].
func drawnTuples(x, at *graph.Node, of []int32, r int) (columns []*graph.Node) {
	b, k := at.Shape().Dim(0), at.Shape().Dim(-1)
	for c := range r {
		table := make([]int32, 0, len(of)/r)
		for i := c; i < len(of); i += r {
			table = append(table, of[i])
		}
		columns = append(columns, ops.Reshape(pick(gather(x, table), at), b, k, 1))
	}
	return columns
}
