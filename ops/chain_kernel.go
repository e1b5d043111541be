package ops

import (
	"slices"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// How a fused chain of elementwise ops is compiled. It runs in blocks of some thousand elements: each
// instruction is one vector loop over a block, and values between instructions live in registers, which
// are blocks of scratch. With b bytes a block and r registers the chain works in r·b bytes of L1,
// whatever the size of the tensors; memory is read and written once for the whole chain.
//
// Registers are allocated by a linear scan: an instruction's operands that nobody reads later give
// their registers back before its result asks for one, so most chains need one or two. Results of the
// chain write straight into the output's memory.

// compile binds the instructions to loops and values to places, results to the buffers of the run if it has some. A
// register is free again after the last reader of its value, which may itself write it, since all loops go element by
// element.
//
// A result that is an input, or is asked for twice, is copied at the end.
func (c *chain[T]) compile(p Program, buffers bool) {
	outs := p.Out.Slice()
	code, gates := c.gated(p.Instrs(), outs)
	merged := merge(code, outs, c.first)
	last := lastReaders(code, c.first)
	c.place = append(c.place, make([]place, len(code))...)
	if c.out = int(outs[0]); buffers {
		c.results(outs)
	} else {
		last[c.out] = len(code) // the tail reads it after all instructions
	}
	var free []int
	for i, k := range code {
		if k.Op == nil {
			continue
		}
		r := c.instr(k, c.first+i)
		if gates[i] {
			r.binary = kernels.Gate[T]
		}
		r = mergeInto(merged, i, k.Op, r)
		if c.hoist(r) {
			continue
		}
		c.code = append(c.code, r)
		for _, v := range operandsOf(k) {
			if c.place[v].kind == inScratch && last[v] == i {
				free = append(free, c.place[v].i)
			}
		}
		if c.place[r.y].kind == nowhere {
			free = c.scratch(r.y, free)
		}
		if r.pair != nil && c.place[r.z].kind == nowhere {
			free = c.scratch(r.z, free)
		}
	}
	c.frames = newSpare(c.frame)
}

// gated makes one instruction of a step and the product that alone reads it, x·step(y) as in the gradient of a relu: the
// product becomes a gate of x and y, and the step has no op any more. Between the two stands no result, which may be
// written over y; and y is not the same for all blocks, as the step would be, too.
func (c *chain[T]) gated(code []Instr, outs []int32) (merged []Instr, gates []bool) {
	merged, gates = slices.Clone(code), make([]bool, len(code))
	reads := make([]int, c.first+len(code))
	for _, k := range code {
		for _, v := range operandsOf(k) {
			reads[v]++
		}
	}
	alone := func(v, reader int) bool { // a step that the reader alone needs, and no result up to there
		return v >= c.first && merged[v-c.first].Op == graph.Op(Unary{KStep}) && reads[v] == 1 &&
			!slices.ContainsFunc(outs, func(r int32) bool { return int(r) >= v && int(r) < reader })
	}
	for i, k := range code {
		if k.Op != graph.Op(Binary{KMul}) || k.A == k.B {
			continue
		}
		x, s := k.A, k.B
		if !alone(s, c.first+i) {
			x, s = s, x
		}
		if !alone(s, c.first+i) {
			continue
		}
		if y := merged[s-c.first].A; y >= c.first || c.place[y].kind != inShared {
			merged[i], merged[s-c.first], gates[i] = Instr{k.Op, x, y}, Instr{}, true
		}
	}
	return merged, gates
}

// lastReaders is the number of the last instruction that reads each value. Only those of instructions' values count.
//
// A value that nobody reads has 0 there; the compiler has dropped such instructions before.
func lastReaders(code []Instr, first int) []int {
	last := make([]int, first+len(code))
	for i, k := range code {
		if k.Op == nil {
			continue
		}
		for _, v := range operandsOf(k) {
			last[v] = i
		}
	}
	return last
}

// scratch gives a value the register that was freed last, which is the likeliest to be in L1, or a new one.
func (c *chain[T]) scratch(v int, free []int) []int {
	if len(free) == 0 {
		free = append(free, c.regs)
		c.regs++
	}
	c.place[v] = place{kind: inScratch, i: free[len(free)-1]}
	return free[:len(free)-1]
}

// results places the values that are results in the buffers; a value that has another place already is copied.
func (c *chain[T]) results(outs []int32) {
	for r, v := range outs {
		if int(v) < c.first || c.place[v].kind == inResult {
			c.copies = append(c.copies, chainCopy{r, int(v)})
			continue
		}
		c.place[v] = place{kind: inResult, i: r}
	}
}

// hoist computes an instruction on shared registers once a run instead of once a block: √(σ²+ε) of a batch norm. It
// answers false for others, for dropouts (whose mask differs from block to block) and for results.
//
// Shared registers hold operands that are one number, or one line, for all blocks; what is computed of
// these alone is the same in all blocks too.
func (c *chain[T]) hoist(k chainInstr[T]) bool {
	a, b := c.place[k.a], c.place[max(k.b, 0)]
	if k.unary == nil && k.binary == nil || c.place[k.y].kind != nowhere || a.kind != inShared || k.binary != nil && b.kind != inShared {
		return false
	}
	c.place[k.y] = c.share()
	y, x := c.shared[len(c.shared)-1], c.shared[a.i]
	if k.unary != nil {
		c.before = append(c.before, func() { k.unary(y, x) })
		return true
	}
	z := c.shared[b.i]
	c.before = append(c.before, func() { k.binary(y, x, z) })
	return true
}

// operandsOf lists the different values that an instruction reads.
func operandsOf(k Instr) []int {
	if k.B < 0 || k.B == k.A {
		return []int{k.A}
	}
	return []int{k.A, k.B}
}

// instr is the loop of an instruction that computes value y.
//
// Each kind of op is bound to a function of the kernels package once; a run calls through it once a
// block.
func (c *chain[T]) instr(k Instr, y int) chainInstr[T] {
	r := chainInstr[T]{y: y, a: k.A, b: k.B}
	switch op := k.Op.(type) {
	case Unary:
		r.unary = unaryLoop[T](op.Kind)
	case Binary:
		r.binary = [...]func(dst, x, y []T){kernels.Sub[T], kernels.Mul[T], kernels.Div[T]}[op.Kind]
	case graph.Add:
		r.binary = kernels.Add[T]
	case Dropout:
		r.mask = len(c.masks)
		c.masks, c.steps = append(c.masks, newMask[T](op)), append(c.steps, k.B)
	}
	return r
}
