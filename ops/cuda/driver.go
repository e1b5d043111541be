//go:build linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// How the driver is called without cgo. The library libcuda comes with the driver of a card; it is
// opened when the first device is asked for, and its functions are looked up by name. A machine without
// it, or with one that is too old for a function, gives [ErrNoDevice], and programs go on on the CPU:
// the same binary serves both. purego makes a Go function of a C symbol through reflection, which is
// well for calls at loading; the call that is made for every kernel takes the address and passes words.
//
// A context is bound to a thread of the operating system while goroutines wander, hence [Device.Bound]:
// it locks the goroutine to its thread, makes the context current, and holds a mutex, since launches
// share the list of arguments.
//
// Names with _v2 are those that C's headers have stood for since CUDA 4; the names without take
// addresses of 32 bits.

// status is a CUresult; 0 is success.
type status int32

// driver is the driver API, as far as it is used. The names are those of the C functions without cu.
//
// Sizes are uintptr, as C's size_t; addresses on the device are uint64 and no pointers, so that the
// collector never looks at them.
type driver struct {
	init              func(flags uint32) status
	driverGetVersion  func(version *int32) status
	deviceGetCount    func(count *int32) status
	deviceGet         func(device *int32, ordinal int32) status
	deviceGetName     func(name *byte, size, device int32) status
	deviceGetAttr     func(value *int32, attribute, device int32) status
	primaryCtxRetain  func(ctx *uintptr, device int32) status
	primaryCtxRelease func(device int32) status
	ctxSetCurrent     func(ctx uintptr) status
	streamCreate      func(stream *uintptr, flags uint32) status
	streamDestroy     func(stream uintptr) status
	streamSynchronize func(stream uintptr) status
	memAlloc          func(addr *uint64, size uintptr) status
	memFree           func(addr uint64) status
	memcpyHtoD        func(to uint64, from unsafe.Pointer, size uintptr) status
	memcpyDtoH        func(to unsafe.Pointer, from uint64, size uintptr) status
	memHostAlloc      func(at *unsafe.Pointer, size uintptr, flags uint32) status
	memFreeHost       func(at unsafe.Pointer) status
	memcpyHtoDAsync   func(to uint64, from unsafe.Pointer, size, stream uintptr) status
	memcpyDtoHAsync   func(to unsafe.Pointer, from uint64, size, stream uintptr) status
	eventCreate       func(event *uintptr, flags uint32) status
	eventRecord       func(event, stream uintptr) status
	eventSynchronize  func(event uintptr) status
	eventElapsedTime  func(ms *float32, start, end uintptr) status
	eventDestroy      func(event uintptr) status
	moduleLoadDataEx  func(module *uintptr, image unsafe.Pointer, count uint32, options *int32, values *uintptr) status
	moduleUnload      func(module uintptr) status
	moduleGetFunction func(function *uintptr, module uintptr, name string) status
	launchKernel      uintptr // by address: the call that is made most often goes round reflection
	beginCapture      func(stream uintptr, mode int32) status
	endCapture        func(stream uintptr, graph *uintptr) status
	graphInstantiate  func(exec *uintptr, graph uintptr, flags uint64) status
	graphDestroy      func(graph uintptr) status
	graphLaunch       func(exec, stream uintptr) status
	graphExecDestroy  func(exec uintptr) status
	getErrorName      func(code status, name *unsafe.Pointer) status
}

