package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Equation is a formula with the ranges from which its variables are drawn.
type Equation struct {
	ID      string // such as I.9.18
	Formula string // see [Formula]
	Vars    []Variable
}

// Variable is a variable of an [Equation], uniform on [Low, High).
type Variable struct {
	Name      string
	Low, High float64
}

// Equations returns one of the sets of functions that are embedded in the program, in the order of their numbers from 0:
//
//	elementary_function             17 functions of x + y, such as its arcsinh
//	composite_function              17 sums, products and nestings of these
//	feynman_function                100 equations of physics
//	dimensionless_feynman_function  27 of them without units
//
// Source of the equations of physics: S.-M. Udrescu and M. Tegmark, AI Feynman: a physics-inspired method for symbolic
// regression, Science Advances 6 (2020), whose equations are from R. Feynman's lectures.
func Equations(set string) ([]Equation, error) {
	// The file is parsed for each call: it takes a millisecond, and the caller may change what it gets.
	f, err := files.Open("embedded/equations.txt")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sets, err := ReadEquations(f, "equations.txt")
	if err != nil {
		return nil, err
	}
	if sets[set] == nil {
		return nil, fmt.Errorf("data.Equations: no set %s; want elementary_function, composite_function, feynman_function or dimensionless_feynman_function", short(set))
	}
	return sets[set], nil
}

// ReadEquations reads sets of equations from text, one equation a line below the name of its set in brackets:
//
//	[physics]
//	I.10.7 | m_0/sqrt(1-v**2/c**2) | m_0 1..5; v 1..2; c 3..10
//
// Variables before one range share it. Lines that begin with # and blank lines do not count. An error names the line,
// and for a formula its column.
func ReadEquations(r io.Reader, name string) (map[string][]Equation, error) {
	sets, set := map[string][]Equation{}, ""
	lines := bufio.NewScanner(r)
	n := 0
	for lines.Scan() {
		n++
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[' && line[len(line)-1] == ']':
			set = line[1 : len(line)-1]
		default:
			e, err := parseEquation(line)
			if err != nil {
				return nil, fmt.Errorf("data.ReadEquations: %s:%d: %w", name, n, err)
			}
			sets[set] = append(sets[set], e)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("data.ReadEquations: %s:%d: %w", name, n+1, err)
	}
	return sets, nil
}

// parseEquation reads one line and makes sure that the formula can be parsed.
func parseEquation(line string) (Equation, error) {
	parts := strings.Split(line, "|")
	if len(parts) != 3 {
		return Equation{}, fmt.Errorf("%d parts; want identifier | formula | variables", len(parts))
	}
	e := Equation{ID: strings.TrimSpace(parts[0]), Formula: strings.TrimSpace(parts[1])}
	for group := range strings.SplitSeq(parts[2], ";") {
		words := strings.Fields(group)
		if len(words) < 2 {
			return Equation{}, fmt.Errorf("variables %s; want names and a range, such as x y 0..1", short(group))
		}
		lo, hi, err := parseRange(words[len(words)-1])
		if err != nil {
			return Equation{}, err
		}
		for _, name := range words[:len(words)-1] {
			e.Vars = append(e.Vars, Variable{name, lo, hi})
		}
	}
	_, err := e.parse()
	return e, err
}

// parseRange reads low..high.
func parseRange(s string) (lo, hi float64, err error) {
	low, high, _ := strings.Cut(s, "..")
	lo, err = strconv.ParseFloat(low, 64)
	if err == nil {
		hi, err = strconv.ParseFloat(high, 64)
	}
	if err != nil || !(lo < hi) || math.IsInf(hi-lo, 0) {
		return 0, 0, fmt.Errorf("range %s; want low..high, such as 0..1", short(s))
	}
	return lo, hi, nil
}

// parse parses the formula, whose variables are those with ranges.
func (e Equation) parse() (*Formula, error) {
	return ParseFormula(e.Formula, e.names())
}

func (e Equation) names() []string {
	names := make([]string, len(e.Vars))
	for i, v := range e.Vars {
		names[i] = v.Name
	}
	return names
}

// Sample draws n points and their values: features (n × variables), one target. The numbers depend on the
// seed and the equation alone, those of a row on its number too, so that a longer sample begins with a shorter one. A
// point where the formula has no finite value is drawn again; it fails where a hundred in a row have none.
func (e Equation) Sample(n int, seed uint64) (*Dataset, error) {
	f, err := e.parse()
	switch {
	case err != nil:
		return nil, err
	case n < 1 || len(e.Vars) == 0:
		return nil, fmt.Errorf("data.Equation.Sample: %s: %d points, %d variables; want at least one of each", e.ID, n, len(e.Vars))
	}
	k := len(e.Vars)
	d := &Dataset{Name: e.ID, Rows: n, Cols: k, X: make([]float64, n*k), Columns: e.names(), Y: make([]float64, n), YCols: 1}
	// Equations of one set get numbers of their own from one seed, also where they have the same variables.
	key := scramble(seed + golden)
	for _, c := range []byte(e.ID + "|" + e.Formula) {
		key = scramble(key + golden*uint64(c))
	}
	for i := range n {
		if d.Y[i], err = e.draw(d.Row(i), f, scramble(key+golden*uint64(i))); err != nil {
			return nil, fmt.Errorf("data.Equation.Sample: %s, row %d: %w", e.ID, i, err)
		}
	}
	return d, nil
}

// draw fills x with a point where f is finite and returns its value.
func (e Equation) draw(x []float64, f *Formula, key uint64) (float64, error) {
	// Each try counts on from its own number, so that rows with many tries do not disturb the others.
	for try := range uint64(100) {
		for j, v := range e.Vars {
			// The 53 upper bits are as many as a float64 has.
			u := float64(scramble(key+golden*(try<<32+uint64(j)))>>11) / (1 << 53)
			x[j] = v.Low + (v.High-v.Low)*u
		}
		if y := f.Eval(x); !math.IsNaN(y) && !math.IsInf(y, 0) {
			return y, nil
		}
	}
	return 0, errors.New("no finite value at 100 points; want ranges inside of the formula's domain")
}
