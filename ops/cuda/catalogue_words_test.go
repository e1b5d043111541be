package cuda_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// words are what the sources say: the comments of the ops' types and of the methods that build kernels, and which
// builders the table of Bind calls for a type of op.
type words struct {
	types    map[string]string   // ops.Softmax
	methods  map[string]string   // binder.softmax, code.exp
	builders map[string][]string // methods of binder by type of op; one entry at least for each op with a kernel
	own      map[string]*ast.FuncDecl
}

// read parses the sources of this package, of the ops and of their graph.
func read(t *testing.T) *words {
	t.Helper()
	w := &words{types: map[string]string{}, methods: map[string]string{}, builders: map[string][]string{}}
	for _, dir := range []string{".", "..", "../../graph"} {
		files := parse(t, dir)
		for name, f := range files {
			w.note(filepath.Base(name), f)
		}
		if dir == "." {
			w.own = ownMethods(files)
		}
	}
	for _, family := range w.families() {
		w.cases(t, family)
	}
	return w
}

// parse reads the sources of a folder that are no tests, by path.
func parse(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	pkgs, err := parser.ParseDir(token.NewFileSet(), dir, func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pkgs {
		maps.Copy(files, p.Files)
	}
	return files
}

// note keeps the comments of a file; those of methods begin with its name.
func (w *words) note(file string, f *ast.File) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil {
				w.methods[receiver(d)+"."+d.Name.Name] = file + ": " + d.Doc.Text()
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if s, ok := s.(*ast.TypeSpec); ok {
					doc := s.Doc
					if doc == nil {
						doc = d.Doc
					}
					w.types[f.Name.Name+"."+s.Name.Name] = doc.Text()
				}
			}
		}
	}
}

// receiver is the type that a method belongs to.
func receiver(d *ast.FuncDecl) string {
	x := d.Recv.List[0].Type
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	if id, ok := x.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// ownMethods are the methods of binder.
func ownMethods(files map[string]*ast.File) map[string]*ast.FuncDecl {
	methods := map[string]*ast.FuncDecl{}
	for _, f := range files {
		for _, d := range f.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && d.Recv != nil && receiver(d) == "binder" {
				methods[d.Name.Name] = d
			}
		}
	}
	return methods
}

// families are the methods of the table that build walks through.
func (w *words) families() (list []*ast.FuncDecl) {
	ast.Inspect(w.own["build"].Body, func(n ast.Node) bool {
		if table, ok := n.(*ast.CompositeLit); ok {
			for _, x := range table.Elts {
				list = append(list, w.own[x.(*ast.SelectorExpr).Sel.Name])
			}
		}
		return true
	})
	return list
}

// cases notes which builders a family calls for which op. A case that calls none of its own gets those that are called
// before the switch, and the family itself where there are none either.
func (w *words) cases(t *testing.T, family *ast.FuncDecl) {
	t.Helper()
	found := 0
	ast.Inspect(family.Body, func(n ast.Node) bool {
		c, ok := n.(*ast.CaseClause)
		if !ok || c.List == nil {
			return true
		}
		for _, x := range c.List {
			sel, ok := x.(*ast.SelectorExpr)
			if !ok {
				continue // a case of another switch
			}
			found++
			w.builders[sel.X.(*ast.Ident).Name+"."+sel.Sel.Name] = w.called(family, c)
		}
		return true
	})
	if found == 0 {
		t.Fatalf("%s has no switch over types of ops: the catalogue cannot see what it builds", family.Name.Name)
	}
}

// called are the methods of binder that a case calls, and those that they call.
func (w *words) called(family *ast.FuncDecl, c *ast.CaseClause) (list []string) {
	for _, s := range c.Body {
		list = append(list, calls(s)...)
	}
	for _, s := range family.Body.List {
		if _, before := s.(*ast.TypeSwitchStmt); len(list) == 0 && !before {
			list = append(list, calls(s)...)
		}
	}
	if len(list) == 0 {
		return []string{family.Name.Name}
	}
	for i := 0; i < len(list); i++ {
		d := w.own[list[i]]
		if d == nil {
			continue // a method of another type
		}
		for _, name := range calls(d.Body) {
			if !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return list
}

// generic are methods that say nothing of an op.
var generic = []string{"num", "float", "space", "table", "each", "lines", "launch", "isStep", "offer"}

// calls are the methods b.name that a statement calls, each once; not those whose doing is in the text anyway.
func calls(s ast.Stmt) (list []string) {
	ast.Inspect(s, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		b, ok := sel.X.(*ast.Ident)
		name := sel.Sel.Name
		if ok && b.Name == "b" && !slices.Contains(generic, name) && !slices.Contains(list, name) {
			list = append(list, name)
		}
		return true
	})
	return list
}
