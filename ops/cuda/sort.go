package cuda

import "math"

// How lines are put in order. What is compared are integers with the order of the numbers (see
// orderKey), and of equal ones the positions: no two entries are equal, every method gives one result,
// and it is that of a stable sort on the CPU.
//
// Sorting is Batcher's bitonic network: log² n steps in which all pairs that are j entries apart are
// compared at once, with a barrier after each step. What is compared does not depend on the data, so
// threads never go different ways. Lines of up to some thousand entries lie in shared memory, several
// short ones in a block; longer ones lie in device memory, where a barrier of the block orders accesses
// just as well, with a block to each line.
//
// One entry of a long line is found without sorting: its bits are decided one after the other, from the
// top, by counting how many entries lie below. That reads the line once a bit, 32 or 64 times and as
// often as positions have bits, whatever the data are.

// sorter is a line that a group of threads sorts. Size is a power of two; entries from n on come last.
type sorter struct {
	*group
	n, size  int
	keyKind  kind
	key, pos val // arrays
	first    val // of the line in both
	distant  bool
}

// inShared is how many bytes of shared memory a block sorts in; the rest of what it has is for trees.
const inShared = 32 << 10

// sortThreads is how many threads a line gets at most, and a block at least.
const (
	sortMost  = 512
	sortLeast = 128
)

// sortBlock makes a launch with a group for each of count lines, of at most n/2 threads a line.
func (b *binder) sortBlock(count, entries int, f func(c *code, g *group)) {
	lanes, cols := 1, 1
	for lanes < sortMost && 4*lanes <= entries {
		lanes *= 2
	}
	for lanes*cols < sortLeast {
		cols *= 2
	}
	if count == 0 || entries == 0 {
		return
	}
	b.launch((count+cols-1)/cols, lanes*cols, func(c *code) {
		g := &group{b: b, c: c, lanes: lanes, cols: cols, tid: c.special("tid.x"), memory: map[kind]val{}}
		g.col, g.lane = c.split2(g.tid, lanes)
		g.line = c.mad(c.special("ctaid.x"), cols, g.col)
		g.inside = c.cmp("lt", g.line, n(count))
		// Groups without a line still meet the others at barriers; they sort the last line and write nothing.
		g.line = c.pick(g.inside, g.line, n(count-1))
		g.last = c.pick(g.inside, n(entries), n(0))
		f(c, g)
	})
}

// sortedBytes is the memory of a line of so many keys that is sorted.
func sortedBytes(entries int, k kind) int {
	return paddedSize(entries) * (kinds[k].size + kinds[i32].size)
}

// paddedSize is the power of two from entries on.
func paddedSize(entries int) int {
	size := 1
	for size < entries {
		size *= 2
	}
	return size
}

// sortLines gives each of count lines of n keys of a kind a group that can sort it.
func (b *binder) sortLines(count, entries int, k kind, f func(c *code, s *sorter)) {
	size, distant := paddedSize(entries), !fits(entries, k)
	var keys, poss arg
	if distant {
		keys, poss = b.space(k, count*size), b.space(i32, count*size)
	}
	b.sortBlock(count, entries, func(c *code, g *group) {
		s := &sorter{group: g, n: entries, size: size, keyKind: k, distant: distant}
		if distant { // a group is a block, then, and there are as many as lines
			s.key, s.pos, s.first = c.addr(keys), c.addr(poss), c.mul(g.line, n(size))
		} else {
			s.key, s.pos, s.first = c.share(k, g.cols*size), c.share(i32, g.cols*size), c.mul(g.col, n(size))
		}
		f(c, s)
	})
}

// get and put are key and position of entry i.
func (s *sorter) get(i val) (key, pos val) {
	at := s.c.add(s.first, i)
	if s.distant {
		return s.c.load(s.keyKind, s.key, at), s.c.load(i32, s.pos, at)
	}
	return s.c.get(s.keyKind, s.key, at, 0), s.c.get(i32, s.pos, at, 0)
}

func (s *sorter) put(i, key, pos val) {
	at := s.c.add(s.first, i)
	if s.distant {
		s.c.store(s.key, at, key)
		s.c.store(s.pos, at, pos)
		return
	}
	s.c.put(s.key, at, key)
	s.c.put(s.pos, at, pos)
}

// each runs body for the entries of the thread, those behind the line too.
func (s *sorter) each(body func(i val)) { s.c.loop(s.lane, n(s.size), n(s.lanes), body) }

// fill brings the keys of the line; behind it are keys that come last.
func (s *sorter) fill(key func(i val) val) {
	c := s.c
	s.each(func(i val) {
		k := c.variable(largest(s.keyKind))
		c.when(c.cmp("lt", i, n(s.n)), func() { c.set(k, key(i)) })
		s.put(i, k, i)
	})
	c.sync()
}

