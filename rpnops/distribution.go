package rpnops

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// The distributions of probabilistic functions, each with the parameters of torch's. Densities are built in logarithms:
// what does not depend on x is one number, worked out when the graph is built, and no density is ever exponentiated.

// Normal is N(μ, s²): ln p(x) = −(x−μ)²/(2s²) − ln s − ½ ln 2π. Errors: s < 0, two different values for one parameter.
type Normal struct {
	Mean  float64      `yaml:"mean"`  // μ
	Std   float64      `yaml:"std"`   // s; 0 means 1
	Loc   Opt[float64] `yaml:"loc"`   // another name of Mean
	Scale Opt[float64] `yaml:"scale"` // another name of Std
}

// Cauchy has ln p(x) = −ln πs − ln(1 + ((x−μ)/s)²). Errors: s < 0.
type Cauchy struct {
	Loc   float64 `yaml:"loc"`   // μ
	Scale float64 `yaml:"scale"` // s; 0 means 1
}

// Laplace has ln p(x) = −ln 2s − |x−μ|/s, with gradient 0 at x = μ. Errors: s < 0.
type Laplace struct {
	Loc   float64 `yaml:"loc"`   // μ
	Scale float64 `yaml:"scale"` // s; 0 means 1
}

// Gamma has ln p(x) = a ln r − ln Γ(a) + (a−1) ln x − r·x for x > 0. Errors: a or r < 0.
type Gamma struct {
	Concentration float64 `yaml:"concentration"` // a; 0 means 1
	Rate          float64 `yaml:"rate"`          // r; 0 means 1
}

// Chi2 is the distribution of a sum of k squares of normal numbers, Γ(k/2, ½). Errors: k < 0.
type Chi2 struct {
	DF float64 `yaml:"df"` // k; 0 means 1
}

// Exponential has ln p(x) = ln r − r·x for x ≥ 0. Errors: r < 0.
type Exponential struct {
	Rate float64 `yaml:"rate"` // r; 0 means 1
}

// Uniform has ln p(x) = −ln(h − l) for l ≤ x ≤ h. Errors: l ≥ h.
type Uniform struct {
	Low  float64      `yaml:"low"`  // l
	High Opt[float64] `yaml:"high"` // h, 1 by default
}

// Samples of densities on x > 0 are drawn from here, off the pole of ln x.
const positiveLo, positiveHi = 0.5, 2

var (
	_ = Register(Spec[Normal]{
		Name: "normal", Aliases: []string{"Normal"}, Default: Normal{Std: 1},
		Equation: "ln p(x) = −(x−μ)²/(2s²) − ln s − ½ ln 2π", Params: "0",
		Samples: []Normal{{}, {Mean: 1, Std: 0.5}, {Loc: Some(-1.0), Scale: Some(2.0)}},
	})
	_ = Register(Spec[Cauchy]{
		Name: "cauchy", Aliases: []string{"Cauchy"}, Default: Cauchy{Scale: 1},
		Equation: "ln p(x) = −ln πs − ln(1 + ((x−μ)/s)²)", Params: "0",
		Samples: []Cauchy{{}, {Loc: -1, Scale: 0.5}},
	})
	_ = Register(Spec[Laplace]{
		Name: "laplace", Aliases: []string{"Laplace"}, Default: Laplace{Scale: 1},
		Equation: "ln p(x) = −ln 2s − |x−μ|/s", Params: "0",
		Samples: []Laplace{{}, {Loc: 3, Scale: 2}}, Lo: positiveLo, Hi: positiveHi,
	})
	_ = Register(Spec[Gamma]{
		Name: "gamma", Aliases: []string{"Gamma"}, Default: Gamma{Concentration: 1, Rate: 1},
		Equation: "ln p(x) = a ln r − ln Γ(a) + (a−1) ln x − r·x", Params: "0",
		Samples: []Gamma{{}, {Concentration: 0.5, Rate: 2}, {Concentration: 3}}, Lo: positiveLo, Hi: positiveHi,
	})
	_ = Register(Spec[Chi2]{
		Name: "chi2", Aliases: []string{"Chi2"}, Default: Chi2{DF: 1},
		Equation: "ln p(x) = −(k/2) ln 2 − ln Γ(k/2) + (k/2−1) ln x − x/2", Params: "0",
		Samples: []Chi2{{}, {DF: 2}, {DF: 5}}, Lo: positiveLo, Hi: positiveHi,
	})
	_ = Register(Spec[Exponential]{
		Name: "exponential", Aliases: []string{"Exponential"}, Default: Exponential{Rate: 1},
		Equation: "ln p(x) = ln r − r·x", Params: "0",
		Samples: []Exponential{{}, {Rate: 0.5}},
	})
	_ = Register(Spec[Uniform]{
		Name: "uniform", Aliases: []string{"Uniform"}, Default: Uniform{High: Some(1.0)},
		Equation: "ln p(x) = −ln(h − l)", Params: "0",
		Samples: []Uniform{{}, {Low: -1, High: Some(3.0)}},
	})
)

// aboveZero is v, or 1 where v is 0; an error where it is no positive number.
func aboveZero(name, key string, v float64) (float64, error) {
	if v == 0 {
		return 1, nil
	}
	if !(v > 0) || math.IsInf(v, 1) {
		return 0, errorf(name, "%s = %v; want a number above 0", key, v)
	}
	return v, nil
}

