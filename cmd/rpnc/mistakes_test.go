package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/checkpoint"
	"rpnc/models/data"
	"rpnc/models/loss"
	"rpnc/models/optim"
	"rpnc/models/train"
	"rpnc/ops"
	"rpnc/rpnops"
)

var update = flag.Bool("update", false, "write testdata/mistakes.golden anew")

// mistake is something that users do wrong, and the error that they get.
type mistake struct {
	what string
	make func(dir string) error
}

// in64 is an input of a graph.
func in64(g *graph.Graph, name string, dims ...int) *graph.Node {
	return g.Input(name, graph.Type{DType: graph.F64, Shape: graph.Sh(dims...)})
}

// inGraph builds on two inputs x (32×100) and w (64×10).
func inGraph(build func(g *graph.Graph, x, w *graph.Node)) func(string) error {
	return func(string) error {
		g := graph.New()
		build(g, in64(g, "x", 32, 100), in64(g, "w", 64, 10))
		return g.Err()
	}
}

// inModel makes a model of a spec.
func inModel(spec models.Spec) func(string) error {
	return func(string) error {
		_, err := models.New(spec, nil)
		return err
	}
}

// inHead makes a model of one head with 4 columns in and 3 out.
func inHead(set func(h *models.Head)) func(string) error {
	h := models.Head{M: 4, N: 3, Fabrication: rpnops.IdentityReconciliation{}}
	set(&h)
	return inModel(h)
}

// fitting trains a small network on flowers after something has been spoilt.
func fitting(spoil func(t *train.Trainer, d *data.Dataset)) func(string) error {
	return func(string) error {
		d, err := data.Iris()
		if err != nil {
			return err
		}
		m, err := models.New(models.MLP{Dims: []int{4, 8, 3}, Plain: true}, nil)
		if err != nil {
			return err
		}
		t := train.Trainer{Epochs: 2}
		spoil(&t, d)
		_, err = t.Fit(context.Background(), m, d, nil)
		return err
	}
}

// inFile writes a file to DIR and runs the command.
func inFile(name, text string, args ...string) func(string) error {
	return func(dir string) error {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
		return failing(dir, args...)
	}
}

// onCommand runs the command.
func onCommand(args ...string) func(string) error {
	return func(dir string) error { return failing(dir, args...) }
}

// failing runs the command with dir for DIR in args; the error is what it prints.
func failing(dir string, args ...string) error {
	real := make([]string, len(args))
	for i, a := range args {
		real[i] = strings.ReplaceAll(a, "DIR", dir)
	}
	o := rpnc(real...)
	if o.status == success {
		return nil
	}
	return errors.New(strings.TrimSuffix(o.errors, "\n"))
}

var graphMistakes = []mistake{
	{"MatMul of shapes that do not fit", inGraph(func(_ *graph.Graph, x, w *graph.Node) { ops.MatMulN(x, w) })},
	{"Add of shapes that do not broadcast", inGraph(func(_ *graph.Graph, x, w *graph.Node) { ops.Add(x, w) })},
	{"Reshape to another number of elements", inGraph(func(_ *graph.Graph, x, _ *graph.Node) { ops.Reshape(x, 32, 99) })},
	{"a slice beyond the end", inGraph(func(_ *graph.Graph, x, _ *graph.Node) { ops.SliceAxis(x, 1, 90, 110) })},
	{"joining what differs elsewhere", inGraph(func(_ *graph.Graph, x, w *graph.Node) { ops.Join(1, x, w) })},
	{"an axis that does not exist", inGraph(func(_ *graph.Graph, x, _ *graph.Node) { ops.SumAxis(x, 2) })},
	{"float labels", inGraph(func(_ *graph.Graph, x, w *graph.Node) { ops.SoftmaxCrossEntropy(x, w) })},
	{"one name for two parameters", inGraph(func(g *graph.Graph, x, w *graph.Node) {
		g.Param("p", x.Type(), graph.Zeros())
		g.Param("p", w.Type(), graph.Zeros())
	})},
	{"a gradient of what is no number", inGraph(func(_ *graph.Graph, x, _ *graph.Node) { graph.Grad(x, x) })},
	{"two independent mistakes", inGraph(func(_ *graph.Graph, x, w *graph.Node) {
		ops.Tanh(ops.MatMulN(x, w))
		ops.Reshape(w, 5)
	})},
	{"a pass that does not exist", func(string) error {
		g := graph.New()
		_, err := compile.Forward(g, nil, &compile.Options{Disable: []string{"fuse-elementwize"}}, ops.Tanh(in64(g, "x", 2, 2)))
		return err
	}},
}

