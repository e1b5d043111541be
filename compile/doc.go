// Package compile turns a graph into a program that runs: it rewrites the graph by a table of passes, plans its
// memory, and emits it as a gorgonia graph of few operators of our own.
//
// # Mental model
//
// A [Store] holds parameters and states by name. Programs of all batch sizes share one store, so a model trains on
// 64 rows and predicts on one without copying a weight:
//
//	st := compile.NewStore()
//	train, err := compile.Train(g, st, nil, loss, opt)         // forward, backward, optimizer: one program
//	predict, err := compile.Forward(g1, st, nil, y)
//	copy(train.Input("x").F32, batch)
//	err = train.Run()
//	fmt.Println(train.Output(0).F32)                           // the loss
//
// A [Program] is not re-entrant; several programs that only read one store may run at the same moment.
//
// # Inside
//
//	graph ─ prepare passes ─ autodiff ─ optimise passes ─ schedule ─ memory plan ─ emission ─ VM
//
// Prepare passes run before differentiation, so that the backward inherits every choice they make. A schedule is the
// list of kernels in order; the plan gives every value a place in one arena; the emission makes every kernel a node of
// a gorgonia ExprGraph, which gorgonia's TapeMachine runs, or our executor of the same graph that allocates nothing.
//
// # What it may know
//
// Packages graph, ops and internal/kernels, and gorgonia. It knows nothing of RPN functions and models.
package compile
