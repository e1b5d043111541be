package data

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The layout of an IDX file, all numbers big-endian:
//
//	offset  bytes  content
//	0       2      zero
//	2       1      type of the elements, see idxTypes
//	3       1      number k of dimensions
//	4       4·k    lengths of the dimensions, the slowest first
//	4+4·k          elements in C order, to the end of the file
//
// train-images-idx3-ubyte of MNIST begins with 00 00 08 03 and the lengths 60000, 28, 28.

// idxTypes are the element types of IDX by their code. There is no code for i8, and u2 and u4 do not exist.
var idxTypes = map[byte]string{0x08: "u1", 0x09: "i1", 0x0b: "i2", 0x0c: "i4", 0x0d: "f4", 0x0e: "f8"}

// idxFile is what should be there, in words.
const idxFile = "an IDX file such as train-images-idx3-ubyte"

// LoadIDX reads a file in the IDX format of MNIST and its successors, packed with gzip or not.
func LoadIDX(path string) (*Array, error) {
	return readFile("data.LoadIDX", path, idxFile, ReadIDX)
}

// ReadIDX reads an array from a stream in the IDX format. name stands for the file in errors, which give the byte
// where reading stopped. Memory beyond the values is bounded, and no header makes the values take more than 16 times
// the bytes that are there.
func ReadIDX(r io.Reader, name string) (*Array, error) {
	b := &binaryReader{op: "data.ReadIDX", name: name, r: r}
	a, err := idxHeader(b)
	if err != nil {
		return nil, err
	}
	if err := a.readValues(b, binary.BigEndian); err != nil {
		return nil, err
	}
	return a, nil
}

// idxHeader reads type and shape.
func idxHeader(b *binaryReader) (*Array, error) {
	var magic [4]byte
	if err := b.read(magic[:], "the magic number"); err != nil {
		return nil, err
	}
	kind, known := idxTypes[magic[2]]
	switch {
	case magic[0] != 0 || magic[1] != 0 || !known:
		return nil, b.errorf("the file begins with % x; want 00 00, a type 08…0e and the number of dimensions, as in IDX", magic)
	case magic[3] < 1 || magic[3] > 8:
		return nil, b.errorf("%d dimensions; want 1 to 8", magic[3])
	}
	a := &Array{Type: kind, Shape: make([]int, magic[3])}
	for i := range a.Shape {
		var n [4]byte
		if err := b.read(n[:], fmt.Sprintf("length %d of %d", i+1, len(a.Shape))); err != nil {
			return nil, err
		}
		a.Shape[i] = int(binary.BigEndian.Uint32(n[:]))
	}
	return a, nil
}

// LoadIDXImages reads grey images (n×h×w) and their labels (n) from a pair of IDX files, as MNIST and Fashion-MNIST have
// them. Pixels are divided by 255, Shape is 1, h, w; classes nil names the classes "0" … "K−1".
// [MNISTScaling] then normalises the pixels as is usual for MNIST.
func LoadIDXImages(images, labels string, classes []string) (*Dataset, error) {
	d, err := readFile("data.LoadIDXImages", images, idxFile, readIDXImages)
	if err != nil {
		return nil, err
	}
	y, err := LoadIDX(labels)
	if err != nil {
		return nil, err
	}
	if y.Type != "u1" || len(y.Shape) != 1 {
		return nil, fmt.Errorf("data.LoadIDXImages: %s: %s values of shape %v; want labels: u1, n", labels, y.Type, y.Shape)
	}
	if err := d.takeTruth(y, classes); err != nil {
		return nil, err
	}
	return d.checked()
}

// readIDXImages reads the images, whose bytes stay bytes.
//
// A byte a pixel is what the file has and what is kept; numbers are formed when a batch is gathered
// (see [Pixels]).
func readIDXImages(r io.Reader, name string) (*Dataset, error) {
	b := &binaryReader{op: "data.LoadIDXImages", name: name, r: r}
	x, err := idxHeader(b)
	if err != nil {
		return nil, err
	}
	if x.Type != "u1" || len(x.Shape) != 3 {
		return nil, fmt.Errorf("data.LoadIDXImages: %s: %s values of shape %v; want images: u1, n×h×w", name, x.Type, x.Shape)
	}
	bytes, err := x.readRaw(b)
	if err != nil {
		return nil, err
	}
	// Grey images have one channel, which IDX does not count as a dimension.
	n, h, w := x.Shape[0], x.Shape[1], x.Shape[2]
	return &Dataset{Name: name, Rows: n, Cols: h * w, Pixels: unitPixels(n, h*w, bytes), Shape: []int{1, h, w}}, nil
}
