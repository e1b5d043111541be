package rpnops

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"rpnc/graph"
)

// reference reads x and y, as rows, of a golden case of the compressions.
func reference(t *testing.T, id string) (x, y [][]float64) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "testdata", "golden", "compressions.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	type tensor struct {
		Shape []int
		Data  []float64
	}
	var family struct {
		Cases []struct {
			ID              string
			Inputs, Outputs map[string]json.RawMessage
		}
	}
	if err := json.NewDecoder(r).Decode(&family); err != nil {
		t.Fatal(err)
	}
	for _, c := range family.Cases {
		if c.ID == id {
			var in, out tensor
			if json.Unmarshal(c.Inputs["x"], &in) != nil || json.Unmarshal(c.Outputs["y"], &out) != nil {
				t.Fatalf("%s: no x and y", id)
			}
			return rowsOf(in.Data, in.Shape[1]), rowsOf(out.Data, out.Shape[1])
		}
	}
	t.Fatalf("there is no case %s", id)
	return nil, nil
}

// flatten joins rows.
func flatten(rows [][]float64) (out []float64) {
	for _, r := range rows {
		out = append(out, r...)
	}
	return out
}

// compress evaluates a compression on rows.
func compress(t *testing.T, k Transformation, train bool, rows [][]float64) [][]float64 {
	t.Helper()
	r := newTrial(t, train)
	out := k.Transform(r.s, r.input("x", len(rows), len(rows[0])))
	val, _ := r.run(out, map[string][]float64{"x": flatten(rows)})
	return rowsOf(val.Of(out).F, out.Shape().Dim(1))
}

// agrees compares with the reference, whose signs of eigenvectors are those of [flip], except of LLE's.
func agrees(id string, y, want [][]float64) bool {
	if id == "lle" {
		y = upToSigns(y, want)
	}
	return near(y, want, 1e-9)
}

// upToSigns multiplies the columns of y with the signs that bring them nearest to want.
func upToSigns(y, want [][]float64) [][]float64 {
	out := rowsOf(flatten(y), len(y[0]))
	for j := range y[0] {
		dot := 0.0
		for i := range y {
			dot += y[i][j] * want[i][j]
		}
		for i := range out {
			out[i][j] *= math.Copysign(1, dot)
		}
	}
	return out
}

func near(a, b [][]float64, tol float64) bool {
	return slices.EqualFunc(a, b, func(a, b []float64) bool {
		return slices.EqualFunc(a, b, func(a, b float64) bool { return math.Abs(a-b) <= tol })
	})
}

func TestFitsAgreeWithTheReference(t *testing.T) {
	for id, k := range map[string]Transformation{
		"incremental-pca":                IncrementalPCA{Reduced: Reduced{D: 2}},
		"incremental-variance-threshold": VarianceThreshold{Reduced: Reduced{D: 2}},
		"isomap":                         Embedding[Isomap]{Reduced: Reduced{D: 2}, Method: Isomap{NNeighbors: 3}},
		"lle":                            Embedding[LLE]{Reduced: Reduced{D: 2}, Method: LLE{NNeighbors: 3}},
		"manifold-configs":               ManifoldCompression{D: 2, NNeighbors: 3, Function: Embedding[Isomap]{}},
		"dimension-reduction-configs":    DimensionReduction{D: 3, Function: IncrementalPCA{}},
		"feature-selection-configs":      FeatureSelection{D: 3, Function: VarianceThreshold{}},
	} {
		x, want := reference(t, id)
		for _, train := range []bool{false, true} {
			y := compress(t, k, train, x)
			if !agrees(id, y, want) {
				t.Errorf("%s: have %v, want %v", id, y, want)
			}
		}
		if f, ok := k.(Fitter); ok {
			if p, err := f.Fit(x); err == nil {
				y := compress(t, p, false, x)
				if !agrees(id, y, want) {
					t.Errorf("%s: fitted %v, want %v", id, y, want)
				}
			}
		}
	}
}

// The reference numbers clusters as it likes: its columns in some order are ours, which come by their first columns of x.
func TestClustersAreThoseOfTheReference(t *testing.T) {
	x, want := reference(t, "incremental-feature-clustering")
	y := compress(t, FeatureClustering{Reduced: Reduced{D: 2}}, false, x)
	swapped := rowsOf(flatten(want), 2)
	for _, row := range swapped {
		slices.Reverse(row)
	}
	if !near(y, want, 1e-9) && !near(y, swapped, 1e-9) {
		t.Errorf("have %v, want %v in either order", y, want)
	}
	p, err := FeatureClustering{Reduced: Reduced{D: 2}}.Fit(x)
	if err != nil || p.Components[0][0] == 0 {
		t.Errorf("column 0 is not in cluster 0: %v, %v", p, err)
	}
}