// symbols are the functions by their names in the library.
func (d *driver) symbols() map[string]any {
	return map[string]any{
		"cuInit": &d.init, "cuDriverGetVersion": &d.driverGetVersion, "cuDeviceGetCount": &d.deviceGetCount,
		"cuDeviceGet": &d.deviceGet, "cuDeviceGetName": &d.deviceGetName, "cuDeviceGetAttribute": &d.deviceGetAttr,
		"cuDevicePrimaryCtxRetain": &d.primaryCtxRetain, "cuDevicePrimaryCtxRelease_v2": &d.primaryCtxRelease,
		"cuCtxSetCurrent": &d.ctxSetCurrent, "cuStreamCreate": &d.streamCreate, "cuStreamDestroy_v2": &d.streamDestroy,
		"cuStreamSynchronize": &d.streamSynchronize, "cuMemAlloc_v2": &d.memAlloc, "cuMemFree_v2": &d.memFree,
		"cuMemcpyHtoD_v2": &d.memcpyHtoD, "cuMemcpyDtoH_v2": &d.memcpyDtoH,
		"cuMemHostAlloc": &d.memHostAlloc, "cuMemFreeHost": &d.memFreeHost, "cuMemcpyHtoDAsync_v2": &d.memcpyHtoDAsync,
		"cuMemcpyDtoHAsync_v2": &d.memcpyDtoHAsync, "cuEventCreate": &d.eventCreate, "cuEventRecord": &d.eventRecord,
		"cuEventSynchronize": &d.eventSynchronize, "cuEventElapsedTime": &d.eventElapsedTime, "cuEventDestroy_v2": &d.eventDestroy,
		"cuModuleLoadDataEx": &d.moduleLoadDataEx,
		"cuModuleUnload":     &d.moduleUnload, "cuModuleGetFunction": &d.moduleGetFunction, "cuLaunchKernel": &d.launchKernel,
		"cuStreamBeginCapture_v2": &d.beginCapture, "cuStreamEndCapture": &d.endCapture,
		"cuGraphInstantiateWithFlags": &d.graphInstantiate, "cuGraphDestroy": &d.graphDestroy, "cuGraphLaunch": &d.graphLaunch,
		"cuGraphExecDestroy": &d.graphExecDestroy, "cuGetErrorName": &d.getErrorName,
	}
}

// openDriver opens the library and finds every function.
func openDriver(name string) (*driver, error) {
	lib, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNoDevice, err)
	}
	d := &driver{}
	for symbol, f := range d.symbols() {
		at, err := purego.Dlsym(lib, symbol)
		if err != nil {
			return nil, fmt.Errorf("%w: the driver is too old: %v", ErrNoDevice, err)
		}
		if address, ok := f.(*uintptr); ok {
			*address = at
			continue
		}
		purego.RegisterFunc(f, at)
	}
	return d, nil
}

// check turns a status into an error with CUDA's name for it.
func (d *driver) check(s status, call string) error {
	if s == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s", call, d.name(s))
}

// name is CUDA's name of a status.
//
// The text belongs to the driver and ends with a zero.
func (d *driver) name(s status) string {
	var text unsafe.Pointer
	if d.getErrorName(s, &text) != 0 || text == nil {
		return fmt.Sprintf("error %d", s)
	}
	n := 0
	for *(*byte)(unsafe.Add(text, n)) != 0 {
		n++
	}
	return fmt.Sprintf("%s (%d)", unsafe.String((*byte)(text), n), s)
}

// gpu is the first card of the machine.
//
// memory keeps pieces that were given back; list holds pointers to the arguments of one launch, which
// is why a device runs one at a time.
type gpu struct {
	mu     sync.Mutex
	driver *driver
	device int32
	ctx    uintptr
	stream uintptr
	name   string
	memory pool
	level  int                         // compute capability, times ten
	list   [maxArgs + 1]unsafe.Pointer // of one launch

	asked   bool    // for cuBLAS
	cublas  *cublas // nil until it is asked for, and where there is none
	without error   // why there is none
}

// open finds a card that is new enough and takes its primary context.
//
// The primary context is shared with whatever else in the process uses the card; it is released when
// the device is closed. On any failure what was taken is given back.
func open(library string) (*gpu, error) {
	d, err := openDriver(library)
	if err != nil {
		return nil, err
	}
	// A context belongs to a thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	g := &gpu{driver: d}
	g.memory = pool{alloc: g.reserve, free: g.release}
	if err := g.find(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoDevice, err)
	}
	if err := d.check(d.primaryCtxRetain(&g.ctx, g.device), "cuDevicePrimaryCtxRetain"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoDevice, err)
	}
	err = d.check(d.ctxSetCurrent(g.ctx), "cuCtxSetCurrent")
	if err == nil {
		err = d.check(d.streamCreate(&g.stream, 0), "cuStreamCreate")
	}
	if err != nil {
		d.primaryCtxRelease(g.device)
		return nil, fmt.Errorf("%w: %w", ErrNoDevice, err)
	}
	return g, nil
}

