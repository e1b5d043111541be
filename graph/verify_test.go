package graph

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// probe is an op whose every aspect a test can set.
type probe struct {
	name string
	out  [2]Type
	n    int // results
	any  any // not comparable if it holds a slice
}

func (p probe) Name() string                   { return p.name }
func (p probe) Infer([]Type) ([]Type, error)   { return append([]Type(nil), p.out[:p.n]...), nil }
func (p probe) Eval(dst, in []*Tensor) error   { return nil }
func (p probe) fused(expansion Type) fusedOp   { return fusedOp{p, expansion} }
func (p probe) on(g *Graph, in ...*Node) *Node { return forge(g, p, in, p.out[:p.n]...) }

// fusedOp claims to be a constant of some type.
type fusedOp struct {
	probe
	t Type
}

func (f fusedOp) Unfused(in []*Node) []*Node { return []*Node{in[0].g.Const(f.t)} }

// forge appends a node past all checks, as a faulty pass would.
func forge(g *Graph, op Op, in []*Node, t ...Type) *Node {
	n := &Node{g: g, ID: len(g.nodes), Op: op, In: in, Types: t, site: g.here()}
	g.nodes = append(g.nodes, n)
	if l, ok := op.(Leaf); ok {
		if g.leaves[l.Path] == nil {
			g.leaves[l.Path], g.inits[l.Path] = n, Init{}
		}
	} else if hashable(op) && !slices.Contains(in, nil) {
		if k := (key{op, operands(in)}); g.cons[k] == nil {
			g.cons[k] = n
		}
	}
	return n
}

var (
	vec  = Type{F64, Sh(3)}
	two  = probe{name: "Two", out: [2]Type{vec, vec}, n: 2}
	once = probe{name: "Once", out: [2]Type{vec}, n: 1}
)

// sound is a graph with every kind of node: v0 input, v1 param, v2 state, v3 sum, v4 of two results, v5 and v6 the
// results, v7 their sum, which updates the state, v8 a constant.
func sound() *Graph {
	g := New()
	x, w, s := g.Input("x", vec), g.Param("w", vec, Normal(0, 1)), g.State("s", vec, Zeros())
	sum := g.Apply(Add{}, x, w)
	pair := g.Apply(two, sum)
	g.Update(s, g.Apply(Add{}, pair.Result(0), pair.Result(1)))
	g.Const(vec, 1, 2, 3)
	return g
}

// breaks lists a way to break each invariant and no other.
var breaks = map[int]func(g *Graph){
	1:  func(g *Graph) { g.nodes = append(g.nodes, nil) },
	2:  func(g *Graph) { g.nodes[7].ID = 70 },
	3:  func(g *Graph) { g.nodes[8].g = New() },
	4:  func(g *Graph) { g.nodes[3].poison = true },
	5:  func(g *Graph) { g.nodes[8].Op = nil },
	6:  func(g *Graph) { g.nodes[4].Op = probe{any: []int{1}} },
	7:  func(g *Graph) { g.nodes[3].In[0] = g.nodes[8] },
	8:  func(g *Graph) { g.nodes[3].In[0] = New().Input("x", vec) },
	9:  func(g *Graph) { g.nodes[3].In[1] = nil },
	10: func(g *Graph) { probe{name: "None"}.on(g, g.nodes[0]) },
	11: func(g *Graph) { forge(g, Add{}, []*Node{g.nodes[4]}, vec) },
	12: func(g *Graph) { forge(g, Result{2}, []*Node{g.nodes[4]}, vec) },
	13: func(g *Graph) { forge(g, Leaf{InputLeaf, "odd"}, nil, Type{DType(9), Sh(2)}) },
	14: func(g *Graph) { forge(g, Leaf{InputLeaf, "odd"}, nil, Type{F64, Sh(2, -3)}) },
	15: func(g *Graph) { forge(g, Leaf{InputLeaf, "odd"}, nil, Type{F64, Sh(1<<24, 1<<24)}) },
	16: func(g *Graph) { forge(g, once, []*Node{g.nodes[0]}, Type{F64, Sh(4)}) },
	17: func(g *Graph) { probe{out: [2]Type{vec}, n: 1}.on(g, g.nodes[0]) },
	18: func(g *Graph) { forge(g, once.fused(Type{F64, Sh(4)}), []*Node{g.nodes[0]}, vec) },
	19: func(g *Graph) { forge(g, Const{vec, NewData(1)}, []*Node{g.nodes[0]}, vec) },
	20: func(g *Graph) { forge(g, Const{Type{DType: I32}, NewData(0.5)}, nil, Type{DType: I32}) },
	21: func(g *Graph) { g.nodes[2].In = []*Node{g.nodes[0]} },
	22: func(g *Graph) { forge(g, Leaf{InputLeaf, "odd"}, nil, vec, vec) },
	23: func(g *Graph) { forge(g, Leaf{7, "odd"}, nil, vec) },
	24: func(g *Graph) { forge(g, Leaf{InputLeaf, ""}, nil, vec) },
	25: func(g *Graph) { forge(g, Leaf{StateLeaf, "x"}, nil, vec) },
	26: func(g *Graph) { delete(g.leaves, "x") },
	27: func(g *Graph) { g.leaves["x"] = g.nodes[1] },
	28: func(g *Graph) { delete(g.inits, "w") },
	29: func(g *Graph) { g.inits["ghost"] = Zeros() },
	30: func(g *Graph) { forge(g, Leaf{ParamLeaf, "count"}, nil, Type{I32, Sh(3)}) },
	31: func(g *Graph) { forge(g, Add{}, g.nodes[3].In, vec) },
	32: func(g *Graph) { delete(g.cons, key{Add{}, operands(g.nodes[3].In)}) },
	33: func(g *Graph) { g.nodes[3].site = site{} },
	34: func(g *Graph) { g.Fail("a mistake") },
	35: func(g *Graph) { g.updates = append(g.updates, Update{}) },
	36: func(g *Graph) { g.nodes[2].Op = Leaf{InputLeaf, "s"} },
	37: func(g *Graph) { g.updates[0].Value = New().Input("x", vec) },
	38: func(g *Graph) { g.updates[0].Value = g.Const(Type{F64, Sh(4)}) },
	39: func(g *Graph) { g.updates[0].Value = g.nodes[4] },
	40: func(g *Graph) { g.updates = append(g.updates, g.updates[0]) },
	41: func(g *Graph) { clear(g.pending) },
}

