//go:build amd64 && !noasm && !race

package kernels

import "math"

// avx512Table32 is the AVX-512 table for float32; what it does not replace is plain Go.
func avx512Table32() *engine[float32] {
	e := portable32()
	installAVX512F32(e)
	tiles[float32]{width: 32, wide: tileAVX512F32, rows: [...]rowKernel[float32]{rowProductAVX512F32, rowPairAVX512F32}, turn: turnAVX512F32, turnLanes: 16, turnUnit: 4, panels: panelsAVX512F32, dots: dotsAVX512F32, high: 12, thin: 12, narrow: tileNarrowAVX512F32, broad: tileBroadAVX512F32, masked: true}.install(e)
	e.listed, e.listedCols = tiles[float32]{width: 32}.listedTile(patchesAVX512F32, patchesNarrowAVX512F32), 32
	e.windowMax, e.windowMin = windowKernel[float32](windowMaxAVX512F32), windowKernel[float32](windowMinAVX512F32)
	e.windowFirst, e.windowPlace = windowKernel[float32](windowFirstAVX512F32), windowKernel[float32](windowPlaceAVX512F32)
	e.deal, e.join, e.copyRows = windowKernel[float32](dealAVX512F32), windowKernel[float32](joinAVX512F32), windowKernel[float32](copyRowsAVX512F32)
	e.correlate, e.laneSums, e.corrRows, e.lanes = correlateKernel[float32](correlateAVX512F32), laneSumsAVX512F32, 8, 16
	e.flat = flatKernel(flatAVX512F32)
	e.gridMax, e.gridMaxBack = gridKernel(gridMaxAVX512F32), gridKernel(gridMaxBackAVX512F32)
	e.spread, e.reluAffine, e.reluAffineAdd = normKernel[float32](spreadAVX512F32), normKernel[float32](reluAffineAVX512F32), normKernel[float32](reluAffineAddAVX512F32)
	e.reluSums, e.reluBack = normKernel[float32](reluSumsAVX512F32), normKernel[float32](reluBackAVX512F32)
	e.side, e.transpose, e.fold, e.foldedTile = 8, transposeAVX2F32, foldAVX2F32, foldedTileAVX512F32
	e.splines, e.splineSlopes = pairedSplines(splinesPairsAVX512F32, e.splines), pairedSplines(splineSlopesPairsAVX512F32, e.splineSlopes)
	e.sin, e.cos = sinusoid(sinAVX512F32, math.Sin), sinusoid(cosAVX512F32, math.Cos)
	e.sinCos = sinusoids(sinCosAVX512F32)
	return e
}

// avx512Table64 is the AVX-512 table for float64; what it does not replace is plain Go.
func avx512Table64() *engine[float64] {
	e := portable64()
	installAVX512F64(e)
	tiles[float64]{width: 16, wide: tileAVX512F64, rows: [...]rowKernel[float64]{rowProductAVX512F64, rowPairAVX512F64}, turn: turnAVX512F64, turnLanes: 8, turnUnit: 2, panels: panelsAVX512F64, dots: dotsAVX512F64, high: 12, thin: 12, narrow: tileNarrowAVX512F64, broad: tileBroadAVX512F64, masked: true}.install(e)
	e.listed, e.listedCols = tiles[float64]{width: 16}.listedTile(patchesAVX512F64, patchesNarrowAVX512F64), 16
	e.windowMax, e.windowMin = windowKernel[float64](windowMaxAVX512F64), windowKernel[float64](windowMinAVX512F64)
	e.windowFirst, e.windowPlace = windowKernel[float64](windowFirstAVX512F64), windowKernel[float64](windowPlaceAVX512F64)
	e.deal, e.join, e.copyRows = windowKernel[float64](dealAVX512F64), windowKernel[float64](joinAVX512F64), windowKernel[float64](copyRowsAVX512F64)
	e.correlate, e.laneSums, e.corrRows, e.lanes = correlateKernel[float64](correlateAVX512F64), laneSumsAVX512F64, 8, 8
	e.flat = flatKernel(flatAVX512F64)
	e.spread, e.reluAffine, e.reluAffineAdd = normKernel[float64](spreadAVX512F64), normKernel[float64](reluAffineAVX512F64), normKernel[float64](reluAffineAddAVX512F64)
	e.reluSums, e.reluBack = normKernel[float64](reluSumsAVX512F64), normKernel[float64](reluBackAVX512F64)
	e.side, e.transpose, e.fold, e.foldedTile = 4, transposeAVX2F64, foldAVX2F64, foldedTileAVX512F64
	e.sin, e.cos = sinusoid(sinAVX512F64, math.Sin), sinusoid(cosAVX512F64, math.Cos)
	e.sinCos = sinusoids(sinCosAVX512F64)
	return e
}
