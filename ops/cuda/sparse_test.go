package cuda_test

import (
	"testing"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda/emulate"
)

// star is a graph of n nodes in which the middle one is the neighbour of all, and every other has two more.
func star(n int) ops.Pattern {
	ptr, col := []int32{0}, []int32{}
	for i := range n {
		for j := range n {
			if i == n/2 || j == n/2 || j == i || j == (i+1)%n {
				col = append(col, int32(j))
			}
		}
		ptr = append(ptr, int32(len(col)))
	}
	return ops.Pattern{Rows: n, Cols: n, Ptr: graph.NewIndex(ptr...), Col: graph.NewIndex(col...)}
}

// largeGraphs are products and norms over graphs with a line of many entries, and some lines of none.
func largeGraphs() (s []ops.Sample) {
	p := star(701)
	for _, columns := range []bool{false, true} {
		s = append(s,
			ops.Sample{Op: ops.SpMM{P: p, T: columns}, In: []graph.Type{f(p.NNZ()), f(2, 701, 3)}},
			ops.Sample{Op: ops.Resolvent{P: p, T: columns, Steps: 2}, In: []graph.Type{f(p.NNZ()), f(701, 1)}, Lo: -0.1, Hi: 0.1},
			ops.Sample{Op: ops.PatternSoftmax{P: p, Columns: columns}, In: []graph.Type{f(p.NNZ())}})
	}
	empty := ops.Pattern{Rows: 3, Cols: 4, Ptr: graph.NewIndex(0, 0, 2, 2), Col: graph.NewIndex(1, 3)}
	return append(s,
		ops.Sample{Op: ops.PatternSoftmax{P: empty}, In: []graph.Type{f(2)}},
		ops.Sample{Op: ops.SpMM{P: empty}, In: []graph.Type{f(2), f(4, 5)}})
}

// One node with many neighbours is no thread's work alone: with four times the nodes no thread does twice as much.
func TestLongLinesAreSharedByThreads(t *testing.T) {
	for name, of := range map[string]func(n int) ops.Sample{
		"product": func(n int) ops.Sample {
			return ops.Sample{Op: ops.SpMM{P: star(n)}, In: []graph.Type{f(star(n).NNZ()), f(n, 1)}}
		},
		"softmax": func(n int) ops.Sample {
			return ops.Sample{Op: ops.PatternSoftmax{P: star(n)}, In: []graph.Type{f(star(n).NNZ())}}
		},
	} {
		var most [2]int
		for i, n := range []int{600, 2400} {
			dev := &emulate.Device{}
			if _, err := run(dev, as(of(n), graph.F32, t)); err != nil {
				t.Fatal(err)
			}
			most[i] = dev.Longest
		}
		if most[1] >= 2*most[0] {
			t.Errorf("%s: the busiest thread takes %v steps for 600 and 2,400 nodes", name, most)
		}
		t.Logf("%s: %v", name, most)
	}
}
