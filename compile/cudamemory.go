package compile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"rpnc/ops/cuda"
)

// How memory is mirrored. The plan has given every slot a place in host memory: arenas, inputs,
// constants, the store. Each contiguous piece gets a piece of the same length on the device, and a
// slot's address there is the device's start plus the same distance. So whatever the plan has decided
// (places shared by values that do not live at once, results written over operands, parameters side by
// side) holds on the card without being decided again.
//
// Copies of a run go through pinned memory, which the driver copies from and to while the host goes on,
// and whose addresses a recording may hold. Copying once more on the host costs little beside the bus.

// region is memory of the host with its counterpart on a device. Places in it correspond byte by byte, so that the
// plan of the host's memory is that of the device's.
type region struct {
	host []byte
	at   cuda.Addr
}

// start is the address of the first byte on the host.
func (r *region) start() uintptr { return uintptr(unsafe.Pointer(&r.host[0])) }

// holds says whether b lies in r.
func (r *region) holds(b []byte) bool {
	at := uintptr(unsafe.Pointer(&b[0]))
	return at >= r.start() && at < r.start()+uintptr(len(r.host))
}

// of is the counterpart of b, which lies in r.
func (r *region) of(b []byte) cuda.Addr {
	return r.at + cuda.Addr(uintptr(unsafe.Pointer(&b[0]))-r.start())
}

// mirror is the memory of one program on a device.
//
// own belongs to the program, states to the store, which other programs share; written are those states
// that a run changes.
type mirror struct {
	dev     *meter
	p       *Program
	own     []*region // arenas, inputs, outputs, constants
	states  []*stateRegion
	written []*stateRegion
	inputs  []*slot
	pinned  []byte // where the copies of a run are made from and to
	ups     []transfer
	downs   []transfer
	fault   transfer // of the word that says whether a kernel has failed
}

// transfer is one copy of a run, by way of pinned memory.
type transfer struct {
	what   string // for errors
	host   []byte // the program's memory
	pinned []byte
	at     cuda.Addr
}

// newMirror reserves memory for everything that p reads and writes, and brings the constants up.
//
// The mirror is answered with also beside an error, so that its caller can close what has been reserved
// so far.
func newMirror(dev *meter, p *Program) (*mirror, error) {
	m := &mirror{dev: dev, p: p}
	var hosts [][]byte
	for _, x := range p.sched.all {
		b := hostOf(x)
		switch {
		case x.parent != nil || len(b) == 0:
		case x.kind == stateSlot:
			s, err := p.store.reside(dev.Device, b)
			if err != nil {
				return m, err
			}
			m.states = append(m.states, s)
		default:
			hosts = append(hosts, b)
		}
		if x.kind == inputSlot && len(b) > 0 {
			m.inputs = append(m.inputs, x)
		}
	}
	err := dev.Bound(func() error {
		for _, host := range spans(hosts) {
			at, err := dev.Alloc(len(host))
			if err != nil {
				return fmt.Errorf("compile: memory of the program: %w", err)
			}
			m.own = append(m.own, &region{host, at})
		}
		return m.constants()
	})
	m.noteWritten()
	return m, err
}

// spans joins pieces of memory that overlap, as those of an arena do.
//
// Slots of one arena overlap and touch; sorted by address, overlapping ones are joined. It relies on
// slots being slices of few arrays, which the garbage collector does not move.
func spans(pieces [][]byte) (out [][]byte) {
	start := func(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }
	slices.SortFunc(pieces, func(a, b []byte) int { return cmp.Compare(start(a), start(b)) })
	for _, b := range pieces {
		if k := len(out) - 1; k >= 0 && start(b) < start(out[k])+uintptr(len(out[k])) {
			// Pieces that overlap are of one array, so the longer one may be taken as a slice of it.
			n := max(len(out[k]), int(start(b)-start(out[k]))+len(b))
			out[k] = unsafe.Slice(&out[k][0], n)
			continue
		}
		out = append(out, b)
	}
	return out
}

// constants brings up what was computed when the program was built.
func (m *mirror) constants() error {
	for _, x := range m.p.sched.all {
		if x.parent == nil && x.kind == fixedSlot && len(hostOf(x)) > 0 {
			if err := m.dev.Upload(m.address(x), hostOf(x)); err != nil {
				return fmt.Errorf("compile: a constant: %w", err)
			}
		}
	}
	return nil
}

// noteWritten lists the states that a run changes.
func (m *mirror) noteWritten() {
	for u := range m.p.commitUnits() {
		for _, x := range u.out {
			r, _ := x.root()
			if s := m.state(r); s != nil && !slices.Contains(m.written, s) {
				m.written = append(m.written, s)
			}
		}
	}
}

