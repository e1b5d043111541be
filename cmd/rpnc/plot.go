package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

var plotCommand = command{
	name: "plot",
	args: "LOG.jsonl ...",
	does: "draw the curves of training logs as SVG",
	details: "A log is what rpnc train -log writes. By default the losses are drawn, on a logarithmic scale where all are above 0;\n" +
		"-key names other entries: test_metric, learning_rate, rows_per_second, grad_norms.layers.0.heads.0.w.",
	example: "rpnc plot -o curves.svg run.jsonl",
	flags: func(fs *flag.FlagSet) func(*call) error {
		p := &plotting{}
		fs.StringVar(&p.keys, "key", "loss,test_loss", "entries to draw, separated by commas")
		fs.StringVar(&p.output, "o", "", "write to this file (default: the standard output)")
		fs.BoolVar(&p.linear, "linear", false, "a linear scale in any case")
		return p.run
	},
}

// plotting is what the flags say.
type plotting struct {
	keys, output string
	linear       bool
}

// series is one curve.
type series struct {
	name string
	x, y []float64
}

func (p *plotting) run(c *call) (err error) {
	if len(c.args) == 0 {
		return usagef("no log; give one or more")
	}
	var curves []series
	for _, file := range c.args {
		some, err := readLog(file, strings.Split(p.keys, ","), len(c.args) > 1)
		if err != nil {
			return err
		}
		curves = append(curves, some...)
	}
	var b strings.Builder
	newAxes(curves, p.linear).draw(&b, curves)
	if p.output == "" {
		_, err = io.WriteString(c.stdout, b.String())
		return err
	}
	return os.WriteFile(p.output, []byte(b.String()), 0o644)
}

// readLog reads the curves of a log, one a key; named puts the file into their names. A key that no line has is a
// mistake, one that only some have is not: not every epoch has a test.
func readLog(file string, keys []string, named bool) ([]series, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := make([]series, len(keys))
	var known []string
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24)
	for line := 1; s.Scan(); line++ {
		var rec map[string]any
		if err := json.Unmarshal(s.Bytes(), &rec); err != nil {
			return nil, fmt.Errorf("%s:%d: %w; want the log of rpnc train -log", file, line, err)
		}
		all := numbers(rec)
		for i, key := range keys {
			if v, ok := all[key]; ok {
				out[i].x, out[i].y = append(out[i].x, all["epoch"]), append(out[i].y, v)
			}
		}
		for key := range all {
			if !slices.Contains(known, key) {
				known = append(known, key)
			}
		}
	}
	slices.Sort(known)
	var curves []series
	for i, key := range keys {
		out[i].name = key
		if named {
			out[i].name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)) + " " + key
		}
		switch {
		case out[i].x != nil:
			curves = append(curves, out[i])
		case key != "test_loss": // drawn by default, where there is one
			return nil, fmt.Errorf("%s has no %q%s", file, key, suggest(key, known))
		}
	}
	return curves, s.Err()
}

// numbers are the numbers of a record by name, those in a mapping as grad_norms.name.
func numbers(rec map[string]any) map[string]float64 {
	out := map[string]float64{}
	for key, v := range rec {
		switch v := v.(type) {
		case float64:
			out[key] = v
		case map[string]any:
			for name, x := range numbers(v) {
				out[key+"."+name] = x
			}
		}
	}
	return out
}

// The size of a drawing, and the room for the labels, in pixels.
const (
	plotWidth, plotHeight = 720.0, 440.0
	left, right           = 70.0, 20.0
	top, bottom           = 20.0, 45.0
)

// axes map data to pixels.
type axes struct {
	x0, x1, y0, y1 float64 // of y the exponents of ten where log is set
	log            bool
}

