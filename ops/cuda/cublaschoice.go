package cuda

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// How products find who does them, when a sequence is loaded. First every product gets a verdict by
// the rule of its task, before code is translated: what the library does needs none. Then those of the
// library are tried, each once with a result that nobody reads, as libraries load their kernels when
// they are first called, which a recording of a run would not survive, and as a refusal is better met
// here than in the midst of a training. Where times decide, the trial is longer and both take part.

// Choice says who does a product of a task.
type Choice struct {
	Task    int
	Product Gemm
	Library bool   // the library, not our kernels
	Why     string // what decided
}

// verdict is what a rule says of a product.
type verdict struct {
	library, measure bool
	why              string
}

// judge applies the rule of a task to one of its products. The library is opened here, by the first product that asks for it:
// a program whose products are all small or unfit never looks for one. Where several reasons hold, the first in this order is
// told:
//
//	the rule is Own                     our kernels, whatever the product is
//	no library could do it              its factors are patches, it is a sum of products, it is empty
//	its task commits                    see below
//	the rule is BySize, and it is small
//	there is no library                 an error where the rule is CuBLAS
//
// A task that commits has to look at the fault word before it writes, which a library does not do.
func (s *Sequence) judge(t Task, alt alternative) (v verdict, err error) {
	switch {
	case t.Products == Own:
		return verdict{why: "as asked for"}, nil
	case alt.unfit != "":
		return verdict{why: alt.unfit}, nil
	case t.Guarded:
		return verdict{why: "its task commits"}, nil
	case t.Products == BySize && !alt.gemm.large():
		return verdict{why: "it is small"}, nil
	}
	if s.library == nil && s.absent == "" {
		if err := s.open(); err != nil {
			return v, fmt.Errorf("%s of %v: %w", t.Kernel.name, alt.gemm, err)
		}
	}
	switch {
	case s.library == nil && t.Products == CuBLAS:
		return v, fmt.Errorf("%s of %v is to be cuBLAS's: %s", t.Kernel.name, alt.gemm, s.absent)
	case s.library == nil:
		return verdict{why: s.absent}, nil
	case t.Products == Fastest:
		return verdict{library: true, measure: true}, nil
	case t.Products == BySize:
		return verdict{library: true, why: "it is large"}, nil
	}
	return verdict{library: true, why: "as asked for"}, nil
}

// open asks the device for its library and notes why there is none. A library that is there but does not fit the machine
// (too old, of another architecture) is as good as none; an error that may pass is one of Load.
func (s *Sequence) open() error {
	l, err := s.dev.Library()
	switch {
	case errors.Is(err, ErrRefused):
		s.absent = err.Error()
	case err != nil:
		return err
	case l == nil:
		s.absent = "this machine has no cuBLAS that RPNC_LIBCUBLAS or the linker finds"
	default:
		s.library = l
	}
	return nil
}

// judgeAll judges the products of all tasks.
func (s *Sequence) judgeAll() error {
	for _, t := range s.tasks {
		var vs []verdict
		for _, alt := range t.Kernel.alternatives {
			v, err := s.judge(t, alt)
			if err != nil {
				return err
			}
			vs = append(vs, v)
		}
		s.verdicts = append(s.verdicts, vs)
	}
	return nil
}

// byLibrary says whether a task needs a workspace.
func (s *Sequence) byLibrary(task int) bool {
	return slices.ContainsFunc(s.verdicts[task], func(v verdict) bool { return v.library })
}

// spared says whether a launch needs no code, as the library does its product.
func (s *Sequence) spared(task, launch int) bool {
	for j, alt := range s.tasks[task].Kernel.alternatives {
		if launch >= alt.first && launch < alt.first+alt.count {
			return s.verdicts[task][j].library && !s.verdicts[task][j].measure
		}
	}
	return false
}

// call is a product that the library does in the place of launches.
type call struct {
	gemm          Gemm
	a, b, c, work Addr
}

// of is the library's call for a product.
func (x alternative) of(m Memory, work Addr) step {
	at := m.of([]arg{x.a, x.b, x.c})
	return step{product: &call{x.gemm, at[0], at[1], at[2], work}}
}

// admit tries the products of a task that are the library's. What it refuses stays with our kernels, unless it was asked
// for by name. A product is tried once for all tasks that have it, since what a library does depends on the product alone.
func (s *Sequence) admit(i int, m Memory, work Addr) error {
	for j, alt := range s.tasks[i].Kernel.alternatives {
		v := &s.verdicts[i][j]
		if !v.library {
			continue
		}
		refusal, tried := s.tried[alt.gemm]
		if !tried {
			err := s.aside(alt, m, func(m Memory) error {
				refusal = s.do(alt.of(m, work))
				return s.dev.Sync()
			})
			if err != nil {
				return s.wrap(i, err)
			}
			s.tried[alt.gemm] = refusal
		}
		switch {
		case refusal != nil && (s.tasks[i].Products == CuBLAS || !errors.Is(refusal, ErrRefused)):
			return s.wrap(i, refusal)
		case refusal != nil:
			*v = verdict{why: refusal.Error()}
		}
	}
	return nil
}