var specMistakes = []mistake{
	{"a network of one width", inModel(models.MLP{Dims: []int{4}})},
	{"a width of nothing", inModel(models.MLP{Dims: []int{4, 0, 3}})},
	{"a head without sizes", inModel(models.PerceptronHead{N: 3})},
	{"layers that do not fit", inModel(models.RPN{Layers: []models.Spec{models.MLP{Dims: []int{4, 5}}, models.MLP{Dims: []int{6, 3}}}})},
	{"heads that do not agree", inModel(models.Layer{Heads: []models.Spec{models.Head{M: 4, N: 3}, models.Head{M: 5, N: 3}}})},
	{"three heads of two configurations", inModel(models.Layer{Width: 3, Heads: []models.Spec{models.Head{M: 4, N: 3}, models.Head{M: 4, N: 3}}})},
	{"a probability above 1", inModel(models.MLP{Dims: []int{4, 3}, Finish: models.Finish{WithDropout: true, P: 1.5}})},
	{"patches without an extent", inModel(models.CNN{Patching: models.Patching{H: 8, W: 8}, ChannelNums: []int{1, 4}, FCDims: []int{3}})},
	{"a chain of another length", inHead(func(h *models.Head) {
		h.Attribute = rpnops.Chain{Length: 12, Declared: rpnops.Declared{Type: rpnops.Attribute}}
	})},
	{"blocks that do not divide", inHead(func(h *models.Head) { h.Fabrication = rpnops.DualLPHM{Blocks: rpnops.Blocks{P: 2, Q: 2}} })},
	{"a negative rank", inHead(func(h *models.Head) { h.Fabrication = rpnops.LoRR{R: -1} })},
	{"a wrong number of parameters", inHead(func(h *models.Head) { h.L = 13 })},
	{"an identity remainder between widths", inHead(func(h *models.Head) { h.Remainder = rpnops.IdentityRemainder{} })},
	{"a ragged matrix", inHead(func(h *models.Head) { h.Attribute = rpnops.Constant{A: [][]float64{{1, 0}, {1}, {0, 1}, {1, 1}}} })},
	{"an order of zero and below", inHead(func(h *models.Head) { h.Transform = rpnops.Taylor{D: -2} })},
	{"rows that a model fixes", func(string) error {
		m, err := models.New(models.Head{M: 2, N: 3, Instance: rpnops.Chain{Length: 5}, Fabrication: rpnops.IdentityReconciliation{}}, &models.Options{Rows: 5})
		if err == nil {
			_, err = m.Predict(make([]float64, 14))
		}
		return err
	}},
	{"a function that does not exist", func(string) error { _, err := rpnops.New("tailor_expansion", nil); return err }},
}

var dataMistakes = []mistake{
	{"rows that are not whole", func(string) error { return predictions(make([]float64, 10)) }},
	{"NaN in a row", func(string) error { return predictions([]float64{1, 2, 3, 4, 5, math.NaN(), 7, 8}) }},
	{"NaN in the training data", fitting(func(_ *train.Trainer, d *data.Dataset) { d.X[9] = math.NaN() })},
	{"a label without a class", fitting(func(_ *train.Trainer, d *data.Dataset) { d.Labels[7] = 3 })},
	{"more classes than columns", fitting(func(_ *train.Trainer, d *data.Dataset) { d.Classes = append(d.Classes, "rose") })},
	{"a wrong number of class weights", fitting(func(t *train.Trainer, _ *data.Dataset) { t.Loss = loss.CrossEntropy{Weight: []float64{1, 2}} })},
	{"a class weight below zero", fitting(func(t *train.Trainer, _ *data.Dataset) { t.Loss = loss.CrossEntropy{Weight: []float64{1, -2, 1}} })},
	{"a row to train on that is not there", fitting(func(t *train.Trainer, _ *data.Dataset) { t.TrainRows = []int{0, 150} })},
	{"batches of some rows", fitting(func(t *train.Trainer, _ *data.Dataset) { t.TrainRows, t.BatchSize = []int{0, 1}, 1 })},
	{"frozen parameters that are not there", fitting(func(t *train.Trainer, _ *data.Dataset) { t.Frozen = []string{"layer.0"} })},
	{"the loss of numbers on classes", fitting(func(t *train.Trainer, _ *data.Dataset) { t.Loss = train.MSE })},
	{"epochs below zero", fitting(func(t *train.Trainer, _ *data.Dataset) { t.Epochs = -1 })},
	{"a learning rate below zero", fitting(func(t *train.Trainer, _ *data.Dataset) { t.Optimizer = optim.SGD{LR: -0.1} })},
	{"a learning rate that blows up", fitting(func(t *train.Trainer, _ *data.Dataset) { t.Optimizer = optim.SGD{LR: 1e30} })},
	{"a checkpoint cut short", func(dir string) error { return damaged(dir, func(b []byte) []byte { return b[:len(b)/2] }) }},
	{"a checkpoint with a flipped bit", func(dir string) error {
		return damaged(dir, func(b []byte) []byte { b[len(b)-3] ^= 1; return b })
	}},
	{"a checkpoint of something else", func(dir string) error { return damaged(dir, func([]byte) []byte { return []byte("a,b\n1,2\n") }) }},
	{"a checkpoint of another model", func(dir string) error {
		m, err := models.New(models.MLP{Dims: []int{4, 3}}, nil)
		if err == nil {
			err = checkpoint.Save(filepath.Join(dir, "net"), m, nil)
		}
		if err == nil {
			m, err = models.New(models.MLP{Dims: []int{4, 8, 2}}, nil)
		}
		if err == nil {
			_, err = checkpoint.LoadInto(filepath.Join(dir, "net"), m)
		}
		return err
	}},
}

