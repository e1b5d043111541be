package ops

import (
	"math/rand/v2"
	"slices"

	"rpnc/graph"
)

// large lists calls of sizes that samples do not reach: several blocks, several cores, odd remainders, every form
// that a kernel treats on its own.
func large() []Sample {
	return slices.Concat(largeElementwise(), largeGates(), largeSums(), largeMovement(), largeProducts(), largePairs())
}

func largeElementwise() (s []Sample) {
	for k := range unaryKinds {
		r := unaryRules[k]
		s = append(s, Sample{Op: Unary{k}, In: []graph.Type{f64(3, 1111)}, Lo: r.lo, Hi: r.hi})
	}
	chain := sampleChain().Prog
	on := func(p Program, out graph.Shape, in ...graph.Type) Sample {
		return Sample{Op: Elementwise{p, out}, In: in, Lo: -1, Hi: 1}
	}
	drop := sampleDropChain().Prog
	copies := NewProgram(2, []float64{3}, nil, 0, 1, 0, 2)
	square := NewProgram(2, nil, []Instr{{Unary{KSquare}, 0, -1}, {graph.Add{}, 2, 0}, {Binary{KMul}, 3, 1}}, 2, 4)
	return append(s,
		on(chain, graph.Sh(300, 129), f64(300, 129), f64(129), f64(300, 1), f64()),
		on(chain, graph.Sh(7, 3, 2500), f64(7, 3, 2500), f64(3, 1), f64(7, 1, 2500), f64(1, 1)),
		on(chain, graph.Sh(50, 4, 3), f64(50, 4, 3), f64(4, 1), f64(50, 1, 3), f64(1, 3)),
		on(chain, graph.Sh(1, 5000), f64(5000), f64(1, 5000), f64(1, 1), f64(1)),
		on(chain, graph.Sh(0, 3), f64(0, 3), f64(3), f64(0, 1), f64()),
		on(chain, graph.Sh(), f64(), f64(), f64(), f64()),
		on(drop, graph.Sh(40, 30, 50), f64(40, 30, 50), i32(), f64(30, 1)),
		on(copies, graph.Sh(9, 500), f64(9, 500), f64(500)),
		on(square, graph.Sh(40, 1000), f64(40, 1000), f64(40, 1000)),
		on(square, graph.Sh(3, 5), f64(3, 5), f64(3, 5)),
		Sample{Op: graph.Add{}, In: []graph.Type{f64(41, 1003), f64(41, 1003)}},
		Sample{Op: Binary{KDiv}, In: []graph.Type{f64(41, 1003), f64(41, 1003)}, Lo: 0.5, Hi: 2},
		Sample{Op: Dropout{P: 0.5, Seed: 3, Stream: 9}, In: []graph.Type{f64(200, 300), i32(1)}, Lo: -2, Hi: 2},
		on(chain, graph.Sh(5, 2500), f64(5, 2500), f64(), f64(5, 1), f64(1)),
		Sample{Op: AdamW{0.9, 0.999, 1e-8, 0.01, true}, In: optimizerTypes(4, 300, 101), Lo: 0.1, Hi: 4},
		Sample{Op: SGD{Momentum: 0.9, WeightDecay: 0.1}, In: optimizerTypes(3, 300, 101), Lo: 0.1, Hi: 4},
		Sample{Op: AddInt{-3}, In: []graph.Type{i32(1000)}, Hi: 50},
		Sample{Op: Broadcast{graph.Sh(33, 1, 1500)}, In: []graph.Type{f64(1500)}},
		Sample{Op: Broadcast{graph.Sh(33, 70, 20)}, In: []graph.Type{f64(33, 1, 20)}},
	)
}

