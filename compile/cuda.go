package compile

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"gorgonia.org/gorgonia"

	"rpnc/ops/cuda"
)

// How a program runs on a card. The emitted graph, the schedule and the plan are those of the CPU; what
// differs is the machine at the end. Every unit becomes a task (kernels and launches, see package
// cuda), every root slot has an address on the device. A run is
//
//	host   parameters that the host has changed go up; inputs are copied to pinned memory
//	card   inputs up → kernel → … → kernel → commit → outputs and the fault word down
//	host   one wait; outputs are copied to the program's buffers
//
// The middle line is recorded by the first run and replayed by all later ones: for the driver that is
// one call, where a step of a small network has a hundred launches of some microseconds each.
//
// Failures. A launch that the driver refuses names its unit. A kernel that goes wrong on its own is
// known only at the wait, without its name, as launches return at once; with Check every launch is
// waited for. Kernels that meet impossible numbers set the fault word, and the commit, which is
// guarded, then changes nothing.

// openDevice finds the GPU; tests put an emulated one in its place.
var openDevice = cuda.Open

// cudaVM runs an emitted graph on a GPU, kernel by kernel in the order of the plan. All memory of the program has its
// counterpart on the device, and parameters and states stay there from run to run: a run brings inputs up and outputs
// down, and nothing else. Where no kernel needs the host, the copies and launches of a run are recorded once and replayed:
// one call to the driver starts the run, one waits for its end.
//
// units are in the order of the plan; task[i] is the number of unit i in seq. direct is set where a run
// has to be looked at between kernels (NaN, Check), where units run on the host, or where the driver
// cannot record.
type cudaVM struct {
	p        *Program
	dev      *meter
	units    []*unit
	task     []int // of each unit in seq, −1 for one that runs on the host
	seq      *cuda.Sequence
	memory   *mirror
	graph    cuda.Graph
	recorded bool // whether graph holds the launches
	direct   bool // whether launches are made one by one
	nan      bool
	checks   bool // whether every kernel is waited for, so that the driver's errors name it
}

// newCudaVM binds the instructions of g to kernels of the device and reserves their memory.
func newCudaVM(p *Program, g *gorgonia.ExprGraph, opt Options) (gorgonia.VM, error) {
	dev, err := openDevice()
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	if dev.Capability() < opt.Math.Capability() {
		return nil, fmt.Errorf("compile: %s has no tensor cores for %v products; want compute capability %d.%d, or exact products",
			dev.Name(), opt.Math, opt.Math.Capability()/10, opt.Math.Capability()%10)
	}
	plan, err := newPlanVM(g)
	if err != nil {
		return nil, err
	}
	vm := &cudaVM{p: p, dev: &meter{Device: dev}, nan: opt.NaN, checks: opt.Check}
	for _, op := range plan.(*planVM).program {
		vm.units = append(vm.units, op.units...)
	}
	p.stats.VM, p.stats.Why = "cuda", "asked for "+dev.Name()
	if vm.memory, err = newMirror(vm.dev, p); err == nil {
		err = vm.bind(opt)
	}
	if err != nil {
		return nil, errors.Join(err, vm.Close())
	}
	vm.direct = vm.nan || vm.checks || len(p.stats.Fallbacks) > 0
	return vm, nil
}

// bind finds the kernel of every unit. One without is an error that names it, unless it may run on the host.
//
// Units that write parameters or states are guarded, those of the commit.
func (vm *cudaVM) bind(opt Options) error {
	var tasks []cuda.Task
	commit := vm.p.commitUnits()
	for _, u := range vm.units {
		k, err := u.cudaKernel(opt.Math)
		switch {
		case errors.Is(err, cuda.ErrNoKernel) && opt.Fallback:
			vm.task = append(vm.task, -1)
			vm.p.stats.Fallbacks = append(vm.p.stats.Fallbacks, u.node.Op.Name())
			continue
		case err != nil:
			return fmt.Errorf("compile: %s: %w", u.name(), err)
		}
		vm.task = append(vm.task, len(tasks))
		tasks = append(tasks, cuda.Task{Kernel: k, In: vm.memory.addresses(u.in), Out: vm.memory.addresses(u.out),
			Guarded: commit[u], Products: opt.Products})
	}
	seq, err := cuda.Load(vm.dev, tasks)
	if err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	vm.seq = seq
	vm.p.stats.multiplied(seq)
	return vm.memory.stage(seq.Faults())
}

