package bench

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/loss"
	"rpnc/rpnops"
)

// How a workload is described. Each function below makes one kind: the model as a user would write it,
// the distribution of its data, the loss, and its least cost by package bench's own count. Sizes are
// arguments, so that the suite and the sweeps over sizes share one description. Names are what
// -workloads takes: those of the suite say model and data (gcn_cora), those of the sweeps begin with
// s_ and end in the size (s_mlp_b256).
//
// Data are random of the right shape: the time of a step does not depend on what the numbers are, with
// one exception that is kept in mind, that no value may overflow or die out, which the distributions
// see to.

// Workload is one configuration that users train: a model, the rows of a batch, and what a step of it costs at least.
//
// Names, shapes, batch sizes and counted operations are those of the peers in peers/, so that rows can be put side by side.
//
// spec makes a fresh one each time: specs may hold slices, and a measurement must not change what the
// next one measures.
type Workload struct {
	Name string
	Desc string
	Rows int
	Cost Cost
	X    graph.Init // the distribution of the data
	Loss loss.Loss
	Only string // the one mode that it is measured in; empty means both
	Many bool   // its rows are images, of which an epoch has 60,000
	Size bool   // one of the sweeps over a size, and not of the suite proper
	spec func() models.Spec
}

// Spec is the model.
func (w Workload) Spec() models.Spec { return w.spec() }

// Modes lists what is measured of steps: infer is a forward pass, train a forward pass, the gradient and a step of AdamW.
func (w Workload) Modes() []string {
	if w.Only != "" {
		return []string{w.Only}
	}
	return []string{"infer", "train"}
}

// Has says whether the workload is measured in a mode: one of Modes or, where rows are images, epoch, a pass over 60,000
// of them.
func (w Workload) Has(mode string) bool {
	return mode == "epoch" && w.Many || slices.Contains(w.Modes(), mode)
}

// Workloads lists the suite, then the sweeps over sizes.
func Workloads() []Workload { return append(suite(), sweeps()...) }

// Custom is a workload of any model on numbers from 0 to 1. Nobody has counted its cost.
func Custom(name string, spec models.Spec, rows int) Workload {
	return Workload{Name: name, Desc: fmt.Sprintf("%T; batch %d", spec, rows), Rows: rows, X: pixels, Loss: loss.CrossEntropy{},
		spec: func() models.Spec { return spec }}
}

// Find is the workload of a name; an error lists those that there are.
func Find(name string) (Workload, error) {
	all := Workloads()
	if i := slices.IndexFunc(all, func(w Workload) bool { return w.Name == name }); i >= 0 {
		return all[i], nil
	}
	var names []string
	for _, w := range all {
		names = append(names, w.Name)
	}
	return Workload{}, fmt.Errorf("bench.Find: no workload is called %q; there are %s", name, strings.Join(names, ", "))
}

// suite is the list of what models are used for, in the order of the report.
//
// It has one of every structure that the compiler knows: plain products, outer-product expansions under
// three fabrications, splines, patches, heads side by side, chains as bands, inverses and exponentials,
// attention, sparse graphs, pairs.
func suite() []Workload {
	return []Workload{
		mlp("mlp_mnist", 128),
		only("infer", mlp("mlp_infer_b1", 1)),
		taylor("taylor_id_mnist", "id", 64),
		taylor("taylor_lorr_mnist", "lorr", 64),
		taylor("taylor_dlphm_mnist", "dlphm", 64),
		kan("kan_mnist", 64),
		cnn("cnn_mnist", 64, 28, 1, 16, 32),
		cnn("cnn_cifar", 64, 32, 3, 32, 64),
		only("infer", cnn("cnn_infer_b1", 1, 28, 1, 16, 32)),
		gridHeads("grid_heads8", 64, 8),
		chain("chain_h1_L32", 32, plainChain),
		chain("chain_h1_L128", 128, plainChain),
		chain("chain_multihop4_L128", 128, multihopChain),
		chain("chain_inv_L512", 512, inverseChain),
		chain("chain_exp_L512", 512, exponentialChain),
		attention("attn_1h", 256, 256, 1),
		attention("attn_8h", 256, 256, 8),
		attention("attn_512", 512, 512, 1),
		gcn("gcn_cora", 2708, 5278, false),
		gcn("gat_cora", 2708, 5278, true),
		combinatorial("combinatorial", 64),
		extended("extended", 64),
	}
}

