package compile

import "rpnc/graph"

// interpreter runs a program by the oracle of every op. It is the VM that the others are tested against.
//
// The interpreter knows nothing of schedules, slots and kernels: it reads the graph that the passes left, so a difference
// to another VM is a mistake below the passes, and a difference between levels on it is one in the passes.
type interpreter struct{ p *Program }

// RunAll evaluates the graph in float64 and commits the updates to the store.
func (vm interpreter) RunAll() error {
	p := vm.p
	leaves := graph.Leaves{}
	for name, in := range p.inputs {
		t := graph.NewTensor(in.t)
		in.buf.Store(t)
		leaves[name] = t
	}
	for _, kind := range []graph.LeafKind{graph.ParamLeaf, graph.StateLeaf} {
		for _, n := range p.graph.Leaves(kind) {
			leaves[leafName(n)] = p.store.Get(leafName(n))
		}
	}
	val, err := graph.Run(p.graph, leaves, p.roots...)
	if err != nil {
		return err
	}
	for i, n := range p.roots {
		p.outputs[i].Load(val.Of(n))
	}
	// The store is written only once all values are known, as in a commit.
	leaves.Commit(p.graph, val)
	for _, u := range p.graph.Updates() {
		if err := p.store.Set(leafName(u.State), leaves[leafName(u.State)]); err != nil {
			return err
		}
	}
	return nil
}

// Reset does nothing.
func (vm interpreter) Reset() {}

// Close does nothing.
func (vm interpreter) Close() error { return nil }