// aside does f with a product's result in memory that nobody reads: what loads a program changes nothing. The factors are
// read where the program has them; what they hold by then is of no matter, to cuBLAS's choice of a kernel least of all.
func (s *Sequence) aside(alt alternative, m Memory, f func(m Memory) error) error {
	c, err := s.dev.Alloc(alt.gemm.M * alt.gemm.N * alt.gemm.Batch * alt.gemm.Size())
	if err != nil {
		return fmt.Errorf("a result to try %v with: %w", alt.gemm, err)
	}
	m.Out = slices.Repeat([]Addr{c}, len(m.Out))
	return errors.Join(f(m), s.dev.Free(c))
}

// arrange lists the steps of a task: launches, or calls of the library in their place.
func (s *Sequence) arrange(i int, functions map[*code]Func, m Memory, work Addr) (steps []step, err error) {
	k, at := s.tasks[i].Kernel, 0
	launches := func(from, to int, m Memory) (steps []step) {
		for _, l := range k.launches[from:to] {
			steps = append(steps, step{f: functions[l.code], grid: l.grid, block: l.block, args: m.of(l.code.args)})
		}
		return steps
	}
	for j, alt := range k.alternatives {
		end := alt.first + alt.count
		steps = append(steps, launches(at, alt.first, m)...)
		v := s.verdicts[i][j]
		if v.measure {
			err := s.aside(alt, m, func(m Memory) (err error) {
				v, err = s.measure(alt.gemm, []step{alt.of(m, work)}, launches(alt.first, end, m))
				return err
			})
			if err != nil {
				return nil, s.wrap(i, err)
			}
		}
		s.choices = append(s.choices, Choice{i, alt.gemm, v.library, v.why})
		if v.library {
			steps = append(steps, alt.of(m, work))
		} else {
			steps = append(steps, launches(alt.first, end, m)...)
		}
		at = end
	}
	return append(steps, launches(at, len(k.launches), m)...), nil
}

// measured is what trials have shown, for the rest of the process: programs of one process agree on who does a product.
var measured struct {
	sync.Mutex
	verdicts map[trial]verdict
}

// trial is a product on a device with a library.
type trial struct {
	device, library string
	gemm            Gemm
}

// measure lets both do the product, in turns, and takes the one with the shortest time: what else goes on on a card makes
// a run longer and never shorter. What it has found holds for the rest of the process, so that all programs with this product
// agree on it.
func (s *Sequence) measure(g Gemm, library, own []step) (verdict, error) {
	const rounds, runs = 5, 4
	measured.Lock()
	defer measured.Unlock()
	key := trial{s.dev.Name(), s.library.Name(), g}
	if v, ok := measured.verdicts[key]; ok {
		return v, nil
	}
	var best [2]time.Duration
	for round := range rounds + 1 { // the first one warms up
		for who, steps := range [][]step{library, own} {
			took, err := s.dev.Time(func() error { return s.repeat(runs, steps) })
			if err != nil {
				return verdict{}, err
			}
			if took = took / runs; round <= 1 || took < best[who] {
				best[who] = took
			}
		}
	}
	v := verdict{library: best[0] < best[1], why: fmt.Sprintf("%v by %s, %v by our kernels", best[0], s.library.Name(), best[1])}
	if measured.verdicts == nil {
		measured.verdicts = map[trial]verdict{}
	}
	measured.verdicts[key] = v
	return v, nil
}

// repeat does steps several times.
func (s *Sequence) repeat(times int, steps []step) error {
	for range times {
		for _, st := range steps {
			if err := s.do(st); err != nil {
				return err
			}
		}
	}
	return nil
}

// do launches a step, or asks the library.
func (s *Sequence) do(st step) error {
	if p := st.product; p != nil {
		return s.library.Multiply(p.gemm, p.a, p.b, p.c, p.work)
	}
	return s.dev.Launch(st.f, st.grid, st.block, st.args)
}

// Choices says of every product in the sequence who does it.
func (s *Sequence) Choices() []Choice { return s.choices }

// Library is the name of the library that does products of the sequence, or "" where none does any.
func (s *Sequence) Library() string {
	if slices.ContainsFunc(s.choices, func(c Choice) bool { return c.Library }) {
		return s.library.Name()
	}
	return ""
}

// Launches is the number of launches of one run, calls of a library counted as one each.
func (s *Sequence) Launches() (n int) {
	for _, steps := range s.steps {
		n += len(steps)
	}
	return n
}
