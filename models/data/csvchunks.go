package data

import (
	"errors"
	"io"
	"slices"
)

// EachCSV reads a table of any length in sets of so many rows, the last one shorter, and hands them to f, whose error ends
// it. Memory is bounded by one set. path and options are those of [LoadCSV]; classes have to be given, for a part of a
// table does not show them all.
func EachCSV(path string, rows int, opts *CSVOptions, f func(*Dataset) error) error {
	_, err := readFile("data.EachCSV", path, "the path of a readable CSV file", func(r io.Reader, name string) (struct{}, error) {
		return struct{}{}, ReadEachCSV(r, name, rows, opts, f)
	})
	return err
}

// ReadEachCSV is [EachCSV] for any stream; name stands for the file in errors.
//
// A set is handed on when it is full and the reader goes on with a fresh one, so f may keep what it
// gets. The last set is shorter. Codes
// of categories are kept from set to set.
//
// The plan of the columns is made once, by the first line of the table, and holds for all sets. An
// error of f is returned as it is, without the line at which its set was full.
func ReadEachCSV(r io.Reader, name string, rows int, opts *CSVOptions, f func(*Dataset) error) error {
	c := &csvReader{name: name, codes: map[string]int32{}, out: &Dataset{Name: name}}
	if opts != nil {
		c.opts = *opts
	}
	if err := c.prepare(); err != nil {
		return err
	}
	switch {
	case rows < 1:
		return errors.New("data.ReadEachCSV: sets of no rows; want 1 or more")
	case c.opts.Kind == Classification && len(c.opts.Classes) == 0:
		return errors.New("data.ReadEachCSV: no classes; want those of the whole table, or another kind of target")
	}
	sets := 0
	flush := func() error {
		d, err := c.finish()
		if err == nil {
			sets++
			c.out = &Dataset{Name: name, Classes: slices.Clone(d.Classes)}
			err = f(d)
		}
		return err
	}
	var failed error // of a set: it is no mistake of the line that made it whole
	err := eachLine(r, "data.ReadCSV", name, c.opts.MaxLine, func(line string) error {
		if err := c.readLine(line); err != nil || c.out.Rows < rows {
			return err
		}
		failed = flush()
		return failed
	})
	switch {
	case failed != nil:
		return failed
	case err != nil || sets > 0 && c.out.Rows == 0:
		return err
	}
	return flush()
}
