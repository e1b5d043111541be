package models

import (
	"math"

	"rpnc/graph"
)

// InitMethod says how parameters are drawn. For a tensor (rows×cols) fan-in is cols and fan-out is rows; so for the
// parameters w (C×l) of a head fan-in is l, not the width of the fabricated matrix.
type InitMethod uint8

// The methods. The default is XavierUniform for generic heads and XavierNormal for concrete ones.
const (
	DefaultInit      InitMethod = iota
	XavierUniform               // U(−a, a), a = √(6/(fan-in + fan-out))
	XavierNormal                // N(0, s²), s = √(2/(fan-in + fan-out))
	KaimingUniform              // U(−a, a), a = 1/√fan-in
	FanoutStdUniform            // U(−a, a), a = 1/√n for every tensor of a head of n columns
)

var initNames = []string{"", "xavier_uniform", "xavier_normal", "kaiming_uniform", "fanout_std_uniform"}

func (m InitMethod) String() string { return initNames[m] }

// MarshalText writes the reference's name.
func (m InitMethod) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the reference's name.
func (m *InitMethod) UnmarshalText(text []byte) (err error) {
	*m, err = oneOf[InitMethod]("method", initNames, text)
	return err
}

// or is m, or d where none is chosen.
func (m InitMethod) or(d InitMethod) InitMethod {
	if m == DefaultInit {
		return d
	}
	return m
}

// tensor is the draw of a parameter (rows×cols) of a head of n columns.
func (m InitMethod) tensor(rows, cols, n int) graph.Init {
	switch m {
	case XavierNormal:
		return graph.Normal(0, math.Sqrt(2/float64(rows+cols)))
	case KaimingUniform:
		return symmetric(1 / math.Sqrt(float64(cols)))
	case FanoutStdUniform:
		return symmetric(1 / math.Sqrt(float64(n)))
	}
	return symmetric(math.Sqrt(6 / float64(rows+cols)))
}

// bias is the draw of a bias of length n that belongs to weights of the given fan-in; it counts as a tensor (1×n).
func (m InitMethod) bias(n, fanIn int) graph.Init {
	if m == KaimingUniform {
		return symmetric(1 / math.Sqrt(float64(fanIn)))
	}
	return m.tensor(1, n, n)
}

func symmetric(a float64) graph.Init { return graph.Uniform(-a, a) }
