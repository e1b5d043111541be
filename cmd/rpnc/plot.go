package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// How logs become curves. A log has a line of JSON an epoch, of which the numbers are taken by name,
// those in a mapping under name.key. A curve is one entry of one log over the epochs that have it.
// Curves that measure the same share a panel, whatever log they come from, since comparing runs is
// what several logs are given for.

var plotCommand = command{
	name: "plot",
	args: "LOG.jsonl ...",
	does: "draw the curves of training logs as SVG or PNG",
	details: "A log is what rpnc train -log writes. Several logs are drawn into one picture, a colour each. Losses and measures have a\n" +
		"panel each, one below the other; that of the losses has a logarithmic scale where all are above 0.\n" +
		"-key names the entries: test_metric, learning_rate, rows_per_second, grad_norms.layers.0.heads.0.w.",
	example: "rpnc plot -o curves.png run.jsonl other.jsonl",
	flags: func(fs *flag.FlagSet) func(*call) error {
		p := &plotting{}
		fs.StringVar(&p.keys, "key", "", "entries to draw, separated by commas (default: "+strings.Join(usualKeys, ",")+")")
		fs.StringVar(&p.output, "o", "", "write to this file, whose name ends in .svg or .png (default: SVG to the standard output)")
		fs.StringVar(&p.format, "format", "", "svg or png (default: what the name of the file ends in)")
		fs.BoolVar(&p.linear, "linear", false, "linear scales in any case")
		return p.run
	},
}

// usualKeys are drawn where -key names none. A training without test rows has the first alone.
var usualKeys = []string{"loss", "test_loss", "test_metric"}

// plotting is what the flags say.
type plotting struct {
	keys, output, format string
	linear               bool
}

// series is one entry of one log, over the epochs.
//
// x are numbers of epochs from 1; x and y have one length, with gaps where an epoch has no such entry.
type series struct {
	log    int    // which of the logs
	key    string // which entry of it
	name   string // in the legend
	metric string // what the log calls its measure, or empty
	x, y   []float64
}

// run reads all logs, groups their curves into panels, and draws. With several logs a curve's name
// begins with that of its file.
func (p *plotting) run(c *call) error {
	if len(c.args) == 0 {
		return usagef("no log; give one or more")
	}
	format, err := p.formatOf()
	if err != nil {
		return err
	}
	var curves []series
	for i, file := range c.args {
		some, err := p.readLog(file)
		if err != nil {
			return err
		}
		for _, k := range some {
			if k.log, k.name = i, k.key; len(c.args) > 1 {
				k.name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)) + " " + k.key
			}
			curves = append(curves, k)
		}
	}
	// All is drawn before a file is touched: a mistake leaves what was there.
	var b bytes.Buffer
	if err := draw(&b, format, panelsOf(curves), !p.linear); err != nil {
		return fmt.Errorf("cannot draw: %w", err)
	}
	if p.output == "" {
		_, err = c.stdout.Write(b.Bytes())
		return err
	}
	return os.WriteFile(p.output, b.Bytes(), 0o644)
}

// formatOf is what -format says, else what the name of the file ends in, else svg.
func (p *plotting) formatOf() (string, error) {
	ending := strings.TrimPrefix(strings.ToLower(filepath.Ext(p.output)), ".")
	switch {
	case p.format != "" && !slices.Contains(formats, p.format):
		return "", usagef("-format %s: want %s", p.format, strings.Join(formats, " or "))
	case p.format != "":
		return p.format, nil
	case p.output == "":
		return formats[0], nil
	case !slices.Contains(formats, ending):
		return "", usagef("-o %s: the name ends in neither .%s; give -format", p.output, strings.Join(formats, " nor ."))
	}
	return ending, nil
}

// readLog reads the curves of a log, one a key. A key that no line has is a mistake where the user asked for it; one that
// only some lines have is not: not every epoch has a test.
//
// Lines may differ: a test every tenth epoch gives a curve with a tenth of the points. Every key met is
// remembered, for the suggestion where one is misspelt.
func (p *plotting) readLog(file string) ([]series, error) {
	keys, asked := usualKeys, p.keys != ""
	if asked {
		keys = strings.Split(p.keys, ",")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%w; want a log that rpnc train -log has written", err)
	}
	defer f.Close()
	out := make([]series, len(keys))
	known := map[string]bool{}
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24)
	for line := 1; s.Scan(); line++ {
		var rec map[string]any
		if err := json.Unmarshal(s.Bytes(), &rec); err != nil {
			return nil, fmt.Errorf("%s:%d: %w; want the log of rpnc train -log", file, line, err)
		}
		all := numbers(rec)
		for key := range all {
			known[key] = true
		}
		for i, key := range keys {
			if v, ok := all[key]; ok {
				out[i].x, out[i].y = append(out[i].x, all["epoch"]), append(out[i].y, v)
			}
			out[i].metric, _ = rec["metric"].(string)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return found(file, keys, out, known, asked)
}

// found keeps the curves that have points. Without the key loss, a file is no log at all.
func found(file string, keys []string, all []series, known map[string]bool, asked bool) (curves []series, err error) {
	if len(known) == 0 {
		return nil, fmt.Errorf("%s has no epoch; want the log of rpnc train -log", file)
	}
	for i, key := range keys {
		all[i].key = key
		switch {
		case all[i].x != nil:
			curves = append(curves, all[i])
		case asked || key == usualKeys[0]:
			return nil, fmt.Errorf("%s has no %q%s", file, key, suggest(key, slices.Sorted(maps.Keys(known))))
		}
	}
	return curves, nil
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
