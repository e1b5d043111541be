package style

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	root        = "../.."
	longestFunc = 120
	longestFile = 500
)

// source is one parsed file.
type source struct {
	path   string
	fset   *token.FileSet
	file   *ast.File
	lines  int
	code   int // lines that are not empty
	test   bool
	remark int // lines that hold a comment
}

// sources parses every hand-written Go file of the module.
func sources(t *testing.T) (out []*source) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		s, err := read(path)
		if err == nil && !ast.IsGenerated(s.file) {
			out = append(out, s)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("%d Go files under %s; want the whole module", len(out), root)
	}
	return out
}

func read(path string) (*source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &source{path: strings.TrimPrefix(path, root+"/"), fset: token.NewFileSet(), test: strings.HasSuffix(path, "_test.go")}
	if s.file, err = parser.ParseFile(s.fset, path, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		s.lines++
		if strings.TrimSpace(line) != "" {
			s.code++
		}
	}
	remarked := map[int]bool{}
	for _, g := range s.file.Comments {
		for l := s.line(g.Pos()); l <= s.line(g.End()); l++ {
			remarked[l] = true
		}
	}
	s.remark = len(remarked)
	return s, nil
}

func (s *source) line(p token.Pos) int { return s.fset.Position(p).Line }

// functions are the lengths in lines of all functions and methods of the file, by name.
func (s *source) functions(visit func(name string, lines int)) {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			visit(f.Name.Name, s.line(f.End())-s.line(f.Pos())+1)
		}
	}
}

// TestHouseFigures prints the sizes of functions and files and the share of comments, and holds the limits.
func TestHouseFigures(t *testing.T) {
	var funcs, files []int
	var code, remark int
	for _, s := range sources(t) {
		files = append(files, s.lines)
		if s.lines > longestFile {
			t.Errorf("%s has %d lines; want at most %d: split it by subject", s.path, s.lines, longestFile)
		}
		s.functions(func(name string, lines int) {
			funcs = append(funcs, lines)
			if lines > longestFunc {
				t.Errorf("%s: %s has %d lines; want at most %d", s.path, name, lines, longestFunc)
			}
		})
		if !s.test {
			code, remark = code+s.code, remark+s.remark
		}
	}
	fmt.Printf("functions: %s\nfiles: %s\ncomments outside tests: %.1f %% of %d lines\n",
		spread(funcs), spread(files), 100*float64(remark)/float64(code), code)
}

// spread is the count and quantiles of sizes.
func spread(sizes []int) string {
	slices.Sort(sizes)
	at := func(q float64) int { return sizes[int(q*float64(len(sizes)-1))] }
	return fmt.Sprintf("%d, median %d, p90 %d, p99 %d, longest %d lines", len(sizes), at(0.5), at(0.9), at(0.99), at(1))
}

// wellKnown are methods whose meaning is that of an interface of the standard library.
var wellKnown = []string{"String", "Error", "Unwrap"}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.file.Name.Name == "main" {
			continue
		}
		for _, d := range s.file.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s:%d: %s has no doc comment", s.path, s.line(d.Pos()), name)
			}
		}
	}
}

// undocumented lists the exported names of a declaration without a comment. A comment on a group serves its members.
func undocumented(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !(d.Recv != nil && slices.Contains(wellKnown, d.Name.Name)) {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					names = append(names, spec.Name.Name)
				}
			case *ast.ValueSpec:
				if d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					names = append(names, exported(spec.Names)...)
				}
			}
		}
	}
	return names
}

func exported(ids []*ast.Ident) (names []string) {
	for _, id := range ids {
		if id.IsExported() {
			names = append(names, id.Name)
		}
	}
	return names
}

// exportedReceiver is false for methods of types that nobody outside sees.
func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	t := f.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}
