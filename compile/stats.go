package compile

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Stats says what a program is made of.
type Stats struct {
	Nodes        int        // of the graph after all passes
	Instructions int        // of the emitted graph: ports count, leaves and views do not, a commit is one
	Kernels      int        // run by one Run, those of the commit included
	Oracles      []string   // ops without a fast kernel, which run their slow oracle
	ArenaBytes   int        // of all temporaries
	VM           string     // what runs the program
	Why          string     // why Auto chose that VM
	Flops        float64    // estimate of the floating-point operations of one run
	Passes       []PassStat // what each pass did, in order
}

// PassStat says what one pass did.
type PassStat struct {
	Name          string
	Before, After int // live nodes
	Took          time.Duration
}

// Explain writes the program as text: the passes and the kernels in order with what they read and write.
func (p *Program) Explain(w io.Writer) error {
	s := p.stats
	fmt.Fprintf(w, "%d nodes, %d kernels in %d instructions on %s (%s), %.3g flops, arena %d bytes\n",
		s.Nodes, s.Kernels, s.Instructions, s.VM, s.Why, s.Flops, s.ArenaBytes)
	if len(s.Oracles) > 0 {
		fmt.Fprintf(w, "without a kernel: %v\n", s.Oracles)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, ps := range s.Passes {
		fmt.Fprintf(t, "pass %s\t%d → %d nodes\t%v\n", ps.Name, ps.Before, ps.After, ps.Took.Round(time.Microsecond))
	}
	ids := map[*slot]int{}
	for i, u := range p.sched.steps() {
		commit := ""
		if i >= len(p.sched.units) {
			commit = "commit "
		}
		fmt.Fprintf(t, "%s%d\t%s\t%s ← %s\n", commit, i, u.name(), places(ids, u.out), places(ids, u.in))
	}
	return t.Flush()
}

// places names the memory of slots.
func places(ids map[*slot]int, ss []*slot) (out []string) {
	for _, x := range ss {
		r, off := x.root()
		if _, ok := ids[r]; !ok {
			ids[r] = len(ids)
		}
		name := fmt.Sprintf("%s%d", [...]string{"t", "in", "state", "const", "out"}[r.kind], ids[r])
		if r.leaf != "" {
			name = r.leaf
		}
		if off > 0 {
			name += fmt.Sprintf("+%d", off)
		}
		out = append(out, name)
	}
	return out
}
