//go:build amd64 && !noasm && !race

package kernels

import "unsafe"

// peakTerms is the length of the sums of a peak, long enough for their ends not to count, and peakCalls how many follow each other.
const (
	peakTerms = 1 << 12
	peakCalls = 64
)

// peak runs the highest strip of a tile kernel, whose rows are the same row of A and whose terms meet the same row of B, and
// returns the operations that it did. All that it reads stays in the first cache and it writes little, so that no product of
// this table is faster.
func peak[T Float](kernel func(*uint64), rows, cols int) float64 {
	memory := make([]T, peakTerms+16)
	for i := range memory {
		memory[i] = T(i%7) - 2.6
	}
	at := unsafe.Pointer(&memory[0])
	b := unsafe.Add(at, -uintptr(at)&63) // a line: what crosses two of them takes two loads
	var c [12 * 32]T
	size := int(unsafe.Sizeof(c[0]))
	for range peakCalls {
		args := tileArgs{
			k: peakTerms, rows: rows, cols: cols, whole: 1, a: at, csA: size, b: b, ahead: uintptr(b), c: unsafe.Pointer(&c),
		}
		kernel((*uint64)(unsafe.Pointer(&args)))
	}
	return 2 * peakCalls * peakTerms * float64(rows) * float64(cols)
}

// Peak does some 10⁸ operations at the highest rate of the processor with the table in use, or none if that rate is not known.
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