func TestSoundGraphsPass(t *testing.T) {
	g := sound()
	if err := Verify(g); err != nil {
		t.Error(err)
	}
	h, m := g.Shuffle(g.nodes[3:4], 5)
	if err := Verify(h); err != nil {
		t.Errorf("shuffled: %v", err)
	}
	Grad(h.Apply(probeSum{}, m[g.nodes[3]]), m[g.nodes[0]])
	if err := Verify(h); err != nil {
		t.Errorf("with a gradient: %v", err)
	}
	if err := Verify(New()); err != nil {
		t.Errorf("the empty graph: %v", err)
	}
}

// probeSum is a scalar function with a gradient of constants.
type probeSum struct{}

func (probeSum) Name() string                 { return "Sum" }
func (probeSum) Infer([]Type) ([]Type, error) { return []Type{{DType: F64}}, nil }
func (probeSum) Eval(dst, in []*Tensor) error { return nil }
func (probeSum) VJP(n *Node, _ []*Node) []*Node {
	return []*Node{n.g.Const(n.In[0].Type(), 1)}
}

func TestEachInvariantIsReportedAlone(t *testing.T) {
	number := regexp.MustCompile(`invariant (\d+) \(`)
	for n, spoil := range breaks {
		g := sound()
		spoil(g)
		err := Verify(g)
		if err == nil {
			t.Errorf("invariant %d broken: nothing reported", n)
			continue
		}
		for _, m := range number.FindAllStringSubmatch(err.Error(), -1) {
			if m[1] != fmt.Sprint(n) {
				t.Errorf("invariant %d broken, reported: %v", n, err)
			}
		}
	}
}

func TestEveryInvariantHasABreakingTestAndItsOwnNumber(t *testing.T) {
	next := 1
	for _, rules := range [][]invariant{structure, content} {
		for _, r := range rules {
			if r.number != next {
				t.Errorf("number %d follows %d", r.number, next-1)
			}
			if breaks[r.number] == nil {
				t.Errorf("invariant %d (%s) has no breaking test", r.number, r.holds)
			}
			next++
		}
	}
	if len(breaks) != next-1 {
		t.Errorf("%d breaking tests for %d invariants", len(breaks), next-1)
	}
}

func TestVerifyReportsAllViolationsWithNodeAndSite(t *testing.T) {
	g := sound()
	breaks[16](g)
	breaks[29](g)
	breaks[31](g)
	lines := strings.Split(Verify(g).Error(), "\n")
	if len(lines) != 3 {
		t.Fatalf("want three lines, have %q", lines)
	}
	want := regexp.MustCompile(`^graph\.Verify: invariant 16 \(types are what the shape rule infers\): v9 = Once f64 \(4\) v0  verify_test\.go:\d+$`)
	if !want.MatchString(lines[0]) {
		t.Errorf("wording: %s", lines[0])
	}
}
