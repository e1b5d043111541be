package compile

import (
	"fmt"
	"time"

	"rpnc/graph"
)

// Timing is what one kernel of a run took.
type Timing struct {
	Op     string     // name of the node's op, "Copy" for a copy of the commit
	Type   graph.Type // of the first result
	Site   string     // the line, or part of the model, that made the node
	Commit bool       // an update of parameters or states
	Held   bool       // left out, as the parameters are those of the run before
	Start  time.Duration
	Took   time.Duration
	Flops  float64 // estimate of the floating-point operations
	Bytes  int     // of operands and results
}

// Profile runs the program once and says when each kernel began, counted from the start of the run, and how long it took.
// The kernels run in the order of the schedule on the caller's goroutine, without a VM between them; results and updates
// are those of [Program.Run]; on a GPU times are those of the device, one kernel after another. Errors: those of Run.
func (p *Program) Profile() (list []Timing, err error) {
	if !p.running.CompareAndSwap(false, true) {
		return nil, errBusy
	}
	defer p.running.Store(false)
	var at *unit
	defer func() {
		if r := recover(); r != nil {
			list, err = nil, fmt.Errorf("compile: %s: %v", at.name(), r)
		}
	}()
	if err := p.before(); err != nil {
		return nil, err
	}
	steps := p.sched.steps()
	list = make([]Timing, len(steps))
	if vm, onDevice := p.vm.(*cudaVM); onDevice {
		if err := vm.profile(list); err != nil {
			return nil, err
		}
	} else {
		began := time.Now()
		for i, u := range steps {
			at = u
			list[i].Start = time.Since(began)
			u.exec()
			list[i].Took = time.Since(began) - list[i].Start
		}
		p.after()
		p.sched.done()
	}
	for i, u := range steps {
		list[i].describe(u)
		list[i].Commit = i >= len(p.sched.units)
	}
	return list, nil
}

// describe fills in what is known without a clock.
func (t *Timing) describe(u *unit) {
	t.Op, t.Type, t.Held = "Copy", u.out[0].t, u.held != nil && u.held.fresh
	if u.node != nil {
		t.Op, t.Site, t.Flops = u.node.Op.Name(), u.node.Site(), flops(u.node)
	}
	if t.Held {
		t.Flops = 0
		return
	}
	for _, list := range [][]*slot{u.in, u.out} {
		for _, s := range list {
			t.Bytes += s.t.Bytes()
		}
	}
}