// multiplied notes who does the products of a program.
func (s *Stats) multiplied(seq *cuda.Sequence) {
	s.Launches, s.Library = seq.Launches(), seq.Library()
	for _, c := range seq.Choices() {
		who := "our kernels"
		if c.Library {
			who = s.Library
		}
		s.Products = append(s.Products, fmt.Sprintf("%v by %s: %s", c.Product, who, c.Why))
	}
	s.Products = distinct(s.Products)
}

// cudaKernel is the kernel of a unit on the device.
func (u *unit) cudaKernel(m Math) (*cuda.Kernel, error) {
	if u.node == nil {
		return cuda.Copy(u.in[0].t), nil
	}
	return bindCuda(u.node.Op, types(u.in), types(u.out), m)
}

// bindCuda is cuda.Bind; a test takes an op away to see what happens without it.
var bindCuda = cuda.Bind

// commitUnits are the units that write parameters and states.
func (p *Program) commitUnits() map[*unit]bool {
	in := map[*unit]bool{}
	if p.sched.commit != nil {
		for _, u := range p.sched.commit.units {
			in[u] = true
		}
	}
	return in
}

// RunAll runs all units; the first that fails ends the run, and what commits does nothing then.
func (vm *cudaVM) RunAll() error {
	return vm.dev.Bound(func() error {
		vm.dev.run = Traffic{}
		defer func() { vm.p.stats.Traffic = vm.dev.run }()
		if err := vm.memory.up(); err != nil {
			return err
		}
		if err := vm.launch(); err != nil {
			return err
		}
		return vm.finish()
	})
}

// launch starts the run: by replaying what the first one recorded, or call by call.
//
// A recording holds addresses, so everything in it has to stay where it is: device memory of the
// program, and pinned memory on the host.
func (vm *cudaVM) launch() error {
	if vm.direct {
		return vm.step()
	}
	if !vm.recorded {
		graph, err := vm.dev.Capture(vm.step)
		if err != nil {
			// Not every driver records; launching works all the same.
			vm.direct = true
			return vm.step()
		}
		vm.graph, vm.recorded = graph, true
	}
	return vm.dev.Replay(vm.graph)
}

// step is the work of one run: inputs up, kernel after kernel, outputs down.
func (vm *cudaVM) step() error {
	if err := vm.memory.push(); err != nil {
		return err
	}
	if err := vm.each(); err != nil {
		return err
	}
	return vm.memory.pull()
}

// each launches unit after unit.
func (vm *cudaVM) each() error {
	for i, u := range vm.units {
		run := func() error { return vm.seq.Run(vm.task[i]) }
		if vm.task[i] < 0 {
			run = func() error { return vm.onHost(u) }
		}
		err := run()
		if err == nil && vm.checks {
			err = vm.dev.Sync()
		}
		if err != nil {
			return fmt.Errorf("compile: %s: %w", u.name(), err)
		}
		if vm.nan {
			if err := vm.findNaN(u); err != nil {
				return err
			}
		}
	}
	return nil
}

