package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// ReciprocalExpansion is κ(x) = 1/clip(x), D = m, where clip moves entries with |x| ≤ 10⁻⁶ to ±10⁻⁶, zeros to +10⁻⁶.
// Clipped entries have gradient 0: they do not move the result, and 1/x² there would be 10¹² and more.
type ReciprocalExpansion struct {
	Hooks `yaml:",inline"`
}

var _ = Register(Spec[ReciprocalExpansion]{
	Name: "reciprocal_expansion", Equation: "κ(x) = 1/x,  |x| at least 10⁻⁶,  D = m", Params: "0", Lo: 0.3, Hi: 1,
})

// OutDim is m.
func (ReciprocalExpansion) OutDim(m int) (int, error) { return m, nil }

// Transform builds 1/(x·outside ± 10⁻⁶·(1−outside)). The masks are steps, so they carry no gradient; they are exactly 0
// and 1, so entries outside the band are not rounded. All of it is elementwise and becomes one fused op.
func (o ReciprocalExpansion) Transform(s *Scope, x *graph.Node) *graph.Node {
	const band = 1e-6
	x = o.pre(s, x)
	outside := ops.Step(ops.Shift(ops.Abs(x), -band))
	edge := ops.Shift(ops.Scale(ops.Step(ops.Neg(x)), -2*band), band)
	clipped := ops.Add(ops.Mul(x, outside), ops.Sub(edge, ops.Mul(edge, outside)))
	return o.post(s, ops.Recip(clipped))
}