// sweeps measure how cost grows with a size: of the batch, the chain, the number of heads, the graph.
func sweeps() (all []Workload) {
	add := func(w Workload) { w.Size = true; all = append(all, w) }
	for _, b := range []int{16, 64, 256, 1024} {
		add(mlp(fmt.Sprintf("s_mlp_b%d", b), b))
		add(cnn(fmt.Sprintf("s_cnn_b%d", b), b, 28, 1, 16, 32))
		add(kan(fmt.Sprintf("s_kan_b%d", b), b))
		add(taylor(fmt.Sprintf("s_dlphm_b%d", b), "dlphm", b))
	}
	for _, l := range []int{32, 128, 512, 2048, 8192} {
		add(chain(fmt.Sprintf("s_chain_h1_L%d", l), l, plainChain))
		add(chain(fmt.Sprintf("s_chain_inv_L%d", l), l, inverseChain))
		add(chain(fmt.Sprintf("s_chain_exp_L%d", l), l, exponentialChain))
		add(chain(fmt.Sprintf("s_chain_mh4_L%d", l), l, multihopChain))
	}
	for _, n := range []int{1, 4, 16} {
		add(gridHeads(fmt.Sprintf("s_grid_w%d", n), 64, n))
		add(attention(fmt.Sprintf("s_attn_w%d", n), 256, 256, n))
	}
	for _, b := range []int{64, 128, 512} {
		add(attention(fmt.Sprintf("s_attn_b%d", b), b, 256, 1))
	}
	for _, n := range []int{1000, 5000, 20000, 100000} {
		add(gcn(fmt.Sprintf("s_gcn_N%d", n), n, 2*n, false))
		add(gcn(fmt.Sprintf("s_gat_N%d", n), n, 2*n, true))
	}
	for _, m := range []int{32, 128, 256} {
		add(combinatorial(fmt.Sprintf("s_comb_m%d", m), m))
	}
	return all
}

// only restricts a workload to one mode.
func only(mode string, w Workload) Workload { w.Only = mode; return w }

var (
	bias   = models.Product{EnableBias: true}
	relu   = models.Finish{WithRelu: true}
	pixels = graph.Uniform(0, 1)
	normal = graph.Normal(0, 1)
)

// mlp has three dense layers: what every framework does well.
func mlp(name string, b int) Workload {
	dims := []int{784, 256, 128, 10}
	return Workload{Name: name, Desc: fmt.Sprintf("perceptron layers 784-256-128-10, bias, ReLU; batch %d", b),
		Rows: b, X: pixels, Loss: loss.CrossEntropy{}, Cost: denseCost(b, dims), Many: b > 1,
		spec: func() models.Spec { return models.MLP{Dims: dims, Product: bias, Finish: relu, Plain: true} }}
}

// taylor has expansions of second order, normalised, under a matrix of one of three fabrications.
func taylor(name, kind string, b int) Workload {
	spec := func() models.Spec {
		var net models.RPN
		for _, d := range taylorDims {
			var psi rpnops.Reconciliation = rpnops.IdentityReconciliation{}
			switch kind {
			case "lorr":
				psi = rpnops.LoRR{R: 5}
			case "dlphm":
				psi = rpnops.DualLPHM{Blocks: rpnops.Blocks{P: d.p, Q: d.m}, R: 5}
			}
			kappa := rpnops.Taylor{D: 2}
			kappa.Post = []rpnops.Process{rpnops.LayerNorm{Eps: 1e-5}}
			net.Layers = append(net.Layers, models.Layer{M: d.m, N: d.n, Heads: []models.Spec{
				models.Head{Transform: kappa, Fabrication: psi}}})
		}
		return net
	}
	return Workload{Name: name, Desc: fmt.Sprintf("784-64-64-10, taylor d=2 + LayerNorm on the expansion, %s reconciliation; batch %d", kind, b),
		Rows: b, X: pixels, Loss: loss.CrossEntropy{}, Cost: taylorCost(b, kind), Many: true, spec: spec}
}

// kan has splines on every column beside a linear map.
func kan(name string, b int) Workload {
	dims := []int{784, 64, 10}
	return Workload{Name: name, Desc: fmt.Sprintf("KAN 784-64-10, cubic B-splines t=5, SiLU of a linear remainder; batch %d", b),
		Rows: b, X: pixels, Loss: loss.CrossEntropy{}, Cost: kanCost(b, dims), Many: true,
		spec: func() models.Spec { return models.KAN{Dims: dims} }}
}