// largeGates are chains in which a step and a product meet in every way that could make one loop of them, and in some that
// must not: a step that others read, or that is a result; a result between, which may be written over what the step read.
func largeGates() (s []Sample) {
	step := func(v int) Instr { return Instr{Unary{KStep}, v, -1} }
	mul := func(x, y int) Instr { return Instr{Binary{KMul}, x, y} }
	tanh := func(v int) Instr { return Instr{Unary{KTanh}, v, -1} }
	for _, p := range []Program{
		NewProgram(2, nil, []Instr{step(0), mul(1, 2)}, 3),
		NewProgram(2, nil, []Instr{step(0), mul(2, 1)}, 3),
		NewProgram(2, nil, []Instr{step(0), mul(0, 2), mul(3, 1)}, 4),
		NewProgram(2, nil, []Instr{step(0), step(1), mul(2, 3)}, 4),
		NewProgram(2, nil, []Instr{step(0), mul(2, 2), mul(3, 1)}, 4),
		NewProgram(2, nil, []Instr{step(0), mul(1, 2), {Binary{KSub}, 3, 2}}, 4),
		NewProgram(2, nil, []Instr{step(0), mul(1, 2)}, 2, 3),
		NewProgram(2, nil, []Instr{step(0), tanh(1), mul(1, 2)}, 3, 4),
		NewProgram(2, nil, []Instr{tanh(0), step(2), tanh(1), mul(4, 3)}, 5),
	} {
		for _, x1 := range []graph.Type{f64(6, 80, 33), f64(6, 1, 33), f64(33), f64(), f64(6, 80, 1)} {
			s = append(s, Sample{Op: Elementwise{p, graph.Sh(6, 80, 33)}, In: []graph.Type{f64(6, 80, 33), x1}, Lo: -1, Hi: 1})
		}
	}
	return s
}

func largeSums() (s []Sample) {
	for _, c := range []struct{ shape, to, row []int }{
		{[]int{301, 129}, nil, []int{129}},
		{[]int{301, 129}, []int{129}, []int{129}},
		{[]int{301, 129}, []int{301, 1}, []int{301, 1}},
		{[]int{40, 2500}, []int{2500}, []int{40, 1}},
		{[]int{40, 2500}, []int{40, 1}, []int{2500}},
		{[]int{40, 2500}, nil, nil},
		{[]int{7, 9001}, []int{1, 9001}, []int{9001}},
		{[]int{20, 30, 40}, []int{30, 1}, []int{40}},
		{[]int{20, 30, 40}, []int{20, 1, 40}, []int{40}},
		{[]int{20, 30, 40}, []int{20, 30, 1}, []int{30, 1}},
		{[]int{3, 5}, []int{3, 5}, []int{5}},
		{[]int{0, 5}, []int{5}, []int{5}},
		{[]int{1, 5}, []int{5}, []int{5}},
	} {
		s = append(s, Sample{Op: MapSum{squares(c.shape...), graph.Sh(c.to...)}, In: []graph.Type{f64(c.shape...), f64(c.row...)}})
	}
	kept := NewProgram(2, nil, []Instr{{Binary{KSub}, 0, 1}, {Unary{KExp}, 2, -1}, {Unary{KSin}, 3, -1}}, 2)
	return append(s, Sample{Op: MapSum{Elementwise{kept, graph.Sh(3, 5)}, graph.Sh(5)}, In: []graph.Type{f64(3, 5), f64(5)}})
}

func largeMovement() []Sample {
	table := make([]int32, 700)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range table {
		table[i] = int32(rng.IntN(301)) - 1
	}
	ix := graph.NewIndex(table...)
	return []Sample{
		{Op: perm(1, 0), In: []graph.Type{f64(203, 197)}},
		{Op: perm(0, 2, 1), In: []graph.Type{f64(6, 70, 91)}},
		{Op: perm(2, 0, 1, 3), In: []graph.Type{f64(5, 17, 9, 60)}},
		{Op: perm(2, 1, 0), In: []graph.Type{f64(5, 17, 9)}},
		{Op: perm(1, 2, 0), In: []graph.Type{f64(1, 17, 9)}},
		{Op: perm(1, 0), In: []graph.Type{i32(6, 7)}, Hi: 90},
		{Op: perm(1, 0), In: []graph.Type{f64(0, 7)}},
		{Op: Reshaped{graph.Sh(60, 600)}, In: []graph.Type{f64(600, 60)}},
		{Op: Slice{1, 3, 190}, In: []graph.Type{f64(30, 200, 7)}},
		{Op: Slice{0, 3, 3}, In: []graph.Type{f64(30, 7)}},
		{Op: Pad{1, 3, 300}, In: []graph.Type{f64(300, 201)}},
		{Op: Pad{0, 0, 30}, In: []graph.Type{f64(20, 201)}},
		{Op: Concat{1}, In: []graph.Type{f64(90, 3, 50), f64(90, 10, 50), f64(90, 0, 50), f64(90, 1, 50)}},
		{Op: Gather{Table: ix}, In: []graph.Type{f64(3, 20, 300)}},
		{Op: Concat{-1}, In: []graph.Type{f64(90, 300, 1), f64(90, 300, 1), f64(90, 300, 1)}},
		{Op: Gather{Table: farTable()}, In: []graph.Type{f64(3, 300)}},
		{Op: ScatterAdd{Table: farTable(), N: 300}, In: []graph.Type{f64(30, farTable().Len())}},
		{Op: ScatterAdd{Table: ix, N: 300}, In: []graph.Type{f64(60, 700)}},
		{Op: ScatterAdd{Table: ix, N: 300}, In: []graph.Type{f64(2, 700)}},
		{Op: Extreme{Axis: -1}, In: []graph.Type{f64(300, 150)}},
		{Op: Extreme{Axis: 0}, In: []graph.Type{f64(300, 150)}},
		{Op: Extreme{Axis: 1, Min: true}, In: []graph.Type{f64(20, 30, 150)}},
		{Op: Kth{Axis: -1, K: 70}, In: []graph.Type{f64(300, 150)}},
		{Op: Kth{Axis: 0, K: 0}, In: []graph.Type{f64(31, 150)}},
		{Op: Kth{Axis: 1, K: 29}, In: []graph.Type{f64(20, 30, 9)}},
		{Op: Pick{0}, In: []graph.Type{f64(30, 2000), i32(1, 2000)}, Hi: 30},
		{Op: Place{1, 30}, In: []graph.Type{f64(200, 1, 9), i32(200, 1, 9)}, Hi: 30},
		{Op: OneHot{graph.F64, 40}, In: []graph.Type{i32(100, 10)}, Hi: 40},
		{Op: UpperOnes{graph.F64, 65}},
	}
}

