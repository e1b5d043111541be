package emulate

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// How PTX is read. The text that package cuda writes is regular: one declaration, label or instruction
// a line, names in lower case, operands separated by a comma and a space. The reader takes no more than
// that, and refuses what it does not know, so a change of the writer that the emulator does not follow
// fails loudly.
//
// Every line becomes a closure over numbers of words: registers, special registers and immediates all
// live in one array of 64-bit words a thread, so an operand is an index whatever it is. Names are
// looked up once, when the module is loaded, and running is a loop over closures.

// entry is a kernel that has been read. Registers, immediates and special registers are all words of one array.
//
// words is copied to a thread when it starts: registers are unset, immediates have their values.
type entry struct {
	name   string
	params int
	most   int // threads of a block
	shared int
	code   []instr
	words  []uint64 // at the start of a thread
	tid    int      // the word of %tid.x, −1 if nothing reads it
	ctaid  int
}

// instr is one instruction. It answers with what happens next.
type instr struct {
	do   func(t *thread)
	text string
}

// unset is what a register holds before it is written: a NaN of either width, and an address that is none.
//
// Arithmetic with it shows up in results as NaN, and as an address it lies in no region.
const unset = 0xFFFFFFFFFFFFFFFF

// reader reads one entry.
//
// word and labels map names of the text to numbers of words and of instructions.
type reader struct {
	e      *entry
	word   map[string]int
	labels map[string]int
	uses   []use // of labels that may come later
}

// use is a branch whose target is not known yet.
type use struct {
	label string
	at    *int
}

// parse reads a module.
//
// Directives before the first entry (version, target, address size) and lines of comments are passed over.
//
// A module is a head, then entries; r is the reader of the entry that is open, nil between two of
// them. Errors have the line as it is written, since generated text is easiest found by what it says.
func parse(ptx string) (map[string]*entry, error) {
	all := map[string]*entry{}
	var r *reader
	for i, line := range strings.Split(ptx, "\n") {
		line = strings.TrimSpace(line)
		var err error
		switch {
		case strings.ContainsFunc(line, func(r rune) bool { return r > unicode.MaxASCII }):
			err = errors.New("PTX is ASCII, its comments too")
		case line == "" || line == "{" || strings.HasPrefix(line, "//") || r == nil && strings.HasPrefix(line, ".") && !strings.HasPrefix(line, ".visible"):
		case strings.HasPrefix(line, ".visible .entry "):
			r = newReader(line)
		case strings.HasPrefix(line, ".maxntid ") && r != nil:
			r.e.most, err = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(line, ".maxntid "), ", 1, 1"))
		case r == nil:
			err = fmt.Errorf("%q outside an entry", line)
		case line == "}":
			err = r.finish()
			all[r.e.name], r = r.e, nil
		default:
			err = r.line(line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %q: %w", i+1, line, err)
		}
	}
	return all, nil
}

// newReader reads the head of an entry.
func newReader(line string) *reader {
	name, params, _ := strings.Cut(strings.TrimPrefix(line, ".visible .entry "), "(")
	e := &entry{name: name, params: strings.Count(params, ".param .u64"), tid: -1, ctaid: -1}
	return &reader{e: e, word: map[string]int{}, labels: map[string]int{}}
}

// line reads a declaration, a label or an instruction.
//
// A guard @p or @!p wraps the closure of what follows.
func (r *reader) line(line string) error {
	if label, ok := strings.CutSuffix(line, ":"); ok {
		r.labels[label] = len(r.e.code)
		return nil
	}
	line, ok := strings.CutSuffix(line, ";")
	switch {
	case !ok:
		return fmt.Errorf("no semicolon")
	case strings.HasPrefix(line, ".shared"):
		_, size, _ := strings.Cut(line, "[")
		n, err := strconv.Atoi(strings.TrimSuffix(size, "]"))
		r.e.shared = n
		return err
	case strings.HasPrefix(line, ".reg"):
		return r.declare(strings.Fields(line)[2])
	}
	guard := ""
	if strings.HasPrefix(line, "@") {
		guard, line, _ = strings.Cut(line, " ")
	}
	name, rest, _ := strings.Cut(line, " ")
	do, err := r.instruction(strings.Split(name, "."), split(rest))
	if err != nil {
		return err
	}
	if guard != "" {
		if do, err = r.guarded(guard, do); err != nil {
			return err
		}
	}
	r.e.code = append(r.e.code, instr{do, line})
	return nil
}

// braces drops what holds vector operands together.
var braces = strings.NewReplacer("{", "", "}", "")

// split separates operands.
//
// Braces of vector operands are dropped: their elements count as operands.
func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(braces.Replace(text), ", ")
}

// declare makes words of %r<9>: %r0 to %r8.
func (r *reader) declare(text string) error {
	prefix, count, _ := strings.Cut(strings.TrimSuffix(text, ">"), "<")
	n, err := strconv.Atoi(count)
	for i := range n {
		r.word[fmt.Sprint(prefix, i)] = r.add(unset)
	}
	return err
}

// add makes a word.
func (r *reader) add(x uint64) int {
	r.e.words = append(r.e.words, x)
	return len(r.e.words) - 1
}

// operand is the word of a register, a special register or an immediate.
//
// Constants of equal text share a word. Floats are written by their bits, 0f and 0d.
//
// The word block is the name of the entry's shared array: as an operand it is the array's address, 0
// in its own space.
func (r *reader) operand(text string) (int, error) {
	if w, ok := r.word[text]; ok {
		return w, nil
	}
	w, err := 0, error(nil)
	switch {
	case text == "%tid.x":
		w = r.add(0)
		r.e.tid = w
	case text == "%ctaid.x":
		w = r.add(0)
		r.e.ctaid = w
	case text == "block":
		w = r.add(0)
	case strings.HasPrefix(text, "0f"), strings.HasPrefix(text, "0d"):
		var x uint64
		x, err = strconv.ParseUint(text[2:], 16, 64)
		w = r.add(x)
	default:
		var x int64
		x, err = strconv.ParseInt(text, 10, 64)
		w = r.add(uint64(x))
	}
	if err != nil {
		return 0, fmt.Errorf("operand %q is no declared register and no number", text)
	}
	r.word[text] = w
	return w, nil
}

// all are the words of operands.
func (r *reader) all(texts []string) ([]int, error) {
	ws := make([]int, len(texts))
	for i, t := range texts {
		w, err := r.operand(t)
		if err != nil {
			return nil, err
		}
		ws[i] = w
	}
	return ws, nil
}

// guarded runs an instruction where a predicate holds.
//
// A branch under a guard that does not hold leaves pc alone, and the thread goes on with the next
// line.
func (r *reader) guarded(guard string, do func(t *thread)) (func(t *thread), error) {
	name, negative := strings.CutPrefix(guard[1:], "!")
	p, err := r.operand(name)
	want := uint64(1)
	if negative {
		want = 0
	}
	return func(t *thread) {
		if t.w[p]&1 == want {
			do(t)
		}
	}, err
}

// finish fills in the targets of branches.
func (r *reader) finish() error {
	for _, u := range r.uses {
		at, ok := r.labels[u.label]
		if !ok {
			return fmt.Errorf("entry %s has no label %s", r.e.name, u.label)
		}
		*u.at = at
	}
	return nil
}
