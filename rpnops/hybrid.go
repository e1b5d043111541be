package rpnops

import (
	"reflect"

	"rpnc/graph"
	"rpnc/ops"
)

// Hybrid fuses the matrices of several interdependences into one:
//
//	A = post(fusion(A₁, …, A_k; w_f)),  A_i = ξ_i(x̂; w_i),  x̂ = pre(x), or pre(xᵀ) on the instance side
//
// All functions relate the side that the hybrid does, by itself the attribute side, whatever they were declared for; w
// is w₁, …, w_k, w_f side by side, and the result has as many columns (or rows) as the fusion makes of theirs.
//
// A product with a matrix that is sparse, such as that of a graph, has entries where the sparse one has, so the others are
// needed there alone: scores x·W·xᵀ times a graph are computed on its links. Errors: no functions or no fusion, a
// primed size that was derived from another declared size than that of the data, those of the functions.
type Hybrid struct {
	Declared   `yaml:",inline"`
	Functions  []Interdependence `yaml:"interdependence_functions"`
	Fusion     Fusion            `yaml:"fusion_function"`
	Hooks      `yaml:",inline"`
	CacheFlags `yaml:",inline"`
}

var _ = Register(Spec[Hybrid]{
	Name: "hybrid_interdependence", Equation: "A = fusion(ξ₁(x), …, ξ_k(x))", Params: "Σ lᵢ + l of the fusion", Rows: 4, Cols: 4,
	Samples: []Hybrid{
		{Functions: []Interdependence{Graph{Topology: graphSample}, Bilinear{}}, Fusion: MetricFusion{Metric: Prod}, Declared: instanceSide,
			Hooks: Hooks{Post: []Process{OperatorNormalize{MaskZeros: true, Mode: SoftmaxColumns}}}},
		{Functions: []Interdependence{Parameterized{}, Chain{Length: 4}}, Fusion: MetricFusion{Metric: Sum}},
		{Functions: []Interdependence{Parameterized{MPrime: 3}, KernelInterdependence{Kernel: LinearKernel{}}}, Fusion: ConcatenationFusion{},
			Hooks: Hooks{Pre: []Process{Tanh{}}}},
		{Functions: []Interdependence{KernelInterdependence{Kernel: GaussianKernel{}}}, Fusion: ParameterizedConcatenationFusion{}},
	},
})

// Side is the attribute side unless declared.
func (o Hybrid) Side() Side { return o.Type.Or(Attribute) }

// parts is how the pieces fit for data (b×m).
type parts struct {
	functions []Interdependence // for the hybrid's side, without declared sizes
	lengths   []int             // of their parameters, and those of the fusion
	widths    []int             // of their matrices
	width     int               // of the fused one
}

// parts takes the hybrid apart. All dimension methods ask it, so that they and the matrix cannot disagree.
func (o Hybrid) parts(b, m int) (p parts, err error) {
	if len(o.Functions) == 0 || o.Fusion == nil {
		return p, errorf("Hybrid", "%d functions, fusion %v; want a function or more and a fusion", len(o.Functions), o.Fusion)
	}
	if err := o.check(o.Side(), "Hybrid", b, m); err != nil {
		return p, err
	}
	for i, xi := range o.Functions {
		if xi == nil {
			return p, errorf("Hybrid", "function %d is missing", i)
		}
		if xi, err = redeclared(xi, o.Side(), related(o.Side(), b, m)); err != nil {
			return p, err
		}
		b2, m2, err := xi.OutDims(b, m)
		if err != nil {
			return p, err
		}
		l, err := xi.NumParams(b, m)
		if err != nil {
			return p, err
		}
		p.functions = append(p.functions, xi)
		p.lengths = append(p.lengths, l)
		p.widths = append(p.widths, related(o.Side(), b2, m2))
	}
	l, err := o.Fusion.NumParams(p.widths)
	if err != nil {
		return p, err
	}
	p.lengths = append(p.lengths, l)
	p.width, err = o.Fusion.OutDim(p.widths)
	return p, err
}

