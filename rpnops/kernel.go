package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Kernel compares the columns of a matrix two by two.
type Kernel interface {
	// Check says what is wrong with the kernel for columns of k components.
	Check(k int) error
	// Compare builds the matrix (m×m) of the kernel's values for the columns of x (k×m), the first column of a pair by row.
	Compare(s *Scope, x *graph.Node) *graph.Node
}

// Compare is kernel k between the columns of x (k×m) as (m×m), once their length has been checked. Rows are compared by
// their transpose.
func Compare(s *Scope, k Kernel, x *graph.Node) *graph.Node {
	if x.Poisoned() {
		return x
	}
	if x.Shape().Rank() != 2 {
		return s.Fail("rpnops.Compare: x is %v; want a matrix, whose columns are compared", x.Shape())
	}
	if err := k.Check(x.Shape().Dim(0)); err != nil {
		return s.fail(err)
	}
	return k.Compare(s, x)
}

// CompareVectors is kernel k of two vectors of equal length, (1×1).
func CompareVectors(s *Scope, k Kernel, u, v *graph.Node) *graph.Node {
	if u.Poisoned() || v.Poisoned() {
		return ops.Add(u, v)
	}
	n := u.Shape().Size()
	if u.Shape() != v.Shape() || u.Shape().Rank() != 1 {
		return s.Fail("rpnops.CompareVectors: %v and %v; want two vectors of one length", u.Shape(), v.Shape())
	}
	a := Compare(s, k, ops.Join(1, ops.Reshape(u, n, 1), ops.Reshape(v, n, 1)))
	return ops.SliceAxis(ops.SliceAxis(a, 0, 0, 1), 1, 1, 2)
}

// KernelInterdependence relates columns (or rows) by how alike they are:
//
//	A[u, v] = post(k(u, v)),  u, v columns of x̂ = pre(x) on the attribute side, of pre(xᵀ) on the instance side
//
// so A is (m×m), which is its own side, or (b×b). The named interdependences are presets of its kernel, whose parameters
// stand beside its own. There is nothing to train; gradients flow through A into x. Errors: no kernel, sizes other than
// the declared ones, those of the kernel.
type KernelInterdependence struct {
	Declared `yaml:",inline"`
	Kernel   Kernel `yaml:"kernel,inline"`
	Hooks    `yaml:",inline"`
	Legacy   `yaml:",inline"`
}

var (
	_ = Register(Spec[KernelInterdependence]{
		Name: "numerical_kernel_based_interdependence", Equation: "A[u, v] = k(u, v), any kernel k", Params: "0",
		Samples: []KernelInterdependence{{Kernel: LinearKernel{}}, {Kernel: PolynomialKernel{C: 1, D: Some(2.0)}, Declared: instanceSide}},
	})
	_ = Register(Spec[KernelInterdependence]{
		Name: "statistical_kernel_based_interdependence", Equation: "A[u, v] = k(u, v), any kernel k", Params: "0",
		Samples: []KernelInterdependence{{Kernel: PearsonKernel{}}, {Kernel: KLKernel{}, Hooks: Hooks{Pre: []Process{Tanh{}}, Post: []Process{Softmax{}}}}},
	})
)

// kernelSpec says what registration needs to know of a kernel beyond its default.
type kernelSpec[K Kernel] struct {
	name, xi string // of the kernel, and of the interdependence with it; "" where there is none
	aliases  []string
	equation string
	def      K
	samples  []K
	order    int
}

// registerKernel registers a kernel and the interdependence with it, which is tested on both sides. Configurations give
// kernels by name to interdependences that take any.
func registerKernel[K Kernel](k kernelSpec[K]) struct{} {
	if k.samples == nil {
		k.samples = []K{k.def}
	}
	if k.xi != "" {
		xs := []KernelInterdependence{{Kernel: k.samples[0], Declared: instanceSide}}
		for _, x := range k.samples {
			xs = append(xs, KernelInterdependence{Kernel: x})
		}
		Register(Spec[KernelInterdependence]{Name: k.xi, Default: KernelInterdependence{Kernel: k.def},
			Equation: "A[u, v] = " + k.equation, Params: "0", Samples: xs, Order: k.order})
	}
	return Register(Spec[K]{Name: k.name, Aliases: k.aliases, Default: k.def, Equation: "k(u, v) = " + k.equation, Params: "0",
		Samples: k.samples, Order: k.order})
}

// Side is the attribute side unless declared.
func (o KernelInterdependence) Side() Side { return o.Type.Or(Attribute) }

// OutDims keeps the sizes.
func (o KernelInterdependence) OutDims(b, m int) (int, int, error) {
	err := o.Legacy.check("KernelInterdependence", true, false)
	if err == nil {
		err = o.Declared.check(o.Side(), "KernelInterdependence", b, m)
	}
	if err == nil && o.Kernel == nil {
		err = errorf("KernelInterdependence", "no kernel; want one, such as linear_kernel")
	}
	if err == nil {
		err = o.Kernel.Check(b + m - related(o.Side(), b, m)) // the size of the other side
	}
	return b, m, err
}

// NumParams is 0.
func (o KernelInterdependence) NumParams(b, m int) (int, error) { return 0, nil }

// Matrix builds post(k(pre(x))).
func (o KernelInterdependence) Matrix(s *Scope, x, _ *graph.Node) *graph.Node {
	switch {
	case x == nil:
		return s.fail(errorf("KernelInterdependence", "the matrix is computed from data, and there is none"))
	case o.Kernel == nil:
		return s.fail(errorf("KernelInterdependence", "no kernel; want one, such as linear_kernel"))
	}
	return o.post(s, Compare(s.Sub("kernel"), o.Kernel, o.pre(s, x)))
}

// Centering lets a kernel subtract from every column the mean of its components.
type Centering struct {
	Centered bool `yaml:"centered"`
}

// center is x (k×m), or x − x̄.
func (o Centering) center(x *graph.Node) *graph.Node {
	if !o.Centered {
		return x
	}
	return ops.Sub(x, ops.MeanAxis(x, 0))
}

// gram is the matrix of the inner products of columns, xᵀ·x. Kernels that are functions of it alone are as fast as a
// product; those of distances are not made of it, see pairSum.
func gram(x *graph.Node) *graph.Node { return ops.TMatMul(x, x) }

// column is a vector of weights for the components of x (k×m) as (k×1): those given, or one for all.
func column(s *Scope, x *graph.Node, w ...float64) *graph.Node {
	return s.Const(x.Type().Of(x.Shape().Dim(0), 1), w...)
}

// pairSum is Σ_κ f(u_κ, v_κ) for all columns u, v of x, from differences: a distance from products would lose the
// digits that the columns have in common.
func pairSum(s *Scope, x *graph.Node, f ops.PairTerm, w ...float64) *graph.Node {
	if len(w) == 0 {
		w = []float64{1}
	}
	return s.G.Apply(ops.PairSum{F: f}, x, column(s, x, w...), column(s, x, 1))
}
