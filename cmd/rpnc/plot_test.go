package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// trained is the log of five epochs on the flowers.
func trained(t *testing.T) string {
	t.Helper()
	log := filepath.Join(t.TempDir(), "run.jsonl")
	ok(t, "train", "-data", "iris", "-epochs", "5", "-log", log)
	return log
}

// drawn is what plot writes, which must be the same bytes twice.
func drawn(t *testing.T, args ...string) string {
	t.Helper()
	first, second := ok(t, append([]string{"plot"}, args...)...), ok(t, append([]string{"plot"}, args...)...)
	if first != second {
		t.Errorf("plot %v draws two different pictures of one log", args)
	}
	return first
}

// tally counts the elements of an SVG by what they are: texts by their words, lines by their number of points, colour
// and dashes.
func tally(t *testing.T, svg string) (texts map[string]int, lines map[string]int) {
	t.Helper()
	texts, lines = map[string]int{}, map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts, lines
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.CharData:
			texts[strings.TrimSpace(string(e))]++
		case xml.StartElement:
			attr := map[string]string{}
			for _, a := range e.Attr {
				attr[a.Name.Local] = a.Value
			}
			if e.Name.Local == "path" {
				lines[fmt.Sprintf("%d %s", strings.Count(attr["d"], "L")+1, attr["style"])]++
			}
		}
	}
}

func TestPlotDrawsTheCurvesOfALog(t *testing.T) {
	log := trained(t)
	texts, lines := tally(t, drawn(t, log))
	// Two panels, one below the other over the same epochs: the words of each once.
	for _, word := range []string{"epoch", "loss", "test_loss", "test_metric", "test accuracy"} {
		want := 1
		if word == "loss" {
			want = 2 // the axis and the curve
		}
		if texts[word] != want {
			t.Errorf("%q is written %d times; want %d", word, texts[word], want)
		}
	}
	curves := 0
	for line, n := range lines {
		if strings.HasPrefix(line, "5 ") {
			curves += n
		}
	}
	if curves != 3 {
		t.Errorf("%d curves of five epochs; want 3:\n%v", curves, lines)
	}
}

func TestPlotTellsSeveralLogsApart(t *testing.T) {
	one := trained(t)
	other := filepath.Join(filepath.Dir(one), "other.jsonl")
	text := ""
	for i := range 5 {
		text += fmt.Sprintf("{\"epoch\":%d,\"loss\":%g}\n", i+1, 1/float64(i+1))
	}
	if err := os.WriteFile(other, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	texts, lines := tally(t, drawn(t, one, other))
	for _, name := range []string{"run loss", "run test_loss", "other loss", "run test_metric"} {
		if texts[name] != 1 {
			t.Errorf("the legend names %q %d times", name, texts[name])
		}
	}
	styles := 0
	for line := range lines {
		if strings.HasPrefix(line, "5 ") {
			styles++
		}
	}
	// Three colours and dashes: the first log's losses, its test losses, the other's losses. The measure has a panel of
	// its own, where it may look like the first.
	if styles != 3 {
		t.Errorf("%d styles of curves; want 3:\n%v", styles, lines)
	}
	if texts, _ := tally(t, drawn(t, "-key", "grad_norms.a,grad_norms.b", "-linear", norms(t))); texts["grad_norms"] != 1 {
		t.Errorf("norms have not one panel: %v", texts)
	}
}

// norms is a log with the norms of two gradients, one of them 0 at times, of one epoch.
func norms(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "norms.jsonl")
	if err := os.WriteFile(file, []byte(`{"epoch":1,"loss":2,"grad_norms":{"a":0,"b":3}}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPlotWritesPNG(t *testing.T) {
	log := trained(t)
	file := filepath.Join(t.TempDir(), "curves.PNG")
	ok(t, "plot", "-o", file, log)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if drawn(t, "-format", "png", log) != string(text) {
		t.Error("-format and the name of the file give different pictures")
	}
	img, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != 720 || b.Dy() != 576 {
		t.Errorf("a picture of %v; want 720×576 for two panels", b)
	}
	count := map[color.Color]int{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			count[color.RGBAModel.Convert(img.At(x, y))]++
		}
	}
	for i, c := range colours[:2] {
		if count[c] < 50 {
			t.Errorf("curve %d has %d pixels of its colour", i, count[c])
		}
	}
	if white := count[color.RGBA{0xff, 0xff, 0xff, 0xff}]; white < 720*576/2 {
		t.Errorf("%d pixels are white; want most", white)
	}
}

func TestPlotSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "log")
	const right = "{\"epoch\":1,\"loss\":0.5}\n"
	for _, c := range []struct {
		log    string
		args   []string
		status int
		want   string
	}{
		{right, []string{"-key", "los"}, failure, `has no "los"; did you mean "loss"?`},
		{right, []string{"-key", "test_loss"}, failure, `has no "test_loss"`},
		{right + "loss\n", nil, failure, "log:2: "},
		{"", nil, failure, "has no epoch"},
		{"{\"epoch\":1}\n", nil, failure, `has no "loss"`},
		{right, []string{"-o", filepath.Join(dir, "curves.gif")}, misuse, "ends in neither .svg nor .png"},
		{right, []string{"-format", "gif"}, misuse, "want svg or png"},
		{right, []string{"-o", filepath.Join(dir, "no", "curves.svg")}, failure, "no such file"},
	} {
		if err := os.WriteFile(file, []byte(c.log), 0o644); err != nil {
			t.Fatal(err)
		}
		args := append(append([]string{"plot"}, c.args...), file)
		if o := rpnc(args...); o.status != c.status || !strings.Contains(o.errors, c.want) {
			t.Errorf("%q %v: status %d, %s; want %d, %q", c.log, c.args, o.status, o.errors, c.status, c.want)
		}
	}
	if o := rpnc("plot"); o.status != misuse {
		t.Errorf("no log: status %d", o.status)
	}
}

func TestTicksAreFewRoundNumbersInside(t *testing.T) {
	for _, c := range [][2]float64{{0, 1}, {1, 100}, {-3.7, -3.1}, {0.5, 1.5}, {1e-9, 2e-9}, {-1e6, 3e6}, {0.1, 0.7}} {
		got := ticks(c[0], c[1])
		if len(got) < 2 || len(got) > 9 {
			t.Errorf("%v has ticks %v", c, got)
		}
		for i, x := range got {
			w := (c[1] - c[0]) * 1e-6
			if x < c[0]-w || x > c[1]+w || i > 0 && math.Abs(got[i]-got[i-1]-(got[1]-got[0])) > w {
				t.Errorf("%v has ticks %v", c, got)
			}
		}
	}
}