// Two well separated groups of columns are the two clusters, whatever their order.
func TestClustersOfSeparateColumns(t *testing.T) {
	x := [][]float64{{0, 5, 0.1, 5.1, 0}, {1, 8, 1.1, 8, 1}, {2, 9, 2, 9.1, 2.1}}
	p, err := FeatureClustering{Reduced: Reduced{D: 2}}.Fit(x)
	want := [][]float64{{1. / 3, 0, 1. / 3, 0, 1. / 3}, {0, 0.5, 0, 0.5, 0}}
	if err != nil || !near(p.Components, want, 1e-12) {
		t.Errorf("have %v, %v; want %v", p.Components, err, want)
	}
}

// PCA over batches: directions and mean are those of all rows where nothing is cut away.
func TestIncrementalPCAOfBatchesIsThatOfAllRows(t *testing.T) {
	x, _ := reference(t, "incremental-pca")
	whole, err := IncrementalPCA{Reduced: Reduced{D: 6}}.Fit(x)
	parts, errParts := IncrementalPCA{Reduced: Reduced{D: 6}}.Fit(x[:6], x[6:7], x[7:])
	if err != nil || errParts != nil {
		t.Fatal(err, errParts)
	}
	if !near(whole.Components, parts.Components, 1e-9) || !near([][]float64{whole.Mean}, [][]float64{parts.Mean}, 1e-12) {
		t.Errorf("in batches %v, at once %v", parts, whole)
	}
	for _, row := range whole.Components {
		if m := slices.MaxFunc(row, func(a, b float64) int { return int(math.Copysign(1, math.Abs(a)-math.Abs(b))) }); m < 0 {
			t.Errorf("the largest entry of %v is negative", row)
		}
	}
	if _, err := (IncrementalPCA{Reduced: Reduced{D: 3}}).Fit(x[:2]); err == nil || !strings.Contains(err.Error(), "first batch of 2 rows for D = 3") {
		t.Errorf("a short first batch: %v", err)
	}
}

// In a graph the states move in training and are used in evaluation, and nothing flows back to x.
func TestFitsInGraphs(t *testing.T) {
	x, _ := reference(t, "incremental-pca")
	for _, k := range []Fitter{
		IncrementalPCA{Reduced: Reduced{D: 2}}, VarianceThreshold{Reduced: Reduced{D: 2}},
		FeatureClustering{Reduced: Reduced{D: 2}}, RandomProjection{Reduced: Reduced{D: 2}},
	} {
		r := newTrial(t, true)
		in := r.input("x", 4, 6)
		y := k.Transform(r.s, in)
		if d := graph.VJP(y, r.s.Const(y.Type(), 1), in)[0]; d != nil {
			t.Errorf("%T: a gradient flows to x", k)
		}
		leaves := graph.Leaves{}
		leaves.Fill(r.s.G, 1)
		for _, batch := range [][][]float64{x[:4], x[4:]} {
			leaves["x"] = &graph.Tensor{Type: in.Type(), F: flatten(batch)}
			val, err := graph.Run(r.s.G, leaves)
			if err != nil {
				t.Fatal(err)
			}
			leaves.Commit(r.s.G, val)
		}
		want, err := k.Fit(x[:4], x[4:])
		if _, random := k.(RandomProjection); random {
			want = Projection{Components: rowsOf(leaves["components"].F, 6)}
		}
		if err != nil {
			t.Fatal(err)
		}
		e := newTrial(t, false)
		out := k.Transform(e.s, e.input("x", 1, 6)) // one row, which alone could not be fitted to
		leaves["x"] = &graph.Tensor{Type: e.s.Type(1, 6), F: x[7]}
		val, err := graph.Run(e.s.G, leaves, out)
		if err != nil || len(e.s.G.Updates()) != 0 {
			t.Fatalf("%T in evaluation: %v, %d updates", k, err, len(e.s.G.Updates()))
		}
		fitted := compress(t, want, false, x[7:])
		if have := [][]float64{val.Of(out).F}; !near(have, fitted, 1e-9) {
			t.Errorf("%T after training: %v, want %v as from Fit", k, have, fitted)
		}
	}
}

