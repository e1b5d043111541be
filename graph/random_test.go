package graph_test

import (
	"fmt"
	"math"
	"math/bits"
	"testing"

	"rpnc/graph"
)

func TestDrawsDependOnSeedNameAndElementOnly(t *testing.T) {
	draw := func(seed uint64, name string, n int) []float64 {
		return graph.Normal(0, 1).Tensor(f64(n), seed, name).F
	}
	a := draw(1, "heads.0.w", 100)
	if !near(draw(1, "heads.0.w", 100), a, 0) || !near(draw(1, "heads.0.w", 1000)[:100], a, 0) {
		t.Error("a second draw or a longer one differs")
	}
	for what, b := range map[string][]float64{"seed": draw(2, "heads.0.w", 100), "name": draw(1, "heads.1.w", 100)} {
		for i := range b {
			if a[i] == b[i] {
				t.Fatalf("another %s, the same element %d", what, i)
			}
		}
	}
	build := func(names ...string) graph.Leaves {
		g, l := graph.New(), graph.Leaves{}
		for _, name := range names {
			g.Param(name, f64(5), graph.Normal(0, 1))
		}
		l.Fill(g, 3)
		return l
	}
	x, y := build("a", "b"), build("b", "c", "a")
	if !near(x["a"].F, y["a"].F, 0) || !near(x["b"].F, y["b"].F, 0) {
		t.Error("the order of creation matters")
	}
}

// These numbers are in checkpoints and published results: a change here is a break.
func TestTheStreamNeverChanges(t *testing.T) {
	k := graph.NewKey(42, "layers.0.heads.0.w")
	have := fmt.Sprintf("%x %x %.15f %.15f", k.Bits(0), k.Sub(7).Bits(1), k.Uniform(2), k.Normal(3))
	if want := streamGolden; have != want {
		t.Errorf("have %s\nwant %s", have, want)
	}
}

// moments is mean and variance.
func moments(v []float64) (mean, variance float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		variance += (x - mean) * (x - mean) / float64(len(v))
	}
	return mean, variance
}

func TestDrawsHaveTheirMoments(t *testing.T) {
	const n = 100000
	for _, c := range []struct {
		what           string
		init           graph.Init
		mean, variance float64
		lo, hi         float64
	}{
		{"uniform", graph.Uniform(-1, 3), 1, 16. / 12, -1, 3},
		{"normal", graph.Normal(2, 0.5), 2, 0.25, 2 - 0.5*7, 2 + 0.5*7},
		{"bernoulli", graph.Bernoulli(0.2), 0.2, 0.16, 0, 1},
		{"ternary", graph.Ternary(3, 0.4), 0, 3.6, -3, 3},
		{"fill", graph.Fill(3), 3, 0, 3, 3},
		{"zeros", graph.Zeros(), 0, 0, 0, 0},
	} {
		v := c.init.Tensor(f64(n), 5, "w").F
		mean, variance := moments(v)
		sd := math.Sqrt(c.variance / n)
		if math.Abs(mean-c.mean) > 4*sd+1e-9 || math.Abs(variance-c.variance) > 0.02*c.variance+1e-9 {
			t.Errorf("%s: mean %v, variance %v; want %v, %v", c.what, mean, variance, c.mean, c.variance)
		}
		for _, x := range v {
			if !(x >= c.lo && x <= c.hi) {
				t.Fatalf("%s: %v is outside %v…%v", c.what, x, c.lo, c.hi)
			}
		}
	}
}

func TestStreamsAreIndependent(t *testing.T) {
	const n = 20000
	base := graph.NewKey(1, "a")
	for what, other := range map[string]graph.Key{
		"name": graph.NewKey(1, "b"), "seed": graph.NewKey(2, "a"), "sub": base.Sub(0), "next sub": base.Sub(1), "sub of sub": base.Sub(0).Sub(0),
	} {
		cov := 0.0
		for i := range uint64(n) {
			cov += (base.Uniform(i) - 0.5) * (other.Uniform(i) - 0.5) * 12 / n
		}
		if math.Abs(cov) > 4/math.Sqrt(n) {
			t.Errorf("another %s: correlation %v", what, cov)
		}
	}
	serial, ones := 0.0, 0
	for i := range uint64(n) {
		serial += (base.Uniform(i) - 0.5) * (base.Uniform(i+1) - 0.5) * 12 / n
		ones += bits.OnesCount64(base.Bits(i))
	}
	if math.Abs(serial) > 4/math.Sqrt(n) || math.Abs(float64(ones)-32*n) > 4*4*math.Sqrt(n) {
		t.Errorf("serial correlation %v, %d ones of %d bits", serial, ones, 64*n)
	}
}

func TestGivenAndIntegerInitialValues(t *testing.T) {
	if v := graph.Given(1, 2).Tensor(f64(3), 1, "w").F; fmt.Sprint(v) != "[1 2 0]" {
		t.Errorf("given %v", v)
	}
	if v := graph.Uniform(0, 4).Tensor(graph.Type{DType: graph.I32, Shape: graph.Sh(400)}, 1, "n").I; len(v) != 400 || distinct(v) != 4 {
		t.Errorf("integers on 0…3: %d different ones", distinct(v))
	}
	if graph.Given(1, 2) != graph.Given(1, 2) || graph.Given(1) == graph.Given(2) || graph.Fill(0) != graph.Zeros() {
		t.Error("initial values do not compare by content")
	}
}

func distinct(v []int32) int {
	m := map[int32]bool{}
	for _, x := range v {
		m[x] = true
	}
	return len(m)
}

const streamGolden = "fef4b8b11265fbda 23bec4597eeecb40 0.275641564843195 0.483050166941177"
