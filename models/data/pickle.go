package data

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

// How a pickle is read. The format is bytecode for a stack machine: opcodes push constants, mark a
// height of the stack, and gather what is above the mark into tuples, lists and dictionaries. Objects
// are a class by its name, applied to a tuple (R, REDUCE) and given a state (b, BUILD). Python's own
// reader calls what is named there, which makes a pickle a program that can do anything; this one makes
// a record of the name and the parts, and the reader of arrays looks at the names that it knows.
//
// A file from elsewhere may say anything, so nothing is allocated by what it claims: lengths are held
// against the bytes that are left, and every value costs at least one byte of program. Opcodes outside
// the subset are an error that names the byte.

// The subset of Python's pickle format, protocols 2 to 4, in which arrays, sparse matrices and dictionaries of them are
// written: a program for a machine with a stack. Nothing is ever called: a class is its name, an object its parts.

// What a pickle holds beside int64, float64, string (text and bytes alike), bool and nil.
//
// A dictionary is an object of class dict with keys and vals in their order; an object that __reduce__
// describes has class, args and state. Containers are pointers, since the program fills them after it
// has put them elsewhere, and may put them into themselves: whoever walks a value must not expect it to
// end.
type (
	pickleTuple []any
	pickleList  struct{ items []any }
	pickleClass string // module.name
	// pickleObject is a dictionary, or what a class makes of arguments and a state.
	pickleObject struct {
		class      pickleClass
		args       pickleTuple
		state      any
		keys, vals []any
	}
)

// get is the value of a key that is a text, nil where there is none.
func (o *pickleObject) get(key string) any {
	for i, k := range o.keys {
		if k == key {
			return o.vals[i]
		}
	}
	return nil
}

// unpickler runs a pickle.
//
// at is the next byte; memo holds values under numbers, as the program stores and fetches them.
type unpickler struct {
	b     []byte
	at    int
	stack []any
	marks []int // heights of the stack
	memo  map[int]any
}

// readPickle reads the one object of a pickle. Memory is a multiple of the bytes that are there, whatever they say.
func readPickle(r io.Reader, name string) (any, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("data.readPickle: %s: %w", name, err)
	}
	u := &unpickler{b: b, memo: map[int]any{}}
	v, err := u.run()
	if err != nil {
		return nil, fmt.Errorf("data.readPickle: %s: byte %d: %w", name, u.at, err)
	}
	return v, nil
}

// run goes on to the opcode STOP and answers with what is on top of the stack then.
func (u *unpickler) run() (any, error) {
	for {
		op, err := u.take(1)
		if err != nil {
			return nil, err
		}
		if op[0] == '.' {
			return u.pop()
		}
		if err := u.step(op[0]); err != nil {
			return nil, err
		}
	}
}

// take reads n bytes of the program.
func (u *unpickler) take(n int) ([]byte, error) {
	if n < 0 || n > len(u.b)-u.at {
		return nil, fmt.Errorf("the pickle ends %d bytes early", n-(len(u.b)-u.at))
	}
	u.at += n
	return u.b[u.at-n : u.at], nil
}

// number reads an unsigned number of so many bytes.
//
// Lengths are little-endian, whatever wrote them.
func (u *unpickler) number(bytes int) (int, error) {
	p, err := u.take(bytes)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[:], p)
	n := binary.LittleEndian.Uint64(wide[:])
	if n > math.MaxInt {
		return 0, fmt.Errorf("a number of %d; want a length", n)
	}
	return int(n), nil
}

// push puts a value on the stack; it answers with nil, so that an operation may end with it.
func (u *unpickler) push(v any) error {
	u.stack = append(u.stack, v)
	return nil
}

// pop takes the topmost value.
func (u *unpickler) pop() (any, error) {
	n := len(u.stack) - 1
	if n < 0 {
		return nil, fmt.Errorf("the stack is empty; want a value")
	}
	v := u.stack[n]
	u.stack = u.stack[:n]
	return v, nil
}

