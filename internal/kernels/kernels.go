// Package kernels holds the CPU loops that ops run on: dense and sparse
// products, vector maths, reductions, data movement and optimizer steps, all
// over plain slices of float32 or float64. It knows nothing of graphs, shapes
// beyond two dimensions, or gradients.
//
// # Layers
//
// Exported functions check lengths once and hand over to the engine of the
// element type: a table of inner loops which a back end fills. The table in this
// package is plain Go and runs everywhere. Inner loops trust their arguments.
//
// Products, the kernels over rows of a matrix (gemm.go, rows.go and the files
// beside it) and [AdamSteps] split large work over the cores by themselves.
// Element-wise maps, reductions, windows and single optimizer steps (vector.go,
// maths.go, reduce.go, windows.go, optimizer.go) run on the calling goroutine: callers cut their slices into chunks, hand these
// to Parallel, and run a chain of maps over each chunk while it is in L1.
//
// # Forms of a product
//
// [Gemm] and its kin see strides and sizes, and choose among loops that all compute the same sums:
//
//	tiles     the general case: panels of B in cache, a tile of C in registers (tiles.go)
//	dots      C narrow, both factors along the sum: a register of partial sums for each element (dots.go)
//	turned    C narrow, A transposed: Cᵀ = Bᵀ·Aᵀ, whose rows are long, turned as it is stored (turned.go)
//	folded    quadratic forms: W + Wᵀ of the upper blocks alone, half of the terms (folded.go)
//	patches   B is patches of grids, read where they are by a list of places (patches.go, flat.go)
//	sparse    A is a [Pattern] with values (sparse.go)
//
// What is not known before a product runs does not decide: the choice, and so the order of every sum, is one of sizes.
//
// A [Pattern] is the places of a sparse matrix, checked when it is made, so that kernels in assembly can trust it; [Lines] are
// its rows sorted by length for a softmax of many short lines at once. [Windows] are the patches of a pooling, laid out such
// that neighbours are compared by one vector instruction.
//
// # Calling from an op
//
// An op prepares its closure once, when it is compiled, and reuses it each run,
// so that a run allocates nothing:
//
//	body := func(lo, hi int) {
//		kernels.Mul(y[lo:hi], a[lo:hi], b[lo:hi])
//		kernels.Tanh(y[lo:hi], y[lo:hi])
//	}
//	…
//	kernels.Parallel(len(y), 1024, body)
//
// A transposed operand of a product is not copied: exchange its strides.
//
// # Rules every kernel keeps
//
//   - A result depends on the arguments alone: never on the number of workers,
//     the time or the machine's load. Work is split along outputs, never within
//     a sum, so results are the same bits for every GOMAXPROCS.
//   - NaN and ±Inf are data. No kernel skips a product because a factor is zero.
//   - Steady state allocates nothing: scratch is kept in free lists.
//   - dst may be the very slice of an input where the doc comment says
//     "element by element"; slices that overlap otherwise give undefined values.
//
// A wrong length is a bug in the calling op, not a condition of its input, and
// panics like an index out of range, with the lengths in the message.
package kernels

import (
	"fmt"
	"unsafe"
)

// Float is the set of element types.
type Float interface{ ~float32 | ~float64 }

// engineOf returns the table of T. Types of one size share their layout and
// arithmetic, so a named float type may use the table of its underlying type.
func engineOf[T Float]() *engine[T] {
	t := inUse.Load()
	if t == nil {
		t = choose()
	}
	var zero T
	if unsafe.Sizeof(zero) == 4 {
		return (*engine[T])(unsafe.Pointer(t.f32))
	}
	return (*engine[T])(unsafe.Pointer(t.f64))
}

// checkLen panics unless got is the length that operand of op must have.
func checkLen(op, operand string, got, want int) {
	if got != want {
		panicf("kernels.%s: %s has %d elements; it needs %d", op, operand, got, want)
	}
}

// checkSame panics unless both inputs are as long as dst.
func checkSame(op string, dst, x, y int) {
	if x != dst || y != dst {
		panicf("kernels.%s: lengths %d, %d and %d (dst first) must be the same", op, dst, x, y)
	}
}

// panicf keeps the formatting, and the allocations it makes, out of the callers.
//
//go:noinline
func panicf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
