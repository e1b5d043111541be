//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// maxArgs is the number of addresses that a launch may take.
const maxArgs = 64

// Launch hands the driver a list of pointers to the arguments, which it copies before it returns.
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

// Sync waits until all work is done.
func (g *gpu) Sync() error {
	return g.driver.check(g.driver.streamSynchronize(g.stream), "cuStreamSynchronize")
}

// close gives stream and context back.
func (g *gpu) close() error {
	d := g.driver
	return g.Bound(func() error {
		return errors.Join(d.check(d.streamDestroy(g.stream), "cuStreamDestroy"), d.check(d.primaryCtxRelease(g.device), "cuDevicePrimaryCtxRelease"))
	})
}
