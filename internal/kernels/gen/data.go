package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// constants are the read-only words emitted so far, by their names.
//
// Kernels of one run share them; the assembler would otherwise see one symbol twice.
var constants = map[string]Mem{}

// word returns the address of a constant of 4 or 8 bytes.
//
// The name is made of the bits, so that regenerating gives the same text and the diff of an assembly
// file shows what has changed.
func word(bits uint64, size int) Mem {
	name := fmt.Sprintf("word%d_%0*x", 8*size, 2*size, bits)
	m, ok := constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		if size == 4 {
			DATA(0, U32(bits))
		} else {
			DATA(0, U64(bits))
		}
		constants[name] = m
	}
	return m
}

// number is the address of x in the element type.
func (s isa) number(x float64) Mem {
	if s.f64 {
		return word(math.Float64bits(x), 8)
	}
	return word(uint64(math.Float32bits(float32(x))), 4)
}

// onesThenZeros is the address of 64 bytes of ones and 64 of zeros.
//
// A window of 64 bytes that begins 64 − c bytes into it has c bytes of ones and then zeros: see masks.
func onesThenZeros() Mem {
	const name = "onesThenZeros"
	m, ok := constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for i := range 16 {
			bits := ^uint64(0)
			if i >= 8 {
				bits = 0
			}
			DATA(8*i, U64(bits))
		}
		constants[name] = m
	}
	return m
}
