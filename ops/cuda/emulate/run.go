package emulate

import (
	"encoding/binary"
	"fmt"

	"rpnc/ops/cuda"
)

// How a launch runs. Blocks run one after another, and the threads of a block in warps of 32, each
// thread alone until it reaches a barrier, an instruction of the whole warp, or its end. When all
// threads of a block wait at a barrier all go on; when some wait and the others have ended, the kernel
// is wrong (a card would hang, or not) and an error says how many. Running a thread as far as it gets
// is a legal order, and an extreme one: whoever reads what another thread has not yet been forced to
// write reads NaNs. With Reverse the other extreme runs, from the last thread to the first, and results
// that differ betray a race.
//
// Nothing is simulated of time, caches or divergence.

// thread is the state of one thread.
//
// w has a word for everything that instructions name; pc is the number of the next instruction.
type thread struct {
	d      *Device
	w      []uint64
	pc     int
	steps  int
	done   bool
	waits  bool     // at a barrier
	meets  *meeting // at an instruction of the whole warp
	shared []byte
	args   []cuda.Addr
}

// run executes a launch; what goes wrong is an error that names the instruction.
//
// The limits are those of every card: 1,024 threads a block, 48 KiB of shared memory without asking for
// more.
//
// The states of threads are made once for a launch and reset for each block, all words in one piece of
// memory: most of the time of a small kernel would otherwise go into allocation.
func (d *Device) run(l launch) (err error) {
	if l.f == 0 || int(l.f) > len(d.entries) {
		return fmt.Errorf("emulate.Launch: no function %d", l.f)
	}
	e := d.entries[l.f-1]
	if l.grid < 1 || l.block < 1 || l.block > min(e.most, 1024) || len(l.args) != e.params || e.shared > 48<<10 {
		return fmt.Errorf("emulate.Launch: %s: grid %d, block %d, %d arguments for %d parameters, %d bytes shared", e.name, l.grid, l.block, len(l.args), e.params, e.shared)
	}
	threads := make([]*thread, l.block)
	words := make([]uint64, l.block*len(e.words))
	for i := range threads {
		threads[i] = &thread{d: d, w: words[i*len(e.words) : (i+1)*len(e.words)], args: l.args}
	}
	for b := range l.grid {
		if d.Reverse {
			b = l.grid - 1 - b
		}
		if err := d.block(e, threads, b); err != nil {
			return fmt.Errorf("emulate: %s, block %d of %d: %w", e.name, b, l.grid, err)
		}
	}
	return nil
}

// block runs all threads from barrier to barrier.
//
// Shared memory is fresh for every block and full of NaNs.
//
// A round runs every warp as far as it gets, in order. After it, either no thread waits, and the block
// is done; or all wait, and the barrier opens; anything in between is a kernel whose threads disagree.
func (d *Device) block(e *entry, threads []*thread, number int) error {
	shared := make([]byte, e.shared)
	for i := range shared {
		shared[i] = 0xFF
	}
	for i, t := range threads {
		copy(t.w, e.words)
		t.pc, t.done, t.waits, t.meets, t.shared = 0, false, false, nil, shared
		if e.tid >= 0 {
			t.w[e.tid] = uint64(i)
		}
		if e.ctaid >= 0 {
			t.w[e.ctaid] = uint64(number)
		}
	}
	for {
		for first := 0; first < len(threads); first += warpSize {
			lo := first
			if d.Reverse {
				lo = (len(threads) - 1 - first) / warpSize * warpSize
			}
			if err := d.warp(e, threads[lo:min(lo+warpSize, len(threads))]); err != nil {
				return fmt.Errorf("warp %d: %w", lo/warpSize, err)
			}
		}
		waiting := 0
		for _, t := range threads {
			if t.waits {
				waiting++
			}
		}
		switch waiting {
		case 0:
			d.count(threads)
			return nil
		case len(threads):
		default:
			return fmt.Errorf("%d of %d threads are at a barrier that the others never reach", waiting, len(threads))
		}
	}
}

// count adds up what the threads of a block have done.
func (d *Device) count(threads []*thread) {
	for _, t := range threads {
		d.Steps += t.steps
		d.Longest = max(d.Longest, t.steps)
		t.steps = 0
	}
}

// warpSize is the number of threads that run an instruction of the whole warp together.
const warpSize = 32

// warp runs some threads to the next barrier of the block, or their end.
//
// Threads that meet at an instruction of the warp run it together and go on.
func (d *Device) warp(e *entry, threads []*thread) error {
	for {
		meeting := 0
		for i := range threads {
			if d.Reverse {
				i = len(threads) - 1 - i
			}
			if err := threads[i].until(e); err != nil {
				return fmt.Errorf("thread %d: %w", i, err)
			}
			if threads[i].meets != nil {
				meeting++
			}
		}
		if meeting == 0 {
			return nil
		}
		if err := meet(e, threads); err != nil {
			return err
		}
	}
}

// meet runs an instruction of the whole warp, at which all threads have to be.
//
// PTX wants all 32 threads at the same instruction; anything else is undefined on a card and an error
// here.
func meet(e *entry, threads []*thread) (err error) {
	at, pc := threads[0].meets, threads[0].pc
	for i, t := range threads {
		if t.meets == nil || t.pc != pc || len(threads) != warpSize {
			return fmt.Errorf("thread %d of %d is not at an instruction of the whole warp that another one is at", i, len(threads))
		}
		t.meets = nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", e.code[pc-1].text, r)
		}
	}()
	at.run(threads)
	return nil
}

// until runs a thread to the next barrier, the next instruction of its warp, or its end.
//
// A closure that panics (an access outside memory) becomes an error with the text of its instruction.
//
// pc is moved on before the closure runs, so that a branch may overwrite it, and so that the
// instruction that failed is always the one before pc.
func (t *thread) until(e *entry) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", e.code[t.pc-1].text, r)
		}
	}()
	t.waits = false
	for !t.done && !t.waits && t.meets == nil {
		t.steps++
		t.pc++
		e.code[t.pc-1].do(t)
	}
	return nil
}

// memory is n bytes in global or shared memory; an access outside or off its alignment panics, which until recovers.
//
// Accesses have to be aligned to their size, as on a card.
func (t *thread) memory(shared bool, a uint64, n int) []byte {
	if a%uint64(n) != 0 {
		panic(fmt.Sprintf("%#x is not aligned to %d bytes", a, n))
	}
	if shared {
		return t.shared[a : a+uint64(n)]
	}
	m, err := t.d.at(a, n)
	if err != nil {
		panic(err)
	}
	return m
}

// read and write are little-endian words of 4 or 8 bytes.
func read(m []byte) uint64 {
	if len(m) == 4 {
		return uint64(binary.LittleEndian.Uint32(m))
	}
	return binary.LittleEndian.Uint64(m)
}

func write(m []byte, x uint64) {
	if len(m) == 4 {
		binary.LittleEndian.PutUint32(m, uint32(x))
		return
	}
	binary.LittleEndian.PutUint64(m, x)
}
