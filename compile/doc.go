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
// # An example
//
// One layer y = relu(x·Wᵀ + b) with the loss mean(y²) is built as eight nodes (Text of a dump, shapes left out):
//
//	v3 = Permute[1 0] v1          v5 = Broadcast(64×8) v2      v8 = Square v7
//	v4 = MatMul v0 v3             v6 = Add v4 v5               v9 = SumTo() v8
//	                              v7 = Relu v6                 v11 = Mul v9 v10
//
// prepare/simplify makes the transpose a flag of the product; with the gradient and an optimizer with momentum, the graph
// has some thirty nodes. After optimise/fuse-elementwise they are
//
//	v3 = MatMul·ᵀ v0 v1                                            x·Wᵀ
//	v6 = Elementwise{t1=Relu(Add(x0,x1)); t1, …Step(t1)} v3 v2     y, and dL/d(x·Wᵀ + b) = y/256 where y > 0
//	v9 = MapSum(){Square(x0)} v7                                   Σ y², the squares never in memory
//	v11 = Elementwise{Mul(x0,0.00195312)} v9                       the loss
//	v12 = SumTo(8) v8                                              the gradient of b
//	v13 = MatMulᵀ· v8 v0                                           the gradient of W
//	v19, v25 = Elementwise{t1=Add(Mul(x0,0.9),x1); t1, Sub(…)}     momentum and new value of b, and of W
//
// Lowering makes a unit of each of them. Of the two results of v6 the first is written over the product, which nobody
// reads afterwards. v19 and v25 serve updates alone, so they go to the commit and write b, W and their momenta where they
// are. Six instructions before the commit and the commit itself: that is what the VM runs.
//
// # Passes
//
// The table of passes, which [PassNames] lists, is in passes.go with the order constraints and their reasons. In their order,
// before differentiation (P) and after it (O):
//
//	P O  simplify          identities, transposes as flags of products, views of views
//	P    norm-products     a layer norm of powers moves behind the product with a matrix
//	P    column-maps       κ(x)·Wᵀ for a κ that chooses and adds columns is x·(W·Gᵀ)ᵀ: a product as narrow as x
//	P    structure         sparse, banded and triangular matrices are multiplied as such
//	P    outer-products    flat outer products ψ = a⊗b are contracted, and never formed
//	P O  reassociate       chains of products in the cheapest order
//	P    block-powers      powers u⊗x under such a ψ meet shifted views of one vector             not on a GPU
//	P    contract-powers   other powers are multiplied block by block, and never in memory
//	P    fuse-heads        heads that are alike become one product over stacked parameters
//	P O  cse               equal nodes become one, unused ones go
//	  O  quadratic         Σ w[j,k]·xⱼ·xₖ with W folded along its diagonal: half of the operations  not on a GPU
//	  O  join-products     narrow matrices that meet one large one are multiplied together
//	  O  fuse-gather       products read patches of a grid where they are
//	  O  fuse-norms        a batch norm and the relu behind it are one pass over the activations
//	  O  fuse-pools        such a norm with the pooling behind it is never in memory           not on a GPU
//	  O  fuse-steps        a large gradient is made tile by tile by the step that reads it          not on a GPU
//	  O  fuse-elementwise  chains of elementwise nodes become straight-line code over one block
//	  O  expansions        features of a wide κ(x) are made where products read them             not on a GPU
//	  O  epilogues         such a chain runs over the rows of a product as they are done            not on a GPU
//	  O  row-tiles         what works row by row runs tile by tile of the batch, forward, loss      not on a GPU
//	                       and backward: values between the ops stay in the cache of one core
//	  O  turn-weights      x·Wᵀ is x·V with V = Wᵀ held, where no update changes W               not on a GPU
//
// Those that are not for a GPU make ops that have kernels on the CPU alone (hostPasses): folding, shifted views and tiles are
// about caches, and a GPU's product is fast as it is. Structure comes early, since it decides what everything after it costs;
// fusion comes last, since rules know single ops and not what they were fused to. After row-tiles comes only what leaves tiles
// alone: nothing looks into them.
//
// A program without updates (prediction, evaluation) holds what it makes of parameters and states alone: it is computed
// by the first run, and again by the run after a change of the store (held.go). Explain marks such kernels "held".
//
// A pass is a function from
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
// # On a GPU
//
// Options{Device: "cuda"} runs the same emitted graph on the first GPU. The plan of the host's memory is that of the
// device's: every piece has a counterpart there. Parameters and states stay on the device from run to run; the [Store]
// brings them home when the host reads them. A run copies inputs up, outputs down, and one word that says whether a kernel
// has met numbers that it cannot work with; the commit does nothing then. An op without a kernel is an error, or with
// Options.Fallback runs on the host with its operands brought down. Options.Products says whether products are our kernels'
// or cuBLAS's; Stats.Products and Explain say who does which, and why.
//
// # What it may know
//
// Packages graph, ops, ops/cuda and internal/kernels, and gorgonia. It knows nothing of RPN functions and models.
package compile
