package rpnops

import (
	"fmt"
	"strings"
	"testing"

	"rpnc/graph"
)

// times is row, scaled by each factor in turn.
func times(row []float64, factors ...float64) (out []float64) {
	for _, f := range factors {
		for _, v := range row {
			out = append(out, f*v)
		}
	}
	return out
}

func TestReconciliationsOfWorkedExamples(t *testing.T) {
	for _, c := range []struct {
		psi  Reconciliation
		n, D int
		want []float64
	}{
		{IdentityReconciliation{}, 2, 3, ramp(6)},
		{LoRR{R: 1}, 2, 3, []float64{3, 4, 5, 6, 8, 10}},
		{LoRR{}, 2, 3, []float64{21, 24, 27, 47, 54, 61}},
		{HM{Blocks: Blocks{P: 2, Q: 3}}, 4, 6, []float64{7, 8, 9, 10, 14, 16, 18, 20, 21, 24, 27, 30, 28, 32, 36, 40, 35, 40, 45, 50, 42, 48, 54, 60}},
		{HM{}, 4, 6, times([]float64{5, 6, 7, 8, 9, 10}, 1, 2, 3, 4)},
		{HM{Blocks: Blocks{P: 2, Q: 2}}, 4, 4, times([]float64{5, 6, 7, 8}, 1, 2, 3, 4)},
		{LPHM{Blocks: Blocks{P: 2, Q: 2}, R: 1}, 4, 4, times([]float64{35, 40, 42, 48}, 1, 2, 3, 4)},
		{DualLPHM{Blocks: Blocks{P: 2, Q: 2}, R: 1}, 4, 4, times([]float64{35, 40, 42, 48}, 3, 4, 6, 8)},
		{LPHM{}, 4, 6, times([]float64{117, 128, 139, 159, 174, 189}, 1, 2, 3, 4)},
		{DuplicatedPadding{P: 2, Q: 3}, 2, 6, times([]float64{1, 2}, 1, 1, 1, 1, 1, 1)},
		{DuplicatedPadding{P: 2, Q: 1}, 4, 2, []float64{1, 2, 3, 4, 1, 2, 3, 4}},
		{DuplicatedPadding{}, 4, 6, times(ramp(6), 1, 1, 1, 1)},
		{DuplicatedDiagonalPadding{}, 2, 4, []float64{1, 2, 0, 0, 0, 0, 1, 2}},
		{ConstantReconciliation{}, 1, 2, []float64{1, 1}},
		{ConstantReconciliation{C: Some(0.0)}, 1, 2, []float64{0, 0}},
		{ZeroReconciliation{}, 1, 2, []float64{0, 0}},
		{OneReconciliation{}, 1, 2, []float64{1, 1}},
		{ConstantEyeReconciliation{}, 2, 3, []float64{1, 0, 0, 0, 1, 0}},
	} {
		r := newTrial(t, false)
		l, err := c.psi.NumParams(c.n, c.D)
		if err != nil {
			t.Fatal(err)
		}
		w := r.weights(l)
		if l == 0 {
			w = nil
		}
		r.want(fmt.Sprintf("%T%+v", c.psi, c.psi), Fabricate(r.s, c.psi, w, c.n, c.D), nil, c.want...)
	}
}

func TestParameterCounts(t *testing.T) {
	big := func(p, q int) DualLPHM { return DualLPHM{Blocks: Blocks{P: p, Q: q}, R: 5} }
	for _, c := range []struct {
		psi     Reconciliation
		n, D, l int
	}{
		{big(8, 784), 64, 615440, 7925},
		{big(8, 64), 64, 4160, 725},
		{big(2, 64), 10, 4160, 680},
		{HM{Blocks: Blocks{P: 2, Q: 3}}, 4, 6, 10},
		{LPHM{}, 4, 6, 14},
		{RandomMatrixAdaption{}, 4, 6, 6},
		{MaskingReconciliation{}, 4, 6, 24},
		{Hypernet{}, 4, 6, 64},
		{RandomMatrixHypernet{L: 5}, 4, 6, 5},
	} {
		if l, err := c.psi.NumParams(c.n, c.D); l != c.l || err != nil {
			t.Errorf("%T%+v for %d×%d: l = %d, %v; want %d", c.psi, c.psi, c.n, c.D, l, err, c.l)
		}
	}
}

func TestReconciliationsSayWhatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		psi  Reconciliation
		want string
	}{
		{HM{Blocks: Blocks{P: 3}}, "rpnops.HM: p = 3 does not divide n = 4 (ψ(w) is 4×6); want a divisor such as 2"},
		{LPHM{Blocks: Blocks{Q: 4}}, "rpnops.LPHM: q = 4 does not divide D = 6 (ψ(w) is 4×6); want a divisor such as 2"},
		{DualLPHM{R: -1}, "rpnops.DualLPHM: rank r = -1; want 1 or more"},
		{LoRR{R: -2}, "rpnops.LoRR: rank r = -2; want 1 or more"},
		{DuplicatedPadding{P: 4}, "rpnops.DuplicatedPadding: q = 4 does not divide D = 6"},
		{DuplicatedDiagonalPadding{}, "n = 4 does not divide D = 6"},
		{DuplicatedDiagonalPadding{P: 2}, "p = 2, q = 0 for n = 4; want n for both"},
		{MaskingReconciliation{P: Some(1.5)}, "p = 1.5; want the probability to keep an entry, 0…1"},
	} {
		_, err := c.psi.NumParams(4, 6)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T%+v: %v; want %q", c.psi, c.psi, err, c.want)
		}
	}
	r := newTrial(t, false)
	Fabricate(r.s, LoRR{}, r.weights(7), 4, 6)
	r.wantError("rpnops.LoRR: w has 7 entries; want l = 20")
}

func TestRandomMatricesAreTensorsOfTheScope(t *testing.T) {
	r := newTrial(t, false)
	y := Fabricate(r.s.Sub("parameter_fabrication"), RandomMatrixAdaption{R: 1}, r.weights(3), 2, 2)
	r.want("diag(λ₁)·A·diag(λ₂)·Bᵀ", y, map[string][]float64{"parameter_fabrication.A": {5, 7}, "parameter_fabrication.B": {-1, 2}},
		1*5*3*-1, 1*5*3*2, 2*7*3*-1, 2*7*3*2)
}

func TestMaskKeepsEntriesWithProbabilityP(t *testing.T) {
	const n = 2000
	for _, c := range []struct{ p, lo, hi float64 }{{0, 0, 0}, {0.25, 0.2, 0.3}, {1, 1, 1}} {
		for _, redraw := range []bool{false, true} {
			r := newTrial(t, true)
			w := r.s.Param("w", graph.Fill(1), 1, n)
			y := Fabricate(r.s, MaskingReconciliation{P: Some(c.p), Redraw: redraw}, w, 1, n)
			val, _ := r.run(y, nil)
			kept := 0.0
			for _, v := range val.Of(y).F {
				switch v {
				case 1:
					kept++
				case 0:
				default:
					t.Fatalf("p = %v: an entry of 1 became %v", c.p, v)
				}
			}
			if kept /= n; kept < c.lo || kept > c.hi {
				t.Errorf("p = %v, redraw %v: %v of the entries are kept", c.p, redraw, kept)
			}
		}
	}
}

func TestCloseFactorIsTheLargestDivisorUpToTheRoot(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1, 6: 2, 7: 1, 12: 3, 36: 6, 784: 28, 1000: 25} {
		if got := CloseFactor(n); got != want {
			t.Errorf("CloseFactor(%d) = %d, want %d", n, got, want)
		}
	}
}
