package kernels

import "unsafe"

// fillPiece is the number of elements that one call of a loop fills. There are as many ones to read, half of L1 at most.
const fillPiece = 1 << 10

// ones32 and ones64 are what [Fill] multiplies.
var (
	ones32 = onesOf[float32]()
	ones64 = onesOf[float64]()
)

// onesOf makes them.
func onesOf[T Float]() *[fillPiece]T {
	all := new([fillPiece]T)
	for i := range all {
		all[i] = 1
	}
	return all
}

// Fill makes all elements v.
//
// It is a product of ones and v: that is v exactly, whatever its sign and size, from a loop that every table has. A chain fills
// a register for each line of an operand with one element a line, some hundred elements at a time: for these, storing some one by
// one and copying them takes several times as long.
func Fill[T Float](dst []T, v T) {
	var one *[fillPiece]T
	if unsafe.Sizeof(v) == 4 {
		one = (*[fillPiece]T)(unsafe.Pointer(ones32))
	} else {
		one = (*[fillPiece]T)(unsafe.Pointer(ones64))
	}
	scale := engineOf[T]().scaleBy
	for ; len(dst) > fillPiece; dst = dst[fillPiece:] {
		scale(dst[:fillPiece], one[:], v)
	}
	scale(dst, one[:len(dst)], v)
}
