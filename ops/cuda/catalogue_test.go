package cuda_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda"
)

// The catalogue in folder ptx is the text of every kernel at one canonical call, or several where a builder has several
// forms. This file says which calls; what is not listed here is there with the first sample of its op, so that no op with
// a kernel can be forgotten.

// canon is a kernel of the catalogue: a call, in every element type that it comes in.
type canon struct {
	name   string // of its files, before the element type
	sample ops.Sample
	maths  []cuda.Math // of the versions on tensor cores
	only   bool        // there are no others
}

// item is a file of the catalogue.
type item struct {
	name string
	call call
}

// catalogue lists all files.
func catalogue(t *testing.T) (all []item) {
	t.Helper()
	for _, c := range canons(t) {
		for _, p := range precisions {
			if !c.only {
				all = append(all, item{fmt.Sprint(c.name, "_", p.dtype), as(c.sample, p.dtype, t)})
			}
		}
		for _, m := range c.maths {
			x := as(c.sample, graph.F32, t)
			x.math = m
			all = append(all, item{fmt.Sprint(c.name, "_", m), x})
		}
	}
	return all
}

// canons are the calls that are chosen below, and the first samples of all other ops with a kernel.
func canons(t *testing.T) []canon {
	list := slices.Concat(canonMaps(), canonSums(), canonMoves(), canonProducts(), canonSparse(), canonOrders(), canonPairs(), canonSteps())
	have := map[string]bool{}
	for _, c := range list {
		have[typeName(c.sample.Op)] = true
	}
	for _, s := range suite() {
		name := typeName(s.Op)
		if have[name] {
			continue
		}
		have[name] = true
		list = append(list, canon{name: snake(name), sample: s})
	}
	return list
}

// typeName is the type of an op, as the sources write it.
func typeName(op graph.Op) string { return fmt.Sprintf("%T", op) }

// snake is the name of a type without its package, in lower case with underscores.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name[strings.Index(name, ".")+1:] {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
}

// one is a kernel with operands between −1 and 1.
func one(name string, op graph.Op, in ...graph.Type) canon {
	return canon{name: name, sample: ops.Sample{Op: op, In: in}}
}

// canonMaps has every function of one operand, the fused programs among the samples, and single ops.
func canonMaps() (list []canon) {
	programs := 0
	for _, s := range ops.Samples() {
		switch op := s.Op.(type) {
		case ops.Unary:
			s.In = []graph.Type{f(15, 20)}
			list = append(list, canon{name: "unary_" + strings.ToLower(op.Name()), sample: s})
		case ops.Elementwise:
			programs++
			list = append(list, canon{name: fmt.Sprint("elementwise_", programs), sample: s})
		}
	}
	for _, k := range []ops.BinaryKind{ops.KSub, ops.KMul, ops.KDiv} {
		op := ops.Binary{Kind: k}
		list = append(list, one("binary_"+strings.ToLower(op.Name()), op, f(15, 20), f(15, 20)))
	}
	dropout := one("dropout", ops.Dropout{P: 0.5, Seed: 3, Stream: 9}, f(20, 31), ints(1))
	dropout.sample.Hi = 2
	return append(list, dropout,
		one("add", graph.Add{}, f(15, 20), f(15, 20)),
		one("broadcast", ops.Broadcast{To: graph.Sh(10, 7, 6)}, f(10, 1, 6)))
}

// canonSums has sums by groups of threads, along rows and down columns, and what is built of them.
func canonSums() []canon {
	labels := one("cross_entropy", ops.CrossEntropy{}, f(70, 10), ints(70))
	labels.sample.Hi = 9
	return []canon{labels,
		one("sum_rows", ops.SumTo{To: graph.Sh(9, 1)}, f(9, 130)),
		one("sum_columns", ops.SumTo{To: graph.Sh(40)}, f(130, 40)),
		one("sum_all", ops.SumTo{}, f(1030)),
		one("softmax_rows", ops.Softmax{Axis: -1}, f(9, 130)),
		one("softmax_columns", ops.Softmax{Axis: 0}, f(130, 33)),
		one("softmax_masked", ops.Softmax{Axis: 1, MaskZeros: true}, f(5, 40, 3)),
		one("log_softmax_rows", ops.LogSoftmax{Axis: -1}, f(9, 130)),
		one("column_norm", ops.ColumnNorm{Eps: 1e-5}, f(100, 37)),
		one("column_norm_grad", ops.ColumnNormGrad{}, f(100, 37), f(100, 37), f(37)),
	}
}

