package ops

import "rpnc/graph"

// largePairs has columns of several blocks and every form of a term.
func largePairs() (s []Sample) {
	for _, f := range []PairTerm{
		{PairAbs, 0, 0}, {PairAbs, 1, 0}, {PairAbs, 2, 0}, {PairAbs, 1.5, 0}, {PairAbs, 1, 1},
		{PairSigned, 0, 0}, {PairSigned, 1, 0}, {PairSigned, 2, 1}, {PairSigned, 0.5, 0}, {PairOne, 0, 0}, {PairOne, 0, 2},
	} {
		s = append(s,
			Sample{Op: PairSum{f}, In: []graph.Type{f64(4, 70), f64(4, 1), f64(4, 70)}, Lo: 0.3, Hi: 2},
			Sample{Op: PairMix{f}, In: []graph.Type{f64(4, 70), f64(70, 70), f64(4, 1)}, Lo: 0.3, Hi: 2})
	}
	const m = pairBlock + 31
	p := randomPattern(90, 90, 0.1)
	nnz := p.NNZ()
	return append(s,
		Sample{Op: PairSum{PairTerm{P: 2}}, In: []graph.Type{f64(3, m), f64(3, m), f64(3, 1)}},
		Sample{Op: PairMix{PairTerm{P: 1}}, In: []graph.Type{f64(3, m), f64(m, m), f64(3, m)}},
		Sample{Op: PairExtreme{}, In: []graph.Type{f64(5, 200)}},
		Sample{Op: PairExtreme{Min: true}, In: []graph.Type{f64(5, 200)}},
		Sample{Op: PairTies{}, In: []graph.Type{f64(1, 150), f64(150, 150), f64(150, 150)}},
		Sample{Op: PairTieSum{}, In: []graph.Type{f64(2, 150), f64(150, 150), f64(2, 150)}},
		Sample{Op: ZeroDiagonal{}, In: []graph.Type{f64(90, 90)}},
		Sample{Op: PatternSoftmax{P: p}, In: []graph.Type{f64(nnz)}, Lo: -3, Hi: 3},
		Sample{Op: PatternSoftmax{P: p, Columns: true}, In: []graph.Type{f64(nnz)}, Lo: -3, Hi: 3},
		Sample{Op: Resolvent{P: p, Steps: 4}, In: []graph.Type{f64(nnz), f64(90, 33)}, Lo: -0.2, Hi: 0.2},
		Sample{Op: Resolvent{p, true, 3}, In: []graph.Type{f64(nnz), f64(2, 90, 5)}, Lo: -0.2, Hi: 0.2},
	)
}
