package data

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
)

// How a table is read. Lines come one by one (see eachLine); the first that is not blank settles the
// plan, which column goes where, and every other line is cut into cells and appended. Cells are parts
// of the line and not copies, since most of them are numbers that are parsed and forgotten; the few
// texts that are kept are cloned, as each would otherwise hold its whole line in memory.
//
// A cell that cannot be read ends the reading with its file, line and column. No value is guessed and
// no row is left out in silence: a column that is empty in one row of a thousand should be seen before
// training and not after.

// Kind says what the target columns of a file hold.
type Kind uint8

const (
	Classification Kind = iota // one column of class names or numbers
	Regression                 // columns of numbers
	Unlabelled                 // there is no target column, all columns are features
)

// Header says whether the first line of a file names the columns.
type Header uint8

// What may be said of the first line.
const (
	HeaderAuto Header = iota // it does where no cell of it is a number
	HeaderYes
	HeaderNo
)

// CSVOptions describe a file to [LoadCSV]. A nil pointer and the zero value mean: the class is in the last column.
//
// Columns are given by their name in the header or by their number, from 1.
type CSVOptions struct {
	Kind   Kind
	Header Header
	Target []string // target columns, in the order they are to have in Y; nil: the last column
	Skip   []string // columns to leave out, such as row numbers

	// Features are the names of the features in the order that they are to have in X. A header that has all of them
	// settles the features; without one, or where one is missing there, they are the columns left, as in the file.
	Features []string

	Comma byte // between the cells; 0: ','

	// Classes fixes names and order of the classes; any other label is then an error. A test file needs the classes
	// of its training file. Nil: the integers 0…K−1 stand for themselves where exactly these are found, and other
	// labels become classes in the order of their first appearance.
	Classes []string

	MaxLine int // longest line in bytes with its end; 0: 1 MiB
}

// LoadCSV reads a table of numbers with one column of class labels, or as opts says, packed with gzip or not. Cells are separated by commas
// and may stand in double quotes ("" for a quote inside); a quoted cell ends on its line. Blank lines and spaces round
// cells do not count. An error names file, line and column.
func LoadCSV(path string, opts *CSVOptions) (*Dataset, error) {
	d, err := readFile("data.LoadCSV", path, "the path of a readable CSV file", func(r io.Reader, name string) (*Dataset, error) {
		return ReadCSV(r, name, opts)
	})
	if err != nil {
		return nil, err
	}
	d.Name = filepath.Base(path)
	return d, nil
}

// ReadCSV is [LoadCSV] for any stream; name stands for the file in errors and becomes the name of the set.
// Memory beyond the numbers themselves is bounded by one line.
func ReadCSV(r io.Reader, name string, opts *CSVOptions) (*Dataset, error) {
	c := &csvReader{name: name, codes: map[string]int32{}, out: &Dataset{Name: name}}
	if opts != nil {
		c.opts = *opts
	}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	if err := eachLine(r, "data.ReadCSV", name, c.opts.MaxLine, c.readLine); err != nil {
		return nil, err
	}
	return c.finish()
}

// csvReader collects a set line by line.
type csvReader struct {
	name  string           // of the file, for errors
	opts  CSVOptions       // with the defaults filled in
	cells []string         // of the current line; the array is used again for the next
	plan  *csvPlan         // nil before the first line that is not blank
	codes map[string]int32 // class of each label met so far
	out   *Dataset         // the set so far; half a row may stick to it after an error, when nobody gets it
}

// prepare fills in the defaults, takes the given classes over and rejects options that mean nothing.
//
// Given classes are numbered before the first line, in their order: a test part then has the numbers
// of its training part whatever comes first in it.
func (c *csvReader) prepare() error {
	if c.opts.Kind > Unlabelled || c.opts.Header > HeaderNo {
		return fmt.Errorf("data.ReadCSV: kind %d, header %d; want the constants of this package", c.opts.Kind, c.opts.Header)
	}
	if c.opts.Comma == 0 {
		c.opts.Comma = ','
	}
	if c.opts.MaxLine == 0 {
		c.opts.MaxLine = longestLine
	}
	if c.opts.MaxLine < 0 {
		return fmt.Errorf("data.ReadCSV: MaxLine is %d; want a positive number of bytes, or 0 for 1 MiB", c.opts.MaxLine)
	}
	if strings.IndexByte("\"\r\n ", c.opts.Comma) >= 0 {
		return fmt.Errorf("data.ReadCSV: cells cannot be separated by %q; want a comma, semicolon or tab", c.opts.Comma)
	}
	for _, class := range c.opts.Classes {
		if _, twice := c.codes[class]; twice {
			return fmt.Errorf("data.ReadCSV: class %q is given twice; want each once", class)
		}
		c.addClass(class)
	}
	return nil
}

