package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// LinearExpansion multiplies the data with a constant:
//
//	κ(x) = c·x, or preC·x with preC (b×b), or x·postC with postC (m×m);  D = m
//
// Of several the first in this order counts; without any, κ(x) = x. The matrices are constants, not parameters; preC ties
// the model to one number of rows. Errors: a matrix that is not square or does not fit.
type LinearExpansion struct {
	C     Opt[float64] `yaml:"c"`
	PreC  [][]float64  `yaml:"pre_C"`
	PostC [][]float64  `yaml:"post_C"`
	Hooks `yaml:",inline"`
}

var _ = Register(Spec[LinearExpansion]{
	Name: "linear_expansion", Equation: "κ(x) = c·x, preC·x or x·postC,  D = m", Params: "0", Rows: 3, Cols: 2,
	Samples: []LinearExpansion{{}, {C: Some(2.5)}, {PreC: [][]float64{{1, 2, 0}, {0, -1, 0.5}, {3, 1, 1}}},
		{PostC: [][]float64{{1, 2}, {-3, 0.5}}, Hooks: Hooks{Post: []Process{Tanh{}}}}},
})

// OutDim is m; postC must be (m×m).
func (o LinearExpansion) OutDim(m int) (int, error) {
	if !o.C.Set && o.PreC == nil && o.PostC != nil { // otherwise postC is not used
		if err := checkSquare("post_C", o.PostC, m, "columns"); err != nil {
			return 0, err
		}
	}
	return m, nil
}

// checkSquare wants c to be (n×n), n being the number of what x has.
func checkSquare(name string, c [][]float64, n int, what string) error {
	for _, row := range c {
		if len(row) != n || len(c) != n {
			return errorf("LinearExpansion", "%s is %d×%d and x has %d %s; want %d×%d", name, len(c), len(row), n, what, n, n)
		}
	}
	if len(c) == 0 && n > 0 {
		return errorf("LinearExpansion", "%s is empty and x has %d %s; want %d×%d", name, n, what, n, n)
	}
	return nil
}

// Transform builds the product.
func (o LinearExpansion) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	b, m := x.Shape().Dim(0), x.Shape().Dim(-1)
	_, err := o.OutDim(m)
	switch {
	case x.Poisoned():
		return x
	case err != nil:
	case o.C.Set:
		x = ops.Scale(x, o.C.V)
	case o.PreC != nil:
		if err = checkSquare("pre_C", o.PreC, b, "rows"); err == nil {
			x = ops.MatMulN(matrix(s, o.PreC), x)
		}
	case o.PostC != nil:
		x = ops.MatMulN(x, matrix(s, o.PostC))
	}
	if err != nil {
		return s.fail(err)
	}
	return o.post(s, x)
}

// matrix is a square constant.
func matrix(s *Scope, c [][]float64) *graph.Node {
	var flat []float64
	for _, row := range c {
		flat = append(flat, row...)
	}
	return s.Const(s.Type(len(c), len(c)), flat...)
}
