//go:build amd64 && !noasm && !race

package kernels

import "math"

// avx512Table32 is the AVX-512 table for float32; what it does not replace is plain Go.
func avx512Table32() *engine[float32] {
	e := portable32()
	tiles[float32]{width: 32, wide: tileAVX512F32, narrow: tileNarrowAVX512F32, masked: true}.install(e)
	e.side, e.transpose = 8, transposeAVX2F32
	e.exp, e.expShifted, e.log = expAVX512F32, expShiftedAVX512F32, logAVX512F32
	e.tanh, e.sigmoid = tanhAVX512F32, sigmoidAVX512F32
	e.sin, e.cos = skipFar(sinAVX512F32, math.Sin), skipFar(cosAVX512F32, math.Cos)
	return e
}

// avx512Table64 is the AVX-512 table for float64; what it does not replace is plain Go.
func avx512Table64() *engine[float64] {
	e := portable64()
	tiles[float64]{width: 16, wide: tileAVX512F64, narrow: tileNarrowAVX512F64, masked: true}.install(e)
	e.side, e.transpose = 4, transposeAVX2F64
	e.exp, e.expShifted, e.log = expAVX512F64, expShiftedAVX512F64, logAVX512F64
	e.tanh, e.sigmoid = tanhAVX512F64, sigmoidAVX512F64
	return e
}

// skipFar completes a kernel that stops at elements it can not reduce: they are
// computed by f, a register's worth at a time.
func skipFar(kernel func(dst, x []float32) (done int), f func(float64) float64) func(dst, x []float32) {
	return func(dst, x []float32) {
		for len(dst) > 0 {
			done := kernel(dst, x)
			dst, x = dst[done:], x[done:]
			few := min(16, len(dst))
			mapMath("Sin", dst[:few], x[:few], f)
			dst, x = dst[few:], x[few:]
		}
	}
}
