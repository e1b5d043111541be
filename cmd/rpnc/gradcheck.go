package main

import (
	"errors"
	"flag"
	"fmt"
	"time"

	"rpnc/graph"
	"rpnc/graph/gradcheck"
	"rpnc/models"
	"rpnc/ops"
	"rpnc/rpnops"
	"rpnc/rpnops/check"
)

// Analytic gradients are compared with differences of five points,
//
//	f′(x) ≈ (f(x − 2h) − 8f(x − h) + 8f(x + h) − f(x + 2h)) / 12h,
//
// whose error is O(h⁴); in float64 that leaves ten digits or so for smooth functions. Ops are checked
// on the samples of their registrations, whose domains keep away from kinks and poles, and functions
// through the graphs that they build. Everything runs on the reference interpreter, so a failure is a
// wrong rule and never a wrong kernel.

var gradcheckCommand = command{
	name:    "gradcheck",
	does:    "compare gradients with differences: of every op and function, or of a model",
	details: "Differences have five points and float64; the error is max|a−n| / max(1, max|n|). Smooth ops and functions are\ncompared to second order.",
	example: "rpnc gradcheck -model mlp -data iris",
	flags: func(fs *flag.FlagSet) func(*call) error {
		k := &checking{}
		k.source.register(fs)
		fs.StringVar(&k.model, "model", "", "model: cnn, mlp, rnn, transformer or FILE.yaml (default: all ops and functions)")
		fs.IntVar(&k.rows, "rows", 3, "rows of the model's data")
		fs.BoolVar(&k.verbose, "v", false, "a line for everything that is checked")
		fs.BoolVar(&k.json, "json", false, "print a JSON object")
		return k.run
	},
}

// checking is what the flags say, and what has been found.
type checking struct {
	source
	model         string
	rows          int
	verbose, json bool

	things   int
	total    gradcheck.Report
	failures []error
}

// run checks everything, or one model, prints the totals, and returns all failures at once: the first
// is seldom the one that explains the others.
func (k *checking) run(c *call) error {
	if err := c.noArgs(); err != nil {
		return err
	}
	began := time.Now()
	var err error
	if k.model == "" {
		err = k.all(c)
	} else {
		err = k.one(c)
	}
	if err != nil {
		return err
	}
	if k.json {
		err = printJSON(c.stdout, map[string]any{"checked": k.things, "cases": k.total.Cases, "worst": k.total.Worst,
			"where": k.total.Where, "failed": len(k.failures), "seconds": time.Since(began).Seconds()})
	} else {
		_, err = fmt.Fprintf(c.stdout, "%d checked, %d comparisons, %d failed; worst error %.2g at %s; %.1f s\n",
			k.things, k.total.Cases, len(k.failures), k.total.Worst, k.total.Where, time.Since(began).Seconds())
	}
	return errors.Join(append(k.failures, err)...)
}

// all checks the samples of every op and every function.
//
// A sample of order 0 has no gradient (integers, comparisons). The context is looked at between checks,
// each of which takes milliseconds.
func (k *checking) all(c *call) error {
	for _, s := range ops.Samples() {
		if s.Order < 1 {
			continue
		}
		r, err := gradcheck.Op(s.Op, s.In, gradcheck.Options{Order: s.Order, Lo: s.Lo, Hi: s.Hi, Ints: int(s.Hi)})
		k.add(c, fmt.Sprintf("op %s%v", s.Op.Name(), s.In), r, err)
		if err := c.Err(); err != nil {
			return err
		}
	}
	for _, e := range rpnops.Entries() {
		r, err := check.Report(e)
		k.add(c, fmt.Sprintf("%s %s", e.Family, e.Name), r, err)
		if err := c.Err(); err != nil {
			return err
		}
	}
	return nil
}

// one checks a model, in evaluation, with respect to its data and all its parameters.
//
// It is built in float64 and for evaluation: dropout would make two evaluations differ by more than the
// step, and batch norm would use other statistics.
func (k *checking) one(c *call) error {
	if k.rows < 1 {
		return usagef("-rows %d; want 1 or more", k.rows)
	}
	d, err := k.source.load(nil)
	if err != nil {
		return err
	}
	pick, err := choose(k.model, d)
	if err != nil {
		return err
	}
	m, err := models.New(pick.spec, &models.Options{DType: graph.F64, Rows: k.rows, Paths: true})
	if err != nil {
		return err
	}
	defer m.Close()
	r, err := m.GradCheck(k.rows)
	k.add(c, "model "+k.model, r, err)
	return nil
}

// add counts what was checked.
//
// The worst error of all is kept with its place.
func (k *checking) add(c *call, what string, r gradcheck.Report, err error) {
	k.things++
	r.Where = what + ": " + r.Where
	k.total.Merge(r)
	if err != nil {
		k.failures = append(k.failures, fmt.Errorf("%s: %w", what, err))
	}
	if k.verbose {
		fmt.Fprintf(c.stdout, "%-60s %6d comparisons, worst %.2g\n", what, r.Cases, r.Worst)
	}
}
