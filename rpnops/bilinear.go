package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Bilinear is the interdependence
//
//	A = post(x̂ᵀ·ψ(w)·x̂),  x̂ = pre(xᵀ) (m×b) on the instance side, pre(x) (b×m) on the attribute side
//
// so A is (b×b) from ψ(w) (m×m), or (m×m) from ψ(w) (b×b). By itself it relates instances: with a softmax after it, that
// is attention between the rows of a batch. ψ is chosen as in [Parameterized]; a factored one stays factored, and products
// are left to the compiler to order, since x̂ᵀ·(U·V)·x̂ costs b(m+b)r from outside and b(m+b)m from inside.
//
// On the instance side any number of rows will do; on the attribute side the rows are the size of ψ(w), so a model with it
// is trained and used with one batch size. Errors: sizes other than the declared ones, those of ψ.
type Bilinear struct {
	Declared  `yaml:",inline"`
	Reconcile Reconciliation `yaml:"parameter_fabrication,inline"`
	Hooks     `yaml:",inline"`
	Legacy    `yaml:",inline"`
}

var (
	_ = Register(Spec[Bilinear]{
		Name: "parameterized_bilinear_interdependence", Equation: "A = x̂ᵀ·W·x̂,  x̂ = xᵀ or x", Params: "d², d = m or b",
		Samples: []Bilinear{{}, {Declared: Declared{Type: Attribute}}, {Hooks: Hooks{Pre: []Process{Tanh{}}, Post: []Process{Softmax{}}}}},
	})
	_ = Register(Spec[Bilinear]{
		Name: "lowrank_parameterized_bilinear_interdependence", Default: Bilinear{Reconcile: LoRR{R: 2}},
		Equation: "A = x̂ᵀ·(U·V)·x̂,  U (d×r), V (r×d)", Params: "2rd, d = m or b",
		Samples: []Bilinear{{Reconcile: LoRR{R: 2}}, {Reconcile: LoRR{R: 1}, Declared: Declared{Type: Attribute}}},
	})
	_ = Register(Spec[Bilinear]{
		Name: "hm_parameterized_bilinear_interdependence", Default: Bilinear{Reconcile: HM{}},
		Equation: "A = x̂ᵀ·W·x̂,  vec W = vec P ⊗ vec Q", Params: "pq + d²/(pq), d = m or b",
		Samples: []Bilinear{{Reconcile: HM{Blocks: Blocks{P: 2}}}, {Reconcile: HM{Blocks: Blocks{P: 2, Q: 1}}}},
	})
	_ = Register(Spec[Bilinear]{
		Name: "lphm_parameterized_bilinear_interdependence", Default: Bilinear{Reconcile: LPHM{R: 2}},
		Equation: "A = x̂ᵀ·W·x̂,  vec W = vec P ⊗ vec(S·T)", Params: "pq + r(d/p + d/q), d = m or b",
		Samples: []Bilinear{{Reconcile: LPHM{Blocks: Blocks{P: 2}}}},
	})
	_ = Register(Spec[Bilinear]{
		Name: "dual_lphm_parameterized_bilinear_interdependence", Default: Bilinear{Reconcile: DualLPHM{R: 2}},
		Equation: "A = x̂ᵀ·W·x̂,  vec W = vec(P·Q) ⊗ vec(S·T)", Params: "r(p + q + d/p + d/q), d = m or b",
		Samples: []Bilinear{{Reconcile: DualLPHM{Blocks: Blocks{P: 2}}}},
	})
	_ = Register(Spec[Bilinear]{
		Name: "random_matrix_adaption_parameterized_bilinear_interdependence", Default: Bilinear{Reconcile: RandomMatrixAdaption{R: 2}},
		Equation: "A = x̂ᵀ·W·x̂,  W = diag(λ₁)·P·diag(λ₂)·Qᵀ", Params: "d + r, d = m or b",
		Samples: []Bilinear{{Reconcile: RandomMatrixAdaption{}}},
	})
)

// Side is the instance side unless declared.
func (o Bilinear) Side() Side { return o.Type.Or(Instance) }

// inner is the side whose size is that of W, and the only one that may be declared: the other one is free.
func (o Bilinear) inner() Side {
	if o.Side() == Instance {
		return Attribute
	}
	return Instance
}

// fabricator checks the declarations and answers with ψ.
func (o Bilinear) fabricator(b, m int) (Reconciliation, error) {
	if err := o.Legacy.check("Bilinear", true, true); err != nil {
		return nil, err
	}
	if err := o.Declared.check(o.inner(), "Bilinear", b, m); err != nil {
		return nil, err
	}
	return fabricator("Bilinear", o.Reconcile)
}

// OutDims keeps the sizes.
func (o Bilinear) OutDims(b, m int) (int, int, error) {
	_, err := o.fabricator(b, m)
	return b, m, err
}

// NumParams is that of ψ for W.
func (o Bilinear) NumParams(b, m int) (int, error) {
	psi, err := o.fabricator(b, m)
	if err != nil {
		return 0, err
	}
	d := related(o.inner(), b, m)
	return psi.NumParams(d, d)
}

// Matrix builds post(x̂ᵀ·ψ(w)·x̂).
func (o Bilinear) Matrix(s *Scope, x, w *graph.Node) *graph.Node {
	if x == nil {
		return s.fail(errorf("Bilinear", "the matrix is computed from data, and there is none"))
	}
	x = o.pre(s, x)
	d := x.Shape().Dim(0) // x̂ is (d×·) on either side, because x arrives transposed on the instance side
	psi, err := o.fabricator(d, d)
	if err != nil {
		return s.fail(err)
	}
	a := ops.TMatMul(x, Fabricate(s.Sub("parameter_fabrication"), psi, w, d, d))
	return o.post(s, ops.MatMulN(a, x))
}
