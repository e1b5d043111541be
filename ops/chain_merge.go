package ops

import (
	"slices"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

var _ = register(sampleMerges()...)

// sampleMerges are chains with instructions that are merged, and with such that must not be: between whose parts a result
// is written that may lie over what they read, or of which a part is a result.
func sampleMerges() (all []Sample) {
	square, neg, exp, sin, cos, tanh := Unary{KSquare}, Unary{KNeg}, Unary{KExp}, Unary{KSin}, Unary{KCos}, Unary{KTanh}
	for _, p := range []Program{
		NewProgram(1, nil, []Instr{{square, 0, -1}, {neg, 1, -1}, {exp, 2, -1}}, 3),
		NewProgram(1, nil, []Instr{{square, 0, -1}, {neg, 1, -1}, {exp, 2, -1}}, 2, 3, 1),
		NewProgram(1, nil, []Instr{{square, 0, -1}, {tanh, 1, -1}, {neg, 1, -1}, {exp, 3, -1}}, 2, 4),
		NewProgram(2, nil, []Instr{{square, 0, -1}, {tanh, 1, -1}, {neg, 2, -1}, {exp, 4, -1}}, 3, 5),
		NewProgram(1, nil, []Instr{{cos, 0, -1}, {sin, 0, -1}}, 1, 2),
		NewProgram(1, nil, []Instr{{sin, 0, -1}, {cos, 0, -1}, {neg, 1, -1}, {Binary{KMul}, 2, 3}}, 4),
		NewProgram(1, nil, []Instr{{sin, 0, -1}, {cos, 0, -1}, {sin, 0, -1}, {Binary{KSub}, 2, 3}}, 4, 1),
		NewProgram(1, nil, []Instr{{sin, 0, -1}, {sin, 0, -1}}, 1, 2),
	} {
		in := []graph.Type{f64(3, 7), f64(3, 7)}[:p.Inputs]
		all = append(all, Sample{Op: Elementwise{p, graph.Sh(3, 7)}, In: in, Order: 1})
	}
	return all
}

// merges are instructions that one loop of its own computes together: what they have in common is computed once, and what
// stands between them stays in registers.
type merges struct {
	bells []bool // exp(−y²), a Square and a Neg before it have no op any more
	waves []bool // sin y or cos y, and the next instruction, without op, is the other
}

// merge finds them in code, which it changes.
//
// A bell reads y later than the Square did, so that no result may be written in between: it may be written over y. Of two
// waves the second is computed earlier, by no instruction.
func merge(code []Instr, outs []int32, first int) merges {
	m := merges{make([]bool, len(code)), make([]bool, len(code))}
	reads := make([]int, first+len(code))
	for _, k := range code {
		if k.Op != nil {
			for _, v := range operandsOf(k) {
				reads[v]++
			}
		}
	}
	before := func(v int, kind UnaryKind) bool { // an instruction of that kind, read once
		return v >= first && code[v-first].Op == graph.Op(Unary{kind}) && reads[v] == 1
	}
	for i, k := range code {
		if k.Op == graph.Op(Unary{KExp}) && before(k.A, KNeg) && before(code[k.A-first].A, KSquare) {
			square := code[k.A-first].A
			if !slices.ContainsFunc(outs, func(r int32) bool { return int(r) >= square && int(r) < first+i }) {
				y := code[square-first].A
				code[square-first], code[k.A-first], code[i], m.bells[i] = Instr{}, Instr{}, Instr{k.Op, y, -1}, true
			}
		}
	}
	for i := range max(0, len(code)-1) {
		if a, b := code[i], code[i+1]; a.A == b.A && !(i > 0 && m.waves[i-1]) && isWave(a.Op) && isWave(b.Op) && a.Op != b.Op {
			code[i+1], m.waves[i] = Instr{}, true
		}
	}
	return m
}

// isWave says that op is a sine or a cosine.
func isWave(op graph.Op) bool { return op == graph.Op(Unary{KSin}) || op == graph.Op(Unary{KCos}) }

// mergeInto gives instruction i, bound to r, the loop that it is merged into.
func mergeInto[T float](m merges, i int, op graph.Op, r chainInstr[T]) chainInstr[T] {
	switch {
	case m.bells[i]:
		r.unary = kernels.Gauss[T]
	case m.waves[i]:
		r.unary, r.z, r.pair = nil, r.y+1, kernels.SinCos[T]
		if op == graph.Op(Unary{KCos}) {
			r.y, r.z = r.z, r.y
		}
	}
	return r
}
