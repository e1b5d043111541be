package cuda_test

import (
	"math/rand/v2"
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// f is the type of floats of a shape; samples are retyped for each precision.
func f(dims ...int) graph.Type { return graph.Type{DType: graph.F64, Shape: graph.Sh(dims...)} }

func ints(dims ...int) graph.Type { return graph.Type{DType: graph.I32, Shape: graph.Sh(dims...)} }

// large lists calls of several blocks of threads, with odd remainders and every form that a kernel treats on its own.
func large() []ops.Sample {
	return slices.Concat(largeMaps(), largeSums(), largeMoves(), largeProducts(), largePatches(), largeOrders(), largeGraphs(), largeRest())
}

// largeMaps stretches the samples of functions, and adds arguments at their ends.
func largeMaps() (s []ops.Sample) {
	for _, x := range ops.Samples() {
		if u, ok := x.Op.(ops.Unary); ok {
			s = append(s, ops.Sample{Op: u, In: []graph.Type{f(3, 311)}, Lo: x.Lo, Hi: x.Hi})
		}
	}
	wide := func(k ops.UnaryKind, lo, hi float64) {
		s = append(s, ops.Sample{Op: ops.Unary{Kind: k}, In: []graph.Type{f(300)}, Lo: lo, Hi: hi})
	}
	wide(ops.KExp, -80, 80)
	wide(ops.KExpm1, -40, 1)
	wide(ops.KLog, -1, 1e30)
	wide(ops.KLog1p, -1.5, 1e9)
	wide(ops.KSin, -1e4, 1e4)
	wide(ops.KCos, -1e4, 1e4)
	wide(ops.KTanh, -30, 30)
	wide(ops.KSigmoid, -90, 90)
	wide(ops.KSoftplus, -90, 90)
	wide(ops.KErf, -8, 8)
	wide(ops.KSinh, -80, 80)
	wide(ops.KCosh, -80, 80)
	wide(ops.KAsin, -1.2, 1.2)
	wide(ops.KAcos, -1.2, 1.2)
	wide(ops.KAtan, -1e3, 1e3)
	wide(ops.KAsinh, -1e12, 1e12)
	wide(ops.KAcosh, 0, 1e12)
	wide(ops.KAtanh, -1.2, 1.2)
	return append(s,
		ops.Sample{Op: graph.Add{}, In: []graph.Type{f(7, 103), f(7, 103)}},
		ops.Sample{Op: ops.Dropout{P: 0.5, Seed: 3, Stream: 9}, In: []graph.Type{f(20, 31), ints(1)}, Lo: -2, Hi: 2},
		ops.Sample{Op: ops.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01, Decoupled: true},
			In: []graph.Type{f(30, 11), f(30, 11), f(30, 11), f(30, 11), ints(), f()}, Lo: 0.1, Hi: 4},
		ops.Sample{Op: ops.Broadcast{To: graph.Sh(33, 7, 20)}, In: []graph.Type{f(33, 1, 20)}},
		ops.Sample{Op: ops.Broadcast{To: graph.Sh(0, 3)}, In: []graph.Type{f(3)}},
		ops.Sample{Op: ops.AddInt{C: -3}, In: []graph.Type{ints(1000)}, Hi: 50},
	)
}

func largeSums() (s []ops.Sample) {
	for _, c := range []struct{ shape, to []int }{
		{[]int{301, 29}, nil},
		{[]int{301, 29}, []int{29}},
		{[]int{301, 29}, []int{301, 1}},
		{[]int{3000}, nil},
		{[]int{4, 1500}, []int{1500}},
		{[]int{600, 4}, []int{600, 1}},
		{[]int{10, 13, 14}, []int{13, 1}},
		{[]int{10, 13, 14}, []int{10, 1, 14}},
		{[]int{3, 5}, []int{3, 5}},
		{[]int{0, 5}, []int{5}},
		{[]int{1, 5}, []int{5}},
	} {
		s = append(s, ops.Sample{Op: ops.SumTo{To: graph.Sh(c.to...)}, In: []graph.Type{f(c.shape...)}})
	}
	return append(s,
		ops.Sample{Op: ops.Softmax{Axis: -1}, In: []graph.Type{f(33, 130)}, Lo: -20, Hi: 20},
		ops.Sample{Op: ops.Softmax{Axis: 0}, In: []graph.Type{f(130, 33)}, Lo: -20, Hi: 20},
		ops.Sample{Op: ops.Softmax{Axis: 1, MaskZeros: true}, In: []graph.Type{f(5, 40, 3)}},
		ops.Sample{Op: ops.LogSoftmax{Axis: -1}, In: []graph.Type{f(3, 1300)}, Lo: -20, Hi: 20},
		ops.Sample{Op: ops.LogSoftmax{Axis: 0}, In: []graph.Type{f(40, 41)}},
		ops.Sample{Op: ops.CrossEntropy{}, In: []graph.Type{f(70, 10), ints(70)}, Lo: -1, Hi: 9},
		ops.Sample{Op: ops.ColumnNorm{Eps: 1e-5}, In: []graph.Type{f(100, 37)}},
		ops.Sample{Op: ops.ColumnNorm{Eps: 1e-5}, In: []graph.Type{f(9, 9, 70)}},
		ops.Sample{Op: ops.ColumnNormGrad{}, In: []graph.Type{f(100, 37), f(100, 37), f(37)}},
	)
}

