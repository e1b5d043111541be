package optim

import (
	"math"

	"rpnc/rpnops"
)

// Schedule says how the learning rate changes in training.
type Schedule interface {
	// Rate is the learning rate of unit t = 0, 1, …, an epoch or a step as the trainer counts; lr is that of the optimizer.
	Rate(lr float64, t int) float64
}

// Constant leaves the rate as it is.
type Constant struct{}

// Exponential is lr·γᵗ.
type Exponential struct {
	Gamma float64 `yaml:"gamma" rpn:"required"` // γ
}

// Step is lr·γ^⌊t/size⌋.
type Step struct {
	Size  int                 `yaml:"step_size" rpn:"min=1,required"`
	Gamma rpnops.Opt[float64] `yaml:"gamma"` // γ; 0.1 unless set
}

// MultiStep is lr·γᵏ, k the number of milestones up to t.
type MultiStep struct {
	Milestones []int               `yaml:"milestones" rpn:"required"`
	Gamma      rpnops.Opt[float64] `yaml:"gamma"` // γ; 0.1 unless set
}

// Linear goes from lr·start to lr·end in total equal steps and stays there.
type Linear struct {
	Start rpnops.Opt[float64] `yaml:"start_factor"` // ⅓ unless set
	End   rpnops.Opt[float64] `yaml:"end_factor"`   // 1 unless set
	Total int                 `yaml:"total_iters"`  // 0 means 5
}

// Cosine falls from lr to floor along half a wave of length units, and stays there:
//
//	floor + (lr − floor)·(1 + cos(π·t/length))/2
type Cosine struct {
	Length int     `yaml:"T_max" rpn:"required"`
	Floor  float64 `yaml:"eta_min"` // a rate, not a factor
}

// WarmUp rises in length equal steps, lr·(t + 1)/(length + 1), and goes on with Then, whose units are counted from the
// end of the rise.
type WarmUp struct {
	Length int      `yaml:"length"`
	Then   Schedule `yaml:"then"` // nil means Constant
}

// Rate is lr.
func (Constant) Rate(lr float64, _ int) float64 { return lr }

// Rate is lr·γᵗ.
func (s Exponential) Rate(lr float64, t int) float64 { return lr * math.Pow(s.Gamma, float64(t)) }

// Rate is lr·γ^⌊t/size⌋.
func (s Step) Rate(lr float64, t int) float64 {
	return lr * math.Pow(s.Gamma.Or(0.1), float64(t/max(1, s.Size)))
}

// Rate is lr·γᵏ.
func (s MultiStep) Rate(lr float64, t int) float64 {
	for _, m := range s.Milestones {
		if t >= m {
			lr *= s.Gamma.Or(0.1)
		}
	}
	return lr
}

// Rate lies on the line, or at its end.
func (s Linear) Rate(lr float64, t int) float64 {
	total := s.Total
	if total == 0 {
		total = 5
	}
	from, to := s.Start.Or(1./3), s.End.Or(1)
	return lr * (from + (to-from)*float64(min(t, total))/float64(total))
}

// Rate lies on the wave, or at its end.
func (s Cosine) Rate(lr float64, t int) float64 {
	if t >= s.Length {
		return s.Floor
	}
	return s.Floor + (lr-s.Floor)*(1+math.Cos(math.Pi*float64(t)/float64(s.Length)))/2
}

// Rate lies on the rise, or is that of what follows.
func (s WarmUp) Rate(lr float64, t int) float64 {
	switch {
	case t < s.Length:
		return lr * float64(t+1) / float64(s.Length+1)
	case s.Then == nil:
		return lr
	}
	return s.Then.Rate(lr, t-s.Length)
}
