package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The layout of an npy file:
//
//	offset  bytes   content
//	0       6       \x93NUMPY
//	6       2       version: 1 0, 2 0 or 3 0
//	8       2 or 4  length of the header, little-endian, four bytes from version 2 on
//	10/12           header, a dictionary in Python's notation, filled up with blanks
//	                elements, to the end of the file
//
// Version 3 differs from 2 in the encoding of field names, and arrays of numbers have none.

// npyTypes are the element types that are read from npy files.
var npyTypes = []string{"u1", "i4", "i8", "f4", "f8"}

// npyHeader is the dictionary of a header as NumPy writes it: three keys in this order. Other writers follow it to the
// letter, so that a parser of Python is not called for; a header that differs is an error and shows itself.
var npyHeader = regexp.MustCompile(`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\), *\}[ \n]*$`)

// LoadNPY reads a file that numpy.save has written.
func LoadNPY(path string) (*Array, error) {
	return readFile("data.LoadNPY", path, "a file that numpy.save has written", ReadNPY)
}

// ReadNPY reads an array in NumPy's npy format, versions 1 to 3: elements u1, i4, i8, f4 or f8 of either byte order, in C
// order. Integers beyond ±2⁵³ are an error, for a float64 would change them. name stands for the file in errors,
// which give the byte where reading stopped; memory is bounded as in [ReadIDX].
func ReadNPY(r io.Reader, name string) (*Array, error) {
	b := &binaryReader{op: "data.ReadNPY", name: name, r: r}
	size, err := npyStart(b)
	if err != nil {
		return nil, err
	}
	// A header of these types and at most 32 dimensions is shorter than this by far.
	const most = 1 << 12
	if size > most {
		return nil, b.errorf("a header of %d bytes; want at most %d", size, most)
	}
	text := make([]byte, size)
	if err := b.read(text, "the header"); err != nil {
		return nil, err
	}
	a, order, err := parseNPYHeader(string(text))
	if err != nil {
		return nil, b.errorf("%w", err)
	}
	if err := a.readValues(b, order); err != nil {
		return nil, err
	}
	return a, nil
}

// npyStart reads magic, version and the length of the header.
func npyStart(b *binaryReader) (size int, err error) {
	var start [8]byte
	if err := b.read(start[:], "the magic number and version"); err != nil {
		return 0, err
	}
	if string(start[:6]) != "\x93NUMPY" {
		return 0, b.errorf("the file begins with % x; want \\x93NUMPY, as in npy files", start[:6])
	}
	var length [4]byte // two bytes in version 1
	part := length[:]
	switch v := start[6]; v {
	case 1:
		part = length[:2]
	case 2, 3:
	default:
		return 0, b.errorf("version %d; want 1, 2 or 3", v)
	}
	if err := b.read(part, "the length of the header"); err != nil {
		return 0, err
	}
	return int(binary.LittleEndian.Uint32(length[:])), nil
}

// parseNPYHeader takes type, byte order and shape from the dictionary.
func parseNPYHeader(text string) (*Array, binary.ByteOrder, error) {
	m := npyHeader.FindStringSubmatch(text)
	if m == nil {
		return nil, nil, fmt.Errorf("the header is %s; want descr, fortran_order and shape", short(text))
	}
	if m[2] == "True" {
		return nil, nil, errors.New("the values are in Fortran order; save numpy.ascontiguousarray of the array")
	}
	order, kind, err := npyType(m[1])
	if err != nil {
		return nil, nil, err
	}
	a := &Array{Type: kind}
	for dim := range strings.SplitSeq(strings.TrimSuffix(strings.ReplaceAll(m[3], " ", ""), ","), ",") {
		if m[3] == "" {
			break // (), a single number
		}
		n, err := strconv.Atoi(dim)
		if err != nil {
			return nil, nil, fmt.Errorf("the shape is (%s); want numbers such as (3, 4)", m[3])
		}
		a.Shape = append(a.Shape, n)
	}
	if len(a.Shape) > 32 {
		return nil, nil, fmt.Errorf("%d dimensions; want at most 32", len(a.Shape))
	}
	return a, order, nil
}

// npyType splits a descr such as <f4.
func npyType(descr string) (binary.ByteOrder, string, error) {
	if len(descr) < 2 || !strings.ContainsRune("<>=|", rune(descr[0])) || !slices.Contains(npyTypes, descr[1:]) {
		return nil, "", fmt.Errorf("elements of type %s; want one of %s behind < or >: convert with astype", short(descr), strings.Join(npyTypes, ", "))
	}
	if descr[0] == '>' {
		return binary.BigEndian, descr[1:], nil
	}
	return binary.LittleEndian, descr[1:], nil
}
