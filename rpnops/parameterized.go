package rpnops

import "rpnc/graph"

// Parameterized is an interdependence whose matrix is made of parameters alone:
//
//	A = post(ψ(w)),  ψ(w) (m×m′) on the attribute side, (b×b′) on the instance side
//
// m′ and b′ default to m and b. Without Reconcile A is w read row by row; hm, lphm and dual_lphm need p, and q is p
// where it is not given. The data is never read, only its size, so A is the same for every batch, and on the instance
// side the number of rows is fixed by the number of parameters. The result has m′ columns, or b′ rows: A's columns are
// what comes out on either side. Random matrices of ψ are tensors of the scope parameter_fabrication.
//
// Errors: sizes other than the declared ones, those of ψ.
type Parameterized struct {
	Declared  `yaml:",inline"`
	BPrime    int            `yaml:"b_prime" rpn:"min=1"`
	MPrime    int            `yaml:"m_prime" rpn:"min=1"`
	Reconcile Reconciliation `yaml:"parameter_fabrication,inline"`
	Hooks     `yaml:",inline"`
	Legacy    `yaml:",inline"`
}

var (
	_ = Register(Spec[Parameterized]{
		Name: "parameterized_interdependence", Equation: "A = ψ(w),  (m×m′) or (b×b′)", Params: "dd′, d = m or b",
		Samples: []Parameterized{{}, {Declared: Declared{M: 4}, MPrime: 3}, {Declared: Declared{Type: Instance}, BPrime: 2},
			{Hooks: Hooks{Post: []Process{Tanh{}}}}},
		Cols: 4,
	})
	_ = Register(Spec[Parameterized]{
		Name: "lowrank_parameterized_interdependence", Default: Parameterized{Reconcile: LoRR{R: 2}},
		Equation: "A = U·V,  U (d×r), V (r×d′)", Params: "r(d+d′), d = m or b",
		Samples: []Parameterized{{Reconcile: LoRR{R: 2}}, {Reconcile: LoRR{R: 1}, Declared: Declared{Type: Instance}, BPrime: 2}},
	})
	_ = Register(Spec[Parameterized]{
		Name: "hm_parameterized_interdependence", Default: Parameterized{Reconcile: HM{}},
		Equation: "vec A = vec P ⊗ vec Q", Params: "pq + dd′/(pq), d = m or b",
		Samples: []Parameterized{{Reconcile: HM{Blocks: Blocks{P: 2}}}, {Reconcile: HM{Blocks: Blocks{P: 1, Q: 2}}, MPrime: 6}},
	})
	_ = Register(Spec[Parameterized]{
		Name: "lphm_parameterized_interdependence", Default: Parameterized{Reconcile: LPHM{R: 2}},
		Equation: "vec A = vec P ⊗ vec(S·T)", Params: "pq + r(d/p + d′/q), d = m or b",
		Samples: []Parameterized{{Reconcile: LPHM{Blocks: Blocks{P: 2}, R: 1}},
			{Reconcile: LPHM{Blocks: Blocks{P: 2}}, Declared: Declared{Type: Instance}}},
	})
	_ = Register(Spec[Parameterized]{
		Name: "dual_lphm_parameterized_interdependence", Default: Parameterized{Reconcile: DualLPHM{R: 2}},
		Equation: "vec A = vec(P·Q) ⊗ vec(S·T)", Params: "r(p + q + d/p + d′/q), d = m or b",
		Samples: []Parameterized{{Reconcile: DualLPHM{Blocks: Blocks{P: 2}, R: 1}}, {Reconcile: DualLPHM{Blocks: Blocks{P: 2, Q: 3}}, MPrime: 3}},
	})
	_ = Register(Spec[Parameterized]{
		Name: "random_matrix_adaption_parameterized_interdependence", Default: Parameterized{Reconcile: RandomMatrixAdaption{R: 2}},
		Equation: "A = diag(λ₁)·P·diag(λ₂)·Qᵀ,  P, Q random", Params: "d + r, d = m or b",
		Samples: []Parameterized{{Reconcile: RandomMatrixAdaption{}}},
	})
)

// Side is the attribute side unless declared.
func (o Parameterized) Side() Side { return o.Type.Or(Attribute) }

// size is that of A for a related side of size d, and its ψ.
func (o Parameterized) size(b, m int) (d, prime int, psi Reconciliation, err error) {
	if err = o.Legacy.check("Parameterized", false, true); err == nil {
		err = o.Declared.check(o.Side(), "Parameterized", b, m)
	}
	if err != nil {
		return 0, 0, nil, err
	}
	d, prime = related(o.Side(), b, m), related(o.Side(), o.BPrime, o.MPrime)
	if prime == 0 {
		prime = d
	}
	if err = atMost("Parameterized", "the primed size", prime, mostWide); err != nil {
		return 0, 0, nil, err
	}
	psi, err = fabricator("Parameterized", o.Reconcile)
	return d, prime, psi, err
}

// OutDims puts b′ or m′ on the related side.
func (o Parameterized) OutDims(b, m int) (int, int, error) {
	_, prime, _, err := o.size(b, m)
	if err != nil {
		return 0, 0, err
	}
	return outDims(o.Side(), b, m, prime)
}

// NumParams is that of ψ for A's size.
func (o Parameterized) NumParams(b, m int) (int, error) {
	d, prime, psi, err := o.size(b, m)
	if err != nil {
		return 0, err
	}
	return psi.NumParams(d, prime)
}

// Matrix builds post(ψ(w)). Where x is nil, A has the declared size.
func (o Parameterized) Matrix(s *Scope, x, w *graph.Node) *graph.Node {
	at := related(o.Side(), o.B, o.M) // columns are what is related, also of an x that arrives transposed
	if x != nil {
		at = x.Shape().Dim(-1)
	}
	d, prime, psi, err := o.size(at, at)
	if err != nil {
		return s.fail(err)
	}
	return o.post(s, Fabricate(s.Sub("parameter_fabrication"), psi, w, d, prime))
}
