package optim

import "math"

// trial is a point on the line of a search.
type trial struct{ a, value, slope float64 }

// search finds a step along the direction that meets the strong Wolfe conditions, from a first guess on; the trial point
// of d is then that of the step. 0 says that none makes the value smaller.
func (d *descent) search(first float64) (a, value float64, err error) {
	start := trial{0, d.Value, dot(d.G, d.p)}
	if !(start.slope < 0) {
		return 0, 0, nil
	}
	before := start
	for a := first; a < 1e10; a *= 2 {
		t, err := d.trial(a)
		if err != nil {
			return 0, 0, err
		}
		switch {
		case t.tooHigh(start) || before.a > 0 && t.value >= before.value:
			return d.zoom(start, before, t)
		case math.Abs(t.slope) <= -curvature*start.slope:
			return t.a, t.value, nil
		case t.slope >= 0:
			return d.zoom(start, t, before)
		}
		before = t
	}
	return d.settle(start, before)
}

// trial evaluates a step.
func (d *descent) trial(a float64) (trial, error) {
	value, slope, err := d.try(a)
	return trial{a, value, slope}, err
}

// tooHigh says whether a value has not fallen enough, or is no number.
func (t trial) tooHigh(start trial) bool {
	return !(t.value <= start.value+sufficient*t.a*start.slope) || math.IsInf(t.value, 0) || math.IsNaN(t.slope)
}

// zoom narrows down the interval between lo, the best step so far, and hi until a step in it meets the conditions.
func (d *descent) zoom(start, lo, hi trial) (a, value float64, err error) {
	for range 40 {
		t, err := d.trial(between(lo, hi))
		if err != nil {
			return 0, 0, err
		}
		switch {
		case t.tooHigh(start) || t.value >= lo.value:
			hi = t
			continue
		case math.Abs(t.slope) <= -curvature*start.slope:
			return t.a, t.value, nil
		case t.slope*(hi.a-lo.a) >= 0:
			hi = lo
		}
		lo = t
	}
	return d.settle(start, lo)
}

// settle takes the best step of a search that has met only the first condition, if that.
func (d *descent) settle(start, best trial) (a, value float64, err error) {
	if best.a == 0 || !(best.value < start.value) {
		return 0, 0, nil
	}
	t, err := d.trial(best.a) // so that the trial point is that of the step
	return t.a, t.value, err
}

// between is the lowest point of the parabola through lo, with its slope, and hi, kept away from both; the middle where
// there is no such point.
func between(lo, hi trial) float64 {
	w := hi.a - lo.a
	at := -lo.slope * w * w / (2 * (hi.value - lo.value - lo.slope*w))
	if share := at / w; share >= 0.1 && share <= 0.9 {
		return lo.a + at
	}
	return lo.a + w/2
}
