package models

import (
	"rpnc/rpnops"
)

// Product says how a concrete head fabricates its matrix. Dual LPHM goes before LoRR; neither means one parameter an
// entry.
type Product struct {
	WithDualLPHM bool `yaml:"with_dual_lphm"`
	WithLoRR     bool `yaml:"with_lorr"`
	R            int  `yaml:"r" rpn:"min=1"` // rank of both; 0 means 3
	EnableBias   bool `yaml:"enable_bias"`
}

// reconciliation is ψ(w): low rank where a flag asks for it, dual LPHM before LoRR as in the reference, else the
// full matrix.
func (p Product) reconciliation() rpnops.Reconciliation {
	bias := rpnops.BiasOption{EnableBias: p.EnableBias}
	switch {
	case p.WithDualLPHM:
		return rpnops.DualLPHM{R: rank(p.R), BiasOption: bias}
	case p.WithLoRR:
		return rpnops.LoRR{R: rank(p.R), BiasOption: bias}
	}
	return rpnops.IdentityReconciliation{BiasOption: bias}
}

// rank is r, or the concrete heads' default of 3.
func rank(r int) int {
	if r == 0 {
		return 3
	}
	return r
}

// Expansion says how a concrete head transforms its data: not at all, by Taylor's expansion or else by B-splines.
type Expansion struct {
	WithTaylor  bool `yaml:"with_taylor"`
	WithBSpline bool `yaml:"with_bspline"`
	D           int  `yaml:"d" rpn:"min=1"` // order or degree; 0 means 2
}

// transformation is κ(x): Taylor before B-splines as in the reference, else x itself. D is the order of the one
// and the degree of the other.
func (e Expansion) transformation() rpnops.Transformation {
	d := e.D
	if d == 0 {
		d = 2
	}
	switch {
	case e.WithTaylor:
		return rpnops.Taylor{D: d}
	case e.WithBSpline:
		return rpnops.BSpline{D: rpnops.Some(d)}
	}
	return rpnops.IdentityExpansion{}
}

// Finish says what happens to a concrete head's result, always in the order batch norm, ReLU, dropout, softmax.
type Finish struct {
	WithBatchNorm bool    `yaml:"with_batch_norm"`
	WithRelu      bool    `yaml:"with_relu"`
	WithDropout   bool    `yaml:"with_dropout"`
	P             float64 `yaml:"p"` // probability of dropout
	WithSoftmax   bool    `yaml:"with_softmax"`
	TrainNorm     bool    `yaml:"train_batch_norm"` // train the scale and offset of batch norm, which the reference leaves at 1 and 0
}

// processes lists the output functions for features columns of batch norm.
func (f Finish) processes(features int) (out []rpnops.Process) {
	if f.WithBatchNorm {
		out = append(out, rpnops.BatchNorm1d{NumFeatures: features, Trainable: f.TrainNorm})
	}
	if f.WithRelu {
		out = append(out, rpnops.Relu{})
	}
	if f.WithDropout {
		out = append(out, rpnops.Dropout{P: rpnops.Some(f.P)})
	}
	if f.WithSoftmax {
		out = append(out, rpnops.Softmax{})
	}
	return out
}

// check refuses probabilities outside 0 ≤ p < 1.
func (f Finish) check(spec any) error {
	if f.WithDropout && !(f.P >= 0 && f.P < 1) {
		return errorf(spec, "dropout probability p = %v; want 0 ≤ p < 1", f.P)
	}
	return nil
}

// residual is π of a concrete head: a linear map without bias, or nothing.
func residual(with bool) rpnops.Remainder {
	if with {
		return rpnops.LinearRemainder{}
	}
	return nil
}