// profile runs everything once, kernel by kernel, and notes what each took by the device's own clock.
//
// Times are those between two events around each unit, added up: gaps between kernels are left out.
func (vm *cudaVM) profile(list []Timing) error {
	began := time.Duration(0)
	return vm.dev.Bound(func() error {
		if err := vm.memory.up(); err != nil {
			return err
		}
		if err := vm.memory.push(); err != nil {
			return err
		}
		for i, u := range vm.units {
			took, err := vm.dev.Time(func() error {
				if vm.task[i] < 0 {
					return vm.onHost(u)
				}
				return vm.seq.Run(vm.task[i])
			})
			if err != nil {
				return fmt.Errorf("compile: %s: %w", u.name(), err)
			}
			list[i].Start, list[i].Took = began, took
			began += took
		}
		if err := vm.memory.pull(); err != nil {
			return err
		}
		return vm.finish()
	})
}

// finish waits for a run and hands its outputs to the program, or says which kernel failed.
func (vm *cudaVM) finish() error {
	if err := vm.dev.Sync(); err != nil {
		// Kernels run after their launch has returned, so nobody knows here which of them it was.
		return fmt.Errorf("compile: a kernel of the program: %w; RPNC_DEBUG=check=1 names it", err)
	}
	if vm.memory.faulted() {
		return vm.check()
	}
	vm.memory.down()
	return nil
}

// onHost brings the operands of a unit down, runs it, and brings its results up.
//
// Downloads wait for the kernels before them, so operands are what they should be.
func (vm *cudaVM) onHost(u *unit) error {
	for i, x := range u.in {
		if err := vm.dev.Download(cuda.Bytes(u.src[i]), vm.memory.address(x)); err != nil {
			return err
		}
	}
	host := &instruction{units: []*unit{u}, fail: &vm.p.fail}
	if err := host.exec(); err != nil {
		return err
	}
	for i, x := range u.out {
		if err := vm.dev.Upload(vm.memory.address(x), cuda.Bytes(u.dst[i])); err != nil {
			return err
		}
	}
	return nil
}

// findNaN is the check of Options.NaN.
func (vm *cudaVM) findNaN(u *unit) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("compile: %s: %v", u.name(), r)
		}
	}()
	for i, x := range u.out {
		if err := vm.dev.Download(cuda.Bytes(u.dst[i]), vm.memory.address(x)); err != nil {
			return err
		}
	}
	u.panicOnNaN()
	return nil
}

// check turns what a kernel found wrong into an error that names the node.
func (vm *cudaVM) check() error {
	err := vm.seq.Check()
	var f *cuda.Fault
	if errors.As(err, &f) {
		return fmt.Errorf("compile: %s: %w", vm.units[slices.Index(vm.task, f.Task)].name(), err)
	}
	return err
}

// Reset does nothing.
func (vm *cudaVM) Reset() {}

// Close gives all memory on the device back. Parameters and states come down to the host with their last program.
func (vm *cudaVM) Close() (err error) {
	if vm.recorded {
		err = vm.dev.Bound(func() error { return vm.dev.Drop(vm.graph) })
		vm.recorded = false
	}
	if vm.seq != nil {
		err = errors.Join(err, vm.seq.Close())
		vm.seq = nil
	}
	if vm.memory != nil {
		err = errors.Join(err, vm.memory.close())
		vm.memory = nil
	}
	return err
}

// before brings parameters and states that a device has changed down, if p is to run on the host, and finds out what of them
// is as the last run found it.
func (p *Program) before() error {
	if _, onDevice := p.vm.(*cudaVM); onDevice {
		return nil
	}
	if err := p.store.home(); err != nil {
		return err
	}
	if p.store.lent.Load() {
		p.store.version.Add(1) // nobody says when values change
	}
	p.sched.begin(p.store.version.Load())
	return nil
}

// after says that a run on the host has changed parameters and states.
func (p *Program) after() {
	if _, onDevice := p.vm.(*cudaVM); !onDevice && p.sched.commit != nil {
		p.store.changed()
	}
}

// sizeOf is the number of bytes of n elements of a slot.
func sizeOf(x *slot, n int) int { return n * x.t.DType.Size() }

// hostOf is the memory of a root slot.
func hostOf(x *slot) []byte { return cuda.Bytes(x.buf) }
