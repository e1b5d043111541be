package kernels

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Parallel calls f(lo, hi) for the chunks [0, grain), [grain, 2·grain), … of
// [0, n), on the calling goroutine and on up to GOMAXPROCS−1 workers. Chunk
// borders depend on n and grain only; the order of chunks is open, so f must
// write what only its chunk owns. f is never called for n ≤ 0; grain < 1 counts
// as 1. A panic of f comes back as a panic of Parallel.
//
// Parallel may be called from many goroutines and from within f: while the
// workers are taken, a call runs its chunks itself. It allocates nothing if f is
// a func value that exists already (a literal that captures variables is
// allocated by the caller).
func Parallel(n, grain int, f func(lo, hi int)) {
	if n <= 0 {
		return
	}
	grain = max(grain, 1)
	chunks := (n-1)/grain + 1
	helpers := min(runtime.GOMAXPROCS(0), chunks) - 1
	if helpers < 1 || !workers.mu.TryLock() {
		for lo := 0; lo < n; lo += grain {
			f(lo, min(lo+grain, n))
		}
		return
	}
	workers.run(n, grain, helpers, f)
}

// States of a worker. Only the worker leaves running and enters asleep; only
// the holder of pool.mu enters posted.
//
//	idle → posted → running → idle      found work while spinning
//	idle → asleep → posted → …          found none; the post comes with a token
//	posted → idle                       the post was taken back unseen
//
// Taking a post back is what keeps a short job from waiting for a worker that
// takes longer to wake than the whole job to run.
const (
	idle    = iota // spinning, will see a post by itself
	asleep         // blocked on wake
	posted         // a job waits for it
	running        // it works on the job
)

// An idle worker looks for work for spinning, as long as the gaps between the
// parallel parts of a step, and then sleeps. Waking it costs the caller some 10 µs,
// so only work that has taken wakeAfter on one core, in one job or in many, is
// worth it: what a short job loses is bounded, and a long step has its workers.
const (
	spinning  = 300 * time.Microsecond
	wakeAfter = 30 * time.Microsecond
	yieldMask = 1<<10 - 1
)

// worker is one persistent goroutine of the pool.
type worker struct {
	state atomic.Int32
	wake  chan struct{} // one token per change from asleep to posted
}

// pool runs one job at a time. The job's fields are written by the holder of mu
// before it posts to a worker and are read by workers in state running only.
type pool struct {
	mu       sync.Mutex
	all      []*worker
	f        func(lo, hi int)
	n, grain int
	alone    time.Duration // worked since a worker was last woken, while one slept
	next     atomic.Int64  // index of the next chunk to be taken
	failure  atomic.Pointer[any]
}

var workers pool

// run does a job with helpers workers and unlocks mu, which its caller locked.
func (p *pool) run(n, grain, helpers int, f func(lo, hi int)) {
	p.f, p.n, p.grain = f, n, grain
	p.next.Store(0)
	for len(p.all) < helpers {
		w := &worker{wake: make(chan struct{}, 1)}
		p.all = append(p.all, w)
		go p.serve(w)
	}
	sleeping := false
	for _, w := range p.all[:helpers] {
		if !w.state.CompareAndSwap(idle, posted) {
			sleeping = true
		}
	}
	defer p.finish(helpers)
	if sleeping {
		p.wakeLater(helpers)
	}
	p.chunks()
}

// wakeLater takes chunks until none is left or enough has been done alone, and
// then wakes the workers that sleep.
func (p *pool) wakeLater(helpers int) {
	for start, before := time.Now(), p.alone; p.alone < wakeAfter; p.alone = before + time.Since(start) {
		if !p.chunk() {
			return
		}
	}
	p.alone = 0
	for _, w := range p.all[:helpers] {
		if w.state.CompareAndSwap(asleep, posted) {
			w.wake <- struct{}{}
		}
	}
}

// chunks takes chunks until none is left.
func (p *pool) chunks() {
	for p.chunk() {
	}
}

// chunk takes a chunk, if there is one.
func (p *pool) chunk() bool {
	lo := int(p.next.Add(1)-1) * p.grain
	if lo >= p.n {
		return false
	}
	p.f(lo, min(lo+p.grain, p.n))
	return true
}

// finish takes the job back from workers that have not begun, waits for those
// that have, and frees the pool. It runs even if the caller's own chunk panics,
// since workers may still be inside f.
func (p *pool) finish(helpers int) {
	p.next.Store(int64(p.n))
	for _, w := range p.all[:helpers] {
		for i := 1; !w.state.CompareAndSwap(posted, idle) && w.state.Load() == running; i++ {
			if i&yieldMask == 0 {
				runtime.Gosched()
			}
		}
	}
	p.f = nil
	failure := p.failure.Swap(nil)
	p.mu.Unlock()
	if failure != nil {
		panic(*failure)
	}
}

// serve is the life of a worker: spin, sleep, work.
func (p *pool) serve(w *worker) {
	for {
		since := time.Now()
		for i := 1; w.state.Load() != posted; i++ {
			if i&yieldMask != 0 {
				continue
			}
			runtime.Gosched()
			if time.Since(since) >= spinning && w.state.CompareAndSwap(idle, asleep) {
				<-w.wake
				since = time.Now()
			}
		}
		if w.state.CompareAndSwap(posted, running) {
			p.help()
			w.state.Store(idle)
		}
	}
}

// help works on the job and keeps a panic of f for the caller of Parallel.
func (p *pool) help() {
	defer func() {
		if r := recover(); r != nil {
			failure := r // escapes; only on this path may it be allocated
			p.failure.Store(&failure)
			p.next.Store(int64(p.n))
		}
	}()
	p.chunks()
}
