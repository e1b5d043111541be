package cuda

import "testing"

func TestWhatIsKnownIsNotComputedAgain(t *testing.T) {
	c := &code{values: newValues()}
	tid := c.special("tid.x")
	triple := func() val { return c.mul(tid, n(3)) }
	first := triple()
	if again := triple(); again != first || c.special("tid.x") != tid {
		t.Errorf("%v and then %v; want one register", first, again)
	}
	var inside val
	c.when(c.cmp("lt", tid, n(7)), func() {
		if again := triple(); again != first {
			t.Errorf("%v is not known in a condition, where it is %v", first, again)
		}
		inside = c.mul(tid, n(5))
	})
	if after := c.mul(tid, n(5)); after == inside {
		t.Errorf("%v, which only some threads have computed, is taken for known", inside)
	}
}

func TestVariablesAreReadAgain(t *testing.T) {
	c := &code{values: newValues()}
	v := c.variable(n(1))
	before := c.add(v, n(2))
	c.set(v, n(9))
	if after := c.add(v, n(2)); after == before {
		t.Errorf("%v is taken for known though its operand has changed", before)
	}
	var turn val
	c.loop(n(0), n(5), n(1), func(i val) {
		turn = c.mul(i, n(4))
		if again := c.mul(i, n(4)); again != turn {
			t.Errorf("%v and then %v in one turn of a loop", turn, again)
		}
	})
	c.while(func() val {
		if again := c.add(v, n(2)); again == before {
			t.Errorf("%v is taken for known in a loop", before)
		}
		return c.cmp("lt", v, n(3))
	})
}

func TestIntegersThatChangeNothingAreLeftOut(t *testing.T) {
	c := &code{values: newValues()}
	x := c.special("tid.x")
	for _, pair := range [][2]val{
		{c.add(x, n(0)), x}, {c.add(n(0), x), x}, {c.sub(x, n(0)), x}, {c.mul(x, n(1)), x}, {c.mul(n(1), x), x},
		{c.mul(x, n(0)), n(0)}, {c.add(n(3), n(4)), n(7)}, {c.mul(n(3), n(4)), n(12)}, {c.mad(x, 1, n(0)), x}, {c.mad(n(2), 5, n(1)), n(11)},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%v; want %v", pair[0], pair[1])
		}
	}
	if y := num(f32, 0); c.add(y, num(f32, 0)) == y {
		t.Error("a sum of floats is left out, and −0 + 0 is 0")
	}
}

func TestMovesOfFreshResultsAreJoined(t *testing.T) {
	for _, c := range []struct{ before, after string }{
		{"\tadd.s32 %r3, %r1, 1;\n\tmov.b32 %r1, %r3;\n", "\tadd.s32 %r1, %r1, 1;\n"},
		{"\tadd.s32 %r3, %r1, 1;\n\tmov.b32 %r1, %r3;\n\tbar.sync %r3;\n", ""}, // read again
		{"\tshl.b64 %rd3, %rd1, 52;\n\tmov.b64 %fd1, %rd3;\n", ""},             // to another kind
		{"\t@%p1 add.s32 %r3, %r1, 1;\n\tmov.b32 %r1, %r3;\n", ""},             // not always
		{"\tadd.s32 %r3, %r1, 1;\nL1:\n\tmov.b32 %r1, %r3;\n", ""},             // not from everywhere
		{"\tst.global.b32 [%rd1], %r3;\n\tmov.b32 %r1, %r3;\n", ""},            // not computed there
	} {
		code := &code{}
		code.body.WriteString(c.before)
		if code.tidy(); c.after == "" {
			c.after = c.before
		}
		if got := code.body.String(); got != c.after {
			t.Errorf("%q became %q; want %q", c.before, got, c.after)
		}
	}
}
