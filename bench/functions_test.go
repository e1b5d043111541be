package bench

import (
	"flag"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/rpnops"
	"rpnc/rpnops/check"
)

var update = flag.Bool("update", false, "write FUNCTIONS.md anew")

// measured are the families that work on batches.
var measured = []rpnops.Family{rpnops.Transformations, rpnops.Reconciliations, rpnops.Interdependences, rpnops.Remainders, rpnops.Fusions}

// Rows, and columns for most functions; functions whose results would be wider than widest, and those whose sizes are part
// of their settings, have as many columns as rows.
const (
	rows, columns = 64, 256
	widest        = 1 << 14
)

// subject is a function with settings and a size that fit each other.
type subject struct {
	entry rpnops.Entry
	f     any
	b, m  int
}

// subjects are all functions that are measured; those that accept no size are reported.
func subjects(tb testing.TB) (out []subject) {
	for _, e := range rpnops.Entries() {
		if !slices.Contains(measured, e.Family) {
			continue
		}
		s, ok := sized(e)
		if !ok {
			tb.Errorf("%s: none of the settings fits data of %d×%d or %d×%d", e.Name, rows, columns, rows, rows)
			continue
		}
		out = append(out, s)
	}
	return out
}

// sized looks for the first settings that fit: the defaults, the samples, samples whose sizes are changed.
func sized(e rpnops.Entry) (subject, bool) {
	settings := append([]any{e.Default}, e.Samples...)
	for _, f := range settings {
		for _, m := range []int{columns, rows} {
			if s := (subject{e, f, rows, m}); s.fits() {
				return s, true
			}
		}
	}
	for _, f := range settings {
		v := reflect.New(reflect.TypeOf(f)).Elem()
		v.Set(reflect.ValueOf(f))
		resize(v, rows)
		if s := (subject{e, v.Interface(), rows, rows}); s.fits() {
			return s, true
		}
	}
	return subject{}, false
}

// build calls the function on data of the subject's size, and twice that for fusions.
func (s subject) build(g *graph.Graph) (*graph.Node, error) {
	cols := []int{s.m}
	switch s.entry.Family {
	case rpnops.Remainders, rpnops.Fusions:
		cols = []int{s.m, s.m}
	}
	return check.Build(rpnops.NewScope(g, true, graph.F32), s.f, s.b, cols...)
}

func (s subject) fits() bool {
	if t, ok := s.f.(rpnops.Transformation); ok {
		if D, err := t.OutDim(s.m); err != nil || D > widest {
			return false
		}
	}
	y, err := s.build(graph.New())
	return err == nil && (y == nil || y.Shape().Dim(-1) <= widest)
}

// resize changes the sizes in a function's settings to n: lengths of chains, nodes of graphs, cells of grids, matrices.
func resize(v reflect.Value, n int) {
	switch x := v.Addr().Interface().(type) {
	case *rpnops.GraphTopology:
		*x = ring(n)
		return
	case *rpnops.Grid:
		if x.H > 0 {
			*x = rpnops.Grid{H: n / 8, W: 8}
		}
		return
	case *[][]float64:
		if len(*x) > 0 {
			*x = matrix(n, n)
		}
		return
	case *rpnops.Projection:
		*x = rpnops.Projection{Components: matrix(n/4, n)}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); v.Type().Field(i).Name == "Length" && f.Int() > 0 {
				f.SetInt(int64(n))
			} else if v.Type().Field(i).IsExported() {
				resize(f, n)
			}
		}
	case reflect.Slice:
		copied := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(copied, v)
		for i := range copied.Len() {
			resize(copied.Index(i), n)
		}
		v.Set(copied)
	case reflect.Interface:
		if !v.IsNil() {
			inner := reflect.New(v.Elem().Type()).Elem()
			inner.Set(v.Elem())
			resize(inner, n)
			v.Set(inner)
		}
	}
}

// matrix has entries that no rule makes simpler.
func matrix(rows, cols int) [][]float64 {
	a := make([][]float64, rows)
	for i := range a {
		a[i] = make([]float64, cols)
		for j := range a[i] {
			a[i][j] = math.Sin(float64(i*cols + j + 1))
		}
	}
	return a
}

// ring is the graph of n nodes with links to the next and to one farther away.
func ring(n int) rpnops.GraphTopology {
	var links [][2]int
	for i := range n {
		links = append(links, [2]int{i, (i + 1) % n}, [2]int{i, (i * 7) % n})
	}
	return rpnops.NumberedGraph(n, links, true)
}

