package kernels

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// FreeList keeps used objects for the next caller. It is ready to use, and safe for
// many goroutines. Unlike a sync.Pool it is
// never emptied by a garbage collection, so steady state allocates nothing; it
// grows to the largest number of objects ever in use at once.
//
// A caller gets back, if it can, what it had last: scratch that another core has
// written would come from that core's cache, line by line, at the cost of a short
// product or more.
type FreeList[S any] struct {
	near [nearby]struct {
		s atomic.Pointer[S]
		_ [56]byte // a line of cache for each
	}
	mu   sync.Mutex
	free []*S
}

// nearby is the number of places for objects of one caller each.
const nearby = 8

// place is a number below nearby that is mostly the same for one goroutine, and
// mostly another one for another: that of the stretch of memory its stack is in.
func place() int {
	var here byte
	return int(uint64(uintptr(unsafe.Pointer(&here))>>14) * 0x9e3779b97f4a7c15 >> 61)
}

// Get returns a used object as Put left it, or nil if there is none.
func (l *FreeList[S]) Get() *S {
	if s := l.near[place()].s.Swap(nil); s != nil {
		return s
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if last := len(l.free) - 1; last >= 0 {
		s := l.free[last]
		l.free = l.free[:last]
		return s
	}
	for i := range l.near {
		if s := l.near[i].s.Swap(nil); s != nil {
			return s
		}
	}
	return nil
}

// Put hands s to a later Get.
func (l *FreeList[S]) Put(s *S) {
	if l.near[place()].s.CompareAndSwap(nil, s) {
		return
	}
	l.mu.Lock()
	l.free = append(l.free, s)
	l.mu.Unlock()
}
