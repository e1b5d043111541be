package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// DuplicatedPadding repeats the parameters:
//
//	vec ψ(w) = [w, w, …, w], pq times,  l = (n/p)(D/q)
//
// It is [HM] with a first factor of ones: a repetition of the flat sequence, so blocks of ψ(w) are copies of each other only
// where n/p rows of it hold whole copies. Errors: p does not divide n, q does not divide D.
type DuplicatedPadding struct {
	P          int `yaml:"p" rpn:"min=1"` // 0 means 2
	Q          int `yaml:"q" rpn:"min=1"` // 0 means p
	BiasOption `yaml:",inline"`
}

// DuplicatedDiagonalPadding puts the parameters on a block diagonal:
//
//	ψ(w)[i, i·l+k] = w[k],  else 0,  l = D/n
//
// It is a sparse matrix, and only entries on the blocks are ever computed. p and q may only be n, because n copies of w
// must be as many columns as there are. Errors: n does not divide D.
type DuplicatedDiagonalPadding struct {
	P          int `yaml:"p" rpn:"min=1"` // 0 means n
	Q          int `yaml:"q" rpn:"min=1"` // 0 means n
	BiasOption `yaml:",inline"`
}

var (
	_ = Register(Spec[DuplicatedPadding]{
		Name: "duplicated_padding_reconciliation", Equation: "vec ψ(w) = [w, …, w], pq times", Params: "nD/(pq)",
		Samples: []DuplicatedPadding{{}, {P: 2, Q: 3}, {P: 1, Q: 2}},
	})
	_ = Register(Spec[DuplicatedDiagonalPadding]{
		Name: "duplicated_diagonal_padding_reconciliation", Equation: "ψ(w) = diag(w, …, w), n blocks (1×D/n)", Params: "D/n",
	})
)

// factors are those of the blocks, where a p that is not given is 2, whatever divides n, and a q that is not given
// is p: an odd n is an error then.
func (o DuplicatedPadding) factors(n, D int) (factors, error) {
	b := Blocks{P: o.P, Q: o.Q}
	if b.P == 0 {
		b.P = 2
	}
	if b.Q == 0 {
		b.Q = b.P
	}
	return b.factors("DuplicatedPadding", n, D)
}

// NumParams is (n/p)(D/q).
func (o DuplicatedPadding) NumParams(n, D int) (int, error) {
	f, err := o.factors(n, D)
	return f.s * f.t, err
}

// Reconcile repeats w.
func (o DuplicatedPadding) Reconcile(s *Scope, w *graph.Node, n, D int) *graph.Node {
	f, err := o.factors(n, D)
	if err != nil {
		return s.fail(err)
	}
	l := f.s * f.t
	return ops.Reshape(ops.BroadcastTo(ops.Reshape(w, 1, l), graph.Sh(f.p*f.q, l)), n, D)
}

// NumParams is D/n.
func (o DuplicatedDiagonalPadding) NumParams(n, D int) (int, error) {
	switch {
	case o.P != 0 && o.P != n || o.Q != 0 && o.Q != n:
		return 0, errorf("DuplicatedDiagonalPadding", "p = %d, q = %d for n = %d; want n for both, or nothing", o.P, o.Q, n)
	case n == 0 || D%n != 0:
		return 0, errorf("DuplicatedDiagonalPadding", "n = %d does not divide D = %d; want a multiple of n", n, D)
	}
	return D / n, atMost("DuplicatedDiagonalPadding", "D", D, mostPlaces)
}

// Reconcile writes w once a row.
func (o DuplicatedDiagonalPadding) Reconcile(s *Scope, w *graph.Node, n, D int) *graph.Node {
	l, err := o.NumParams(n, D)
	if err != nil {
		return s.fail(err)
	}
	ptr, col := make([]int32, n+1), make([]int32, n*l)
	for i := range n {
		ptr[i+1] = int32((i + 1) * l)
	}
	for j := range col {
		col[j] = int32(j)
	}
	rows := ops.Reshape(ops.BroadcastTo(ops.Reshape(w, 1, l), graph.Sh(n, l)), n*l)
	return s.G.Apply(ops.Densify{P: ops.Pattern{Rows: n, Cols: D, Ptr: graph.NewIndex(ptr...), Col: graph.NewIndex(col...)}}, rows)
}
