package main

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
)

// formats that draw knows; the first is the usual one.
var formats = []string{"svg", "png"}

// The size of a drawing: as wide as a page, and so high for each panel.
const (
	plotWidth   = 7.5 * vg.Inch
	panelHeight = 3 * vg.Inch
)

// colours of the curves, in turn; they can be told apart by those who see few colours, too.
var colours = []color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
	{0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff}, {0x00, 0x00, 0x00, 0xff},
}

// dashes tell the entries of one log apart where colours tell the logs.
var dashes = [][]vg.Length{nil, {5, 3}, {1.5, 2}, {7, 2, 1.5, 2}}

// panel is what shares a vertical axis.
//
// Its curves have one unit, so they can be compared by height; panels have one span of epochs, so they
// can be compared across.
type panel struct {
	title  string
	keys   []string // in the order of their first curve
	curves []series
}

// panelsOf sorts curves by what they measure: losses together, norms of gradients together, all else by itself.
func panelsOf(curves []series) (panels []*panel) {
	for _, c := range curves {
		title := unit(c)
		i := slices.IndexFunc(panels, func(p *panel) bool { return p.title == title })
		if i < 0 {
			i = len(panels)
			panels = append(panels, &panel{title: title})
		}
		p := panels[i]
		p.curves = append(p.curves, c)
		if !slices.Contains(p.keys, c.key) {
			p.keys = append(p.keys, c.key)
		}
	}
	return panels
}

// unit is what the values of a curve are.
func unit(c series) string {
	switch family, _, nested := strings.Cut(c.key, "."); {
	case c.key == "loss" || c.key == "test_loss":
		return "loss"
	case c.key == "test_metric" && c.metric != "":
		return "test " + c.metric
	case nested:
		return family
	}
	return c.key
}

// draw writes panels one below the other over the same epochs. log makes the scale of losses, norms and rates logarithmic
// where no value forbids it. The same curves give the same bytes: no clock and no map takes part.
//
// Fonts are embedded in the plotting library: nothing of the machine's takes part either.
func draw(w io.Writer, format string, panels []*panel, log bool) error {
	x := span{math.Inf(1), math.Inf(-1)}
	several := false
	for _, p := range panels {
		for _, c := range p.curves {
			x = x.cover(c.x)
			several = several || c.log > 0
		}
	}
	x = x.widened()
	rows := make([][]*plot.Plot, len(panels))
	for i, p := range panels {
		one, err := p.plot(x, log, several)
		if err != nil {
			return err
		}
		rows[i] = []*plot.Plot{one}
	}
	rows[len(rows)-1][0].X.Label.Text = "epoch"
	height := panelHeight * vg.Length(len(panels))
	canvas, err := vgdraw.NewFormattedCanvas(plotWidth, height, format)
	if err != nil {
		return err
	}
	// Align gives the axes of all panels the same ends, however wide the labels of each are.
	tiles := vgdraw.Tiles{Rows: len(rows), Cols: 1, PadX: 4, PadY: 8, PadTop: 6, PadBottom: 6, PadLeft: 6, PadRight: 12}
	for i, c := range plot.Align(rows, tiles, vgdraw.New(canvas)) {
		rows[i][0].Draw(c[0])
	}
	_, err = canvas.WriteTo(w)
	return err
}

// plot is the panel over the epochs x. A measure in per cent or between bounds is not drawn over a logarithmic scale.
//
// A logarithmic scale needs every value above 0 and shows a loss's fall by factors. The legend stands at
// the end that curves of the kind leave free: at the top where they fall.
func (p *panel) plot(x span, log, several bool) (*plot.Plot, error) {
	out := plot.New()
	for _, s := range []*text.Style{&out.X.Label.TextStyle, &out.Y.Label.TextStyle, &out.X.Tick.Label, &out.Y.Tick.Label, &out.Legend.TextStyle} {
		s.Font.Variant = "Sans"
	}
	y := span{math.Inf(1), math.Inf(-1)}
	for _, c := range p.curves {
		y = y.cover(c.y)
	}
	out.X.Min, out.X.Max, out.X.Tick.Marker = x.lo, x.hi, plot.TickerFunc(linearMarks)
	if log = log && y.lo > 0 && !strings.HasPrefix(p.title, "test "); log {
		y = span{math.Log10(y.lo), math.Log10(y.hi)}.widened()
		out.Y.Scale = plot.LogScale{}
		out.Y.Min, out.Y.Max = math.Pow(10, y.lo), math.Pow(10, y.hi)
		out.Y.Tick.Marker = plot.TickerFunc(logMarks)
	} else {
		y = y.widened()
		out.Y.Min, out.Y.Max, out.Y.Tick.Marker = y.lo, y.hi, plot.TickerFunc(linearMarks)
	}
	out.Y.Label.Text = p.title
	// Losses fall and measures rise: the corner that each leaves free.
	out.Legend.Top, out.Legend.XOffs, out.Legend.YOffs = !strings.HasPrefix(p.title, "test "), -6, 6
	if out.Legend.Padding = 2; out.Legend.Top {
		out.Legend.YOffs = -6
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{0xdd}, color.Gray{0xdd}
	out.Add(grid)
	for _, c := range p.curves {
		if err := p.add(out, c, several); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return out, nil
}

// add draws a curve: one log has a colour for each of its entries, several have a colour for each log and dashes for the
// entries. A log of one epoch is a point.
func (p *panel) add(out *plot.Plot, c series, several bool) error {
	points := make(plotter.XYs, len(c.x))
	for i := range points {
		points[i] = plotter.XY{X: c.x[i], Y: c.y[i]}
	}
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	key := slices.Index(p.keys, c.key)
	colour, dash := key, 0
	if several {
		colour, dash = c.log, key
	}
	line.Color, line.Width = colours[colour%len(colours)], 1.5
	line.Dashes = dashes[dash%len(dashes)]
	dots.Color, dots.Shape = line.Color, vgdraw.CircleGlyph{}
	out.Add(line)
	if len(points) == 1 {
		out.Add(dots)
	}
	out.Legend.Add(c.name, line)
	return nil
}

// span is an interval of an axis.
type span struct{ lo, hi float64 }

func (s span) cover(values []float64) span {
	for _, v := range values {
		s.lo, s.hi = min(s.lo, v), max(s.hi, v)
	}
	return s
}

// widened makes room where an interval has none.
func (s span) widened() span {
	if s.hi == s.lo {
		return span{s.lo - 0.5, s.hi + 0.5}
	}
	return s
}

// linearMarks are labels at round numbers.
func linearMarks(lo, hi float64) (out []plot.Tick) {
	for _, t := range ticks(lo, hi) {
		out = append(out, plot.Tick{Value: t, Label: short(t)})
	}
	return out
}

// logMarks are labels at round numbers of the logarithm. Losses often stay within one power of ten, where labels at powers
// of ten alone would leave none.
func logMarks(lo, hi float64) (out []plot.Tick) {
	for _, t := range ticks(math.Log10(lo), math.Log10(hi)) {
		v := math.Pow(10, t)
		out = append(out, plot.Tick{Value: v, Label: short(v)})
	}
	return out
}

// ticks are three to eight round numbers between lo and hi: multiples of 1, 2 or 5 times a power of ten.
//
// The unit is a power of ten not above half the length of the interval; of 1, 2 and 5 times it the
// first is taken that leaves at most seven steps.
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
