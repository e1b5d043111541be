package compile

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"
)

// Explain writes the program as text: what it is, what is slow in it, the passes, and the kernels in the order of a run
// with the memory that they write and read. A name with a number is memory of the program (t1: a temporary, in the arena),
// any other one that of an input, parameter or state; t1+64 begins at element 64 of t1.
//
// Lines that begin with slow and dense are the two that matter to a user: an op that runs its oracle,
// and a matrix that is formed although its structure was known.
func (p *Program) Explain(w io.Writer) error {
	s := p.stats
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "%d nodes, %d kernels in %d instructions, %.3g flops, arena %.1f KiB\n", s.Nodes, s.Kernels, s.Instructions, s.Flops, float64(s.ArenaBytes)/1024)
	fmt.Fprintf(t, "runs on %s: %s\n", s.VM, s.Why)
	for _, name := range s.Oracles {
		fmt.Fprintf(t, "slow: %s has no kernel and runs its oracle\n", name)
	}
	for _, name := range s.Dense {
		fmt.Fprintf(t, "dense: %s is written out in full although its structure is known\n", name)
	}
	for _, name := range s.Products {
		fmt.Fprintf(t, "product %s\n", name)
	}
	fmt.Fprintf(t, "\npass\tnodes before\tafter\ttook\n")
	for _, ps := range s.Passes {
		fmt.Fprintf(t, "pass %s\t%d\t%d\t%v\n", ps.Name, ps.Before, ps.After, ps.Took.Round(time.Microsecond))
	}
	fmt.Fprintf(t, "\nkernel\top\tresult\tline\twrites ← reads\n")
	ids := map[*slot]int{}
	for i, u := range p.sched.steps() {
		place := fmt.Sprint(i)
		switch {
		case i >= len(p.sched.units):
			place = "commit " + place
		case u.held != nil:
			place = "held " + place
		}
		op, site := "Copy", ""
		if u.node != nil {
			op, site = shortened(u.node.Op.Name()), u.node.Site()
		}
		fmt.Fprintf(t, "%s\t%s\t%v\t%s\t%s ← %s\n", place, op, u.out[0].t, site, places(ids, u.out), places(ids, u.in))
	}
	return t.Flush()
}

// longest is the length to which names of ops are cut: a chain of sixty instructions would push the rest out of sight.
// [Program.Graph] has them in full.
const longest = 60

func shortened(name string) string {
	if utf8.RuneCountInString(name) <= longest {
		return name
	}
	return string([]rune(name)[:longest-1]) + "…"
}

// places names the memory of slots.
//
// Numbers are given in the order in which memory is first mentioned, so two programs of one graph read alike.
func places(ids map[*slot]int, ss []*slot) string {
	var out []string
	for _, x := range ss {
		r, off := x.root()
		if _, ok := ids[r]; !ok {
			ids[r] = len(ids)
		}
		name := fmt.Sprintf("%s%d", [...]string{"t", "in", "state", "const", "held", "out"}[r.kind], ids[r])
		if r.leaf != "" {
			name = r.leaf
		}
		if off > 0 {
			name += fmt.Sprintf("+%d", off)
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}
