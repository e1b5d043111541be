package cuda

import (
	"errors"
	"testing"
)

// bank is a driver's memory that counts.
type bank struct {
	next        Addr
	live, calls int
	room        int // pieces that it has
}

func (b *bank) pool() *pool {
	return &pool{alloc: func(int) (Addr, error) {
		if b.live == b.room {
			return 0, errors.New("out of memory")
		}
		b.live, b.calls, b.next = b.live+1, b.calls+1, b.next+1
		return b.next, nil
	}, free: func(Addr) error { b.live--; return nil }}
}

// must are the pieces of the given sizes.
func must(t *testing.T, p *pool, sizes ...int) (out []Addr) {
	t.Helper()
	for _, n := range sizes {
		a, err := p.take(n)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, a)
	}
	return out
}

func TestMemoryIsUsedAgainAndAllOfItIsGivenBackInTheEnd(t *testing.T) {
	b := &bank{room: 9}
	p := b.pool()
	a := must(t, p, 100, 5000, 100)
	for range 10 {
		if err := p.give(a[0]); err != nil {
			t.Fatal(err)
		}
		a[0] = must(t, p, 300)[0]
	}
	if b.calls != 3 || a[0] == a[2] {
		t.Errorf("%d calls for three pieces at a time; pieces %v", b.calls, a)
	}
	for _, x := range a {
		if err := p.give(x); err != nil {
			t.Fatal(err)
		}
	}
	if b.live != 0 {
		t.Errorf("%d pieces stay with the pool", b.live)
	}
	if p.give(a[0]) == nil {
		t.Error("a piece is given back twice")
	}
}

func TestIdleMemoryGoesBackWhereMemoryIsShort(t *testing.T) {
	b := &bank{room: 2}
	p := b.pool()
	a := must(t, p, 1000, 1<<20)
	if err := p.give(a[1]); err != nil {
		t.Fatal(err)
	}
	must(t, p, 1<<24)
	if _, err := p.take(1); err == nil || b.live != 2 {
		t.Errorf("%v; %d pieces of 2", err, b.live)
	}
	if _, err := p.take(0); err == nil {
		t.Error("nothing is a size")
	}
}

func TestSizesAreRoundedByAnEighthAtMost(t *testing.T) {
	for _, n := range []int{1, 511, 512, 513, 5000, 1 << 20, 1<<20 + 1, 123456789} {
		if c := sizeClass(n); c < n || c%512 != 0 || c > 512 && c-n > max(512, n/8) {
			t.Errorf("%d bytes become %d", n, c)
		}
	}
}