// randomPattern has about density·rows·cols entries.
func randomPattern(rows, cols int, density float64) Pattern {
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
	return Pattern{rows, cols, graph.NewIndex(ptr...), graph.NewIndex(col...)}
}

func largeProducts() (s []Sample) {
	for _, o := range []MatMul{{}, {TA: true}, {TB: true}, {true, true}} {
		for _, batch := range []struct{ a, b []int }{{}, {[]int{3}, []int{3}}, {[]int{3, 2}, nil}, {nil, []int{5}}} {
			s = append(s, matSample(o, 37, 65, 50, batch.a, batch.b), matSample(o, 5, 3, 1, batch.a, batch.b))
		}
	}
	p := randomPattern(90, 70, 0.1)
	nnz := p.NNZ()
	return append(s,
		Sample{Op: MatMul{}, In: []graph.Type{f64(4, 0), f64(0, 5)}},
		Sample{Op: MatMul{TB: true}, In: []graph.Type{f64(130, 200), f64(140, 200)}},
		Sample{Op: Trilinear{0}, In: []graph.Type{f64(19, 70), f64(19, 35), f64(5, 70*35)}},
		Sample{Op: Trilinear{0}, In: []graph.Type{f64(19, 20), f64(19, 35), f64(13, 20*35)}},
		Sample{Op: Trilinear{1}, In: []graph.Type{f64(19, 13), f64(19, 35), f64(13, 150*35)}},
		Sample{Op: Trilinear{2}, In: []graph.Type{f64(19, 13), f64(19, 35), f64(13, 150*35)}},
		Sample{Op: TrilinearSum{}, In: []graph.Type{f64(19, 5), f64(19, 300), f64(19, 301)}},
		Sample{Op: Trilinear{0}, In: []graph.Type{f64(3, 0), f64(3, 4), f64(2, 0)}},
		Sample{Op: TrilinearSum{}, In: []graph.Type{f64(0, 2), f64(0, 3), f64(0, 4)}},
		Sample{Op: BlockPowers{0, 114}, In: []graph.Type{f64(40, 57), f64(40, 56), f64(2, 114)}},
		Sample{Op: BlockPowers{1, 114}, In: []graph.Type{f64(40, 56), f64(40, 56), f64(2, 114)}},
		Sample{Op: BlockPowers{2, 114}, In: []graph.Type{f64(40, 56), f64(40, 57), f64(2, 114)}},
		Sample{Op: BlockPowers{3, 114}, In: []graph.Type{f64(40, 56), f64(40, 57), f64(40, 56)}},
		Sample{Op: Quadratic{1}, In: []graph.Type{f64(20, 71), f64(3, 71*70)}},
		Sample{Op: Quadratic{0}, In: []graph.Type{f64(20, 64), f64(9, 64*64)}},
		Sample{Op: TiledStep{AdamW{0.9, 0.999, 1e-8, 0.01, true}, TrilinearSum{}}, Lo: 0.1, Hi: 3, In: append(tiledTypes(301, 1500), f64(9, 5), f64(9, 300), f64(9, 301))},
		Sample{Op: TiledStep{AdamW{0.9, 0.999, 1e-8, 0.01, true}, MatMul{TA: true}}, Lo: 0.1, Hi: 3, In: append(tiledTypes(70, 3001), f64(9, 70), f64(9, 3001))},
		Sample{Op: MatPow{H: 4}, In: []graph.Type{f64(33, 33)}},
		Sample{Op: MatPow{H: 5, Accumulative: true}, In: []graph.Type{f64(33, 33)}},
		Sample{Op: MatPow{H: 1, Accumulative: true}, In: []graph.Type{f64(33, 33)}},
		Sample{Op: MatPow{H: 0, Accumulative: true}, In: []graph.Type{f64(7, 7)}},
		Sample{Op: MatPow{H: 0}, In: []graph.Type{f64(40, 40)}},
		Sample{Op: SpMM{P: p}, In: []graph.Type{f64(nnz), f64(70, 130)}},
		Sample{Op: SpMM{P: p}, In: []graph.Type{f64(nnz), f64(3, 2, 70, 5)}},
		Sample{Op: SpMM{P: p, T: true}, In: []graph.Type{f64(nnz), f64(90, 77)}},
		Sample{Op: SpMM{P: p, T: true}, In: []graph.Type{f64(nnz), f64(7, 90, 1)}},
		Sample{Op: SDDMM{p}, In: []graph.Type{f64(90, 200), f64(70, 200)}},
		Sample{Op: SDDMM{p}, In: []graph.Type{f64(5, 90, 3), f64(5, 70, 3)}},
		Sample{Op: Densify{p}, In: []graph.Type{f64(nnz)}},
		Sample{Op: AtPattern{p}, In: []graph.Type{f64(90, 70)}},
		Sample{Op: SumTo{graph.Sh()}, In: []graph.Type{f64(130, 401)}},
		Sample{Op: SumTo{graph.Sh(401)}, In: []graph.Type{f64(130, 401)}},
		Sample{Op: SumTo{graph.Sh(1, 10)}, In: []graph.Type{f64(5000, 10)}},
		Sample{Op: SumTo{graph.Sh(130, 1)}, In: []graph.Type{f64(130, 401)}},
		Sample{Op: SumTo{graph.Sh(9, 1, 30)}, In: []graph.Type{f64(9, 200, 30)}},
		Sample{Op: SumTo{graph.Sh(9, 1)}, In: []graph.Type{f64(20, 9, 300)}},
		Sample{Op: SumTo{graph.Sh(1, 9, 1, 5)}, In: []graph.Type{f64(20, 9, 30, 5)}},
		Sample{Op: SumTo{graph.Sh(3)}, In: []graph.Type{f64(0, 3)}},
		Sample{Op: CumSum{Axis: 0}, In: []graph.Type{f64(400, 110)}},
		Sample{Op: CumSum{Axis: -1, Reverse: true}, In: []graph.Type{f64(400, 110)}},
		Sample{Op: CumSum{Axis: 1}, In: []graph.Type{f64(9, 40, 110)}},
		Sample{Op: Softmax{Axis: -1}, In: []graph.Type{f64(200, 180)}, Lo: -4, Hi: 4},
		Sample{Op: Softmax{Axis: -1, MaskZeros: true}, In: []graph.Type{f64(5, 40, 18)}},
		Sample{Op: Softmax{Axis: -1, MaskZeros: true}, In: []graph.Type{f64(400, 1)}},
		Sample{Op: Softmax{Axis: 0}, In: []graph.Type{f64(180, 200)}, Lo: -4, Hi: 4},
		Sample{Op: Softmax{Axis: 1, MaskZeros: true}, In: []graph.Type{f64(5, 40, 18)}},
		Sample{Op: LogSoftmax{1}, In: []graph.Type{f64(200, 180)}},
		Sample{Op: LogSoftmax{1}, In: []graph.Type{f64(20, 18, 90)}},
		Sample{Op: CrossEntropy{}, In: []graph.Type{f64(700, 60), i32(700)}, Lo: -2, Hi: 60},
	)
}

// matSample is a product (m×k)·(k×n) of operands with the given batch axes, stored as the flags say.
func matSample(o MatMul, m, k, n int, ba, bb []int) Sample {
	a, b := []int{m, k}, []int{k, n}
	if o.TA {
		a = []int{k, m}
	}
	if o.TB {
		b = []int{n, k}
	}
	return Sample{Op: o, In: []graph.Type{f64(append(ba[:len(ba):len(ba)], a...)...), f64(append(bb[:len(bb):len(bb)], b...)...)}}
}
