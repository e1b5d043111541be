//go:build amd64 && !noasm && !race

package kernels

import "math"

//go:generate go -C gen run . -pkg kernels -out ../broad_amd64.s -stubs ../broad_amd64.go broad
//go:generate go -C gen run . -pkg kernels -out ../cpu_amd64.s -stubs ../cpu_amd64.go cpu
//go:generate go -C gen run . -pkg kernels -out ../dots_amd64.s -stubs ../dots_amd64.go dots
//go:generate go -C gen run . -pkg kernels -out ../fold_amd64.s -stubs ../fold_amd64.go fold
//go:generate go -C gen run . -pkg kernels -out ../gemm_amd64.s -stubs ../gemm_amd64.go gemm
//go:generate go -C gen run . -pkg kernels -out ../maths_amd64.s -stubs ../maths_amd64.go maths
//go:generate go -C gen run . -pkg kernels -out ../narrow_amd64.s -stubs ../narrow_amd64.go narrow
//go:generate go -C gen run . -pkg kernels -out ../norm_amd64.s -stubs ../norm_amd64.go norm
//go:generate go -C gen run . -pkg kernels -out ../panels_amd64.s -stubs ../panels_amd64.go panels
//go:generate go -C gen run . -pkg kernels -out ../patches_amd64.s -stubs ../patches_amd64.go patches
//go:generate go -C gen run . -pkg kernels -out ../reduce_amd64.s -stubs ../reduce_amd64.go reduce
//go:generate go -C gen run . -pkg kernels -out ../running_amd64.s -stubs ../running_amd64.go running
//go:generate go -C gen run . -pkg kernels -out ../softmax_amd64.s -stubs ../softmax_amd64.go softmax
//go:generate go -C gen run . -pkg kernels -out ../sparse_amd64.s -stubs ../sparse_amd64.go sparse
//go:generate go -C gen run . -pkg kernels -out ../spline_amd64.s -stubs ../spline_amd64.go spline
//go:generate go -C gen run . -pkg kernels -out ../transpose_amd64.s -stubs ../transpose_amd64.go transpose
//go:generate go -C gen run . -pkg kernels -out ../turn_amd64.s -stubs ../turn_amd64.go turn
//go:generate go -C gen run . -pkg kernels -out ../vector_amd64.s -stubs ../vector_amd64.go vector
//go:generate go -C gen run . tables ../tables_amd64.go

// assembly lists the tables in assembly that the processor and the operating
// system support, the fastest first.
func assembly() (out []*table) {
	avx2, avx512 := features()
	if avx512 {
		out = append(out, &table{"avx512", avx512Table32(), avx512Table64()})
	}
	if avx2 {
		out = append(out, &table{"avx2", avx2Table32(), avx2Table64()})
	}
	return out
}

// features asks the processor for AVX2 with FMA and BMI2, and for the AVX-512
// subsets F, DQ, BW and VL on top (Intel's manual, volume 2, CPUID), and the
// operating system whether it saves the registers.
func features() (avx2, avx512 bool) {
	const (
		fma, osxsave, avx = 1 << 12, 1 << 27, 1 << 28     // leaf 1, ECX
		avx2Bit, bmi2     = 1 << 5, 1 << 8                // leaf 7, EBX
		subsets           = 1<<16 | 1<<17 | 1<<30 | 1<<31 // leaf 7, EBX
		ymmState          = 1<<1 | 1<<2                   // XCR0
		zmmState          = ymmState | 1<<5 | 1<<6 | 1<<7 // XCR0
		base              = uint32(fma | osxsave | avx)   // all needed of leaf 1
		extended          = uint32(avx2Bit | bmi2)        // all needed of leaf 7
	)
	last, _, _, _ := cpuid(0, 0)
	if last < 7 {
		return false, false
	}
	_, _, c, _ := cpuid(1, 0)
	if c&base != base {
		return false, false
	}
	_, b, _, _ := cpuid(7, 0)
	enabled := xgetbv()
	avx2 = b&extended == extended && enabled&ymmState == ymmState
	return avx2, avx2 && b&subsets == subsets && enabled&zmmState == zmmState
}

// sinusoid completes a kernel that stops at a register with an element too large
// to reduce: f computes such elements. The others of that register pass through
// the kernel alone, so that their bits do not depend on their neighbours.
func sinusoid[T Float](kernel func(dst, x []T) (done int), f func(float64) float64) func(dst, x []T) {
	return func(dst, x []T) {
		for len(dst) > 0 {
			done := kernel(dst, x)
			dst, x = dst[done:], x[done:]
			few := min(16, len(dst))
			for i := range few {
				if kernel(dst[i:i+1], x[i:i+1]) == 0 {
					dst[i] = T(f(float64(x[i])))
				}
			}
			dst, x = dst[few:], x[few:]
		}
	}
}

// sinusoids does the same for a kernel that computes sines and cosines.
func sinusoids[T Float](kernel func(dst, second, x []T) (done int)) func(dst, second, x []T) {
	return func(dst, second, x []T) {
		for len(dst) > 0 {
			done := kernel(dst, second, x)
			dst, second, x = dst[done:], second[done:], x[done:]
			few := min(16, len(dst))
			for i := range few {
				if v := x[i]; kernel(dst[i:i+1], second[i:i+1], x[i:i+1]) == 0 {
					dst[i], second[i] = T(math.Sin(float64(v))), T(math.Cos(float64(v)))
				}
			}
			dst, second, x = dst[few:], second[few:], x[few:]
		}
	}
}

// pairedSplines computes eight bases each of two x at a time, and what is left or has another width by itself. Both
// kernels do the same with every lane.
func pairedSplines(pairs func(y, x []float32, lo, inv float32), f func(y, x []float32, width int, lo, inv float32)) func(y, x []float32, width int, lo, inv float32) {
	return func(y, x []float32, width int, lo, inv float32) {
		if even := len(x) &^ 1; width == 8 && even > 0 {
			pairs(y[:8*even], x[:even], lo, inv)
			y, x = y[8*even:], x[even:]
		}
		if len(x) > 0 {
			f(y, x, width, lo, inv)
		}
	}
}
