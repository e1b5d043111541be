// Package emulate is a device that reads PTX on the CPU, thread after thread. It is for tests on machines without a GPU:
// it knows the instructions that package cuda writes, holds every access against the memory that was reserved, fills
// fresh memory and registers with NaNs, and refuses barriers that not all threads of a block reach. It is slow, and what
// passes on it is right as far as the rules of PTX go: it is no evidence for a card.
package emulate

import (
	"fmt"
	"sync"
	"time"

	"rpnc/ops/cuda"
)

// What the device promises beyond that of a card. Everything that a card would let pass in silence is
// an error here: an access beyond a piece of memory, use of a piece after it was given back (numbers
// of pieces are never used again), a copy that waits in the midst of a recording, an instruction of
// the warp that some threads miss. Memory begins as NaNs in both float types (all bits 1), so a kernel
// that reads what nobody wrote shows it in its results.
//
// Work is done at once, in the order in which it is asked for; there is one stream and no concurrency.
// A recording is the list of closures that would have been run, so a replay takes the same path as the
// first run.

// Device is the emulated card. The zero value is ready. It counts what is asked of it.
type Device struct {
	// Reverse runs blocks and threads from the last to the first: what differs then is a race.
	Reverse bool
	// Launches, Uploads, Downloads, Replays and Syncs count calls, Pushes and Pulls the copies that were done, of recordings
	// too; Live is the number of pieces of memory, modules and recordings not given back.
	Launches, Uploads, Downloads, Pushes, Pulls, Replays, Syncs, Live int
	// Steps counts the instructions of all threads, Longest those of the thread of a launch that had the most.
	Steps, Longest int
	// Text is the last module that was loaded.
	Text string
	// Products names an emulated library of products, which Multiplies counts calls of; without a name there is none. What
	// Refuse answers with an error the library does not do.
	Products   string
	Refuse     func(g cuda.Gemm) error
	Multiplies int

	mu      sync.Mutex
	memory  map[uint32][]byte // by the upper half of the address
	next    uint32
	entries []*entry // by Func − 1
	graphs  [][]func() error
	record  *[]func() error // of a capture
	pinned  map[*byte]bool
}

// launch is one call of Launch.
type launch struct {
	f           cuda.Func
	grid, block int
	args        []cuda.Addr
}

var _ cuda.Device = (*Device)(nil)

// Name says what it is.
func (d *Device) Name() string { return "emulated GPU" }

// Capability is that of the newest card of which all instructions are known here.
func (d *Device) Capability() int { return 90 }

// Bound runs f.
//
// A card's driver wants one thread at a time with the context at hand. Here a lock stands for that:
// calls from several goroutines are put in a row.
func (d *Device) Bound(f func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return f()
}

// Alloc reserves memory full of NaNs, a region of the address space to each piece.
//
// Addresses have the number of the piece in their upper half and the distance in the lower: no
// arithmetic on addresses leads from one piece into another, however near they would be on a card.
func (d *Device) Alloc(bytes int) (cuda.Addr, error) {
	if bytes <= 0 {
		return 0, fmt.Errorf("emulate.Alloc: %d bytes; want 1 or more", bytes)
	}
	if d.memory == nil {
		d.memory = map[uint32][]byte{}
	}
	d.next++
	d.Live++
	m := make([]byte, bytes)
	for i := range m {
		m[i] = 0xFF
	}
	d.memory[d.next] = m
	return cuda.Addr(d.next) << 32, nil
}

// Free gives a piece back.
func (d *Device) Free(a cuda.Addr) error {
	if _, err := d.at(uint64(a), 0); err != nil || uint32(a) != 0 {
		return fmt.Errorf("emulate.Free: %#x is no piece of memory", a)
	}
	delete(d.memory, uint32(a>>32))
	d.Live--
	return nil
}

// at is n bytes of device memory.
//
// The length is compared within the piece that the upper half names; an offset that has run over into
// the next number names another piece, or none.
func (d *Device) at(a uint64, n int) ([]byte, error) {
	m, ok := d.memory[uint32(a>>32)]
	off := int(uint32(a))
	if !ok || off+n > len(m) {
		return nil, fmt.Errorf("%d bytes at %#x are outside the %d that were reserved there", n, a, len(m))
	}
	return m[off : off+n], nil
}

