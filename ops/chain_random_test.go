package ops

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"rpnc/graph"
)

// chainShapes are shapes of a chain, each with shapes of operands that repeat along it: of short lines and of long ones, and
// of lines that are the same after a period.
var chainShapes = [][][]int{
	{{6, 80, 33}, {6, 1, 33}, {80, 33}, {80, 1}, {33}, {6, 80, 1}, {}},
	{{7, 9, 64}, {7, 9, 1}, {9, 64}, {9, 1}, {7, 1, 64}, {1, 1, 64}},
	{{3, 2500}, {2500}, {3, 1}, {1, 1}},
	{{5, 3, 2, 7}, {3, 1, 7}, {2, 7}, {5, 1, 1, 1}, {5, 3, 1, 7}},
	{{1, 1}, {1}},
}

// mergingChain draws a chain of functions that are merged, gated and hoisted where nothing forbids it, with results anywhere.
func mergingChain(rng *rand.Rand) Sample {
	shapes := chainShapes[rng.IntN(len(chainShapes))]
	inputs, length := 1+rng.IntN(3), 1+rng.IntN(9)
	s := Sample{Lo: -1.5, Hi: 1.5}
	for i := range inputs {
		dims := shapes[0]
		if i > 0 && rng.IntN(3) > 0 {
			dims = shapes[rng.IntN(len(shapes))]
		}
		s.In = append(s.In, f64(dims...))
	}
	unary := []UnaryKind{KSin, KCos, KStep, KNeg, KSquare, KExp, KTanh, KRelu, KSin, KCos, KStep}
	binary := []graph.Op{Binary{KMul}, Binary{KMul}, Binary{KMul}, Binary{KSub}, graph.Add{}}
	value := func(below int) int { return max(rng.IntN(below), rng.IntN(below)) } // rather a late one
	var code []Instr
	for v := inputs; v < inputs+length; v++ {
		switch kind := rng.IntN(8); {
		case kind < 3:
			code = append(code, Instr{binary[rng.IntN(len(binary))], value(v), value(v)})
		case kind == 3 && v+3 <= inputs+length:
			code = append(code, Instr{Unary{KSquare}, value(v), -1}, Instr{Unary{KNeg}, v, -1}, Instr{Unary{KExp}, v + 1, -1})
			v += 2
		default:
			code = append(code, Instr{Unary{unary[rng.IntN(len(unary))]}, value(v), -1})
		}
	}
	out := []int{inputs + len(code) - 1}
	for range rng.IntN(3) {
		out = append(out, rng.IntN(inputs+len(code)))
	}
	s.Op = Elementwise{NewProgram(inputs, nil, code, out...), graph.Sh(shapes[0]...)}
	return s
}

// instructionByInstruction computes the results of a chain with a kernel for each of its instructions.
func instructionByInstruction(t *testing.T, c *call) (results []Buffer) {
	t.Helper()
	chain, values := c.Op.(Elementwise), []Buffer(nil)
	full := graph.Type{DType: c.in[0].DType, Shape: chain.Shape}
	compute := func(op graph.Op, in []graph.Type, src ...Buffer) {
		run, _, err := Bind(op, in, []graph.Type{full})
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, NewBuffer(full))
		run(values[len(values)-1:], src)
	}
	for i, x := range c.src {
		compute(Broadcast{chain.Shape}, c.in[i:i+1], x)
	}
	for _, k := range chain.Prog.Instrs() {
		if k.B < 0 {
			compute(k.Op, []graph.Type{full}, values[k.A])
		} else {
			compute(k.Op, []graph.Type{full, full}, values[k.A], values[k.B])
		}
	}
	for _, v := range chain.Prog.Out.Slice() {
		results = append(results, values[v])
	}
	return results
}

// sameNumbers is sameBits but for the bits of NaN.
func sameNumbers(a, b Buffer) bool {
	for i, x := range a.F32 {
		if y := b.F32[i]; math.Float32bits(x) != math.Float32bits(y) && (x == x || y == y) {
			return false
		}
	}
	for i, x := range a.F64 {
		if y := b.F64[i]; math.Float64bits(x) != math.Float64bits(y) && (x == x || y == y) {
			return false
		}
	}
	return a.Len() == b.Len()
}

// A chain computes to the bit what its instructions do one after the other, whichever of them become one loop, and wherever
// its results lie: every result is written over every operand that it may be written over.
func TestRandomChainsAreTheirInstructionsOneAfterTheOther(t *testing.T) {
	for seed := range uint64(300) {
		s := mergingChain(rand.New(rand.NewPCG(seed, 9)))
		for _, d := range []graph.DType{graph.F32, graph.F64} {
			t.Run(fmt.Sprintf("%d/%s/%v/%v", seed, s.Op.Name(), s.In, d), func(t *testing.T) {
				c := newCall(t, s, d)
				want := instructionByInstruction(t, c)
				check := func(dst, src []Buffer) {
					t.Helper()
					c.run(dst, src)
					for r := range want {
						if !sameNumbers(dst[r], want[r]) {
							t.Errorf("result %d is not what the instructions make", r)
						}
					}
				}
				c.poison()
				check(c.dst, c.src)
				for r, to := range c.out {
					for i, from := range c.in {
						if to == from && MayShare(c.Op, r, i) {
							src, dst := clones(c.src, c.in), append([]Buffer(nil), c.dst...)
							dst[r] = src[i]
							check(dst, src)
						}
					}
				}
			})
		}
	}
}
