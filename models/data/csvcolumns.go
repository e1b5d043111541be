package data

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The rows of a file are read after a plan that its first line settles: which columns are features, which are
// targets, which are passed over. Errors here lack file and line, which [eachLine] puts before them.

// csvPlan says what becomes of the columns of a file.
//
// Numbers of columns are from 0 here, and from 1 in everything that a user writes or reads.
type csvPlan struct {
	width    int      // columns, which every line must have
	header   []string // their names; nil where the file has none
	features []int    // columns of X, in the order of the file
	targets  []int    // columns of labels or of Y, in the order asked for
}

// planColumns decides it from the cells of the first line, header or not.
// It fails where a column is not there or has two roles, and where no features are left.
//
// Features that are asked for by name (those of a training) are taken in that order and everything else
// is passed over; without such names all columns are features that are neither targets nor skipped.
func planColumns(first []string, header bool, opts *CSVOptions) (*csvPlan, error) {
	p := &csvPlan{width: len(first)}
	if header {
		p.header = slices.Clone(first)
	}
	skip, err := p.columns(opts.Skip)
	if err != nil {
		return nil, err
	}
	if p.targets, err = p.columns(opts.Target); err != nil {
		return nil, err
	}
	if opts.Kind != Unlabelled && len(p.targets) == 0 {
		p.targets = []int{p.width - 1}
	}
	switch {
	case opts.Kind == Unlabelled && len(p.targets) > 0:
		return nil, errors.New("a target column of an unlabelled set; want none, or another kind")
	case opts.Kind == Classification && len(p.targets) > 1:
		return nil, fmt.Errorf("%d columns of labels; want one", len(p.targets))
	}
	if p.features = p.named(opts.Features); p.features != nil {
		return p, nil
	}
	p.features = make([]int, 0, p.width)
	for j := range p.width {
		target, skipped := slices.Contains(p.targets, j), slices.Contains(skip, j)
		if target && skipped {
			return nil, fmt.Errorf("column %d is a target and skipped; want one of both", j+1)
		}
		if !target && !skipped {
			p.features = append(p.features, j)
		}
	}
	if len(p.features) == 0 {
		return nil, fmt.Errorf("none of the %d columns is left for features; want at least one (is the separator right?)", p.width)
	}
	return p, nil
}

// named are the columns of the header with the given names; nil where there are no names or one is not there.
//
// One missing name gives up on all of them: a header that has some of the names may be that of other
// data, and the number of columns then says so.
func (p *csvPlan) named(names []string) (found []int) {
	for _, name := range names {
		j := slices.Index(p.header, name)
		if j < 0 {
			return nil
		}
		found = append(found, j)
	}
	return found
}

// columns resolves names and numbers of columns, each at most once: a name and a number may mean the same one.
func (p *csvPlan) columns(specs []string) ([]int, error) {
	var found []int
	for _, spec := range specs {
		j, err := p.column(spec)
		if err != nil {
			return nil, err
		}
		if slices.Contains(found, j) {
			return nil, fmt.Errorf("column %d is asked for twice; want it once", j+1)
		}
		found = append(found, j)
	}
	return found, nil
}

// column finds a column by its name, else by its number from 1. Names go first, for a header may well hold
// years or wavelengths, and a user who reads it expects what it says.
func (p *csvPlan) column(spec string) (int, error) {
	if j := slices.Index(p.header, spec); j >= 0 {
		if slices.Contains(p.header[j+1:], spec) {
			return 0, fmt.Errorf("two columns are called %s; ask for it by its number", short(spec))
		}
		return j, nil
	}
	if j, err := strconv.Atoi(spec); err == nil && 1 <= j && j <= p.width {
		return j - 1, nil
	}
	names := "a header with names"
	if p.header != nil {
		names = list(p.header)
	}
	return 0, fmt.Errorf("no column %s; want a number from 1 to %d, or %s", short(spec), p.width, names)
}

// featureNames returns the header of the feature columns, nil without a header.
func (p *csvPlan) featureNames() []string {
	if p.header == nil {
		return nil
	}
	names := make([]string, len(p.features))
	for i, j := range p.features {
		names[i] = p.header[j]
	}
	return names
}

// splitCells appends the cells of a line to cells, parts of the line wherever no quote had to be undone.
// After an error, the bad cell is the one behind those returned.
//
// encoding/csv would let a forgotten quote swallow the rest of a file of any length; here it ends with its line.
func splitCells(cells []string, line string, comma byte) ([]string, error) {
	// A tab between cells must survive the trimming of spaces round them.
	blank := " \t\r"
	if comma == '\t' {
		blank = " \r"
	}
	if cap(cells) == 0 {
		// Growing would take several times what a line of many short cells needs.
		cells = make([]string, 0, 1+strings.Count(line, string([]byte{comma})))
	}
	for {
		line = strings.TrimLeft(line, blank)
		if strings.HasPrefix(line, `"`) {
			cell, rest, err := quoted(line[1:])
			if err != nil {
				return cells, err
			}
			line = strings.TrimLeft(rest, blank) // now empty or at the separator
			if line != "" && line[0] != comma {
				return cells, errors.New("text behind the closing quote; want the separator there")
			}
			cells = append(cells, cell)
		} else {
			end := strings.IndexByte(line, comma)
			if end < 0 {
				end = len(line)
			}
			cells = append(cells, strings.TrimRight(line[:end], blank))
			line = line[end:]
		}
		if line == "" {
			return cells, nil
		}
		line = line[1:] // a separator at the very end opens one more cell, an empty one
	}
}

// quoted takes s behind an opening quote and returns the cell up to the closing one, and what follows it;
// two quotes in a row stand for one.
func quoted(s string) (cell, rest string, err error) {
	for i := 0; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 == len(s) || s[i+1] != '"' {
			return strings.ReplaceAll(s[:i], `""`, `"`), s[i+1:], nil
		}
		i++ // the second of two quotes closes nothing
	}
	return "", "", errors.New("a quote is not closed; want a second one on the same line")
}

// anyNumber reports whether one of the cells is a number, be it NaN or too large: such a line is a row,
// and a bad one, rather than a header.
//
// It is called on the first line of each file, and a header may have thousands of names; hence the
// look at the first character.
func anyNumber(cells []string) bool {
	return slices.ContainsFunc(cells, func(cell string) bool {
		digits := strings.TrimLeft(cell, "+-")
		// The error that ParseFloat makes of a name is many times as long as the name.
		if digits == "" || digits[0] != '.' && (digits[0] < '0' || digits[0] > '9') {
			return slices.ContainsFunc([]string{"nan", "inf", "infinity"}, func(word string) bool { return strings.EqualFold(digits, word) })
		}
		_, err := strconv.ParseFloat(cell, 64)
		return err == nil || errors.Is(err, strconv.ErrRange)
	})
}

// short quotes a cell for an error, its beginning if it is long.
func short(cell string) string {
	const most = 40
	if len(cell) > most {
		return strconv.Quote(cell[:most]) + "…"
	}
	return strconv.Quote(cell)
}

// list joins names for an error, the first few if there are many.
func list(names []string) string {
	const most = 8
	var b strings.Builder
	for i, name := range names[:min(len(names), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(short(name))
	}
	if len(names) > most {
		fmt.Fprintf(&b, " … (%d in all)", len(names))
	}
	return b.String()
}
