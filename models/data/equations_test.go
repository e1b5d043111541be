package data_test

import (
	"fmt"
	"log"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

// The sums are those of a Python program that evaluates the same lines.
func TestEquationsHaveTheValuesThatPythonFinds(t *testing.T) {
	for _, c := range []struct {
		set  string
		n    int
		want float64 // Σ sign(y) ln(1+|y|) over the set, each at one point
	}{
		{"elementary_function", 17, 10.77413226077098},
		{"composite_function", 17, 16.859725899814787},
		{"feynman_function", 100, 119.56028530587164},
		{"dimensionless_feynman_function", 27, 10.824243849625638},
	} {
		equations, err := data.Equations(c.set)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, e := range equations {
			x, names := make([]float64, len(e.Vars)), make([]string, len(e.Vars))
			for j, v := range e.Vars {
				names[j] = v.Name
				_, part := math.Modf(float64(j+1) * 0.37)
				x[j] = v.Low + (v.High-v.Low)*part
			}
			f, err := data.ParseFormula(e.Formula, names)
			if err != nil {
				t.Fatalf("%s: %v", e.ID, err)
			}
			y := f.Eval(x)
			sum += math.Copysign(math.Log1p(math.Abs(y)), y)
		}
		if len(equations) != c.n || !(math.Abs(sum-c.want) < 1e-9) {
			t.Errorf("%s: %d equations, sum %v; want %d, %v", c.set, len(equations), sum, c.n, c.want)
		}
	}
	if _, err := data.Equations("none"); err == nil || !strings.Contains(err.Error(), `no set "none"; want elementary_function`) {
		t.Errorf("got error %v", err)
	}
}

func TestSamplesLieInTheirRangesAndAreFinite(t *testing.T) {
	for _, set := range []string{"elementary_function", "composite_function", "feynman_function", "dimensionless_feynman_function"} {
		equations, err := data.Equations(set)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range equations {
			d, err := e.Sample(200, 7)
			if err != nil {
				t.Errorf("%s: %v", set, err)
				continue
			}
			if err := d.Validate(); err != nil || d.Rows != 200 || d.Cols != len(e.Vars) || d.YCols != 1 {
				t.Errorf("%s %s: %d×%d, %v", set, e.ID, d.Rows, d.Cols, err)
			}
			for i, x := range d.X {
				if v := e.Vars[i%d.Cols]; x < v.Low || x >= v.High {
					t.Errorf("%s %s: %s is %v, want %v…%v", set, e.ID, v.Name, x, v.Low, v.High)
				}
			}
		}
	}
}

func TestASampleDependsOnSeedAndEquationAlone(t *testing.T) {
	e := data.Equation{ID: "e", Formula: "a+b", Vars: []data.Variable{{"a", 0, 1}, {"b", 10, 20}}}
	sample := func(e data.Equation, n int, seed uint64) *data.Dataset {
		d, err := e.Sample(n, seed)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	a := sample(e, 1000, 3)
	if !slices.Equal(sample(e, 10, 3).X, a.X[:20]) {
		t.Error("a shorter sample is not the beginning of a longer one")
	}
	other := e
	other.Formula = "a-b"
	if sample(e, 1, 4).X[0] == a.X[0] || sample(other, 1, 3).X[0] == a.X[0] || a.X[0] == (a.X[1]-10)/10 {
		t.Error("two draws agree")
	}
	mean := [2]float64{}
	for i, x := range a.X {
		mean[i%2] += x / 1000
	}
	// Three standard errors of the mean of 1000 uniform numbers are 0.027 of the range.
	if math.Abs(mean[0]-0.5) > 0.027 || math.Abs(mean[1]-15) > 0.27 {
		t.Errorf("means %v, want 0.5 and 15", mean)
	}
	if a.Y[5] != a.X[10]+a.X[11] || !slices.Equal(a.Columns, []string{"a", "b"}) {
		t.Errorf("y is %v at %v", a.Y[5], a.Row(5))
	}
}

func TestPointsOutsideTheDomainAreDrawnAgain(t *testing.T) {
	d, err := data.Equation{ID: "root", Formula: "sqrt(x)", Vars: []data.Variable{{"x", -1, 1}}}.Sample(500, 1)
	if err != nil || slices.Min(d.X) < 0 || slices.Max(d.X) < 0.99 {
		t.Errorf("%v; x in %v…%v, want 0…1", err, slices.Min(d.X), slices.Max(d.X))
	}
	d, err = data.Equation{ID: "root", Formula: "sqrt(x)", Vars: []data.Variable{{"x", -2, -1}}}.Sample(5, 1)
	expect(t, d, err, "data.Equation.Sample: root, row 0: no finite value at 100 points")
	d, err = data.Equation{ID: "root", Formula: "sqrt(x)", Vars: []data.Variable{{"x", 1, 2}}}.Sample(0, 1)
	expect(t, d, err, "0 points, 1 variables; want at least one")
	d, err = data.Equation{ID: "root", Formula: "sqrt(x"}.Sample(5, 1)
	expect(t, d, err, "data.ParseFormula: column")
}

func TestReadEquationsErrorsNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"# a\n\nE | x":   "f:3: 2 parts; want identifier | formula | variables",
		"E | x | x":      `f:1: variables " x"; want names and a range`,
		"E | x | x 1":    `f:1: range "1"; want low..high, such as 0..1`,
		"E | x | x 2..1": `range "2..1"`, "E | x | x 0..NaN": `range "0..NaN"`, "E | x | x -1e308..1e308": "want low..high",
		"E | y*2 | x 0..1":         `f:1: data.ParseFormula: column 1: "y" is unknown`,
		"E | 1 | x 0..1;":          `variables ""; want`,
		strings.Repeat("a", 1<<17): "f:1: bufio.Scanner: token too long",
	} {
		if sets, err := data.ReadEquations(strings.NewReader(text), "f"); err == nil || !strings.Contains(err.Error(), want) || sets != nil {
			t.Errorf("got %v, %v; want an error with %q", sets, err, want)
		}
	}
	sets, err := data.ReadEquations(strings.NewReader("[mine]\n a|x*y|y 0..1;x -2..3\n[]\nb | t | t 0..1"), "f")
	want := map[string][]data.Equation{
		"mine": {{ID: "a", Formula: "x*y", Vars: []data.Variable{{"y", 0, 1}, {"x", -2, 3}}}},
		"":     {{ID: "b", Formula: "t", Vars: []data.Variable{{"t", 0, 1}}}},
	}
	if err != nil || !reflect.DeepEqual(sets, want) {
		t.Errorf("got %+v, %v", sets, err)
	}
}

