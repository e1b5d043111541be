package emulate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// What instructions mean. Each is read into a closure once. Words are 64 bits; a float of 32 bits is in
// the lower half, and what the upper half of a 32-bit integer holds is left open: whoever reads such an
// integer cuts it to its type first (signed, uint32).
//
// Floats of 32 bits are computed in float64 and rounded. That is exact: for +, −, ×, ÷ and √ a result
// of 53 bits rounded again to 24 equals the result rounded once (Figueroa 1995: 53 ≥ 2·24 + 2). For fma
// it can differ in the last bit where the exact sum lies very near the middle of two floats.
//
// Modifiers are held against what they must be: an arithmetic instruction without rn, or a conversion
// that should round and does not, is no instruction that is known.

// errUnknown is the mistake of an instruction or a modifier that package cuda never writes.
var errUnknown = errors.New("not an instruction that this package knows")

// instruction reads one instruction: its name in parts, add rn f32, and its operands, result first.
//
// Where the last part of the name is a type, it is that of the operation.
//
// Branches, barriers and memory are taken first: their operands are labels and places in brackets,
// which are no words. A branch remembers where its target is to be filled in, since the label may come
// later.
func (r *reader) instruction(name, args []string) (func(t *thread), error) {
	kind := name[len(name)-1]
	switch name[0] {
	case "ret":
		return func(t *thread) { t.done = true }, nil
	case "bar":
		return func(t *thread) { t.waits = true }, nil
	case "bra":
		at := new(int)
		r.uses = append(r.uses, use{args[0], at})
		return func(t *thread) { t.pc = *at }, nil
	case "ld", "st":
		return r.access(name, args)
	}
	w, err := r.all(args)
	if err != nil {
		return nil, err
	}
	switch name[0] {
	case "mov", "cvta":
		return func(t *thread) { t.w[w[0]] = t.w[w[1]] }, nil
	case "selp":
		return func(t *thread) {
			from := w[2]
			if t.w[w[3]]&1 == 1 {
				from = w[1]
			}
			t.w[w[0]] = t.w[from]
		}, nil
	case "setp":
		return compare(name[1], kind, w)
	case "cvt":
		return convert(name, w)
	case "mma":
		return multiply(name, w)
	}
	return arithmetic(name, w)
}

// access reads ld.param, ld.global, ld.global.nc, ld.shared, st.global and st.shared.
//
// Parameters are addresses, p0, p1, …; other places are a register and an offset.
//
// An address is 64 bits in a register, and the offset is added before the access is held against the
// memory. Shared memory has addresses of its own, from 0.
func (r *reader) access(name, args []string) (func(t *thread), error) {
	place, other := args[1], args[0]
	if name[0] == "st" {
		place, other = args[0], args[1]
	}
	x, err := r.operand(other)
	if err != nil {
		return nil, err
	}
	place = strings.Trim(place, "[]")
	if name[1] == "param" {
		i, err := strconv.Atoi(strings.TrimPrefix(place, "p"))
		return func(t *thread) { t.w[x] = uint64(t.args[i]) }, err
	}
	base, offset, _ := strings.Cut(place, "+")
	a, err := r.operand(base)
	if err != nil {
		return nil, err
	}
	off := 0
	if offset != "" {
		if off, err = strconv.Atoi(offset); err != nil {
			return nil, err
		}
	}
	size, shared := width(name[len(name)-1]), name[1] == "shared"
	if name[0] == "st" {
		return func(t *thread) { write(t.memory(shared, t.w[a]+uint64(off), size), t.w[x]) }, nil
	}
	return func(t *thread) { t.w[x] = read(t.memory(shared, t.w[a]+uint64(off), size)) }, nil
}

// width is the number of bytes of a type.
func width(kind string) int {
	if strings.HasSuffix(kind, "64") {
		return 8
	}
	return 4
}