// state is the region of a root slot of the store, nil for other slots.
func (m *mirror) state(r *slot) *stateRegion {
	b := hostOf(r)
	if r.kind != stateSlot || len(b) == 0 {
		return nil
	}
	return m.states[slices.IndexFunc(m.states, func(s *stateRegion) bool { return s.holds(b) })]
}

// address is where a slot lies on the device; an empty one lies nowhere.
func (m *mirror) address(x *slot) cuda.Addr {
	r, off := x.root()
	b := hostOf(r)
	if len(b) == 0 {
		return 0
	}
	shift := cuda.Addr(sizeOf(x, off))
	if s := m.state(r); s != nil {
		return s.of(b) + shift
	}
	return m.own[slices.IndexFunc(m.own, func(o *region) bool { return o.holds(b) })].of(b) + shift
}

// addresses are those of several slots.
func (m *mirror) addresses(xs []*slot) []cuda.Addr {
	out := make([]cuda.Addr, len(xs))
	for i, x := range xs {
		out[i] = m.address(x)
	}
	return out
}

// stage lists the copies of a run and reserves the pinned memory that they go through: inputs up, outputs and the fault
// word down. Outputs that are inputs or constants are on the host already.
//
// The fault word is the last of the copies down.
func (m *mirror) stage(fault cuda.Addr) error {
	for _, x := range m.inputs {
		m.ups = append(m.ups, transfer{what: fmt.Sprintf("input %q", x.leaf), host: hostOf(x), at: m.address(x)})
	}
	for i, x := range m.p.sched.outs {
		r, _ := x.root()
		b := cuda.Bytes(m.p.outputs[i])
		if len(b) == 0 || r.kind == inputSlot || r.kind == fixedSlot {
			continue
		}
		m.downs = append(m.downs, transfer{what: fmt.Sprintf("output %d", i), host: b, at: m.address(x)})
	}
	m.downs = append(m.downs, transfer{what: "the fault word", host: make([]byte, 4), at: fault})
	size := 0
	for _, list := range [][]transfer{m.ups, m.downs} {
		for i := range list {
			size += roundedUp(len(list[i].host))
		}
	}
	err := m.dev.Bound(func() (err error) {
		m.pinned, err = m.dev.Pin(size)
		return err
	})
	if err != nil {
		return fmt.Errorf("compile: memory for copies: %w", err)
	}
	rest := m.pinned
	for _, list := range [][]transfer{m.ups, m.downs} {
		for i := range list {
			n := len(list[i].host)
			list[i].pinned, rest = rest[:n:n], rest[roundedUp(n):]
		}
	}
	m.fault = m.downs[len(m.downs)-1]
	return nil
}

// roundedUp keeps pieces of pinned memory on lines of cache of their own.
func roundedUp(bytes int) int { return (bytes + 63) &^ 63 }

// up readies a run: inputs into pinned memory, and to the device what the host has changed of parameters and states.
func (m *mirror) up() error {
	for _, t := range m.ups {
		copy(t.pinned, t.host)
	}
	if err := m.p.store.ahead(m.dev, m.states, m.written); err != nil {
		return fmt.Errorf("compile: parameters and states: %w", err)
	}
	return nil
}

// push asks for the copies of the inputs, and pull for those of the outputs.
func (m *mirror) push() error {
	for _, t := range m.ups {
		if err := m.dev.Push(t.at, t.pinned); err != nil {
			return fmt.Errorf("compile: %s: %w", t.what, err)
		}
	}
	return nil
}

// pull asks for the copies of outputs and fault word, behind all kernels in the stream.
func (m *mirror) pull() error {
	for _, t := range m.downs {
		if err := m.dev.Pull(t.pinned, t.at); err != nil {
			return fmt.Errorf("compile: %s: %w", t.what, err)
		}
	}
	return nil
}

// faulted says whether a kernel of the run has failed.
func (m *mirror) faulted() bool {
	return slices.ContainsFunc(m.fault.pinned, func(b byte) bool { return b != 0 })
}

// down hands the outputs to the program.
func (m *mirror) down() {
	for _, t := range m.downs {
		copy(t.host, t.pinned)
	}
}

// close gives the memory back; states go with the last program that uses them.
func (m *mirror) close() (err error) {
	for _, s := range m.states {
		err = errors.Join(err, m.p.store.leave(m.dev.Device, s))
	}
	return errors.Join(err, m.dev.Bound(func() (err error) {
		for _, r := range m.own {
			err = errors.Join(err, m.dev.Free(r.at))
		}
		m.own = nil
		err = errors.Join(err, m.dev.Unpin(m.pinned))
		m.pinned = nil
		return err
	}))
}
