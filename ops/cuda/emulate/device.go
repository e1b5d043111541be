// Package emulate is a device that reads PTX on the CPU, thread after thread. It is for tests on machines without a GPU:
// it knows the instructions that package cuda writes, holds every access against the memory that was reserved, fills
// fresh memory and registers with NaNs, and refuses barriers that not all threads of a block reach. It is slow, and what
// passes on it is right as far as the rules of PTX go: it is no evidence for a card.
package emulate

import (
	"fmt"
	"sync"

	"rpnc/ops/cuda"
)

// Device is the emulated card. The zero value is ready. It counts what is asked of it.
type Device struct {
	// Reverse runs blocks and threads from the last to the first: what differs then is a race.
	Reverse bool
	// Launches, Uploads, Downloads, Replays and Syncs count calls, Live the pieces of memory and modules not given back.
	Launches, Uploads, Downloads, Replays, Syncs, Live int
	// Text is the last module that was loaded.
	Text string

	mu      sync.Mutex
	memory  map[uint32][]byte // by the upper half of the address
	next    uint32
	entries []*entry // by Func − 1
	graphs  [][]launch
	record  *[]launch // of a capture
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
func (d *Device) Bound(f func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return f()
}

// Alloc reserves memory full of NaNs, a region of the address space to each piece.
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
func (d *Device) at(a uint64, n int) ([]byte, error) {
	m, ok := d.memory[uint32(a>>32)]
	off := int(uint32(a))
	if !ok || off+n > len(m) {
		return nil, fmt.Errorf("%d bytes at %#x are outside the %d that were reserved there", n, a, len(m))
	}
	return m[off : off+n], nil
}

// Upload copies to the device.
func (d *Device) Upload(to cuda.Addr, from []byte) error {
	m, err := d.at(uint64(to), len(from))
	if err != nil {
		return fmt.Errorf("emulate.Upload: %w", err)
	}
	d.Uploads++
	copy(m, from)
	return nil
}

// Download copies to the host.
func (d *Device) Download(to []byte, from cuda.Addr) error {
	m, err := d.at(uint64(from), len(to))
	if err != nil {
		return fmt.Errorf("emulate.Download: %w", err)
	}
	d.Downloads++
	copy(to, m)
	return nil
}

// Load reads PTX.
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

// Launch runs a grid to its end, or records it.
func (d *Device) Launch(f cuda.Func, grid, block int, args []cuda.Addr) error {
	l := launch{f, grid, block, args}
	if d.record != nil {
		*d.record = append(*d.record, l)
		return nil
	}
	d.Launches++
	return d.run(l)
}

// Capture records what f launches.
func (d *Device) Capture(f func() error) (cuda.Graph, error) {
	var list []launch
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
	for _, l := range d.graphs[g-1] {
		if err := d.run(l); err != nil {
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
