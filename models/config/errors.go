package config

import (
	"fmt"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"

	"rpnc/rpnops"
)

// Error is one mistake in a configuration.
type Error struct {
	File  string // as given to the decoder; may be empty
	Line  int    // 1 is the first; 0 where the node comes from no text
	Where string // the class and the parameter, as in lorr_reconciliation: r
	Msg   string // what was wrong, what would be right
}

func (e *Error) Error() string {
	var b strings.Builder
	switch {
	case e.File != "" && e.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", e.File, e.Line)
	case e.File != "":
		fmt.Fprintf(&b, "%s: ", e.File)
	case e.Line > 0:
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	if e.Where != "" {
		b.WriteString(e.Where + ": ")
	}
	return b.String() + e.Msg
}

// Errors are all mistakes of a configuration, by line.
type Errors []*Error

func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find an [Error].
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// maxErrors ends the list: what follows so many mistakes is rarely read.
const maxErrors = 50

// fail notes a mistake at n.
func (d *decoder) fail(n *yaml.Node, format string, args ...any) {
	e := &Error{File: d.codec.File, Where: d.where(), Msg: fmt.Sprintf(format, args...)}
	if n != nil {
		e.Line = n.Line
	}
	if len(d.errs) < maxErrors {
		d.errs = append(d.errs, e)
	}
}

// err is what decoding answers with.
//
// Mistakes are found in the order of fields, and a reader goes through the file from its top: they are
// sorted by line, and those of one line stay in the order in which they were found.
func (d *decoder) err() error {
	if len(d.errs) == 0 {
		return nil
	}
	sort.SliceStable(d.errs, func(i, j int) bool { return d.errs[i].Line < d.errs[j].Line })
	return d.errs
}

// didYouMean ends a message on an unknown word.
//
// Nearness is package rpnops's measure, the same for functions, keys, flags and commands; where
// nothing is near, nothing is suggested, as a far-fetched word misleads.
func didYouMean(word string, words []string) string {
	if best := rpnops.Nearest(word, words); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return ""
}

// found describes a node as a reader of the file sees it.
//
// Long texts are cut, so that a message stays one line whatever the file holds.
func found(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return fmt.Sprintf("a list of %d", len(n.Content))
	}
	text := n.Value
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	switch n.ShortTag() {
	case "!!int", "!!float":
		return "the number " + text
	case "!!bool":
		return text
	case "!!null":
		return "null"
	}
	return fmt.Sprintf("the text %q", text)
}
