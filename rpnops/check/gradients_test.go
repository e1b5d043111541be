package check_test

import (
	"math"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/rpnops"
	"rpnc/rpnops/check"
)

// notDifferentiable lists all functions whose gradients no test compares with differences, and why.
var notDifferentiable = map[string]string{
	"harr_wavelet_expansion":                           "a step function: the gradient is 0, differences see the steps",
	"incremental_PCA_based_compression":                "fitted to data: x is detached",
	"incremental_feature_clustering_based_compression": "fitted to data: x is detached",
	"incremental_random_projection_based_compression":  "detaches x, as every function that can be fitted",
	"incremental_variance_threshold_based_compression": "fitted to data: x is detached",
	"feature_selection_compression":                    "runs a fitted function",
	"dimension_reduction_compression":                  "runs a fitted function",
	"manifold_compression":                             "runs a manifold",
	"isomap_manifold_compression":                      "places the rows of a batch: x is detached",
	"lle_manifold_compression":                         "places the rows of a batch: x is detached",
	"mds_manifold_compression":                         "places the rows of a batch: x is detached",
	"spectral_embedding_manifold_compression":          "places the rows of a batch: x is detached",
	"tsne_manifold_compression":                        "places the rows of a batch: x is detached",
}

func TestEveryFunctionIsDifferentiableOrSaysWhyNot(t *testing.T) {
	left := map[string]bool{}
	for name := range notDifferentiable {
		left[name] = true
	}
	for _, e := range rpnops.Entries() {
		if _, listed := notDifferentiable[e.Name]; (e.Order < 1) != listed {
			t.Errorf("%s has order %d; is it in the table of functions without a gradient: %v", e.Name, e.Order, listed)
		}
		delete(left, e.Name)
	}
	if len(left) > 0 || len(notDifferentiable) > 20 {
		t.Errorf("%d functions in the table, of which %v are not registered; want at most 20", len(notDifferentiable), left)
	}
}

// precise is how far gradients in f32 may be from those in f64, relative to the largest entry. No function is excepted.
const precise = 2e-5

func TestSinglePrecisionGradientsAreCloseToDouble(t *testing.T) {
	worst, where, compared := 0.0, "", 0
	for _, e := range rpnops.Entries() {
		for i, f := range e.Samples {
			rows, cols, ok := check.Size(e, f)
			if !ok {
				continue // patches
			}
			call := call{e, f, rows, cols}
			d := call.difference(t)
			if compared++; d > worst {
				worst, where = d, e.Name
			}
			if !(d <= precise) {
				t.Errorf("%s, sample %d %T%+v, at %d×%v: gradients in f32 are off by %.1e of the largest entry; want %.0e", e.Name, i, f, f, rows, cols, d, precise)
			}
		}
	}
	t.Logf("%d settings, worst %.1e: %s", compared, worst, where)
}

// call is a function at a size.
type call struct {
	entry rpnops.Entry
	f     any
	rows  int
	cols  []int
}

// difference is how far the gradients in f32, compiled, are from those in f64, interpreted, of the same rounded numbers.
func (c call) difference(t *testing.T) (worst float64) {
	t.Helper()
	fast := c.gradients(t, graph.F32, &compile.Options{VM: compile.Plan})
	exact := c.gradients(t, graph.F64, &compile.Options{VM: compile.Interpreter, Level: compile.O0})
	for i, want := range exact {
		most, off := 0.0, 0.0
		for j, v := range want.F {
			most, off = max(most, math.Abs(v)), max(off, math.Abs(v-fast[i].F[j])) // NaN stays
		}
		if off > 0 || math.IsNaN(off) {
			worst = max(worst, off/most)
		}
	}
	return worst
}

// gradients are those of all data and parameters for a random cotangent.
func (c call) gradients(t *testing.T, d graph.DType, o *compile.Options) []*graph.Tensor {
	t.Helper()
	g := graph.New()
	s := rpnops.NewScope(g, true, d)
	s.Seed = 7
	y, err := check.Build(s, c.f, c.rows, c.cols...)
	if err != nil {
		t.Fatalf("%s: %v", c.entry.Name, err)
	}
	wrt := append(g.Leaves(graph.InputLeaf), g.Leaves(graph.ParamLeaf)...)
	if y == nil || len(wrt) == 0 {
		return nil
	}
	dy := g.Input("dy", y.Type())
	values := c.values(g)
	store := compile.NewStore()
	for _, kind := range []graph.LeafKind{graph.ParamLeaf, graph.StateLeaf} {
		for _, n := range g.Leaves(kind) {
			l, _ := n.Leaf()
			if err := store.Set(l.Path, values[l.Path]); err != nil {
				t.Fatal(err)
			}
			delete(values, l.Path)
		}
	}
	p, err := compile.WithGrad(g, store, o, y, dy, wrt)
	if err != nil {
		t.Fatalf("%s: %v", c.entry.Name, err)
	}
	defer p.Close()
	for name := range values {
		if _, read := p.Inputs()[name]; !read {
			delete(values, name)
		}
	}
	out, err := p.RunTensors(values)
	if err != nil {
		t.Fatalf("%s: %v", c.entry.Name, err)
	}
	return out[1:]
}

// values draws all leaves of a graph, data and parameters in the range of the entry, as numbers that f32 has.
func (c call) values(g *graph.Graph) graph.Leaves {
	lo, hi := c.entry.Lo, c.entry.Hi
	if lo == 0 && hi == 0 {
		lo, hi = -1, 1
	}
	values := graph.Leaves{}
	for _, kind := range []graph.LeafKind{graph.InputLeaf, graph.ParamLeaf} {
		for _, n := range g.Leaves(kind) {
			l, _ := n.Leaf()
			values[l.Path] = graph.Uniform(lo, hi).Tensor(n.Type(), 1, l.Path)
		}
	}
	values.Fill(g, 1)
	for _, v := range values {
		for i, x := range v.F {
			v.F[i] = float64(float32(x))
		}
	}
	return values
}