// predictions applies a model of four columns.
func predictions(x []float64) error {
	m, err := models.New(models.MLP{Dims: []int{4, 3}}, nil)
	if err == nil {
		_, err = m.Predict(x)
	}
	return err
}

// damaged saves a model, damages the file and evaluates it.
func damaged(dir string, damage func([]byte) []byte) error {
	m, err := models.New(models.MLP{Dims: []int{4, 3}}, nil)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "net.safetensors")
	if err := checkpoint.Save(file, m, nil); err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, damage(text), 0o644)
	}
	if err != nil {
		return err
	}
	return failing(dir, "eval", "-m", file, "-data", "iris")
}

// mlp is a configuration with room for one line of parameters.
func mlp(line string) string {
	return "model_class: tinybig.model.mlp\nmodel_parameters:\n  dims: [4, 8, 3]\n" + line + "\n"
}

func withHead(line string) string {
	return "head_class: tinybig.module.rpn_head\nhead_parameters:\n  m: 4\n  n: 3\n  " + line + "\n"
}

var trainYAML = []string{"train", "-data", "iris", "-model", "DIR/net.yaml"}

var configMistakes = []mistake{
	{"an unknown parameter", inFile("net.yaml", mlp("  with_reluu: true"), trainYAML...)},
	{"a word for a number", inFile("net.yaml", mlp("  r: three"), trainYAML...)},
	{"zero where one is least", inFile("net.yaml", mlp("  r: 0"), trainYAML...)},
	{"a parameter twice", inFile("net.yaml", mlp("  r: 2\n  r: 3"), trainYAML...)},
	{"an unknown class", inFile("net.yaml", "model_class: tinybig.model.mpl\n", trainYAML...)},
	{"an unknown function", inFile("net.yaml", withHead("data_transformation_configs: {function_class: tinybig.expansion.taylor_expanson}"), trainYAML...)},
	{"a function of another family", inFile("net.yaml", withHead("data_transformation_configs: {function_class: tinybig.reconciliation.lorr_reconciliation}"), trainYAML...)},
	{"a key without its class", inFile("net.yaml", "dims: [4, 3]\n", trainYAML...)},
	{"text that is no YAML", inFile("net.yaml", "model_class: [mlp\nmodel_parameters: }\n", trainYAML...)},
	{"a value out of a list", inFile("net.yaml", mlp("  parameters_init_method: xavier"), trainYAML...)},
	{"a function where a model is wanted", inFile("net.yaml", "function_class: tinybig.expansion.taylor_expansion\n", trainYAML...)},
	{"an empty file", inFile("net.yaml", "\n", trainYAML...)},
	{"a key of an older schema", inFile("net.yaml", withHead("data_transformation_class: taylor_expansion"), trainYAML...)},
	{"an unknown part of a whole configuration", inFile("run.yaml", wholeRun("optimizer_configs", "{optimizer_class: torch.optim.Adam}"), runYAML...)},
	{"L-BFGS with momentum", inFile("run.yaml", wholeRun("learner_configs", byLBFGS("{momentum: 0.9}")), runYAML...)},
	{"L-BFGS with another line search", inFile("run.yaml", wholeRun("learner_configs", byLBFGS("{line_search_fn: armijo}")), runYAML...)},
	{"smoothing by more than all", inFile("run.yaml", wholeRun("learner_configs", "{learner_class: backward_learner, learner_parameters: {optimizer_configs: {optimizer_class: torch.optim.Adam}, loss_configs: {loss_class: torch.nn.CrossEntropyLoss, loss_parameters: {label_smoothing: 1.5}}}}"), append(runYAML, "-data", "iris")...)},
	{"output of another class", inFile("run.yaml", wholeRun("output_configs", "{output_class: tinybig.output.rpn_result}"), runYAML...)},
	{"a learner without a loss", inFile("run.yaml", wholeRun("learner_configs", "{learner_class: backward_learner, learner_parameters: {optimizer_configs: {optimizer_class: torch.optim.Adam}}}"), runYAML...)},
	{"an optimizer that does not exist", inFile("run.yaml", wholeRun("learner_configs", "{learner_class: backward_learner, learner_parameters: {loss_configs: {loss_class: torch.nn.MSELoss}, optimizer_configs: {optimizer_class: torch.optim.AdaGrad}}}"), runYAML...)},
	{"a learner that the reference only sketches", inFile("run.yaml", wholeRun("learner_configs", "{learner_class: tinybig.learner.forward_learner}"), runYAML...)},
	{"a metric where a loss is wanted", inFile("run.yaml", wholeRun("metric_configs", "{metric_class: torch.nn.MSELoss}"), runYAML...)},
	{"a data set of a configuration that does not exist", inFile("run.yaml", wholeRun("data_configs", "{data_class: tinybig.data.irish}"), runYAML...)},
	{"a parameter that a data set has not", inFile("run.yaml", wholeRun("data_configs", "{data_class: tinybig.data.iris, data_parameters: {batch_size: 3}}"), runYAML...)},
	{"data whose files are not there", inFile("run.yaml", wholeRun("data_configs", "{data_class: tinybig.data.mnist, data_path: DIR}"), runYAML...)},
	{"a learning rate beside a learner", inFile("run.yaml", wholeRun("learner_configs", "{learner_class: backward_learner, learner_parameters: {loss_configs: {loss_class: torch.nn.MSELoss}, optimizer_configs: {optimizer_class: torch.optim.Adam}}}"), append(runYAML, "-lr", "0.1")...)},
}

