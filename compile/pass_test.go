package compile_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// trains compiles training steps of every program and holds them against the interpreter on the graph as built.
func trains(t *testing.T, opts compile.Options) {
	t.Helper()
	opts.Check = true
	for i, p := range programs(graph.F64) {
		q, err := compile.Train(p.g, nil, &opts, p.loss, momentum{}, p.outputs...)
		if err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		pathOf(t, i, q.Store()).follow(t, p, q)
	}
}

// path is what the interpreter computes in training steps of a program as built, from its first state on.
type path []pace

// pace is one step: its inputs, loss and outputs, and the states after it.
type pace struct {
	in      map[string]*graph.Tensor
	outputs []*graph.Tensor
	leaves  graph.Leaves
}

// paths are those known so far. The interpreter takes its time, and hundreds of compilations are held against one path.
var paths = map[int]path{}

// pathOf is the path of the i-th program from the state of a fresh store, which is the same in each.
func pathOf(t *testing.T, i int, st *compile.Store) path {
	t.Helper()
	if paths[i] != nil {
		return paths[i]
	}
	p := programs(graph.F64)[i].asBuilt(t)
	roots, l := append([]*graph.Node{p.loss}, p.outputs...), leaves(nil, st)
	for k := range uint64(3) {
		in := p.feed(k)
		maps.Copy(l, in)
		v, err := graph.Run(p.g, l, roots...)
		if err != nil {
			t.Fatal(err)
		}
		var outputs []*graph.Tensor
		for _, n := range roots {
			outputs = append(outputs, v.Of(n))
		}
		l.Commit(p.g, v)
		paths[i] = append(paths[i], pace{in, outputs, maps.Clone(l)})
	}
	return paths[i]
}

// follow runs q and fails where it leaves the path.
func (w path) follow(t *testing.T, p program, q *compile.Program) {
	t.Helper()
	for k, want := range w {
		got, err := q.RunTensors(want.in)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			same(t, fmt.Sprintf("%s step %d output %d", p.name, k, i-1), got[i], want.outputs[i], 1e-10)
		}
		for _, name := range q.Store().Names() {
			same(t, fmt.Sprintf("%s step %d state %s", p.name, k, name), q.Store().Get(name), want.leaves[name], 1e-10)
		}
	}
}

func TestProgramsAreRightWithoutEachPass(t *testing.T) {
	for _, name := range compile.PassNames() {
		t.Run(name, func(t *testing.T) { trains(t, compile.Options{Disable: []string{name}}) })
	}
}

func TestProgramsAreRightWithEachPassAloneAndEachPair(t *testing.T) {
	for i, a := range compile.PassNames() {
		for _, b := range compile.PassNames()[i:] {
			if testing.Short() && a != b {
				break
			}
			t.Run(a+"+"+b, func(t *testing.T) { trains(t, compile.Options{Only: []string{a, b}}) })
		}
	}
}

func TestProgramsAreRightInEveryNodeOrder(t *testing.T) {
	orders := uint64(20)
	if testing.Short() {
		orders = 4
	}
	for seed := range orders {
		trains(t, compile.Options{Shuffle: 1000 * seed})
	}
}

// opNames counts the ops of the final graph by the name before any brace.
func opNames(q *compile.Program) map[string]int {
	count := map[string]int{}
	g, roots := q.Graph()
	for _, n := range g.Live(roots...) {
		name, _, _ := strings.Cut(n.Op.Name(), "{")
		count[name]++
	}
	return count
}

func TestStructureLeavesNoDenseMatrix(t *testing.T) {
	p := chain(graph.F64)
	q, err := compile.Train(p.g, nil, &compile.Options{Check: true}, p.loss, momentum{})
	if err != nil {
		t.Fatal(err)
	}
	count := opNames(q)
	for _, name := range []string{"Densify", "MatPow", "UpperOnes", "AtPattern"} {
		if count[name] > 0 {
			t.Errorf("%d × %s in the final graph", count[name], name)
		}
	}
	if count["SpMM"] == 0 || count["CumSum@0"] == 0 {
		t.Errorf("no SpMM or CumSum among %v", count)
	}
	g, roots := q.Graph()
	for _, n := range g.Live(roots...) {
		if mm, ok := n.Op.(ops.MatMul); ok && n.Shape() == graph.Sh(40, 5) {
			t.Errorf("ψ(w) is multiplied out: %v %v", n, mm)
		}
	}
}

func TestMultihopOnALongChainNeverFormsTheMatrix(t *testing.T) {
	const n, h = 2048, 4
	for _, constant := range []bool{true, false} {
		g := graph.New()
		p := band(n)
		values := g.Const(typ(graph.F32, p.NNZ()), 0.5)
		if !constant {
			values = g.Param("edges", typ(graph.F32, p.NNZ()), graph.Uniform(0, 1))
		}
		a := g.Apply(ops.MatPow{H: h, Accumulative: true}, g.Apply(ops.Densify{P: p}, values))
		y := ops.TMatMul(a, ops.Relu(g.Param("x", typ(graph.F32, n, 3), graph.Uniform(0, 1))))
		q, err := compile.Train(g, nil, nil, ops.Mean(ops.Square(y)), momentum{})
		if err != nil {
			t.Fatal(err)
		}
		if got, most := q.Stats().ArenaBytes, 64*n*4; got > most {
			t.Errorf("constant %v: arena of %d bytes, want at most %d: no n² = %d", constant, got, most, n*n*4)
		}
		if products := opNames(q)["SpMM"]; constant && products != 1 || !constant && products < h {
			t.Errorf("constant %v: %d sparse products among %v", constant, products, opNames(q))
		}
	}
}

