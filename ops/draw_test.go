package ops_test

import (
	"math"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

// drawRows draws from many equal rows and counts how often each set of positions comes.
func drawRows(b bench, o ops.Draw, rows int, weights ...float64) map[[2]float64]float64 {
	b.Helper()
	logs := make([]float64, 0, rows*len(weights))
	for range rows {
		for _, w := range weights {
			logs = append(logs, math.Log(w)+3) // any offset: weights are proportional
		}
	}
	y := b.of(b.g.Apply(o, b.vals([]int{rows, len(weights)}, logs...), b.g.Scalar(graph.I32, 1)))
	part := map[[2]float64]float64{}
	for i := 0; i < len(y); i += 2 {
		part[[2]float64{y[i], y[i+1]}] += 1 / float64(rows)
	}
	return part
}

// TestDrawHasTheProbabilitiesOfOneDrawAfterTheOther compares frequencies of pairs with weights 1, 2, 5: without
// replacement P{i, j} = wᵢ/8·wⱼ/(8−wᵢ) + wⱼ/8·wᵢ/(8−wⱼ).
func TestDrawHasTheProbabilitiesOfOneDrawAfterTheOther(t *testing.T) {
	const rows, off = 40000, 0.01 // four standard deviations of a frequency
	for _, c := range []struct {
		replace bool
		want    map[[2]float64]float64
	}{
		{false, map[[2]float64]float64{
			{0, 1}: 1./8*2/7 + 2./8*1/6,
			{0, 2}: 1./8*5/7 + 5./8*1/3,
			{1, 2}: 2./8*5/6 + 5./8*2/3,
		}},
		{true, map[[2]float64]float64{
			{0, 0}: 1. / 64, {1, 1}: 4. / 64, {2, 2}: 25. / 64, {0, 1}: 4. / 64, {0, 2}: 10. / 64, {1, 2}: 20. / 64,
		}},
	} {
		b := newBench(t)
		have := drawRows(b, ops.Draw{K: 2, Replace: c.replace, Seed: 3}, rows, 1, 2, 5)
		if len(have) != len(c.want) {
			t.Errorf("replacement %v: pairs %v; want %v", c.replace, have, c.want)
		}
		for pair, p := range c.want {
			if math.Abs(have[pair]-p) > off {
				t.Errorf("replacement %v: %v comes with frequency %.3f; want %.3f", c.replace, pair, have[pair], p)
			}
		}
	}
}

func TestDrawDependsOnStepStreamAndSeedAlone(t *testing.T) {
	b := newBench(t)
	x := b.random("x", 20, 9)
	draw := func(seed uint64, stream uint32, step float64) *graph.Node {
		return b.g.Apply(ops.Draw{K: 4, Seed: seed, Stream: stream}, x, b.g.Scalar(graph.I32, step))
	}
	first := b.of(draw(1, 1, 1))
	for what, y := range map[string]*graph.Node{"seed": draw(2, 1, 1), "stream": draw(1, 2, 1), "step": draw(1, 1, 2)} {
		same := 0
		for i, v := range b.of(y) {
			if v == first[i] {
				same++
			}
		}
		if same == len(first) {
			t.Errorf("another %s draws the same", what)
		}
	}
	b.want("all of them", b.g.Apply(ops.Draw{K: 3}, b.vals([]int{2, 3}, 1, 2, 3, 4, 5, 6), b.g.Scalar(graph.I32, 0)), 0, 1, 2, 0, 1, 2)
}

// TestDrawStaysInRange draws where weights vanish, overflow or are no numbers.
func TestDrawStaysInRange(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, replace := range []bool{false, true} {
		b := newBench(t)
		x := b.vals([]int{4, 3}, -inf, -inf, 0, -inf, -inf, -inf, nan, 1, nan, 1e4, 0, 1e4)
		y := b.of(b.g.Apply(ops.Draw{K: 2, Replace: replace}, x, b.g.Scalar(graph.I32, 0)))
		for i, v := range y {
			if v < 0 || v > 2 || !replace && i%2 == 1 && v <= y[i-1] {
				t.Errorf("replacement %v: positions %v", replace, y)
			}
		}
		if y[1] != 2 || replace && y[0] != 2 {
			t.Errorf("replacement %v: row 0 draws %v; want 2, the only one with a weight", replace, y[:2])
		}
		if y[7] == 1 || replace && y[6] == 1 {
			t.Errorf("replacement %v: row 3 draws %v; position 1 has weight e⁻¹⁰⁰⁰⁰", replace, y[6:])
		}
	}
}

func TestPickReadsSeveralPositionsAndPlaceAddsThemUp(t *testing.T) {
	b := newBench(t)
	x := b.vals([]int{2, 3}, 1, 2, 3, 4, 5, 6)
	pos := b.g.Const(graph.Type{DType: graph.I32, Shape: graph.Sh(2, 2)}, 0, 2, 1, 1)
	y := b.g.Apply(ops.Pick{Axis: 1}, x, pos)
	b.want("Pick", y, 1, 3, 5, 5)
	b.want("its gradient", graph.VJP(y, b.vals([]int{2, 2}, 1, 2, 3, 4), x)[0], 1, 0, 2, 0, 7, 0)
}
