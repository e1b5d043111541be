//go:build amd64 && !noasm && !race

package kernels

import "math"

// avx2Table32 is the AVX2 table for float32; what it does not replace is plain Go.
func avx2Table32() *engine[float32] {
	e := portable32()
	tiles[float32]{width: 16, wide: tileAVX2F32}.install(e)
	e.side, e.transpose = 8, transposeAVX2F32
	e.exp, e.expShifted, e.log = expAVX2F32, expShiftedAVX2F32, logAVX2F32
	e.tanh, e.sigmoid = tanhAVX2F32, sigmoidAVX2F32
	e.sin, e.cos = skipFar(sinAVX2F32, math.Sin), skipFar(cosAVX2F32, math.Cos)
	return e
}

// avx2Table64 is the AVX2 table for float64; what it does not replace is plain Go.
func avx2Table64() *engine[float64] {
	e := portable64()
	tiles[float64]{width: 8, wide: tileAVX2F64}.install(e)
	e.side, e.transpose = 4, transposeAVX2F64
	e.exp, e.expShifted, e.log = expAVX2F64, expShiftedAVX2F64, logAVX2F64
	e.tanh, e.sigmoid = tanhAVX2F64, sigmoidAVX2F64
	return e
}
