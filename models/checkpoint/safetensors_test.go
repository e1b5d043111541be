package checkpoint_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/models/checkpoint"
)

func tensor(d graph.DType, dims []int, v ...float64) *graph.Tensor {
	t := graph.NewTensor(graph.Type{DType: d, Shape: graph.Sh(dims...)})
	for i, x := range v {
		switch d {
		case graph.F32:
			t.F[i] = float64(float32(x))
		case graph.F64:
			t.F[i] = x
		default:
			t.I[i] = int32(x)
		}
	}
	return t
}

// small is a file with all element types, a scalar and a tensor of no elements.
func small() *checkpoint.File {
	return &checkpoint.File{
		Tensors: map[string]*graph.Tensor{
			"a": tensor(graph.F32, []int{7, 1}, special...), "b": tensor(graph.F64, []int{7}, special...),
			"c": tensor(graph.I32, []int{3}, math.MinInt32, -1, math.MaxInt32), "s": tensor(graph.F32, nil, 0.5), "none": tensor(graph.F64, []int{0, 4}),
		},
		Meta: map[string]string{"epoch": "3"},
	}
}

func encode(t testing.TB, f *checkpoint.File) []byte {
	t.Helper()
	b, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// raw is a file of the given header and data.
func raw(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func TestAllBitsSurvive(t *testing.T) {
	want := small()
	got, err := checkpoint.Decode(encode(t, want))
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range want.Tensors {
		y := got.Tensors[name]
		if y == nil || y.Type != x.Type || !reflect.DeepEqual(y.I, x.I) {
			t.Fatalf("%s is %v; want %v", name, y, x)
		}
		for i := range x.F {
			if math.Float64bits(x.F[i]) != math.Float64bits(y.F[i]) {
				t.Errorf("%s[%d] is %v; want %v", name, i, y.F[i], x.F[i])
			}
		}
	}
	if got.Meta["epoch"] != "3" || len(got.Tensors) != len(want.Tensors) {
		t.Errorf("metadata %v, %d tensors", got.Meta, len(got.Tensors))
	}
}

func TestTheLayoutIsThatOfTheFormat(t *testing.T) {
	b := encode(t, &checkpoint.File{Tensors: map[string]*graph.Tensor{"w": tensor(graph.F32, []int{2}, 1, -2), "z": tensor(graph.F64, nil, 1)}})
	n := binary.LittleEndian.Uint64(b)
	header, data := string(b[8:8+n]), b[8+n:]
	for _, want := range []string{`"w":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}`, `"z":{"dtype":"F64","shape":[],"data_offsets":[0,8]}`, `"__metadata__":{"format":"rpnc/1"`} {
		if !strings.Contains(header, want) || n%8 != 0 {
			t.Errorf("the header of %d bytes is %s; want %s in it", n, header, want)
		}
	}
	if want := []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}; !bytes.Equal(data, want) {
		t.Errorf("the data are % x; want % x", data, want)
	}
}

func TestFilesOfOtherProgramsAreRead(t *testing.T) {
	f, err := checkpoint.Decode(raw(`{"x": {"shape":[1,2], "dtype":"F32","data_offsets":[0,8]}}   `, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0))
	if err != nil || !reflect.DeepEqual(f.Tensors["x"], tensor(graph.F32, []int{1, 2}, 1, -2)) || len(f.Meta) != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	f, err = checkpoint.Decode(raw(`{"x":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}}`, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff))
	if err != nil || !reflect.DeepEqual(f.Tensors["x"], tensor(graph.I32, []int{2}, 7, math.MinInt32)) {
		t.Errorf("wide integers: %+v, %v", f, err)
	}
	if f, err := checkpoint.Decode(raw(`{}`)); err != nil || len(f.Tensors) != 0 {
		t.Errorf("an empty file: %+v, %v", f, err)
	}
}

func TestHalvesAreReadAsFloat32(t *testing.T) {
	f, err := checkpoint.Decode(raw(`{"b":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]},"h":{"dtype":"F16","shape":[2,4],"data_offsets":[6,22]}}`,
		0x80, 0x3f, 0x49, 0xc0, 0x80, 0xff, // 1, −π to 8 bits, −∞
		0x00, 0x3c, 0x48, 0xc2, 0xff, 0x7b, 0x01, 0x00, 0x00, 0x04, 0x00, 0x80, 0x00, 0x7c, 0xff, 0x83))
	if err != nil {
		t.Fatal(err)
	}
	if want := tensor(graph.F32, []int{3}, 1, -3.140625, math.Inf(-1)); !reflect.DeepEqual(f.Tensors["b"], want) {
		t.Errorf("BF16: %v; want %v", f.Tensors["b"], want)
	}
	want := tensor(graph.F32, []int{2, 4}, 1, -3.140625, 65504, math.Ldexp(1, -24), math.Ldexp(1, -14), math.Copysign(0, -1), math.Inf(1), -math.Ldexp(1023, -24))
	if !reflect.DeepEqual(f.Tensors["h"], want) || !math.Signbit(f.Tensors["h"].F[5]) {
		t.Errorf("F16: %v; want %v", f.Tensors["h"], want)
	}
	f, err = checkpoint.Decode(raw(`{"h":{"dtype":"F16","shape":[],"data_offsets":[0,2]}}`, 0x01, 0xfc))
	if err != nil || !math.IsNaN(f.Tensors["h"].F[0]) {
		t.Errorf("a NaN of F16: %v, %v", f, err)
	}
}

func TestBrokenFilesAreErrors(t *testing.T) {
	const meta = `"__metadata__":{"format":"rpnc/1"}`
	for _, c := range []struct {
		file []byte
		want string
	}{
		{nil, "0 bytes"},
		{[]byte("1234567"), "7 bytes"},
		{raw("{}")[:9], "truncated"},
		{binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "header of 18446744073709551615 bytes"},
		{raw(""), "header"},
		{raw("null trailing"), "header"},
		{raw(`[1]`), "header"},
		{raw(`{"x":3}`), `tensor "x"`},
		{raw(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}}`, 0, 0, 0, 0), "more"},
		{raw(`{"x":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}`, 0, 0), `element type "F8_E4M3"`},
		{raw(`{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,2]}}`, 0, 0), "2 bytes for BF16 (2); want 4"},
		{raw(`{"x":{"dtype":"I64","shape":[2],"data_offsets":[0,8]}}`, 0, 0, 0, 0, 0, 0, 0, 0), "8 bytes for I64 (2); want 16"},
		{raw(`{"x":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`, 0, 0, 0, 0x80, 0, 0, 0, 0), "value 0 is 2147483648; want integers of 32 bits"},
		{raw(`{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 0, 0, 0, 0), "negative dimension"},
		{raw(`{"x":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}`, 0, 0, 0, 0), "8 axes"},
		{raw(`{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`), "2⁴⁸"},
		{raw(`{"x":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,0]}}`), "header"},
		{raw(`{"x":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}`), "bytes 0 to 4000000000 of 0"},
		{raw(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`), "bytes -4 to 0"},
		{raw(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 0, 0, 0, 0), "bytes 4 to 0"},
		{raw(`{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0), "want 8"},
		{raw(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 0, 0, 0, 0, 0, 0, 0, 0), "begins at byte 4"},
		{raw(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0), "overlap"},
		{raw(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0, 9), "has a tail"},
		{raw(`{"__metadata__":{"a":1}}`), "__metadata__"},
		{raw(`{` + meta + `}`), "damaged"},
		{raw(`{"__metadata__":{"sha256":"00"}}`), "damaged"},
	} {
		if _, err := checkpoint.Decode(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v; want one with %q", c.file, err, c.want)
		}
	}
}

