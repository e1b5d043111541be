package optim_test

import (
	"fmt"
	"math"
	"testing"

	"rpnc/models/optim"
)

func TestSchedulesFollowTheirEquations(t *testing.T) {
	half := math.Sqrt(0.5)
	for _, c := range []struct {
		name string
		s    optim.Schedule
		want []float64
	}{
		{"constant", optim.Constant(), []float64{1, 1, 1}},
		{"exponential", optim.Exponential(0.5), []float64{1, 0.5, 0.25, 0.125}},
		{"cosine", optim.Cosine(4, 0), []float64{1, (1 + half) / 2, 0.5, (1 - half) / 2, 0, 0, 0}},
		{"cosine with floor", optim.Cosine(2, 0.2), []float64{1, 0.6, 0.2, 0.2}},
		{"cosine of no length", optim.Cosine(0, 0.3), []float64{0.3, 0.3}},
		{"warm-up", optim.WarmUp(3, nil), []float64{0.25, 0.5, 0.75, 1, 1}},
		{"warm-up, then", optim.WarmUp(1, optim.Exponential(0.1)), []float64{0.5, 1, 0.1, 0.01}},
		{"no warm-up", optim.WarmUp(0, optim.Exponential(0.1)), []float64{1, 0.1}},
	} {
		got := make([]float64, len(c.want))
		for i := range got {
			got[i] = c.s(i)
		}
		near(t, c.name, got, c.want, 1e-15)
	}
}

func ExampleSchedule() {
	rate := optim.WarmUp(2, optim.Cosine(4, 0))
	for t := range 7 {
		fmt.Printf("%.2f ", rate(t))
	}
	// Output: 0.33 0.67 1.00 0.85 0.50 0.15 0.00
}
