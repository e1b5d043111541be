package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"rpnc/models/data"
)

// Why JSONL has a reader of its own here. The sets of package data come from tables, where a header
// names the columns once; a line of JSON names its own, may hold keys that are for others, and is
// checked against the names that the training has kept in the checkpoint.

// longestRow bounds a line of JSONL, so that a file of something else is refused and not read into memory.
const longestRow = 16 << 20

// eachJSONL reads rows from lines of JSON, arrays of numbers or objects with the names of the columns as keys, and hands
// them on in sets of so many. Other keys are passed over.
//
// A batch is handed on as soon as it is full and a fresh one begun, as the receiver may keep it. Errors
// carry the number of the line; a line that is empty counts but is no row.
func eachJSONL(file string, stdin io.Reader, rows int, names []string, f func(*data.Dataset) error) error {
	r, name := stdin, "standard input"
	if file != "-" {
		in, err := os.Open(file)
		if err != nil {
			return err
		}
		defer in.Close()
		r, name = in, file
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestRow)
	d, number, any := &data.Dataset{Name: name}, 0, false
	for lines.Scan() {
		number++
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		x, err := jsonRow(text, names)
		if err == nil && any && len(x) != d.Cols {
			err = fmt.Errorf("%d numbers; want %d as in the first line", len(x), d.Cols)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
		any = true
		d.X, d.Cols, d.Rows = append(d.X, x...), len(x), d.Rows+1
		if d.Rows == rows {
			if err := f(d); err != nil {
				return err
			}
			d = &data.Dataset{Name: name, Cols: d.Cols}
		}
	}
	switch err := lines.Err(); {
	case err != nil:
		return fmt.Errorf("%s:%d: %w", name, number+1, err)
	case !any:
		return fmt.Errorf("%s: the file is empty; want a row a line, as [1, 2.5] or {\"a\": 1, \"b\": 2.5}", name)
	case d.Rows == 0:
		return nil
	}
	return f(d)
}

// jsonRow is the numbers of one line.
//
// encoding/json reads null into a number as 0 without a word: it is refused. Keys are looked up in the
// order of the training's columns, so the order within an object means nothing.
func jsonRow(text []byte, names []string) (x []float64, err error) {
	if text[0] == '[' {
		if err := json.Unmarshal(text, &x); err != nil || len(x) == 0 || bytes.Contains(text, []byte("null")) {
			return nil, fmt.Errorf("%s is no array of numbers; want one such as [1, 2.5]", shortened(text))
		}
		return x, nil
	}
	var cells map[string]any
	if err := json.Unmarshal(text, &cells); err != nil {
		return nil, fmt.Errorf("%s is no row; want [1, 2.5] or {\"a\": 1, \"b\": 2.5}", shortened(text))
	}
	if names == nil {
		return nil, fmt.Errorf("an object, but the model was trained on columns without names; want an array of numbers")
	}
	for _, name := range names {
		v, ok := cells[name].(float64)
		if !ok {
			return nil, fmt.Errorf("no number under %q; want one for each of %s", name, strings.Join(names, ", "))
		}
		x = append(x, v)
	}
	return x, nil
}

// shortened is the beginning of a text for an error.
func shortened(text []byte) string {
	const most = 40
	if len(text) > most {
		return fmt.Sprintf("%q…", text[:most])
	}
	return fmt.Sprintf("%q", text)
}
