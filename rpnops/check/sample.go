package check

import (
	"errors"
	"fmt"
	"math"

	"rpnc/graph"
	"rpnc/graph/gradcheck"
	"rpnc/ops"
	"rpnc/rpnops"
)

// What is checked how often. Shapes are cheap, so they are checked at every size in every mode. Values
// and gradients cost evaluations (a gradient of n numbers takes 4n of them), so they are checked at
// the first size that all modes accept, and in float64 alone: differences of float32 numbers have too
// few digits to tell a wrong rule from rounding. That kernels agree with the oracles in float32 is for
// the tests of the kernels.

// mode is how a graph is built. Functions must build in all of them: a norm has other nodes in training, and a constant
// of a fixed element type shows only in the other one.
type mode struct {
	train bool
	dtype graph.DType
}

func (m mode) String() string {
	if m.train {
		return "training in " + m.dtype.String()
	}
	return "evaluation in " + m.dtype.String()
}

var modes = []mode{{true, graph.F64}, {true, graph.F32}, {false, graph.F64}, {false, graph.F32}}

func (m mode) scope(g *graph.Graph) *rpnops.Scope {
	s := rpnops.NewScope(g, m.train, m.dtype)
	s.Seed = 7
	return s
}

// sample checks one setting of the function at all sizes, and its values and gradient at the first that it accepts. It
// stops at the first finding: others would be the same in another size or mode.
func (v *verifier) sample(f any) error {
	if p, ok := f.(rpnops.Patch); ok {
		return checkPatch(p)
	}
	var accepted []size
	for _, z := range sizesOf(v.entry) {
		all := true
		for _, m := range modes {
			fits, err := v.shape(f, z, m)
			if err != nil {
				return fmt.Errorf("%v, %v: %w", z, m, err)
			}
			all = all && fits
		}
		if all {
			accepted = append(accepted, z)
		}
	}
	if len(accepted) == 0 {
		return fmt.Errorf("no size is accepted; tried %v", sizesOf(v.entry))
	}
	z := accepted[0]
	for _, m := range modes {
		if m.dtype != graph.F64 {
			continue
		}
		if err := v.values(f, z, m); err != nil {
			return fmt.Errorf("%v, %v: %w", z, m, err)
		}
		if err := v.gradient(f, z, m); err != nil {
			return fmt.Errorf("%v, %v: %w", z, m, err)
		}
		if v.entry.Family != rpnops.Processes {
			break // the others differ in training only by the processes that they run
		}
	}
	return nil
}

// shape compares what is built with what is promised. It says whether the function accepts the size.
//
// There are four cases. The dimension methods and building agree that all is well: then types must
// fit. They agree that it is not: the size is refused, which is no finding. Either alone has an error:
// a finding. Processes have no dimension methods, so what their building says is all there is.
//
// The second build in the same graph must give the same node. Nodes are shared by equality, so another
// node means that a name or a random stream counts what was built before; training and evaluation of
// one model would then disagree about parameters.
func (v *verifier) shape(f any, z size, m mode) (fits bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			fits, err = false, fmt.Errorf("panic: %v", p)
		}
	}()
	g := graph.New()
	r := build(m.scope(g), f, z)
	switch {
	case r.err != nil && g.Err() == nil:
		return false, fmt.Errorf("the dimension methods say %q, but building succeeds", r.err)
	case r.err != nil || g.Err() != nil && v.entry.Family == rpnops.Processes: // which have no dimension methods
		return false, nil
	case g.Err() != nil:
		return false, fmt.Errorf("the dimension methods promise %v, but building fails: %w", r.promise, g.Err())
	case r.y == nil && r.wider:
		return true, nil
	case r.y == nil:
		return false, errors.New("the result is nil")
	case r.y.DType() != m.dtype || !r.fits():
		return false, fmt.Errorf("the result is %v; the dimension methods promise %v of %v", r.y.Type(), r.promise, m.dtype)
	case build(m.scope(g), f, z).y != r.y: // a fresh scope: streams count from the start again
		return false, errors.New("building twice gives two nodes; names, streams and constants must not depend on what was built before")
	}
	return true, nil
}

// fits says whether the result has the shape that was promised, or broadcasts to it where that is enough.
func (r built) fits() bool {
	if !r.wider {
		return r.y.Shape() == r.promise
	}
	s, ok := ops.BroadcastShapes(r.y.Shape(), r.promise)
	return ok && s == r.promise
}

// values evaluates the result on the entry's range and wants finite numbers.
//
// Inputs and parameters are drawn alike from the entry's range, by name; states start as they are
// declared. A NaN here would make the comparison of gradients meaningless, so this comes first.
func (v *verifier) values(f any, z size, m mode) error {
	g := graph.New()
	y := build(m.scope(g), f, z).y
	if y == nil {
		return nil
	}
	lo, hi := v.domain()
	leaves := graph.Leaves{}
	for _, kind := range []graph.LeafKind{graph.InputLeaf, graph.ParamLeaf} {
		for _, n := range g.Leaves(kind) {
			l, _ := n.Leaf()
			leaves[l.Path] = graph.Uniform(lo, hi).Tensor(n.Type(), 1, l.Path)
		}
	}
	leaves.Fill(g, 1)
	val, err := graph.Run(g, leaves, y)
	if err != nil {
		return err
	}
	for i, x := range val.Of(y).F {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("element %d of the result is %v on data in %v…%v", i, x, lo, hi)
		}
	}
	return nil
}

// −1…1 is what normalised data look like; entries with poles or kinks there name a range of their own.
func (v *verifier) domain() (lo, hi float64) {
	if v.entry.Lo == 0 && v.entry.Hi == 0 {
		return -1, 1
	}
	return v.entry.Lo, v.entry.Hi
}

// gradient compares gradients with differences, unless there is nothing to differentiate. Frozen tensors count as
// variables, too: that their gradients are right costs nothing and helps whoever unfreezes one.
func (v *verifier) gradient(f any, z size, m mode) error {
	if v.entry.Order < 1 {
		return nil
	}
	g := graph.New()
	if y := build(m.scope(g), f, z).y; y == nil || !dependsOnLeaf(y) {
		return nil
	}
	lo, hi := v.domain()
	r, err := gradcheck.Check(func(g *graph.Graph) *graph.Node { return build(m.scope(g), f, z).y },
		gradcheck.Options{Order: v.entry.Order, Lo: lo, Hi: hi, Seed: 1})
	v.gradients.Merge(r)
	return err
}

// dependsOnLeaf says whether y is more than a constant.
func dependsOnLeaf(y *graph.Node) bool {
	if _, leaf := y.Leaf(); leaf {
		return y.DType().IsFloat()
	}
	for _, x := range y.In {
		if dependsOnLeaf(x) {
			return true
		}
	}
	return false
}

// checkPatch wants a patch to have cells, each once, and distances.
func checkPatch(p rpnops.Patch) error {
	cells, err := p.Offsets()
	if err != nil {
		return err
	}
	seen := map[rpnops.Cell]bool{}
	for _, c := range cells {
		if seen[c] {
			return fmt.Errorf("cell %v comes twice", c)
		}
		seen[c] = true
	}
	if len(cells) == 0 {
		return errors.New("no cells")
	}
	_, err = p.Distances("")
	return err
}