// A running average stays once a batch hardly moves it.
func TestVariancesStayOnceTheyHardlyMove(t *testing.T) {
	a, b := [][]float64{{0, 0, 1}, {0, 2, 1}}, [][]float64{{9, 0, 0}, {-9, 0, 0}}
	method := varianceThreshold{true}
	state := []*graph.Tensor{graph.NewTensor(averageTypes(3)[0]), graph.NewTensor(averageTypes(3)[1])}
	for i, e := range []struct {
		x    [][]float64
		want []float64
		n    int32
	}{
		{a, []float64{0, 2, 0}, 1},
		{b, []float64{81, 1, 0}, 2},
		{a, []float64{54, 4. / 3, 0}, 3},
		{[][]float64{{0, 0, 0}, {math.Sqrt(108), math.Sqrt(8. / 3), 0.01}}, []float64{54, 4. / 3, 5e-5 / 4}, -4},
		{b, []float64{54, 4. / 3, 5e-5 / 4}, -4},
	} {
		x, err := matrixOf("test", e.x)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := method.run(x, 1, state); err != nil {
			t.Fatal(err)
		}
		if !near([][]float64{state[1].F}, [][]float64{e.want}, 1e-9) || state[0].I[0] != e.n {
			t.Errorf("batch %d: %v after %d, want %v after %d", i, state[1].F, state[0].I[0], e.want, e.n)
		}
	}
}

func TestRandomProjectionKeepsDistancesOnAverage(t *testing.T) {
	const m, D, seeds = 16, 4, 400
	sum, zeros := 0.0, 0
	for seed := range uint64(seeds) {
		p, err := RandomProjection{Reduced: Reduced{D: D}, Seed: seed}.Fit([][]float64{make([]float64, m)})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range p.Components {
			sum += row[0] * row[0] / seeds // of the first unit vector
			for _, v := range row {
				if v == 0 {
					zeros++
				} else if math.Abs(math.Abs(v)-1) > 1e-12 { // √(√16/4)
					t.Fatalf("entry %v, want 0 or ±1", v)
				}
			}
		}
	}
	if share := float64(zeros) / (m * D * seeds); math.Abs(sum-1) > 0.15 || math.Abs(share-0.75) > 0.02 {
		t.Errorf("a unit vector has squared length %v on average, %v of the entries are 0; want 1 and 0.75", sum, share)
	}
}

// ring is b points on a circle in three dimensions.
func ring(b int) (x [][]float64) {
	for i := range b {
		a := 2 * math.Pi * float64(i) / float64(b)
		x = append(x, []float64{math.Cos(a), math.Sin(a), math.Cos(a) + 0.5*math.Sin(a)})
	}
	return x
}

// Points of a plane keep their distances under MDS and, with all others as neighbours, under Isomap.
func TestEmbeddingsKeepDistancesOfAPlane(t *testing.T) {
	x := ring(9)
	want := distancesOf(mat.NewDense(9, 3, flatten(x)))
	for _, k := range []interface {
		Embed([][]float64) ([][]float64, error)
	}{Embedding[MDS]{Reduced: Reduced{D: 2}}, Embedding[Isomap]{Reduced: Reduced{D: 2}, Method: Isomap{NNeighbors: 8}}} {
		y, err := k.Embed(x)
		if err != nil {
			t.Fatal(err)
		}
		if have := distancesOf(mat.NewDense(9, 2, flatten(y))); !mat.EqualApprox(have, want, 1e-3) {
			t.Errorf("%T: distances differ by up to %v", k, mat.Norm(difference(have, want), math.Inf(1)))
		}
	}
}

func difference(a, b mat.Matrix) *mat.Dense {
	var d mat.Dense
	d.Sub(a, b)
	return &d
}

// Embeddings keep two far groups apart, also where no neighbour is in the other one, and are repeatable.
func TestEmbeddingsOfTwoGroups(t *testing.T) {
	var x [][]float64
	for g := range 2 {
		for _, p := range ring(12) {
			x = append(x, []float64{p[0] + 40*float64(g), p[1], p[2]})
		}
	}
	for _, k := range []interface {
		Embed([][]float64) ([][]float64, error)
	}{
		Embedding[Isomap]{Reduced: Reduced{D: 2}, Method: Isomap{NNeighbors: 2}},
		Embedding[TSNE]{Reduced: Reduced{D: 2}, Method: TSNE{Perplexity: 4}},
		Embedding[MDS]{Reduced: Reduced{D: 2}, Method: MDS{Seed: 1}},
	} {
		y, err := k.Embed(x)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := k.Embed(x)
		if fmt.Sprint(y) != fmt.Sprint(again) {
			t.Errorf("%T: another result the second time", k)
		}
		d := distancesOf(mat.NewDense(24, 2, flatten(y)))
		within, across := 0.0, math.Inf(1)
		for i := range 24 {
			nearest := math.Inf(1)
			for j := range 24 {
				switch {
				case i/12 != j/12:
					across = min(across, d.At(i, j))
				case i != j:
					nearest = min(nearest, d.At(i, j))
				}
			}
			within = max(within, nearest)
		}
		if within >= across {
			t.Errorf("%T: rows are up to %v from their own group and %v from the other", k, within, across)
		}
	}
}

