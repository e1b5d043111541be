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
// # Ops that passes make
//
// Model code builds none of these. Passes of package compile, and some gradients, put them in the place of several nodes, each
// with those nodes, or its own sum, as oracle:
//
//	Elementwise, MapSum       a chain of elementwise ops, and its sum
//	MatMulMap, MatMulSum      a product with a chain behind it; a sum of products
//	Trilinear                 Σⱼₖ u[r,j]·x[r,k]·w[i,j,k]: powers that are never in memory
//	Quadratic                 the same for x among the columns of u: half of the operations
//	BlockPowers               powers against a matrix that repeats along them, by shifted views of it
//	PatchMatMul, PatchExtreme convolution and pooling that read a grid where it is
//	NormRelu, AffineRelu      a batch norm in training or at inference, with the relu behind it
//	NormMax, AffineMax        the same with a pooling behind: what is normalised is never in memory
//	Expanded, ExpandedGrad    a product with an expansion whose features are made where it reads them, and its gradient
//	TiledStep                 a step of an optimizer that makes its gradient itself, tile by tile
//	RowTiles                  a program of ops that work row by row, run on a few rows at a time
//
// [HostOnly] marks those without a kernel for other devices. [JointSteps] is no op but a Run for several [AdamW] at once, which
// a commit makes of steps that follow each other.
//
// # Adding an op
//
// One file: the struct, Infer, Eval, VJP, a line of register with samples. The tests find it there: oracle against
// finite differences to second order, kernel against oracle in f32 and f64, shapes. An op without a Kernel runs its
// oracle, slowly; rpnc graph lists those.
package ops
