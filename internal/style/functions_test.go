package style

import (
	"go/ast"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"rpnc/rpnops"
)

// TestFilesWithFunctionsExplainThem prints how many functions the types of each file make. A reader who opens such a file
// must find the formula, so one of its types at least must have one in its comment.
func TestFilesWithFunctionsExplainThem(t *testing.T) {
	count := functionsByType()
	total := 0
	for _, s := range sources(t) {
		if s.test || filepath.Dir(s.path) != "rpnops" {
			continue
		}
		n, explained := 0, false
		for _, d := range s.file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok && count[spec.Name.Name] > 0 {
					n += count[spec.Name.Name]
					delete(count, spec.Name.Name)
					explained = explained || formula(spec.Doc) || formula(g.Doc)
				}
			}
		}
		if n == 0 {
			continue
		}
		t.Logf("%3d %s", n, s.path)
		if total += n; !explained {
			t.Errorf("%s has the types of %d functions and no formula in their comments", s.path, n)
		}
	}
	t.Logf("%3d functions", total)
	if len(count) > 0 || total < 200 {
		t.Errorf("%d functions found; no file declares the types of %v", total, count)
	}
}

// functionsByType counts the names that are registered with each type; instances of a generic type count as one type.
func functionsByType() map[string]int {
	count := map[string]int{}
	for _, e := range rpnops.Entries() {
		name, _, _ := strings.Cut(reflect.TypeOf(e.Default).Name(), "[")
		count[name]++
	}
	return count
}

// formula says whether a comment states one.
func formula(c *ast.CommentGroup) bool {
	return c != nil && strings.ContainsAny(c.Text(), "=≈≤Σ√⟨·→²⁻")
}

func TestAFormulaIsFoundWhereThereIsOne(t *testing.T) {
	for text, want := range map[string]bool{"// T is κ(x) = x.": true, "// T is x·σ(x).": true, "// T does a thing.": false} {
		if got := formula(&ast.CommentGroup{List: []*ast.Comment{{Text: text}}}); got != want {
			t.Errorf("%q: %v; want %v", text, got, want)
		}
	}
}
