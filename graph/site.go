package graph

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// site is where a node comes from: a call stack kept as program counters (looking lines up at once would be most
// of the time of building), or a label that replaces it.
type site struct {
	pc    [48]uintptr
	label string
}

// module is the prefix of the packages whose frames are the library's own, not the user's.
const module = "rpnc/"

// here is the stack of the caller; inside a VJP it is that of the forward node whose gradient is being built.
func (g *Graph) here() (s site) {
	if g.from != nil {
		return g.from.site
	}
	if s.label = g.label; s.label == "" {
		runtime.Callers(3, s.pc[:])
	}
	return s
}

// Label makes nodes and errors carry text (such as model.yaml:17) instead of a line of Go, until it is called
// again; "" returns to call sites. It answers with the label before.
func (g *Graph) Label(text string) (before string) {
	before, g.label = g.label, text
	return before
}

// String is the first frame outside the library: the user's line. Test files and commands count as outside.
func (s site) String() string {
	if s.label != "" {
		return s.label
	}
	frames := runtime.CallersFrames(s.pc[:])
	for {
		f, more := frames.Next()
		if f.File != "" && !inLibrary(f) {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return "?"
		}
	}
}

func inLibrary(f runtime.Frame) bool {
	return strings.HasPrefix(f.Function, module) && !strings.HasPrefix(f.Function, module+"cmd/") && !strings.HasSuffix(f.File, "_test.go")
}

// Fail records a mistake at the caller's line and returns a poisoned node. Package ops and the builders above
// use it for what no Infer can see.
func (g *Graph) Fail(format string, args ...any) *Node {
	s := g.here()
	g.errs = append(g.errs, &BuildError{Site: s.String(), Err: fmt.Errorf(format, args...)})
	return &Node{g: g, ID: -1, Op: Leaf{Path: "poison"}, Types: make([]Type, 1), site: s, poison: true}
}

// BuildError is one mistake in the construction of a graph.
type BuildError struct {
	Site string // file:line of the user's code
	Err  error
}

func (e *BuildError) Error() string { return e.Site + ": " + e.Err.Error() }

// Unwrap is the mistake without its place.
func (e *BuildError) Unwrap() error { return e.Err }

// Err joins every independent mistake, a line each; nil if there is none.
func (g *Graph) Err() error { return errors.Join(g.errs...) }