// params are μ and s. torch's names count where they are given; beside a value under the other name, other than its
// default, they must agree with it.
func (o Normal) params() (mean, std float64, err error) {
	mean, std = o.Loc.Or(o.Mean), o.Std
	if std == 0 {
		std = 1
	}
	std = o.Scale.Or(std)
	if o.Mean != 0 && mean != o.Mean || o.Std != 0 && o.Std != 1 && std != o.Std {
		return 0, 0, errorf("Normal", "mean = %v and loc = %v, std = %v and scale = %v; mean and loc are one, std and scale, too", o.Mean, mean, o.Std, std)
	}
	if !(std > 0) || math.IsInf(std, 1) {
		return 0, 0, errorf("Normal", "std = %v; want a number above 0", std)
	}
	return mean, std, nil
}

// Support is all numbers.
func (o Normal) Support() (lo, hi float64, err error) {
	_, _, err = o.params()
	return math.Inf(-1), math.Inf(1), err
}

// LogDensity is a parabola.
func (o Normal) LogDensity(s *Scope, x *graph.Node) *graph.Node {
	mean, std, err := o.params()
	if err != nil {
		return s.fail(err)
	}
	return ops.Shift(ops.Scale(ops.Square(shifted(x, mean)), -0.5/(std*std)), -math.Log(std)-halfLog2Pi)
}

// halfLog2Pi is ½ ln 2π.
var halfLog2Pi = math.Log(2*math.Pi) / 2

// shifted is x − c.
func shifted(x *graph.Node, c float64) *graph.Node {
	if c == 0 {
		return x
	}
	return ops.Shift(x, -c)
}

// scaled is c·x.
func scaled(x *graph.Node, c float64) *graph.Node {
	if c == 1 {
		return x
	}
	return ops.Scale(x, c)
}

// Support is all numbers.
func (o Cauchy) Support() (lo, hi float64, err error) {
	_, err = aboveZero("Cauchy", "scale", o.Scale)
	return math.Inf(-1), math.Inf(1), err
}

// LogDensity is exact also near μ, where the square is small.
func (o Cauchy) LogDensity(s *Scope, x *graph.Node) *graph.Node {
	scale, err := aboveZero("Cauchy", "scale", o.Scale)
	if err != nil {
		return s.fail(err)
	}
	t := scaled(shifted(x, o.Loc), 1/scale)
	return ops.Sub(x.Graph().Scalar(x.DType(), -math.Log(math.Pi*scale)), ops.Log1p(ops.Square(t)))
}

// Support is all numbers.
func (o Laplace) Support() (lo, hi float64, err error) {
	_, err = aboveZero("Laplace", "scale", o.Scale)
	return math.Inf(-1), math.Inf(1), err
}

// LogDensity is a wedge.
func (o Laplace) LogDensity(s *Scope, x *graph.Node) *graph.Node {
	scale, err := aboveZero("Laplace", "scale", o.Scale)
	if err != nil {
		return s.fail(err)
	}
	return ops.Shift(ops.Scale(ops.Abs(shifted(x, o.Loc)), -1/scale), -math.Log(2*scale))
}

// params are a and r.
func (o Gamma) params() (a, r float64, err error) {
	if a, err = aboveZero("Gamma", "concentration", o.Concentration); err == nil {
		r, err = aboveZero("Gamma", "rate", o.Rate)
	}
	return a, r, err
}

// Support is what lies above 0.
func (o Gamma) Support() (lo, hi float64, err error) {
	_, _, err = o.params()
	return 0, math.Inf(1), err
}

// LogDensity has a logarithm of x unless a is 1.
func (o Gamma) LogDensity(s *Scope, x *graph.Node) *graph.Node {
	a, r, err := o.params()
	if err != nil {
		return s.fail(err)
	}
	gamma, _ := math.Lgamma(a) // a > 0, where Γ is positive
	y := ops.Shift(ops.Scale(x, -r), a*math.Log(r)-gamma)
	if a == 1 {
		return y
	}
	return ops.Add(y, scaled(ops.Log(x), a-1))
}

// gamma is Γ(k/2, ½).
func (o Chi2) gamma() (Gamma, error) {
	k, err := aboveZero("Chi2", "df", o.DF)
	return Gamma{Concentration: k / 2, Rate: 0.5}, err
}

// Support is what lies above 0.
func (o Chi2) Support() (lo, hi float64, err error) {
	_, err = o.gamma()
	return 0, math.Inf(1), err
}

// LogDensity is that of a gamma distribution.
func (o Chi2) LogDensity(s *Scope, x *graph.Node) *graph.Node {
	g, err := o.gamma()
	if err != nil {
		return s.fail(err)
	}
	return g.LogDensity(s, x)
}

// Support is 0 and what lies above.
func (o Exponential) Support() (lo, hi float64, err error) {
	_, err = aboveZero("Exponential", "rate", o.Rate)
	return 0, math.Inf(1), err
}

// LogDensity is a line.
func (o Exponential) LogDensity(s *Scope, x *graph.Node) *graph.Node {
	r, err := aboveZero("Exponential", "rate", o.Rate)
	if err != nil {
		return s.fail(err)
	}
	return ops.Shift(ops.Scale(x, -r), math.Log(r))
}

// Support is the interval.
func (o Uniform) Support() (lo, hi float64, err error) {
	if hi = o.High.Or(1); !(o.Low < hi) {
		err = errorf("Uniform", "low = %v, high = %v; want low < high", o.Low, hi)
	}
	return o.Low, hi, err
}

// LogDensity is one number, on which x has no influence.
func (o Uniform) LogDensity(s *Scope, x *graph.Node) *graph.Node {
	lo, hi, err := o.Support()
	if err != nil {
		return s.fail(err)
	}
	return x.Graph().Const(x.Type(), -math.Log(hi-lo))
}
