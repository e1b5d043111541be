package optim

import (
	"errors"
	"fmt"
	"math"

	"rpnc/graph"
)

// LBFGS minimises a function of a vector by its value and gradient, with an approximation of the inverse of its second
// derivatives from the last few steps, and steps that meet the strong Wolfe conditions (Nocedal and Wright, Numerical
// Optimization, 2nd ed., algorithms 7.4, 7.5, 3.5 and 3.6). It drives a program from outside, by as many evaluations a
// step as it needs: a trainer of all rows at once has it as its [Optimizer], no single training step can.
type LBFGS struct {
	LR          float64    `yaml:"lr"`               // the length of a step that is tried first; 0 means 1
	Iterations  int        `yaml:"max_iter"`         // at most; 0 means 100. In a training those of an epoch; 0 means 20
	Evaluations int        `yaml:"max_eval"`         // evaluations after which no iteration begins, likewise; 0: any number
	Memory      int        `yaml:"history_size"`     // steps that the approximation rests on; 0 means 10
	Tolerance   float64    `yaml:"tolerance_grad"`   // the largest |∂f/∂xᵢ| at which a point is a minimum; 0 means 10⁻⁷
	Change      float64    `yaml:"tolerance_change"` // a change of f, or of all xᵢ, that ends the search; 0: none does
	Search      LineSearch `yaml:"line_search_fn"`
}

// LineSearch is how the length of a step is found. There is one way: the strong Wolfe conditions. What the reference's
// framework does without, steps of a fixed length, can leave the domain of the approximation and is not offered.
type LineSearch struct{}

// MarshalText is strong_wolfe.
func (LineSearch) MarshalText() ([]byte, error) { return []byte("strong_wolfe"), nil }

// UnmarshalText takes strong_wolfe and nothing else.
func (*LineSearch) UnmarshalText(text []byte) error {
	if string(text) != "strong_wolfe" {
		return fmt.Errorf("%q is no line search; want strong_wolfe", text)
	}
	return nil
}

// Rate is the length of a step that is tried first.
func (o LBFGS) Rate() float64 { return or(o.LR, 1) }

// Apply is always an error: a step of L-BFGS takes several evaluations, which no update within one program does.
func (o LBFGS) Apply(*graph.Graph, []*graph.Node, []*graph.Node) error {
	return errors.New("optim.LBFGS: it evaluates the loss several times a step; want it as the optimizer of a train.Trainer, or Minimize")
}

// Objective answers with f(x) and fills g with its gradient.
type Objective func(x, g []float64) (float64, error)

// Iteration is what one iteration of [LBFGS] has reached.
type Iteration struct {
	Number    int // from 1 on
	Value     float64
	Gradient  float64 // largest |∂f/∂xᵢ|
	Step      float64 // length along the direction, 1 near a minimum
	Calls     int     // evaluations of f so far
	Converged bool    // Gradient is within the tolerance, or no step makes the value smaller
}

// The constants of the Wolfe conditions: f falls by at least c₁ of what the slope promises, and |slope| to c₂ of itself.
const (
	sufficient = 1e-4
	curvature  = 0.9
)

// Search is where a search stands between two iterations: all that the next one depends on. One that goes on from a copy of
// it ends with the same bits as one that never stopped.
type Search struct {
	X     []float64   // the point
	G     []float64   // the gradient there; nil before the first iteration
	Value float64     // f there
	S, Y  [][]float64 // the memory, oldest first: steps, and what each has changed in the gradient
}

// Minimize moves x to a minimum near it. each, which may be nil, is called after every iteration with x in place; its
// error ends the search. The last Iteration says whether the search has converged. Errors: a negative setting, those of f
// and each, a start at which f is no number.
func (o LBFGS) Minimize(f Objective, x []float64, each func(Iteration) error) (Iteration, error) {
	return o.GoOn(f, &Search{X: x}, each)
}

// GoOn is [LBFGS.Minimize] from where a search stands, which s says before and after every iteration. The iterations count
// from 1 again.
func (o LBFGS) GoOn(f Objective, s *Search, each func(Iteration) error) (Iteration, error) {
	if err := o.check(); err != nil {
		return Iteration{}, err
	}
	calls := 0
	counted := func(x, g []float64) (float64, error) {
		calls++
		return f(x, g)
	}
	d, err := o.descent(counted, s)
	if err != nil {
		return Iteration{}, err
	}
	it := Iteration{Value: d.Value, Gradient: largest(d.G), Converged: largest(d.G) <= or(o.Tolerance, 1e-7)}
	for it.Number < int(or(float64(o.Iterations), 100)) && !it.Converged && (o.Evaluations == 0 || calls < o.Evaluations) {
		before := d.Value
		step, err := d.step()
		if err != nil {
			return it, err
		}
		still := o.Change > 0 && (math.Abs(d.Value-before) < o.Change || step*largest(d.p) <= o.Change)
		it = Iteration{it.Number + 1, d.Value, largest(d.G), step, calls, step == 0 || still || largest(d.G) <= or(o.Tolerance, 1e-7)}
		if each != nil {
			if err := each(it); err != nil {
				return it, err
			}
		}
	}
	return it, nil
}