// The affinities of t-SNE have the perplexity that is asked for. On a regular polygon no row differs from another, so that
// P is p_{j|i}/b.
func TestAffinitiesHaveThePerplexity(t *testing.T) {
	polygon := mat.NewDense(9, 2, nil)
	for i := range 9 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 9)
		polygon.SetRow(i, []float64{30 * cos, 30 * sin})
	}
	p := affinities(distancesOf(polygon), 3)
	for i := range 9 {
		entropy, sum := 0.0, 0.0
		for _, v := range p.RawRowView(i) {
			if q := 9 * v; q > 0 {
				sum += q
				entropy -= q * math.Log(q)
			}
		}
		if math.Abs(math.Exp(entropy)-3) > 1e-6 || math.Abs(sum-1) > 1e-9 || p.At(i, i) != 0 {
			t.Errorf("row %d: perplexity %v, sum %v, p_ii = %v; want 3, 1, 0", i, math.Exp(entropy), sum, p.At(i, i))
		}
	}
}

// The slope of t-SNE is that of KL(P‖Q), by differences.
func TestTSNEDescendsItsDivergence(t *testing.T) {
	p := affinities(distancesOf(mat.NewDense(6, 3, flatten(ring(6)))), 3)
	y := randomStart(6, 2, graph.NewKey(1, "y"), 1)
	divergence := func() (sum float64) {
		total := 0.0
		for i := range 6 {
			for j := range 6 {
				if i != j {
					total += 1 / (1 + squaredDistance(y.RawRowView(i), y.RawRowView(j)))
				}
			}
		}
		for i := range 6 {
			for j := range 6 {
				if i != j {
					sum += p.At(i, j) * math.Log(p.At(i, j)*total*(1+squaredDistance(y.RawRowView(i), y.RawRowView(j))))
				}
			}
		}
		return sum
	}
	slope := tsneGradient(p, y, 1)
	for i, at := range y.RawMatrix().Data {
		const h = 1e-5
		y.RawMatrix().Data[i] = at + h
		up := divergence()
		y.RawMatrix().Data[i] = at - h
		down := divergence()
		y.RawMatrix().Data[i] = at
		if want := (up - down) / (2 * h); math.Abs(slope.RawMatrix().Data[i]-want) > 1e-8 {
			t.Errorf("slope %d is %v, differences say %v", i, slope.RawMatrix().Data[i], want)
		}
	}
}

func TestFitMistakes(t *testing.T) {
	x := ring(8)
	wide := Reduced{D: 2}
	for want, k := range map[string]Transformation{
		"D = 4 of 3 columns":                       IncrementalPCA{Reduced: Reduced{D: 4}},
		"D = 0 of 3 columns":                       RandomProjection{},
		"are names of one number":                  VarianceThreshold{Reduced: Reduced{D: 1, NFeature: 2}},
		"n_neighbors = 8 in a batch of 8 rows":     Embedding[Isomap]{Reduced: wide, Method: Isomap{NNeighbors: 8}},
		"n_neighbors = 1 in a batch":               Embedding[LLE]{Reduced: wide, Method: LLE{NNeighbors: 1}},
		"perplexity 0 in a batch of 8 rows":        Embedding[TSNE]{Reduced: wide},
		"no components":                            Projection{},
		"component 0 has 2 entries for 3 columns":  Projection{Components: [][]float64{{1, 2}}},
		"the mean has 1 entries":                   Projection{Components: [][]float64{{1, 2, 3}}, Mean: []float64{1}},
		"FeatureSelection: no function":            FeatureSelection{D: 2},
		"IncrementalPCA: D = 1 of its own and D =": DimensionReduction{D: 2, Function: IncrementalPCA{Reduced: Reduced{D: 1}}},
	} {
		r := newTrial(t, false)
		k.Transform(r.s, r.input("x", 8, 3))
		r.wantError(want)
	}
	for want, fit := range map[string]func() error{
		"has no map for new rows": func() error { _, err := Embedding[MDS]{Reduced: wide}.Fit(x); return err },
		"Fit to no data":          func() error { _, err := IncrementalPCA{Reduced: wide}.Fit(); return err },
		"row 1 has 2 columns": func() error {
			_, err := VarianceThreshold{Reduced: wide}.Fit([][]float64{{1, 2, 3}, {1, 2}})
			return err
		},
		"x[0][1] is NaN":            func() error { _, err := FeatureClustering{Reduced: wide}.Fit([][]float64{{1, math.NaN()}}); return err },
		"batch 1 has 2 columns":     func() error { _, err := IncrementalPCA{Reduced: wide}.Fit(x, [][]float64{{1, 2}}); return err },
		"one row has no variance":   func() error { _, err := VarianceThreshold{Reduced: wide}.Fit(x[:1]); return err },
		"has no map for new rows; ": func() error { _, err := ManifoldCompression{D: 2, Function: Embedding[LLE]{}}.Fit(x); return err },
	} {
		if err := fit(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
