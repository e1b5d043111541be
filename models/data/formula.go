package data

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Formula is a function of named variables, parsed from text:
//
//	sum     = product { ("+" | "-") product }
//	product = signed { ("*" | "/") signed }
//	signed  = ("-" | "+") signed | power
//	power   = atom [ "**" signed ]
//	atom    = number | variable | "pi" | function "(" sum ")" | "(" sum ")"
//
// as in Python: -x**2 is −(x²), 2**3**2 is 2⁹, 1/2 is 0.5. Functions are exp, ln, sqrt, sin, cos, tan, arcsin, arccos, arctan
// and sinh, cosh, tanh, arcsinh, arccosh, arctanh. A variable may have any name, also that of a function or pi.
type Formula struct {
	text string   // as it was given
	vars []string // in the order of the arguments
	eval term
}

// The parser turns every part of a formula into a Go function that is made of those of its parts, so that a formula is
// parsed once and evaluated for thousands of points without looking at its text again.

// functions of one argument that a formula may use.
var functions = map[string]func(float64) float64{
	"exp": math.Exp, "ln": math.Log, "sqrt": math.Sqrt,
	"sin": math.Sin, "cos": math.Cos, "tan": math.Tan, "arcsin": math.Asin, "arccos": math.Acos, "arctan": math.Atan,
	"sinh": math.Sinh, "cosh": math.Cosh, "tanh": math.Tanh, "arcsinh": math.Asinh, "arccosh": math.Acosh, "arctanh": math.Atanh,
}

// ParseFormula parses text as a function of the given variables. An error names the column, from 1, of what does not fit.
func ParseFormula(text string, vars []string) (*Formula, error) {
	// The bound is one for the depth of the recursion as well.
	const most = 1 << 12
	if len(text) > most {
		return nil, fmt.Errorf("data.ParseFormula: %d bytes; want at most %d", len(text), most)
	}
	for i, v := range vars {
		if nameLength(v) != len(v) || v == "" || slices.Contains(vars[:i], v) {
			return nil, fmt.Errorf("data.ParseFormula: variable %s; want different names of letters, digits and _", short(v))
		}
	}
	p := &formulaParser{text: text, vars: vars}
	// What a sum leaves unread is a mistake: it stops at the first thing that cannot go on with it.
	eval, err := p.sum()
	if p.peek(); err == nil && p.at < len(text) {
		err = p.errorf("%s; want an operator or the end", p.found())
	}
	if err != nil {
		return nil, err
	}
	return &Formula{text: text, vars: slices.Clone(vars), eval: eval}, nil
}

// Eval is the value at x, one number a variable; NaN where the formula leaves its domain, and where x has another length.
func (f *Formula) Eval(x []float64) float64 {
	if len(x) != len(f.vars) {
		return math.NaN()
	}
	return f.eval(x)
}

func (f *Formula) String() string { return f.text }

// term is a parsed part: its value at a point.
type term = func(x []float64) float64

// formulaParser parses by recursive descent, one method a rule of the grammar.
type formulaParser struct {
	text string
	vars []string
	at   int // bytes read
}

// sum parses a + b − c …
func (p *formulaParser) sum() (term, error) {
	return p.chain(p.product, map[string]func(a, b float64) float64{
		"+": func(a, b float64) float64 { return a + b },
		"-": func(a, b float64) float64 { return a - b },
	})
}

// product parses a · b / c …
func (p *formulaParser) product() (term, error) {
	return p.chain(p.signed, map[string]func(a, b float64) float64{
		"*": func(a, b float64) float64 { return a * b },
		"/": func(a, b float64) float64 { return a / b },
	})
}

// chain parses operands between operators of one rank, which bind to the left.
func (p *formulaParser) chain(operand func() (term, error), operators map[string]func(a, b float64) float64) (term, error) {
	left, err := operand()
	for err == nil {
		apply := operators[string(p.peek())]
		if apply == nil {
			return left, nil
		}
		p.at++
		// apply and the operand on the left must be those of this round, not of the last one.
		var right term
		if right, err = operand(); err == nil {
			a := left
			left = func(x []float64) float64 { return apply(a(x), right(x)) }
		}
	}
	return nil, err
}

// signed parses an operand with any number of signs before it.
func (p *formulaParser) signed() (term, error) {
	// The sign is taken before the power is read, which makes -x**2 the negative of a square.
	sign := p.peek()
	if sign != '-' && sign != '+' {
		return p.power()
	}
	p.at++
	t, err := p.signed()
	if err != nil || sign == '+' {
		return t, err
	}
	return func(x []float64) float64 { return -t(x) }, nil
}

