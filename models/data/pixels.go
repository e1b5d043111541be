package data

import (
	"fmt"
	"math"
)

// Pixels is a table (Rows×Cols) of bytes, as images are stored: an eighth of the memory of numbers, which are formed batch
// by batch. Every channel, an equal share of the columns, has a table of its own for what a byte stands for:
//
//	xᵢⱼ = Values[c][Bytes[i·Cols + j]],  c = ⌊j·len(Values)/Cols⌋
//
// Scaling a set changes the tables alone.
type Pixels struct {
	Rows, Cols int
	Bytes      []uint8 // Rows·Cols of them, row by row
	Values     [][256]float64
}

// unitPixels takes bytes for numbers in [0, 1], by 1/255.
func unitPixels(rows, cols int, bytes []uint8) *Pixels {
	p := &Pixels{Rows: rows, Cols: cols, Bytes: bytes, Values: make([][256]float64, 1)}
	for b := range p.Values[0] {
		p.Values[0][b] = float64(b) / 255
	}
	return p
}

// Validate reports sizes that do not fit together, and values that are not finite.
func (p *Pixels) Validate() error {
	k := len(p.Values)
	if p.Rows < 0 || p.Cols < 1 || !isTable(len(p.Bytes), p.Rows, p.Cols) || k < 1 || p.Cols%k != 0 {
		return fmt.Errorf("data.Pixels: %d×%d, %d bytes, values of %d channels; want rows·columns bytes, and channels that divide the columns", p.Rows, p.Cols, len(p.Bytes), k)
	}
	for c := range p.Values {
		for b, x := range p.Values[c] {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("data.Pixels: byte %d of channel %d is %v; want a finite number", b, c, x)
			}
		}
	}
	return nil
}

// GatherPixels writes the numbers of some rows of p to dst (len(rows)×Cols), as [Gather] does for a table of numbers. It
// fails as Gather does; p must be valid.
//
// Columns of a channel lie together, so the table of values is chosen once a channel and the inner
// loop is a look-up a byte.
func GatherPixels[D Number](dst []D, p *Pixels, rows []int) error {
	if p.Cols < 1 || !isTable(len(dst), len(rows), p.Cols) {
		return fmt.Errorf("data.GatherPixels: room for %d values; want %d rows of %d", len(dst), len(rows), p.Cols)
	}
	width := p.Cols / len(p.Values)
	for i, r := range rows {
		if r < 0 || r >= p.Rows {
			return fmt.Errorf("data.GatherPixels: row %d of %d; want rows 0…%d", r, p.Rows, p.Rows-1)
		}
		from, to := p.Bytes[r*p.Cols:(r+1)*p.Cols], dst[i*p.Cols:(i+1)*p.Cols]
		for c := range p.Values {
			values := &p.Values[c]
			for j := c * width; j < (c+1)*width; j++ {
				to[j] = D(values[from[j]])
			}
		}
	}
	return nil
}

// dense returns the numbers of the rows lo … hi−1 of a valid table.
func (p *Pixels) dense(lo, hi int) []float64 {
	rows := make([]int, hi-lo)
	for i := range rows {
		rows[i] = lo + i
	}
	x := make([]float64, len(rows)*p.Cols)
	GatherPixels(x, p, rows) // sizes and rows are right
	return x
}

// at is the number in row i, column j of a valid table.
func (p *Pixels) at(i, j int) float64 {
	return p.Values[j/(p.Cols/len(p.Values))][p.Bytes[i*p.Cols+j]]
}

// pick copies rows, in the given order; the tables are shared.
func (p *Pixels) pick(rows []int) (*Pixels, error) {
	q := &Pixels{Rows: len(rows), Cols: p.Cols, Bytes: make([]uint8, 0, len(rows)*p.Cols), Values: p.Values}
	for _, r := range rows {
		if r < 0 || r >= p.Rows {
			return nil, fmt.Errorf("data.Pixels: row %d of %d; want rows 0…%d", r, p.Rows, p.Rows-1)
		}
		q.Bytes = append(q.Bytes, p.Bytes[r*p.Cols:(r+1)*p.Cols]...)
	}
	return q, nil
}

// scaled applies a scaling, one that fits, to the tables. Where the columns of a channel are scaled in different ways every
// column becomes a channel; nil where these tables would be larger than that of the numbers. The bytes are shared.
//
// A table takes 256 numbers a channel and the numbers themselves take Rows: with fewer rows than 256 a
// table for every column would be the larger of the two, and the caller forms the numbers instead.
func (p *Pixels) scaled(s Scaling) *Pixels {
	q := &Pixels{Rows: p.Rows, Cols: p.Cols, Bytes: p.Bytes, Values: make([][256]float64, len(p.Values))}
	if !s.by(len(p.Values)) {
		if p.Rows < len(p.Values[0]) {
			return nil
		}
		q.Values = make([][256]float64, p.Cols)
	}
	width, before := p.Cols/len(q.Values), p.Cols/len(p.Values)
	for c := range q.Values {
		j := c * width
		for b, x := range p.Values[j/before] {
			q.Values[c][b] = (x - s.Shift[j]) / s.Scale[j]
		}
	}
	return q
}

// by says whether the columns of each of k channels are scaled alike.
func (s Scaling) by(k int) bool {
	width := len(s.Shift) / k
	for j := range s.Shift {
		if c := j / width * width; s.Shift[j] != s.Shift[c] || s.Scale[j] != s.Scale[c] {
			return false
		}
	}
	return true
}