func FuzzReadEquations(f *testing.F) {
	f.Add("[s]\nI.10.7 | m_0/sqrt(1-v**2/c**2) | m_0 1..5; v 1..2; c 3..10\n", uint64(1))
	f.Add("# nothing\n\n[", uint64(2))
	f.Add("a||", uint64(3))
	f.Add("e | 1/x | x -1..1", uint64(0))
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		sets, err := data.ReadEquations(strings.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		for _, equations := range sets {
			for _, e := range equations[:min(5, len(equations))] {
				if d, err := e.Sample(3, seed); err == nil && d.Validate() != nil {
					t.Fatalf("%+v: %v", e, d.Validate())
				}
			}
		}
	})
}

func ExampleEquation_Sample() {
	physics, err := data.Equations("feynman_function")
	if err != nil {
		log.Fatal(err)
	}
	gravity := physics[4]
	d, err := gravity.Sample(2000, 4567)
	if err != nil {
		log.Fatal(err)
	}
	train, test, err := d.Split(func(i int) bool { return i >= 1000 })
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gravity.ID, gravity.Formula)
	fmt.Println(d.Columns, train.Rows, test.Rows)
	// Output:
	// I.9.18 G*m1*m2/((x2-x1)**2+(y2-y1)**2+(z2-z1)**2)
	// [m1 m2 G x1 x2 y1 y2 z1 z2] 1000 1000
}
