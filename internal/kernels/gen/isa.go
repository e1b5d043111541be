package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is an instruction set for one element type: AVX-512 (F, BW, DQ, VL) or
// AVX2 with FMA. Its methods emit instructions; results come first as in Go.
//
// zmm asks for registers of 512 bits and with them opmasks and 32 registers; without it they have 256
// bits, masks are vectors, and there are 16. Generators ask for zmm only where the two differ in what
// is possible, not in how an instruction is called.
type isa struct{ zmm, f64 bool }

// vec is a vector register of the instruction set.
type vec = reg.VecVirtual

// name is the function name of a kernel.
func (s isa) name(op string) string {
	if s.zmm {
		op += "AVX512"
	} else {
		op += "AVX2"
	}
	if s.f64 {
		return op + "F64"
	}
	return op + "F32"
}

// elem is the Go name of the element type.
func (s isa) elem() string {
	if s.f64 {
		return "float64"
	}
	return "float32"
}

// size, bytes and lanes measure an element, a register, and one in the other.
func (s isa) size() int {
	if s.f64 {
		return 8
	}
	return 4
}

// bytes is the width of a register.
func (s isa) bytes() int {
	if s.zmm {
		return 64
	}
	return 32
}

func (s isa) lanes() int { return s.bytes() / s.size() }

// reg returns a fresh vector register.
func (s isa) reg() vec {
	if s.zmm {
		return ZMM()
	}
	return YMM()
}

// pick chooses the instruction for the element type.
func (s isa) pick(ps, pd func(...Op)) func(...Op) {
	if s.f64 {
		return pd
	}
	return ps
}

// load, store and broadcast move between memory and registers. Nothing needs to
// be aligned.
func (s isa) load(r vec, m Mem)  { s.pick(up(VMOVUPS), up(VMOVUPD))(m, r) }
func (s isa) store(m Mem, r vec) { s.pick(up(VMOVUPS), up(VMOVUPD))(r, m) }
func (s isa) broadcast(r vec, m Mem) {
	if s.f64 && r.Size() == 16 { // has a name of its own
		VMOVDDUP(m, r)
		return
	}
	s.pick(up(VBROADCASTSS), up(VBROADCASTSD))(m, r)
}

// up gives instructions of any signature the one signature that pick takes.
//
// avo declares two-operand instructions with fixed arguments and masked ones with variable ones; a
// method value must have one type.
func up(f func(...Op)) func(...Op) { return f }

// zero clears a register.
//
// VXORPS on ZMM needs AVX512DQ, which the dispatcher asks for.
func (s isa) zero(r vec) {
	if s.zmm {
		VXORPS(r, r, r)
	} else {
		VPXOR(r, r, r)
	}
}

// add computes dst = x + y; y may be memory.
func (s isa) add(dst, x vec, y Op) { s.pick(VADDPS, VADDPD)(y, x, dst) }

// fma computes acc = acc + x·y; y may be memory.
func (s isa) fma(acc, x vec, y Op) { s.pick(VFMADD231PS, VFMADD231PD)(y, x, acc) }

// fmaBroadcast computes acc = acc + x·y for an element y in memory, which every lane of x is multiplied by; AVX-512 only.
func (s isa) fmaBroadcast(acc, x vec, y Mem) {
	s.pick(up(VFMADD231PS_BCST), up(VFMADD231PD_BCST))(y, x, acc)
}

// mask selects the leading lanes of a register: an opmask register with AVX-512,
// lanes of ones with AVX2.
type mask struct {
	k reg.OpmaskVirtual
	v vec
}

// masks returns count masks for consecutive registers, of which the first cols
// lanes exist, 0 ≤ cols ≤ count·lanes. cols is lost.
//
// AVX-512: BZHI keeps the low cols bits of −1, and each mask takes the next lanes of them by a shift.
// AVX2 has no instruction that makes a vector mask of a count; one is read from a table of 64 bytes of
// ones followed by 64 of zeros, at the distance cols·size before the border. The table has room for two
// registers on each side, so count is 2 at most there.
func (s isa) masks(cols reg.GPVirtual, count int) []mask {
	out := make([]mask, count)
	if s.zmm {
		ones := GP64()
		MOVQ(I32(-1), ones)
		BZHIQ(cols, ones, ones)
		for i := range out {
			out[i].k = K()
			KMOVW(ones.As32(), out[i].k)
			SHRQ(U8(s.lanes()), ones)
		}
		return out
	}
	// A window that slides over ones, then zeros.
	window := GP64()
	LEAQ(onesThenZeros(), window)
	SHLQ(U8(s.size()/4+1), cols)
	SUBQ(cols, window)
	for i := range out {
		out[i].v = s.reg()
		VMOVDQU(Mem{Base: window, Disp: 64 + 32*i}, out[i].v)
	}
	return out
}

// loadMasked reads the lanes of m that exist and clears the others.
//
// Lanes that do not exist are not touched, not even for the check of a page: a slice may end at the end
// of a page.
func (s isa) loadMasked(r vec, m Mem, k mask) {
	switch {
	case !s.zmm && s.f64:
		VMASKMOVPD(m, k.v, r)
	case !s.zmm:
		VMASKMOVPS(m, k.v, r)
	case s.f64:
		VMOVUPD_Z(m, k.k, r)
	default:
		VMOVUPS_Z(m, k.k, r)
	}
}

// storeMasked writes the lanes of m that exist.
func (s isa) storeMasked(m Mem, r vec, k mask) {
	switch {
	case !s.zmm && s.f64:
		VMASKMOVPD(r, k.v, m)
	case !s.zmm:
		VMASKMOVPS(r, k.v, m)
	case s.f64:
		VMOVUPD(r, k.k, m)
	default:
		VMOVUPS(r, k.k, m)
	}
}

// end returns to Go, which expects the upper halves clear.
func end() {
	VZEROUPPER()
	RET()
}
