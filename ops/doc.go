// Package ops holds the primitive operations of rpnc, one file an op or tight family. Everything that belongs to
// an op is in one block: shape rule (Infer), oracle (Eval), gradient (VJP), samples for the tests, and, where it
// pays, a fast CPU form (Kernel).
//
// # Mental model
//
// An op is a comparable struct; applying it goes through [rpnc/graph.Graph.Apply] and the short functions of this
// package, so model code reads as maths:
//
//	y := ops.Tanh(ops.Add(ops.MatMulT(x, w), b))
//
// Elementwise ops want operands of one type. The functions Add, Sub, Mul, Div broadcast as NumPy does, by an
// explicit [Broadcast] node, whose gradient is [SumTo] and the other way round; fusion takes these nodes away again.
//
// Structure stays an attribute: [Pattern] in [SpMM] and [Densify], the table of [Gather].
//
// # Adding an op
//
// One file: the struct, Infer, Eval, VJP, a line of register with samples. The tests find it there: oracle against
// finite differences to second order, kernel against oracle in f32 and f64, shapes. An op without a Kernel runs its
// oracle, slowly; rpnc graph lists those.
package ops
