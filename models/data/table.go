package data

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// How this differs from other tables. The header carries the types, so nothing is guessed from cells:
// a column str holds texts even where all of them are digits, and a column int refuses 1.5. Texts
// among the features become numbers in the order of their appearance, which means nothing to a linear
// model and is what the reference does; whoever wants one column a text has to write the file so.

// TableOptions describe a file to [LoadTable]. A nil pointer and the zero value mean: commas, and every cell must be right.
type TableOptions struct {
	Comma byte // between the cells; 0: ','

	// OnBad is told of every cell of a column of numbers that holds none; it becomes NaN then, which
	// [Dataset.Validate] rejects and the caller has to fill in. Nil: such a cell is an error.
	OnBad func(err error)
}

// LoadTable reads a table whose header says what the columns hold, name_type with type int, float or str (in upper or lower
// case), packed with gzip or not:
//
//	id_int,length_float,colour_str,species_str
//	1,5.1,blue,setosa
//
// The first column, an identifier, is left out, the last one is the truth, the others are features. Strings become 0, 1, 2 …
// in the order of their first appearance in the column. The truth is in Y, as a number; if it is a string, also
// in Labels and Classes. An error names file, line and column.
func LoadTable(path string, opts *TableOptions) (*Dataset, error) {
	d, err := readFile("data.LoadTable", path, "a CSV file with a header such as id_int,length_float,species_str", func(r io.Reader, name string) (*Dataset, error) {
		return ReadTable(r, name, opts)
	})
	if err != nil {
		return nil, err
	}
	d.Name = filepath.Base(path)
	return d, nil
}

// ReadTable is [LoadTable] for any stream; name stands for the file in errors and becomes the name of the set.
func ReadTable(r io.Reader, name string, opts *TableOptions) (*Dataset, error) {
	t := &tableReader{name: name, out: &Dataset{Name: name, YCols: 1}}
	if opts != nil {
		t.opts = *opts
	}
	if t.opts.Comma == 0 {
		t.opts.Comma = ','
	}
	if err := eachLine(r, "data.ReadTable", name, longestLine, t.readLine); err != nil {
		return nil, err
	}
	if t.out.Rows == 0 {
		return nil, fmt.Errorf("data.ReadTable: %s: no rows; want a header and lines below it", name)
	}
	t.out.Cols = len(t.columns) - 2
	if last := t.columns[len(t.columns)-1]; last.codes != nil {
		t.out.Classes = last.seen
	}
	return t.out, t.out.checkSizes()
}

// tableReader collects a set line by line.
type tableReader struct {
	name    string         // of the file, for errors
	opts    TableOptions   // with the defaults filled in
	cells   []string       // of the current line; the array is used again for the next
	columns []*tableColumn // nil before the header
	out     *Dataset       // the set so far
}

// tableColumn says what a column holds.
type tableColumn struct {
	name  string
	kind  string         // int, float or str
	codes map[string]int // of a column of strings; nil for numbers
	seen  []string       // the strings in the order of their codes
}

// readLine takes in the header or a row.
func (t *tableReader) readLine(line string) (err error) {
	if t.cells, err = splitCells(t.cells[:0], line, t.opts.Comma); err != nil {
		return fmt.Errorf("column %d: %w", len(t.cells)+1, err)
	}
	if t.columns == nil {
		return t.readHeader()
	}
	if len(t.cells) != len(t.columns) {
		return fmt.Errorf("%d cells; want %d as in the header", len(t.cells), len(t.columns))
	}
	last := len(t.columns) - 1
	// Column 0 is the identifier, which may be anything.
	for j := 1; j <= last; j++ {
		v, err := t.value(j)
		if err != nil {
			return err
		}
		if j < last {
			t.out.X = append(t.out.X, v)
			continue
		}
		t.out.Y = append(t.out.Y, v)
		if t.columns[j].codes != nil {
			t.out.Labels = append(t.out.Labels, int32(v))
		}
	}
	t.out.Rows++
	return nil
}

// readHeader takes names and types from the first line.
func (t *tableReader) readHeader() error {
	if len(t.cells) < 3 {
		return fmt.Errorf("%d columns; want an identifier, at least one feature and the truth", len(t.cells))
	}
	for j, cell := range t.cells {
		// A second _ would go into the type, where it is no type.
		name, kind, _ := strings.Cut(cell, "_")
		kind = strings.ToLower(kind)
		if !slices.Contains([]string{"int", "float", "str"}, kind) {
			return fmt.Errorf("column %d: the header is %s; want name_type with type int, float or str, and no other _ in it", j+1, short(cell))
		}
		c := &tableColumn{name: strings.Clone(name), kind: kind}
		if kind == "str" {
			c.codes = map[string]int{}
		}
		t.columns = append(t.columns, c)
		if j > 0 && j < len(t.cells)-1 {
			t.out.Columns = append(t.out.Columns, c.name)
		}
	}
	return nil
}

// value is the number that cell j of the line stands for.
func (t *tableReader) value(j int) (float64, error) {
	c, cell := t.columns[j], t.cells[j]
	v, err := c.value(cell)
	if err == nil {
		return v, nil
	}
	err = fmt.Errorf("column %d (%s): %w", j+1, short(c.name), err)
	if t.opts.OnBad == nil {
		return 0, err
	}
	t.opts.OnBad(fmt.Errorf("data.ReadTable: %s: row %d: %w", t.name, t.out.Rows, err))
	return math.NaN(), nil
}

// value codes or parses a cell.
//
// Integers beyond ±2⁵³ are refused, as a float64 would make two different ones equal.
func (c *tableColumn) value(cell string) (float64, error) {
	switch c.kind {
	case "str":
		code, known := c.codes[cell]
		if !known {
			// A clone, for the cell is a part of the whole line.
			cell = strings.Clone(cell)
			code = len(c.seen)
			c.codes[cell], c.seen = code, append(c.seen, cell)
		}
		return float64(code), nil
	case "int":
		v, err := strconv.ParseInt(cell, 10, 64)
		if errors.Is(err, strconv.ErrSyntax) {
			return 0, fmt.Errorf("%s is not an integer; want one such as -12", short(cell))
		} else if err != nil {
			return 0, fmt.Errorf("%s is beyond the range of an int64", short(cell))
		}
		return exact(v)
	}
	return parseCell(cell)
}
