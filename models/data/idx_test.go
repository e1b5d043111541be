package data_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

// write puts a file into a fresh folder and returns its path.
func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// packed compresses a file.
func packed(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// idx makes an IDX file.
func idx(kind byte, shape []uint32, values any) []byte {
	var b bytes.Buffer
	b.Write([]byte{0, 0, kind, byte(len(shape))})
	for _, part := range []any{shape, values} {
		if err := binary.Write(&b, binary.BigEndian, part); err != nil {
			panic(err) // a test that does not know its own types
		}
	}
	return b.Bytes()
}

// expect reports an error without the given words, or an object beside an error.
func expect[T any](t *testing.T, got *T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want one with %q", err, want)
	}
	if got != nil {
		t.Errorf("%+v beside the error %v", got, err)
	}
}

func TestReadIDXReadsEveryType(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   byte
		values any
		want   []float64
	}{
		{"u1", 0x08, []byte{0, 1, 255, 7}, []float64{0, 1, 255, 7}},
		{"i1", 0x09, []int8{0, -1, 127, -128}, []float64{0, -1, 127, -128}},
		{"i2", 0x0b, []int16{0, -1, 32767, 300}, []float64{0, -1, 32767, 300}},
		{"i4", 0x0c, []int32{0, -1, math.MaxInt32, 70000}, []float64{0, -1, math.MaxInt32, 70000}},
		{"f4", 0x0d, []float32{0, -1.5, 0.25, 1e10}, []float64{0, -1.5, 0.25, 1e10}},
		{"f8", 0x0e, []float64{0, -1.1, math.Pi, 1e300}, []float64{0, -1.1, math.Pi, 1e300}},
	} {
		a, err := data.ReadIDX(bytes.NewReader(idx(c.kind, []uint32{2, 2}, c.values)), c.name)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if want := (data.Array{Type: c.name, Shape: []int{2, 2}, Values: c.want}); !reflect.DeepEqual(*a, want) {
			t.Errorf("got %+v, want %+v", *a, want)
		}
	}
}

func TestReadIDXErrorsNameFileAndByte(t *testing.T) {
	whole := idx(8, []uint32{2, 3}, make([]byte, 6))
	for _, c := range []struct {
		content []byte
		want    string
	}{
		{nil, "f.idx: byte 0: the file ends in the magic number; want at least 4 more bytes"},
		{whole[:3], "byte 3: the file ends in the magic number; want at least 1"},
		{whole[:10], "byte 10: the file ends in length 2 of 2; want at least 2"},
		{whole[:14], "byte 14: the file ends in values 0 to 5 of 6; want at least 4"},
		{append(whole, 1), "byte 18: the file goes on behind the last value"},
		{[]byte("hello, world"), "byte 4: the file begins with 68 65 6c 6c; want 00 00"},
		{idx(7, []uint32{1}, byte(1)), "the file begins with 00 00 07 01"},
		{idx(8, nil, byte(1)), "0 dimensions; want 1 to 8"},
		{idx(8, make([]uint32, 9), byte(1)), "9 dimensions; want 1 to 8"},
		{idx(8, []uint32{4, 0}, byte(1)), "the shape is [4 0]; want positive dimensions"},
		{idx(8, []uint32{1 << 31, 1 << 31, 1 << 31}, byte(1)), "more values than a memory holds"},
		{idx(8, []uint32{1 << 31}, byte(1)), "values 0 to 8191 of 2147483648; want at least 8191 more bytes"},
	} {
		a, err := data.ReadIDX(bytes.NewReader(c.content), "f.idx")
		expect(t, a, err, c.want)
	}
}

func TestAHeaderThatPromisesMuchTakesLittleMemory(t *testing.T) {
	liar := idx(0x0e, []uint32{1 << 20, 1 << 10}, make([]float64, 1000))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a, err := data.ReadIDX(bytes.NewReader(liar), "liar")
	runtime.ReadMemStats(&after)
	expect(t, a, err, "the file ends in values 0 to 8191")
	allocated := after.TotalAlloc - before.TotalAlloc
	if allocated > 1<<18 {
		t.Errorf("%d bytes allocated for a file of %d", allocated, len(liar))
	}
}