func largeMoves() []ops.Sample {
	table := make([]int32, 170)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range table {
		table[i] = int32(rng.IntN(81)) - 1
	}
	ix := graph.NewIndex(table...)
	return []ops.Sample{
		{Op: ops.Permuted{Rank: 2, Perm: [graph.MaxRank]int8{1, 0}}, In: []graph.Type{f(53, 47)}},
		{Op: ops.Permuted{Rank: 4, Perm: [graph.MaxRank]int8{2, 0, 1, 3}}, In: []graph.Type{f(5, 7, 9, 6)}},
		{Op: ops.Permuted{Rank: 2, Perm: [graph.MaxRank]int8{1, 0}}, In: []graph.Type{ints(6, 7)}, Hi: 90},
		{Op: ops.Slice{Axis: 1, Lo: 3, Hi: 90}, In: []graph.Type{f(10, 100, 7)}},
		{Op: ops.Slice{Axis: 0, Lo: 3, Hi: 3}, In: []graph.Type{f(30, 7)}},
		{Op: ops.Pad{Axis: 1, Lo: 3, N: 100}, In: []graph.Type{f(30, 81)}},
		{Op: ops.Concat{Axis: 1}, In: []graph.Type{f(30, 3, 5), f(30, 10, 5), f(30, 0, 5), f(30, 1, 5)}},
		{Op: ops.Gather{Table: ix}, In: []graph.Type{f(3, 5, 80)}},
		{Op: ops.ScatterAdd{Table: ix, N: 80}, In: []graph.Type{f(12, 170)}},
		{Op: ops.Pick{Axis: 0}, In: []graph.Type{f(30, 400), ints(1, 400)}, Hi: 30},
		{Op: ops.Place{Axis: 1, N: 30}, In: []graph.Type{f(40, 3, 9), ints(40, 3, 9)}, Hi: 30},
		{Op: ops.OneHot{DType: graph.F64, N: 40}, In: []graph.Type{ints(30, 10)}, Hi: 40},
		{Op: ops.UpperOnes{DType: graph.F64, N: 35}},
		{Op: ops.CumSum{Axis: 1}, In: []graph.Type{f(30, 40, 3)}},
		{Op: ops.CumSum{Axis: 0, Reverse: true}, In: []graph.Type{f(70, 30)}},
	}
}

// largeProducts has sizes on both sides of every tile, and each transpose.
func largeProducts() (s []ops.Sample) {
	for _, d := range [][3]int{{1, 1, 1}, {17, 15, 33}, {64, 48, 70}, {3, 100, 5}, {40, 1, 40}, {5, 0, 4}} {
		for _, flags := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
			a, b := []int{d[0], d[1]}, []int{d[1], d[2]}
			if flags[0] {
				slices.Reverse(a)
			}
			if flags[1] {
				slices.Reverse(b)
			}
			s = append(s, ops.Sample{Op: ops.MatMul{TA: flags[0], TB: flags[1]}, In: []graph.Type{f(a...), f(b...)}})
		}
	}
	return append(s,
		ops.Sample{Op: ops.MatMul{TB: true}, In: []graph.Type{f(130, 32, 17), f(40, 17)}},
		ops.Sample{Op: ops.MatMul{TA: true}, In: []graph.Type{f(9, 6), f(4, 9, 20)}},
		ops.Sample{Op: ops.MatMul{}, In: []graph.Type{f(9, 64, 20), f(9, 20, 64)}},
		ops.Sample{Op: ops.MatMulSum{TA: true}, In: []graph.Type{f(5, 20, 30), f(5, 20, 40)}},
		ops.Sample{Op: ops.MatMulSum{TB: true}, In: []graph.Type{f(5, 2, 20, 30), f(5, 2, 40, 30)}},
		ops.Sample{Op: ops.MatMul{TA: true}, In: []graph.Type{f(3001, 20), f(3001, 9)}},
		ops.Sample{Op: ops.MatMul{TB: true}, In: []graph.Type{f(3, 5, 700), f(3, 4, 700)}},
		ops.Sample{Op: ops.MatMulSum{TA: true}, In: []graph.Type{f(71, 19, 3), f(71, 19, 20)}},
		ops.Sample{Op: ops.Trilinear{Out: 0}, In: []graph.Type{f(9, 20), f(9, 33), f(7, 660)}},
		ops.Sample{Op: ops.Trilinear{Out: 1}, In: []graph.Type{f(9, 7), f(9, 33), f(7, 660)}},
		ops.Sample{Op: ops.Trilinear{Out: 2}, In: []graph.Type{f(9, 7), f(9, 20), f(7, 660)}},
		ops.Sample{Op: ops.TrilinearSum{}, In: []graph.Type{f(9, 7), f(9, 20), f(9, 33)}},
		ops.Sample{Op: ops.MatPow{H: 5}, In: []graph.Type{f(20, 20)}, Lo: -0.3, Hi: 0.3},
		ops.Sample{Op: ops.MatPow{H: 4, Accumulative: true}, In: []graph.Type{f(20, 20)}, Lo: -0.3, Hi: 0.3},
	)
}

