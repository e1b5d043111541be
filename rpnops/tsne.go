package rpnops

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"rpnc/graph"
)

// TSNE, t-distributed stochastic neighbour embedding, keeps who is whose neighbour: it minimises KL(P‖Q) for
//
//	p_{j|i} ∝ exp(−βᵢ·‖xᵢ − xⱼ‖²),  P = (p_{j|i} + p_{i|j})/2b,  q_ij ∝ 1/(1 + ‖yᵢ − yⱼ‖²)
//
// with βᵢ such that p_{·|i} has the entropy ln(perplexity), by a thousand steps of gradient descent from a random start,
// each of b² operations. Errors: no perplexity, one that is not in (1, b), more than three dimensions.
//
// van der Maaten and Hinton, Visualizing Data using t-SNE (2008).
//
// The rate is b/48, at least 50, the exaggeration 12 for 250 steps and the momentum 0.5, then 0.8; a
// step costs O(b²·D), the affinities O(b²) for each of up to 100 bisections.
type TSNE struct {
	Perplexity float64 `yaml:"perplexity"`   // there is no default
	Seed       uint64  `yaml:"random_state"` // of the start
}

func (TSNE) name() string { return "TSNE" }

// fits says what keeps b rows from an embedding in D columns. The perplexity is an effective number of neighbours,
// so it lies between 1 and the number of rows.
func (o TSNE) fits(b, D int) error {
	switch {
	case D > 3:
		return errorf("TSNE", "D = %d; want 1…3", D)
	case !(o.Perplexity > 1 && o.Perplexity < float64(b)):
		return errorf("TSNE", "perplexity %v in a batch of %d rows; want a number above 1 and below %d", o.Perplexity, b, b)
	}
	return nil
}

// run descends with momentum and a gain for every coordinate; P is exaggerated at first, so that groups form.
//
// Gains follow delta-bar-delta: a coordinate whose slope keeps pointing against its velocity, that is
// onward, is given 0.2 more, and one that turns loses a fifth.
func (o TSNE) run(x *mat.Dense, D int, _ []*graph.Tensor) (mat.Matrix, error) {
	const steps, early, exaggeration = 1000, 250, 12
	b, _ := x.Dims()
	p := affinities(distancesOf(x), o.Perplexity)
	y := randomStart(b, D, graph.NewKey(o.Seed, "TSNE"), 1e-4)
	velocity, gain := make([]float64, b*D), make([]float64, b*D)
	for i := range gain {
		gain[i] = 1
	}
	rate := max(float64(b)/exaggeration/4, 50)
	for step := range steps {
		factor, momentum := 1.0, 0.8
		if step < early {
			factor, momentum = exaggeration, 0.5
		}
		slope := tsneGradient(p, y, factor)
		for i, g := range slope.RawMatrix().Data {
			if (g > 0) == (velocity[i] > 0) {
				gain[i] = max(0.8*gain[i], 0.01)
			} else {
				gain[i] += 0.2
			}
			velocity[i] = momentum*velocity[i] - rate*gain[i]*g
			y.RawMatrix().Data[i] += velocity[i]
		}
	}
	return principal("TSNE", y)
}

// tsneGradient is 4·Σⱼ (c·p_ij − q_ij)·(yᵢ − yⱼ)/(1 + ‖yᵢ − yⱼ‖²).
//
// The Student kernel's normalisation needs all pairs, so near is computed once, symmetric, and used
// twice.
func tsneGradient(p, y *mat.Dense, c float64) *mat.Dense {
	b, D := y.Dims()
	near, total := mat.NewDense(b, b, nil), 0.0
	for i := range b {
		for j := range i {
			v := 1 / (1 + squaredDistance(y.RawRowView(i), y.RawRowView(j)))
			near.Set(i, j, v)
			near.Set(j, i, v)
			total += 2 * v
		}
	}
	g := mat.NewDense(b, D, nil)
	for i := range b {
		row := g.RawRowView(i)
		for j := range b {
			v := near.At(i, j)
			pull := 4 * (c*p.At(i, j) - v/total) * v
			for k := range row {
				row[k] += pull * (y.At(i, k) - y.At(j, k))
			}
		}
	}
	return g
}

// affinities is P. β of each row is found by bisection of its logarithm's bounds.
//
// The interval is doubled while it has no upper end. Entropy falls in β, hence the direction.
func affinities(distances *mat.Dense, perplexity float64) *mat.Dense {
	b, _ := distances.Dims()
	p := mat.NewDense(b, b, nil)
	for i := range b {
		lo, hi, beta := 0.0, math.Inf(1), 1.0
		for range 100 {
			switch entropy := conditional(p.RawRowView(i), distances.RawRowView(i), i, beta); {
			case math.Abs(entropy-math.Log(perplexity)) < 1e-10:
				hi = lo // found
			case entropy > math.Log(perplexity):
				lo = beta
			default:
				hi = beta
			}
			if hi <= lo {
				break
			}
			if beta = (lo + hi) / 2; math.IsInf(hi, 1) {
				beta = 2 * lo
			}
		}
	}
	var sum mat.Dense
	sum.Add(p, p.T())
	sum.Scale(1/(2*float64(b)), &sum)
	return &sum
}

// conditional sets row to p_{·|i} for one β and answers with its entropy. The smallest distance is taken off, which
// cancels, so that not all exponentials vanish.
//
// H = ln Σ e^(−βe) + β·Σ e·e^(−βe)/Σ, which has no logarithm of a single probability that may be 0.
func conditional(row, distances []float64, i int, beta float64) (entropy float64) {
	least := math.Inf(1)
	for j, d := range distances {
		if j != i {
			least = min(least, d*d)
		}
	}
	total, moment := 0.0, 0.0
	for j, d := range distances {
		if row[j] = 0; j != i {
			e := d*d - least
			row[j] = math.Exp(-beta * e)
			total += row[j]
			moment += beta * e * row[j]
		}
	}
	for j := range row {
		row[j] /= total
	}
	return math.Log(total) + moment/total
}
