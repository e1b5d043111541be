// Package style holds no code, only tests of the source itself: who may import whom, and the house figures.
package style

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "rpnc"

// layer says what a package may import: packages of the module, and modules of others by prefix. The standard library
// is open to all.
type layer struct {
	ours, others []string
}

var (
	core    = []string{"graph", "graph/gradcheck", "ops", "rpnops"}
	program = append([]string{"compile", "ops/cuda", "internal/kernels", "models"}, core...)
	yaml    = "gopkg.in/yaml.v3"
	gonum   = "gonum.org/v1/gonum"
)

// layers is the architecture: lower packages know nothing of higher ones, tensors cross to gorgonia in compile only,
// and file formats stay in the sub-packages of models.
var layers = map[string]layer{
	"graph":             {},
	"graph/gradcheck":   {ours: []string{"graph"}},
	"internal/kernels":  {others: []string{"golang.org/x/sys/cpu", gonum}},
	"internal/style":    {},
	"ops":               {ours: []string{"graph", "internal/kernels"}},
	"ops/cuda":          {ours: []string{"graph", "ops"}, others: []string{"github.com/ebitengine/purego"}},
	"ops/cuda/emulate":  {ours: []string{"ops/cuda"}},
	"rpnops":            {ours: []string{"graph", "ops"}, others: []string{gonum}},
	"rpnops/check":      {ours: core},
	"compile":           {ours: []string{"graph", "ops", "ops/cuda", "internal/kernels"}, others: []string{"gorgonia.org/", "github.com/chewxy/hm", "go4.org/unsafe"}},
	"models":            {ours: append([]string{"compile"}, core...)},
	"models/data":       {ours: core, others: []string{yaml, gonum}},
	"models/metric":     {ours: core, others: []string{yaml, gonum}},
	"models/loss":       {ours: core, others: []string{yaml, gonum}},
	"models/optim":      {ours: core, others: []string{yaml, gonum}},
	"models/config":     {ours: append([]string{"models/loss", "models/metric", "models/optim"}, program...), others: []string{yaml}},
	"models/checkpoint": {ours: append([]string{"models/config"}, program...), others: []string{yaml}},
	"models/train":      {ours: append([]string{"models/data", "models/loss", "models/metric", "models/optim", "models/config", "models/checkpoint"}, program...)},
}

// tops may import everything of ours, and nobody imports them.
var tops = []string{"bench", "cmd", "internal/style"}

func isTop(path string) bool {
	return slices.ContainsFunc(tops, func(top string) bool { return path == top || strings.HasPrefix(path, top+"/") })
}

// allows says whether the package may have the import, which is not of the standard library.
func allows(pkg, imported string) bool {
	own, ours := strings.CutPrefix(imported, module+"/")
	l, known := layers[pkg]
	switch {
	case ours && isTop(own):
		return isTop(pkg)
	case isTop(pkg):
		return true
	case !known:
		return false
	case ours:
		return slices.Contains(l.ours, own)
	}
	return slices.ContainsFunc(l.others, func(prefix string) bool { return strings.HasPrefix(imported, prefix) })
}

func TestLayering(t *testing.T) {
	pkgs := listPackages(t)
	if len(pkgs) < 10 {
		t.Fatalf("go list shows %d packages; want the whole module", len(pkgs))
	}
	for _, p := range pkgs {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if _, known := layers[name]; !known && !isTop(name) && name != module {
			t.Errorf("%s has no row in the table of layers", name)
		}
		for _, imported := range p.Imports {
			if standard(imported) || allows(name, imported) {
				continue
			}
			t.Errorf("%s imports %s, which its layer does not allow", name, imported)
		}
	}
}

// The table must refuse what the architecture refuses.
func TestLayersRefuse(t *testing.T) {
	for _, c := range []struct{ pkg, imported string }{
		{"graph", "rpnc/ops"}, {"ops", "rpnc/compile"}, {"rpnops", "gorgonia.org/gorgonia"}, {"rpnops", "rpnc/models"},
		{"compile", "rpnc/rpnops"}, {"models", "rpnc/models/config"}, {"models/data", "rpnc/models/metric"},
		{"models/config", "rpnc/models/train"}, {"models", "rpnc/cmd/rpnc"}, {"new", "rpnc/graph"}, {"models", "gopkg.in/yaml.v3"},
	} {
		if allows(c.pkg, c.imported) {
			t.Errorf("%s may import %s", c.pkg, c.imported)
		}
	}
}

// standard says whether a path is of the standard library: its first element has no dot and is not the module.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return first != module && !strings.Contains(first, ".")
}

// listed is what go list tells of a package; imports of tests do not count.
type listed struct {
	ImportPath, Dir string
	Imports         []string
}

func listPackages(t *testing.T) (out []listed) {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports", module+"/...")
	text, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var p listed
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return out
		case err != nil:
			t.Fatalf("go list: %v", err)
		}
		out = append(out, p)
	}
}