// program is the function with the gradients of all data and parameters.
func (s subject) program() (*compile.Program, error) {
	g := graph.New()
	y, err := s.build(g)
	if err != nil {
		return nil, err
	}
	if y == nil { // a remainder that is zero
		y = g.Const(graph.Type{DType: graph.F32, Shape: graph.Sh(s.b, s.m)})
	}
	wrt := append(g.Leaves(graph.InputLeaf), g.Leaves(graph.ParamLeaf)...)
	return compile.WithGrad(g, nil, &compile.Options{VM: compile.Plan, Seed: 1}, y, g.Input("dy", y.Type()), wrt)
}

func BenchmarkFunction(b *testing.B) {
	for _, s := range subjects(b) {
		b.Run(fmt.Sprintf("name=%s/mode=train", s.entry.Name), func(b *testing.B) {
			p, err := s.program()
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			Fill(p, graph.Uniform(-1, 1), 10)
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Run(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(p.Stats().ArenaBytes), "arena-bytes")
		})
	}
}

// fitted are the functions whose op is a method from numerical libraries (singular values, neighbours, clusters) on the
// numbers of one batch: there is no kernel because there is nothing to fuse, and no gradient.
var fitted = map[string]bool{
	"incremental_PCA_based_compression": true, "dimension_reduction_compression": true, "feature_selection_compression": true,
	"incremental_feature_clustering_based_compression": true, "incremental_variance_threshold_based_compression": true,
	"isomap_manifold_compression": true, "lle_manifold_compression": true, "manifold_compression": true, "mds_manifold_compression": true,
	"spectral_embedding_manifold_compression": true, "tsne_manifold_compression": true,
}

// table starts the page.
const table = `<!-- Code generated by go test ./bench -run Functions -update; DO NOT EDIT. -->

# Costs of functions

One forward and backward run of every function on 64 rows of 256 columns, of 64 where results would be wide or sizes are
settings; two such inputs for fusions, a matrix of 64×256 for reconciliations. Settings are the defaults, else those of
the first sample that fits. Kernels, flops and bytes of temporaries are those of the compiled program; rows and columns
say with which power of their number the flops grow (from once to twice as many), where the settings allow that. The time
is a note of one run, of two cores, and nothing that a test holds.

| function | data | kernels | flops | arena bytes | rows | columns | µs |
|---|---|---:|---:|---:|---:|---:|---:|
`

func TestFunctionsRunFastKernels(t *testing.T) {
	page, family := table, rpnops.Family("")
	have, err := os.ReadFile("FUNCTIONS.md")
	if err != nil && !*update {
		t.Fatal(err)
	}
	for _, s := range subjects(t) {
		p, err := s.program()
		if err != nil {
			t.Errorf("%s: %v", s.entry.Name, err)
			continue
		}
		if slow := p.Stats().Oracles; len(slow) > 0 && !fitted[s.entry.Name] {
			t.Errorf("%s: no kernel for %v", s.entry.Name, slow)
		} else if len(slow) == 0 && fitted[s.entry.Name] {
			t.Errorf("%s has kernels for all; take it from the list", s.entry.Name)
		}
		if s.entry.Family != family {
			family = s.entry.Family
			page += fmt.Sprintf("| **%s** | | | | | | | |\n", family)
		}
		if *update {
			page += s.row(t, p)
		} else if !strings.Contains(string(have), "| `"+s.entry.Name+"` |") {
			t.Errorf("FUNCTIONS.md has no row for %s: run go test ./bench -run Functions -update", s.entry.Name)
		}
		p.Close()
	}
	if *update {
		if err := os.WriteFile("FUNCTIONS.md", []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// row is the line of a function.
func (s subject) row(t *testing.T, p *compile.Program) string {
	st := p.Stats()
	taller, wider := s, s
	taller.b, wider.m = 2*s.b, 2*s.m
	return fmt.Sprintf("| `%s` | %d×%d | %d | %.3g | %d | %s | %s | %.0f |\n", s.entry.Name, s.b, s.m, st.Kernels, st.Flops, st.ArenaBytes,
		taller.growth(st.Flops), wider.growth(st.Flops), microseconds(t, p))
}

// growth is the power with which flops grew to those of s.
func (s subject) growth(flops float64) string {
	p, err := s.program()
	if err != nil || flops == 0 {
		return "–"
	}
	defer p.Close()
	return fmt.Sprintf("%.1f", math.Log2(p.Stats().Flops/flops))
}

// microseconds is the time of a run, the least of several.
func microseconds(t *testing.T, p *compile.Program) float64 {
	Fill(p, graph.Uniform(-1, 1), 10)
	least := time.Duration(math.MaxInt64)
	for range 5 {
		began := time.Now()
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		least = min(least, time.Since(began))
	}
	return float64(least) / 1e3
}
