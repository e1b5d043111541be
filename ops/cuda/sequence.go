package cuda

import (
	"errors"
	"fmt"
	"strings"

	"rpnc/ops"
)

// From kernels to launches. A program is a list of tasks in the order of its schedule. Load writes one
// module of PTX for all of them, in which equal code is there once (layers of one shape share their
// kernels), hands it to the driver, which translates it for the card at hand, and resolves arguments to
// addresses. A run is then a loop over launches with nothing left to decide; on a card it is recorded
// once and replayed as one graph.
//
// A kernel that meets numbers it cannot work with (a label outside the classes, a negative step) sets
// two words: one of its own and one for all. Tasks that commit are guarded: they look at the word for
// all first and leave everything alone if it is set, so that a run which fails changes no parameter,
// though launches are already queued behind it.

// Task is a kernel with the memory that it works on.
type Task struct {
	Kernel  *Kernel
	In, Out []Addr
	// Guarded tasks do nothing once a task before them has failed: those that commit.
	Guarded bool
	// Products says who does the products of the kernel.
	Products Products
}

// Sequence is a list of tasks on a device, ready to run: their code is one module, their tables are in device memory.
//
// Tasks run one after another on one stream, so scratch is one piece that all share, as large as the
// neediest wants it. words is the host's copy of the fault words.
type Sequence struct {
	dev    Device
	tasks  []Task
	steps  [][]step // of each task
	module Module
	memory []Addr
	faults Addr // a word for all tasks, then one a task
	words  []int32

	library  Library // nil until a product may be its
	absent   string  // why there is none
	verdicts [][]verdict
	tried    map[Gemm]error // what the library said to products
	choices  []Choice
}

// step is a launch with its function and arguments, or a product that a library does in the place of launches.
type step struct {
	f           Func
	grid, block int
	args        []Addr
	product     *call
}

// alignment is the distance of pieces of scratch in bytes.
const alignment = 256

// Load translates the code of all tasks, brings their tables to the device, and settles who does their products, opening
// the library of products if one may be its. Close gives everything back.
func Load(dev Device, tasks []Task) (*Sequence, error) {
	s := &Sequence{dev: dev, tasks: tasks, words: make([]int32, 1+len(tasks)), tried: map[Gemm]error{}}
	if err := dev.Bound(s.load); err != nil {
		return nil, errors.Join(fmt.Errorf("cuda.Load: %w", err), s.Close())
	}
	return s, nil
}

// load readies everything.
//
// The library is tried before code is translated, so that nothing is translated for what it does.
func (s *Sequence) load() error {
	if err := s.judgeAll(); err != nil {
		return err
	}
	spare, err := s.scratch()
	if err != nil {
		return err
	}
	places, work := make([]Memory, len(s.tasks)), make([]Addr, len(s.tasks))
	for i, t := range s.tasks {
		if places[i], work[i], err = s.place(i, t, spare); err != nil {
			return s.wrap(i, err)
		}
		if err := s.admit(i, places[i], work[i]); err != nil {
			return err
		}
	}
	functions, err := s.translate()
	if err != nil {
		return err
	}
	for i := range s.tasks {
		steps, err := s.arrange(i, functions, places[i], work[i])
		if err != nil {
			return err
		}
		s.steps = append(s.steps, steps)
	}
	return nil
}

// alloc reserves memory of the sequence.
func (s *Sequence) alloc(bytes int) (Addr, error) {
	a, err := s.dev.Alloc(max(bytes, 1))
	if err == nil {
		s.memory = append(s.memory, a)
	}
	return a, err
}

// scratch reserves the fault words and the largest scratch that a task needs, the workspace of the library included: tasks
// run one after the other.
func (s *Sequence) scratch() (spare Addr, err error) {
	if s.faults, err = s.alloc(4 * len(s.words)); err != nil {
		return 0, err
	}
	if err = s.dev.Upload(s.faults, Bytes(ops.Buffer{I32: s.words})); err != nil {
		return 0, err
	}
	most := 0
	for i, t := range s.tasks {
		size := 0
		for _, n := range t.Kernel.scratch {
			size += roundUp(n)
		}
		if s.byLibrary(i) {
			size += s.library.Workspace()
		}
		most = max(most, size)
	}
	if most == 0 {
		return 0, nil
	}
	return s.alloc(most)
}

// roundUp is a size in whole pieces of alignment: addresses of scratch suit loads of any width.
func roundUp(bytes int) int { return (bytes + alignment - 1) / alignment * alignment }