// relations are the comparisons by what they say of less, equal, greater and unordered.
//
// neu is true for NaN, as "not equal, or unordered"; all others are false.
var relations = map[string][4]bool{
	"lt": {true, false, false, false}, "le": {true, true, false, false}, "gt": {false, false, true, false},
	"ge": {false, true, true, false}, "eq": {false, true, false, false}, "ne": {true, false, true, false}, "neu": {true, false, true, true},
}

// compare reads setp.
//
// A predicate is a word that is 0 or 1. The two kinds of order, of floats and of integers, give an
// index into the relation: less, equal, greater, unordered.
func compare(relation, kind string, w []int) (func(t *thread), error) {
	rel, ok := relations[relation]
	if !ok {
		return nil, errUnknown
	}
	order := func(a, b uint64) int {
		if kind[0] == 'f' {
			return orderFloats(float(kind, a), float(kind, b))
		}
		return 1 + compareInts(signed(kind, a), signed(kind, b))
	}
	return func(t *thread) {
		t.w[w[0]] = 0
		if rel[order(t.w[w[1]], t.w[w[2]])] {
			t.w[w[0]] = 1
		}
	}, nil
}

// compareInts is −1, 0 or 1.
func compareInts(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// orderFloats is 0, 1, 2 for less, equal, greater and 3 where one is not a number.
func orderFloats(a, b float64) int {
	switch {
	case a < b:
		return 0
	case a == b:
		return 1
	case a > b:
		return 2
	}
	return 3
}

// float is the number that bits stand for.
func float(kind string, x uint64) float64 {
	if kind == "f32" {
		return float64(math.Float32frombits(uint32(x)))
	}
	return math.Float64frombits(x)
}

// bits is a number rounded to a kind.
func bits(kind string, x float64) uint64 {
	if kind == "f32" {
		return uint64(math.Float32bits(float32(x)))
	}
	return math.Float64bits(x)
}

// signed is an integer by its kind, s or u or b; those without a sign stay below 2⁶³ in what package cuda writes but
// for bits, which are never compared.
func signed(kind string, x uint64) int64 {
	switch {
	case width(kind) == 8:
		return int64(x)
	case kind[0] == 's':
		return int64(int32(x))
	}
	return int64(uint32(x))
}

// convert reads cvt[.rounding].to.from.
//
// Between floats and from integers a rounding has to be named where it may happen, from f32 to f64 it
// must not be. rni rounds to even and keeps within 32 bits; NaN becomes 0.
func convert(name []string, w []int) (func(t *thread), error) {
	to, from := name[len(name)-2], name[len(name)-1]
	if to == "tf32" || to == "bf16x2" {
		return narrow(name, w)
	}
	rounds := len(name) == 4
	number := func(x uint64) float64 {
		if from[0] == 'f' {
			return float(from, x)
		}
		return float64(signed(from, x))
	}
	switch {
	case to[0] == 'f' && rounds == (from[0] != 'f' || to == "f32"):
		return func(t *thread) { t.w[w[0]] = bits(to, number(t.w[w[1]])) }, nil
	case to[0] != 'f' && from[0] != 'f' && !rounds:
		return func(t *thread) { t.w[w[0]] = uint64(signed(from, t.w[w[1]])) }, nil
	case to == "s32" && rounds && name[1] == "rni":
		return func(t *thread) {
			x := math.RoundToEven(number(t.w[w[1]]))
			if x != x {
				x = 0
			}
			t.w[w[0]] = uint64(int64(max(math.MinInt32, min(math.MaxInt32, x))))
		}, nil
	}
	return nil, errUnknown
}

// floats are the operations that round once.
var floats = map[string]func(a, b, c float64) float64{
	"add": func(a, b, _ float64) float64 { return a + b }, "sub": func(a, b, _ float64) float64 { return a - b },
	"mul": func(a, b, _ float64) float64 { return a * b }, "div": func(a, b, _ float64) float64 { return a / b },
	"fma": func(a, b, c float64) float64 { return math.FMA(a, b, c) }, // one instruction, which the value math.FMA is not
	"neg": func(a, _, _ float64) float64 { return -a }, "abs": func(a, _, _ float64) float64 { return math.Abs(a) },
	"sqrt":     func(a, _, _ float64) float64 { return math.Sqrt(a) },
	"copysign": func(a, b, _ float64) float64 { return math.Copysign(b, a) },
}

// integers are those on words; results of 32 bits are cut off by their readers.
var integers = map[string]func(a, b, c uint64) uint64{
	"add": func(a, b, _ uint64) uint64 { return a + b }, "sub": func(a, b, _ uint64) uint64 { return a - b },
	"mul": func(a, b, _ uint64) uint64 { return a * b }, "mad": func(a, b, c uint64) uint64 { return a*b + c },
	"div": func(a, b, _ uint64) uint64 { return a / b }, "rem": func(a, b, _ uint64) uint64 { return a % b },
	"and": func(a, b, _ uint64) uint64 { return a & b }, "or": func(a, b, _ uint64) uint64 { return a | b },
	"xor": func(a, b, _ uint64) uint64 { return a ^ b }, "not": func(a, _, _ uint64) uint64 { return ^a },
	"shl": func(a, b, _ uint64) uint64 { return a << b },
}

// arithmetic reads everything else. Missing operands read the result, whose value they take no notice of.
//
// wide makes 64 bits of two signed 32-bit operands before it multiplies.
//
// A float operation needs rn in its name, for round to nearest even, unless it never rounds (neg, abs,
// copysign): exactly one of the two has to hold. Without rn a card's assembler may join a product and
// a sum into one operation, and results would no longer be those of the CPU.
func arithmetic(name []string, w []int) (func(t *thread), error) {
	for len(w) < 4 {
		w = append(w, w[0])
	}
	kind := name[len(name)-1]
	if kind[0] == 'f' {
		f := floats[name[0]]
		rounded := slices.Contains([]string{"neg", "abs", "copysign"}, name[0]) != slices.Contains(name, "rn")
		if f == nil || !rounded {
			return nil, errUnknown
		}
		return rounding(kind, f, w), nil
	}
	if name[0] == "shr" {
		return shift(kind, w), nil
	}
	f, wide := integers[name[0]], slices.Contains(name, "wide")
	if f == nil {
		return nil, fmt.Errorf("%v: %w", name, errUnknown)
	}
	unsigned := kind[0] == 'u'
	return func(t *thread) {
		a, b, c := t.w[w[1]], t.w[w[2]], t.w[w[3]]
		switch {
		case wide:
			a, b = uint64(signed(kind, a)), uint64(signed(kind, b))
		case unsigned && width(kind) == 4:
			a, b = uint64(uint32(a)), uint64(uint32(b))
		}
		t.w[w[0]] = f(a, b, c)
	}, nil
}

// rounding is an operation on floats of a kind.
func rounding(kind string, f func(a, b, c float64) float64, w []int) func(t *thread) {
	d, a, b, c := w[0], w[1], w[2], w[3]
	if kind == "f64" {
		return func(t *thread) {
			t.w[d] = math.Float64bits(f(math.Float64frombits(t.w[a]), math.Float64frombits(t.w[b]), math.Float64frombits(t.w[c])))
		}
	}
	wide := func(x uint64) float64 { return float64(math.Float32frombits(uint32(x))) }
	return func(t *thread) {
		t.w[d] = uint64(math.Float32bits(float32(f(wide(t.w[a]), wide(t.w[b]), wide(t.w[c])))))
	}
}

// shift is to the right: with the sign for s, with zeros for u.
func shift(kind string, w []int) func(t *thread) {
	return func(t *thread) {
		a, by := t.w[w[1]], uint32(t.w[w[2]])
		switch {
		case kind[0] == 's':
			a = uint64(signed(kind, a) >> by)
		case width(kind) == 4:
			a = uint64(uint32(a) >> by)
		default:
			a >>= by
		}
		t.w[w[0]] = a
	}
}
