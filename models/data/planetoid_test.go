package data_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

// The files are small graphs that NumPy 1.24 and SciPy 1.10 pickled with protocol 2 (old) and 4 (new).
const planetoids = "testdata/planetoid"

func TestPlanetoidIsReadInBothProtocols(t *testing.T) {
	for _, name := range []string{"old", "new"} {
		g, err := data.LoadPlanetoid(planetoids, name)
		if err != nil {
			t.Fatal(err)
		}
		want := []float64{1, 0, 0, 2 /**/, 0, 3, 0, 0 /**/, 0, 0, 0, 0 /**/, 0, 0, 4, 4 /**/, 5, 0, 0, 0 /**/, 0, 0, 8, 8 /**/, 0, 0, 0, 0 /**/, 0, 7, 0, 0}
		if x := g.Features(0, g.Rows); !slices.Equal(x, want) || g.Cols != 4 {
			t.Errorf("%s: features %v", name, x)
		}
		if !slices.Equal(g.Labels, []int32{0, 2, 1, 1, 2, 1, 0, 2}) || len(g.Classes) != 3 {
			t.Errorf("%s: labels %v of %v", name, g.Labels, g.Classes)
		}
		if !slices.Equal(g.Train, []int{0, 1, 2}) || !slices.Equal(g.Test, []int{5, 7}) {
			t.Errorf("%s: trained on %v, tested %v", name, g.Train, g.Test)
		}
		if !reflect.DeepEqual(g.Edges, [][2]int{{0, 1}, {0, 2}, {2, 7}, {3, 5}}) {
			t.Errorf("%s: edges %v", name, g.Edges)
		}
		if err := g.NormalizeRows(); err != nil || !slices.Equal(g.Row(0), []float64{1. / 3, 0, 0, 2. / 3}) || !slices.Equal(g.Row(2), make([]float64, 4)) {
			t.Errorf("%s: normalised %v, %v", name, g.Row(0), err)
		}
	}
}

func TestCitationGraphsAreFoundInPlanetoidsFiles(t *testing.T) {
	dir := t.TempDir()
	copyPlanetoid(t, dir, "new", "cora")
	e, _ := data.Lookup("cora")
	p, err := e.Default.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if p.Graph.Rows != 8 || !slices.Equal(p.Graph.Test, []int{5, 7}) || p.Train.Row(3)[2] != 0.5 {
		t.Errorf("%d nodes, %v are tested, features %v", p.Graph.Rows, p.Graph.Test, p.Train.Row(3))
	}
}

// copyPlanetoid copies the files of a set under another name.
func copyPlanetoid(t *testing.T, dir, from, to string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(planetoids, "ind."+from+".*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, strings.Replace(filepath.Base(file), from, to, 1)), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBrokenPlanetoidFilesAreNamed(t *testing.T) {
	// A tuple of twice a tuple of twice a tuple …, whose text would not end.
	deep := "\x80\x02)" + strings.Repeat("q\x00h\x00\x86", 60) + "q\x00"
	for _, c := range []struct{ part, content, want string }{
		{"allx", "", "byte 0: the pickle ends 1 bytes early"},
		{"allx", "hello", "nothing is kept under 101"},
		{"allx", "\x80\x02K\x05.", "a int64; want a csr_matrix"},
		{"allx", "\x80\x02cos\nsystem\n\x85R.", "1 values on the stack; want 2"},
		{"allx", "\x80\x02cos\nsystem\n)R.", "want a csr_matrix"},
		{"allx", "\x80\x02X\xff\xff\xff\xff", "bytes early"},
		{"allx", "\x80\x02\x8e\xff\xff\xff\xff\xff\xff\xff\xff", "want a length"},
		{"allx", "\x80\x02cscipy.sparse.csr\ncsr_matrix\n)\x81}X\x06\x00\x00\x00_shape" + deep[2:] + "sb.", "a length is a data.pickleTuple"},
		{"y", "\x80\x02}.", "want an array of NumPy"},
		{"graph", "\x80\x02].", "want a dictionary of lists"},
		{"graph", "\x80\x02}K\x00]s.", "want numbers from 5 to 0"},
		{"graph", "\x80\x02}(K\x00]q\x00(K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01eK\x01h\x00K\x02h\x00K\x03h\x00K\x04h\x00K\x05h\x00K\x06h\x00K\x07h\x00u.", "more links than the"},
		{"graph", "\x80\x02}(" + deep[2:] + "]K\x01]K\x02]K\x03]K\x04]K\x05]K\x06]K\x07]u.", "the neighbours of a data.pickleTuple are a"},
		{"graph", "\x80\x02}(K\x00](K\x08eK\x01]K\x02]K\x03]K\x04]K\x05]K\x06]K\x07]u.", "8 is a neighbour of node 0; want nodes from 0 to 7"},
		{"test.index", "7\n", "1 to test; want a label a row"},
		{"test.index", "7\n7\n", "node 7 is tested twice"},
		{"test.index", "7\n4\n", "want numbers from 5 to 7"},
		{"test.index", "7\nx\n", `:2: "x"; want the number of a node`},
	} {
		dir := t.TempDir()
		copyPlanetoid(t, dir, "old", "x")
		if err := os.WriteFile(filepath.Join(dir, "ind.x."+c.part), []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		g, err := data.LoadPlanetoid(dir, "x")
		expect(t, g, err, c.want)
	}
	g, err := data.LoadPlanetoid(t.TempDir(), "x")
	expect(t, g, err, "has no ind.x.allx")
}

// FuzzReadPickle holds the readers of what Python may have written to the same as the others: no panic, memory in
// proportion, an error or a valid part. A byte of a pickle can be an object, so the proportion is another.
func FuzzReadPickle(f *testing.F) {
	for _, part := range []string{"old.allx", "old.ally", "old.graph", "new.allx", "new.ally", "new.graph"} {
		text, err := os.ReadFile(filepath.Join(planetoids, "ind."+part))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		frugally(t, 20*len(text), func() {
			if s, err := data.ReadMatrix(bytes.NewReader(text), "fuzz"); err == nil && s.Validate() != nil {
				t.Fatal(s.Validate())
			}
		})
		frugally(t, 20*len(text), func() {
			labels, err := data.ReadOneHot(bytes.NewReader(text), "fuzz")
			if err == nil && slices.Min(labels) < 0 {
				t.Fatal(labels)
			}
		})
		frugally(t, 20*len(text), func() {
			if edges, err := data.ReadLinks(text); err == nil && len(edges) > len(text) {
				t.Fatalf("%d edges of %d bytes", len(edges), len(text))
			}
		})
	})
}
