package data_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

func TestEmbeddedSetsAreWhole(t *testing.T) {
	for _, c := range []struct {
		name         string
		load         func() (*data.Dataset, error)
		rows, cols   int
		sum, largest float64 // of X; the sum counted with another program from the source files
		perClass     []int
	}{
		{"digits", data.Digits, 1797, 64, 561718. / 16, 1, []int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}},
		{"iris", data.Iris, 150, 4, 2078.7, 7.9, []int{50, 50, 50}},
	} {
		d, err := c.load()
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Validate(); err != nil {
			t.Error(err)
		}
		if d.Name != c.name || d.Rows != c.rows || d.Cols != c.cols {
			t.Errorf("%s: %d rows of %d features called %q", c.name, d.Rows, d.Cols, d.Name)
		}
		sum := 0.0
		for _, x := range d.X {
			sum += x
		}
		if math.Abs(sum-c.sum) > 1e-9*c.sum || slices.Max(d.X) != c.largest || slices.Min(d.X) < 0 {
			t.Errorf("%s: sum %v, want %v; values %v…%v", c.name, sum, c.sum, slices.Min(d.X), slices.Max(d.X))
		}
		count := make([]int, len(d.Classes))
		for _, l := range d.Labels {
			count[l]++
		}
		if !slices.Equal(count, c.perClass) {
			t.Errorf("%s: %v rows of the classes %v, want %v", c.name, count, d.Classes, c.perClass)
		}
	}
}

func TestADigitLooksLikeItsLabel(t *testing.T) {
	d, err := data.Digits()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i, x := range d.Row(0) {
		b.WriteByte(" .#"[min(2, int(x*3))])
		if i%8 == 7 {
			b.WriteByte('\n')
		}
	}
	want := `
   #.   
  ##.#  
  #  #. 
  #  .. 
  .  .. 
  #  #. 
  # .#  
  .#.   
`
	if got := "\n" + b.String(); got != want || d.Labels[0] != 0 || d.Classes[0] != "0" {
		t.Errorf("class %d:%s", d.Labels[0], got)
	}
}

func TestACallerMayChangeItsCopyOfAnEmbeddedSet(t *testing.T) {
	a, err := data.Iris()
	if err != nil {
		t.Fatal(err)
	}
	a.X[0], a.Classes[0] = -1, "changed"
	b, err := data.Iris()
	if err != nil {
		t.Fatal(err)
	}
	if b.X[0] != 5.1 || b.Classes[0] != "setosa" || b.Columns[3] != "petal_width" {
		t.Errorf("a second copy begins with %v, %s, %v", b.X[0], b.Classes[0], b.Columns)
	}
}

func TestKarateClubIsZacharysGraph(t *testing.T) {
	g, err := data.KarateClub()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Validate(); err != nil {
		t.Error(err)
	}
	if g.Rows != 34 || len(g.Edges) != 78 || !slices.Equal(g.Classes, []string{"Mr. Hi", "Officer"}) {
		t.Fatalf("%d nodes, %d edges, classes %q", g.Rows, len(g.Edges), g.Classes)
	}
	degree, faction, across := make([]int, 34), make([]int, 2), 0
	for _, e := range g.Edges {
		degree[e[0]]++
		degree[e[1]]++
		if g.Labels[e[0]] != g.Labels[e[1]] {
			across++
		}
	}
	for _, l := range g.Labels {
		faction[l]++
	}
	want := []int{16, 9, 10, 6, 3, 4, 4, 4, 5, 2, 3, 1, 2, 5, 2, 2, 2, 2, 2, 3, 2, 2, 2, 5, 3, 3, 2, 4, 3, 4, 4, 6, 12, 17}
	if !slices.Equal(degree, want) {
		t.Errorf("degrees %v\nwant %v", degree, want)
	}
	if !slices.Equal(faction, []int{17, 17}) || across != 11 || g.Labels[0] != 0 || g.Labels[33] != 1 {
		t.Errorf("factions of %v with %d edges between them, leaders in %d and %d", faction, across, g.Labels[0], g.Labels[33])
	}
	for i, x := range g.X {
		if (x == 1) != (i%35 == 0) || x != 0 && x != 1 {
			t.Fatalf("X[%d] is %v; want the identity", i, x)
		}
	}
}