// Upload copies to the device. Like Download it is no work that can be recorded.
func (d *Device) Upload(to cuda.Addr, from []byte) error {
	if d.record != nil {
		return fmt.Errorf("emulate.Upload: a copy that waits, in the midst of a recording")
	}
	d.Uploads++
	return d.copy("Upload", to, from, func(device, host []byte) { copy(device, host) })
}

// Download copies to the host.
func (d *Device) Download(to []byte, from cuda.Addr) error {
	if d.record != nil {
		return fmt.Errorf("emulate.Download: a copy that waits, in the midst of a recording")
	}
	d.Downloads++
	return d.copy("Download", from, to, func(device, host []byte) { copy(host, device) })
}

// Load reads PTX.
//
// Functions are numbered over all modules that were ever loaded, from 1, so 0 is never one of them.
func (d *Device) Load(ptx string, names []string) (cuda.Module, []cuda.Func, error) {
	d.Text = ptx
	all, err := parse(ptx)
	if err != nil {
		return 0, nil, fmt.Errorf("emulate.Load: %w", err)
	}
	var fs []cuda.Func
	for _, name := range names {
		e := all[name]
		if e == nil {
			return 0, nil, fmt.Errorf("emulate.Load: there is no entry %s", name)
		}
		d.entries = append(d.entries, e)
		fs = append(fs, cuda.Func(len(d.entries)))
	}
	d.Live++
	return 1, fs, nil
}

// Unload gives a module back.
func (d *Device) Unload(cuda.Module) error {
	d.Live--
	return nil
}

// Pin reserves memory of the host; Unpin gives it back.
func (d *Device) Pin(bytes int) ([]byte, error) {
	if bytes <= 0 {
		return nil, nil
	}
	b := make([]byte, bytes)
	if d.pinned == nil {
		d.pinned = map[*byte]bool{}
	}
	d.pinned[&b[0]] = true
	d.Live++
	return b, nil
}

// Unpin forgets memory of Pin.
func (d *Device) Unpin(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if !d.pinned[&b[0]] {
		return fmt.Errorf("emulate.Unpin: %d bytes that are not pinned", len(b))
	}
	delete(d.pinned, &b[0])
	d.Live--
	return nil
}

// Push copies to the device, or records that.
func (d *Device) Push(to cuda.Addr, from []byte) error {
	return d.do(func() error {
		d.Pushes++
		return d.copy("Push", to, from, func(device, host []byte) { copy(device, host) })
	})
}

// Pull copies to the host, or records that.
func (d *Device) Pull(to []byte, from cuda.Addr) error {
	return d.do(func() error {
		d.Pulls++
		return d.copy("Pull", from, to, func(device, host []byte) { copy(host, device) })
	})
}

// copy moves bytes between the host and the device.
func (d *Device) copy(name string, a cuda.Addr, host []byte, move func(device, host []byte)) error {
	m, err := d.at(uint64(a), len(host))
	if err != nil {
		return fmt.Errorf("emulate.%s: %w", name, err)
	}
	move(m, host)
	return nil
}

// do does work at once, or records it.
func (d *Device) do(work func() error) error {
	if d.record != nil {
		*d.record = append(*d.record, work)
		return nil
	}
	return work()
}

// Launch runs a grid to its end, or records it.
//
// A launch that is recorded is not counted; what it does is counted when the recording is replayed, as
// one of Replays.
func (d *Device) Launch(f cuda.Func, grid, block int, args []cuda.Addr) error {
	l := launch{f, grid, block, args}
	if d.record == nil {
		d.Launches++
	}
	return d.do(func() error { return d.run(l) })
}

// Time does f and measures it by the clock.
func (d *Device) Time(f func() error) (time.Duration, error) {
	began := time.Now()
	err := f()
	return time.Since(began), err
}

// Capture records what f launches and copies.
func (d *Device) Capture(f func() error) (cuda.Graph, error) {
	var list []func() error
	d.record = &list
	err := f()
	d.record = nil
	d.graphs = append(d.graphs, list)
	d.Live++
	return cuda.Graph(len(d.graphs)), err
}

// Replay runs what was recorded.
func (d *Device) Replay(g cuda.Graph) error {
	d.Replays++
	for _, work := range d.graphs[g-1] {
		if err := work(); err != nil {
			return err
		}
	}
	return nil
}

// Drop forgets a recording.
func (d *Device) Drop(cuda.Graph) error {
	d.Live--
	return nil
}

// Sync has nothing to wait for.
func (d *Device) Sync() error {
	d.Syncs++
	return nil
}