// pattern has about density·rows·cols entries.
func pattern(rows, cols int, density float64) ops.Pattern {
	rng := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	ptr, col := []int32{0}, []int32{}
	for range rows {
		for j := range cols {
			if rng.Float64() < density {
				col = append(col, int32(j))
			}
		}
		ptr = append(ptr, int32(len(col)))
	}
	return ops.Pattern{Rows: rows, Cols: cols, Ptr: graph.NewIndex(ptr...), Col: graph.NewIndex(col...)}
}

// largeRest are sparse matrices, orders, draws and comparisons of columns.
func largeRest() (s []ops.Sample) {
	p, square := pattern(40, 50, 0.1), pattern(30, 30, 0.05)
	for _, columns := range []bool{false, true} {
		s = append(s,
			ops.Sample{Op: ops.PatternSoftmax{P: p, Columns: columns}, In: []graph.Type{f(p.NNZ())}},
			ops.Sample{Op: ops.Resolvent{P: square, T: columns, Steps: 4}, In: []graph.Type{f(square.NNZ()), f(2, 30, 3)}, Lo: -0.3, Hi: 0.3},
			ops.Sample{Op: ops.Extreme{Axis: 0, Min: columns}, In: []graph.Type{f(40, 50)}},
			ops.Sample{Op: ops.PairExtreme{Min: columns}, In: []graph.Type{f(5, 20)}},
			ops.Sample{Op: ops.Draw{K: 6, Replace: columns, Seed: 7, Stream: 1}, In: []graph.Type{f(30, 12), ints()}},
			ops.Sample{Op: ops.BSpline{Lo: -1, Hi: 1, T: 8, D: 3}, In: []graph.Type{f(30, 9)}, Lo: -1.5, Hi: 1.5})
	}
	for _, kind := range []ops.PairKind{ops.PairAbs, ops.PairSigned, ops.PairOne} {
		for _, power := range []float64{0, 1, 2, 2.5} {
			term := ops.PairTerm{Kind: kind, P: power, N: int(power) % 2}
			s = append(s, ops.Sample{Op: ops.PairSum{F: term}, In: []graph.Type{f(5, 18), f(5, 1), f(5, 18)}},
				ops.Sample{Op: ops.PairMix{F: term}, In: []graph.Type{f(5, 18), f(18, 18), f(5, 1)}})
		}
	}
	return append(s,
		ops.Sample{Op: ops.SpMM{P: p}, In: []graph.Type{f(p.NNZ()), f(3, 50, 7)}},
		ops.Sample{Op: ops.SpMM{P: p, T: true}, In: []graph.Type{f(p.NNZ()), f(3, 40, 7)}},
		ops.Sample{Op: ops.SDDMM{P: p}, In: []graph.Type{f(3, 40, 9), f(3, 50, 9)}},
		ops.Sample{Op: ops.Densify{P: p}, In: []graph.Type{f(p.NNZ())}},
		ops.Sample{Op: ops.Kth{Axis: 1, K: 7}, In: []graph.Type{f(9, 20, 3)}},
		ops.Sample{Op: ops.MostFrequent{Axis: 0}, In: []graph.Type{f(9, 20)}},
	)
}
