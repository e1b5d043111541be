package graph

import "fmt"

// Tensor is what the interpreter computes with: row-major elements, floats as float64 whatever the float type
// of the node, integers as int32. It serves as the oracle, not as the memory of compiled programs.
type Tensor struct {
	Type Type
	F    []float64 // F32, F64
	I    []int32   // I32
}

// NewTensor is a tensor of zeros.
func NewTensor(t Type) *Tensor {
	if t.DType == I32 {
		return &Tensor{Type: t, I: make([]int32, t.Shape.Size())}
	}
	return &Tensor{Type: t, F: make([]float64, t.Shape.Size())}
}

// Floats makes a tensor of type t from v, which must have as many elements as t; it keeps v.
func Floats(t Type, v ...float64) (*Tensor, error) {
	if !t.DType.IsFloat() || len(v) != t.Shape.Size() {
		return nil, fmt.Errorf("graph.Floats: %v needs %d floats, have %d", t, t.Shape.Size(), len(v))
	}
	return &Tensor{Type: t, F: v}, nil
}

// Ints makes an I32 tensor of shape s from v, which must have as many elements as s; it keeps v.
func Ints(s Shape, v ...int32) (*Tensor, error) {
	if len(v) != s.Size() {
		return nil, fmt.Errorf("graph.Ints: %v needs %d integers, have %d", s, s.Size(), len(v))
	}
	return &Tensor{Type: Type{I32, s}, I: v}, nil
}

// Copy fills t with the elements of s, which has the same number of them.
func (t *Tensor) Copy(s *Tensor) {
	copy(t.F, s.F)
	copy(t.I, s.I)
}

// Clone is an independent copy.
func (t *Tensor) Clone() *Tensor {
	c := NewTensor(t.Type)
	c.Copy(t)
	return c
}

// Dim is the size of axis i (see [Shape.Dim]).
func (t *Tensor) Dim(i int) int { return t.Type.Shape.Dim(i) }