// sort puts the line in rising order.
//
// In the step (k, j) entry i is compared with entry i + j, for all i without the bit j; pairs are in
// rising order where i lacks the bit k, and falling order otherwise.
func (s *sorter) sort() {
	c := s.c
	if s.size == 1 {
		return
	}
	k := c.variable(n(2))
	c.while(func() val {
		j := c.variable(c.bit("shr", k, n(1)))
		c.while(func() val {
			c.loop(s.lane, n(s.size/2), n(s.lanes), func(t val) { s.exchange(t, j, k) })
			c.sync()
			c.set(j, c.bit("shr", j, n(1)))
			return c.cmp("gt", j, n(0))
		})
		c.set(k, c.bit("shl", k, n(1)))
		return c.cmp("le", k, n(s.size))
	})
}

// exchange puts pair number t of a step in order.
func (s *sorter) exchange(t, j, k val) {
	c := s.c
	low := c.bit("and", t, c.sub(j, n(1)))
	i := c.add(t, c.sub(t, low)) // t with a zero put in at the bit j
	other := c.add(i, j)
	a, p := s.get(i)
	b, q := s.get(other)
	above := c.or(c.cmp("gt", a, b), c.and(c.cmp("eq", a, b), c.cmp("gt", p, q)))
	falls := c.cmp("ne", c.bit("and", i, k), n(0))
	c.when(c.op(pred, "xor.pred", above, falls), func() {
		s.put(i, b, q)
		s.put(other, a, p)
	})
}

// largest is the greatest integer of a kind, the key of a NaN.
func largest(k kind) val {
	if k == i64 {
		return bits64(math.MaxInt64)
	}
	return n(math.MaxInt32)
}

// keyOf is the kind of the keys of floats of a kind.
func keyOf(k kind) kind {
	if k == f64 {
		return i64
	}
	return i32
}

// orderKey is an integer with the order of x: both zeros are one, and NaNs come last and are one.
//
// Bits of floats without a sign rise with the floats; with one they fall, and turned round but for the
// sign they rise, too.
func (c *code) orderKey(x val) val {
	k := keyOf(x.kind)
	bits := c.move(k, c.add(x, num(x.kind, 0)))
	zero := val{k, "0"}
	key := c.pick(c.cmp("lt", bits, zero), c.bit("xor", bits, largest(k)), bits)
	return c.pick(c.nan(x), largest(k), key)
}

// before is the sum of what the threads of the group before this one hold.
func (g *group) before(x val) val {
	c := g.c
	memory := c.share(x.kind, g.lanes*g.cols)
	at := c.mad(g.col, g.lanes, g.lane)
	sum := c.variable(x)
	for reach := 1; reach < g.lanes; reach *= 2 {
		c.put(memory, at, sum)
		c.sync()
		c.when(c.cmp("ge", g.lane, n(reach)), func() { c.set(sum, c.add(sum, c.get(x.kind, memory, c.sub(at, n(reach)), 0))) })
		c.sync()
	}
	return c.sub(sum, x)
}

// selected finds number rank, from 0, of the keys of a line in order, and its position.
func (g *group) selected(entries int, k kind, rank int, key func(i val) val) (found, pos val) {
	c := g.c
	count := func(is func(i val) val) val {
		sum := c.variable(n(0))
		g.loop(func(i val) { c.set(sum, c.add(sum, c.pick(is(i), n(1), n(0)))) })
		return g.reduce(sum, c.add)
	}
	below := func(limit val) func(i val) val { return func(i val) val { return c.cmp("lt", key(i), limit) } }
	least := val{k, "-2147483648"}
	top := 31
	if k == i64 {
		least, top = bits64(1<<63), 63
	}
	found = c.bitwise(least, top, func(limit val) val { return c.cmp("le", count(below(limit)), n(rank)) })
	// Of those that are equal the first so many are below the one that is looked for.
	before := c.sub(n(rank), count(below(found)))
	bits := 0
	for 1<<bits < entries {
		bits++
	}
	pos = c.bitwise(n(0), bits-1, func(limit val) val {
		return c.cmp("le", count(func(i val) val { return c.and(c.cmp("eq", key(i), found), c.cmp("lt", i, limit)) }), before)
	})
	return found, pos
}

// bitwise is the largest number for which holds is true, which it is from least on up to some number. It is found bit by
// bit from bit top.
func (c *code) bitwise(least val, top int, holds func(x val) val) val {
	x := c.variable(least)
	if top < 0 {
		return x
	}
	bit := c.variable(val{x.kind, num(x.kind, 1).text})
	c.set(bit, c.bit("shl", bit, n(top)))
	c.while(func() val {
		next := c.add(x, bit)
		c.set(x, c.pick(holds(next), next, x))
		c.set(bit, c.bit("shr", bit, n(1)))
		return c.cmp("ne", bit, val{x.kind, "0"})
	})
	return x
}
