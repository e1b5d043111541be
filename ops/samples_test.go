package ops_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/graph/gradcheck"
	"rpnc/ops"
)

// Every op is tested by its samples: gradients, shape rule, oracle. A type with an Eval method and no sample fails.

func TestEveryOpHasASample(t *testing.T) {
	have := map[string]bool{}
	for _, s := range ops.Samples() {
		have[strings.TrimPrefix(fmt.Sprintf("%T", s.Op), "ops.")] = true
	}
	seen := 0
	for _, name := range typesWithEval(t) {
		seen++
		if !have[name] {
			t.Errorf("%s has an Eval method and no sample: add one with register", name)
		}
	}
	if seen < 20 {
		t.Errorf("found %d ops in the sources; the search must be broken", seen)
	}
}

// typesWithEval lists the receivers of the Eval methods in the package's sources.
func typesWithEval(t *testing.T) (names []string) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			m, ok := d.(*ast.FuncDecl)
			if !ok || m.Name.Name != "Eval" || m.Recv == nil {
				continue
			}
			recv := m.Recv.List[0].Type
			if p, ok := recv.(*ast.StarExpr); ok {
				recv = p.X
			}
			names = append(names, recv.(*ast.Ident).Name)
		}
	}
	return names
}

// each runs f for every sample in a subtest of its own.
func each(t *testing.T, f func(t *testing.T, s ops.Sample)) {
	for _, s := range ops.Samples() {
		t.Run(fmt.Sprintf("%s%v", s.Op.Name(), s.In), func(t *testing.T) { f(t, s) })
	}
}

// build applies a sample's op to inputs.
func build(s ops.Sample, in []graph.Type) (*graph.Graph, []*graph.Node, *graph.Node) {
	g := graph.New()
	xs := make([]*graph.Node, len(in))
	for i, t := range in {
		xs[i] = g.Input(fmt.Sprint("in", i), t)
	}
	return g, xs, g.Apply(s.Op, xs...)
}

// operands draws the operands of a sample.
func operands(s ops.Sample, in []graph.Type) []*graph.Tensor {
	lo, hi := s.Lo, s.Hi
	if lo == 0 && hi == 0 {
		lo, hi = -1, 1
	}
	out := make([]*graph.Tensor, len(in))
	for i, t := range in {
		r := graph.Uniform(lo, hi)
		if t.DType == graph.I32 {
			r = graph.Uniform(0, math.Max(1, s.Hi))
		}
		out[i] = r.Tensor(t, 11, fmt.Sprint("in", i))
	}
	return out
}

func TestGradients(t *testing.T) {
	each(t, func(t *testing.T, s ops.Sample) {
		if s.Order == 0 {
			return
		}
		o := gradcheck.Options{Order: s.Order, Lo: s.Lo, Hi: s.Hi, Ints: int(s.Hi)}
		r, err := gradcheck.Op(s.Op, s.In, o)
		if err != nil {
			t.Error(err)
		}
		if r.Cases == 0 {
			t.Error("nothing compared")
		}
	})
}

// An op that claims no gradient must have none: its VJP answers nil, or it is constant where its samples lie.
func TestOpsWithoutOrderHaveNoGradient(t *testing.T) {
	each(t, func(t *testing.T, s ops.Sample) {
		if s.Order > 0 {
			return
		}
		if _, ok := s.Op.(graph.Differentiable); !ok {
			return
		}
		if _, err := gradcheck.Op(s.Op, s.In, gradcheck.Options{Lo: s.Lo, Hi: s.Hi}); err != nil {
			t.Error(err)
		}
	})
}

func TestShapeRuleIsWhatEvalFills(t *testing.T) {
	each(t, func(t *testing.T, s ops.Sample) {
		g, _, y := build(s, s.In)
		if err := graph.Verify(g); err != nil {
			t.Fatal(err)
		}
		in := operands(s, s.In)
		before := clones(in)
		once, err := graph.EvalOp(s.Op, y.Types, in)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := graph.EvalOp(s.Op, y.Types, in)
		if !reflect.DeepEqual(once, again) {
			t.Error("two evaluations of the same operands differ")
		}
		if !reflect.DeepEqual(in, before) {
			t.Error("Eval has written to its operands")
		}
		for i, r := range once {
			if r.Type != y.Types[i] || len(r.F)+len(r.I) != y.Types[i].Shape.Size() {
				t.Errorf("result %d is %v of %d elements, Infer says %v", i, r.Type, len(r.F)+len(r.I), y.Types[i])
			}
			for _, v := range r.F {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Errorf("result %d has an entry %v", i, v)
				}
			}
		}
	})
}

