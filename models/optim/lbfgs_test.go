package optim_test

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rpnc/models/optim"
)

// functions have known minima; f fills the gradient.
var functions = []struct {
	name        string
	f           func(x, g []float64) float64
	start, want []float64
	most        int // iterations
}{
	{"a bowl", func(x, g []float64) float64 {
		sum := 0.0
		for i, v := range x {
			c := math.Pow(10, float64(i))
			sum += c * (v - 1) * (v - 1)
			g[i] = 2 * c * (v - 1)
		}
		return sum
	}, []float64{5, -3, 2, 7}, []float64{1, 1, 1, 1}, 60},
	{"Rosenbrock's valley", func(x, g []float64) float64 {
		a, b := 1-x[0], x[1]-x[0]*x[0]
		g[0], g[1] = -2*a-400*x[0]*b, 200*b
		return a*a + 100*b*b
	}, []float64{-1.2, 1}, []float64{1, 1}, 60},
	{"a flat bottom", func(x, g []float64) float64 {
		g[0] = 4 * x[0] * x[0] * x[0]
		return x[0] * x[0] * x[0] * x[0]
	}, []float64{2}, []float64{0}, 60},
	// The first guess is outside the domain, where the value is no number.
	{"a wall", func(x, g []float64) float64 {
		g[0] = 1 - 1/x[0]
		return x[0] - math.Log(x[0])
	}, []float64{1e-3}, []float64{1}, 40},
	{"a narrow start", func(x, g []float64) float64 {
		g[0] = 2 * (x[0] - 1000)
		return (x[0] - 1000) * (x[0] - 1000)
	}, []float64{0}, []float64{1000}, 10},
}

func TestLBFGSFindsKnownMinima(t *testing.T) {
	for _, c := range functions {
		for _, memory := range []int{0, 1, 3} {
			x := append([]float64(nil), c.start...)
			evaluations, last := 0, math.Inf(1)
			it, err := optim.LBFGS{Memory: memory, Iterations: 1000}.Minimize(func(x, g []float64) (float64, error) {
				evaluations++
				return c.f(x, g), nil
			}, x, func(it optim.Iteration) error {
				if it.Value > last {
					t.Errorf("%s: the value rises from %v to %v", c.name, last, it.Value)
				}
				last = it.Value
				return nil
			})
			if err != nil || !it.Converged || memory != 1 && it.Number > c.most || evaluations > 20*it.Number {
				t.Errorf("%s, memory %d: %+v after %d evaluations, %v; want at most %d iterations", c.name, memory, it, evaluations, err, c.most)
			}
			for i, want := range c.want {
				if tol := 1e-6 * math.Max(1, math.Abs(want)); math.Abs(x[i]-want) > tol && c.name != "a flat bottom" || math.Abs(x[i]-want) > 1e-2 {
					t.Errorf("%s, memory %d: the minimum is %v; want %v", c.name, memory, x, c.want)
				}
			}
		}
	}
}

