package kernels

import "sync"

// freelist keeps used objects for the next caller. Unlike a sync.Pool it is
// never emptied by a garbage collection, so steady state allocates nothing; it
// grows to the largest number of objects ever in use at once.
type freelist[S any] struct {
	mu   sync.Mutex
	free []*S
}

// get returns a used object as put left it, or nil if there is none.
func (l *freelist[S]) get() *S {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(l.free) - 1
	if last < 0 {
		return nil
	}
	s := l.free[last]
	l.free = l.free[:last]
	return s
}

// put hands s to the next get.
func (l *freelist[S]) put(s *S) {
	l.mu.Lock()
	l.free = append(l.free, s)
	l.mu.Unlock()
}
