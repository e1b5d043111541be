package graph

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"weak"
)

// Index is an immutable table of integers: a gather table, the pattern of a sparse matrix. Tables of equal
// contents are one pointer, so ops that hold a *Index compare by content. Callers must not write to it.
type Index struct {
	v        []int32
	sum      [sha256.Size]byte
	min, max int32
}

// NewIndex interns the integers v.
func NewIndex(v ...int32) *Index {
	sum := digest(len(v), func(i int) uint64 { return uint64(uint32(v[i])) })
	return indexes.intern(sum, func() *Index {
		x := &Index{v: append([]int32(nil), v...), sum: sum}
		if len(v) > 0 {
			x.min, x.max = slices.Min(v), slices.Max(v)
		}
		return x
	})
}

// Bounds are the smallest and the largest entry, 0 of an empty table. They are known without a look at the entries, so
// that the many nodes that are checked while a graph is rewritten do not read a large table each.
func (x *Index) Bounds() (smallest, largest int32) { return x.min, x.max }

// Len is the number of entries.
func (x *Index) Len() int { return len(x.v) }

// At is entry i.
func (x *Index) At(i int) int { return int(x.v[i]) }

// Slice is the table itself, to read.
func (x *Index) Slice() []int32 { return x.v }

// String names the table by length and content.
func (x *Index) String() string { return fmt.Sprintf("#%d·%x", len(x.v), x.sum[:4]) }

// Data is the same for floating-point numbers: the values of constants.
type Data struct {
	v   []float64
	sum [sha256.Size]byte
}

// NewData interns the numbers v; −0 differs from 0, and NaNs of equal bits are equal.
func NewData(v ...float64) *Data {
	sum := digest(len(v), func(i int) uint64 { return math.Float64bits(v[i]) })
	return datas.intern(sum, func() *Data { return &Data{append([]float64(nil), v...), sum} })
}

// Len is the number of entries.
func (d *Data) Len() int { return len(d.v) }

// Slice is the table itself, to read.
func (d *Data) Slice() []float64 { return d.v }

// String names the table by length and content.
func (d *Data) String() string {
	if len(d.v) == 1 {
		return fmt.Sprint(d.v[0])
	}
	return fmt.Sprintf("#%d·%x", len(d.v), d.sum[:4])
}

func digest(n int, at func(int) uint64) [sha256.Size]byte {
	b := make([]byte, 0, 8*n)
	for i := range n {
		b = binary.LittleEndian.AppendUint64(b, at(i))
	}
	return sha256.Sum256(b)
}

// pool maps contents to the one object that holds them, without keeping it alive: a process that builds
// many models does not collect the tables of all of them.
type pool[T any] struct {
	sync.Mutex
	m map[[sha256.Size]byte]weak.Pointer[T]
}

var (
	indexes pool[Index]
	datas   pool[Data]
)

// intern answers with the one value whose content has the sum, and builds it where there is none. Values are held
// weakly: one that no graph uses any more is collected, and its cleanup takes the entry out. Between the two the
// entry may point to nothing; then it is built anew, and the late cleanup must not take out the new entry, which
// forget sees to.
func (p *pool[T]) intern(sum [sha256.Size]byte, build func() *T) *T {
	p.Lock()
	defer p.Unlock()
	if w, ok := p.m[sum]; ok {
		if x := w.Value(); x != nil {
			return x
		}
	}
	if p.m == nil {
		p.m = map[[sha256.Size]byte]weak.Pointer[T]{}
	}
	x := build()
	p.m[sum] = weak.Make(x)
	runtime.AddCleanup(x, p.forget, sum)
	return x
}

// forget drops a dead entry; one that was interned again meanwhile stays.
func (p *pool[T]) forget(sum [sha256.Size]byte) {
	p.Lock()
	defer p.Unlock()
	if w, ok := p.m[sum]; ok && w.Value() == nil {
		delete(p.m, sum)
	}
}