// canonMoves has what copies by shape, by tables, and by positions that come with the data.
func canonMoves() (list []canon) {
	permuted := func(name string, in graph.Type, axes ...int8) canon {
		op := ops.Permuted{Rank: int8(len(axes))}
		copy(op.Perm[:], axes)
		return one(name, op, in)
	}
	list = []canon{
		permuted("transpose", f(53, 47), 1, 0),
		permuted("permute", f(5, 7, 9, 6), 2, 0, 1, 3),
		one("slice", ops.Slice{Axis: 1, Lo: 3, Hi: 20}, f(10, 24, 7)),
		one("pad", ops.Pad{Axis: 1, Lo: 3, N: 100}, f(30, 81)),
		one("concat", ops.Concat{Axis: 1}, f(30, 3, 5), f(30, 10, 5)),
		one("zero_diagonal", ops.ZeroDiagonal{}, f(33, 33)),
		one("cum_sum", ops.CumSum{Axis: 1}, f(30, 40, 3)),
	}
	table := make([]int32, 50)
	for i := range table {
		table[i] = int32(i*i%21) - 1 // some places twice and more, −1 among them
	}
	list = append(list,
		one("gather", ops.Gather{Table: graph.NewIndex(table...)}, f(12, 20)),
		one("scatter_add", ops.ScatterAdd{Table: graph.NewIndex(table...), N: 20}, f(12, 50)))
	for _, s := range []canon{
		one("pick", ops.Pick{Axis: 0}, f(9, 40), ints(1, 40)),
		one("place", ops.Place{Axis: 1, N: 9}, f(40, 3, 9), ints(40, 3, 9)),
		one("one_hot", ops.OneHot{DType: graph.F64, N: 9}, ints(30, 10)),
	} {
		s.sample.Hi = 9
		list = append(list, s)
	}
	return list
}

// canonProducts has every size of tile, each order of the operands, cut and summed products.
func canonProducts() []canon {
	cores := []cuda.Math{cuda.TF32, cuda.BF16}
	product := func(name string, op graph.Op, a, b graph.Type) canon {
		c := one(name, op, a, b)
		c.maths = cores
		return c
	}
	full := product("matmul_128", ops.MatMul{}, f(128, 128, 33), f(33, 128)) // two steps of BF16
	full.only = true
	return []canon{
		one("matmul_16", ops.MatMul{}, f(15, 20), f(20, 9)),
		product("matmul_32", ops.MatMul{}, f(40, 20), f(20, 33)),
		product("matmul_32_ta", ops.MatMul{TA: true}, f(20, 40), f(20, 33)),
		product("matmul_32_tb", ops.MatMul{TB: true}, f(40, 20), f(33, 20)),
		product("matmul_64", ops.MatMul{}, f(128, 64, 33), f(33, 64)),
		one("matmul_128", ops.MatMul{}, f(128, 128, 17), f(17, 128)), full,
		product("matmul_cut", ops.MatMul{TA: true}, f(700, 20), f(700, 24)),
		product("matmul_sum", ops.MatMulSum{TA: true}, f(5, 20, 30), f(5, 20, 40)),
		one("mat_pow", ops.MatPow{H: 3, Accumulative: true}, f(20, 20)),
		one("trilinear_0", ops.Trilinear{Out: 0}, f(9, 20), f(9, 5), f(7, 100)),
		one("trilinear_1", ops.Trilinear{Out: 1}, f(9, 7), f(9, 5), f(7, 100)),
		one("trilinear_2", ops.Trilinear{Out: 2}, f(9, 7), f(9, 20), f(7, 100)),
		one("trilinear_sum", ops.TrilinearSum{}, f(9, 7), f(9, 20), f(9, 5)),
	}
}

