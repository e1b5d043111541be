package data

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Array is a block of numbers of any rank, as IDX and npy files hold it.
//
// Values are float64 whatever the file holds, so that one type serves all readers; eight bytes a pixel
// is what a set of images costs in memory.
type Array struct {
	Type   string    // of the elements in the file: u1, i1, i2, i4, i8, f4 or f8
	Shape  []int     // dimensions, the slowest first; empty for a single number
	Values []float64 // Π Shape of them, the last index running fastest
}

// element says how one number lies in a file.
//
// at fails for integers that a float64 does not hold.
type element struct {
	size int
	at   func(order binary.ByteOrder, p []byte) (float64, error)
}

// elements are the types that a file may hold, by their names in NumPy: u, i or f for unsigned, signed and floating, and
// the number of bytes. Unsigned types of several bytes are rare enough to be left to a conversion by the writer.
var elements = map[string]element{
	"u1": {1, func(_ binary.ByteOrder, p []byte) (float64, error) { return float64(p[0]), nil }},
	"i1": {1, func(_ binary.ByteOrder, p []byte) (float64, error) { return float64(int8(p[0])), nil }},
	"i2": {2, func(o binary.ByteOrder, p []byte) (float64, error) { return float64(int16(o.Uint16(p))), nil }},
	"i4": {4, func(o binary.ByteOrder, p []byte) (float64, error) { return float64(int32(o.Uint32(p))), nil }},
	"i8": {8, func(o binary.ByteOrder, p []byte) (float64, error) { return exact(int64(o.Uint64(p))) }},
	"f4": {4, func(o binary.ByteOrder, p []byte) (float64, error) {
		return float64(math.Float32frombits(o.Uint32(p))), nil
	}},
	"f8": {8, func(o binary.ByteOrder, p []byte) (float64, error) { return math.Float64frombits(o.Uint64(p)), nil }},
}

// exact converts an integer that a float64 can hold.
func exact(v int64) (float64, error) {
	if v < -1<<53 || v > 1<<53 {
		return 0, fmt.Errorf("%d is not exact as a float64; want integers between ±2⁵³", v)
	}
	return float64(v), nil
}

// readValues reads what a.Type and a.Shape promise.
func (a *Array) readValues(b *binaryReader, order binary.ByteOrder) error {
	raw, err := a.readRaw(b)
	if err != nil {
		return err
	}
	e := elements[a.Type]
	a.Values = make([]float64, len(raw)/e.size)
	for i := range a.Values {
		if a.Values[i], err = e.at(order, raw[i*e.size:]); err != nil {
			return b.errorf("value %d: %w", i, err)
		}
	}
	return nil
}

// readRaw reads the bytes of the values, piece by piece, to the end of the file: a header that promises too much costs an
// error and no memory.
//
// The buffer doubles as bytes arrive, so memory stays within twice of what the file really has.
func (a *Array) readRaw(b *binaryReader) ([]byte, error) {
	n, err := a.count()
	if err != nil {
		return nil, b.errorf("%w", err)
	}
	const piece = 1 << 13 // values, 64 KiB at most
	size := elements[a.Type].size
	var raw []byte
	for done := 0; done < n; {
		k := min(n-done, piece)
		end := (done + k) * size
		if cap(raw) < end {
			// Doubling, but not beyond what is to come.
			raw = append(make([]byte, 0, min(n*size, 2*end)), raw...)
		}
		raw = raw[:end]
		if err := b.read(raw[done*size:], fmt.Sprintf("values %d to %d of %d", done, done+k-1, n)); err != nil {
			return nil, err
		}
		done += k
	}
	return raw, b.end()
}

// count is the number of elements, Π Shape.
func (a *Array) count() (int, error) {
	// The bound leaves room for the bytes of n float64, and for doubling them, in an int.
	n := 1
	for _, d := range a.Shape {
		switch {
		case d < 1:
			return 0, fmt.Errorf("the shape is %v; want positive dimensions", a.Shape)
		case n > math.MaxInt/64/d:
			return 0, fmt.Errorf("the shape is %v, more values than a memory holds", a.Shape)
		}
		n *= d
	}
	return n, nil
}

// FromArrays makes a set of an array of features, one row an index of its first dimension, and an array y (may be nil):
// integers (n) or (n×1) in y are labels, other arrays (n) or (n×k) are targets. classes names the labels; nil names
// them "0" … "K−1". The set shares the values of x.
func FromArrays(name string, x, y *Array, classes []string) (*Dataset, error) {
	d := &Dataset{Name: name}
	n, err := x.count()
	switch {
	case err != nil:
		return nil, d.errorf("the features: %w", err)
	case len(x.Shape) == 0 || n != len(x.Values):
		return nil, d.errorf("%d features of shape %v; want rows in the first dimension", len(x.Values), x.Shape)
	}
	d.Rows, d.Cols, d.X = x.Shape[0], n/x.Shape[0], x.Values
	// A row of numbers has no layout of its own, a matrix or more has.
	if len(x.Shape) > 2 {
		d.Shape = slices.Clone(x.Shape[1:])
	}
	if y != nil {
		if err := d.takeTruth(y, classes); err != nil {
			return nil, err
		}
	}
	return d.checked()
}

// takeTruth fills Labels or Y from an array.
//
// Integers are classes; (n×k) integers with k > 1 are targets.
//
// The type in the file decides between the two, as the values cannot: 0 and 1 may be classes or
// amounts.
func (d *Dataset) takeTruth(y *Array, classes []string) error {
	n, err := y.count()
	if err != nil || len(y.Shape) == 0 || n != len(y.Values) || y.Shape[0] != d.Rows {
		return d.errorf("%d labels or targets of shape %v for %d rows; want one line a row", len(y.Values), y.Shape, d.Rows)
	}
	// Integers may be targets too, but then their writer can say so by storing floats.
	if strings.HasPrefix(y.Type, "f") || n != d.Rows {
		d.Y, d.YCols = y.Values, n/d.Rows
		return nil
	}
	d.Labels, d.Classes = make([]int32, n), classes
	top := slices.Max(y.Values)
	if classes == nil {
		// Labels are counted on from 0: numbers far above that are no labels, and would cost a name each.
		const most = 1 << 16
		if top >= most {
			return d.errorf("a label is %v; want labels below %d, or class names", top, most)
		}
		d.Classes = numbered(int(max(top, 0)) + 1)
	}
	for i, v := range y.Values {
		if !(v >= 0 && v < float64(len(d.Classes)) && v == math.Trunc(v)) {
			return d.errorf("the label of row %d is %v; want 0…%d", i, v, len(d.Classes)-1)
		}
		d.Labels[i] = int32(v)
	}
	return nil
}

// numbered names k classes "0" … "k−1".
func numbered(k int) []string {
	names := make([]string, k)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}
