package ops

import (
	"fmt"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// How a gradient is used without being stored. A step of AdamW reads p, m, v and g and writes p, m, v:
// with the writing of g eight passes over memory, of which the two of g can go if a tile of the
// gradient is made in cache, used for the same places of p, m and v, and forgotten. For a matrix of 40
// million numbers each pass is 160 MB. Tiles are disjoint, and each is computed by one core in a fixed
// order, so results are the same for any number of them; the arithmetic is that of the two ops one
// after the other.

// TiledStep is a step of [AdamW] whose gradient is the result of Grad, read under p's shape, and is never in memory as a whole:
// p, m, v, step, lr and the operands of Grad → the new p, m and v. A gradient of 40 million numbers is written once and
// read once; left out are those two of the eight times that such a step goes through memory, and the room.
//
// Grad is an op of which [Tiled] is true.
type TiledStep struct {
	Step AdamW
	Grad graph.Op
}

var _ = register(
	Sample{Op: TiledStep{AdamW{0.9, 0.999, 1e-8, 0.01, true}, TrilinearSum{}}, Lo: 0.1, Hi: 3,
		In: append(tiledTypes(1, 24), f64(5, 2), f64(5, 3), f64(5, 4))},
	Sample{Op: TiledStep{AdamW{0.9, 0.99, 1e-6, 0.1, false}, MatMul{TA: true}}, Lo: 0.1, Hi: 3,
		In: append(tiledTypes(4, 6), f64(5, 4), f64(5, 6))},
)

// tiledTypes are p, m, v, the step and the learning rate.
func tiledTypes(dims ...int) []graph.Type { return optimizerTypes(3, dims...) }

// Tiled says whether a [TiledStep] can compute the gradient op tile by tile.
func Tiled(op graph.Op) bool {
	_, expanded := op.(ExpandedGrad)
	return expanded || op == TrilinearSum{} || op == MatMul{TA: true}
}

// HostOnly marks an op of the CPU: what it saves is the way through a cache.
func (o TiledStep) HostOnly() {}

// Name shows both parts.
func (o TiledStep) Name() string {
	if o.Grad == nil {
		return o.Step.Name()
	}
	return o.Step.Name() + "∘" + o.Grad.Name()
}

// firstGrad is the first operand of the gradient.
const firstGrad = 5

// Infer wants what the two ops want, and a gradient as large as p.
func (o TiledStep) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) <= firstGrad || o.Grad == nil || !Tiled(o.Grad) {
		return nil, fmt.Errorf("%d operands; want p, m, v, the step, the learning rate and those of a gradient that has tiles", len(in))
	}
	g, err := o.Grad.Infer(in[firstGrad:])
	if err != nil {
		return nil, err
	}
	p := in[0]
	if g[0].DType != p.DType || g[0].Shape.Size() != p.Shape.Size() || g[0].Shape.Rank() != 2 {
		return nil, fmt.Errorf("the gradient %v has not the size of p %v, or is no matrix", g[0], p)
	}
	return o.Step.Infer([]graph.Type{p, p, in[1], in[2], in[3], in[4]})
}

// Eval evaluates the two ops.
func (o TiledStep) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused is the gradient and the step.
func (o TiledStep) Unfused(in []*graph.Node) []*graph.Node {
	g := ReshapeTo(apply(o.Grad, in[firstGrad:]...), in[0].Shape())
	n := apply(o.Step, in[0], g, in[1], in[2], in[3], in[4])
	return []*graph.Node{n.Result(0), n.Result(1), n.Result(2)}
}

// InPlaceResult says that p, m and v may be written over themselves.
func (o TiledStep) InPlaceResult(result, operand int) bool { return result == operand }

// Kernel computes a tile of the gradient in scratch and takes the step of that tile.
func (o TiledStep) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, tiledRun[float32], tiledRun[float64])
}

