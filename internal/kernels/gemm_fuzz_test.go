package kernels_test

import (
	"math"
	"testing"

	"rpnc/internal/kernels"
)

// fuzzProduct is a batch of products as a fuzzer describes it: sizes, how the operands lie, what is done
// with the result.
type fuzzProduct struct {
	batch, m, n, k           int
	layoutA, layoutB         string
	sharedA, sharedB         bool // one operand for the whole batch
	interleaved              bool // results side by side in each row, else one after the other
	accumulate, then, padded bool
	relu                     bool // of the products, which then have no gaps
	seed                     uint64
}

// whole says that results lie one after the other without gaps, and are not added to.
func (p fuzzProduct) whole() bool { return p.then || p.relu }

// fuzzWork bounds the multiplications of one input: thousands of inputs take seconds, and parts of sums still meet.
const fuzzWork = 50_000

// newFuzzProduct reads a product from what a fuzzer gave. Sizes reach past the borders of tiles, panels and
// parts of sums, and the largest one is halved until the work is bounded.
func newFuzzProduct(batch, m, n uint8, k uint16, layouts uint8, flags uint8, seed uint64) fuzzProduct {
	names := []string{"plain", "transposed", "padded", "paddedT", "sparse"}
	p := fuzzProduct{
		batch: 1 + int(batch%4), m: int(m), n: int(n), k: int(k % 9000),
		layoutA: names[layouts%5], layoutB: names[layouts/5%5],
		sharedA: flags&1 != 0, sharedB: flags&2 != 0, interleaved: flags&4 != 0,
		accumulate: flags&8 != 0, then: flags&16 != 0, padded: flags&32 != 0,
		relu: flags&144 == 128,
		seed: seed,
	}
	for p.batch*p.m*p.n*p.k > fuzzWork {
		switch largest := max(p.m, p.n, p.k); largest {
		case p.k:
			p.k /= 2
		case p.m:
			p.m /= 2
		default:
			p.n /= 2
		}
	}
	return p
}

// fuzzOperand lays out the matrices of a batch one after the other, or one for all of them.
func fuzzOperand[T kernels.Float](layout string, rows, cols, batch int, shared bool, seed uint64) (o operand[T], bs int) {
	if shared {
		return newOperand[T](layout, rows, cols, seed), 0
	}
	for z := range batch {
		item := newOperand[T](layout, rows, cols, seed+uint64(z))
		o.data, o.rs, o.cs, bs = append(o.data, item.data...), item.rs, item.cs, len(item.data)
	}
	return o, bs
}

// fuzzResult is where the products go: C_z[i,j] = data[z·bs + i·ld + j].
type fuzzResult[T kernels.Float] struct {
	data   []T
	ld, bs int
}

// fuzzRoom makes room for the products, filled with numbers that the padding must keep.
func fuzzRoom[T kernels.Float](p fuzzProduct) fuzzResult[T] {
	r := fuzzResult[T]{ld: p.n, bs: p.m * p.n}
	if p.padded && !p.whole() {
		r.ld, r.bs = p.n+3, p.m*(p.n+3)+1
	}
	if p.interleaved && !p.whole() {
		r.ld, r.bs = p.batch*(p.n+1), p.n+1
	}
	size := max(0, (p.batch-1)*r.bs+(p.m-1)*r.ld+p.n+5)
	if p.whole() {
		size = p.batch * p.m * p.n
	}
	r.data = uniform[T](size, p.seed+100)
	return r
}

// fuzzReference adds the products up one by one in float64 and says how far from it rounding may lead.
func fuzzReference[T kernels.Float](p fuzzProduct, a operand[T], bsA int, b operand[T], bsB int, c fuzzResult[T]) (want, tolerance []float64) {
	want, tolerance = make([]float64, len(c.data)), make([]float64, len(c.data))
	for i, v := range c.data {
		want[i] = float64(v)
	}
	for z := range p.batch {
		az, bz := operand[T]{a.data[min(z*bsA, len(a.data)):], a.rs, a.cs}, operand[T]{b.data[min(z*bsB, len(b.data)):], b.rs, b.cs}
		for i := range p.m {
			for j := range p.n {
				sum, scale := 0.0, 0.0
				if at := z*c.bs + i*c.ld + j; p.accumulate && !p.whole() {
					sum, scale = want[at], math.Abs(want[at])
				}
				for q := range p.k {
					v := az.at(i, q) * bz.at(q, j)
					sum, scale = sum+v, scale+math.Abs(v)
				}
				at := z*c.bs + i*c.ld + j
				if p.relu {
					sum = max(sum, 0)
				}
				want[at], tolerance[at] = sum, epsilon[T]()*scale*float64(p.k+2)
			}
		}
	}
	return want, tolerance
}

// checkFuzzed runs a product with every table against the reference.
func checkFuzzed[T kernels.Float](t *testing.T, p fuzzProduct) {
	a, bsA := fuzzOperand[T](p.layoutA, p.m, p.k, p.batch, p.sharedA, p.seed)
	b, bsB := fuzzOperand[T](p.layoutB, p.k, p.n, p.batch, p.sharedB, p.seed+50)
	before := fuzzRoom[T](p)
	want, tolerance := fuzzReference(p, a, bsA, b, bsB, before)
	for _, table := range kernels.Tables() {
		restore := kernels.UseTable(table)
		c := append([]T(nil), before.data...)
		visits := make([]int, len(c))
		switch {
		case p.relu:
			kernels.GemmRelu(p.batch, p.m, p.n, p.k, a.data, a.rs, a.cs, bsA, b.data, b.rs, b.cs, bsB, c)
		case p.then:
			kernels.GemmThen(p.batch, p.m, p.n, p.k, a.data, a.rs, a.cs, bsA, b.data, b.rs, b.cs, bsB, c, func(lo, hi int) {
				for i := lo; i < hi; i++ {
					visits[i]++
					c[i] = -c[i]
				}
			})
		default:
			kernels.GemmBatch(p.batch, p.m, p.n, p.k, a.data, a.rs, a.cs, bsA, b.data, b.rs, b.cs, bsB, c, before.ld, before.bs, p.accumulate)
		}
		restore()
		for i, v := range c {
			if p.then {
				v = -v
			}
			if !(math.Abs(float64(v)-want[i]) <= tolerance[i]) || p.then && visits[i] != 1 {
				t.Fatalf("table %s, %T, %+v: element %d is %v after %d visits, want %v ± %.1e", table, v, p, i, v, visits[i], want[i], tolerance[i])
			}
		}
	}
}

// FuzzGemm compares products of any shape, layout and use with sums in float64, on all tables.
func FuzzGemm(f *testing.F) {
	for i, s := range [][3]int{{1, 1, 1}, {8, 32, 9}, {13, 33, 17}, {1, 65, 130}, {65, 1, 130}, {64, 10, 19}, {10, 64, 19}, {97, 5, 24}, {3, 1, 1025}, {1, 1, 8195}, {7, 9, 0}} {
		for flags := range uint8(255) {
			if (int(flags)+i)%9 == 0 {
				f.Add(flags, uint8(s[0]), uint8(s[1]), uint16(s[2]), uint8(7*i)+flags, flags, uint64(i))
			}
		}
	}
	f.Fuzz(func(t *testing.T, batch, m, n uint8, k uint16, layouts, flags uint8, seed uint64) {
		p := newFuzzProduct(batch, m, n, k, layouts, flags, seed)
		if flags&64 != 0 {
			checkFuzzed[float64](t, p)
		} else {
			checkFuzzed[float32](t, p)
		}
	})
}