// above takes the values above the last mark away.
func (u *unpickler) above() ([]any, error) {
	n := len(u.marks) - 1
	if n < 0 || u.marks[n] > len(u.stack) {
		return nil, fmt.Errorf("there is no mark on the stack")
	}
	lo := u.marks[n]
	u.marks = u.marks[:n]
	items := append([]any(nil), u.stack[lo:]...)
	u.stack = u.stack[:lo]
	return items, nil
}

// last takes n values away.
//
// It is a mark n below the top, and what is above it.
func (u *unpickler) last(n int) ([]any, error) {
	u.marks = append(u.marks, len(u.stack)-n)
	if len(u.stack) < n {
		return nil, fmt.Errorf("%d values on the stack; want %d", len(u.stack), n)
	}
	return u.above()
}

// pickleTexts are the widths of the lengths before texts and bytes, by opcode.
var pickleTexts = map[byte]int{'U': 1, 'T': 4, 'X': 4, 0x8c: 1, 0x8d: 8, 'B': 4, 'C': 1, 0x8e: 8}

// pickleInts are the widths of unsigned integers.
var pickleInts = map[byte]int{'K': 1, 'M': 2}

// step does one operation: of a value, of a container, or of the memo and classes.
//
// Opcodes are those of Python's pickletools, printable ones as characters: N None, J int32, G float64
// (the only one that is big-endian), ( MARK.
func (u *unpickler) step(op byte) error {
	if width := pickleTexts[op]; width > 0 {
		n, err := u.number(width)
		if err != nil {
			return err
		}
		text, err := u.take(n)
		if err != nil {
			return err
		}
		return u.push(string(text))
	}
	if width := pickleInts[op]; width > 0 {
		n, err := u.number(width)
		if err != nil {
			return err
		}
		return u.push(int64(n))
	}
	switch op {
	case 0x80: // the protocol
		_, err := u.take(1)
		return err
	case 0x95: // a frame
		_, err := u.take(8)
		return err
	case 'N':
		return u.push(nil)
	case 0x88, 0x89:
		return u.push(op == 0x88)
	case 'J':
		n, err := u.number(4)
		if err != nil {
			return err
		}
		return u.push(int64(int32(n)))
	case 0x8a:
		return u.long()
	case 'G':
		p, err := u.take(8)
		if err != nil {
			return err
		}
		return u.push(math.Float64frombits(binary.BigEndian.Uint64(p)))
	case '(':
		u.marks = append(u.marks, len(u.stack))
		return nil
	}
	return u.container(op)
}

// long is an integer of up to eight bytes, two's complement.
func (u *unpickler) long() error {
	n, err := u.number(1)
	if err != nil {
		return err
	}
	if n > 8 {
		return fmt.Errorf("an integer of %d bytes; want at most 8", n)
	}
	p, err := u.take(n)
	if err != nil {
		return err
	}
	v := int64(0)
	for i := n - 1; i >= 0; i-- {
		v = v<<8 | int64(p[i])
	}
	if n > 0 && n < 8 && p[n-1] >= 0x80 {
		v -= 1 << (8 * n)
	}
	return u.push(v)
}

// container makes and fills tuples, lists and dictionaries.
//
// ( … t, ( … e and ( … u work on all above a mark; a and s on one item or pair.
func (u *unpickler) container(op byte) error {
	switch op {
	case ')':
		return u.push(pickleTuple{})
	case ']':
		return u.push(&pickleList{})
	case '}':
		return u.push(&pickleObject{class: "dict"})
	case 0x85, 0x86, 0x87: // a tuple of 1, 2 or 3
		items, err := u.last(int(op - 0x84))
		if err != nil {
			return err
		}
		return u.push(pickleTuple(items))
	case 't':
		items, err := u.above()
		if err != nil {
			return err
		}
		return u.push(pickleTuple(items))
	case 'a':
		items, err := u.last(1)
		if err != nil {
			return err
		}
		return u.fill(items, false)
	case 'e':
		items, err := u.above()
		if err != nil {
			return err
		}
		return u.fill(items, false)
	case 's':
		items, err := u.last(2)
		if err != nil {
			return err
		}
		return u.fill(items, true)
	case 'u':
		items, err := u.above()
		if err != nil {
			return err
		}
		return u.fill(items, true)
	}
	return u.object(op)
}

