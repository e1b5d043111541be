package bench

import (
	"math"
	"testing"
)

// A floor is the larger one of both bounds, at the bandwidth of the smallest level that holds the step.
func TestFloorsFollowTheLevelThatHoldsTheStep(t *testing.T) {
	m := Machine{Product: 100, Levels: []Level{{"L2", 1 << 20, 200}, {"L3", 1 << 24, 100}, {"DRAM", math.Inf(1), 20}}}
	for _, c := range []struct {
		cost Cost
		want float64 // ms
	}{
		{Cost{Infer: 1e9, Params: 10}, 10},                    // products
		{Cost{Params: 200_000}, 4 * 200_000 / 200e6},          // 0.8 MB: L2
		{Cost{Params: 2_000_000}, 4 * 2_000_000 / 100e6},      // 8 MB: L3
		{Cost{Params: 20_000_000}, 4 * 20_000_000 / 20e6},     // 80 MB: memory
		{Cost{Acts: 200_000, Input: 10}, 4 * 400_010 / 200e6}, // written once, read once
		{Cost{}, 0},
	} {
		if got := m.Floor(c.cost, "infer"); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("floor of %+v is %v ms; want %v", c.cost, got, c.want)
		}
	}
}

func TestProbesAreOfAMachine(t *testing.T) {
	m := Probe()
	if m.Product <= 0 || len(m.Levels) != 3 {
		t.Fatalf("probe: %+v", m)
	}
	for _, l := range m.Levels {
		if l.Copy <= 0 || l.Size <= 0 {
			t.Errorf("level %+v", l)
		}
	}
	t.Logf("%+v", m)
}
