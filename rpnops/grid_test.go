package rpnops

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestPatchSizesByRadius(t *testing.T) {
	for r, want := range [][2]int{{1, 1}, {5, 7}, {13, 33}, {29, 123}, {49, 257}, {81, 515}} {
		disc, err := Cylinder{R: r}.Offsets()
		if err != nil || len(disc) != want[0] {
			t.Errorf("a disc of radius %d has %d cells %v, want %d", r, len(disc), err, want[0])
		}
		ball, err := Sphere{Radius: r}.Offsets()
		if err != nil || len(ball) != want[1] {
			t.Errorf("a ball of radius %d has %d cells %v, want %d", r, len(ball), err, want[1])
		}
	}
}

func TestPatchOffsets(t *testing.T) {
	for name, c := range map[string]struct {
		patch Patch
		want  []Cell
	}{
		"cylinder":  {Cylinder{R: 1}, []Cell{{-1, 0, 0}, {0, -1, 0}, {0, 0, 0}, {0, 1, 0}, {1, 0, 0}}},
		"sphere":    {Sphere{R: 1}, []Cell{{-1, 0, 0}, {0, -1, 0}, {0, 0, -1}, {0, 0, 0}, {0, 0, 1}, {0, 1, 0}, {1, 0, 0}}},
		"cuboid":    {Cuboid{PW: 1, PHPrime: Some(1), PWPrime: Some(0)}, []Cell{{0, -1, 0}, {0, 0, 0}, {1, -1, 0}, {1, 0, 0}}},
		"deep":      {Cuboid{PD: 1}, []Cell{{0, 0, -1}, {0, 0, 0}, {0, 0, 1}}},
		"no depth′": {Cylinder{R: 1, PD: 1, PDPrime: Some(0)}, []Cell{{-1, 0, 0}, {0, -1, 0}, {0, 0, 0}, {0, 1, 0}, {1, 0, 0}}},
		"depth′":    {Cylinder{PDPrime: Some(1)}, []Cell{{0, 0, -1}, {0, 0, 0}, {0, 0, 1}}},
	} {
		got, err := c.patch.Offsets()
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, c.want)
		}
	}
}

func TestRoundPatchesAreTheirInequalities(t *testing.T) {
	inside := func(r int, square func(Cell) int) (n int) {
		for i := -r; i <= r; i++ {
			for j := -r; j <= r; j++ {
				for k := -r; k <= r; k++ {
					if square(Cell{i, j, k}) <= r*r {
						n++
					}
				}
			}
		}
		return n
	}
	for r := range 12 {
		ball := func(c Cell) int { return c[0]*c[0] + c[1]*c[1] + c[2]*c[2] }
		got, _ := Sphere{R: r}.Offsets()
		if want := inside(r, ball); len(got) != want {
			t.Errorf("a ball of radius %d has %d cells, want %d", r, len(got), want)
		}
		for _, c := range got {
			if ball(c) > r*r {
				t.Errorf("%v is outside of a ball of radius %d", c, r)
			}
		}
		tube := func(c Cell) int { return c[0]*c[0] + c[1]*c[1] }
		if got, _ := (Cylinder{R: r, PD: r}).Offsets(); len(got) != inside(r, tube) {
			t.Errorf("a cylinder of radius and depth %d has %d cells, want %d", r, len(got), inside(r, tube))
		}
	}
}

