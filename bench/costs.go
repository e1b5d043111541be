package bench

// What a step must cost. The figures here are lower bounds by counting: operations of the best algebra
// that is known for a function, and the bytes that have to move even if everything else stays in cache.
// Divided by what the machine can do, the larger of the two is the floor of a step (roofline: Williams,
// Waterman & Patterson 2009), and measured time over floor says how much is left to gain. Counting from
// the mathematics and not from our program keeps the floor independent of what the compiler does.
//
// A product forward is 2bmn; its gradient by parameters and by data are as much each, so training is
// three times the forward, less the gradient by the data in the first layer.

// Cost is what a step needs at least, counted by hand for float32 and for the fewest operations that we know of for the
// function: nothing is multiplied out that algebra keeps apart.
type Cost struct {
	Infer, Train float64 // floating-point operations of a forward pass, and of one with the gradient
	Params       int
	Acts         int // numbers that are written between operations and read again
	Input        int // numbers of a batch
}

// Flops are the operations of a mode.
func (c Cost) Flops(mode string) float64 {
	if mode == "infer" {
		return c.Infer
	}
	return c.Train
}

// Bytes is the least traffic of a mode.
//
// A forward pass reads parameters and data and writes and reads what is between: 4(p + 2a + in). A step of training reads
// parameters twice, writes their gradient, and AdamW reads w, g, m, v and writes w, m, v: 4(10p + 4a + in).
//
// w is read by the forward and the backward (2p), its gradient is written (1p), AdamW reads four and
// writes three (7p): ten in all.
func (c Cost) Bytes(mode string) float64 {
	if mode == "infer" {
		return 4 * float64(c.Params+2*c.Acts+c.Input)
	}
	return 4 * float64(10*c.Params+4*c.Acts+c.Input)
}

// Resident is the memory that a mode touches again in every step: parameters (with gradient and moments in training),
// activations and data. It says in which cache a step can live.
func (c Cost) Resident(mode string) float64 {
	if mode == "infer" {
		return 4 * float64(c.Params+c.Acts+c.Input)
	}
	return 4 * float64(4*c.Params+2*c.Acts+c.Input)
}

// product is the cost of one product b×m·m×n.
func product(b, m, n int) float64 { return 2 * float64(b) * float64(m) * float64(n) }

// stack is the cost of products one after another: nobody needs the gradient of the data.
func stack(b int, dims []int) (c Cost) {
	for i, n := range dims[1:] {
		f := product(b, dims[i], n)
		c.Infer += f
		c.Train += 3 * f
		if i == 0 {
			c.Train -= f
		}
		c.Params += dims[i] * n
		c.Acts += b * n
	}
	c.Input = b * dims[0]
	return c
}

// denseCost is that of perceptrons with bias.
func denseCost(b int, dims []int) Cost {
	c := stack(b, dims)
	for _, n := range dims[1:] {
		c.Params += n
	}
	return c
}

// taylorDims are the layers of the Taylor models, each with the blocks p of its dual LPHM.
var taylorDims = []struct{ m, n, p int }{{784, 64, 8}, {64, 64, 8}, {64, 10, 2}}

// taylorCost never forms the expansion of D = m + m² columns.
//
// With κ(x) = [x, x⊗x] the three fabrications of W (n×D) cost per row
//
//	id     2·D·n             W as it is
//	lorr   2·D·r + 2·r·n     W = A·Bᵀ, A (n×r), B (D×r): first κ·B, then by Aᵀ
//	dlphm  4·m² + 2·m·n      W = (P·Qᵀ) ⊗ (S·Tᵀ), which lets the sums over i and j be taken one after the other
//
// and have n·D, r·(n + D), and r·(p + q + n/p + D/q) parameters with q = m.
func taylorCost(b int, kind string) (c Cost) {
	const r = 5
	for i, d := range taylorDims {
		D := d.m + d.m*d.m
		var f float64
		switch kind {
		case "id":
			f = product(b, D, d.n)
			c.Params += D * d.n
			c.Acts += b * d.n * d.m
		case "lorr":
			f = product(b, D, r) + product(b, r, d.n)
			c.Params += r * (d.n + D)
			c.Acts += b * r * d.m
		default: // the coefficients of xᵢxⱼ are n chunks of one m×m matrix
			f = 2*product(b, d.m, d.m) + product(b, d.m, d.n)
			c.Params += r * (d.p + d.m + d.n/d.p + D/d.m)
			c.Acts += 2*b*d.m + d.m*d.m
		}
		c.Acts += b * d.n
		c.Infer += f
		c.Train += 3 * f
		if i == 0 {
			c.Train -= f
		}
	}
	c.Input = b * taylorDims[0].m
	return c
}

