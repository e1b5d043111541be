package cuda

import (
	"errors"
	"time"
	"unsafe"

	"rpnc/ops"
)

// ErrNoDevice reports that this machine has no GPU that can be used. What it is wrapped in says why.
var ErrNoDevice = errors.New("no usable CUDA device")

type (
	// Addr is an address in device memory.
	Addr uint64
	// Module is PTX that the device has translated.
	Module uintptr
	// Func is an entry point of a module.
	Func uintptr
	// Graph is a recorded list of launches.
	Graph uintptr
)

// Device is what kernels need of a device. Work is done in the order of the calls; Launch and Replay may return before
// it is done, Upload and Download wait for all of it. Calls other than Bound are made within Bound, which keeps other callers
// and threads away.
type Device interface {
	// Name is that of the card.
	Name() string
	// Capability is the compute capability times ten: 90 for an H100.
	Capability() int
	// Bound runs f with the device at hand and answers with its error.
	Bound(f func() error) error
	// Alloc reserves memory, which Free gives back.
	Alloc(bytes int) (Addr, error)
	Free(a Addr) error
	// Upload and Download copy between the host and the device.
	Upload(to Addr, from []byte) error
	Download(to []byte, from Addr) error
	// Pin reserves memory of the host that the device reads and writes by itself; Unpin gives it back.
	Pin(bytes int) ([]byte, error)
	Unpin(b []byte) error
	// Push and Pull copy between pinned memory and the device when it is their turn, as launches are done: they return
	// before, and Capture records them.
	Push(to Addr, from []byte) error
	Pull(to []byte, from Addr) error
	// Load translates PTX and finds its entry points; Unload gives the module back.
	Load(ptx string, entries []string) (Module, []Func, error)
	Unload(m Module) error
	// Launch starts grid × block threads. args are the addresses that the entry point takes; they stay as they are
	// until the launch is done.
	Launch(f Func, grid, block int, args []Addr) error
	// Capture records the launches of f instead of doing them; Replay does them; Drop forgets them.
	Capture(f func() error) (Graph, error)
	Replay(g Graph) error
	Drop(g Graph) error
	// Sync waits until all work is done.
	Sync() error
	// Time does the work that f asks for and answers with how long the device was at it.
	Time(f func() error) (time.Duration, error)
	// Library is the library of products that the device has, opened by the first call; nil without an error where there
	// is none.
	Library() (Library, error)
}

// Bytes is the memory of b.
func Bytes(b ops.Buffer) []byte {
	switch {
	case len(b.F32) > 0:
		return unsafe.Slice((*byte)(unsafe.Pointer(&b.F32[0])), 4*len(b.F32))
	case len(b.F64) > 0:
		return unsafe.Slice((*byte)(unsafe.Pointer(&b.F64[0])), 8*len(b.F64))
	case len(b.I32) > 0:
		return unsafe.Slice((*byte)(unsafe.Pointer(&b.I32[0])), 4*len(b.I32))
	}
	return nil
}