// Steps must meet both conditions: the value falls enough, and the slope along the step gets flat enough.
func TestStepsMeetTheWolfeConditions(t *testing.T) {
	for _, c := range functions {
		x := append([]float64(nil), c.start...)
		before, gBefore := append([]float64(nil), x...), make([]float64, len(x))
		f := c.f(before, gBefore)
		_, err := optim.LBFGS{Iterations: 15}.Minimize(func(x, g []float64) (float64, error) { return c.f(x, g), nil }, x, func(it optim.Iteration) error {
			if it.Converged || it.Gradient < 1e-6 {
				return nil
			}
			g := make([]float64, len(x))
			now := c.f(x, g)
			down, slope := 0.0, 0.0
			for i := range x {
				down += gBefore[i] * (x[i] - before[i])
				slope += g[i] * (x[i] - before[i])
			}
			if now > f+1e-4*down+1e-12*math.Abs(f) || math.Abs(slope) > -0.9*down*(1+1e-9) {
				t.Errorf("%s, iteration %d: f from %v to %v, slopes %v and %v", c.name, it.Number, f, now, down, slope)
			}
			f = now
			copy(before, x)
			copy(gBefore, g)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestLBFGSHandsErrorsOn(t *testing.T) {
	bad := errors.New("no power")
	fine := func(x, g []float64) (float64, error) { g[0] = 2 * x[0]; return x[0] * x[0], nil }
	if _, err := (optim.LBFGS{}).Minimize(func(_, _ []float64) (float64, error) { return 0, bad }, []float64{1}, nil); !errors.Is(err, bad) {
		t.Errorf("error %v of f", err)
	}
	if _, err := (optim.LBFGS{}).Minimize(fine, []float64{1}, func(optim.Iteration) error { return bad }); !errors.Is(err, bad) {
		t.Errorf("error %v of each", err)
	}
	if _, err := (optim.LBFGS{}).Minimize(fine, []float64{math.NaN()}, nil); err == nil || !strings.Contains(err.Error(), "no finite number") {
		t.Errorf("error %v of a start that is no number", err)
	}
	if _, err := (optim.LBFGS{Memory: -1}).Minimize(fine, []float64{1}, nil); err == nil || !strings.Contains(err.Error(), "history_size = -1") {
		t.Errorf("error %v of a negative memory", err)
	}
	if it, err := (optim.LBFGS{}).Minimize(fine, []float64{0}, nil); err != nil || !it.Converged || it.Number != 0 {
		t.Errorf("at the minimum: %+v, %v", it, err)
	}
}

func TestLimitsEndTheSearch(t *testing.T) {
	count := 0
	bowl := func(x, g []float64) (float64, error) {
		count++
		g[0], g[1] = 2*x[0], 20*x[1]*x[1]*x[1]
		return x[0]*x[0] + 5*math.Pow(x[1], 4), nil
	}
	for _, c := range []struct {
		name string
		o    optim.LBFGS
		held func(it optim.Iteration) bool
	}{
		{"iterations", optim.LBFGS{Iterations: 3}, func(it optim.Iteration) bool { return it.Number == 3 && !it.Converged }},
		// The iteration that is under way when the evaluations are used up is finished.
		{"evaluations", optim.LBFGS{Evaluations: 4}, func(it optim.Iteration) bool { return it.Calls >= 4 && it.Calls < 12 && !it.Converged }},
		{"change", optim.LBFGS{Change: 1e-2}, func(it optim.Iteration) bool { return it.Converged && it.Gradient > 1e-7 }},
		{"gradient", optim.LBFGS{Tolerance: 1e-2}, func(it optim.Iteration) bool { return it.Converged && it.Gradient <= 1e-2 && it.Gradient > 1e-7 }},
		{"short first steps", optim.LBFGS{LR: 1e-3, Iterations: 1}, func(it optim.Iteration) bool { return it.Value < 89 && it.Step > 0 && it.Number == 1 }},
	} {
		count = 0
		it, err := c.o.Minimize(bowl, []float64{3, 2}, nil)
		if err != nil || !c.held(it) || it.Calls != count {
			t.Errorf("%s: %+v after %d calls, %v", c.name, it, count, err)
		}
	}
	var s optim.LineSearch
	if err := s.UnmarshalText([]byte("armijo")); err == nil || !strings.Contains(err.Error(), "want strong_wolfe") {
		t.Errorf("another line search: %v", err)
	}
	if err := (optim.LBFGS{}).Apply(nil, nil, nil); err == nil || (optim.LBFGS{}).Rate() != 1 {
		t.Errorf("as an optimizer of single steps: %v", err)
	}
}

// A search that stops anywhere and goes on from where it stood takes the points of one that never stopped, to the bit, and
// asks for no value twice.
func TestASearchGoesOnToTheSameBits(t *testing.T) {
	for _, c := range functions {
		const stop = 5
		o := optim.LBFGS{Memory: 3, Iterations: 30}
		calls := 0
		f := func(x, g []float64) (float64, error) { calls++; return c.f(x, g), nil }
		whole := &optim.Search{X: slices.Clone(c.start)}
		if _, err := o.GoOn(f, whole, nil); err != nil {
			t.Fatal(err)
		}
		all := calls

		first := o
		first.Iterations = stop
		part := &optim.Search{X: slices.Clone(c.start)}
		calls = 0
		it, err := first.GoOn(f, part, nil)
		if err == nil && !it.Converged {
			copied := &optim.Search{X: slices.Clone(part.X), G: slices.Clone(part.G), Value: part.Value, S: slices.Clone(part.S), Y: slices.Clone(part.Y)}
			part, o.Iterations = copied, 30-stop
			_, err = o.GoOn(f, part, nil)
		}
		if err != nil || !reflect.DeepEqual(part, whole) || calls != all {
			t.Errorf("%s: %v after %d calls, %v; want %v after %d", c.name, part.X, calls, err, whole.X, all)
		}
	}
}