// cnn has grid layers of 3×3 patches at every pixel, a pooling by 2, and two perceptrons.
func cnn(name string, b, side int, channels ...int) Workload {
	one, two := models.Int(1), models.Int(2)
	spec := func() models.Spec {
		return models.CNN{Patching: everyPixel(side), PoolCDH: two, PoolCDW: two, PoolCDD: one, Metric: rpnops.Max,
			ChannelNums: channels, FCDims: []int{128, 10}, Product: bias, WithBatchNorm: true, WithRelu: true, TrainNorm: true}
	}
	return Workload{Name: name, Desc: fmt.Sprintf("grid CNN %d×%d, channels %v, 3×3 patches, BN + ReLU, 3×3/2 max compression, fc 128-10; batch %d", side, side, channels, b),
		Rows: b, X: pixels, Loss: loss.CrossEntropy{}, Cost: cnnCost(b, side, channels, []int{128, 10}, 1, true), Many: b > 1, spec: spec}
}

// everyPixel has a 3×3 patch around each cell of a square.
func everyPixel(side int) models.Patching {
	one := models.Int(1)
	return models.Patching{H: side, W: side, PH: one, PW: one, PD: models.Int(0), CDH: one, CDW: one, CDD: one}
}

// gridHeads has n heads of their own parameters on the same patches, averaged.
//
// Equal heads on equal patches are what a compiler can put into one product; whether it does is what
// this measures.
func gridHeads(name string, b, n int) Workload {
	spec := func() models.Spec {
		head := models.GridHead{Patching: everyPixel(32), InChannel: 3, OutChannel: 16, Product: bias,
			Finish: models.Finish{WithBatchNorm: true, WithRelu: true, TrainNorm: true}}
		return models.RPN{Layers: []models.Spec{
			models.Layer{M: 3 * 32 * 32, N: 16 * 32 * 32, Heads: repeated(head, n), Fusion: rpnops.AverageFusion{}},
			models.PerceptronHead{M: 16 * 32 * 32, N: 10, Product: bias},
		}}
	}
	return Workload{Name: name, Desc: fmt.Sprintf("grid layer 32×32×3 → 16 channels, %d untied heads, mean fusion, perceptron to 10; batch %d", n, b),
		Rows: b, X: pixels, Loss: loss.CrossEntropy{}, Cost: cnnCost(b, 32, []int{3, 16}, []int{10}, n, false), spec: spec}
}

// repeated is one head n times; every one has parameters of its own.
func repeated(head models.Spec, n int) []models.Spec { return slices.Repeat([]models.Spec{head}, n) }

// The kinds of chains, each with the number of taps of its band.
var (
	plainChain       = chainKind{models.ChainOptions{H: rpnops.Some(1)}, 2, "h=1"}
	multihopChain    = chainKind{models.ChainOptions{WithMultihop: true, H: rpnops.Some(4), Accumulative: true}, 5, "4 hops"}
	inverseChain     = chainKind{models.ChainOptions{WithInverse: true}, 1, "inverse"}
	exponentialChain = chainKind{models.ChainOptions{WithExponential: true}, 13, "exponential"}
)

// chainKind is a way to relate the positions of a chain; taps are the diagonals of its matrix that
// count.
type chainKind struct {
	options models.ChainOptions
	taps    int
	name    string
}

// chain has one hidden layer on positions, and the mean over them before the output.
//
// The four kinds have the same parameters and differ in the matrix between positions alone: two
// diagonals, a few of them, an inverse, an exponential. The inverse and the exponential would be dense
// products of length², and are bands or recurrences to whoever looks at their structure.
func chain(name string, length int, kind chainKind) Workload {
	const b, m, n = 32, 64, 10
	spec := func() models.Spec {
		return models.RNN{Length: length, Dims: []int{m, m, n}, Finish: relu, ChainOptions: kind.options}
	}
	return Workload{Name: name, Desc: fmt.Sprintf("perceptron 64-64 a position, chain (%s) 64-64, mean, 64-10; length %d, batch %d", kind.name, length, b),
		Rows: b, X: normal, Loss: loss.CrossEntropy{}, Cost: chainCost(b, length, m, m, n, kind.taps), spec: spec}
}

