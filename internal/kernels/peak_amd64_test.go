//go:build amd64 && !noasm && !race

package kernels

import "unsafe"

// peakTerms is the length of the sums of a peak: long enough for their ends not to count.
const peakTerms = 1 << 13

// peak runs one strip of a tile kernel over the same terms again and again, and returns the operations that it did. All it
// reads stays in the first cache and it writes once, so that no product of this table is faster.
func peak[T Float](kernel func(*uint64), rows, cols int) float64 {
	var memory [64]T
	for i := range memory {
		memory[i] = T(i%7) - 2.6
	}
	at := unsafe.Pointer(&memory)
	b := unsafe.Add(at, -uintptr(at)&63) // a line: what crosses two of them takes two loads
	var c [12 * 32]T
	args := tileArgs{
		k: peakTerms, rows: rows, cols: cols, a: b, b: b, ahead: uintptr(b), c: unsafe.Pointer(&c),
	}
	kernel((*uint64)(unsafe.Pointer(&args)))
	return 2 * peakTerms * float64(rows) * float64(cols)
}

// Peak does about 6·10⁶ operations at the highest rate of the processor with the table in use, or none if that rate is not known.
func Peak[T Float]() float64 {
	single := unsafe.Sizeof(T(0)) == 4
	switch name := inUse.Load().name; {
	case name == "avx512" && single:
		return peak[float32](tileAVX512F32, 12, 32)
	case name == "avx512":
		return peak[float64](tileAVX512F64, 12, 16)
	case name == "avx2" && single:
		return peak[float32](tileAVX2F32, 6, 16)
	case name == "avx2":
		return peak[float64](tileAVX2F64, 6, 8)
	}
	return 0
}
