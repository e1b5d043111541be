package cuda

import (
	"strconv"
	"strings"
)

// Builders ask for an index or an address wherever they need one. What has been computed already is not computed again:
// an instruction on integers or conditions whose operands cannot have changed gives the register of the first. That is
// known of immediates, of results of instructions, and of the counter of a loop within its body; of a variable it is not.
// A value is remembered for as long as the place where it was computed lies on every way to the next instruction: to the
// end of the condition or loop around it.

// values are the results at hand, by instruction, one map for the code as such and each condition or loop around the
// present place; fixed are the registers that nothing writes again while they are.
type values struct {
	known []map[string]val
	fixed map[string]bool
}

// newValues knows of no results, and of the special registers in use.
func newValues() values {
	return values{known: []map[string]val{{}}, fixed: map[string]bool{"%tid.x": true, "%ctaid.x": true}}
}

// within forgets afterwards what body has computed.
func (v *values) within(body func()) {
	v.known = append(v.known, map[string]val{})
	body()
	v.known = v.known[:len(v.known)-1]
}

// find looks for the result of an instruction.
func (v *values) find(instruction string) (val, bool) {
	for _, known := range v.known {
		if x, ok := known[instruction]; ok {
			return x, true
		}
	}
	return val{}, false
}

// keep notes the result of an instruction, if its operands stay what they are.
func (v *values) keep(instruction string, args []val, result val) {
	v.settle(result)
	if !repeatable(instruction, result.kind) {
		return
	}
	for _, a := range args {
		if strings.HasPrefix(a.text, "%") && !v.fixed[a.text] {
			return
		}
	}
	v.known[len(v.known)-1][instruction] = result
}

// repeatable says whether an instruction depends on its operands alone and is of integers: arithmetic of floats is
// repeated in no kernel, and the many results would only be a burden.
func repeatable(instruction string, result kind) bool {
	return !result.isFloat() && !strings.HasPrefix(instruction, "ld.")
}

// settle says that nothing writes a register again for the time being, vary that something will.
func (v *values) settle(x val) { v.fixed[x.text] = true }
func (v *values) vary(x val)   { delete(v.fixed, x.text) }

// literal is the number of an immediate index.
func (a val) literal() (int, bool) {
	x, err := strconv.Atoi(a.text)
	return x, err == nil && a.kind == i32
}
