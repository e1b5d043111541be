package ops

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"rpnc/graph"
)

// Draw draws K positions of every row of x (…×n) at random, position j with a weight that is proportional to eˣʲ, and
// gives them in rising order, I32 (…×K). Without Replace each position is drawn at most once, as by one weighted draw
// after the other; with it the K draws are independent. The second operand is the step (I32, one element).
//
// What is drawn is a pure function of x and of (Seed, step, Stream, row), so it is the same in the gradient, on every
// device and for every number of threads. Nothing flows into x: positions have no derivative. Where no weight is
// positive, or one is not a number, the positions are some.
type Draw struct {
	K       int
	Replace bool
	Seed    uint64
	Stream  uint32
}

var _ = register(
	Sample{Op: Draw{K: 2, Seed: 7, Stream: 1}, In: []graph.Type{f64(4, 5), i32()}},
	Sample{Op: Draw{K: 3, Seed: 7, Stream: 2}, In: []graph.Type{f64(2, 3), i32()}},
	Sample{Op: Draw{K: 4, Replace: true, Seed: 7, Stream: 3}, In: []graph.Type{f64(2, 2, 3), i32(1)}},
)

// Name shows the number of draws and the stream.
func (o Draw) Name() string {
	if o.Replace {
		return fmt.Sprintf("Draw{%d with replacement #%d}", o.K, o.Stream)
	}
	return fmt.Sprintf("Draw{%d #%d}", o.K, o.Stream)
}

// Infer wants floats, a step, and no more draws without replacement than there are columns.
func (o Draw) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 2 {
		return nil, errOperands(2, in)
	}
	if !in[0].DType.IsFloat() || in[0].Shape.Rank() < 1 || in[1].DType != graph.I32 || in[1].Shape.Size() != 1 {
		return nil, fmt.Errorf("operands %v; want floats (…×n) and one step in i32", in)
	}
	if n := in[0].Shape.Dim(-1); o.K < 1 || n < 1 || !o.Replace && o.K > n {
		return nil, fmt.Errorf("%d draws from %d columns; want 1…%d, or replacement", o.K, n, n)
	}
	return []graph.Type{{DType: graph.I32, Shape: in[0].Shape.With(-1, o.K)}}, nil
}

// Key is the random stream of one step.
func (o Draw) Key(step int32) graph.Key {
	return graph.NewKey(o.Seed, "draw").Sub(uint64(o.Stream)).Sub(uint64(uint32(step)))
}

// Eval draws row by row.
func (o Draw) Eval(dst, in []*graph.Tensor) error {
	key, n := o.Key(in[1].I[0]), in[0].Dim(-1)
	for row := range in[0].Type.Shape.Size() / n {
		x, y := in[0].F[row*n:(row+1)*n], dst[0].I[row*o.K:(row+1)*o.K]
		if o.Replace {
			roulette(y, x, make([]float64, n), key, row*o.K)
		} else {
			best(y, x, key, row*n)
		}
		slices.Sort(y)
	}
	return nil
}

// best draws without replacement: noise from the Gumbel distribution added to x makes the k largest sums what k
// weighted draws, one after the other, would give. Element j of the row takes random number at + j.
//
// Yellott, The relationship between Luce's choice axiom, Thurstone's theory of comparative judgment, and the double
// exponential distribution (1977).
func best(y []int32, x []float64, key graph.Key, at int) {
	l := &line[float64]{make([]float64, len(x)), make([]int32, len(x))}
	for j := range x {
		l.x[j], l.order[j] = x[j]+gumbel(key, at+j), int32(j)
	}
	sort.Slice(l.order, func(a, b int) bool { return l.less(l.order[a], l.order[b]) })
	copy(y, l.order[len(x)-len(y):])
}

// gumbel is −ln(−ln u) for random number i; u is taken half a step up, which keeps it off 0 and 1.
func gumbel(key graph.Key, i int) float64 {
	return -math.Log(-math.Log(key.Uniform(uint64(i)) + 0x1p-54))
}

// roulette draws with replacement: position j has the interval of length eˣʲ between sums[j−1] and sums[j], and each draw
// looks up where a random point lies. Draw i takes random number at + i.
func roulette[T float](y []int32, x []T, sums []float64, key graph.Key, at int) {
	top, total := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, float64(v)) // so that no power overflows
	}
	for j, v := range x {
		total += math.Exp(float64(v) - top)
		sums[j] = total
	}
	for i := range y {
		point := total * key.Uniform(uint64(at+i))
		j := sort.Search(len(sums)-1, func(j int) bool { return sums[j] > point })
		y[i] = int32(j)
	}
}
