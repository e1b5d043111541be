package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"

	"rpnc/graph"
)

// element says how an element type of the format is read: its bytes in the file, the type that its tensors get here, and
// its value. integer is for the types of integers, real for the others.
//
// Types that have no [graph.DType] are widened where nothing is lost (F16 and BF16 to F32) or narrowed where nothing may
// be (I64, the type of PyTorch's counters, to I32).
type element struct {
	size    int
	dtype   graph.DType
	real    func(b []byte) float64
	integer func(b []byte) int64
}

// elements are the types by their names in the format. Files of this package have F32, F64 and I32, which are the names of
// [graph.DType] in capitals.
var elements = map[string]element{
	"F32":  {size: 4, dtype: graph.F32, real: func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) }},
	"F64":  {size: 8, dtype: graph.F64, real: func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }},
	"F16":  {size: 2, dtype: graph.F32, real: func(b []byte) float64 { return half(binary.LittleEndian.Uint16(b)) }},
	"BF16": {size: 2, dtype: graph.F32, real: func(b []byte) float64 { return brain(binary.LittleEndian.Uint16(b)) }},
	"I32":  {size: 4, dtype: graph.I32, integer: func(b []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(b))) }},
	"I64":  {size: 8, dtype: graph.I32, integer: func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) }},
}

// half is the value of the bits of an IEEE 754 binary16: a sign, 5 bits of exponent e, 10 of fraction f.
//
//	(−1)ˢ · 2ᵉ⁻¹⁵ · (1 + f/2¹⁰),   e = 0: (−1)ˢ · 2⁻¹⁴ · f/2¹⁰,   e = 31: ±Inf where f = 0, else NaN
func half(bits uint16) float64 {
	e, f := int(bits>>10&31), int(bits&1023)
	var v float64
	switch {
	case e == 31 && f != 0:
		return math.NaN()
	case e == 31:
		v = math.Inf(1)
	case e == 0:
		v = math.Ldexp(float64(f), -24)
	default:
		v = math.Ldexp(float64(1024+f), e-25)
	}
	if bits>>15 == 1 {
		return -v
	}
	return v
}

// brain is the value of the bits of a bfloat16, the upper half of a float32.
func brain(bits uint16) float64 { return float64(math.Float32frombits(uint32(bits) << 16)) }

// tensor reads a checked entry. It fails where an integer does not fit into 32 bits.
func (e entry) tensor(data []byte) (*graph.Tensor, error) {
	el := elements[e.DType]
	t := graph.NewTensor(graph.Type{DType: el.dtype, Shape: graph.Sh(e.Shape...)})
	b := data[e.Offsets[0]:e.Offsets[1]]
	for i := range t.F {
		t.F[i] = el.real(b[i*el.size:])
	}
	for i := range t.I {
		v := el.integer(b[i*el.size:])
		if t.I[i] = int32(v); int64(t.I[i]) != v {
			return nil, fmt.Errorf("value %d is %d; want integers of 32 bits", i, v)
		}
	}
	return t, nil
}
