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
	workers.run(job{f, n, grain}, chunks, helpers)
}

// Where a chunk runs decides how fast it is: what one core has written, another
// reads at a sixth of the speed of its own cache, while what both only read stays
// in both. So chunks are not given to who comes first. Every core has a share of
// neighbouring chunks to begin with, the same share whenever the same work comes
// again, and takes chunks of other shares when its own is done. The first rows of
// a layer then stay in the cache of the first core from kernel to kernel and from
// step to step, and a core that is late loses the last of its chunks to others.

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
//
// Who spins lets other goroutines have the core every yieldMask+1 turns, some µs
// apart: looking for them takes as long as a short chunk.
const (
	spinning  = 300 * time.Microsecond
	wakeAfter = 30 * time.Microsecond
	yieldMask = 1<<12 - 1
)

// job is one call of Parallel.
type job struct {
	f        func(lo, hi int)
	n, grain int
}

// worker is one persistent goroutine of the pool; the first of all stands for the
// caller of Parallel. All that a short job moves between two cores is in the first
// 64 bytes: handing it over and back costs two transfers of one cache line, some
// 0.3 µs. Cores fetch lines in pairs, so workers are two lines apart.
type worker struct {
	state atomic.Int32
	job                // of the worker in state posted or running
	next  atomic.Int64 // chunk of its share that is taken next
	end   int64        // of its share
	_     [64]byte
	wake  chan struct{} // one token per change from asleep to posted
	_     [64]byte
}

// pool runs one job at a time. What workers read is not in one line with what
// every call writes.
type pool struct {
	mu      sync.Mutex
	alone   time.Duration // worked since a worker was last woken, while one slept
	_       [112]byte
	all     []*worker
	active  []*worker // the first of all, which the present job has shares for
	failure atomic.Pointer[any]
}

var workers pool

// run does a job of so many chunks with helpers workers beside the caller and
// unlocks mu, which its caller locked.
func (p *pool) run(j job, chunks, helpers int) {
	p.share(chunks, helpers+1)
	sleeping := false
	for _, w := range p.active[1:] {
		if !w.post(j, idle) {
			sleeping = true
		}
	}
	defer p.finish()
	p.active[0].job = j
	p.help(0, sleeping)
}

// share deals the chunks out to so many workers, which it starts where they are
// missing. It comes before every post: workers look into each other's shares.
func (p *pool) share(chunks, cores int) {
	for len(p.all) < cores {
		w, me := &worker{wake: make(chan struct{}, 1)}, len(p.all)
		p.all = append(p.all, w)
		if me > 0 {
			go p.serve(w, me)
		}
	}
	if len(p.active) != cores {
		p.active = p.all[:cores]
	}
	for i, w := range p.active {
		w.next.Store(int64(i * chunks / cores))
		w.end = int64((i + 1) * chunks / cores)
	}
}

// post gives the job to a worker if that is in state from.
func (w *worker) post(j job, from int32) bool {
	if w.state.Load() != from {
		return false
	}
	w.job = j
	if w.state.CompareAndSwap(from, posted) {
		return true
	}
	w.job = job{}
	return false
}

// wakeLater takes chunks until none is left or enough has been done alone, and
// then wakes the workers that sleep.
func (p *pool) wakeLater() {
	for start, before := time.Now(), p.alone; p.alone < wakeAfter; p.alone = before + time.Since(start) {
		if !p.chunk(0) {
			return
		}
	}
	p.alone = 0
	for _, w := range p.active[1:] {
		if w.post(p.active[0].job, asleep) {
			w.wake <- struct{}{}
		}
	}
}

// chunk takes a chunk, if there is one: of the share of worker me, else of those
// that follow.
func (p *pool) chunk(me int) bool {
	for i := range p.active {
		share := p.active[(me+i)%len(p.active)]
		if c := share.next.Add(1) - 1; c < share.end {
			j := &p.active[me].job
			lo := int(c) * j.grain
			j.f(lo, min(lo+j.grain, j.n))
			return true
		}
	}
	return false
}

// finish takes the job back from workers that have not begun, waits for those
// that have, and frees the pool. It runs even if the caller's own chunk panics,
// since workers may still be inside f.
func (p *pool) finish() {
	for _, w := range p.active[1:] {
		w.await()
	}
	p.active[0].job = job{} // lets go of what f holds
	failure := p.failure.Load()
	if failure != nil {
		p.failure.Store(nil)
	}
	p.mu.Unlock()
	if failure != nil {
		panic(*failure)
	}
}

// await returns when the worker has no job: none was posted, or it is done, or
// the worker had not begun and it was taken back.
func (w *worker) await() {
	for i := 1; ; i++ {
		switch w.state.Load() {
		case idle, asleep:
			return
		case posted:
			if w.state.CompareAndSwap(posted, idle) {
				return
			}
		}
		if i&yieldMask == 0 {
			runtime.Gosched()
		}
	}
}

// serve is the life of a worker: spin, sleep, work.
func (p *pool) serve(w *worker, me int) {
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
			p.help(me, false)
			w.job = job{}
			w.state.Store(idle)
		}
	}
}

// help works on the job as worker me, and keeps a panic of f for the caller of
// Parallel. Where others sleep, it sees to their waking.
func (p *pool) help(me int, sleeping bool) {
	done := false
	defer func() {
		if done {
			return
		}
		for _, w := range p.active {
			w.next.Store(w.end)
		}
		if r := recover(); r != nil {
			failure := r // escapes; only on this path may it be allocated
			p.failure.Store(&failure)
		}
	}()
	if sleeping {
		p.wakeLater()
	}
	for p.chunk(me) {
	}
	done = true
}