// canonSparse has products with compressed rows, with a chain's band, and on the edges of a graph.
func canonSparse() []canon {
	p, square := pattern(40, 50, 0.1), pattern(30, 30, 0.05)
	return []canon{
		one("spmm", ops.SpMM{P: p}, f(p.NNZ()), f(3, 50, 7)),
		one("spmm_transposed", ops.SpMM{P: p, T: true}, f(p.NNZ()), f(3, 40, 7)),
		one("spmm_band", ops.SpMM{P: band(30)}, f(band(30).NNZ()), f(30, 7)),
		one("edge_products", ops.SDDMM{P: p}, f(3, 40, 9), f(3, 50, 9)),
		one("edge_softmax_rows", ops.PatternSoftmax{P: p}, f(p.NNZ())),
		one("edge_softmax_columns", ops.PatternSoftmax{P: p, Columns: true}, f(p.NNZ())),
		one("densify", ops.Densify{P: p}, f(p.NNZ())),
		one("at_pattern", ops.AtPattern{P: p}, f(40, 50)),
		one("resolvent", ops.Resolvent{P: square, Steps: 3}, f(square.NNZ()), f(2, 30, 3)),
	}
}

// band is the pattern of a chain: every place and its two neighbours.
func band(size int) ops.Pattern {
	ptr, col := []int32{0}, []int32{}
	for i := range size {
		for j := max(0, i-1); j < min(size, i+2); j++ {
			col = append(col, int32(j))
		}
		ptr = append(ptr, int32(len(col)))
	}
	return ops.Pattern{Rows: size, Cols: size, Ptr: graph.NewIndex(ptr...), Col: graph.NewIndex(col...)}
}

// canonOrders has what compares the entries of a line.
func canonOrders() []canon {
	return []canon{
		one("extreme_rows", ops.Extreme{Axis: 1}, f(40, 50)),
		one("extreme_columns", ops.Extreme{Axis: 0, Min: true}, f(40, 50)),
		one("kth", ops.Kth{Axis: 1, K: 7}, f(9, 20, 3)),
		one("most_frequent", ops.MostFrequent{Axis: 0}, f(9, 20)),
		one("draw", ops.Draw{K: 6, Seed: 7, Stream: 1}, f(30, 12), ints()),
		one("draw_replacing", ops.Draw{K: 6, Replace: true, Seed: 7, Stream: 1}, f(30, 12), ints()),
		one("bspline", ops.BSpline{Lo: -1, Hi: 1, T: 4, D: 2}, f(30, 9)),
	}
}

// canonPairs has comparisons of all pairs of columns.
func canonPairs() []canon {
	power, share := ops.PairTerm{Kind: ops.PairAbs, P: 2.5}, ops.PairTerm{Kind: ops.PairSigned, P: 1, N: 1}
	return []canon{
		one("pair_sum", ops.PairSum{F: power}, f(5, 18), f(5, 1), f(5, 18)),
		one("pair_sum_shares", ops.PairSum{F: share}, f(5, 18), f(5, 1), f(5, 18)),
		one("pair_mix", ops.PairMix{F: share}, f(5, 18), f(18, 18), f(5, 1)),
		one("pair_extreme", ops.PairExtreme{}, f(5, 20)),
	}
}

// canonSteps has updates of parameters.
func canonSteps() (list []canon) {
	p := f(30, 11)
	adam := ops.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01}
	decoupled := adam
	decoupled.Decoupled = true
	list = []canon{
		one("adam", adam, p, p, p, p, ints(), f()),
		one("adamw", decoupled, p, p, p, p, ints(), f()),
		one("sgd", ops.SGD{}, p, p, p, ints(), f()),
		one("sgd_nesterov", ops.SGD{Momentum: 0.9, Nesterov: true, WeightDecay: 0.01}, p, p, p, ints(), f()),
	}
	for i := range list {
		list[i].sample.Lo, list[i].sample.Hi = 0.1, 4
	}
	return list
}
