package graph

import (
	"fmt"
	"strconv"
	"strings"
)

// DType is the element type of a tensor.
type DType uint8

// The element types. Masks are floats 0 and 1; I32 serves labels, counters and indexes.
const (
	F32 DType = iota
	F64
	I32
)

// String is the short name that types are printed with: f32 (64×784).
func (d DType) String() string {
	switch d {
	case F32:
		return "f32"
	case F64:
		return "f64"
	case I32:
		return "i32"
	}
	return "DType(" + strconv.Itoa(int(d)) + ")"
}

// IsFloat reports whether d is F32 or F64.
func (d DType) IsFloat() bool { return d == F32 || d == F64 }

// Size is the number of bytes of one element.
func (d DType) Size() int {
	if d == F64 {
		return 8
	}
	return 4
}

// MaxRank is the largest number of axes of a tensor.
const MaxRank = 8

// Shape is the list of the dimensions of a tensor, row-major, outermost first. It is comparable, so that ops
// that carry shapes stay comparable. The zero Shape is that of a scalar.
type Shape struct {
	rank int8
	dim  [MaxRank]int
}

// Sh makes a Shape of dims. More than MaxRank dimensions or a negative one make a shape that [Shape.Check]
// rejects, and so every op does.
func Sh(dims ...int) (s Shape) {
	if len(dims) > MaxRank {
		s.rank = -1
		return s
	}
	s.rank = int8(copy(s.dim[:], dims))
	return s
}

// Check says whether the shape can exist: at most MaxRank axes, no negative dimension, fewer than 2⁴⁸ elements.
func (s Shape) Check() error {
	if err := s.checkDims(); err != nil {
		return err
	}
	return s.checkSize()
}

// checkDims refuses what arithmetic on sizes cannot hold. A rank below 0 marks a shape that was made of too many
// axes: Sh has no error to answer with, so the mistake is kept until someone checks.
func (s Shape) checkDims() error {
	if s.rank < 0 {
		return fmt.Errorf("a shape has at most %d axes", MaxRank)
	}
	for _, d := range s.dim[:s.rank] {
		if d < 0 {
			return fmt.Errorf("shape %v has a negative dimension", s)
		}
	}
	return nil
}

// checkSize keeps sizes and bytes within an int. The bound is far above any memory, because a value that a pass takes
// apart (an expansion of high order, a reconciled weight) is never formed.
func (s Shape) checkSize() error {
	n := 1
	for _, d := range s.dim[:s.Rank()] {
		if d > 0 && n > (1<<48-1)/d {
			return fmt.Errorf("shape %v has 2⁴⁸ elements or more", s)
		}
		n *= max(d, 1)
	}
	return nil
}

// Rank is the number of axes.
func (s Shape) Rank() int { return max(0, int(s.rank)) }

// Dim is the size of axis i; negative i counts from the end, so Dim(-1) is the last. An axis that does not
// exist has size 0, which lets code that builds on a poisoned node run on to the error report.
func (s Shape) Dim(i int) int {
	if i < 0 {
		i += s.Rank()
	}
	if i < 0 || i >= s.Rank() {
		return 0
	}
	return s.dim[i]
}

// Dims is a fresh slice of the dimensions.
func (s Shape) Dims() []int { return append([]int(nil), s.dim[:s.Rank()]...) }

// Size is the number of elements, 1 for a scalar.
func (s Shape) Size() int {
	n := 1
	for _, d := range s.dim[:s.Rank()] {
		n *= d
	}
	return n
}

// With returns the shape with axis i (negative: from the end) of size n.
func (s Shape) With(i, n int) Shape {
	if i < 0 {
		i += s.Rank()
	}
	if i >= 0 && i < s.Rank() {
		s.dim[i] = n
	}
	return s
}

// Sub is the shape of axes lo…hi−1; out of range bounds are clipped.
func (s Shape) Sub(lo, hi int) Shape {
	lo, hi = max(lo, 0), min(hi, s.Rank())
	if lo >= hi {
		return Shape{}
	}
	return Sh(s.dim[lo:hi]...)
}

// Append is the shape with further axes at the end.
func (s Shape) Append(dims ...int) Shape { return Sh(append(s.Dims(), dims...)...) }

// String is (64×784), and () for a scalar.
func (s Shape) String() string {
	var b strings.Builder
	b.WriteByte('(')
	for i, d := range s.dim[:s.Rank()] {
		if i > 0 {
			b.WriteString("×")
		}
		b.WriteString(strconv.Itoa(d))
	}
	b.WriteByte(')')
	return b.String()
}

// Type is what is known of a result before anything runs: element type and shape, printed f32 (64×784).
type Type struct {
	DType DType
	Shape Shape
}

func (t Type) String() string { return t.DType.String() + " " + t.Shape.String() }

// Of is the type with the same element type and another shape.
func (t Type) Of(dims ...int) Type { return Type{t.DType, Sh(dims...)} }

// Bytes is the memory that a tensor of the type takes.
func (t Type) Bytes() int { return t.Shape.Size() * t.DType.Size() }