// wholeRun is a whole configuration with one part of choice.
func wholeRun(key, part string) string {
	return "configurations:\n  model_configs: {model_class: mlp, model_parameters: {dims: [4, 8, 3]}}\n  " + key + ": " + part + "\n"
}

// byLBFGS is a learner with parameters of L-BFGS.
func byLBFGS(params string) string {
	return "{learner_class: backward_learner, learner_parameters: {loss_configs: {loss_class: torch.nn.CrossEntropyLoss}, optimizer_configs: {optimizer_class: torch.optim.LBFGS, optimizer_parameters: " + params + "}}}"
}

var runYAML = []string{"train", "-config", "DIR/run.yaml"}

var trainCSV = []string{"train", "-data", "DIR/rows.csv"}

var commandMistakes = []mistake{
	{"a file that is not there", onCommand("train", "-data", "DIR/no.csv")},
	{"a ragged file", inFile("rows.csv", "a,b,y\n1,2,0\n3,1\n", trainCSV...)},
	{"a cell that is no number", inFile("rows.csv", "a,b,y\n1,2,0\n3,x,1\n", trainCSV...)},
	{"an empty cell", inFile("rows.csv", "a,b,y\n1,,0\n3,4,1\n", trainCSV...)},
	{"a target column that is not there", inFile("rows.csv", "a,b,y\n1,2,0\n3,4,1\n", append(trainCSV, "-target", "z")...)},
	{"a file without rows", inFile("rows.csv", "a,b,y\n", trainCSV...)},
	{"too few rows to hold one out", inFile("rows.csv", "a,b,y\n1,2,0\n3,4,1\n", trainCSV...)},
	{"a data set that does not exist", onCommand("train", "-data", "irish")},
	{"an unknown command", onCommand("tarin")},
	{"an unknown flag", onCommand("train", "-epoch", "3")},
	{"a flag that is no number", onCommand("train", "-epochs", "many")},
	{"an unknown optimizer", onCommand("train", "-data", "iris", "-optimizer", "adamv")},
	{"L-BFGS in batches", onCommand("train", "-data", "iris", "-optimizer", "lbfgs", "-batch", "16")},
	{"L-BFGS with a schedule", onCommand("train", "-data", "iris", "-optimizer", "lbfgs", "-schedule", "cosine")},
	{"L-BFGS with clipped gradients", onCommand("train", "-data", "iris", "-optimizer", "lbfgs", "-clip-norm", "1")},
	{"clipping below zero", onCommand("train", "-data", "iris", "-clip-value", "-1")},
	{"an unknown schedule", onCommand("train", "-data", "iris", "-schedule", "cosin")},
	{"an unknown parameter of a schedule", onCommand("train", "-data", "iris", "-schedule", "step:step_sise=3")},
	{"a schedule without what it needs", onCommand("train", "-data", "iris", "-schedule", "exponential")},
	{"a word for a number in a schedule", onCommand("train", "-data", "iris", "-schedule", "step:step_size=often")},
	{"a schedule that cannot be read", onCommand("train", "-data", "iris", "-schedule", "multistep:milestones=[3")},
	{"patience below zero", onCommand("train", "-data", "iris", "-patience", "-3")},
	{"a better loss that nothing asks for", onCommand("train", "-data", "iris", "-min-delta", "0.1")},
	{"patience beside a learner", inFile("run.yaml", wholeRun("learner_configs", byLBFGS("{}")), append(runYAML, "-patience", "3")...)},
	{"a checkpoint into a folder that is not there", onCommand("train", "-data", "iris", "-o", "DIR/no/net")},
	{"a checkpoint in the place of a folder", onCommand("train", "-data", "iris", "-o", "DIR")},
	{"rows for a configuration", inFile("rows.csv", "5.1,3.5,1.4\n", "config", "DIR/rows.csv")},
	{"a picture for a log", inFile("run.jsonl", "\x89PNG\n", "plot", "-o", "DIR/out.svg", "DIR/run.jsonl")},
	{"rows for a checkpoint", inFile("rows.csv", "5.1,3.5,1.4\n", "eval", "-data", "iris", "-m", "DIR/rows.csv")},
	{"an unknown loss", onCommand("train", "-data", "iris", "-loss", "cross_entrophy")},
	{"a loss of numbers of classes", onCommand("train", "-data", "iris", "-loss", "huber")},
	{"a network along links of rows without any", onCommand("train", "-data", "iris", "-model", "gcn")},
	{"predicting from an unknown format", onCommand("predict", "-m", "DIR/net", "-from", "xml", "rows.xml")},
	{"predicting no rows at a time", onCommand("predict", "-m", "DIR/net", "-batch", "0", "rows.csv")},
	{"an unknown metric", onCommand("train", "-data", "iris", "-metric", "f1_makro")},
	{"a whole configuration and a model", onCommand("train", "-config", "run.yaml", "-model", "mlp")},
	{"no configuration to check", onCommand("config")},
	{"an image network on rows", onCommand("train", "-data", "iris", "-model", "cnn")},
	{"an unknown model", onCommand("train", "-model", "transfomer")},
	{"eval without a checkpoint", onCommand("eval", "-data", "iris")},
	{"a checkpoint that is not there", onCommand("eval", "-m", "DIR/no.safetensors")},
	{"predict with another number of columns", func(dir string) error {
		if err := failing(dir, "train", "-data", "iris", "-epochs", "1", "-o", "DIR/net"); err != nil {
			return err
		}
		return inFile("rows.csv", "5.1,3.5,1.4\n", "predict", "-m", "DIR/net", "DIR/rows.csv")(dir)
	}},
	{"a family that does not exist", onCommand("list", "expansion")},
}

