package data_test

import (
	"math"
	"strings"
	"testing"

	"rpnc/models/data"
)

func TestFormulasMeanWhatTheyMeanInPython(t *testing.T) {
	x := map[string]float64{"x": 2, "y": -3, "theta_0": 0.5, "gamma": 4, "I": 5}
	for text, want := range map[string]float64{
		"1": 1, ".5": 0.5, "2.": 2, "1.5e-3": 1.5e-3, "1E+2": 100, "pi": math.Pi, "-x": -2, "--x": 2, "+-x": -2,
		"1+2*3": 7, "(1+2)*3": 9, "8/4/2": 1, "8-4-2": 2, "8/4*2": 4, "1/2": 0.5, "2*-3": -6, "2 - -3": 5,
		"-x**2": -4, "(-x)**2": 4, "2**3**2": 512, "2**-1": 0.5, "2**-x**2": 0.0625, "x**2*y": -12, "x*y**2": 18, " x\t*\n y ": -6,
		"sqrt(x**2+y**2-4)": 3, "exp(ln(x))": math.Exp(math.Log(2)), "arctan(1)*4": math.Pi, "sin(theta_0)": math.Sin(0.5),
		"gamma*I": 20, "arcsin(theta_0)": math.Asin(0.5), "arccos(theta_0)": math.Acos(0.5), "arctanh(theta_0)": math.Atanh(0.5),
		"arcsinh(x)": math.Asinh(2), "arccosh(x)": math.Acosh(2), "sinh(x)-cosh(x)": math.Sinh(2) - math.Cosh(2), "tanh(x)": math.Tanh(2),
		"cos(x)/tan(x)": math.Cos(2) / math.Tan(2), "ln(y)": math.NaN(), "1/(x-2)": math.Inf(1), "((((x))))": 2,
	} {
		f, err := data.ParseFormula(text, []string{"x", "y", "theta_0", "gamma", "I"})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := f.Eval([]float64{x["x"], x["y"], x["theta_0"], x["gamma"], x["I"]})
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) && math.Abs(got-want) > 1e-15 {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
		if f.String() != text || !math.IsNaN(f.Eval([]float64{1})) {
			t.Errorf("%s: prints as %s, and is %v at a point of one variable", text, f, f.Eval([]float64{1}))
		}
	}
}

func TestAVariableMayHideAFunction(t *testing.T) {
	f, err := data.ParseFormula("exp*pi", []string{"exp", "pi"})
	if err != nil || f.Eval([]float64{2, 3}) != 6 {
		t.Errorf("%v", err)
	}
}

func TestParseFormulaErrorsNameTheColumn(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "column 1: the formula ends; want a number, a variable",
		"x+":                      "column 3: the formula ends",
		"x + )":                   `column 5: there is ")"; want a number`,
		"(x":                      "column 3: the formula ends; want a ) for the ( of column 1",
		"x*(1+(y)":                "column 9: the formula ends; want a ) for the ( of column 3",
		"x\x00":                   `column 2: there is "\x00"; want an operator`,
		"x)":                      `column 2: there is ")"; want an operator or the end`,
		"x y":                     `column 3: there is "y"; want an operator`,
		"2x":                      `column 1: "2x" is not a number; want one such as 2.5, and * between`,
		"1.2.3":                   `column 1: "1.2.3" is not a number`,
		"1e":                      `column 1: "1e" is not a number`,
		"0x10":                    `column 1: "0x10" is not a number`,
		"1_000":                   `"1_000" is not a number`,
		"1e999":                   `"1e999" is not a number`,
		"x^2":                     `column 2: "^" is no operator here (powers are **); want an operator`,
		"π*x":                     `column 1: there is "π"`,
		"x*π":                     `column 3: there is "π"`,
		"ln x":                    `column 4: there is "x" behind ln; want its argument in parentheses`,
		"ln()":                    `column 4: there is ")"; want a number`,
		"log(x)":                  `column 1: "log" is unknown; want pi, a function such as arcsin, or a variable: "x", "y"`,
		"x***y":                   `column 4: there is "*"`,
		"\xff":                    "column 1: there is ",
		strings.Repeat("(", 5000): "5000 bytes; want at most 4096",
		strings.Repeat("(", 4000): "column 4001: the formula ends",
		strings.Repeat("-", 4000): "column 4001: the formula ends",
	} {
		f, err := data.ParseFormula(text, []string{"x", "y"})
		expect(t, f, err, want)
	}
	for _, vars := range [][]string{{""}, {"a b"}, {"1x"}, {"x", "x"}, {"é"}} {
		f, err := data.ParseFormula("1", vars)
		expect(t, f, err, "want different names of letters")
	}
}

func FuzzParseFormula(f *testing.F) {
	for _, text := range []string{"-x**2/(y+1)", "arcsin(n*sin(x))", "1e5", "((", "2**-x", "x^2", "\xff", "1.5.2", "ln"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := data.ParseFormula(text, []string{"x", "y"})
		if err != nil {
			return
		}
		// Parentheses round the whole change nothing.
		q, err := data.ParseFormula("("+text+")", []string{"x", "y"})
		if err != nil && len(text) < 4000 {
			t.Fatalf("%q is a formula, but not in parentheses: %v", text, err)
		}
		x := []float64{0.3, 1.7}
		if a := p.Eval(x); err == nil && a != q.Eval(x) && !math.IsNaN(a) {
			t.Fatalf("%q is %v, in parentheses %v", text, a, q.Eval(x))
		}
	})
}