// attention relates the rows of a batch: every head has a full (m×m) matrix between them.
//
// The rows of a batch are the elements that attend to each other, so the scores are (b×b), and a batch
// of another size is another model's work.
func attention(name string, b, m, heads int) Workload {
	spec := func() models.Spec {
		head := models.BilinearHead{M: m, N: m}
		return models.RPN{Layers: []models.Spec{
			models.Layer{M: m, N: m, Heads: repeated(head, heads), Fusion: rpnops.ParameterizedConcatenationFusion{}},
			models.PerceptronHead{M: m, N: 10},
		}}
	}
	return Workload{Name: name, Desc: fmt.Sprintf("bilinear instance interdependence, full %d×%d W, softmax, %d untied heads joined by a matrix, 10 classes; batch %d", m, m, heads, b),
		Rows: b, X: graph.Normal(0, 0.3), Loss: loss.CrossEntropy{}, Cost: attentionCost(b, m, m, heads), spec: spec}
}

// gcn has a random graph of n nodes and undirected links, normalised by columns, with self loops.
func gcn(name string, n, links int, attention bool) Workload {
	dims := []int{1433, 16, 7}
	cost, kind := gcnCost(n, 2*links+n, dims), "GCN"
	if attention {
		cost, kind = gatCost(n, 2*links+n, dims, 8), "GAT (LoRR r=8)"
	}
	spec := func() models.Spec {
		g := models.Default[models.GCN]()
		g.Dims, g.WithDropout = dims, false
		g.Topology = rpnops.NumberedGraph(n, randomLinks(n, links), true)
		if attention {
			return models.GAT{GCN: g, Attention: models.Attention{WithLoRRXi: true, RXi: 8}}
		}
		return g
	}
	return Workload{Name: name, Desc: fmt.Sprintf("%s 1433-16-7, %d nodes, %d directed edges and self loops, normalised by columns", kind, n, 2*links),
		Rows: n, X: pixels, Loss: loss.NLL{}, Cost: cost, spec: spec}
}

// randomLinks draws so many different links between n nodes.
//
// The draw is seeded by n, and the links are sorted, so that each size has one graph everywhere.
func randomLinks(n, links int) [][2]int {
	draw := rand.New(rand.NewPCG(0, uint64(n)))
	seen := map[[2]int]bool{}
	for len(seen) < links {
		a, b := draw.IntN(n), draw.IntN(n)
		if a != b {
			seen[[2]int{min(a, b), max(a, b)}] = true
		}
	}
	list := make([][2]int, 0, links)
	for l := range seen {
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b [2]int) int { return cmp.Or(a[0]-b[0], a[1]-b[1]) })
	return list
}

// combinatorial has the densities of all single columns and pairs under one matrix.
func combinatorial(name string, m int) Workload {
	const b, n = 64, 10
	spec := func() models.Spec {
		return models.PGMHead{M: m, N: n, Cliques: models.Cliques{Tuples: rpnops.Tuples{D: 2}}}
	}
	return Workload{Name: name, Desc: fmt.Sprintf("log densities of single columns and pairs, %d → %d → %d; batch %d", m, m+m*(m-1)/2, n, b),
		Rows: b, X: normal, Loss: loss.CrossEntropy{}, Cost: combinatorialCost(b, m, n), spec: spec}
}

func extended(name string, b int) Workload {
	spec := func() models.Spec {
		return models.RPN{Layers: []models.Spec{
			models.Head{M: 784, N: 64, Fabrication: rpnops.IdentityReconciliation{}, Output: []rpnops.Process{rpnops.Relu{}},
				Transform: rpnops.Extended{Functions: []rpnops.Transformation{
					rpnops.Chebyshev{Degree: rpnops.Degree{D: 3}},
					rpnops.GaussianRBF{Centres: rpnops.Centres{NumInterval: 10}},
					rpnops.Fourier{P: rpnops.Some(10.0), N: 5},
				}}},
			models.PerceptronHead{M: 64, N: 10},
		}}
	}
	return Workload{Name: name, Desc: fmt.Sprintf("chebyshev 3 + gaussian rbf 10 + fourier 5, 784 → 18032 → 64 ReLU → 10; batch %d", b),
		Rows: b, X: pixels, Loss: loss.CrossEntropy{}, Cost: extendedCost(b), spec: spec}
}
