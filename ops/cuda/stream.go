//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
)

// maxArgs is the number of addresses that a launch may take.
const maxArgs = 64

// Launch hands the driver a list of pointers to the arguments, which it copies before it returns.
//
// Blocks and grids have one dimension: kernels split their number into coordinates themselves. No
// dynamic shared memory is asked for, sizes are in the code.
func (g *gpu) Launch(f Func, grid, block int, args []Addr) error {
	if len(args) > maxArgs {
		return errors.New("more than 64 operands and results")
	}
	// The list is memory of the device's own, because a launch should allocate nothing.
	for i := range args {
		g.list[i] = unsafe.Pointer(&args[i])
	}
	s, _, _ := purego.SyscallN(g.driver.launchKernel, uintptr(f), uintptr(grid), 1, 1, uintptr(block), 1, 1, 0, g.stream, uintptr(unsafe.Pointer(&g.list[0])), 0)
	runtime.KeepAlive(args)
	return g.driver.check(status(s), "cuLaunchKernel")
}

// Capture records what f launches. It is for this thread alone, so that other users of the card go on.
//
// While a stream is captured, launches and copies on it are recorded and not done. The recording is
// made into an executable once; replaying it is a single call, whatever the number of kernels, which is
// most of what a step of a small model costs.
func (g *gpu) Capture(f func() error) (Graph, error) {
	const threadLocal = 1 // CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
	d := g.driver
	if err := d.check(d.beginCapture(g.stream, threadLocal), "cuStreamBeginCapture"); err != nil {
		return 0, err
	}
	err := f()
	var graph, exec uintptr
	// A capture is ended whatever happened in it, or the stream stays unusable.
	if err = errors.Join(err, d.check(d.endCapture(g.stream, &graph), "cuStreamEndCapture")); err == nil {
		err = d.check(d.graphInstantiate(&exec, graph, 0), "cuGraphInstantiate")
	}
	if graph != 0 {
		err = errors.Join(err, d.check(d.graphDestroy(graph), "cuGraphDestroy"))
	}
	return Graph(exec), err
}

// Replay launches everything that was recorded.
func (g *gpu) Replay(x Graph) error {
	return g.driver.check(g.driver.graphLaunch(uintptr(x), g.stream), "cuGraphLaunch")
}

// Drop gives a recording back.
func (g *gpu) Drop(x Graph) error {
	return g.driver.check(g.driver.graphExecDestroy(uintptr(x)), "cuGraphExecDestroy")
}

// Pin reserves memory of the host. It is the driver's and no garbage collector's.
//
// Copies from and to memory that may move or be paged out go through a buffer of the driver's and wait;
// only pinned memory is copied while the host goes on, and only its address may stand in a recording.
func (g *gpu) Pin(bytes int) ([]byte, error) {
	if bytes <= 0 {
		return nil, nil
	}
	var at unsafe.Pointer
	if err := g.driver.check(g.driver.memHostAlloc(&at, uintptr(bytes), 0), fmt.Sprintf("cuMemHostAlloc of %d bytes", bytes)); err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(at), bytes), nil
}

// Unpin gives memory of Pin back.
func (g *gpu) Unpin(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	return g.driver.check(g.driver.memFreeHost(unsafe.Pointer(&b[0])), "cuMemFreeHost")
}

// Push copies pinned memory to the device, in the stream.
func (g *gpu) Push(to Addr, from []byte) error {
	s := g.driver.memcpyHtoDAsync(uint64(to), unsafe.Pointer(&from[0]), uintptr(len(from)), g.stream)
	return g.driver.check(s, "cuMemcpyHtoDAsync")
}

// Pull copies to pinned memory, in the stream.
func (g *gpu) Pull(to []byte, from Addr) error {
	s := g.driver.memcpyDtoHAsync(unsafe.Pointer(&to[0]), uint64(from), uintptr(len(to)), g.stream)
	return g.driver.check(s, "cuMemcpyDtoHAsync")
}

// Time puts an event before and one behind the work of f.
//
// Events are stamped by the card, so the time leaves out what the host did.
func (g *gpu) Time(f func() error) (took time.Duration, err error) {
	d := g.driver
	var events [2]uintptr
	for i := range events {
		if err := d.check(d.eventCreate(&events[i], 0), "cuEventCreate"); err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, d.check(d.eventDestroy(events[i]), "cuEventDestroy")) }()
	}
	record := func(i int) error { return d.check(d.eventRecord(events[i], g.stream), "cuEventRecord") }
	if err := record(0); err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	if err := record(1); err != nil {
		return 0, err
	}
	if err := d.check(d.eventSynchronize(events[1]), "cuEventSynchronize"); err != nil {
		return 0, err
	}
	var ms float32
	err = d.check(d.eventElapsedTime(&ms, events[0], events[1]), "cuEventElapsedTime")
	return time.Duration(float64(ms) * 1e6), err
}

// Sync waits until all work is done.
func (g *gpu) Sync() error {
	return g.driver.check(g.driver.streamSynchronize(g.stream), "cuStreamSynchronize")
}

// close gives the library's handle, stream and context back.
func (g *gpu) close() error {
	d := g.driver
	return g.Bound(func() (err error) {
		if g.cublas != nil {
			err = g.cublas.close()
			g.cublas = nil
		}
		return errors.Join(err, d.check(d.streamDestroy(g.stream), "cuStreamDestroy"), d.check(d.primaryCtxRelease(g.device), "cuDevicePrimaryCtxRelease"))
	})
}
