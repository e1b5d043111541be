package cuda

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// Updates read parameters, gradients and moments once and write parameters and moments once, in place,
// a thread an element. They are guarded (see [Task]): a step in which a kernel has failed changes
// nothing. The number of the step and the learning rate are read from device memory, so one program
// serves all steps and schedules.

// optimizers builds the updates of parameters.
func (b *binder) optimizers(op graph.Op) bool {
	switch op := op.(type) {
	case ops.AdamW:
		b.adam(op)
	case ops.SGD:
		b.sgd(op)
	default:
		return false
	}
	return true
}

// stepOf reads the step and wants it not to be negative.
func (b *binder) stepOf(c *code, operand int) val {
	step := c.load(i32, c.in(operand), n(0))
	c.fail(c.cmp("lt", step, n(0)), "the step is negative")
	return step
}

// correction is 1 − βᵗ, without the loss of digits of a difference.
//
// βᵗ = e^(t·ln β), and −expm1 keeps the digits of 1 − βᵗ where β is near 1 and t small: for β₂ = 0.999
// and t = 1 the difference has lost three digits of ten.
func (c *code) correction(beta float64, t val) val {
	if beta == 0 {
		return d(1)
	}
	return c.neg(c.expm1(c.mul(t, d(math.Log(beta)))))
}

// adam follows the equations of ops.AdamW, inside in double precision.
//
// Results are m and v as stored for the next step and p; dividing the roots of v and of its correction
// is √(v/(1 − β₂ᵗ)).
func (b *binder) adam(op ops.AdamW) {
	b.each(b.in[0].Shape.Size(), func(c *code, i val) {
		t := c.to(f64, c.add(b.stepOf(c, 4), n(1)))
		lr := c.to(f64, b.float(c, 5, n(0)))
		at := func(k int) val { return c.to(f64, b.float(c, k, i)) }
		p, g := at(0), at(1)
		if op.Decoupled {
			p = c.sub(p, c.mul(c.mul(lr, d(op.WeightDecay)), p))
		} else {
			g = c.add(g, c.mul(d(op.WeightDecay), p))
		}
		m := c.add(c.mul(d(op.Beta1), at(2)), c.mul(d(1-op.Beta1), g))
		v := c.add(c.mul(d(op.Beta2), at(3)), c.mul(c.mul(d(1-op.Beta2), g), g))
		root := c.div(c.sqrt(v), c.sqrt(c.correction(op.Beta2, t)))
		by := c.mul(c.div(lr, c.correction(op.Beta1, t)), m)
		p = c.sub(p, c.div(by, c.add(root, d(op.Eps))))
		for k, x := range []val{p, m, v} {
			c.store(c.out(k), i, c.to(b.kind, x))
		}
	})
}

// sgd follows the equations of ops.SGD.
//
// At step 0 the momentum buffer is the gradient itself, without dampening, as in the usual
// implementations.
func (b *binder) sgd(op ops.SGD) {
	b.each(b.in[0].Shape.Size(), func(c *code, i val) {
		step := b.stepOf(c, 3)
		p, u := b.float(c, 0, i), b.float(c, 2, i)
		dir := c.add(b.float(c, 1, i), c.mul(b.num(op.WeightDecay), p))
		if op.Momentum != 0 {
			mixed := c.add(c.mul(b.num(op.Momentum), u), c.mul(b.num(1-op.Dampening), dir))
			u = c.pick(c.cmp("eq", step, n(0)), dir, mixed)
			ahead := c.add(dir, c.mul(b.num(op.Momentum), u))
			if dir = u; op.Nesterov {
				dir = ahead
			}
		}
		c.store(c.out(0), i, c.sub(p, c.mul(b.float(c, 4, n(0)), dir)))
		c.store(c.out(1), i, u)
	})
}
