package compile

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rpnc/graph"
)

// How passes run. A pass is a function from a graph and its roots to another graph and its roots. It
// never changes the graph that it gets, so the two can be compared afterwards, and a mistake is told
// with the name of the pass that made it. Under Check every pass gets its graph with nodes in another
// order, drawn from a seed: a pass that works by luck of the order fails in a test and can be repeated.

// phase is when a pass runs: before differentiation or after it.
type phase uint8

const (
	prepare phase = iota
	optimise
)

// String is the first part of a pass's name in statistics and dumps.
func (p phase) String() string { return [...]string{"prepare", "optimise"}[p] }

// pass is one rewriting of the graph. It answers with a graph that computes the same roots and updates; where it does
// not find what it looks for, it changes nothing, so any subset of the passes is legal.
//
// does is a line for people; name appears twice in the table where a pass runs in both phases.
type pass struct {
	name  string
	phase phase
	does  string
	run   func(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node)
}

// order says that a pass runs before another one of its phase.
type order struct{ first, then, why string }

// isPass reports whether a pass of the name exists.
func isPass(name string) bool { return slices.Contains(PassNames(), name) }

// PassNames lists the passes, each once, in the order in which they first run.
func PassNames() (names []string) {
	for _, p := range passes {
		if !slices.Contains(names, p.name) {
			names = append(names, p.name)
		}
	}
	return names
}

// checkOrder says which constraint the table of passes breaks.
//
// Constraints on passes that the table does not have, or has in different phases, say nothing.
func checkOrder(table []pass, constraints []order) error {
	for _, c := range constraints {
		for _, ph := range []phase{prepare, optimise} {
			at := func(name string) int {
				return slices.IndexFunc(table, func(p pass) bool { return p.phase == ph && p.name == name })
			}
			if i, j := at(c.first), at(c.then); i >= 0 && j >= 0 && i > j {
				return fmt.Errorf("compile: pass %s must run before %s: %s", c.first, c.then, c.why)
			}
		}
	}
	return nil
}

func init() {
	if err := checkOrder(passes, orders); err != nil {
		panic(err) // a mistake in the tables below, found by the first test that runs
	}
}

// phases runs all passes of the given phases that the options leave in.
func (b *builder) phases(phs ...phase) error {
	for _, ph := range phs {
		if err := b.dump(ph.String() + "-start"); err != nil {
			return err
		}
		for _, p := range passes {
			if p.phase == ph && b.enabled(p.name) {
				if err := b.pass(p); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// enabled says whether the options leave the pass in.
//
// Passes that make ops without a kernel on the device are left out there.
func (b *builder) enabled(name string) bool {
	if b.opt.Device == "cuda" && slices.Contains(hostPasses, name) {
		return false
	}
	return b.opt.Level == Fused && !slices.Contains(b.opt.Disable, name) && (len(b.opt.Only) == 0 || slices.Contains(b.opt.Only, name))
}

// pass runs one pass and checks what it leaves.
func (b *builder) pass(p pass) error {
	// A pass that depends on the order of nodes shows up as a program that changes with the seed.
	if b.opt.Check {
		g, m := b.graph.Shuffle(b.roots, b.opt.Shuffle+uint64(len(b.stats.Passes)))
		b.graph, b.roots = g, m.All(b.roots)
	}
	stat := PassStat{Name: p.phase.String() + "/" + p.name, Before: len(b.graph.Live(b.roots...))}
	start := time.Now()
	g, roots := p.run(b.graph, b.roots)
	stat.Took = time.Since(start)
	if err := b.verify(p, g, roots); err != nil {
		return err
	}
	b.graph, b.roots = g, roots
	stat.After = len(g.Live(roots...))
	b.stats.Passes = append(b.stats.Passes, stat)
	if b.opt.Time {
		fmt.Fprintf(os.Stderr, "rpnc: pass %-26s %5d → %5d nodes  %v\n", stat.Name, stat.Before, stat.After, stat.Took)
	}
	return b.dump(stat.Name)
}

// verify holds the graph that a pass left against the one before.
//
// A pass answers with a graph instead of changing the one it gets, so a mistake is found by comparing the two: outputs and
// updates are as many and of the same types, and every node is one that could have been built by hand.
func (b *builder) verify(p pass, g *graph.Graph, roots []*graph.Node) error {
	if err := g.Err(); err != nil {
		return fmt.Errorf("compile: pass %s made a mistake: %w", p.name, err)
	}
	if b.opt.Check {
		if err := graph.Verify(g); err != nil {
			return fmt.Errorf("compile: after pass %s: %w", p.name, err)
		}
	}
	for i, n := range roots {
		if n == nil || n.Poisoned() || n.Type() != b.roots[i].Type() {
			return fmt.Errorf("compile: pass %s lost output %d, %v", p.name, i, b.roots[i])
		}
	}
	if len(g.Updates()) != len(b.graph.Updates()) {
		return fmt.Errorf("compile: pass %s left %d of %d updates", p.name, len(g.Updates()), len(b.graph.Updates()))
	}
	return nil
}

// dump writes the graph to the directory of the options, as a text numbered in the order of the passes, and all graphs so
// far as one page with a column each. The page is whole after every pass, so that it is there if the next one fails.
func (b *builder) dump(name string) error {
	if b.opt.Dump == "" {
		return nil
	}
	var text, page bytes.Buffer
	if err := b.graph.Text(&text, b.roots...); err != nil {
		return fmt.Errorf("compile: dump: %w", err)
	}
	name = fmt.Sprintf("%02d-%s", len(b.dumps)+1, strings.ReplaceAll(name, "/", "-"))
	b.dumps = append(b.dumps, graph.Column{Name: name, Text: text.String()})
	if err := graph.HTML(&page, "compile."+b.what, b.dumps); err != nil {
		return fmt.Errorf("compile: dump: %w", err)
	}
	if err := os.MkdirAll(b.opt.Dump, 0o755); err != nil {
		return fmt.Errorf("compile: dump: %w", err)
	}
	for file, content := range map[string][]byte{b.what + "-" + name + ".txt": text.Bytes(), b.what + ".html": page.Bytes()} {
		if err := os.WriteFile(filepath.Join(b.opt.Dump, file), content, 0o644); err != nil {
			return fmt.Errorf("compile: dump: %w", err)
		}
	}
	return nil
}
