package rpnops

import (
	"fmt"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

// forward is the 2×2 grid with patches of a cell and its neighbours below and to the right.
func forward(channels int, mode PatchMode) Geometric {
	return Geometric{Packing: Packing{H: 2, W: 2, ChannelNum: channels, Patch: Cuboid{PHPrime: Some(1), PWPrime: Some(1)}}, Mode: mode}
}

func TestGeometricOnTwoByTwo(t *testing.T) {
	one, two := []float64{1, 2, 3, 4}, []float64{1, 2, 3, 4, 10, 20, 30, 40}
	strided := forward(2, Padding)
	strided.CDH, strided.CDW, strided.CDD = 2, 2, 1
	normal := func(d DegreeMode) Geometric { g := forward(1, Padding); g.Normalize, g.NormMode = true, d; return g }
	below := func(mode PatchMode) Geometric {
		return Geometric{Declared: Declared{Type: Instance}, Packing: Packing{H: 2, W: 2, Patch: Cuboid{PHPrime: Some(1)}}, Mode: mode}
	}
	const root, full = 1.6817928305074290, 2.8284271247461903 // 2·2^(−¼), 4·4^(−¼)
	const three = 2.5226892457611437                          // 3·2^(−¼)
	for name, c := range map[string]struct {
		xi      Geometric
		x, want []float64
	}{
		"padding":              {forward(1, Padding), one, []float64{1, 2, 3, 4, 2, 0, 4, 0, 3, 4, 0, 0, 4, 0, 0, 0}},
		"padding, 2 universes": {forward(2, DefaultPatchMode), two, []float64{1, 2, 3, 4, 10, 20, 30, 40, 2, 0, 4, 0, 20, 0, 40, 0, 3, 4, 0, 0, 30, 40, 0, 0, 4, 0, 0, 0, 40, 0, 0, 0}},
		"padding, distance 2":  {strided, two, two},
		"padding, row":         {normal(RowDegree), one, []float64{1, 1, 1.5, 1, 1, 0, 1, 0, 1.5, 1, 0, 0, 1, 0, 0, 0}},
		"padding, column":      {normal(ColumnDegree), one, []float64{1, 2, 3, 4, 2, 0, 4, 0, 3, 4, 0, 0, 4, 0, 0, 0}},
		"padding, row_column":  {normal(DefaultDegree), one, []float64{1, root, three, full, root, 0, full, 0, three, full, 0, 0, full, 0, 0, 0}},
		"aggregation":          {forward(2, Aggregation), two, []float64{10, 100, 6, 60, 7, 70, 4, 40}},
		"instance padding":     {below(Padding), one, []float64{1, 3, 2, 4, 3, 0, 4, 0}},
		"instance aggregation": {below(Aggregation), one, []float64{4, 6, 3, 4}},
	} {
		b, m := 1, len(c.x)
		if c.xi.Side() == Instance {
			b, m = m, b
		}
		r, err := runXi(c.xi, b, m, c.x...)
		if err != nil {
			t.Fatal(name, err)
		}
		wantNumbers(t, name, r.Y.F, c.want)
	}
	r, err := runXi(forward(1, Aggregation), 1, 4, one...)
	if err != nil {
		t.Fatal(err)
	}
	wantNumbers(t, "A", r.A.F, []float64{1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1})
}

// everyGeometry is every strategy of every patch on a flat and a deep grid, in both modes, on both sides, without and
// with normalisation.
func everyGeometry(f func(name string, g Geometric)) {
	tables := map[Patch][]strategy{Cuboid{PH: 1, PW: 2, PWPrime: Some(0)}: cuboidStrategies, Cylinder{R: 2, PDPrime: Some(1)}: cylinderStrategies, Sphere{R: 2}: sphereStrategies}
	for patch, strategies := range tables {
		for _, s := range strategies {
			for i, grid := range []Grid{{H: 3, W: 4, Universes: 2}, {H: 3, W: 2, D: 3}} {
				for n := range 8 {
					g := Geometric{Packing: Packing{Grid: grid, Patch: patch, Strategy: s.name}, Mode: Padding, Normalize: n&2 > 0, NormMode: RowColumnDegree}
					if n&1 > 0 {
						g.Mode = Aggregation
					}
					if n&4 > 0 && i == 1 {
						g.Type = Instance
					}
					f(fmt.Sprintf("%+v %s, grid %d, %d", patch, s.name, i, n), g)
				}
			}
		}
	}
}

// keep is a process that changes nothing, so that A is multiplied as it is.
type keep struct{}

func (keep) Apply(_ *Scope, x *graph.Node) *graph.Node { return x }

func TestPackingEqualsTheProductWithItsMatrix(t *testing.T) {
	everyGeometry(func(name string, g Geometric) {
		b, m := 2, g.Grid.Columns()
		if g.Side() == Instance {
			b, m = m, b
		}
		packed, err := runXi(g, b, m, ramp(b*m)...)
		if err != nil {
			t.Fatal(name, err)
		}
		g.Post = []Process{keep{}}
		dense, err := runXi(g, b, m, ramp(b*m)...)
		if err != nil {
			t.Fatal(name, err)
		}
		if packed.y.Shape() != dense.y.Shape() {
			t.Fatalf("%s: packed %v, dense %v", name, packed.y.Shape(), dense.y.Shape())
		}
		wantNumbers(t, name, packed.Y.F, dense.Y.F)
		if b2, m2, err := g.OutDims(b, m); err != nil || packed.y.Shape() != graph.Sh(b2, m2) {
			t.Fatalf("%s: OutDims (%d×%d) %v, the result is %v", name, b2, m2, err, packed.y.Shape())
		}
	})
}

func TestScatteringPackedOnesCountsPatches(t *testing.T) {
	everyGeometry(func(name string, g Geometric) {
		l, err := g.Layout()
		if err != nil {
			t.Fatal(name, err)
		}
		r := graph.New()
		s := NewScope(r, false, graph.F64)
		x := s.Const(s.Type(1, l.Grid.Columns()), 1)
		packed := l.Gather(x)
		op := packed.Op.(ops.Gather)
		if op.Patches != (ops.Patches{Count: l.PatchNum(), Channels: l.Grid.Channels(), Size: l.PatchSize()}) {
			t.Fatalf("%s: the table is said to be %+v", name, op.Patches)
		}
		count := r.Apply(ops.ScatterAdd{Table: op.Table, N: l.Grid.Columns(), Patches: op.Patches}, packed)
		v, err := graph.Run(r, nil, count)
		if err != nil {
			t.Fatal(name, err)
		}
		want := make([]float64, l.Grid.Columns())
		for _, c := range l.Centres() {
			for _, o := range l.Offsets {
				for u := range l.Grid.Channels() {
					if at := l.Grid.Index(u, Cell{c[0] + o[0], c[1] + o[1], c[2] + o[2]}); at >= 0 {
						want[at]++
					}
				}
			}
		}
		wantNumbers(t, name, v.Of(count).F, want)
	})
}

func TestPackedColumnsArePatchChannelOffset(t *testing.T) {
	g := Geometric{Packing: Packing{Grid: Grid{H: 3, W: 4, Universes: 3}, Patch: Cylinder{R: 1}, CDH: 2, CDW: 2, CDD: 1}}
	l, err := g.Layout()
	if err != nil {
		t.Fatal(err)
	}
	r, err := runXi(g, 1, 36, ramp(36)...)
	if err != nil {
		t.Fatal(err)
	}
	C, q := 3, l.PatchSize()
	for p, patch := range l.PatchIndexes() {
		for c := range C {
			for s, cell := range patch {
				want := 0.0
				if cell >= 0 {
					want = float64(c*12 + cell + 1)
				}
				if got := r.Y.F[p*C*q+c*q+s]; got != want {
					t.Fatalf("patch %d, universe %d, offset %d: %v, want %v", p, c, s, got, want)
				}
			}
		}
	}
}

func TestClassesThatForceAMode(t *testing.T) {
	for _, shape := range []string{"cuboid", "cylinder", "sphere"} {
		for infix, want := range map[string]bool{"": true, "padding_": false, "aggregation_": true} {
			v, err := New(shape+"_patch_"+infix+"based_geometric_interdependence", func(p any) error {
				p.(*Geometric).Mode = Aggregation
				return nil
			})
			if err != nil || v.(Geometric).aggregates() != want {
				t.Errorf("%s %s: aggregates %v %v, want %v", shape, infix, v, err, want)
			}
		}
	}
	if got := geometricDefault(nil, Aggregation); !got.aggregates() || got.Strategy != densest {
		t.Errorf("default %+v", got)
	}
}

func TestGeometricMistakes(t *testing.T) {
	base := forward(2, Padding)
	with := func(f func(g *Geometric)) Geometric { g := base; f(&g); return g }
	for want, g := range map[string]Geometric{
		"rpnops.Geometric: 8 columns for a grid of 2×2×1 cells in 3 universes; want 12":       with(func(g *Geometric) { g.ChannelNum = 3 }),
		"rpnops.Geometric: 2 universes on the instance side; want 1, a row for each cell":     with(func(g *Geometric) { g.Type = Instance }),
		"rpnops.Geometric: 3 rows for a grid of 2×2×1 cells in 1 universes; want 4":           with(func(g *Geometric) { g.Type, g.ChannelNum = Instance, 1 }),
		"rpnops.Geometric: declared for m = 9 columns, the data has 8":                        with(func(g *Geometric) { g.M = 9 }),
		"rpnops.Geometric: interdependence_matrix_mode 7; want padding or aggregation":        with(func(g *Geometric) { g.Mode = 7 }),
		`rpnops.normalization_mode: "unknown" is unknown; want row, column or row_column`:     with(func(g *Geometric) { g.Normalize, g.NormMode = true, 9 }),
		`rpnops.Cuboid: no packing strategy "denser_hexagonal"; want one of sparse_square, c`: with(func(g *Geometric) { g.Strategy = "denser_hexagonal" }),
	} {
		_, err := runXi(g, 3, 8, ramp(24)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	x := graph.New().Input("x", graph.Type{Shape: graph.Sh(2, 5)})
	l, _ := base.Layout()
	if y := l.Gather(x); !y.Poisoned() || !strings.Contains(x.Graph().Err().Error(), "5 columns for a grid") {
		t.Errorf("gathering 5 columns of 8: %v", x.Graph().Err())
	}
}

func TestNamesOfPatchModes(t *testing.T) {
	var m PatchMode
	for _, name := range []string{"padding", "aggregation"} {
		if err := m.UnmarshalText([]byte(name)); err != nil || m.String() != name {
			t.Errorf("%s became %v %v", name, m, err)
		}
	}
	if m.UnmarshalText([]byte("sum")) == nil {
		t.Error("an unknown mode is accepted")
	}
}
