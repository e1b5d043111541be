package graph

import (
	"hash/fnv"
	"math"
)

// Key selects one random stream. Every random number of the system is a pure function of a Key and the number
// of its element, so it depends neither on the order of creation nor on threads or devices.
type Key uint64

// NewKey derives the stream of a name (a parameter path, a dropout site) from a seed.
func NewKey(seed uint64, name string) Key {
	h := fnv.New64a()
	h.Write([]byte(name))
	return Key(mix(mix(seed^0x6A09E667F3BCC909) ^ h.Sum64()))
}

// Sub derives stream number i of k.
func (k Key) Sub(i uint64) Key { return Key(mix(uint64(k) ^ mix(i+0x3C6EF372FE94F82B))) }

// Bits is 64 random bits for element i.
func (k Key) Bits(i uint64) uint64 { return mix(uint64(k) + (i+1)*0x9E3779B97F4A7C15) }

// Uniform is uniform on [0, 1) with 53 random bits.
func (k Key) Uniform(i uint64) float64 { return float64(k.Bits(i)>>11) / (1 << 53) }

// Normal is standard normal (Box and Muller), two uniforms an element.
func (k Key) Normal(i uint64) float64 {
	u := 1 - k.Uniform(2*i) // (0, 1], so that the logarithm is finite
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*k.Uniform(2*i+1))
}

// mix is the finaliser of splitmix64: a bijection in which every input bit reaches every output bit.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// Init says what a parameter or state holds before the first step. It is comparable; the zero Init is zeros.
type Init struct {
	kind   initKind
	a, b   float64
	values *Data
}

type initKind uint8

const (
	initFill initKind = iota
	initUniform
	initNormal
	initBernoulli
	initTernary
	initValues
)

// Zeros fills with 0.
func Zeros() Init { return Init{} }

// Fill fills with c.
func Fill(c float64) Init { return Init{kind: initFill, a: c} }

// Uniform draws from [lo, hi).
func Uniform(lo, hi float64) Init { return Init{kind: initUniform, a: lo, b: hi} }

// Normal draws from N(mean, std²).
func Normal(mean, std float64) Init { return Init{kind: initNormal, a: mean, b: std} }

// Bernoulli draws 1 with probability p and 0 otherwise: random masks.
func Bernoulli(p float64) Init { return Init{kind: initBernoulli, a: p} }

// Ternary draws c and −c with probability p/2 each and 0 otherwise: sparse random projections.
func Ternary(c, p float64) Init { return Init{kind: initTernary, a: c, b: p} }

// Given gives every element in row-major order; missing ones are 0.
func Given(v ...float64) Init { return Init{kind: initValues, values: NewData(v...)} }

// Tensor draws a tensor of type t for the leaf called name: a pure function of (seed, name, element).
func (in Init) Tensor(t Type, seed uint64, name string) *Tensor {
	x, k := NewTensor(t), NewKey(seed, name)
	for i := range t.Shape.Size() {
		v := in.at(k, i)
		if t.DType == I32 {
			x.I[i] = int32(v)
		} else {
			x.F[i] = v
		}
	}
	return x
}

// at is element i of the leaf of key k. It depends on nothing else, neither on the elements before it nor on the
// shape, so a parameter may be filled in parallel, in part, or on a device, and has the same bits.
//
//	uniform    a + (b − a)·u           normal     a + b·z
//	Bernoulli  1 where u < a, else 0    ternary    ±a with probability b/2 each, else 0
func (in Init) at(k Key, i int) float64 {
	switch in.kind {
	case initUniform:
		return in.a + (in.b-in.a)*k.Uniform(uint64(i))
	case initNormal:
		return in.a + in.b*k.Normal(uint64(i))
	case initBernoulli:
		if k.Uniform(uint64(i)) < in.a {
			return 1
		}
		return 0
	case initTernary:
		switch u := k.Uniform(uint64(i)); {
		case u < in.b/2:
			return in.a
		case u < in.b:
			return -in.a
		}
		return 0
	case initValues:
		if i < in.values.Len() {
			return in.values.v[i]
		}
		return 0
	}
	return in.a
}