func TestIDXImagesAndLabelsMakeASet(t *testing.T) {
	images := write(t, "images.gz", packed(t, idx(8, []uint32{3, 1, 2}, []byte{0, 255, 51, 102, 255, 0})))
	labels := write(t, "labels", idx(8, []uint32{3}, []byte{2, 0, 2}))
	d, err := data.LoadIDXImages(images, labels, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &data.Dataset{Name: images, Rows: 3, Cols: 2, Pixels: d.Pixels, Shape: []int{1, 1, 2},
		Labels: []int32{2, 0, 2}, Classes: []string{"0", "1", "2"}}
	if !reflect.DeepEqual(d, want) || !slices.Equal(d.Features(0, 3), []float64{0, 1, 0.2, 0.4, 1, 0}) {
		t.Errorf("got %+v, want %+v", d, want)
	}
	for _, c := range []struct {
		x, y    string
		classes []string
		want    string
	}{
		{labels, labels, nil, "u1 values of shape [3]; want images: u1, n×h×w"},
		{images, images, nil, "values of shape [3 1 2]; want labels: u1, n"},
		{images, write(t, "two", idx(8, []uint32{2}, []byte{2, 0})), nil, "2 labels or targets of shape [2] for 3 rows"},
		{images, labels, []string{"a", "b"}, "the label of row 0 is 2; want 0…1"},
		{images + "x", labels, nil, "want an IDX file such as train-images-idx3-ubyte"},
		{write(t, "bad.gz", []byte("\x1f\x8bno gzip at all")), labels, nil, "bad.gz: gzip: invalid header"},
	} {
		d, err := data.LoadIDXImages(c.x, c.y, c.classes)
		expect(t, d, err, c.want)
	}
	if _, err := data.LoadIDX(images + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestFromArraysTellsLabelsFromTargets(t *testing.T) {
	x := &data.Array{Type: "f4", Shape: []int{2, 2, 2}, Values: []float64{1, 2, 3, 4, 5, 6, 7, 8}}
	d, err := data.FromArrays("set", x, &data.Array{Type: "f8", Shape: []int{2, 3}, Values: []float64{1, 2, 3, 4, 5, 6}}, nil)
	if err != nil || d.YCols != 3 || d.Y[3] != 4 || d.Labels != nil || !slices.Equal(d.Shape, []int{2, 2}) {
		t.Errorf("targets: %+v, %v", d, err)
	}
	d, err = data.FromArrays("set", x, &data.Array{Type: "i8", Shape: []int{2, 1}, Values: []float64{1, 0}}, []string{"no", "yes", "never"})
	if err != nil || d.Y != nil || !slices.Equal(d.Labels, []int32{1, 0}) || len(d.Classes) != 3 {
		t.Errorf("labels: %+v, %v", d, err)
	}
	for want, y := range map[string]*data.Array{
		"the label of row 1 is -1; want 0…0":          {Type: "i4", Shape: []int{2}, Values: []float64{0, -1}},
		"a label is 1e+09; want labels below 65536":   {Type: "i4", Shape: []int{2}, Values: []float64{0, 1e9}},
		"Y is NaN in row 1":                           {Type: "f4", Shape: []int{2}, Values: []float64{0, math.NaN()}},
		"3 labels or targets of shape [3] for 2 rows": {Type: "f4", Shape: []int{3}, Values: []float64{0, 1, 2}},
		"1 labels or targets of shape [] for 2 rows":  {Type: "f4", Values: []float64{0}},
		"1 labels or targets of shape [2] for 2 rows": {Type: "f4", Shape: []int{2}, Values: []float64{0}},
		"the label of row 0 is 0.5; want 0…1":         {Shape: []int{2}, Values: []float64{0.5, 1}},
	} {
		d, err := data.FromArrays("set", x, y, nil)
		expect(t, d, err, want)
	}
	d, err = data.FromArrays("set", &data.Array{Values: []float64{1}}, nil, nil)
	expect(t, d, err, "1 features of shape []; want rows")
}

func FuzzReadIDX(f *testing.F) {
	f.Add(idx(8, []uint32{2, 3}, make([]byte, 6)))
	f.Add(idx(0x0d, []uint32{2}, []float32{1, 2}))
	f.Add(idx(0x0e, []uint32{1, 1, 1}, []float64{math.NaN()}))
	f.Add(idx(8, []uint32{1 << 31, 1 << 31}, byte(1)))
	f.Fuzz(func(t *testing.T, content []byte) {
		var a *data.Array
		var err error
		frugally(t, len(content), func() { a, err = data.ReadIDX(bytes.NewReader(content), "fuzz") })
		checkArray(t, a, err, len(content))
	})
}

// checkArray holds an array to its own shape and to the size of the file.
func checkArray(t *testing.T, a *data.Array, err error, size int) {
	t.Helper()
	if err != nil {
		if a != nil {
			t.Fatalf("%+v beside %v", a, err)
		}
		return
	}
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	if n != len(a.Values) || n > size || cap(a.Values) > 2*size {
		t.Fatalf("shape %v, %d values, room for %d, from %d bytes", a.Shape, len(a.Values), cap(a.Values), size)
	}
}
