package optim

import "rpnc/rpnops"

// Plateau makes the rate smaller when a measure has not become better for a while. It is driven by what a training
// measures: as a [Schedule] it is constant, and the trainer multiplies by the factor that Next keeps.
type Plateau struct {
	Factor    rpnops.Opt[float64] `yaml:"factor"`    // on the rate at each reduction; 0.1 unless set
	Patience  rpnops.Opt[int]     `yaml:"patience"`  // measures without a better one before a reduction; 10 unless set
	Threshold rpnops.Opt[float64] `yaml:"threshold"` // share by which a better measure is better; 10⁻⁴ unless set
	Cooldown  int                 `yaml:"cooldown"`  // measures after a reduction that do not count
	Floor     float64             `yaml:"min_lr"`    // smallest rate
}

// PlateauState is what a [Plateau] remembers; the zero value is that before the first measure.
type PlateauState struct {
	Reduction float64 // 1 − the factor on the rate so far
	Seen      bool
	Best      float64
	Bad, Cool int // measures since the best one, and those left of the cooldown
}

// Rate is lr.
func (Plateau) Rate(lr float64, _ int) float64 { return lr }

// Next is the state after a measure, of which larger says what is better; lr is the rate that the factor is of.
func (p Plateau) Next(s PlateauState, measure float64, larger bool, lr float64) PlateauState {
	if !s.Seen || p.better(measure, s.Best, larger) {
		s.Seen, s.Best, s.Bad = true, measure, 0
	} else {
		s.Bad++
	}
	if s.Cool > 0 {
		s.Cool--
		s.Bad = 0
	}
	if s.Bad > p.Patience.Or(10) {
		factor := (1 - s.Reduction) * p.Factor.Or(0.1)
		if lr > 0 && lr*factor < p.Floor {
			factor = min(1-s.Reduction, p.Floor/lr)
		}
		s.Reduction, s.Cool, s.Bad = 1-factor, p.Cooldown, 0
	}
	return s
}

// better compares by the threshold, a share of the best.
func (p Plateau) better(x, best float64, larger bool) bool {
	if larger {
		return x > best*(1+p.Threshold.Or(1e-4))
	}
	return x < best*(1-p.Threshold.Or(1e-4))
}

// PlateauOf is the Plateau that s is, or comes to after a warm-up.
func PlateauOf(s Schedule) (p Plateau, ok bool) {
	if w, is := s.(WarmUp); is {
		return PlateauOf(w.Then)
	}
	p, ok = s.(Plateau)
	return p, ok
}
