package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Powers by repeated Kronecker products: block i has all mⁱ products of i columns, in an order in which
// the last factor runs fastest. That order is what makes the expansion contract: block i times a matrix
// (n×mⁱ) is a chain of small products, and the compiler uses it where D columns would not fit into a
// cache.

// Taylor is the Taylor expansion of order d:
//
//	κ(x|d) = [P₁(x), …, P_d(x)],  P₁ = x,  Pᵢ₊₁ = Pᵢ ⊗ x,  x (b×m) → (b×D), D = Σᵢ₌₁…d mⁱ
//
// with ⊗ the row-wise Kronecker product, left factor slow; duplicate monomials are kept. Errors: d < 1, D ≥ 2³¹.
type Taylor struct {
	D     int `yaml:"d" rpn:"min=1"` // order; 0 means 2
	Hooks `yaml:",inline"`
}

var _ = Register(Spec[Taylor]{
	Name: "taylor_expansion", Default: Taylor{D: 2},
	Equation: "κ(x) = [x, x⊗x, …, x⊗…⊗x],  D = Σ mⁱ, i = 1…d", Params: "0",
	Samples: []Taylor{{D: 1}, {D: 2}, {D: 3}, {D: 2, Hooks: Hooks{Pre: []Process{Tanh{}}}}},
})

// order is d, or its default.
func (t Taylor) order() int {
	if t.D == 0 {
		return 2
	}
	return t.D
}

// OutDim is D = Σᵢ₌₁…d mⁱ.
//
// The check after each factor keeps the power within an int.
func (t Taylor) OutDim(m int) (int, error) {
	if t.order() < 1 {
		return 0, errorf("Taylor", "order d = %d; want 1 or more", t.D)
	}
	if err := atMost("Taylor", "order d", t.order(), mostTerms); err != nil {
		return 0, err
	}
	sum, power := 0, 1
	for range t.order() {
		if power *= m; power > 1<<31 {
			return 0, errorf("Taylor", "order %d of %d columns has over 2³¹ monomials; want a lower order or fewer columns", t.order(), m)
		}
		sum += power
	}
	return sum, nil
}

// Transform builds the blocks one from another.
//
// Block i+1 is (b×mⁱ×1)·(b×1×m), broadcast and flattened.
func (t Taylor) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = t.pre(s, x)
	b, m := x.Shape().Dim(0), x.Shape().Dim(1)
	if _, err := t.OutDim(m); err != nil {
		return s.fail(err)
	}
	blocks := []*graph.Node{x}
	for p, k := x, m; len(blocks) < t.order(); {
		k *= m
		p = ops.Reshape(ops.Mul(ops.Reshape(p, b, k/max(1, m), 1), ops.Reshape(x, b, 1, m)), b, k)
		blocks = append(blocks, p)
	}
	return t.post(s, ops.Join(-1, blocks...))
}
