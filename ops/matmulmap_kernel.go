package ops

import (
	"slices"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// hotColumns is the length of rows up to which the chain runs over blocks of a product. Products of longer rows are
// computed in blocks of columns, which leave the chain short stretches: there it runs after the product.
const hotColumns = 1024

// HostOnly says that the pass that makes it is one for the CPU.
func (MatMulMap) HostOnly() {}

// Kernel runs the chain over every block of rows that the product has finished.
func (o MatMulMap) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, matMulMapRun[float32], matMulMapRun[float64])
}

// holder is the result whose memory takes the product, which the chain then replaces; −1 if there is none.
func (o MatMulMap) holder() int {
	for r := range o.Map.Prog.Out.Len() {
		if o.Map.InPlaceResult(r, o.At) {
			return r
		}
	}
	return -1
}

// InPlaceResult says whether a result may be written over an operand of the chain: not that which takes the product,
// since the chain reads its operands later.
func (o MatMulMap) InPlaceResult(result, operand int) bool {
	if operand < 2 || result == o.holder() {
		return false
	}
	at := operand - 2
	if at >= o.At {
		at++
	}
	return o.Map.InPlaceResult(result, at)
}

func matMulMapRun[T float](o MatMulMap, in, out []graph.Type) Run {
	l := o.Mul.layout(in[0].Shape, in[1].Shape)
	if o.Map.IsRelu() {
		return func(dst, in []Buffer) {
			kernels.GemmRelu(l.batch, l.m, l.n, l.k, view[T](in[0]), l.rsA, l.csA, l.bsA, view[T](in[1]), l.rsB, l.csB, l.bsB, view[T](dst[0]))
		}
	}
	product := graph.Type{DType: out[0].DType, Shape: o.Map.Shape}
	c := newChain[T](o.Map, slices.Insert(slices.Clone(in[2:]), o.At, product))
	c.compile(o.Map.Prog, true)
	holder, own := o.holder(), Buffer{}
	if holder < 0 {
		own = NewBuffer(product)
	}
	operands := make([]Buffer, o.Map.Prog.Inputs)
	span, blocks := c.span, c.chunk
	return func(dst, in []Buffer) {
		operands[o.At] = own
		if holder >= 0 {
			operands[o.At] = dst[holder]
		}
		copy(operands[:o.At], in[2:])
		copy(operands[o.At+1:], in[2+o.At:])
		c.load(dst, operands)
		y := view[T](operands[o.At])
		if l.n <= hotColumns {
			kernels.GemmThen(l.batch, l.m, l.n, l.k, view[T](in[0]), l.rsA, l.csA, l.bsA, view[T](in[1]), l.rsB, l.csB, l.bsB, y, span)
			return
		}
		kernels.GemmBatch(l.batch, l.m, l.n, l.k, view[T](in[0]), l.rsA, l.csA, l.bsA, view[T](in[1]), l.rsB, l.csB, l.bsB, y, l.n, l.m*l.n, false)
		chunked(c.blocks, grainOf(c.block()), c.size*(1+len(c.code)/4), blocks)
	}
}
