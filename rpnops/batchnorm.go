package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// BatchNorm1d normalises every column over the rows:
//
//	y = (x − mean) / √(var + ε)·weight + bias,  x (…×m), statistics (m)
//
// In training mean and biased variance are those of the batch, and running_mean and running_var move towards its mean
// and unbiased variance by the momentum; in evaluation the running ones are used. weight and bias are frozen at 1 and 0
// unless Trainable. Two uses in one scope move the statistics twice. Axes before the last one are all rows: of a stack of
// inputs (k×b×m) there are kb. Errors: another width than NumFeatures, one row in training.
//
// Ioffe and Szegedy, Batch Normalization (2015). The gradient runs through the batch's mean and variance.
type BatchNorm1d struct {
	NumFeatures int          `yaml:"num_features"`
	Eps         float64      `yaml:"eps"` // 0 means 10⁻⁵
	Momentum    Opt[float64] `yaml:"momentum"`
	Trainable   bool         `yaml:"trainable"`
}

var _ = Register(Spec[BatchNorm1d]{
	Name: "BatchNorm1d", Aliases: []string{"batch_norm"}, Default: BatchNorm1d{Eps: normEps, Momentum: Some(0.1)},
	Equation: "(x − mean)/√(var + ε)·weight + bias over the rows", Params: "0, or 2m trained ones",
	Samples: []BatchNorm1d{{}, {Trainable: true}, {Eps: 0.1, Momentum: Some(0.0)}},
})

// Trained is the norm with trained weight and bias.
func (o BatchNorm1d) Trained() Process {
	o.Trainable = true
	return o
}

// Apply builds the norm and, in training, the updates of its statistics.
func (o BatchNorm1d) Apply(s *Scope, x *graph.Node) *graph.Node {
	if x.Poisoned() {
		return x
	}
	m := x.Shape().Dim(-1)
	rows := x.Shape().Size() / max(1, m)
	switch {
	case x.Shape().Rank() < 2 || o.NumFeatures > 0 && o.NumFeatures != m:
		return s.fail(errorf("BatchNorm1d", "x is %v; want rows of %d columns", x.Shape(), max(o.NumFeatures, 1)))
	case s.noisy() && rows < 2:
		return s.fail(errorf("BatchNorm1d", "x is %v in training: one row has no variance; want a batch of 2 rows or more", x.Shape()))
	}
	y := o.normalized(s, x, m, rows)
	if y.Poisoned() { // by a width that differs from an earlier one: one message will do
		return y
	}
	if o.Trainable {
		return ops.Add(ops.Mul(y, s.Param("weight", graph.Fill(1), m)), s.Param("bias", graph.Zeros(), m))
	}
	return ops.Add(ops.Mul(y, s.Frozen("weight", graph.Fill(1), m)), s.Frozen("bias", graph.Zeros(), m))
}

// normalized is (x − mean)/√(var + ε) with the statistics of the batch, which in training move the running ones, or
// with these. The running ones are tensors of the model in both modes, so that a model built for evaluation has the names
// that a trained one saved.
func (o BatchNorm1d) normalized(s *Scope, x *graph.Node, m, rows int) *graph.Node {
	runningMean := s.Frozen("running_mean", graph.Zeros(), m)
	if runningMean.Poisoned() {
		return runningMean
	}
	runningVar := s.Frozen("running_var", graph.Fill(1), m)
	count := s.G.State(s.Name("num_batches_tracked"), graph.Type{DType: graph.I32}, graph.Zeros())
	if !s.noisy() {
		return ops.Mul(ops.Sub(x, runningMean), rsqrt(runningVar, epsOr(o.Eps)))
	}
	norm := s.G.Apply(ops.ColumnNorm{Eps: epsOr(o.Eps)}, x)
	if s.Train && !norm.Poisoned() {
		o.move(s, runningMean, norm.Result(1))
		o.move(s, runningVar, ops.Scale(norm.Result(2), float64(rows)/float64(rows-1)))
		s.G.Update(count, s.G.Apply(ops.AddInt{C: 1}, s.G.Current(count)))
	}
	return norm.Result(0)
}

// move is running ← (1−momentum)·running + momentum·batch. It starts from the value after the updates of the step so far:
// layers that repeat one head use one norm several times a step.
func (o BatchNorm1d) move(s *Scope, running, batch *graph.Node) {
	p := o.Momentum.Or(0.1)
	s.G.Update(running, ops.Add(ops.Scale(s.G.Current(running), 1-p), ops.Scale(batch, p)))
}