// newAxes covers all curves.
func newAxes(curves []series, linear bool) axes {
	a := axes{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1), !linear}
	for _, c := range curves {
		for i := range c.x {
			a.x0, a.x1 = min(a.x0, c.x[i]), max(a.x1, c.x[i])
			a.y0, a.y1 = min(a.y0, c.y[i]), max(a.y1, c.y[i])
		}
	}
	if a.log = a.log && a.y0 > 0; a.log {
		a.y0, a.y1 = math.Log10(a.y0), math.Log10(a.y1)
	}
	a.x0, a.x1 = widened(a.x0, a.x1)
	a.y0, a.y1 = widened(a.y0, a.y1)
	return a
}

// widened makes room where an interval has none.
func widened(lo, hi float64) (float64, float64) {
	switch {
	case hi < lo:
		return 0, 1
	case hi == lo:
		return lo - 0.5, hi + 0.5
	}
	return lo, hi
}

func (a axes) px(x float64) float64 {
	return left + (x-a.x0)/(a.x1-a.x0)*(plotWidth-left-right)
}

func (a axes) py(y float64) float64 {
	if a.log {
		y = math.Log10(y)
	}
	return plotHeight - bottom - (y-a.y0)/(a.y1-a.y0)*(plotHeight-top-bottom)
}

// colours of the curves, in turn; they can be told apart by those who see few colours, too.
var colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"}

// draw writes the SVG.
func (a axes) draw(w *strings.Builder, curves []series) {
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%g" viewBox="0 0 %g %g" font-family="sans-serif" font-size="12">`+"\n",
		plotWidth, plotHeight, plotWidth, plotHeight)
	fmt.Fprintf(w, `<rect width="%g" height="%g" fill="white"/>`+"\n", plotWidth, plotHeight)
	for _, t := range ticks(a.x0, a.x1) {
		x := a.px(t)
		fmt.Fprintf(w, `<path d="M%.1f %g V%g" stroke="#ddd"/><text x="%.1f" y="%g" text-anchor="middle">%s</text>`+"\n", x, top, plotHeight-bottom, x, plotHeight-bottom+18, short(t))
	}
	for _, t := range ticks(a.y0, a.y1) {
		if a.log {
			t = math.Pow(10, t)
		}
		y := a.py(t)
		fmt.Fprintf(w, `<path d="M%g %.1f H%g" stroke="#ddd"/><text x="%g" y="%.1f" text-anchor="end">%s</text>`+"\n", left, y, plotWidth-right, left-6, y+4, short(t))
	}
	fmt.Fprintf(w, `<text x="%g" y="%g" text-anchor="middle">epoch</text>`+"\n", (left+plotWidth-right)/2, plotHeight-8)
	for i, c := range curves {
		colour := colours[i%len(colours)]
		var points []string
		for k := range c.x {
			points = append(points, fmt.Sprintf("%.1f,%.1f", a.px(c.x[k]), a.py(c.y[k])))
		}
		fmt.Fprintf(w, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", strings.Join(points, " "), colour)
		y := top + 16*float64(i+1)
		fmt.Fprintf(w, `<path d="M%g %g h20" stroke="%s" stroke-width="2"/><text x="%g" y="%g" text-anchor="end">%s</text>`+"\n",
			plotWidth-right-24, y-4, colour, plotWidth-right-30, y, html.EscapeString(c.name))
	}
	w.WriteString("</svg>\n")
}

// ticks are three to eight round numbers between lo and hi: multiples of 1, 2 or 5 times a power of ten.
func ticks(lo, hi float64) (out []float64) {
	unit := math.Pow(10, math.Floor(math.Log10((hi-lo)/2)))
	step := unit
	for _, f := range []float64{1, 2, 5} {
		if step = f * unit; (hi-lo)/step <= 7 {
			break
		}
	}
	// Counted, not added up, so that the last one is not lost to rounding.
	for k := math.Ceil(lo/step - 1e-9); k*step <= hi+1e-9*step; k++ {
		out = append(out, k*step)
	}
	return out
}

// short shows a number in few digits.
func short(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) }