func TestHeadsAlikeBecomeOneProductEach(t *testing.T) {
	p := attention(graph.F64)
	with, err := compile.Forward(p.g, nil, nil, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	without, err := compile.Forward(p.g, nil, &compile.Options{Disable: []string{"fuse-heads"}}, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	products := func(q *compile.Program) (n int) {
		for name, k := range opNames(q) {
			if strings.HasPrefix(name, "MatMul") {
				n += k
			}
		}
		return n
	}
	if a, b := products(with), products(without); a != 5 || b != 10 {
		t.Errorf("%d products with fuse-heads, %d without; want 5 and 10", a, b)
	}
}

func TestColumnNormsOfHeadsAlikeBecomeOne(t *testing.T) {
	p := normed(graph.F64)
	q, err := compile.Train(p.g, nil, nil, p.loss, momentum{}, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	count := opNames(q)
	// Products: forward and of the weights; the gradient of x is not asked for.
	if count["ColumnNorm"] != 1 || count["ColumnNormGrad"] != 1 || count["MatMul·ᵀ"] != 1 {
		t.Errorf("three heads with batch norm have %v; want one product, one ColumnNorm and one ColumnNormGrad", count)
	}
}

func TestStackedParametersLieSideBySide(t *testing.T) {
	st := compile.NewStore()
	p := attention(graph.F64)
	train, err := compile.Train(p.g, st, &compile.Options{Check: true}, p.loss, momentum{}, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	predict, err := compile.Forward(p.g, st, &compile.Options{Check: true, Shuffle: 5}, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []*compile.Program{train, predict} {
		var text strings.Builder
		if err := q.Explain(&text); err != nil {
			t.Fatal(err)
		}
		if opNames(q)["Concat@0"] == 0 || strings.Contains(text.String(), "Concat") {
			t.Errorf("a kernel joins parameters, or none are stacked:\n%s", text.String())
		}
	}
	want := attention(graph.F64).asBuilt(t)
	steps(t, want, train, append([]*graph.Node{want.loss}, want.outputs...), 1e-10)
	steps(t, p, predict, p.outputs, 1e-10)
	lone, err := compile.Forward(p.g, compile.NewStore(), &compile.Options{Disable: []string{"fuse-heads"}}, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	late, err := compile.Forward(p.g, lone.Store(), nil, p.outputs...) // its parameters are bound apart already
	if err != nil {
		t.Fatal(err)
	}
	steps(t, p, late, p.outputs, 1e-10)
}

func TestReassociationTakesTheCheapestOrder(t *testing.T) {
	g := graph.New()
	d := graph.F64
	x := g.Input("x", typ(d, 50, 40))
	a, b, c := g.Param("a", typ(d, 30, 2), graph.Normal(0, 1)), g.Param("b", typ(d, 40, 2), graph.Normal(0, 1)), g.Param("c", typ(d, 60, 30), graph.Normal(0, 1))
	y := ops.MatMulT(ops.MatMulT(x, ops.MatMulT(a, b)), c) // x·(a·bᵀ)ᵀ·cᵀ: as written 372,000 flops, from b on 35,200
	q, err := compile.Forward(g, nil, nil, y)
	if err != nil {
		t.Fatal(err)
	}
	// The product of a and c reads parameters alone: it is held, and no run has its 7,200.
	if want := float64(2 * (50*40*2 + 50*2*60)); q.Stats().Flops != want || q.Stats().Held != 1 {
		t.Errorf("%v flops and %d kernels held, want %v and 1", q.Stats().Flops, q.Stats().Held, want)
	}
}

func TestAnElementwiseStepIsOneKernelAParameterInPlace(t *testing.T) {
	g := graph.New()
	w := g.Param("w", typ(graph.F32, 100, 10), graph.Normal(0, 1))
	x := g.Input("x", typ(graph.F32, 8, 100))
	loss := ops.Mean(ops.Square(ops.MatMulN(x, w)))
	q, err := compile.Train(g, nil, nil, loss, momentum{})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := q.Explain(&text); err != nil {
		t.Fatal(err)
	}
	commits := 0
	for line := range strings.SplitSeq(text.String(), "\n") {
		if strings.HasPrefix(line, "commit") {
			commits++
			if !strings.Contains(line, "  opt.w w ←") && !strings.Contains(line, "  w opt.w ←") {
				t.Errorf("the commit does not write the states in place: %s", line)
			}
		}
	}
	if commits != 1 {
		t.Errorf("%d kernels in the commit, want 1:\n%s", commits, text.String())
	}
}

func TestFlatOuterProductsAreNotFormedWhereBlocksAreLong(t *testing.T) {
	p := outer(graph.F64)
	q, err := compile.Forward(p.g, nil, nil, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	// G = D, D/2 and D/2; blocks of 1 are dearer than forming ψ. The one that is a whole S has dense products alone.
	if got := opNames(q); got["SpMM"] != 2 || got["MatMul·ᵀ"] != 5 {
		t.Errorf("%d sparse and %d dense products: %v", got["SpMM"], got["MatMul·ᵀ"], got)
	}
}

func TestTheMaskOfAReluIsComputedWhereItIsRead(t *testing.T) {
	g := graph.New()
	x, w := g.Input("x", typ(graph.F32, 8, 9)), g.Param("w", typ(graph.F32, 9, 7), graph.Normal(0, 1))
	v := g.Param("v", typ(graph.F32, 7, 5), graph.Normal(0, 1))
	loss := ops.Mean(ops.Square(ops.MatMulN(ops.Relu(ops.MatMulN(x, w)), v)))
	q, err := compile.Train(g, nil, nil, loss, momentum{})
	if err != nil {
		t.Fatal(err)
	}
	h, roots := q.Graph()
	for _, n := range h.Live(roots...) {
		if name := n.Op.Name(); strings.Contains(name, "Relu") && strings.Contains(name, "Step") {
			t.Errorf("relu and mask in one kernel: %v", n)
		}
	}
}

func TestPassNamesAreChecked(t *testing.T) {
	p := states(graph.F64)
	_, err := compile.Forward(p.g, nil, &compile.Options{Disable: []string{"fuse-everything"}}, p.outputs...)
	if err == nil || !strings.Contains(err.Error(), "fuse-everything") || !strings.Contains(err.Error(), "fuse-heads") {
		t.Errorf("got %v, want an error with the name and those that exist", err)
	}
}

func TestDebugSettingsComeFromTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("RPNC_DEBUG", "check=1,nan=1,disable=fuse-heads+structure,dump="+dir)
	p := attention(graph.F64)
	q, err := compile.Forward(p.g, nil, nil, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	for _, pass := range q.Stats().Passes {
		if strings.Contains(pass.Name, "fuse-heads") || strings.Contains(pass.Name, "structure") {
			t.Errorf("pass %s ran", pass.Name)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) != len(q.Stats().Passes)+2 {
		t.Fatalf("%d dumps after %d passes, error %v; want one each and one a phase", len(files), len(q.Stats().Passes), err)
	}
	if text, err := os.ReadFile(files[0]); err != nil || filepath.Base(files[0]) != "Forward-01-prepare-start.txt" || !strings.Contains(string(text), "MatMul") {
		t.Errorf("dump %s: %s, error %v", files[0], text, err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "Forward.html"))
	if err != nil || strings.Count(string(page), "<section>") != len(files) || !strings.Contains(string(page), fmt.Sprintf("%02d-optimise-turn-weights", len(files))) {
		t.Errorf("page: %s, error %v; want a column a dump", page, err)
	}
	t.Setenv("RPNC_DEBUG", "colour=1")
	if _, err := compile.Forward(p.g, nil, nil, p.outputs...); err == nil || !strings.Contains(err.Error(), "colour") {
		t.Errorf("got %v, want an error that names the setting", err)
	}
}

func TestExplainSaysWhatIsSlowAndWhatIsDense(t *testing.T) {
	g := graph.New()
	x, p := g.Input("x", typ(graph.F32, 6, 6)), band(6)
	a := g.Apply(ops.Densify{P: p}, g.Param("edges", typ(graph.F32, p.NNZ()), graph.Fill(1)))
	y := g.Apply(explode{}, ops.Add(ops.Exp(ops.Add(a, x)), ops.MatMulN(a, x)))
	q, err := compile.Forward(g, nil, nil, y)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := q.Explain(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"slow: Explode has no kernel", "dense: Densify", "f32 (6×6) is written out", "pass prepare/simplify", "pass_test.go:", "edges"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

func TestCommitOrdersReadersBeforeWriters(t *testing.T) {
	// A ring: every state becomes its neighbour plus the input; no order of in-place updates is right.
	for _, n := range []int{2, 3, 5} {
		g := graph.New()
		x := g.Input("x", typ(graph.F64, 3))
		var s []*graph.Node
		for i := range n {
			s = append(s, g.State(fmt.Sprint("s", i), typ(graph.F64, 3), graph.Fill(float64(i))))
		}
		for i := range n {
			g.Update(s[i], ops.Add(s[(i+1)%n], x))
		}
		p := program{"ring", g, []*graph.Node{x, s[0]}, nil}
		for _, vm := range executors {
			q, err := compile.Forward(g, nil, &compile.Options{VM: vm, Check: true}, p.outputs...)
			if err != nil {
				t.Fatal(err)
			}
			steps(t, p, q, p.outputs, 1e-12)
		}
	}
}