// translate writes one module of all launches; equal code is there once.
//
// The text of a kernel does not contain its name or addresses, so equality of texts is equality of
// kernels. The module asks for the oldest target that has all instructions in use.
func (s *Sequence) translate() (map[*code]Func, error) {
	var text strings.Builder
	var names []string
	target := oldest
	number, of := map[string]int{}, map[*code]int{}
	for task, t := range s.tasks {
		for i, l := range t.Kernel.launches {
			if s.spared(task, i) {
				continue
			}
			if t.Guarded {
				l.code.guard()
			}
			target = max(target, l.code.target)
			body := l.code.finish("", l.block)
			i, ok := number[body]
			if !ok {
				i = len(names)
				number[body] = i
				names = append(names, fmt.Sprintf("k%d", i))
				text.WriteString(l.code.finish(names[i], l.block))
			}
			of[l.code] = i
		}
	}
	functions := map[*code]Func{}
	if len(names) == 0 {
		return functions, nil
	}
	module, fs, err := s.dev.Load(header(target)+text.String(), names)
	if err != nil {
		return nil, err
	}
	s.module = module
	for c, i := range of {
		functions[c] = fs[i]
	}
	return functions, nil
}

// place finds the addresses of one task: arguments name operands, results, tables, pieces of scratch and fault words by
// number. Behind its scratch is the workspace of the library.
func (s *Sequence) place(i int, t Task, spare Addr) (m Memory, work Addr, err error) {
	var tables, pieces []Addr
	for _, v := range t.Kernel.tables {
		a, err := s.alloc(4 * len(v))
		if err == nil && len(v) > 0 {
			err = s.dev.Upload(a, Bytes(ops.Buffer{I32: v}))
		}
		if err != nil {
			return m, 0, err
		}
		tables = append(tables, a)
	}
	for _, n := range t.Kernel.scratch {
		pieces, spare = append(pieces, spare), spare+Addr(roundUp(n))
	}
	return Memory{t.In, t.Out, tables, pieces, []Addr{s.faults + Addr(4*(i+1)), s.faults}}, spare, nil
}

// wrap names the task in an error.
func (s *Sequence) wrap(i int, err error) error {
	return fmt.Errorf("cuda: %s: %w", s.tasks[i].Kernel.name, err)
}

// Run launches task i, and asks the library for the products that it does. It is called within [Device.Bound].
func (s *Sequence) Run(i int) error {
	for _, st := range s.steps[i] {
		if err := s.do(st); err != nil {
			return s.wrap(i, err)
		}
	}
	return nil
}

// Faults is the address of a word on the device that is not 0 once a task has failed.
func (s *Sequence) Faults() Addr { return s.faults }

// Check waits for all tasks and says which of those that ran last has failed, and why; nil if none has. It is called
// within [Device.Bound].
//
// One word is brought down in the usual case; all of them only after a failure. The first task that
// failed is the one to blame, since others may have computed with what it left.
func (s *Sequence) Check() error {
	words := Bytes(ops.Buffer{I32: s.words})
	if err := s.dev.Download(words[:4], s.faults); err != nil || s.words[0] == 0 {
		return err
	}
	if err := s.dev.Download(words, s.faults); err != nil {
		return err
	}
	err := error(nil)
	for i, t := range s.tasks {
		if s.words[i+1] != 0 && err == nil {
			err = &Fault{i, fmt.Sprintf("%s: %s", t.Kernel.name, t.Kernel.fault())}
		}
	}
	// The next run starts afresh.
	clear(s.words)
	return errors.Join(err, s.dev.Upload(s.faults, words))
}

// Fault is a task that could not compute what it should from the numbers that it was given.
type Fault struct {
	Task int
	what string
}

// Error names the kernel and what was wrong.
func (f *Fault) Error() string { return "cuda: " + f.what }

// fault is what it means that the kernel has failed.
func (k *Kernel) fault() string {
	for _, l := range k.launches {
		if l.code.fault != "" {
			return l.code.fault
		}
	}
	return "failed"
}

// Close gives module and memory back. The sequence cannot run afterwards.
func (s *Sequence) Close() error {
	return s.dev.Bound(func() (err error) {
		for _, a := range s.memory {
			err = errors.Join(err, s.dev.Free(a))
		}
		if s.memory = nil; s.module != 0 {
			err = errors.Join(err, s.dev.Unload(s.module))
			s.module = 0
		}
		return err
	})
}