// kanCost has 8 splines and a linear map a column.
//
// The products are those of a stack with nine columns for each one: eight splines and the value
// itself. Evaluating the splines takes some 30 operations a value, their derivatives as many again.
func kanCost(b int, dims []int) (c Cost) {
	c = stack(b, dims)
	c.Infer, c.Train, c.Params = 9*c.Infer, 9*c.Train, 9*c.Params
	for _, m := range dims[:len(dims)-1] {
		c.Infer += 30 * float64(b*m)
		c.Train += 60 * float64(b*m)
		c.Acts += 8 * b * m
	}
	return c
}

// cnnCost has 3×3 patches at every cell, a bias and batch norm (scale and offset) at every position.
//
// The patches make a product of (b·cells × 9·in) by (9·in × out); they are not counted as memory,
// since a kernel can read them in place. In the perceptrons behind the patches the gradient by the
// data is needed from the first layer on, so no third is taken off there.
func cnnCost(b, side int, channels, fc []int, heads int, pool bool) (c Cost) {
	cells := side * side
	for i, out := range channels[1:] {
		f := product(b*cells, 9*channels[i], out*heads)
		c.Infer += f
		c.Train += 3 * f
		if i == 0 {
			c.Train -= f
		}
		c.Params += 9*channels[i]*out*heads + 3*out*cells*heads
		c.Acts += 3 * b * cells * out * heads
	}
	if pool {
		side = (side + 1) / 2
	}
	flat := channels[len(channels)-1] * side * side
	d := denseCost(b, append([]int{flat}, fc...))
	c.Infer += d.Infer
	c.Train += 3 * d.Infer
	c.Params += d.Params
	for _, n := range fc[:len(fc)-1] {
		c.Params += 2 * n
	}
	c.Acts += b*flat + d.Acts
	c.Input = b * cells * channels[0]
	return c
}

// chainCost has a band of taps between two products a position.
//
// The band has no parameters: backward it is one product by its transpose, so training takes twice its
// forward and not three times.
func chainCost(b, length, m, h, n, taps int) Cost {
	first, second := product(b*length, m, h), product(b*length, h, h)
	band, last := 2*float64(b*length*h*taps), product(b, h, n)
	return Cost{
		Infer: first + second + band + last, Train: 2*first + 3*second + 2*band + 3*last,
		Params: m*h + h*h + h*n, Acts: 3 * b * length * h, Input: b * length * m,
	}
}

// attentionCost has scores x·W·xᵀ, their softmax and two products a head, and one product that joins the heads.
func attentionCost(b, m, n, heads int) Cost {
	h := float64(heads)
	keys := h * product(b, m, m)
	rest := h*(2*product(b, b, m)+product(b, m, n)) + product(b, heads*n, n) + 5*h*float64(b*b)
	return Cost{
		Infer: keys + rest, Train: 2*keys + 3*rest - 2*h*product(b, b, m),
		Params: heads*(m*m+2*m*n) + n*10, Acts: heads*(2*b*m+2*b*b+b*n) + b*n, Input: b * m,
	}
}

// gcnCost multiplies by the parameters first, then along the edges, those of the nodes with themselves included.
//
// Products first is the cheaper order, since layers make rows shorter: an edge then carries n numbers
// and not m. Along an edge a number is multiplied and added, 2 operations, once forward and once
// backward.
func gcnCost(nodes, edges int, dims []int) Cost {
	c := stack(nodes, dims)
	for _, n := range dims[1:] {
		c.Infer += 2 * float64(edges*n)
		c.Train += 4 * float64(edges*n)
	}
	c.Acts = 2*c.Acts + 2*edges
	return c
}

// gatCost has scores of rank r on the edges besides.
func gatCost(nodes, edges int, dims []int, r int) Cost {
	c := gcnCost(nodes, edges, dims)
	for i, m := range dims[:len(dims)-1] {
		f := 2 * product(nodes, m, r)
		c.Infer += f + 2*float64(edges*r)
		c.Train += 3*f + 6*float64(edges*r)
		if i == 0 {
			c.Train -= f
		}
		c.Params += 2 * m * r
		c.Acts += 2*nodes*r + 4*edges
	}
	return c
}

// combinatorialCost has all products of two different columns beside the columns; their sums are
// computed once.
func combinatorialCost(b, m, n int) Cost {
	D := m + m*(m-1)/2
	f, sums := product(b, D, n), 2*float64(b*D)
	return Cost{Infer: f + sums, Train: 2*f + sums, Params: D * n, Acts: b * D, Input: b * m}
}

// extendedCost has 3 + 10 + 10 functions a column and some 60 operations for them.
func extendedCost(b int) Cost {
	const m, k, n = 784, 23, 64
	f, functions := product(b, m*k, n), 60*float64(b*m)
	return Cost{Infer: f + functions, Train: 2*f + functions, Params: m*k*n + 10*n, Acts: b * m * k, Input: b * m}
}
