package compile

import "rpnc/graph"

// passes is the table of passes in the order in which they run.
var passes = []pass{
	{"simplify", prepare, "algebra: identities, transposes into product flags, views of views, small constants", simplify},
	{"norm-products", prepare, "layer norms of powers move behind the product with a matrix", normProducts},
	{"column-maps", prepare, "choices and sums of columns move from the data to the weights that multiply them", columnMaps},
	{"structure", prepare, "products with sparse and triangular matrices use their structure", structure},
	{"outer-products", prepare, "products with flat outer products (hm, lphm) are contracted without forming them", outerProducts},
	{"reassociate", prepare, "chains of products in the cheapest order", reassociate},
	{"block-powers", prepare, "powers under flat outer products are multiplied with shifted views of a vector", blockPowers},
	{"contract-powers", prepare, "powers of data are multiplied block by block and never in memory", contractPowers},
	{"fuse-heads", prepare, "computations that are alike but for their parameters become one over stacked parameters", fuseHeads},
	{"cse", prepare, "equal nodes become one and nodes that nobody needs go", clean},
	{"simplify", optimise, "the same algebra on the gradient", simplify},
	{"reassociate", optimise, "the same for the products of the gradient", reassociate},
	{"cse", optimise, "equal nodes become one and nodes that nobody needs go", clean},
	{"quadratic", optimise, "contractions with products of two columns of one matrix use that they commute", quadraticForms},
	{"join-products", optimise, "narrow matrices that meet the same large one are multiplied together", joinProducts},
	{"fuse-gather", optimise, "products read patches of a grid in place, forward and backward", fuseGather},
	{"fuse-norms", optimise, "batch norm with a relu behind it becomes one pass over the activations, and one backward", fuseNorms},
	{"fuse-pools", optimise, "a norm and the pooling behind it become one op: what is between is never in memory", fusePools},
	{"fuse-steps", optimise, "large gradients are made tile by tile by the steps that read them", fuseSteps},
	{"fuse-elementwise", optimise, "chains of elementwise nodes become one blocked op", fuseElementwise},
	{"expansions", optimise, "features of wide expansions are made where products read them, and never in memory", expansions},
	{"epilogues", optimise, "a chain that alone reads a product runs over its rows as they are done", epilogues},
	{"row-tiles", optimise, "what works row by row runs tile by tile of the batch, forward and backward", rowTiles},
	{"turn-weights", optimise, "weights that no update changes are turned once and not in every run", turnWeights},
}

// orders is the table of order constraints; they hold within a phase.
//
// simplify, reassociate and cse run twice: the backward is new nodes, and what was one product forward is two backward.
// structure and fuse-heads do not: rules of gradients keep what they found.
var orders = []order{
	{"simplify", "column-maps", "a product with an expansion is known by its flags, without joins of joins"},
	{"column-maps", "reassociate", "what is left is a product like others"},
	{"simplify", "structure", "a transposed matrix shows its structure once the transpose is a flag"},
	{"outer-products", "reassociate", "a contracted outer product is sparse"},
	{"simplify", "norm-products", "a norm is known by its differences and quotients, without what undoes itself between them"},
	{"norm-products", "outer-products", "the product that a norm has left behind is one of powers with a matrix"},
	{"outer-products", "block-powers", "powers are cut into the blocks that the matrix repeats"},
	{"block-powers", "contract-powers", "what shifted views do not fit is gathered"},
	{"outer-products", "contract-powers", "powers are cut into the blocks that the matrix repeats"},
	{"reassociate", "contract-powers", "a matrix of low rank is multiplied factor by factor, the one that meets the powers first"},
	{"structure", "reassociate", "the cost of a product depends on whether its matrix is sparse"},
	{"simplify", "reassociate", "a chain is products and flags, without transposes between"},
	{"reassociate", "fuse-heads", "the cheapest order is found on matrices, and heads alike stay alike"},
	{"cse", "quadratic", "two matrices of the same columns are known by equal nodes"},
	{"cse", "join-products", "what is joined are different products of one matrix"},
	{"simplify", "fuse-gather", "products with patches are known by their flags and by one reshape"},
	{"fuse-norms", "fuse-elementwise", "scale, shift and relu of a norm would be part of a chain"},
	{"fuse-gather", "fuse-pools", "a pooling is known once its patches are not packed"},
	{"fuse-norms", "fuse-pools", "a norm is one op by then, forward and backward"},
	{"simplify", "fuse-steps", "a gradient is what its step reads, or one view away"},
	{"cse", "fuse-steps", "a gradient that two read is one node by then"},
	{"simplify", "fuse-elementwise", "rules know primitives, not chains"},
	{"fuse-elementwise", "epilogues", "what follows a product is a whole chain"},
	{"fuse-elementwise", "expansions", "what makes features are chains"},
	{"fuse-steps", "expansions", "a gradient may be one that its step makes tile by tile"},
	{"expansions", "epilogues", "a product with an expansion takes no epilogue"},
	{"epilogues", "row-tiles", "chains and products with epilogues are steps of a tile, and nothing looks into tiles"},
	{"fuse-steps", "row-tiles", "a gradient that its step makes itself is not one of the tiles"},
	{"row-tiles", "turn-weights", "tiles turn their weights themselves"},
	{"epilogues", "turn-weights", "a product takes its epilogue with the flags that a layer has"},
	{"cse", "fuse-elementwise", "a node that is merged into a chain is no longer equal to its twin"},
}

// clean rebuilds the graph: hash-consing merges, and only what is live is copied.
func clean(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	h, m := g.Rewrite(roots, nil)
	return h, m.All(roots)
}