func TestPackingDistances(t *testing.T) {
	type table map[string][]Cell
	for _, c := range []struct {
		patches []Patch
		want    table
	}{
		{[]Patch{Cuboid{PH: 2, PW: 3, PD: 1}, Cuboid{PH: 1, PW: 1}, Cuboid{PH: 2, PW: 2}}, table{
			"sparse_square": {{6, 9, 3}, {3, 3, 1}, {6, 6, 1}}, "complete_square": {{4, 6, 2}, {2, 2, 1}, {4, 4, 1}},
			"dense_square": {{2, 3, 1}, {1, 1, 1}, {2, 2, 1}}, "densest_packing": {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}}, "": {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
		}},
		{[]Patch{Cylinder{R: 3, PD: 1}, Cylinder{R: 5, PD: 2}, Cylinder{Radius: 2}, Cylinder{R: 1}}, table{
			"sparse_square": {{6, 6, 2}, {10, 10, 4}, {4, 4, 1}, {2, 2, 1}}, "complete_square": {{4, 4, 2}, {7, 7, 4}, {2, 2, 1}, {1, 1, 1}},
			"sparse_hexagonal": {{5, 6, 2}, {8, 10, 4}, {3, 4, 1}, {1, 2, 1}}, "complete_hexagonal": {{4, 5, 2}, {7, 8, 4}, {3, 3, 1}, {1, 1, 1}},
			"dense_hexagonal": {{3, 4, 1}, {6, 7, 2}, {2, 2, 1}, {1, 1, 1}}, "denser_hexagonal": {{2, 3, 1}, {4, 5, 2}, {1, 2, 1}, {1, 1, 1}},
			"densest_packing": {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
		}},
		{[]Patch{Sphere{R: 2}, Sphere{Radius: 3}, Sphere{R: 5}, Sphere{R: 1}}, table{
			"sparse_simple_cubic": {{4, 4, 4}, {6, 6, 6}, {10, 10, 10}, {2, 2, 2}}, "complete_simple_cubic": {{2, 2, 2}, {3, 3, 3}, {5, 5, 5}, {1, 1, 1}},
			"dense_simple_cubic": {{2, 2, 2}, {3, 3, 3}, {5, 5, 5}, {1, 1, 1}}, "sparse_face_centered_cubic": {{4, 3, 3}, {6, 5, 4}, {10, 8, 8}, {2, 1, 1}},
			"complete_face_centered_cubic": {{2, 3, 2}, {4, 4, 3}, {7, 8, 6}, {1, 1, 1}}, "dense_face_centered_cubic": {{2, 2, 2}, {3, 3, 3}, {5, 5, 5}, {1, 1, 1}},
			"sparse_hexagonal": {{4, 4, 4}, {6, 6, 7}, {10, 10, 12}, {2, 2, 2}}, "complete_hexagonal": {{2, 2, 2}, {3, 3, 3}, {5, 5, 5}, {1, 1, 1}},
			"dense_hexagonal": {{2, 2, 2}, {3, 3, 3}, {5, 5, 5}, {1, 1, 1}}, "densest_packing": {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
		}},
	} {
		for strategy, want := range c.want {
			for i, p := range c.patches {
				if got, err := p.Distances(strategy); err != nil || got != want[i] {
					t.Errorf("%T %+v, %q: %v %v, want %v", p, p, strategy, got, err, want[i])
				}
			}
		}
	}
}

func TestPackedShapes(t *testing.T) {
	for _, c := range []struct {
		grid     Grid
		patch    Patch
		strategy string
		want     Cell
	}{
		{Grid{H: 6, W: 6}, Cuboid{PH: 1, PW: 1}, "complete_square", Cell{3, 3, 1}},
		{Grid{H: 6, W: 6}, Cuboid{PH: 2, PW: 2}, "sparse_square", Cell{1, 1, 1}},
		{Grid{H: 8, W: 8}, Cylinder{R: 2}, "sparse_hexagonal", Cell{3, 2, 1}},
		{Grid{H: 8, W: 8}, Cylinder{R: 2}, "denser_hexagonal", Cell{8, 4, 1}},
		{Grid{H: 8, W: 8, D: 8}, Sphere{R: 2}, "complete_face_centered_cubic", Cell{4, 3, 4}},
		{Grid{H: 8, W: 8, D: 8}, Sphere{R: 2}, "sparse_hexagonal", Cell{2, 2, 2}},
	} {
		l, err := Packing{Grid: c.grid, Patch: c.patch, Strategy: c.strategy}.Layout()
		if err != nil || l.Shape != c.want || l.PatchNum() != c.want[0]*c.want[1]*c.want[2] || len(l.Centres()) != l.PatchNum() {
			t.Errorf("%+v %s: %+v %v, want %v", c.patch, c.strategy, l, err, c.want)
		}
	}
}

func TestGridIndexesInvert(t *testing.T) {
	g := Grid{H: 2, W: 3, D: 4, Universes: 2}
	if g.Index(1, Cell{1, 2, 3}) != 47 || g.Index(0, Cell{1, 0, 2}) != 14 || g.Volume() != 24 || g.Columns() != 48 {
		t.Errorf("the layout is not channel, height, width, depth")
	}
	for column := range g.Columns() {
		c, p, ok := g.Cell(column)
		if got := g.Index(c, p); !ok || got != column {
			t.Errorf("column %d is cell %v of %d, whose column is %d", column, p, c, got)
		}
	}
	for _, p := range []Cell{{-1, 0, 0}, {2, 0, 0}, {0, 3, 0}, {0, 0, 4}, {0, 0, -1}} {
		if at := g.Index(0, p); at != -1 {
			t.Errorf("%v outside of the grid has column %d", p, at)
		}
	}
	if _, _, ok := g.Cell(48); ok || g.Index(2, Cell{}) != -1 {
		t.Errorf("a universe too many")
	}
}

func TestGeometryMistakes(t *testing.T) {
	square := Grid{H: 3, W: 3}
	for want, p := range map[string]Packing{
		"rpnops.Packing: no grid; want grid, or h and w":                                      {D: 1, Patch: Sphere{R: 1}},
		"rpnops.Packing: no patch; want a cuboid, cylinder or sphere":                         {Grid: square},
		"rpnops.Grid: 3×0×1 cells in 1 universes; want 1 or more of each":                     {H: 3, Patch: Sphere{R: 1}},
		"rpnops.Grid: 3×3×1 cells in -1 universes":                                            {H: 3, W: 3, ChannelNum: -1, Patch: Sphere{R: 1}},
		"rpnops.Grid: centre distances [1 -2 1]; want 1 or more along each axis":              {Grid: square, Patch: Sphere{R: 1}, CDH: 1, CDW: -2, CDD: 1},
		`rpnops.Sphere: no packing strategy "no_such_strategy"; want one of sparse_simple_`:   {Grid: square, Patch: Sphere{R: 1}, Strategy: "no_such_strategy"},
		`rpnops.Cuboid: no packing strategy "sparse_hexagonal"; want one of sparse_square, c`: {Grid: square, Patch: Cuboid{PH: 1}, Strategy: "sparse_hexagonal"},
		`rpnops.Cylinder: no packing strategy "dense_square"; want one of sparse_square, com`: {Grid: square, Patch: Cylinder{R: 1}, Strategy: "dense_square"},
		"rpnops.Sphere: radius -1; want 0 or more":                                            {Grid: square, Patch: Sphere{R: -1}, CDH: 1, CDW: 1, CDD: 1},
		"rpnops.Cylinder: p_r = 1 and r = 2 are two names of the radius; give one":            {Grid: square, Patch: Cylinder{R: 1, Radius: 2}},
		"rpnops.Cylinder: depth p_d_prime = -1; want 0 or more":                               {Grid: square, Patch: Cylinder{R: 1, PDPrime: Some(-1)}},
		"rpnops.Cuboid: cells from [0 0 0] to [-1 0 0] are none":                              {Grid: square, Patch: Cuboid{PHPrime: Some(-1)}},
	} {
		l, err := p.Layout()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v %v\nwant %s", p, l, err, want)
		}
	}
}

func TestPartialDistancesLeaveThePackingStrategy(t *testing.T) {
	for cd, want := range map[Cell]Cell{{}: {2, 2, 1}, {5, 0, 1}: {2, 2, 1}, {5, 4, 3}: {5, 4, 3}} {
		l, err := Packing{H: 6, W: 6, Patch: Cuboid{PH: 1, PW: 1}, Strategy: "complete_square", CDH: cd[0], CDW: cd[1], CDD: cd[2]}.Layout()
		if err != nil || l.CD != want {
			t.Errorf("given %v: %v, want %v", cd, fmt.Sprint(l, err), want)
		}
	}
}
