//go:build amd64 && !noasm && !race

package kernels

import "math"

// avx2Table32 is the AVX2 table for float32; what it does not replace is plain Go.
func avx2Table32() *engine[float32] {
	e := portable32()
	installAVX2F32(e)
	tiles[float32]{width: 16, wide: tileAVX2F32, rows: [...]rowKernel[float32]{rowProductAVX2F32, rowPairAVX2F32}, turn: turnAVX2F32, turnLanes: 8, turnUnit: 4, panels: panelsAVX2F32, dots: dotsAVX2F32, high: 6, thin: 12}.install(e)
	e.listed, e.listedCols = tiles[float32]{width: 16}.listedTile(patchesAVX2F32, nil), 16
	e.windowMax, e.windowMin = windowKernel[float32](windowMaxAVX2F32), windowKernel[float32](windowMinAVX2F32)
	e.windowFirst, e.windowPlace = windowKernel[float32](windowFirstAVX2F32), windowKernel[float32](windowPlaceAVX2F32)
	e.deal, e.join, e.copyRows = windowKernel[float32](dealAVX2F32), windowKernel[float32](joinAVX2F32), windowKernel[float32](copyRowsAVX2F32)
	e.correlate, e.laneSums, e.corrRows, e.lanes = correlateKernel[float32](correlateAVX2F32), laneSumsAVX2F32, 4, 8
	e.spread, e.reluAffine, e.reluAffineAdd = normKernel[float32](spreadAVX2F32), normKernel[float32](reluAffineAVX2F32), normKernel[float32](reluAffineAddAVX2F32)
	e.reluSums, e.reluBack = normKernel[float32](reluSumsAVX2F32), normKernel[float32](reluBackAVX2F32)
	e.side, e.transpose, e.fold = 8, transposeAVX2F32, foldAVX2F32
	e.sin, e.cos = sinusoid(sinAVX2F32, math.Sin), sinusoid(cosAVX2F32, math.Cos)
	e.sinCos = sinusoids(sinCosAVX2F32)
	return e
}

// avx2Table64 is the AVX2 table for float64; what it does not replace is plain Go.
func avx2Table64() *engine[float64] {
	e := portable64()
	installAVX2F64(e)
	tiles[float64]{width: 8, wide: tileAVX2F64, rows: [...]rowKernel[float64]{rowProductAVX2F64, rowPairAVX2F64}, turn: turnAVX2F64, turnLanes: 4, turnUnit: 2, panels: panelsAVX2F64, dots: dotsAVX2F64, high: 6, thin: 12}.install(e)
	e.listed, e.listedCols = tiles[float64]{width: 8}.listedTile(patchesAVX2F64, nil), 8
	e.windowMax, e.windowMin = windowKernel[float64](windowMaxAVX2F64), windowKernel[float64](windowMinAVX2F64)
	e.windowFirst, e.windowPlace = windowKernel[float64](windowFirstAVX2F64), windowKernel[float64](windowPlaceAVX2F64)
	e.deal, e.join, e.copyRows = windowKernel[float64](dealAVX2F64), windowKernel[float64](joinAVX2F64), windowKernel[float64](copyRowsAVX2F64)
	e.correlate, e.laneSums, e.corrRows, e.lanes = correlateKernel[float64](correlateAVX2F64), laneSumsAVX2F64, 4, 4
	e.spread, e.reluAffine, e.reluAffineAdd = normKernel[float64](spreadAVX2F64), normKernel[float64](reluAffineAVX2F64), normKernel[float64](reluAffineAddAVX2F64)
	e.reluSums, e.reluBack = normKernel[float64](reluSumsAVX2F64), normKernel[float64](reluBackAVX2F64)
	e.side, e.transpose, e.fold = 4, transposeAVX2F64, foldAVX2F64
	e.sin, e.cos = sinusoid(sinAVX2F64, math.Sin), sinusoid(cosAVX2F64, math.Cos)
	e.sinCos = sinusoids(sinCosAVX2F64)
	return e
}