var placeInTest = regexp.MustCompile(`mistakes_test\.go:\d+`)

// TestMistakes compares the errors with testdata/mistakes.golden; -update writes it. To be read by people: every error
// says where, what was wrong and what would be right, in three lines or fewer.
func TestMistakes(t *testing.T) {
	var b bytes.Buffer
	count := 0
	for _, group := range [][]mistake{graphMistakes, specMistakes, dataMistakes, configMistakes, commandMistakes} {
		for _, m := range group {
			count++
			dir := t.TempDir()
			err := m.make(dir)
			if err == nil {
				t.Errorf("%s: no error", m.what)
				continue
			}
			text := placeInTest.ReplaceAllString(strings.ReplaceAll(err.Error(), dir, "DIR"), "mistakes_test.go:N")
			if lines := strings.Count(text, "\n") + 1; lines > 3 {
				t.Errorf("%s: %d lines:\n%s", m.what, lines, text)
			}
			fmt.Fprintf(&b, "== %s\n%s\n", m.what, text)
		}
	}
	golden := filepath.Join("..", "..", "testdata", "mistakes.golden")
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := firstDifference(string(want), b.String()); diff != "" || count < 40 {
		t.Errorf("%d mistakes; %s\ngo test ./cmd/rpnc -run Mistakes -update writes the file anew", count, diff)
	}
}

// firstDifference shows the first line in which two texts differ; empty if there is none.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "(end)", "(end)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d is\n  %s\nwant\n  %s", i+1, b, a)
		}
	}
	return ""
}
