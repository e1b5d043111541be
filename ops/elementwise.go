package ops

import (
	"fmt"
	"math"
	"strings"

	"rpnc/graph"
)

// Elementwise is a fused chain of elementwise functions: one straight-line [Program] applied to every element of
// operands that broadcast to Shape. Each result has that shape. It stands for its primitives: oracle and gradient
// are those of the expansion.
//
// A chain of k primitives reads and writes memory once instead of k times. That is all that it is for: it computes
// the same numbers in the same order as its primitives.
//
// Fusion decides what is in a chain; this type only says what a chain means. All that a back end needs
// is Prog: the CPU binds its instructions to vector loops over blocks, the GPU writes one kernel.
type Elementwise struct {
	Prog  Program
	Shape graph.Shape
}

// Program computes with numbered values: first the inputs, then the immediates, then one value an instruction. It has
// no jumps and no memory. Its parts are interned, so equal programs are equal, and an op that holds one is comparable.
//
//	x0, x1 | 2 | t0 = x0 + x1, t1 = t0·2      has values 0, 1 | 2 | 3, 4
//
// Values are in single assignment: each is computed once, by an instruction that reads earlier ones, so
// order is dependence and there is nothing to schedule. Broadcasting is not part of it; the operands'
// shapes say that.
type Program struct {
	Inputs int
	Imm    *graph.Data  // immediates
	Code   *graph.Index // the instructions, to be read by [Program.Instrs]
	Out    *graph.Index // the values that are results
}

// Instr applies a primitive ([Unary], [Binary], [graph.Add], [Dropout]) to the values A and B. B is −1 for a Unary
// and the input that holds the step for a Dropout.
//
// Its own fields are decoded; in [Program] it is three words, and eight for a dropout.
type Instr struct {
	Op   graph.Op
	A, B int
}

// An instruction is three words, code and operands; these are the codes that are not a UnaryKind. The gaps leave room
// for further kinds.
const (
	codeBinary  = 64 // + BinaryKind
	codeAdd     = 96
	codeDropout = 97 // followed by seed, stream and probability
)

var _ = register(
	Sample{Op: sampleChain(), In: []graph.Type{f64(4, 3), f64(3), f64(4, 1), f64()}, Order: 2},
	Sample{Op: sampleDropChain(), In: []graph.Type{f64(2, 3, 2), i32(), f64(3, 1)}, Hi: 1, Lo: -1, Order: 2},
)

// sampleChain is tanh(2·(x + row))·column and the same + scalar.
func sampleChain() Elementwise {
	code := []Instr{{graph.Add{}, 0, 1}, {Binary{KMul}, 5, 4}, {Unary{KTanh}, 6, -1}, {Binary{KMul}, 7, 2}, {graph.Add{}, 8, 3}}
	return Elementwise{NewProgram(4, []float64{2}, code, 9, 8), graph.Sh(4, 3)}
}

// sampleDropChain is exp(drop(x·column)) and the column itself.
func sampleDropChain() Elementwise {
	code := []Instr{{Binary{KMul}, 0, 2}, {Dropout{P: 0.3, Seed: 5, Stream: 2}, 3, 1}, {Unary{KExp}, 4, -1}}
	return Elementwise{NewProgram(3, nil, code, 5, 2), graph.Sh(2, 3, 2)}
}

// NewProgram encodes a program. Operands must be smaller than the number of the value they help to compute; what is
// wrong with a program, [Elementwise.Infer] says.
func NewProgram(inputs int, imm []float64, code []Instr, out ...int) Program {
	var words []int32
	for _, c := range code {
		words = appendInstr(words, c)
	}
	results := make([]int32, len(out))
	for i, v := range out {
		results[i] = int32(v)
	}
	return Program{inputs, graph.NewData(imm...), graph.NewIndex(words...), graph.NewIndex(results...)}
}

