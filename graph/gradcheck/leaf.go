package gradcheck

import (
	"fmt"
	"math"

	"rpnc/graph"
)

// How one leaf is compared. With n components, 4 evaluations give each ∂s/∂xᵢ to compare, so a leaf of
// up to Components numbers costs 4n evaluations of what depends on it. A larger one is sampled, and
// one more comparison along a direction v with |v| = 1 covers the rest:
//
//	⟨∇s, v⟩  against  (−s(x+2δv) + 8s(x+δv) − 8s(x−δv) + s(x−2δv)) / 12δ.
//
// An error e in one component that was not sampled tilts that by |e|/√n. It finds rules that are wrong
// in many places or by much; rules that are wrong at one place by little are what small samples are
// for.

// steps are the widths h in the order in which they are tried; the first is right for most functions.
var steps = [...]float64{1e-3, 1e-2, 1e-4}

// leafCheck compares the gradient of one leaf.
type leafCheck struct {
	m        *machine
	x        *graph.Tensor // the leaf's value, which the differences move
	analytic *graph.Tensor
	nodes    []*graph.Node // what depends on the leaf
	enough   float64       // an error so small that no other step need be tried
}

// pair is one comparison.
type pair struct {
	at                string
	analytic, numeric float64
}

// run compares up to limit components one by one, and a direction through all if there are more.
func (l *leafCheck) run(limit int, k graph.Key) (Report, error) {
	n := len(l.x.F)
	var ps []pair
	for _, i := range choose(n, limit, k) {
		p, err := l.component(i)
		if err != nil {
			return Report{}, err
		}
		ps = append(ps, p)
	}
	skipped := n - len(ps)
	if skipped > 0 {
		p, err := l.direction(k)
		if err != nil {
			return Report{}, err
		}
		ps = append(ps, p)
	}
	r := worst(ps)
	r.Skipped = skipped
	return r, l.m.run(l.nodes) // the machine is left as it was found
}

// worst is max|analytic − numeric| / max(1, max|numeric|) with its place.
//
// The scale is that of the largest difference of the whole leaf and not of each component: a component
// near 0 has no digits of its own, as its difference is rounding of much larger numbers. Worst begins
// at −1, so that a leaf without any error has a place to show too.
func worst(ps []pair) Report {
	scale, r := 0.0, Report{Cases: len(ps), Worst: -1}
	for _, p := range ps {
		scale = math.Max(scale, math.Abs(p.numeric))
	}
	for _, p := range ps {
		if e := relative(math.Abs(p.analytic-p.numeric), scale); e > r.Worst {
			r.Worst = e
			r.Where = fmt.Sprintf("%s: gradient %.10g, differences %.10g", p.at, p.analytic, p.numeric)
		}
	}
	return r
}

// choose is min(n, limit) different numbers below n, rising: all, or one at random out of each of limit equal parts.
//
// Drawing from equal parts spreads the places over all rows and columns, which a plain draw would not
// promise. The key is that of the leaf, so the same places are chosen in every run.
func choose(n, limit int, k graph.Key) []int {
	if n <= limit {
		limit = n
	}
	out := make([]int, limit)
	for j := range out {
		lo, hi := j*n/limit, (j+1)*n/limit
		out[j] = lo + int(k.Uniform(uint64(j))*float64(hi-lo))
	}
	return out
}

// component moves one component by steps that grow with its size.
func (l *leafCheck) component(i int) (pair, error) {
	at := l.x.F[i]
	defer func() { l.x.F[i] = at }()
	a := l.analytic.F[i]
	n, err := l.best(a, math.Max(1, math.Abs(at)), func(t float64) { l.x.F[i] = at + t })
	return pair{position(l.x.Type.Shape, i), a, n}, err
}

// direction moves all components together along a random vector of entries ±1/√n. Its length is 1, so that the steps
// and the tolerance mean the same as for a component.
func (l *leafCheck) direction(k graph.Key) (pair, error) {
	at, v := append([]float64(nil), l.x.F...), make([]float64, len(l.x.F))
	defer func() { copy(l.x.F, at) }()
	a, size := 0.0, 1.0
	for i := range v {
		v[i] = math.Copysign(1/math.Sqrt(float64(len(v))), k.Sub(1).Uniform(uint64(i))-0.5)
		a += v[i] * l.analytic.F[i]
		size = math.Max(size, math.Abs(at[i]))
	}
	n, err := l.best(a, size, func(t float64) {
		for i := range at {
			l.x.F[i] = at[i] + t*v[i]
		}
	})
	return pair{" along a random direction", a, n}, err
}

// best is the difference quotient nearest to a over the steps. Most functions need the first step only, which makes a
// check three times as fast.
//
// Taking the nearest favours agreement, and that is safe: a wrong rule is wrong by as much as its
// terms are large, which no choice among three steps can hide.
func (l *leafCheck) best(a, size float64, move func(t float64)) (float64, error) {
	best := math.NaN()
	for _, h := range steps {
		n, err := l.slope(h*size, move)
		if err != nil {
			return 0, err
		}
		if e := math.Abs(a - n); math.IsNaN(best) || e < math.Abs(a-best) {
			best = n
		}
		if math.Abs(a-best) <= l.enough {
			break
		}
	}
	return best, nil
}

// slope is the five-point central difference.
//
// Its weights make the terms in f″, f‴ and f⁗ cancel: what is left is d⁴·f⁽⁵⁾/30, and rounding of
// about ε·|s|/d. The value in the middle has weight 0 and is never computed.
func (l *leafCheck) slope(d float64, move func(t float64)) (float64, error) {
	sum := 0.0
	for _, p := range [...]struct{ at, weight float64 }{{2, -1}, {1, 8}, {-1, -8}, {-2, 1}} {
		move(p.at * d)
		if err := l.m.run(l.nodes); err != nil {
			return 0, err
		}
		sum += p.weight * l.m.scalar()
	}
	return sum / (12 * d), nil
}

// position is [row, column] of flat index i.
func position(s graph.Shape, i int) string {
	at := make([]int, s.Rank())
	for ax := s.Rank() - 1; ax >= 0; ax-- {
		at[ax] = i % s.Dim(ax)
		i /= s.Dim(ax)
	}
	return fmt.Sprint(at)
}
