package optim_test

import (
	"fmt"
	"math"
	"testing"

	"rpnc/models/optim"
	"rpnc/rpnops"
)

func TestSchedulesFollowTheirEquations(t *testing.T) {
	half := math.Sqrt(0.5)
	for _, c := range []struct {
		name string
		s    optim.Schedule
		want []float64 // of lr = 2
	}{
		{"constant", optim.Constant{}, []float64{2, 2, 2}},
		{"exponential", optim.Exponential{Gamma: 0.5}, []float64{2, 1, 0.5, 0.25}},
		{"step", optim.Step{Size: 2}, []float64{2, 2, 0.2, 0.2, 0.02}},
		{"step of a factor", optim.Step{Size: 1, Gamma: rpnops.Some(0.5)}, []float64{2, 1, 0.5}},
		{"milestones", optim.MultiStep{Milestones: []int{1, 3}, Gamma: rpnops.Some(0.5)}, []float64{2, 1, 1, 0.5, 0.5}},
		{"milestones by default", optim.MultiStep{Milestones: []int{1}}, []float64{2, 0.2}},
		{"linear", optim.Linear{Start: rpnops.Some(0.5), Total: 2}, []float64{1, 1.5, 2, 2}},
		{"linear down", optim.Linear{Start: rpnops.Some(1.0), End: rpnops.Some(0.0), Total: 4}, []float64{2, 1.5, 1, 0.5, 0, 0}},
		{"linear by default", optim.Linear{}, []float64{2. / 3, 2. / 3 * 1.4, 2. / 3 * 1.8, 2. / 3 * 2.2, 2. / 3 * 2.6, 2, 2}},
		{"cosine", optim.Cosine{Length: 4}, []float64{2, 1 + half, 1, 1 - half, 0, 0, 0}},
		{"cosine with floor", optim.Cosine{Length: 2, Floor: 0.5}, []float64{2, 1.25, 0.5, 0.5}},
		{"cosine of no length", optim.Cosine{Floor: 0.3}, []float64{0.3, 0.3}},
		{"warm-up", optim.WarmUp{Length: 3}, []float64{0.5, 1, 1.5, 2, 2}},
		{"warm-up, then", optim.WarmUp{Length: 1, Then: optim.Exponential{Gamma: 0.1}}, []float64{1, 2, 0.2, 0.02}},
		{"no warm-up", optim.WarmUp{Then: optim.Exponential{Gamma: 0.1}}, []float64{2, 0.2}},
		{"plateau", optim.Plateau{}, []float64{2, 2}},
	} {
		got := make([]float64, len(c.want))
		for i := range got {
			got[i] = c.s.Rate(2, i)
		}
		near(t, c.name, got, c.want, 1e-15)
	}
}

func ExampleSchedule() {
	s := optim.WarmUp{Length: 2, Then: optim.Cosine{Length: 4}}
	for t := range 7 {
		fmt.Printf("%.2f ", s.Rate(1, t))
	}
	// Output: 0.33 0.67 1.00 0.85 0.50 0.15 0.00
}

func TestAPlateauMakesTheRateSmaller(t *testing.T) {
	p := optim.Plateau{Factor: rpnops.Some(0.5), Patience: rpnops.Some(1), Cooldown: 2, Floor: 0.3}
	for _, c := range []struct {
		larger   bool
		measures []float64
		want     []float64 // the factor after each measure, for lr = 1
	}{
		{false, []float64{5, 4, 4, 4, 4, 4, 4, 4, 4}, []float64{1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.3, 0.3}},
		{false, []float64{5, 4, 3, 2, 1}, []float64{1, 1, 1, 1, 1}},
		// A ten-thousandth is needed to count as better.
		{false, []float64{5, 4.9999, 4.9998}, []float64{1, 1, 0.5}},
		{true, []float64{0.5, 0.6, 0.5, 0.5, 0.7}, []float64{1, 1, 1, 0.5, 0.5}},
	} {
		var s optim.PlateauState
		for i, m := range c.measures {
			s = p.Next(s, m, c.larger, 1)
			if got := 1 - s.Reduction; math.Abs(got-c.want[i]) > 1e-15 {
				t.Errorf("larger %t: factor %v after %v; want %v", c.larger, got, c.measures[:i+1], c.want[i])
			}
		}
	}
	var s optim.PlateauState
	for i := range 12 {
		if s = (optim.Plateau{}).Next(s, 1, false, 1); (s.Reduction != 0) != (i == 11) {
			t.Errorf("by default the factor is %v after %d equal measures", 1-s.Reduction, i+1)
		}
	}
	if math.Abs(s.Reduction-0.9) > 1e-15 {
		t.Errorf("by default the factor is %v; want 0.1", 1-s.Reduction)
	}
}

func TestAPlateauIsFoundBehindAWarmUp(t *testing.T) {
	p := optim.Plateau{Cooldown: 3}
	for _, s := range []optim.Schedule{p, optim.WarmUp{Length: 2, Then: p}} {
		if got, ok := optim.PlateauOf(s); !ok || got != p {
			t.Errorf("%+v: %+v, %t", s, got, ok)
		}
	}
	for _, s := range []optim.Schedule{nil, optim.Constant{}, optim.WarmUp{}} {
		if _, ok := optim.PlateauOf(s); ok {
			t.Errorf("%+v is taken for a plateau", s)
		}
	}
}
