package emulate

import (
	"fmt"
	"math"
	"strings"
)

// How tensor cores are emulated. mma.sync is one instruction of 32 threads, each of which holds a
// fragment of the matrices in its registers: PTX says which thread has which element, and the emulation
// puts lines together from the threads' words in that layout, multiplies in float64, and gives the sums
// back. A kernel that loads a fragment into the wrong lane multiplies the wrong numbers here as well.
// Operands that have not been rounded to the narrow type are refused, since a card would silently cut
// them.

// meeting is an instruction that all threads of a warp run together.
type meeting struct{ run func(warp []*thread) }

// narrow reads the conversions to the types of tensor cores: cvt.rna.tf32.f32, and cvt.rn.bf16x2.f32 of two numbers, the
// upper one first.
//
// Operands of an instruction of tensor cores are made by these alone: what has been through them has
// zeros where the narrow type has no bits.
func narrow(name []string, w []int) (func(t *thread), error) {
	switch strings.Join(name, ".") {
	case "cvt.rna.tf32.f32":
		return func(t *thread) { t.w[w[0]] = uint64(tf32(uint32(t.w[w[1]]))) }, nil
	case "cvt.rn.bf16x2.f32":
		return func(t *thread) {
			t.w[w[0]] = uint64(bf16(uint32(t.w[w[1]]))<<16 | bf16(uint32(t.w[w[2]])))
		}, nil
	}
	return nil, errUnknown
}

// tf32 rounds a float32 to 10 bits behind the point, ties away from zero. The low 13 bits become 0.
func tf32(x uint32) uint32 {
	if x&0x7F800000 == 0x7F800000 { // Inf and NaN stay
		return x &^ 0x1FFF
	}
	return (x + 0x1000) &^ 0x1FFF
}

// bf16 rounds a float32 to the nearest number of 7 bits behind the point, ties to even: its upper half.
func bf16(x uint32) uint32 {
	if x&0x7FFFFFFF > 0x7F800000 {
		return 0x7FFF
	}
	return (x + 0x7FFF + x>>16&1) >> 16
}

// multiply reads mma.sync of 16×8 results in f32: d = a·b + c, of eight tf32 or sixteen bf16 along the inner dimension.
// Operands are four words of d, four of a, two of b, four of c.
func multiply(name []string, w []int) (func(t *thread), error) {
	element, known := map[string]func(words []uint64, k int) float64{
		"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32":  elementTF32,
		"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32": elementBF16,
	}[strings.Join(name, ".")]
	if !known || len(w) != 14 {
		return nil, errUnknown
	}
	depth := 8
	if strings.Contains(name[3], "k16") {
		depth = 16
	}
	at := &meeting{func(warp []*thread) { tensorProduct(warp, w, depth, element) }}
	return func(t *thread) { t.meets = at }, nil
}

// tensorProduct is one instruction. Lane 4g+t has, in its words i of a, lines g and g+8 and words t and t+4 of a line; of b
// it has column g. Sums are rounded once; a card may round more often.
//
// Products of narrow numbers are exact in float64, and so nearly are sums of 16 of them.
//
// With g = lane/4 and t = lane mod 4, the words of a lane are
//
//	a₀ (g, t)   a₁ (g+8, t)   a₂ (g, t+4)   a₃ (g+8, t+4)   of a (16×8 words)
//	b₀ (t, g)   b₁ (t+4, g)                                 of b (8 words×8)
//	c₀ (g, 2t)  c₁ (g, 2t+1)  c₂ (g+8, 2t)  c₃ (g+8, 2t+1)  of c and d (16×8)
//
// A word holds one tf32 or two bf16, which is why one layout serves both depths: eight words are eight
// or sixteen elements.
func tensorProduct(warp []*thread, w []int, depth int, element func(words []uint64, k int) float64) {
	d, a, b, c := w[:4], w[4:8], w[8:10], w[10:14]
	line := func(row int, of []int, lines int) []uint64 { // eight words of a line of a, or of a column of b
		words := make([]uint64, 8)
		for k := range words {
			t := warp[row%8*4+k%4]
			words[k] = t.w[of[k/4*lines+row/8]]
		}
		return words
	}
	var as, bs [16][]uint64
	for i := range 16 {
		as[i] = line(i, a, 2)
		if i < 8 {
			bs[i] = line(i, b, 1)
		}
	}
	for lane, t := range warp {
		for e := range d {
			row, col := lane/4+e/2*8, lane%4*2+e%2
			sum := float("f32", t.w[c[e]])
			for k := range depth {
				sum += element(as[row], k) * element(bs[col], k)
			}
			t.w[d[e]] = bits("f32", sum)
		}
	}
}

// elementTF32 is element k of a line. Bits that a card does not look at have to be 0: who leaves them has not rounded.
func elementTF32(words []uint64, k int) float64 {
	if words[k]&0x1FFF != 0 {
		panic(fmt.Sprintf("%#x is not rounded to tf32", uint32(words[k])))
	}
	return float64(math.Float32frombits(uint32(words[k])))
}

// elementBF16 is element k of a line of pairs, the lower half first.
func elementBF16(words []uint64, k int) float64 {
	x := uint32(words[k/2])
	if k%2 == 0 {
		x <<= 16
	}
	return float64(math.Float32frombits(x &^ 0xFFFF))
}
