package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlotDrawsTheCurvesOfALog(t *testing.T) {
	dir := t.TempDir()
	log, out := filepath.Join(dir, "run.jsonl"), filepath.Join(dir, "run.svg")
	ok(t, "train", "-data", "iris", "-epochs", "5", "-log", log)
	ok(t, "plot", "-o", out, log)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	svg := string(text)
	contains(t, "the drawing", svg, "<svg ", ">epoch<", ">loss<", ">test_loss<", "</svg>")
	lines := 0
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, is := token.(xml.StartElement); is && e.Name.Local == "polyline" {
			lines++
			if n := len(strings.Fields(e.Attr[0].Value)); n != 5 {
				t.Errorf("a curve of 5 epochs has %d points", n)
			}
		}
	}
	if lines != 2 {
		t.Errorf("%d curves; want two", lines)
	}
	// Two logs are told apart by their names, and one key of each is enough.
	contains(t, "two logs", ok(t, "plot", "-key", "test_metric", "-linear", log, log), ">run test_metric<")
}

func TestPlotSaysWhatALogHas(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	for text, want := range map[string]string{
		"{\"epoch\":1,\"loss\":0.5}\n":       `has no "los"; did you mean "loss"?`,
		"{\"epoch\":1,\"loss\":0.5}\nloss\n": "log:2: ",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if o := rpnc("plot", "-key", "los", file); o.status != failure || !strings.Contains(o.errors, want) {
			t.Errorf("%q: status %d, %s; want %q", text, o.status, o.errors, want)
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