// appendInstr encodes one instruction.
//
// 64-bit fields are two words, the low one first, so that the index they are interned in holds int32
// alone.
func appendInstr(words []int32, c Instr) []int32 {
	code := int32(-1) // an op that no program may contain; Check reports it
	switch op := c.Op.(type) {
	case Unary:
		code = int32(op.Kind)
	case Binary:
		code = codeBinary + int32(op.Kind)
	case graph.Add:
		code = codeAdd
	case Dropout:
		p := math.Float64bits(op.P)
		return append(words, codeDropout, int32(c.A), int32(c.B),
			int32(op.Seed), int32(op.Seed>>32), int32(op.Stream), int32(p), int32(p>>32))
	}
	return append(words, code, int32(c.A), int32(c.B))
}

// Instrs decodes the instructions: what other back ends generate their code from. An op that no program may contain
// is nil.
func (p Program) Instrs() (code []Instr) {
	for w := p.Code.Slice(); len(w) >= 3; {
		c := Instr{A: int(w[1]), B: int(w[2])}
		k, rest := w[0], w[3:]
		switch {
		case k >= 0 && k < int32(unaryKinds):
			c.Op = Unary{UnaryKind(k)}
		case k >= codeBinary && k <= codeBinary+int32(KDiv):
			c.Op = Binary{BinaryKind(k - codeBinary)}
		case k == codeAdd:
			c.Op = graph.Add{}
		case k == codeDropout && len(rest) >= 5:
			c.Op = Dropout{math.Float64frombits(long(rest[3:])), long(rest), uint32(rest[2])}
			rest = rest[5:]
		}
		code, w = append(code, c), rest
	}
	return code
}

// long joins two words, the low one first.
func long(w []int32) uint64 { return uint64(uint32(w[0])) | uint64(uint32(w[1]))<<32 }

// first is the number of the first instruction's value: instruction i computes value first + i.
func (p Program) first() int { return p.Inputs + p.Imm.Len() }

// Check says what is wrong with the program: an unknown op, an operand that is not computed before, a step that is
// no input.
//
// It decodes what it is given, however damaged: an unknown code is an instruction without an op.
func (p Program) Check() error {
	code := p.Instrs()
	for i, c := range code {
		v := p.first() + i
		_, isUnary := c.Op.(Unary)
		drop, isDropout := c.Op.(Dropout)
		switch {
		case c.Op == nil:
			return fmt.Errorf("instruction %d is no elementwise op", i)
		case c.A < 0 || c.A >= v || !isUnary && (c.B < 0 || c.B >= v) || isUnary && c.B != -1:
			return fmt.Errorf("instruction %d reads values %d and %d; want values before %d, none (−1) as the second of a Unary", i, c.A, c.B, v)
		case isDropout && (c.B >= p.Inputs || !(drop.P >= 0 && drop.P < 1)):
			return fmt.Errorf("instruction %d: dropout of p = %v by value %d; want 0 ≤ p < 1 and an input", i, drop.P, c.B)
		}
	}
	if p.Out.Len() == 0 {
		return fmt.Errorf("a program needs a result")
	}
	for _, v := range p.Out.Slice() {
		if v < 0 || int(v) >= p.first()+len(code) {
			return fmt.Errorf("result is value %d of %d", v, p.first()+len(code))
		}
	}
	return nil
}

// steps marks the inputs that hold the step of a dropout.
func (p Program) steps() []bool {
	is := make([]bool, p.Inputs)
	for _, c := range p.Instrs() {
		if _, ok := c.Op.(Dropout); ok {
			is[c.B] = true
		}
	}
	return is
}

// Name shows the chain as an expression; values that are read more than once get a name.
func (o Elementwise) Name() string { return "Elementwise{" + o.Prog.String() + "}" }

// String is t1=Add(x0,x1); Relu(t1), Mul(t1,2); empty for what is no program.
//
// Without names for values that are read twice, x·x·x·… of n steps would be a text of 2ⁿ.
func (p Program) String() string {
	if p.Check() != nil {
		return ""
	}
	var b strings.Builder
	uses, text := p.uses(), p.names()
	for i, c := range p.Instrs() {
		args := text[c.A]
		if c.B >= 0 {
			args += "," + text[c.B]
		}
		expr := fmt.Sprintf("%s(%s)", c.Op.Name(), args)
		if uses[p.first()+i] > 1 { // else the text would double with every value that is read twice
			fmt.Fprintf(&b, "t%d=%s; ", i, expr)
			expr = fmt.Sprintf("t%d", i)
		}
		text = append(text, expr)
	}
	for i, v := range p.Out.Slice() {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(text[v])
	}
	return b.String()
}

