package data_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"rpnc/models/data"
)

// npy makes an npy file of a version with the given header and values.
func npy(version byte, header, values string) []byte {
	length := []byte{byte(len(header)), byte(len(header) >> 8)}
	if version > 1 {
		length = append(length, 0, 0)
	}
	return []byte("\x93NUMPY" + string(version) + "\x00" + string(length) + header + values)
}

// dict is the header that NumPy writes.
func dict(descr, shape string) string {
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }   \n", descr, shape)
}

func TestReadNPYReadsWhatNumPyWrites(t *testing.T) {
	pad := strings.Repeat(" ", 58)
	for _, c := range []struct {
		content string
		want    data.Array
	}{
		// The first three are the bytes that numpy.save of NumPy 2 wrote.
		{"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }" + pad + "\n\x00\x00\xc0?\x00\x00\x00\xc0\x00\x00\x00\x00v\x84\xdfP",
			data.Array{Type: "f4", Shape: []int{2, 2}, Values: []float64{1.5, -2, 0, float64(float32(3e10))}}},
		{"\x93NUMPY\x01\x00v\x00{'descr': '>i8', 'fortran_order': False, 'shape': (), }" + pad + "    \n\x00\x00\x00\x00\x00\x00\x00\x07",
			data.Array{Type: "i8", Values: []float64{7}}},
		{"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }" + pad + "  \n\x00\x01\xff",
			data.Array{Type: "u1", Shape: []int{3}, Values: []float64{0, 1, 255}}},
		{string(npy(2, dict("<i4", "(1, 2)"), "\xff\xff\xff\xff\x01\x00\x01\x00")), data.Array{Type: "i4", Shape: []int{1, 2}, Values: []float64{-1, 65537}}},
		{string(npy(3, dict("<f8", "(1,)"), "\x00\x00\x00\x00\x00\x00\xf8\x3f")), data.Array{Type: "f8", Shape: []int{1}, Values: []float64{1.5}}},
		{string(npy(1, dict(">f8", "(1,)"), "\x3f\xf8\x00\x00\x00\x00\x00\x00")), data.Array{Type: "f8", Shape: []int{1}, Values: []float64{1.5}}},
	} {
		a, err := data.ReadNPY(strings.NewReader(c.content), "f.npy")
		if err != nil {
			t.Errorf("%q: %v", c.content, err)
		} else if !reflect.DeepEqual(*a, c.want) {
			t.Errorf("got %+v, want %+v", *a, c.want)
		}
	}
}

func TestReadNPYErrorsNameFileAndByte(t *testing.T) {
	for _, c := range []struct {
		content []byte
		want    string
	}{
		{nil, "f.npy: byte 0: the file ends in the magic number and version"},
		{[]byte("PK\x03\x04 is the zip of npz"), "the file begins with 50 4b 03 04"},
		{npy(4, "", ""), "version 4; want 1, 2 or 3"},
		{[]byte("\x93NUMPY\x02\x00\x00\x00"), "byte 10: the file ends in the length of the header"},
		{[]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"), "byte 12: a header of 4294967295 bytes; want at most 4096"},
		{npy(1, dict("<f4", "(2,)"), "")[:40], "byte 40: the file ends in the header"},
		{npy(1, dict("<f4", "(2,)"), "1234567"), "the file ends in values 0 to 1 of 2; want at least 1"},
		{npy(1, dict("<f4", "(2,)"), "123456789"), "the file goes on behind the last value"},
		{npy(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\n", ""), "want descr, fortran_order and shape"},
		{npy(1, strings.Replace(dict("<f4", "(2,)"), "False", "True", 1), ""), "in Fortran order; save numpy.ascontiguousarray"},
		{npy(1, dict("|O", "(2,)"), ""), `elements of type "|O"; want one of u1, i4, i8, f4, f8 behind < or >`},
		{npy(1, dict("<c8", "(2,)"), ""), `elements of type "<c8"`},
		{npy(1, dict("", "(2,)"), ""), `elements of type ""`},
		{npy(1, dict("<f4", "(2,,3)"), ""), "the shape is (2,,3); want numbers"},
		{npy(1, dict("<f4", "(99999999999999999999,)"), ""), "the shape is (99999999999999999999,)"},
		{npy(1, dict("<f4", "(0, 3)"), ""), "the shape is [0 3]; want positive dimensions"},
		{npy(1, dict("<f4", "("+strings.Repeat("1, ", 33)+")"), "1234"), "33 dimensions; want at most 32"},
		{npy(1, dict("<i8", "(2,)"), "\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x40"), "value 1: 4611686018427387905 is not exact"},
	} {
		a, err := data.ReadNPY(bytes.NewReader(c.content), "f.npy")
		expect(t, a, err, c.want)
	}
}

func TestLoadNPYReadsAFile(t *testing.T) {
	content := npy(1, dict("<f4", "(1,)"), "\x00\x00\xc0?")
	for _, c := range [][]byte{content, packed(t, content)} {
		if a, err := data.LoadNPY(write(t, "x.npy", c)); err != nil || a.Values[0] != 1.5 {
			t.Errorf("%+v, %v", a, err)
		}
	}
	a, err := data.LoadNPY("none.npy")
	expect(t, a, err, "want a file that numpy.save has written")
}

func FuzzReadNPY(f *testing.F) {
	f.Add(npy(1, dict("<f4", "(2,)"), "12345678"))
	f.Add(npy(2, dict(">i8", "()"), "12345678"))
	f.Add(npy(3, dict("|u1", "(2, 3)"), "123456"))
	f.Add(npy(1, dict("<f8", "(99999999, 99999999)"), "12345678"))
	f.Fuzz(func(t *testing.T, content []byte) {
		var a *data.Array
		var err error
		frugally(t, len(content), func() { a, err = data.ReadNPY(bytes.NewReader(content), "fuzz") })
		checkArray(t, a, err, len(content))
	})
}