// fill puts values into the list, or pairs into the dictionary, that is on top of the stack.
func (u *unpickler) fill(items []any, pairs bool) error {
	if len(u.stack) == 0 {
		return fmt.Errorf("the stack is empty; want a list or a dictionary")
	}
	switch x := u.stack[len(u.stack)-1].(type) {
	case *pickleList:
		if !pairs {
			x.items = append(x.items, items...)
			return nil
		}
	case *pickleObject:
		if pairs && len(items)%2 == 0 {
			for i := 0; i < len(items); i += 2 {
				x.keys, x.vals = append(x.keys, items[i]), append(x.vals, items[i+1])
			}
			return nil
		}
	}
	return fmt.Errorf("%d values for a %T; want those of a list or pairs of a dictionary", len(items), u.stack[len(u.stack)-1])
}

// object makes objects of classes, and keeps values for later.
//
// Names of classes are bounded, as are those between two line ends.
func (u *unpickler) object(op byte) error {
	switch op {
	case 'q', 'r', 0x94: // put: under a number of 1 or 4 bytes, or the next one
		if len(u.stack) == 0 {
			return fmt.Errorf("the stack is empty; want a value to keep")
		}
		at, err := len(u.memo), error(nil)
		if op != 0x94 {
			at, err = u.number(map[byte]int{'q': 1, 'r': 4}[op])
		}
		u.memo[at] = u.stack[len(u.stack)-1]
		return err
	case 'h', 'j': // get
		at, err := u.number(map[byte]int{'h': 1, 'j': 4}[op])
		if err != nil {
			return err
		}
		v, kept := u.memo[at]
		if !kept {
			return fmt.Errorf("nothing is kept under %d", at)
		}
		return u.push(v)
	case 'c': // a class, on two lines
		rest := string(u.b[u.at:min(len(u.b), u.at+1000)])
		module, rest, ok := strings.Cut(rest, "\n")
		name, _, is := strings.Cut(rest, "\n")
		if !ok || !is {
			return fmt.Errorf("a class without an end")
		}
		u.at += len(module) + len(name) + 2
		return u.push(pickleClass(module + "." + name))
	case 0x93: // a class, of two texts
		parts, err := u.last(2)
		if err != nil {
			return err
		}
		module, is := parts[0].(string)
		name, too := parts[1].(string)
		if !is || !too || len(module)+len(name) > 1000 {
			return fmt.Errorf("a class without a name")
		}
		return u.push(pickleClass(module + "." + name))
	}
	return u.construct(op)
}

// construct applies a class to arguments, or an object to its state.
func (u *unpickler) construct(op byte) error {
	if op != 'R' && op != 0x81 && op != 'b' {
		return fmt.Errorf("operation %#02x; want those of arrays and dictionaries, protocols 2 to 4", op)
	}
	parts, err := u.last(2)
	if err != nil {
		return err
	}
	if op == 'b' {
		o, is := parts[0].(*pickleObject)
		if !is {
			return fmt.Errorf("a state for a %T; want an object", parts[0])
		}
		o.state = parts[1]
		return u.push(o)
	}
	class, is := parts[0].(pickleClass)
	args, too := parts[1].(pickleTuple)
	if !is || !too {
		return fmt.Errorf("%T applied to %T; want a class and a tuple", parts[0], parts[1])
	}
	// How Python 3 writes bytes in protocol 2: a text to be encoded.
	if class == "_codecs.encode" && len(args) == 2 && args[1] == "latin1" {
		text, _ := args[0].(string)
		return u.push(latin1(text))
	}
	return u.push(&pickleObject{class: class, args: args})
}

// latin1 makes a byte of every rune; those beyond 255, which no such text has, lose their upper bits.
func latin1(text string) string {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		b = append(b, byte(r))
	}
	return string(b)
}