func TestEveryFlippedBitAndEveryCutIsNoticed(t *testing.T) {
	good := encode(t, small())
	want, err := checkpoint.Decode(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		if _, err := checkpoint.Decode(good[:i]); err == nil {
			t.Fatalf("the first %d of %d bytes are no error", i, len(good))
		}
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			// White space at the end of the header says nothing, and one sort of it may stand for another.
			if f, err := checkpoint.Decode(bad); err == nil && !reflect.DeepEqual(f, want) {
				t.Fatalf("bit %d of byte %d flipped: no error, %v", bit, i, f.Meta)
			}
		}
	}
}

func TestNamesThatTheFormatCannotHoldAreErrors(t *testing.T) {
	for _, name := range []string{"__metadata__", "a\xff"} {
		f := checkpoint.File{Tensors: map[string]*graph.Tensor{name: tensor(graph.F32, nil)}}
		if _, err := f.Encode(); err == nil || !strings.Contains(err.Error(), "cannot be called") {
			t.Errorf("a tensor %q: error %v", name, err)
		}
	}
}

// frugally decodes a file and fails where that allocates more than 16 times its size and 64 KiB, all in all.
func frugally(t *testing.T, b []byte) (f *checkpoint.File, err error) {
	t.Helper()
	most := 16*uint64(len(b)) + 1<<16
	var before, after runtime.MemStats
	// The runtime allocates now and then for itself: only what is used twice is the decoder's.
	for range 2 {
		runtime.ReadMemStats(&before)
		f, err = checkpoint.Decode(b)
		runtime.ReadMemStats(&after)
		if after.TotalAlloc-before.TotalAlloc <= most {
			return f, err
		}
	}
	t.Fatalf("%d bytes allocated for a file of %d; want at most %d", after.TotalAlloc-before.TotalAlloc, len(b), most)
	return nil, nil
}

func FuzzDecode(f *testing.F) {
	good := encode(f, small())
	for _, seed := range [][]byte{good, good[:20], raw(`{}`), raw(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 1, 2, 3, 4),
		raw(`{"x":{"dtype":"I32","shape":[0,9],"data_offsets":[0,0]},"__metadata__":{"k":"v"}}`), raw(`{"x":{"dtype":"F64","shape":[99999999999],"data_offsets":[0,8]}}`, 0, 0, 0, 0, 0, 0, 0, 0),
		raw(`{"__metadata__":null}`), raw(`{"x":{}}`), bytes.Repeat([]byte{0xff}, 16)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := frugally(t, b)
		if err != nil {
			return
		}
		size := 0
		for _, x := range file.Tensors {
			size += x.Type.Bytes()
		}
		if size > len(b) {
			t.Fatalf("%d bytes of tensors from a file of %d", size, len(b))
		}
		text := encode(t, file)
		again, err := checkpoint.Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encode(t, again), text) {
			t.Fatalf("written, read and written again, the file is another one")
		}
	})
}
