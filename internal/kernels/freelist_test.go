package kernels_test

import (
	"sync"
	"testing"

	"rpnc/internal/kernels"
)

// Objects are made only while all others are in use, whoever had them before; nobody has one that somebody else holds.
func TestFreeListHandsEachObjectToOneAndGrowsNoLargerThanNeeded(t *testing.T) {
	const callers, rounds = 12, 300
	var l kernels.FreeList[int32]
	made := 0
	for range 5 {
		var held []*int32
		for range callers {
			s := l.Get()
			if s == nil {
				s, made = new(int32), made+1
			}
			held = append(held, s)
		}
		var all sync.WaitGroup
		for _, s := range held { // each is put from another stack than it was taken on
			all.Go(func() { l.Put(s) })
		}
		all.Wait()
	}
	if made != callers {
		t.Errorf("%d objects for %d at once", made, callers)
	}
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range rounds {
				s := l.Get()
				if s == nil {
					continue // another one is between taking and giving back
				}
				if *s++; *s != 1 {
					t.Error("one object is held twice")
				}
				*s--
				l.Put(s)
			}
		})
	}
	all.Wait()
}
