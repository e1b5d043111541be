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
// A step is two halves. The kernels of the schedule read parameters and states and write temporaries and outputs; the
// commit, one instruction after all of them, writes parameters and states. So every reader sees the values before the
// step, in whatever order a model was built, and a run that fails changes nothing.
//
// # Passes
//
// The table of passes, which [PassNames] lists, is in passes.go with the order constraints and their reasons. A pass is a function from
// a graph and its roots to another graph and its roots that compute the same. Most are lists of rules: a rule looks
// at one node and answers with a cheaper one or nil. Passes that make one node of several (fuse-heads,
// fuse-elementwise) say which nodes belong together, and contract does the rest.
//
// Adding a pass: the function, a line in the table, a line a constraint. The tests run it alone, in pairs, left out,
// and on shuffled and random graphs without further work; a test of its own says what it is for.
//
// # Looking inside
//
//	RPNC_DEBUG=dump=DIR           the graph before and after every pass, as text and as one page with a column a pass
//	RPNC_DEBUG=disable=fuse-heads without a pass; only=simplify+structure with nothing but these
//	RPNC_DEBUG=check=1            verifier between passes, shuffled nodes, poisoned free memory
//	RPNC_DEBUG=nan=1              the first kernel that writes a NaN is an error
//	p.Explain(os.Stdout)          passes, kernels in order, and the memory of their operands
//
// # What it may know
//
// Packages graph, ops and internal/kernels, and gorgonia. It knows nothing of RPN functions and models.
package compile