// uses counts the readers of every value, being a result included.
func (p Program) uses() []int {
	code := p.Instrs()
	uses := make([]int, p.first()+len(code))
	for _, c := range code {
		uses[c.A]++
		if c.B >= 0 {
			uses[c.B]++
		}
	}
	for _, v := range p.Out.Slice() {
		uses[v]++
	}
	return uses
}

// names are the texts of inputs and immediates.
func (p Program) names() (text []string) {
	for i := range p.Inputs {
		text = append(text, fmt.Sprintf("x%d", i))
	}
	for _, v := range p.Imm.Slice() {
		text = append(text, fmt.Sprintf("%.6g", v))
	}
	return text
}

// IsRelu says that the chain is the relu of its one operand, which a product takes of elements before it writes them.
func (o Elementwise) IsRelu() bool {
	code := o.Prog.Instrs()
	return o.Prog.Inputs == 1 && o.Prog.Out.Len() == 1 && len(code) == 1 && code[0].Op == graph.Op(Unary{KRelu})
}

// Infer wants operands of one float type that broadcast to Shape, and one i32 for each step.
func (o Elementwise) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != o.Prog.Inputs {
		return nil, errOperands(o.Prog.Inputs, in)
	}
	if err := o.Prog.Check(); err != nil {
		return nil, err
	}
	d := graph.I32 // no floats seen yet
	for i, step := range o.Prog.steps() {
		switch t := in[i]; {
		case step && (t.DType != graph.I32 || t.Shape.Size() != 1):
			return nil, fmt.Errorf("operand %d is %v; want one step in i32", i, t)
		case step:
		case !t.DType.IsFloat() || d != graph.I32 && t.DType != d:
			return nil, errSame(in)
		case !broadcastsTo(t.Shape, o.Shape):
			return nil, fmt.Errorf("operand %d: %v does not broadcast to %v", i, t.Shape, o.Shape)
		default:
			d = t.DType
		}
	}
	if d == graph.I32 {
		return nil, fmt.Errorf("operands %v; want at least one of floats", in)
	}
	out := make([]graph.Type, o.Prog.Out.Len())
	for i := range out {
		out[i] = graph.Type{DType: d, Shape: o.Shape}
	}
	return out, o.checkSteps(in)
}

// checkSteps wants an input to be a step or a number: no instruction but Dropout may read a step, and no result may
// be one.
func (o Elementwise) checkSteps(in []graph.Type) error {
	isInt := func(v int) bool { return v >= 0 && v < len(in) && in[v].DType == graph.I32 }
	for i, c := range o.Prog.Instrs() {
		_, drops := c.Op.(Dropout)
		if isInt(c.A) || isInt(c.B) && !drops {
			return fmt.Errorf("instruction %d computes with a step", i)
		}
	}
	for _, v := range o.Prog.Out.Slice() {
		if isInt(int(v)) {
			return fmt.Errorf("a step is no result")
		}
	}
	return nil
}

// Eval evaluates the expansion.
func (o Elementwise) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused builds the primitives, operands broadcast by nodes of their own.
//
// Constants have the whole shape, as the primitives want operands of one shape.
func (o Elementwise) Unfused(in []*graph.Node) []*graph.Node {
	g, d := in[0].Graph(), graph.F32 // d becomes the type of the float operands; Infer wants at least one
	var val []*graph.Node
	for _, x := range in {
		if x.DType() != graph.I32 {
			d, x = x.DType(), BroadcastTo(x, o.Shape)
		}
		val = append(val, x)
	}
	for _, v := range o.Prog.Imm.Slice() {
		val = append(val, g.Const(graph.Type{DType: d, Shape: o.Shape}, v))
	}
	for _, c := range o.Prog.Instrs() {
		args := []*graph.Node{val[c.A]}
		if c.B >= 0 {
			args = append(args, val[c.B])
		}
		val = append(val, g.Apply(c.Op, args...))
	}
	out := make([]*graph.Node, o.Prog.Out.Len())
	for i, v := range o.Prog.Out.Slice() {
		out[i] = val[v]
	}
	return out
}
