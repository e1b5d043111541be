package compile

import (
	"fmt"
	"slices"
	"time"

	"rpnc/ops"
)

// Stats says what a program is made of.
type Stats struct {
	Nodes        int        // of the graph after all passes
	Instructions int        // of the emitted graph: ports count, leaves and views do not, a commit is one
	Kernels      int        // those of the commit included
	Held         int        // of them, run only once parameters have changed
	Oracles      []string   // ops without a fast kernel, which run their slow oracle
	Dense        []string   // matrices known by their structure that are written out in full, with their types
	ArenaBytes   int        // of all temporaries
	VM           string     // what runs the program
	Launches     int        // on a GPU by one run, products of a library counted as one each; 0 on the CPU
	Library      string     // that does products on a GPU, empty where none does
	Products     []string   // on a GPU, with who does them and why
	Traffic      Traffic    // between host and GPU, of the last run
	Fallbacks    []string   // ops that a program on a GPU runs on the CPU, with their operands brought down
	Why          string     // why Auto chose that VM
	Flops        float64    // estimate of the floating-point operations of one run, held kernels apart
	Passes       []PassStat // what each pass did, in order
}

// PassStat says what one pass did.
type PassStat struct {
	Name          string
	Before, After int // live nodes
	Took          time.Duration
}

// count fills in what the schedule and the graph tell.
func (p *Program) count(steps []*unit) {
	live := p.graph.Live(p.roots...)
	p.stats.Nodes, p.stats.Kernels = len(live), len(steps)
	for _, u := range steps {
		if u.held != nil {
			p.stats.Held++
		} else if u.node != nil {
			p.stats.Flops += flops(u.node)
		}
		if !u.native {
			p.stats.Oracles = append(p.stats.Oracles, u.node.Op.Name())
		}
	}
	// Constant ones are computed once, but their memory and their products are dense all the same.
	for _, n := range live {
		switch n.Op.(type) {
		case ops.Densify, ops.UpperOnes, ops.MatPow:
			p.stats.Dense = append(p.stats.Dense, fmt.Sprintf("%s %v", n.Op.Name(), n.Type()))
		}
	}
	p.stats.Oracles, p.stats.Dense = distinct(p.stats.Oracles), distinct(p.stats.Dense)
}

// distinct are the different names, sorted.
func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