// redeclared is ξ for a side of n rows or columns: what it declares about its data is replaced. A primed size that it
// would have derived from a declared one is an error where that was not n. Functions from elsewhere that embed no
// [Declared] stay as they are.
func redeclared(xi Interdependence, side Side, n int) (Interdependence, error) {
	v := reflect.New(reflect.TypeOf(xi)).Elem()
	v.Set(reflect.ValueOf(xi))
	if v.Kind() != reflect.Struct {
		return xi, nil
	}
	at := v.FieldByName("Declared")
	if !at.IsValid() || at.Type() != reflect.TypeFor[Declared]() {
		return xi, nil
	}
	before := at.Interface().(Declared)
	key := "MPrime"
	if side == Instance {
		key = "BPrime"
	}
	if p := v.FieldByName(key); p.IsValid() && p.CanInt() && p.Int() == 0 {
		if k := related(side, before.B, before.M); k > 0 && k != n {
			return nil, errorf("Hybrid", "%s is declared for %d %s, and so makes as many; the data has %d", v.Type().Name(), k, relatedWord(side), n)
		}
	}
	at.Set(reflect.ValueOf(Declared{Type: side}))
	return v.Interface().(Interdependence), nil
}

// OutDims puts the fused width on the related side.
func (o Hybrid) OutDims(b, m int) (int, int, error) {
	p, err := o.parts(b, m)
	if err != nil {
		return 0, 0, err
	}
	return outDims(o.Side(), b, m, p.width)
}

// NumParams is the sum over the functions and the fusion.
func (o Hybrid) NumParams(b, m int) (sum int, err error) {
	p, err := o.parts(b, m)
	for _, l := range p.lengths {
		sum += l
	}
	return sum, err
}

// Matrix builds the matrices and fuses them.
func (o Hybrid) Matrix(s *Scope, x, w *graph.Node) *graph.Node {
	if x == nil {
		return s.fail(errorf("Hybrid", "the size of the matrix comes from data, and there is none"))
	}
	b, m := x.Shape().Dim(0), x.Shape().Dim(1)
	if o.Side() == Instance { // x is transposed
		b, m = m, b
	}
	p, err := o.parts(b, m)
	if err != nil {
		return s.fail(err)
	}
	x = o.pre(s, x)
	cut := cutter{w: w} // parts of w follow each other in the order of the functions
	next := func(l int) *graph.Node {
		if l == 0 {
			return nil
		}
		return cut.next(1, l)
	}
	as := make([]*graph.Node, len(p.functions))
	for i, xi := range p.functions {
		as[i] = xi.Matrix(s.Sub("interdependence_functions").SubN(i), x, next(p.lengths[i]))
		if as[i].Poisoned() {
			return as[i]
		}
	}
	a := sparseProduct(o.Fusion, as)
	if a == nil { // the fusion sees dense matrices: none of the others keeps zeros
		a = o.Fusion.Fuse(s.Sub("fusion_function"), as, next(p.lengths[len(as)]))
	}
	return o.post(s, a)
}

// sparseProduct is the product of matrices of which one at least is sparse, on the pattern with the fewest entries; nil for
// other fusions and where all are dense. Off the pattern the product is 0, whatever the other matrices are there.
func sparseProduct(f Fusion, as []*graph.Node) *graph.Node {
	if m, ok := f.(MetricFusion); !ok || m.Metric != Prod || len(m.Pre) > 0 || len(m.Post) > 0 {
		return nil
	}
	var on *ops.Densify
	for _, a := range as {
		if d, ok := a.Op.(ops.Densify); ok && (on == nil || d.P.NNZ() < on.P.NNZ()) {
			on = &d
		}
	}
	if on == nil {
		return nil
	}
	var y *graph.Node
	for _, a := range as {
		v := a.Graph().Apply(ops.AtPattern{P: on.P}, a)
		if a.Op == graph.Op(*on) {
			v = a.In[0]
		}
		if y == nil {
			y = v
		} else {
			y = ops.Mul(y, v)
		}
	}
	return y.Graph().Apply(*on, y)
}
