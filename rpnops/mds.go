package rpnops

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"rpnc/graph"
)

// MDS, metric multidimensional scaling, keeps distances: it minimises Σ (‖yᵢ − yⱼ‖ − ‖xᵢ − xⱼ‖)² by majorisation from four
// random starts and takes the best. Errors: as many dimensions as rows.
//
// de Leeuw, Applications of Convex Analysis to Multidimensional Scaling (1977).
type MDS struct {
	Seed uint64 `yaml:"random_state"` // of the starts
}

func (MDS) name() string { return "MDS" }

func (MDS) fits(b, D int) error { return enough("MDS", b, D, D) }

// run tries four starts and keeps the embedding of least stress. Stress has local minima; one majorisation ends in
// the nearest and four are enough that the result hardly depends on the draw. Stress does not see rotations, so
// the result is turned to its principal axes: without that, equal data would give columns that differ from start
// to start.
func (o MDS) run(x *mat.Dense, D int, _ []*graph.Tensor) (mat.Matrix, error) {
	const starts = 4
	want := distancesOf(x)
	key := graph.NewKey(o.Seed, "MDS")
	var best *mat.Dense
	least := math.Inf(1)
	for start := range starts {
		if y, stress := majorise(want, randomStart(want.RawMatrix().Rows, D, key.Sub(uint64(start)), 1)); stress < least || best == nil {
			best, least = y, stress
		}
	}
	return principal("MDS", best)
}

// randomStart is b rows of D normal numbers of the given deviation.
func randomStart(b, D int, key graph.Key, std float64) *mat.Dense {
	y := mat.NewDense(b, D, nil)
	for i := range y.RawMatrix().Data {
		y.RawMatrix().Data[i] = std * key.Normal(uint64(i))
	}
	return y
}

// majorise repeats Guttman's transform y ← B(y)·y/b, which never raises the stress, until that stands still.
func majorise(want, y *mat.Dense) (*mat.Dense, float64) {
	const most, still = 300, 1e-7
	b, _ := y.Dims()
	before := math.Inf(1)
	for range most {
		have := distancesOf(y)
		stress := 0.0
		B := mat.NewDense(b, b, nil)
		for i := range b {
			for j := range i {
				d, w := have.At(i, j), want.At(i, j)
				stress += (d - w) * (d - w)
				ratio := w / max(d, 1e-12) // rows that fall together part again
				B.Set(i, j, -ratio)
				B.Set(j, i, -ratio)
				B.Set(i, i, B.At(i, i)+ratio)
				B.Set(j, j, B.At(j, j)+ratio)
			}
		}
		if before-stress <= still*stress {
			return y, stress
		}
		before = stress
		var next mat.Dense
		next.Mul(B, y)
		next.Scale(1/float64(b), &next)
		y = &next
	}
	return y, before
}
