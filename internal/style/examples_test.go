package style

import (
	"go/ast"
	"go/doc"
	"path/filepath"
	"strings"
	"testing"
)

// withoutExample are packages that nobody imports: they have commands or tests only.
var withoutExample = map[string]bool{"cmd/rpnc": true, "internal/style": true, "internal/kernels/gen": true}

// TestEveryPackageHasAnExampleThatRuns wants what a newcomer reads first: code that is held against its output.
func TestEveryPackageHasAnExampleThatRuns(t *testing.T) {
	files := map[string][]*ast.File{} // the tests of every package
	for _, s := range sources(t) {
		dir := filepath.Dir(s.path)
		if s.test {
			files[dir] = append(files[dir], s.file)
		} else if files[dir] == nil {
			files[dir] = []*ast.File{}
		}
	}
	for dir, tests := range files {
		if n := running(tests); n == 0 && !withoutExample[dir] {
			t.Errorf("%s has no Example with an output; want one that teaches its main types", dir)
		}
	}
	for dir := range withoutExample {
		if _, ok := files[dir]; !ok {
			t.Errorf("%s needs no exception: there is no such package", dir)
		}
	}
}

// running counts the examples that are run: those that say what they print.
func running(tests []*ast.File) (n int) {
	for _, e := range doc.Examples(tests...) {
		if strings.TrimSpace(e.Output) != "" {
			n++
		}
	}
	return n
}
