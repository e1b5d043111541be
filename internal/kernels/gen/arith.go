package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// Arithmetic on whole registers. The first argument is the result, then the
// operands in the order of the formula; a last operand of type Op may be memory.

func (s isa) sub(dst, x vec, y Op) { s.pick(VSUBPS, VSUBPD)(y, x, dst) }
func (s isa) mul(dst, x vec, y Op) { s.pick(VMULPS, VMULPD)(y, x, dst) }
func (s isa) div(dst, x vec, y Op) { s.pick(VDIVPS, VDIVPD)(y, x, dst) }
func (s isa) sqrt(dst vec, x Op)   { s.pick(up(VSQRTPS), up(VSQRTPD))(x, dst) }
func (s isa) move(dst, x vec)      { s.pick(up(VMOVAPS), up(VMOVAPD))(x, dst) }
func (s isa) and(dst, x, y vec)    { s.pick(VANDPS, VANDPD)(y, x, dst) }
func (s isa) or(dst, x vec, y Op)  { s.pick(VORPS, VORPD)(y, x, dst) }
func (s isa) xor(dst, x, y vec)    { s.pick(VXORPS, VXORPD)(y, x, dst) }
func (s isa) andNot(dst, not, x vec) {
	s.pick(VANDNPS, VANDNPD)(x, not, dst) // ¬not ∧ x
}

// lesser and greater return y where x or y is NaN, or both are zero.
//
// This is the rule of VMINPS and not that of IEEE 754: which operand comes last decides what a NaN
// does. Kernels use it both ways, to keep a NaN (clamps of exp) and to drop one (slopes of splines).
func (s isa) lesser(dst, x vec, y Op)  { s.pick(VMINPS, VMINPD)(y, x, dst) }
func (s isa) greater(dst, x vec, y Op) { s.pick(VMAXPS, VMAXPD)(y, x, dst) }

// fnma computes acc = acc − x·y.
//
// As fma it rounds once: in r = x − n·c the product is exact before the subtraction, which range
// reductions rely on.
func (s isa) fnma(acc, x vec, y Op) { s.pick(VFNMADD231PS, VFNMADD231PD)(y, x, acc) }

// horner computes p = p·x + c.
func (s isa) horner(p, x vec, c Op) { s.pick(VFMADD213PS, VFMADD213PD)(c, x, p) }

// Shifts and additions treat a float as the integer of its bits, whose exponent is then a field that
// can be read, built and moved by arithmetic.
// integer operations on lanes as wide as an element.

func (s isa) addInt(dst, x, y vec) { s.pick(up(VPADDD), up(VPADDQ))(y, x, dst) }
func (s isa) subInt(dst, x, y vec) { s.pick(up(VPSUBD), up(VPSUBQ))(y, x, dst) }

func (s isa) shiftLeft(dst, x vec, bits int)  { s.pick(up(VPSLLD), up(VPSLLQ))(U8(bits), x, dst) }
func (s isa) shiftRight(dst, x vec, bits int) { s.pick(up(VPSRLD), up(VPSRLQ))(U8(bits), x, dst) }

// Predicates of compare, as the instruction numbers them. Those that begin with
// not hold for NaN.
const (
	equal        = 0
	less         = 17
	lessEqual    = 18
	unordered    = 3
	notEqual     = 4
	notLess      = 21
	notLessEqual = 22
	greaterEqual = 29
	greaterThan  = 30
)

// compare returns the lanes where x and y meet the predicate.
//
// AVX2 answers with lanes of ones and zeros in a vector, AVX-512 with bits in an opmask; the type mask
// hides which.
func (s isa) compare(x, y vec, predicate int) mask {
	if s.zmm {
		k := K()
		s.pick(up(VCMPPS), up(VCMPPD))(U8(predicate), y, x, k)
		return mask{k: k}
	}
	r := s.reg()
	s.pick(up(VCMPPS), up(VCMPPD))(U8(predicate), y, x, r)
	return mask{v: r}
}

// negative returns the lanes of x whose sign bit is set.
//
// The blends of AVX2 look at nothing but that bit, so there the mask is x itself.
func (s isa) negative(x vec) mask {
	if !s.zmm {
		return mask{v: x}
	}
	k := K()
	if s.f64 {
		VPMOVQ2M(x, k)
	} else {
		VPMOVD2M(x, k)
	}
	return mask{k: k}
}

// choose returns x in the lanes of m and y in the others.
func (s isa) choose(m mask, x, y vec) vec {
	dst := s.reg()
	switch {
	case s.zmm:
		s.pick(VBLENDMPS, VBLENDMPD)(x, y, m.k, dst)
	case s.f64:
		VBLENDVPD(m.v, x, y, dst)
	default:
		VBLENDVPS(m.v, x, y, dst)
	}
	return dst
}

// only returns x in the lanes of m and 0 in the others.
func (s isa) only(m mask, x vec) vec {
	dst := s.reg()
	switch {
	case !s.zmm:
		s.and(dst, m.v, x)
	case s.f64:
		VMOVAPD_Z(x, m.k, dst)
	default:
		VMOVAPS_Z(x, m.k, dst)
	}
	return dst
}

// Parts of a floating-point number.

// mantissaBits counts the bits of a mantissa that are stored: a float is ±1.f·2ᵉ, f of that many bits.
func (s isa) mantissaBits() int {
	if s.f64 {
		return 52
	}
	return 23
}

// bias is what the stored exponent exceeds e by.
func (s isa) bias() float64 {
	if s.f64 {
		return 1023
	}
	return 127
}

// rounder is 1.5·2ᵐ for m bits of mantissa: added to and subtracted from t it
// rounds a small t, whose integer then stands in the low bits of t + rounder.
func (s isa) rounder() float64 { return math.Ldexp(1.5, s.mantissaBits()) }

// bits makes a constant of the element type from its bits.
func (s isa) bits(float32bits uint32, float64bits uint64) float64 {
	if s.f64 {
		return math.Float64frombits(float64bits)
	}
	return float64(math.Float32frombits(float32bits))
}