// tiling is a matrix that is computed in count tiles, each in parts of at most size numbers. A part of tile t goes to dst,
// with extra numbers of scratch: rows of cols numbers, the first of them at number at of the matrix, and one row ld after the
// other; or no rows. Parts come in their order, and find in scratch what the one before has left there.
//
// A tile may be a block of whole rows (rows 1, cols all of them) or a band of columns, of which every
// row is a stretch of p.
type tiling[T float] struct {
	count, parts, size, extra int
	tile                      func(dst, scratch []T, in [][]T, t, part int) (at, rows, cols, ld int)
	begin                     func(in [][]T) // before the tiles of a run; nil for nothing to do
}

// tilingOf is the tiling of a gradient of operands in.
func tilingOf[T float](op graph.Op, in []graph.Type) tiling[T] {
	switch op := op.(type) {
	case TrilinearSum:
		return trilinearTiling[T](in)
	case ExpandedGrad:
		return expandedTiling[T](op, in)
	}
	return productTiling[T](in)
}

// trilinearTiling cuts into rows of q numbers.
func trilinearTiling[T float](in []graph.Type) tiling[T] {
	d := sumDims(in)
	m := d.tileRows()
	down := (max(1, d.p)-1)/m + 1
	return tiling[T]{d.n * down, 1, m * d.q, d.b * m, func(dst, scratch []T, in [][]T, t, _ int) (at, rows, cols, ld int) {
		i, j := t/down, t%down*m
		cols = min(m, d.p-j)
		outerTile(dst, scratch, in[0], in[1], in[2], d, i, j, cols)
		return (i*d.p + j) * d.q, 1, cols * d.q, cols * d.q
	}, nil}
}

// productTiling cuts aᵀ·b into bands of columns, all rows of each.
//
// A tile of m×w numbers stays below kronBlock, but has 64 columns at least, for the product's sake.
func productTiling[T float](in []graph.Type) tiling[T] {
	k, m, n := in[0].Shape.Dim(0), in[0].Shape.Dim(1), in[1].Shape.Dim(1)
	w := min(max(64, kronBlock/max(1, m)/64*64), max(1, n))
	return tiling[T]{(max(1, n)-1)/w + 1, 1, m * w, 0, func(dst, _ []T, in [][]T, t, _ int) (at, rows, cols, ld int) {
		at = t * w
		cols = min(w, n-at)
		kernels.Gemm(m, cols, k, in[0], 1, m, in[1][at:], n, 1, dst, cols, false)
		return at, m, cols, n
	}, nil}
}

// tiledRun works on p, m and v where they are: results that have other memory get copies first.
func tiledRun[T float](o TiledStep, in, out []graph.Type) Run {
	til := tilingOf[T](o.Grad, in[firstGrad:])
	spare := newSpare(func() *[2][]T { return &[2][]T{make([]T, til.size), make([]T, til.extra)} })
	state, grads := [3][]T{}, make([][]T, len(in)-firstGrad)
	var step kernels.AdamStep
	body := func(lo, hi int) {
		s := spare.get()
		for t := lo; t < hi; t++ {
			for part := range til.parts {
				if at, rows, cols, ld := til.tile(s[0], s[1], grads, t, part); rows > 0 {
					kernels.AdamRows(rows, cols, ld, state[0][at:], s[0][:rows*cols], state[1][at:], state[2][at:], step)
				}
			}
		}
		spare.put(s)
	}
	size := in[0].Shape.Size()
	return func(dst, in []Buffer) {
		if err := checkStep(in[3].I32[0]); err != nil {
			panic(err)
		}
		step = o.Step.at(in[3].I32[0], float64(view[T](in[4])[0]))
		for i := range state {
			state[i] = view[T](dst[i])
			copy(state[i], view[T](in[i]))
		}
		for i := range grads {
			grads[i] = view[T](in[firstGrad+i])
		}
		if til.begin != nil {
			til.begin(grads)
		}
		if size > 0 {
			chunked(til.count, 1, size, body)
		}
	}
}

// at is the step after so many, with a learning rate.
func (o AdamW) at(steps int32, lr float64) kernels.AdamStep {
	return kernels.AdamStep{LR: lr, Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Eps, Decay: o.WeightDecay, Decoupled: o.Decoupled, Step: int(steps) + 1}
}
