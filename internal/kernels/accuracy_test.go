package kernels_test

import (
	"math"
	"math/big"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// How exact the maps are. Float32 is scanned against package math in float64, which is right to a few 1e-9 of its unit; float64 against
// the references of 256 bits. Both tests log the worst error of each map: go test -run Ulp -v.

// exhaustive names the maps, or "all", that are to be tested on every float32 there is: minutes for each map and table.
const exhaustive = "RPNC_EXHAUSTIVE"

// worst is the largest error seen, in units of the last place, and where.
type worst struct{ ulps, at float64 }

func (w *worst) see(ulps, at float64) {
	if ulps > w.ulps {
		*w = worst{ulps, at}
	}
}

// scan compares u with its reference on x, using got as scratch. Errors of half a unit or less are not looked at.
func (w *worst) scan(t *testing.T, u unary[float32], got, x []float32) bool {
	u.f(got, x)
	for i, v := range x {
		want := u.ref(float64(v))
		if math.Float32bits(got[i]) == math.Float32bits(float32(want)) {
			continue // correctly rounded, as most are: off by half a unit at most
		}
		if !matches(got[i], want, u.ulps) {
			t.Errorf("%s(%v) = %v, want %v within %v ulp", u.name, v, got[i], float32(want), u.ulps)
			return false
		}
		if err := math.Abs(float64(got[i])-want) / ulp[float32](want); !math.IsInf(float64(got[i]), 0) {
			w.see(err, float64(v))
		}
	}
	return true
}

// scanned are the maps that have a bound.
func scanned() (out []unary[float32]) {
	for _, u := range unaries[float32]() {
		if u.ulps > 0 {
			out = append(out, u)
		}
	}
	return out
}

func TestFloat32MapsStayWithinTheirUlpsOverAllExponents(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		const stride = 20011 // prime: all exponents, mantissas spread
		x := make([]float32, 0, 1<<32/stride+1)
		for bits := uint64(0); bits < 1<<32; bits += stride {
			x = append(x, math.Float32frombits(uint32(bits)))
		}
		// The range where the functions bend is worth more points.
		for i := -50_000; i < 50_000; i++ {
			x = append(x, float32(i)*0.0021)
		}
		got := make([]float32, len(x))
		for _, u := range scanned() {
			w := worst{ulps: 0.5}
			w.scan(t, u, got, x)
			t.Logf("%s: %.3f ulp at %v", u.name, w.ulps, w.at)
		}
	})
}

func TestFloat32MapsStayWithinTheirUlpsOnEveryFloat(t *testing.T) {
	names := os.Getenv(exhaustive)
	if names == "" {
		t.Skipf("minutes for each map; set %s=all or to names such as Exp,Erf", exhaustive)
	}
	onEveryTable(t, func(t *testing.T) {
		for _, u := range scanned() {
			if names != "all" && !strings.Contains(","+names+",", ","+u.name+",") {
				continue
			}
			start := time.Now()
			w := scanAll(t, u)
			t.Logf("%s: %.4f ulp at %v, %.0f s", u.name, w.ulps, w.at, time.Since(start).Seconds())
		}
	})
}

// scanAll tests u on all 2³² floats, on every core.
func scanAll(t *testing.T, u unary[float32]) (out worst) {
	const block = 1 << 16
	var all sync.WaitGroup
	var mu sync.Mutex
	cores := runtime.GOMAXPROCS(0)
	for c := range cores {
		all.Go(func() {
			w := worst{ulps: 0.5}
			got, x := make([]float32, block), make([]float32, block)
			for first := c * block; first < 1<<32; first += cores * block {
				for i := range x {
					x[i] = math.Float32frombits(uint32(first + i))
				}
				if !w.scan(t, u, got, x) {
					break
				}
			}
			mu.Lock()
			defer mu.Unlock()
			out.see(w.ulps, w.at)
		})
	}
	all.Wait()
	return out
}

// samples64 are float64 arguments: all exponents, the range where functions bend, the ends of their domains, and near multiples of π/2.
func samples64(thin uint64) (x []float64) {
	stride := thin * 0x003f_1234_5678_9abd // all exponents, mantissas spread
	for bits := uint64(0); bits < math.MaxUint64-stride; bits += stride {
		x = append(x, math.Float64frombits(bits))
	}
	for i := -1500; i < 1500; i += 3 * int(thin) {
		v := float64(i)
		x = append(x, v*0.000713, v*0.00613, v*0.513, 1+v*0x1p-52, v*math.Pi/2)
	}
	return x
}

func TestFloat64MapsStayWithinTheirUlpsOf256Bits(t *testing.T) {
	x := samples64(1)
	if testing.Short() {
		x = samples64(8)
	}
	want := map[string][]*big.Float{}
	var all sync.WaitGroup
	for name, f := range bigMaps {
		y := make([]*big.Float, len(x))
		want[name] = y
		all.Go(func() {
			for i, v := range x {
				if !math.IsNaN(v) && !math.IsInf(v, 0) {
					y[i] = f(v)
				}
			}
		})
	}
	all.Wait()
	onEveryTable(t, func(t *testing.T) {
		bound := 2.0
		if strings.HasSuffix(t.Name(), "=go") { // package math's own
			bound = 3
		}
		got := make([]float64, len(x))
		for _, u := range unaries[float64]() {
			if want[u.name] == nil {
				continue
			}
			u.f(got, x)
			var w worst
			for i, v := range x {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					continue
				}
				d := distance(got[i], want[u.name][i])
				if math.Abs(v) > 1<<28 && (u.name == "Sin" || u.name == "Cos") { // package math's, to 2⁻⁵² or so
					d = math.Abs(got[i]-nearest(want[u.name][i])) * 0x1p52
				}
				w.see(d, v)
			}
			t.Logf("%s: %.3f ulp at %v", u.name, w.ulps, w.at)
			if w.ulps > bound {
				t.Errorf("%s(%v) is off by %.3f ulp; %v are allowed", u.name, w.at, w.ulps, bound)
			}
		}
	})
}

// nearest is the float64 that is closest to y.
func nearest(y *big.Float) float64 {
	v, _ := y.Float64()
	return v
}

// distance is |got − want| in units of the last place; Inf where one is a number and the other not.
func distance(got float64, want *big.Float) float64 {
	if want == nil || got != got {
		if want == nil && got != got {
			return 0
		}
		return inf
	}
	near := nearest(want)
	if math.IsInf(near, 0) || math.IsInf(got, 0) {
		if near == got {
			return 0
		}
		if math.Abs(near) > math.MaxFloat64*(1-0x1p-50) && near*got > 0 { // either may be a rounding away
			return 1
		}
		return inf
	}
	return math.Abs(nearest(sub(num(got), want))) / ulp[float64](near)
}
