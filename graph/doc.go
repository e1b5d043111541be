// Package graph is the intermediate representation of rpnc: a typed graph of operations on dense tensors,
// with construction, reverse-mode differentiation, verification, printing and a reference interpreter.
//
// # Mental model
//
// A [Graph] is an append-only list of nodes. A [Node] applies an [Op] to earlier nodes and has one [Type]
// a result. Ops are comparable values: two nodes with equal ops and equal operands are one node
// (hash-consing), so building the same expression twice costs nothing and pointer equality is equality of
// meaning. Three kinds of leaves bring values in:
//
//	x := g.Input("x", graph.Type{DType: graph.F64, Shape: graph.Sh(4, 3)})     // fed at every run
//	w := g.Param("w", t, graph.Normal(0, 0.1))                                 // trained
//	s := g.State("step", t, graph.Zeros())                                     // kept from run to run
//
// A Param or State node means the value before the step. [Graph.Update] says what it becomes after it; all
// updates are committed together, so the order of construction never matters.
//
// Structure is an attribute, numbers are operands: a sparse matrix is a pattern in the op ([Index]) and a
// vector of values; a gather is a table in the op and a tensor.
//
// # Errors
//
// Building never panics and never returns nil. A bad [Graph.Apply] records what was wrong with the line of
// the caller's code and returns a poisoned node on which later ops are silent; [Graph.Err] reports every
// independent mistake at the end.
//
// # What it may know
//
// Only the standard library. The ops themselves live in package ops; the four that differentiation needs
// ([Leaf], [Const], [Result], [Add]) live here.
package graph
