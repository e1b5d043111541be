// Package rpnops holds the functions that RPN models are made of. An RPN head computes
//
//	g(X) = ⟨ A_iᵀ · κ(X · A_a), ψ(w) ⟩ + π(X)
//
// with data interdependence ξ, which gives the matrices A, data transformation κ, parameter reconciliation ψ, which
// fabricates an (n×D) matrix from a short vector, and remainder π; fusions join channels and heads. Each of the
// five is a role, an interface of this package: [Interdependence], [Transformation], [Reconciliation], [Remainder],
// [Fusion]. A sixth, [Process], is what runs before and after them: activations, norms, dropout.
//
// # Mental model
//
// A function is a config struct: its exported fields are the reference's constructor parameters (yaml tags), its
// methods build graph nodes in a [Scope]. It computes nothing itself and keeps nothing: structure is in the
// expression that it returns (a product of factors, a matrix on a sparse pattern), and the compiler exploits it.
//
//	κ := rpnops.Taylor{D: 2}
//	y := κ.Transform(s, x)                     // (b×m) → (b×(m+m²))
//
// Dimension methods (OutDim, OutDims, NumParams) answer before anything is built, so that the owner can make the tensor w
// that a function is then given; a setting that does not fit is their error. Building repeats the check, because a
// function may be called without its owner: it then records the error in the graph and returns a poisoned node.
//
// [Relate] and [Fabricate] call an interdependence and a reconciliation with everything checked; heads use these.
//
// # Settings
//
// A zero field means the default wherever zero is not legal. Where it is legal and not the default the field is an [Opt];
// a switch that is on by default is named for its opposite. Settings that many functions have are embedded: [Hooks],
// [BiasOption], [Declared], [Blocks], [FusionOptions], [RemainderOptions].
//
// Several names may stand for one type: lowrank_parameterized_interdependence is [Parameterized] with the default
// Reconcile: LoRR{R: 2}.
//
// # Randomness
//
// Random matrices, masks and static nets are frozen tensors of the scope, drawn from the seed and their name; a model
// saves them. Dropout numbers its place in the model. Nothing is drawn while a graph is built, so building is repeatable.
//
// # Compressions that are fitted
//
// A [Fitter] (PCA, clusters of columns, …) fits on the batches that it meets in a graph, with a running state that a model
// saves, and detaches its input. Fitted outside of a graph it is a [Projection], a constant linear map. An [Embedding]
// places the rows of one batch only.
//
// # Adding a function
//
// One file: the struct with its doc comment, one [Register] call with the reference's name, equation, defaults and
// samples, and the methods of its role. The registration alone gives it YAML, the gradient and shape tests, a line of
// rpnc list and of the catalogue. It works from another module, too; package rpnops/check runs every test on it.
package rpnops