// readLine takes one line in: the header, the first row or another row.
func (c *csvReader) readLine(line string) error {
	cells, err := splitCells(c.cells[:0], line, c.opts.Comma)
	if err != nil {
		return fmt.Errorf("column %d: %w", len(cells)+1, err)
	}
	c.cells = cells
	if c.plan == nil {
		header := c.opts.Header == HeaderYes || c.opts.Header == HeaderAuto && !anyNumber(cells)
		if c.plan, err = planColumns(cells, header, &c.opts); err != nil {
			return err
		}
		if header {
			return nil
		}
	}
	return c.readRow(cells)
}

// readRow appends a row of cells to the set.
func (c *csvReader) readRow(cells []string) error {
	if len(cells) != c.plan.width {
		return fmt.Errorf("%d cells; want %d as in the first line", len(cells), c.plan.width)
	}
	for _, j := range c.plan.features {
		v, err := parseCell(cells[j])
		if err != nil {
			return c.cellError(j, err)
		}
		c.out.X = append(c.out.X, v)
	}
	for _, j := range c.plan.targets {
		if err := c.readTarget(cells[j]); err != nil {
			return c.cellError(j, err)
		}
	}
	c.out.Rows++
	return nil
}

// readTarget appends a label or a target of the row. Unlabelled sets have no target columns and never come here.
func (c *csvReader) readTarget(cell string) error {
	if c.opts.Kind == Regression {
		v, err := parseCell(cell)
		c.out.Y = append(c.out.Y, v)
		return err
	}
	code, known := c.codes[cell]
	switch {
	case cell == "":
		return errors.New("the label is empty; want a class name")
	case !known && len(c.opts.Classes) > 0:
		return fmt.Errorf("no class is called %s; want one of %s", short(cell), list(c.opts.Classes))
	case !known:
		// A clone, for the cell is a part of the whole line.
		code = c.addClass(strings.Clone(cell))
	}
	c.out.Labels = append(c.out.Labels, code)
	return nil
}

// addClass gives the next number to a class.
func (c *csvReader) addClass(name string) int32 {
	code := int32(len(c.out.Classes))
	c.codes[name] = code
	c.out.Classes = append(c.out.Classes, name)
	return code
}

// cellError says where in the line err came up, the column by number and name.
func (c *csvReader) cellError(j int, err error) error {
	name := ""
	if c.plan.header != nil {
		name = " (" + short(c.plan.header[j]) + ")"
	}
	return fmt.Errorf("column %d%s: %w", j+1, name, err)
}

// finish completes the set after the last line: the sizes, the names and the numbers of the classes.
//
// Names of classes are settled last, as only the whole file tells whether its labels are the integers
// from 0.
func (c *csvReader) finish() (*Dataset, error) {
	d := c.out
	switch {
	case c.plan == nil:
		return nil, fmt.Errorf("data.ReadCSV: %s: the file is empty; want lines of numbers", c.name)
	case d.Rows == 0:
		return nil, fmt.Errorf("data.ReadCSV: %s: there is only a header; want lines of numbers below it", c.name)
	}
	d.Cols = len(c.plan.features)
	d.Columns = c.plan.featureNames()
	switch c.opts.Kind {
	case Regression:
		d.YCols = len(c.plan.targets)
	case Classification:
		if len(c.opts.Classes) == 0 {
			keepIntegers(d)
		}
	}
	return d.checked()
}

// keepIntegers renumbers the classes of d so that class k is called "k", if they are called "0" … "K−1" in any order.
// As the names differ, K of them in that range are all of it.
func keepIntegers(d *Dataset) {
	value := make([]int32, len(d.Classes))
	for code, name := range d.Classes {
		v, err := strconv.Atoi(name)
		if err != nil || v < 0 || v >= len(d.Classes) || strconv.Itoa(v) != name {
			return
		}
		value[code] = int32(v)
	}
	for i, code := range d.Labels {
		d.Labels[i] = value[code]
	}
	for k := range d.Classes {
		d.Classes[k] = strconv.Itoa(k)
	}
}

// parseCell reads a finite number, in any form that Go knows.
func parseCell(cell string) (float64, error) {
	v, err := strconv.ParseFloat(cell, 64)
	switch {
	case cell == "":
		return 0, errors.New("the cell is empty; fill it in or leave the row out")
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is beyond the range of a float64", short(cell))
	case err != nil:
		return 0, fmt.Errorf("%s is not a number; want one such as -1.5e3 (classes belong into the target column)", short(cell))
	case math.IsNaN(v) || math.IsInf(v, 0):
		return 0, fmt.Errorf("%s is not finite; fill the cell in or leave the row out", short(cell))
	}
	return v, nil
}