// power parses a ** b, which binds to the right and before a sign on its left.
func (p *formulaParser) power() (term, error) {
	base, err := p.atom()
	if err != nil || p.peek() != '*' || !strings.HasPrefix(p.text[p.at:], "**") {
		return base, err
	}
	p.at += 2
	// An exponent may have a sign and be a power itself: 2**-3**2 is 2**(-(3**2)).
	exponent, err := p.signed()
	if err != nil {
		return nil, err
	}
	return func(x []float64) float64 { return math.Pow(base(x), exponent(x)) }, nil
}

// atom parses what has no operator outside of parentheses.
func (p *formulaParser) atom() (term, error) {
	switch c := p.peek(); {
	case c == '(':
		return p.parenthesis()
	case c >= '0' && c <= '9' || c == '.':
		return p.number()
	}
	if n := nameLength(p.text[p.at:]); n > 0 {
		return p.name(p.text[p.at : p.at+n])
	}
	return nil, p.errorf("%s; want a number, a variable, a function or a parenthesis", p.found())
}

// parenthesis parses ( … ).
func (p *formulaParser) parenthesis() (term, error) {
	open := *p
	p.at++
	t, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.peek() != ')' {
		return nil, p.errorf("%s; want a ) for the ( of column %d", p.found(), open.column())
	}
	p.at++
	return t, nil
}

// number parses decimals such as 2, .5 or 1.5e-3.
func (p *formulaParser) number() (term, error) {
	// Everything that could be meant as a part of the number is taken, for an error that shows the whole word.
	n := 0
	for s := p.text[p.at:]; n < len(s); n++ {
		exponentSign := n > 0 && (s[n] == '-' || s[n] == '+') && (s[n-1] == 'e' || s[n-1] == 'E')
		if !exponentSign && s[n] != '.' && !isNameByte(s[n]) {
			break
		}
	}
	word := p.text[p.at : p.at+n]
	// Go would read 0x10 and 1_000 as well, which other programs do not.
	v, err := strconv.ParseFloat(word, 64)
	if err != nil || strings.ContainsAny(word, "xXpP_") {
		return nil, p.errorf("%s is not a number; want one such as 2.5, and * between factors", short(word))
	}
	p.at += n
	return func([]float64) float64 { return v }, nil
}

// name parses a variable, pi or a function with its argument.
func (p *formulaParser) name(word string) (term, error) {
	// Variables go first: physics has an I, a gamma and an E that are neither functions nor constants.
	if i := slices.Index(p.vars, word); i >= 0 {
		p.at += len(word)
		return func(x []float64) float64 { return x[i] }, nil
	}
	if word == "pi" {
		p.at += len(word)
		return func([]float64) float64 { return math.Pi }, nil
	}
	f := functions[word]
	if f == nil {
		return nil, p.errorf("%s is unknown; want pi, a function such as arcsin, or a variable: %s", short(word), list(p.vars))
	}
	p.at += len(word)
	if p.peek() != '(' {
		return nil, p.errorf("%s behind %s; want its argument in parentheses", p.found(), word)
	}
	argument, err := p.parenthesis()
	if err != nil {
		return nil, err
	}
	return func(x []float64) float64 { return f(argument(x)) }, nil
}

// peek moves on to the next byte that is not blank, and returns it; 0 at the end.
func (p *formulaParser) peek() byte {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

// found says what comes next, for an error.
func (p *formulaParser) found() string {
	switch rest := p.text[p.at:]; {
	case rest == "":
		return "the formula ends"
	case rest[0] == '^':
		return `"^" is no operator here (powers are **)`
	default:
		_, n := utf8.DecodeRuneInString(rest)
		return "there is " + strconv.Quote(rest[:n])
	}
}

// column counts characters, as editors do.
func (p *formulaParser) column() int { return utf8.RuneCountInString(p.text[:p.at]) + 1 }

func (p *formulaParser) errorf(format string, args ...any) error {
	return fmt.Errorf("data.ParseFormula: column %d: %s", p.column(), fmt.Sprintf(format, args...))
}

// nameLength is the length of the name that s begins with: a letter or _, then digits as well.
func nameLength(s string) int {
	n := 0
	for n < len(s) && isNameByte(s[n]) && (n > 0 || s[n] < '0' || s[n] > '9') {
		n++
	}
	return n
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
