package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Dropout zeroes entries with probability p and multiplies the others by 1/(1−p) in training; in evaluation it does
// nothing. The entries depend on the seed, the step and the place in the model, and on nothing else: not on the device, the
// number of threads or what else the model does. Errors: p outside 0 ≤ p < 1.
//
// Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting (2014).
type Dropout struct {
	P Opt[float64] `yaml:"p"` // 0.5 unless set
}

var _ = Register(Spec[Dropout]{
	Name: "dropout", Aliases: []string{"Dropout"}, Default: Dropout{P: Some(0.5)},
	Equation: "x/(1−p) with probability 1−p, else 0; x in evaluation", Params: "0",
	Samples: []Dropout{{}, {P: Some(0.3)}, {P: Some(0.0)}},
})

// Apply builds the dropout. It takes a stream in evaluation, too, so that streams are the same in both modes.
func (o Dropout) Apply(s *Scope, x *graph.Node) *graph.Node {
	p, stream := o.P.Or(0.5), s.Stream()
	switch {
	case !(p >= 0 && p < 1):
		return s.fail(errorf("Dropout", "p = %v; want 0 ≤ p < 1", p))
	case p == 0 || !s.noisy():
		return x
	}
	return s.G.Apply(ops.Dropout{P: p, Seed: s.Seed, Stream: stream}, x, s.Step())
}
