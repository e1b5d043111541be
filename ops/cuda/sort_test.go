package cuda_test

import (
	"fmt"
	"math"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda/emulate"
)

// largeOrders are selections from lines shorter and longer than what is sorted in shared memory, along either axis.
func largeOrders() (s []ops.Sample) {
	for _, n := range []int{1, 2, 3, 64, 129} {
		s = append(s,
			ops.Sample{Op: ops.Kth{Axis: 1, K: n / 2}, In: []graph.Type{f(5, n, 3)}},
			ops.Sample{Op: ops.MostFrequent{Axis: 0}, In: []graph.Type{f(n, 7)}},
			ops.Sample{Op: ops.Draw{K: (n + 1) / 2, Seed: 7, Stream: 1}, In: []graph.Type{f(5, n), ints()}},
			ops.Sample{Op: ops.Draw{K: n, Replace: true, Seed: 7, Stream: 1}, In: []graph.Type{f(5, n), ints()}})
	}
	return append(s,
		ops.Sample{Op: ops.Extreme{Axis: 0}, In: []graph.Type{f(300, 3)}},
		ops.Sample{Op: ops.Extreme{Axis: -1, Min: true}, In: []graph.Type{f(3, 1301)}},
		ops.Sample{Op: ops.Kth{Axis: 0, K: 4321}, In: []graph.Type{f(4500, 1)}},
		ops.Sample{Op: ops.MostFrequent{Axis: 0}, In: []graph.Type{f(2100)}},
		ops.Sample{Op: ops.Draw{K: 2000, Seed: 7, Stream: 1}, In: []graph.Type{f(1, 2100), ints()}})
}

// ties are operands of which many are equal, zeros of both signs, infinities and NaNs among them.
func (c call) ties(nans bool) call {
	for i, v := range c.operand[0].F {
		x := math.Trunc(5 * v)
		switch {
		case nans && i%11 == 3:
			x = math.NaN()
		case i%17 == 5:
			x = math.Inf(1 - 2*(i&1))
		case x == 0:
			x = math.Copysign(0, v)
		}
		c.operand[0].F[i] = x
	}
	return c
}

func TestSelectionsAmongEqualsAreThoseOfTheOracle(t *testing.T) {
	for _, s := range largeOrders() {
		for _, p := range precisions {
			for _, nans := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v/%s%v/%v", p.dtype, s.Op.Name(), s.In, nans), func(t *testing.T) {
					if _, draws := s.Op.(ops.Draw); draws {
						t.Skip("noise makes entries different")
					}
					c := as(s, p.dtype, t).ties(nans)
					want, err := graph.EvalOp(c.op, c.out, c.operand)
					if err != nil {
						t.Fatal(err)
					}
					got, err := run(&emulate.Device{}, c)
					if err != nil {
						t.Fatal(err)
					}
					for i := range want {
						if e := apart(got[i], want[i]); e != 0 {
							t.Errorf("result %d is %v; want %v", i, got[i], want[i])
						}
					}
				})
			}
		}
	}
}

// A line of NaNs has entries as every other.
func TestLinesOfNaNsHaveTheirFirstEntries(t *testing.T) {
	for _, op := range []graph.Op{ops.Kth{Axis: 0, K: 2}, ops.MostFrequent{Axis: 0}, ops.Extreme{Axis: 0}, ops.Extreme{Axis: 0, Min: true}} {
		c := as(ops.Sample{Op: op, In: []graph.Type{f(70, 3)}}, graph.F32, t)
		for i := range c.operand[0].F {
			c.operand[0].F[i] = math.NaN()
		}
		want, err := graph.EvalOp(c.op, c.out, c.operand)
		if err != nil {
			t.Fatal(err)
		}
		got, err := run(&emulate.Device{}, c)
		if err != nil {
			t.Fatal(err)
		}
		if e := apart(got[1], want[1]); e != 0 {
			t.Errorf("%s takes positions %v; want %v", op.Name(), got[1].I, want[1].I)
		}
	}
}

// Four times the line is four times the work of a selection by bits, and some six times that of a sort; counting for every
// entry how many come before it would be sixteen times.
func TestSelectionsTakeStepsAsSortingDoes(t *testing.T) {
	steps := func(op graph.Op, in ...graph.Type) int {
		dev := &emulate.Device{}
		if _, err := run(dev, as(ops.Sample{Op: op, In: in}, graph.F32, t)); err != nil {
			t.Fatal(err)
		}
		return dev.Steps
	}
	for name, c := range map[string]struct {
		of    func(n int) (graph.Op, []graph.Type)
		sizes [2]int
		most  float64
	}{
		"median":      {func(n int) (graph.Op, []graph.Type) { return ops.Kth{K: n / 2}, []graph.Type{f(n)} }, [2]int{256, 1024}, 7.5},
		"mode":        {func(n int) (graph.Op, []graph.Type) { return ops.MostFrequent{}, []graph.Type{f(n)} }, [2]int{256, 1024}, 7.5},
		"long median": {func(n int) (graph.Op, []graph.Type) { return ops.Kth{K: n / 2}, []graph.Type{f(n)} }, [2]int{5000, 20000}, 5},
		"draws": {func(n int) (graph.Op, []graph.Type) {
			return ops.Draw{K: n / 2}, []graph.Type{f(1, n), ints()}
		}, [2]int{256, 1024}, 7.5},
		"draws with replacement": {func(n int) (graph.Op, []graph.Type) {
			return ops.Draw{K: n, Replace: true}, []graph.Type{f(1, n), ints()}
		}, [2]int{256, 1024}, 7.5},
	} {
		var took [2]int
		for i, n := range c.sizes {
			op, in := c.of(n)
			took[i] = steps(op, in...)
		}
		if got := float64(took[1]) / float64(took[0]); !(got <= c.most) {
			t.Errorf("%s: %v steps for %v entries, %.1f times; want at most %v", name, took, c.sizes, got, c.most)
		}
		t.Logf("%s: %v steps for %v entries", name, took, c.sizes)
	}
}
