package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// RPNParameterized is the interdependence whose matrix is an RPN function of the data:
//
//	A = post(κ(x̂ᵀ)·ψ(w)ᵀ),  x̂ = pre(x) on the attribute side, pre(xᵀ) on the instance side
//
// so κ expands columns (b numbers each) into A (m×m′), or rows (m numbers each) into A (b×b′). m′ and b′ default to m and
// b. It is a head within a head: what relates the data is itself learned as ⟨κ, ψ⟩. Tensors of κ and ψ are in the scopes
// data_transformation and parameter_fabrication.
//
// On the attribute side D depends on the number of rows, on the instance side b′ does unless it is given; both declared
// sizes are therefore checked on both sides. Errors: no κ or ψ, sizes other than the declared ones, those of κ and ψ.
type RPNParameterized struct {
	Declared  `yaml:",inline"`
	BPrime    int            `yaml:"b_prime" rpn:"min=1"`
	MPrime    int            `yaml:"m_prime" rpn:"min=1"`
	Transform Transformation `yaml:"data_transformation"`
	Reconcile Reconciliation `yaml:"parameter_fabrication"`
	Hooks     `yaml:",inline"`
	Legacy    `yaml:",inline"`
}

var _ = Register(Spec[RPNParameterized]{
	Name: "parameterized_rpn_interdependence", Equation: "A = κ(xᵀ)·ψ(w)ᵀ or κ(x)·ψ(w)ᵀ", Params: "those of ψ (m′×D) or (b′×D)",
	Samples: []RPNParameterized{
		{Transform: IdentityExpansion{}, Reconcile: IdentityReconciliation{}},
		{Transform: Taylor{}, Reconcile: LoRR{}, MPrime: 3},
		{Transform: Taylor{}, Reconcile: IdentityReconciliation{}, Declared: Declared{Type: Instance}, BPrime: 2},
	},
})

// Side is the attribute side unless declared.
func (o RPNParameterized) Side() Side { return o.Type.Or(Attribute) }

// size is that of ψ(w): a row for every column of A, a column for every number that κ makes.
func (o RPNParameterized) size(b, m int) (prime, D int, err error) {
	if o.Transform == nil || o.Reconcile == nil {
		return 0, 0, errorf("RPNParameterized", "data_transformation or parameter_fabrication is not given; want both")
	}
	if err = o.Legacy.check("RPNParameterized", true, true); err != nil {
		return 0, 0, err
	}
	for _, side := range []Side{Attribute, Instance} {
		if err = o.Declared.check(side, "RPNParameterized", b, m); err != nil {
			return 0, 0, err
		}
	}
	prime, width := o.MPrime, b
	if o.Side() == Instance {
		prime, width = o.BPrime, m
	}
	if prime == 0 {
		prime = related(o.Side(), b, m)
	}
	if err = atMost("RPNParameterized", "the primed size", prime, mostWide); err != nil {
		return 0, 0, err
	}
	D, err = o.Transform.OutDim(width)
	return prime, D, err
}

// OutDims puts b′ or m′ on the related side.
func (o RPNParameterized) OutDims(b, m int) (int, int, error) {
	prime, _, err := o.size(b, m)
	if err != nil {
		return 0, 0, err
	}
	return outDims(o.Side(), b, m, prime)
}

// NumParams is that of ψ.
func (o RPNParameterized) NumParams(b, m int) (int, error) {
	prime, D, err := o.size(b, m)
	if err != nil {
		return 0, err
	}
	return o.Reconcile.NumParams(prime, D)
}

// Matrix builds post(κ(x̂ᵀ)·ψ(w)ᵀ).
func (o RPNParameterized) Matrix(s *Scope, x, w *graph.Node) *graph.Node {
	if x == nil {
		return s.fail(errorf("RPNParameterized", "the matrix is computed from data, and there is none"))
	}
	x = o.pre(s, x)
	b, m := x.Shape().Dim(0), x.Shape().Dim(1)
	if o.Side() == Instance { // x is transposed
		b, m = m, b
	}
	prime, D, err := o.size(b, m)
	if err != nil {
		return s.fail(err)
	}
	k := o.Transform.Transform(s.Sub("data_transformation"), ops.Transpose(x))
	return o.post(s, ops.MatMulT(k, Fabricate(s.Sub("parameter_fabrication"), o.Reconcile, w, prime, D)))
}