// find looks at the first card.
//
// Cards below the oldest supported level would refuse the code later with a message that helps nobody.
func (g *gpu) find() error {
	d := g.driver
	if err := d.check(d.init(0), "cuInit"); err != nil {
		return err
	}
	var count, major, minor, version int32
	if err := d.check(d.deviceGetCount(&count), "cuDeviceGetCount"); err != nil {
		return err
	}
	if count == 0 {
		return fmt.Errorf("the driver finds no card")
	}
	if err := d.check(d.deviceGet(&g.device, 0), "cuDeviceGet"); err != nil {
		return err
	}
	var name [128]byte
	d.deviceGetName(&name[0], int32(len(name)), g.device)
	const attrMajor, attrMinor = 75, 76
	d.deviceGetAttr(&major, attrMajor, g.device)
	d.deviceGetAttr(&minor, attrMinor, g.device)
	d.driverGetVersion(&version)
	end := 0
	for end < len(name)-1 && name[end] != 0 {
		end++
	}
	g.name = fmt.Sprintf("%s (compute capability %d.%d, driver for CUDA %d.%d)", name[:end], major, minor, version/1000, version%1000/10)
	if g.level = int(major*10 + minor); g.level < oldest {
		return fmt.Errorf("%s is too old; want compute capability %d.%d", g.name, oldest/10, oldest%10)
	}
	return nil
}

// Name tells card and driver.
func (g *gpu) Name() string { return g.name }

// Capability is the compute capability, times ten.
func (g *gpu) Capability() int { return g.level }

// Bound makes the context that of the thread, which f keeps.
func (g *gpu) Bound(f func() error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := g.driver.check(g.driver.ctxSetCurrent(g.ctx), "cuCtxSetCurrent"); err != nil {
		return err
	}
	return f()
}

// Alloc reserves memory, of what was given back if something fits.
func (g *gpu) Alloc(bytes int) (Addr, error) { return g.memory.take(bytes) }

// Free gives memory back.
func (g *gpu) Free(a Addr) error { return g.memory.give(a) }

// reserve and release are memory of the driver.
func (g *gpu) reserve(bytes int) (a Addr, err error) {
	s := g.driver.memAlloc((*uint64)(&a), uintptr(bytes))
	return a, g.driver.check(s, fmt.Sprintf("cuMemAlloc of %d bytes", bytes))
}

func (g *gpu) release(a Addr) error { return g.driver.check(g.driver.memFree(uint64(a)), "cuMemFree") }

// Upload copies to the device; the stream is one that waits for such copies and that they wait for.
func (g *gpu) Upload(to Addr, from []byte) error {
	if len(from) == 0 {
		return nil
	}
	s := g.driver.memcpyHtoD(uint64(to), unsafe.Pointer(&from[0]), uintptr(len(from)))
	runtime.KeepAlive(from)
	return g.driver.check(s, "cuMemcpyHtoD")
}

// Download copies to the host.
func (g *gpu) Download(to []byte, from Addr) error {
	if len(to) == 0 {
		return nil
	}
	s := g.driver.memcpyDtoH(unsafe.Pointer(&to[0]), uint64(from), uintptr(len(to)))
	runtime.KeepAlive(to)
	return g.driver.check(s, "cuMemcpyDtoH")
}

// logSize is the room for what the translator of PTX says.
const logSize = 4096

// Load lets the driver translate; its words are part of the error.
//
// PTX ends with a zero byte as C wants it. The log's address is an option's value, a number that the
// collector does not see, so the log is pinned.
func (g *gpu) Load(ptx string, entries []string) (m Module, fs []Func, err error) {
	const logBuffer, logBytes = 5, 6 // CU_JIT_ERROR_LOG_BUFFER and its size
	image, log := append([]byte(ptx), 0), make([]byte, logSize)
	var pin runtime.Pinner // the address of the log is passed as a number, which keeps nothing in its place
	defer pin.Unpin()
	pin.Pin(&log[0])
	options := [2]int32{logBuffer, logBytes}
	values := [2]uintptr{uintptr(unsafe.Pointer(&log[0])), logSize}
	s := g.driver.moduleLoadDataEx((*uintptr)(&m), unsafe.Pointer(&image[0]), 2, &options[0], &values[0])
	runtime.KeepAlive(image)
	if err := g.driver.check(s, "cuModuleLoadDataEx"); err != nil {
		n := 0
		for n < len(log) && log[n] != 0 {
			n++
		}
		return 0, nil, fmt.Errorf("%w: %s", err, log[:n])
	}
	for _, name := range entries {
		var f Func
		if err := g.driver.check(g.driver.moduleGetFunction((*uintptr)(&f), uintptr(m), name), "cuModuleGetFunction "+name); err != nil {
			g.driver.moduleUnload(uintptr(m))
			return 0, nil, err
		}
		fs = append(fs, f)
	}
	return m, fs, nil
}

// Unload gives a module back.
func (g *gpu) Unload(m Module) error {
	return g.driver.check(g.driver.moduleUnload(uintptr(m)), "cuModuleUnload")
}
