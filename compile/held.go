package compile

// A program without updates is run many times over the same parameters: a model serves, or an epoch is evaluated. What it
// computes of parameters and states alone (the scale of a norm from its statistics, parameters fabricated from short
// vectors, sums over weights) is the same in every run, so the first one computes it, and another one only once the store
// has changed. Training changes parameters in every step and holds nothing.

// holding says whether the held results of a schedule are those of the parameters at hand.
//
// Versions are those of the store. Nobody changes a store while a program over it runs, so the version that a run begins
// with is that of everything it reads.
type holding struct {
	known   bool   // some run has computed them
	version uint64 // of the store, as the run that computed them found it
	fresh   bool   // what this run need not compute again
}

// begin is called before a run over a store of this version.
func (h *holding) begin(version uint64) {
	h.fresh = h.known && h.version == version
	h.known, h.version = false, version
}

// done is called after a run without errors. After one with errors the next run computes everything again.
func (h *holding) done() { h.known = true }

// hold marks the units that read nothing but constants, parameters, states and each other's results. What others read of
// them gets memory that nothing else is written to; what only they read stays in the arena.
func (s *schedule) hold() {
	if s.commit != nil {
		return
	}
	// A join in place has a writer for each of its parts, of which some may be held and others not.
	anew, kept := map[*slot]bool{}, map[*slot]bool{}
	for _, u := range s.units {
		written := anew
		if !u.readsAny(anew) {
			u.held = &s.holding
			written = kept
		}
		for _, x := range u.out {
			r, _ := x.root()
			written[r] = true
		}
	}
	for _, u := range s.units {
		if u.held != nil {
			continue
		}
		for _, list := range [][]*slot{u.in, u.out} {
			for _, x := range list {
				if r, _ := x.root(); kept[r] && r.kind == tempSlot {
					r.kind = heldSlot
				}
			}
		}
	}
}

// readsAny says whether u reads an input of the program or one of the given roots.
func (u *unit) readsAny(roots map[*slot]bool) bool {
	for _, x := range u.in {
		if r, _ := x.root(); r.kind == inputSlot || roots[r] {
			return true
		}
	}
	return false
}
