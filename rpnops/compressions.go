package rpnops

// The compressions of this file are the expansions of the same name: the reference has them twice. The types differ so
// that each has a name of its own in configurations.
type (
	// IdentityCompression is [IdentityExpansion], κ(x) = x.
	IdentityCompression struct {
		IdentityExpansion `yaml:",inline"`
	}
	// ReciprocalCompression is [ReciprocalExpansion], κ(x) = 1/x.
	ReciprocalCompression struct {
		ReciprocalExpansion `yaml:",inline"`
	}
	// LinearCompression is [LinearExpansion], κ(x) = c·x.
	LinearCompression struct {
		LinearExpansion `yaml:",inline"`
	}
	// NestedCompression is [Nested], κ(x) = κ_k(… κ₁(x) …).
	NestedCompression struct {
		Nested `yaml:",inline"`
	}
	// ExtendedCompression is [Extended], κ(x) = [κ₁(x), …, κ_k(x)].
	ExtendedCompression struct {
		Extended `yaml:",inline"`
	}
)

var (
	_ = Register(Spec[IdentityCompression]{Name: "identity_compression", Equation: "κ(x) = x,  D = m", Params: "0"})
	_ = Register(Spec[ReciprocalCompression]{
		Name: "reciprocal_compression", Equation: "κ(x) = 1/x,  |x| at least 10⁻⁶,  D = m", Params: "0", Lo: 0.3, Hi: 1,
	})
	_ = Register(Spec[LinearCompression]{
		Name: "linear_compression", Equation: "κ(x) = c·x, preC·x or x·postC,  D = m", Params: "0",
		Samples: []LinearCompression{{}, {LinearExpansion{C: Some(-0.5)}}},
	})
	_ = Register(Spec[NestedCompression]{
		Name: "nested_compression", Equation: "κ(x) = κ_k(… κ₁(x) …)", Params: "0",
		Samples: []NestedCompression{{Nested{Functions: []Transformation{LinearExpansion{C: Some(2.0)}, MetricCompression{Metric: Some(Sum)}}}}},
	})
	_ = Register(Spec[ExtendedCompression]{
		Name: "extended_compression", Equation: "κ(x) = [κ₁(x), …, κ_k(x)]", Params: "0",
		Samples: []ExtendedCompression{{Extended{Functions: []Transformation{MetricCompression{Metric: Some(Max)}, IdentityExpansion{}}}}},
	})
)