func clones(ts []*graph.Tensor) []*graph.Tensor {
	out := make([]*graph.Tensor, len(ts))
	for i, t := range ts {
		out[i] = t.Clone()
	}
	return out
}

func TestEqualOpsAreOneNode(t *testing.T) {
	each(t, func(t *testing.T, s ops.Sample) {
		g, xs, y := build(s, s.In)
		if g.Apply(s.Op, xs...) != y {
			t.Error("the second application is another node")
		}
		if s.Op.Name() == "" {
			t.Error("no name")
		}
	})
}

// accepts says whether an op takes the operands, and that it neither panics nor takes what its Eval cannot read.
func accepts(t *testing.T, s ops.Sample, in []graph.Type) bool {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s on %v panics: %v", s.Op.Name(), in, p)
		}
	}()
	g, _, y := build(s, in)
	if g.Err() != nil {
		return false
	}
	if _, err := graph.EvalOp(s.Op, y.Types, operands(s, in)); err != nil && len(in) == len(s.In) {
		t.Logf("%s on %v: %v", s.Op.Name(), in, err) // a value that does not fit, such as a label
	}
	return true
}

func TestWrongOperandCountsAreRejected(t *testing.T) {
	each(t, func(t *testing.T, s ops.Sample) {
		if _, variadic := s.Op.(ops.Concat); variadic {
			if accepts(t, s, nil) {
				t.Error("nothing to join, and no complaint")
			}
			return
		}
		for n := range len(s.In) + 3 {
			in := slices.Clone(s.In[:min(n, len(s.In))])
			for len(in) < n {
				in = append(in, graph.Type{DType: graph.F64, Shape: graph.Sh(2, 2)})
			}
			if n != len(s.In) && accepts(t, s, in) {
				t.Errorf("takes %d operands, wants %d", n, len(s.In))
			}
		}
	})
}

func TestWrongElementTypesAreRejected(t *testing.T) {
	each(t, func(t *testing.T, s ops.Sample) {
		for i := range s.In {
			in := slices.Clone(s.In)
			if in[i].DType == graph.I32 {
				in[i].DType = graph.F64
			} else {
				in[i].DType = graph.I32
			}
			if accepts(t, s, in) && !movesAnything(s.Op) {
				t.Errorf("takes %v", in)
			}
		}
	})
}

// movesAnything names the ops that move elements of any type about.
func movesAnything(op graph.Op) bool {
	switch op.(type) {
	case ops.Reshaped, ops.Permuted:
		return true
	}
	return false
}

func TestMixedFloatTypesAreRejected(t *testing.T) {
	each(t, func(t *testing.T, s ops.Sample) {
		floats := 0
		for _, x := range s.In {
			if x.DType == graph.F64 {
				floats++
			}
		}
		if floats < 2 {
			return
		}
		in := slices.Clone(s.In)
		in[0].DType = graph.F32
		if accepts(t, s, in) {
			t.Errorf("takes %v", in)
		}
	})
}

// No shape makes an op panic: it is rejected, or the oracle can read it.
func TestOddShapesDoNotPanic(t *testing.T) {
	odd := []graph.Shape{graph.Sh(), graph.Sh(0), graph.Sh(1), graph.Sh(4), graph.Sh(0, 3), graph.Sh(3, 0), graph.Sh(3, 4),
		graph.Sh(4, 3), graph.Sh(2, 0, 4), graph.Sh(2, 3, 4), graph.Sh(1, 1, 1, 1, 1, 1, 1, 1)}
	each(t, func(t *testing.T, s ops.Sample) {
		for i := range s.In {
			for _, sh := range odd {
				in := slices.Clone(s.In)
				in[i].Shape = sh
				accepts(t, s, in)
				for j := range in {
					in[j].Shape = sh
				}
				accepts(t, s, in)
			}
		}
	})
}

// The zero value of an op (no table, no pattern, no target shape) is an error or an op, never a panic.
func TestZeroOpsDoNotPanic(t *testing.T) {
	each(t, func(t *testing.T, s ops.Sample) {
		zero := s
		zero.Op = reflect.Zero(reflect.TypeOf(s.Op)).Interface().(graph.Op)
		defer func() {
			if p := recover(); p != nil {
				t.Errorf("%#v on %v panics: %v", zero.Op, s.In, p)
			}
		}()
		for _, in := range [][]graph.Type{s.In, make([]graph.Type, len(s.In))} {
			if g, _, y := build(zero, in); g.Err() == nil {
				_, _ = graph.EvalOp(zero.Op, y.Types, operands(zero, in)) // may fail; may not panic
			}
		}
	})
}
