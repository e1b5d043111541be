package cuda

import (
	"errors"
	"fmt"
)

// Who multiplies. NVIDIA's cuBLAS has kernels tuned for every card, and is there on many machines with
// a card: with a toolkit, or with one of the peers of this project. It is opened at run time as the driver is, by the
// first program that has a product for it, and a machine without it lacks nothing, as every product has a kernel of our own.
//
// Who does a product is decided when a program is loaded, by the rule that [Products] names; a step asks nobody. The rule
// by default knows sizes alone. Times are no reason in it, since two kernels add up in different orders: a product that is
// cuBLAS's today and ours tomorrow, because the card was busy for a moment, would give other bits. cuBLAS itself gives the
// same bits on one card and in one version, as long as it has a workspace of its own and one stream, as it has here.

// Products says who multiplies matrices on a device: kernels of this package, or cuBLAS where the machine has it.
type Products uint8

// The rules. All but Fastest give the same bits from run to run on one machine; Fastest chooses by times that differ from
// run to run, once for every product in the life of a process.
const (
	BySize  Products = iota // cuBLAS for large products, our kernels for small ones, or for all where there is no cuBLAS
	Own                     // our kernels for all
	CuBLAS                  // cuBLAS for all products that it can do; an error where there is none, or where it refuses one
	Fastest                 // whoever was faster when both were tried; our kernels where there is no cuBLAS
)

// String is the word of flags and listings.
func (p Products) String() string { return [...]string{"size", "own", "cublas", "fastest"}[p] }

// ParseProducts is the rule of a word: size, own, cublas or fastest.
func ParseProducts(word string) (Products, error) {
	for p := BySize; p <= Fastest; p++ {
		if p.String() == word {
			return p, nil
		}
	}
	return BySize, fmt.Errorf("cuda.ParseProducts: %q is unknown; want size, own, cublas or fastest", word)
}

// Gemm is Cᵢ = op(Aᵢ)·op(Bᵢ) of row-major matrices: op(A) (M×K), op(B) (K×N), C (M×N), i < Batch.
//
// It is what a library of products is asked for, and as a comparable value the key of what is known about such a product.
type Gemm struct {
	M, K, N      int
	TA, TB       bool // A is stored as (K×M), B as (N×K)
	Batch        int
	StepA, StepB int  // elements from one matrix to the next, 0 where all share one; those of C lie one behind the other
	F64          bool // float64, else float32
	Math         Math // of products of float32
}

// String is the product in words of shapes: f32 (64×784)·(784×10), or 8 × tf32 (32×16)ᵀ·(32×10).
func (g Gemm) String() string {
	form := func(rows, cols int, t bool) string {
		if t {
			return fmt.Sprintf("(%d×%d)ᵀ", cols, rows)
		}
		return fmt.Sprintf("(%d×%d)", rows, cols)
	}
	kind, times := g.Math.String(), ""
	if g.F64 {
		kind = "f64"
	}
	if g.Batch > 1 {
		times = fmt.Sprintf("%d × ", g.Batch)
	}
	return times + kind + " " + form(g.M, g.K, g.TA) + "·" + form(g.K, g.N, g.TB)
}

// Size is the number of bytes of an element.
func (g Gemm) Size() int {
	if g.F64 {
		return 8
	}
	return 4
}

// From here on a product is cuBLAS's by default: as many multiplications, with no side below. A product of that size
// takes a card some microseconds at least, in which a choice of tile and of parts matters; below that it is the launch that
// takes the time, and ours cost one. These are estimates, not measured on a card.
const (
	largeWork = 1 << 24
	largeSide = 32
)

// large says whether the product is cuBLAS's by default.
func (g Gemm) large() bool {
	return min(g.M, g.K, g.N) >= largeSide && g.M*g.K*g.N*g.Batch >= largeWork
}

// ErrRefused reports what a library does not do and never will: a product that it has no kernel for, or anything, on a
// machine that it does not fit. Another error, such as that memory is short, may be gone tomorrow: nobody takes it as a
// reason to multiply otherwise, or bits would depend on it.
var ErrRefused = errors.New("the library does not do it")

// refusal is an error that is [ErrRefused] and keeps its own words.
type refusal struct{ error }

// Is says so to package errors.
func (refusal) Is(target error) bool { return target == ErrRefused }

// Library multiplies matrices on a device in the place of kernels.
type Library interface {
	// Name is that of the library with its version.
	Name() string
	// Workspace is the number of bytes at work that Multiply needs.
	Workspace() int
	// Multiply does a product when it is its turn, as Launch does; a recording takes it. It is called within Bound, and
	// operands, result and work stay where they are until it is done. An error that wraps [ErrRefused] leaves the product
	// to others.
	Multiply(g Gemm, a, b, c, work Addr) error
}

// alternative is a product among the launches of a kernel, which a library may do in their place.
type alternative struct {
	first, count int // launches
	gemm         Gemm
	a, b, c      arg
	unfit        string // why no library can do it; empty where one can
}

// offer notes that the launches from first on are those of p.
//
// It is called behind them, with p as gemm has got it.
func (b *binder) offer(p product, first int) {
	g, unfit := p.library()
	b.kernel.alternatives = append(b.kernel.alternatives, alternative{first, len(b.kernel.launches) - first, g, p.a, p.b, p.c, unfit})
}

// library is p as one call of a library, or the reason why it is none.
//
// Two forms are less than they seem. Matrices of a sum that lie one behind the other along the inner dimension are one
// long product, Σ aᵢᵀ·bᵢ = [a₁; a₂; …]ᵀ·[b₁; b₂; …], and so are rows of all matrices of a batch with one factor for all,
// [a₁; a₂; …]·b.
func (p product) library() (g Gemm, unfit string) {
	g = Gemm{M: p.m, K: p.k, N: p.n, TA: p.ta, TB: p.tb, Batch: p.batch, StepA: p.stepA, StepB: p.stepB, F64: p.kind == f64, Math: p.math}
	switch {
	case p.m*p.k*p.n*p.batch*p.sum == 0:
		unfit = "it is empty"
	case p.viewA != nil || p.viewB != nil || p.cells > 0:
		unfit = "its matrices are in no memory row by row"
	case p.sum > 1 && p.batch == 1 && p.ta && !p.tb && p.stepA == p.m*p.k && p.stepB == p.k*p.n:
		g.K *= p.sum
	case p.sum > 1:
		unfit = "it is a sum of products"
	case !p.ta && p.stepA == p.m*p.k && p.stepB == 0:
		g.M, g.Batch = p.m*p.batch, 1
	}
	if g.Batch == 1 {
		g.StepA, g.StepB = 0, 0
	}
	return g, unfit
}
