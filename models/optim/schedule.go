package optim

import "math"

// Schedule is the factor on the learning rate after t units of training, epochs or steps as the trainer counts; 1
// leaves the rate as it is. t = 0 is the first unit.
type Schedule func(t int) float64

// Constant is 1 for all t.
func Constant() Schedule { return func(int) float64 { return 1 } }

// Exponential is γᵗ.
func Exponential(gamma float64) Schedule {
	return func(t int) float64 { return math.Pow(gamma, float64(t)) }
}

// Cosine falls from 1 to floor along half a wave of length units, and stays there:
//
//	floor + (1 − floor)·(1 + cos(π·t/length))/2
func Cosine(length int, floor float64) Schedule {
	return func(t int) float64 {
		if t >= length {
			return floor
		}
		return floor + (1-floor)*(1+math.Cos(math.Pi*float64(t)/float64(length)))/2
	}
}

// WarmUp rises in length equal steps, (t + 1)/(length + 1), and goes on with then, whose units are counted from the
// end of the rise. A nil then is [Constant].
func WarmUp(length int, then Schedule) Schedule {
	return func(t int) float64 {
		switch {
		case t < length:
			return float64(t+1) / float64(length+1)
		case then == nil:
			return 1
		}
		return then(t - length)
	}
}
