package check_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/rpnops"
	"rpnc/rpnops/check"
)

// cube is a function as a user's package may register it: κ(x) = [x, c·x³].
type cube struct {
	C float64 `yaml:"c"`
}

var _ = rpnops.Register(rpnops.Spec[cube]{
	Name: "cube_expansion", Aliases: []string{"Cube"}, Default: cube{C: 1},
	Equation: "κ(x) = [x, c·x³],  D = 2m", Params: "0",
	Samples: []cube{{C: 1}, {C: -0.5}},
})

func (cube) OutDim(m int) (int, error) { return 2 * m, nil }

func (c cube) Transform(_ *rpnops.Scope, x *graph.Node) *graph.Node {
	return ops.Join(-1, x, ops.Scale(ops.Mul(x, ops.Square(x)), c.C))
}

// Every function of package rpnops, and the one above, passes every check.
func TestAllFunctions(t *testing.T) { check.All(t) }

// broken is an expansion with one mistake.
type broken struct{ mistake string }

func (o broken) OutDim(m int) (int, error) {
	switch o.mistake {
	case "width":
		return m + 1, nil
	case "refuses":
		return 0, errors.New("no width will do")
	case "lies":
		return 0, errors.New("the width is wrong")
	}
	return m, nil
}

var calls int

func (o broken) Transform(s *rpnops.Scope, x *graph.Node) *graph.Node {
	switch o.mistake {
	case "refuses":
		return s.Fail("no width will do")
	case "build":
		return ops.Reshape(x, 1, 1, 1, 7)
	case "panic":
		panic("index out of range")
	case "memory":
		calls++
		return ops.Scale(x, float64(calls))
	case "NaN":
		return ops.Log(x)
	case "dtype":
		return s.G.Const(graph.Type{DType: graph.F64, Shape: x.Shape()}, 1)
	case "nil":
		return nil
	case "gradient":
		return s.G.Apply(halfSquare{}, x)
	}
	return x
}

// halfSquare is x²/2 with the gradient of x²/4.
type halfSquare struct{}

func (halfSquare) Name() string                                { return "HalfSquare" }
func (halfSquare) Infer(in []graph.Type) ([]graph.Type, error) { return in, nil }
func (halfSquare) Eval(dst, in []*graph.Tensor) error {
	for i, x := range in[0].F {
		dst[0].F[i] = x * x / 2
	}
	return nil
}
func (halfSquare) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{ops.Scale(ops.Mul(dy[0], n.In[0]), 0.5)}
}

func TestEveryMistakeIsFound(t *testing.T) {
	for mistake, want := range map[string]string{
		"width":    "the dimension methods promise (3×5)",
		"refuses":  "no size is accepted",
		"lies":     "but building succeeds",
		"build":    "but building fails",
		"panic":    "panic: index out of range",
		"memory":   "building twice gives two nodes",
		"NaN":      "is NaN on data in -1…1",
		"dtype":    "of f32",
		"nil":      "the result is nil",
		"gradient": "differences",
		"":         "no function",
	} {
		e := rpnops.Entry{Name: "broken", Family: rpnops.Transformations, Equation: "κ(x) = x", Params: "0",
			Default: broken{mistake}, Samples: []any{broken{mistake}}, Order: 1}
		if err := check.Verify(e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("mistake %q: found %v; want %q", mistake, err, want)
		}
	}
}

func TestAnEntryMustDescribeItself(t *testing.T) {
	err := check.Verify(rpnops.Entry{Name: "cube_expansion", Default: cube{C: 2}, Lo: 1})
	for _, want := range []string{"no Family", "no Equation", "no Params", "no samples", "is empty", "want the default"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not found: %v", want, err)
		}
	}
}

// ExampleVerify checks one function of another package.
func ExampleVerify() {
	e, _ := rpnops.Lookup("my/path.Cube")
	fmt.Println(e.Name, check.Verify(e))
	// Output: cube_expansion <nil>
}
