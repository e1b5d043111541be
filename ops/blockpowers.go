package ops

import (
	"fmt"

	"rpnc/graph"
)

// BlockPowers contracts Kronecker products of rows, cut into blocks of G columns, with the rows of one matrix. With u
// (R×p), x (R×q), b (L×G) and g (R×C·L), C = p·q/G blocks, the form
//
//	F = Σ g[r, c·L + l]·(u[r]⊗x[r])[c·G + e]·b[l, e]    over r, c < C, l < L, e < G
//
// is linear in each of the four, and Out says of which of them the op is the gradient, from the other three in this order:
//
//	Out 0: T[r, c·L + l] = Σₑ (u[r]⊗x[r])[c·G + e]·b[l, e]    of u, x, b
//	Out 1, 2, 3: the gradients of F by u, x and b             of g with x and b, u and b, u and x
//
// so that gradients of every order are made of the same op. It is how a flat outer product as a matrix meets powers of
// order two. G must be q or longer, and blocks must begin further along the rows of x one by one, G mod q columns
// each, without coming to their end before the last: [BlockPowersFit].
type BlockPowers struct{ Out, G int }

var _ = register(
	Sample{Op: BlockPowers{0, 14}, In: []graph.Type{f64(3, 7), f64(3, 6), f64(2, 14)}, Order: 2},
	Sample{Op: BlockPowers{1, 14}, In: []graph.Type{f64(3, 6), f64(3, 6), f64(2, 14)}, Order: 2},
	Sample{Op: BlockPowers{2, 14}, In: []graph.Type{f64(3, 6), f64(3, 7), f64(2, 14)}, Order: 2},
	Sample{Op: BlockPowers{3, 14}, In: []graph.Type{f64(3, 6), f64(3, 7), f64(3, 6)}, Order: 2},
	Sample{Op: BlockPowers{0, 12}, In: []graph.Type{f64(2, 6), f64(2, 6), f64(1, 12)}, Order: 2},
)

// blockDims are the sizes of the form, and where its blocks begin: block c at column c·shift of row c·rows of u⊗x as a
// p×q matrix.
type blockDims struct{ R, p, q, L, C, G, rows, shift int }

// BlockPowersFit says whether blocks of G columns of u⊗x, of p·q columns, begin as [BlockPowers] needs it.
func BlockPowersFit(p, q, G int) bool {
	_, err := blocksOf(p, q, G)
	return err == nil
}

// blocksOf cuts p·q columns into blocks.
func blocksOf(p, q, G int) (d blockDims, err error) {
	if q < 1 || G < q || p*q%G != 0 {
		return d, fmt.Errorf("%d·%d columns in blocks of %d; want whole blocks of %d columns or more", p, q, G, q)
	}
	d = blockDims{p: p, q: q, C: p * q / G, G: G, rows: G / q, shift: G % q}
	if d.C*d.shift > q {
		return d, fmt.Errorf("%d blocks of %d columns begin %d columns apart in rows of %d; want all within one row", d.C, G, d.shift, q)
	}
	return d, nil
}

// dims are the sizes for the given operands.
func (o BlockPowers) dims(in []graph.Type) (d blockDims, err error) {
	var cols [4]int // of g, u, x and b
	L := 0
	for k, t := range in {
		slot := k
		if k >= o.Out {
			slot++
		}
		s := t.Shape
		if s.Rank() != 2 || slot < 3 && s.Dim(0) != in[0].Shape.Dim(0) {
			return d, fmt.Errorf("operands %v; want matrices, those but b with equal rows", in)
		}
		if cols[slot] = s.Dim(1); slot == 3 {
			L = s.Dim(0)
		}
	}
	switch blocks := cols[0] / max(1, L); o.Out {
	case 1:
		cols[1] = blocks * o.G / max(1, cols[2])
	case 2:
		cols[2] = blocks * o.G / max(1, cols[1])
	}
	d, err = blocksOf(cols[1], cols[2], o.G)
	if err != nil {
		return d, err
	}
	if d.R, d.L = in[0].Shape.Dim(0), L; o.Out == 3 {
		d.L = cols[0] / max(1, d.C)
	}
	if o.Out > 0 && cols[0] != d.C*d.L || o.Out < 3 && cols[3] != o.G {
		return d, fmt.Errorf("operands %v do not fit for gradient %d with blocks of %d", in, o.Out, o.G)
	}
	return d, nil
}

// Name shows what it is the gradient of.
func (o BlockPowers) Name() string { return fmt.Sprintf("BlockPowers{%d}→%c", o.G, "guxb"[o.Out]) }

// HostOnly says that the pass that makes it is one for the CPU.
func (BlockPowers) HostOnly() {}

// Infer wants three of the four operands, and blocks that fit.
func (o BlockPowers) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 3 || o.Out < 0 || o.Out > 3 {
		return nil, errOperands(3, in)
	}
	for _, t := range in {
		if t.DType != in[0].DType || !t.DType.IsFloat() {
			return nil, errSame(in)
		}
	}
	d, err := o.dims(in)
	if err != nil {
		return nil, err
	}
	shape := [...][2]int{{d.R, d.C * d.L}, {d.R, d.p}, {d.R, d.q}, {d.L, d.G}}[o.Out]
	return []graph.Type{in[0].Of(shape[0], shape[1])}, nil
}

// Eval adds the terms up.
func (o BlockPowers) Eval(dst, in []*graph.Tensor) error {
	d, err := o.dims([]graph.Type{in[0].Type, in[1].Type, in[2].Type})
	if err != nil {
		return err
	}
	for r := range d.R {
		for at := range d.p * d.q {
			c, e := at/d.G, at%d.G
			for l := range d.L {
				places := [4]int{r*d.C*d.L + c*d.L + l, r*d.p + at/d.q, r*d.q + at%d.q, l*d.G + e}
				term := 1.0
				for k, t := range in {
					slot := k
					if k >= o.Out {
						slot++
					}
					term *= t.F[places[slot]]
				}
				dst[0].F[places[o.Out]] += term
			}
		}
	}
	return nil
}

// Terms is the number of products of x and b that n, a node of the op, adds up: R·p·q for each row of b.
func (o BlockPowers) Terms(n *graph.Node) float64 {
	types := make([]graph.Type, len(n.In))
	for i, x := range n.In {
		types[i] = x.Type()
	}
	d, err := o.dims(types)
	if err != nil {
		return 0
	}
	return float64(d.R) * float64(d.p) * float64(d.q) * float64(d.L)
}

// VJP puts the cotangent into the place of the result and takes the gradient by each operand.
func (o BlockPowers) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	all := append(append(append([]*graph.Node{}, n.In[:o.Out]...), dy[0]), n.In[o.Out:]...)
	var out []*graph.Node
	for slot := range all {
		if slot == o.Out {
			continue
		}
		others := append(append([]*graph.Node{}, all[:slot]...), all[slot+1:]...)
		out = append(out, apply(BlockPowers{slot, o.G}, others...))
	}
	return out
}