// descent makes ready what steps need, and evaluates f where nothing is known of it yet.
func (o LBFGS) descent(f Objective, s *Search) (*descent, error) {
	n := len(s.X)
	d := &descent{Search: s, f: f, first: o.Rate(), memory: int(or(float64(o.Memory), 10)),
		p: make([]float64, n), at: make([]float64, n), slope: make([]float64, n)}
	if more := len(s.S) - d.memory; more > 0 {
		s.S, s.Y = s.S[more:], s.Y[more:] // of a search with a longer memory
	}
	if s.G != nil {
		return d, nil
	}
	s.G = make([]float64, n)
	var err error
	if s.Value, err = f(s.X, s.G); err != nil {
		return nil, err
	}
	if !finite(s.Value, s.G) {
		return nil, fmt.Errorf("optim.LBFGS: f or its gradient is no finite number at the start; want another one")
	}
	return d, nil
}

// check wants no setting below zero.
func (o LBFGS) check() error {
	if o.Iterations < 0 || o.Evaluations < 0 || o.Memory < 0 {
		return fmt.Errorf("optim.LBFGS: max_iter = %d, max_eval = %d, history_size = %d; want 0 or more", o.Iterations, o.Evaluations, o.Memory)
	}
	if !(o.LR >= 0 && o.Tolerance >= 0 && o.Change >= 0) {
		return fmt.Errorf("optim.LBFGS: lr = %v, tolerance_grad = %v, tolerance_change = %v; want 0 or more", o.LR, o.Tolerance, o.Change)
	}
	return nil
}

// descent is a search under way.
type descent struct {
	*Search
	f         Objective
	first     float64 // length that is tried first
	memory    int
	p         []float64 // direction
	at, slope []float64 // a trial point and its gradient
}

// step takes one step: its length, 0 where no step along the direction makes the value smaller.
func (d *descent) step() (float64, error) {
	for {
		d.direct()
		first := d.first
		if len(d.S) == 0 {
			first *= min(1, 1/norm(d.G)) // nothing is known of the scale yet
		}
		a, value, err := d.search(first)
		if err != nil {
			return 0, err
		}
		if a > 0 {
			d.move(a, value)
			return a, nil
		}
		if len(d.S) == 0 {
			return 0, nil
		}
		d.S, d.Y = nil, nil // the approximation is no good here: the gradient itself is
	}
}

// direct sets p to −H·g by the two loops over the memory, H the approximation of the inverse Hessian.
func (d *descent) direct() {
	for i, g := range d.G {
		d.p[i] = -g
	}
	n := len(d.S)
	alpha := make([]float64, n)
	for k := n - 1; k >= 0; k-- {
		alpha[k] = dot(d.S[k], d.p) / dot(d.S[k], d.Y[k])
		axpy(-alpha[k], d.Y[k], d.p)
	}
	if n > 0 {
		scale := dot(d.S[n-1], d.Y[n-1]) / dot(d.Y[n-1], d.Y[n-1])
		for i := range d.p {
			d.p[i] *= scale
		}
	}
	for k := range n {
		axpy(alpha[k]-dot(d.Y[k], d.p)/dot(d.S[k], d.Y[k]), d.S[k], d.p)
	}
}

// move goes to the trial point, which is a step of length a, and remembers the step where the curvature along it is
// positive: with another one H would not stay positive definite.
func (d *descent) move(a, value float64) {
	s, y := make([]float64, len(d.X)), make([]float64, len(d.X))
	for i := range d.X {
		s[i], y[i] = a*d.p[i], d.slope[i]-d.G[i]
	}
	copy(d.X, d.at)
	copy(d.G, d.slope)
	d.Value = value
	if dot(s, y) <= 1e-14*dot(y, y) {
		return
	}
	if len(d.S) == d.memory {
		d.S, d.Y = d.S[1:], d.Y[1:]
	}
	d.S, d.Y = append(d.S, s), append(d.Y, y)
}

// try evaluates f at x + a·p: the value and the slope along p.
func (d *descent) try(a float64) (value, slope float64, err error) {
	copy(d.at, d.X)
	axpy(a, d.p, d.at)
	value, err = d.f(d.at, d.slope)
	return value, dot(d.slope, d.p), err
}

func dot(a, b []float64) (sum float64) {
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

// axpy is y ← y + a·x.
func axpy(a float64, x, y []float64) {
	for i, v := range x {
		y[i] += a * v
	}
}

func norm(x []float64) float64 { return math.Sqrt(dot(x, x)) }

// largest is the largest |xᵢ|.
func largest(x []float64) (m float64) {
	for _, v := range x {
		m = math.Max(m, math.Abs(v))
	}
	return m
}

func finite(value float64, g []float64) bool {
	m := largest(g)
	return !math.IsNaN(value) && !math.IsInf(value, 0) && !math.IsNaN(m) && !math.IsInf(m, 0)
}
