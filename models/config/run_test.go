package config_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"rpnc/models"
	"rpnc/models/config"
	"rpnc/models/loss"
	"rpnc/models/metric"
	"rpnc/models/optim"
	"rpnc/rpnops"
)

// whole is a file of the reference's schema, with anchors, empty scalars and reals without a point.
const whole = `configurations:
  device: &device cpu
  random_seed: 1234
  data_configs: {data_class: tinybig.data.mnist, data_parameters: &sizes {name: mnist, train_batch_size: 64, test_batch_size: 32}}
  model_configs:
    model_class: tinybig.model.mlp
    model_parameters:
      name:
      device: *device
      dims: [4, 8, 3]
  learner_configs:
    learner_class: tinybig.learner.backward_learner
    learner_parameters:
      name: my_learner
      n_epochs: 25
      optimizer_configs: {optimizer_class: torch.optim.AdamW, optimizer_parameters: {lr: 2e-3, weight_decay: 2.0e-04}}
      lr_scheduler_configs: {lr_scheduler_class: torch.optim.lr_scheduler.ExponentialLR, lr_scheduler_parameters: {gamma: 0.9}}
      loss_configs: {loss_class: torch.nn.CrossEntropyLoss, loss_parameters: {weight: [1, 2, 3]}}
  metric_configs: {metric_class: tinybig.metric.f1, metric_parameters: {name: f1, average: macro}}
  output_configs: {output_class: tinybig.output.rpn_output, output_parameters: {name: prediction_output}}
`

func parse(t *testing.T, text string) *config.Run {
	t.Helper()
	r, err := config.ParseRun("run.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAWholeFileIsRead(t *testing.T) {
	r := parse(t, whole)
	if r.Device != "cpu" || r.Seed == nil || *r.Seed != 1234 || r.Data.Class != "tinybig.data.mnist" || r.Output == nil || r.Output.Path() != "result/output" {
		t.Errorf("the run is %+v", r)
	}
	if m, ok := r.Model.(models.MLP); !ok || !reflect.DeepEqual(m.Dims, []int{4, 8, 3}) {
		t.Errorf("the model is %+v", r.Model)
	}
	l, ok := r.Learner.(config.BackwardLearner)
	betas := rpnops.Some([2]float64{0.9, 0.999})
	if !ok || l.Epochs != 25 || l.Optimizer != (optim.AdamW{LR: 2e-3, WeightDecay: rpnops.Some(2e-4), Betas: betas, Eps: 1e-8}) ||
		l.Schedule != (optim.Exponential{Gamma: 0.9}) || !reflect.DeepEqual(l.Loss, loss.CrossEntropy{Weight: []float64{1, 2, 3}}) {
		t.Errorf("the learner is %+v", r.Learner)
	}
	if !reflect.DeepEqual(r.Metrics, []metric.Metric{metric.F1Score{Average: metric.Macro}}) {
		t.Errorf("the metrics are %+v", r.Metrics)
	}
	type sizes struct {
		Train int `yaml:"train_batch_size"`
		Test  int `yaml:"test_batch_size"`
		More  int `yaml:"more"`
	}
	if got, err := r.Data.Decode("run.yaml", sizes{More: 7}); err != nil || got != (sizes{64, 32, 7}) {
		t.Errorf("the parameters of the data are %+v, %v", got, err)
	}
	if _, err := r.Data.Decode("run.yaml", struct{}{}); err == nil || !strings.HasPrefix(err.Error(), "run.yaml:4: ") {
		t.Errorf("parameters that the data have not: error %v", err)
	}
}

// canonical is the text of a run.
func canonical(t *testing.T, r *config.Run) string {
	t.Helper()
	n, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheCanonicalFormIsReadAgain(t *testing.T) {
	for _, text := range []string{
		whole,
		"model_configs: {model_class: mlp, model_parameters: {dims: [2, 1]}}",
		"model_class: mlp\nmodel_parameters: {dims: [2, 1]}",
		"{model_configs: {model_class: mlp, model_parameters: {dims: [2, 1]}}, metric_configs: [{metric_class: mse}, {metric_class: top_k, metric_parameters: {k: 3}}]}",
		"{output_configs: {output_class: rpn_output, output_parameters: {cache_dir: there, output_file: it.json}}, model_configs: {model_class: mlp, model_parameters: {dims: [2, 1]}}}",
		"{data_configs: {data_class: iris, data_path: here}, model_configs: {model_class: mlp, model_parameters: {dims: [2, 1]}}}",
	} {
		r := parse(t, text)
		once := canonical(t, r)
		again := parse(t, once)
		if twice := canonical(t, again); twice != once || !strings.HasPrefix(once, "configurations:\n") {
			t.Errorf("%s\nbecomes another text:\n%s", text, cmp.Diff(once, twice))
		}
		for _, x := range []*config.Run{r, again} {
			x.Data.Parameters = yaml.Node{}
		}
		if d := cmp.Diff(r, again, everyField); d != "" {
			t.Errorf("%s\nbecomes another run: %s", text, d)
		}
	}
}

// Every class of a training comes back from its configuration, with all its parameters.
func TestTrainingsComeBackFromTheirConfigurations(t *testing.T) {
	for _, c := range config.Training.Classes() {
		if c.Stem == "learner" {
			continue // has required parameters; it is part of whole
		}
		n, err := config.Encode(c.Default)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if got := n.Content[0].Value + " " + n.Content[1].Value; got != c.Stem+"_class "+c.Path {
			t.Errorf("%s is written as %s; want %s_class %s", c.Name, got, c.Stem, c.Path)
		}
		back, err := config.Object(n)
		if err != nil || !reflect.DeepEqual(back, c.Default) {
			t.Errorf("%s comes back as %+v, %v; want %+v", c.Name, back, err, c.Default)
		}
	}
}

func TestMistakesInWholeFilesHaveLines(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"random_seed: 1234", "random_sed: 1234", `run.yaml:3: configurations: unknown parameter "random_sed"; did you mean "random_seed"?`},
		{"random_seed: 1234", "random_seed: -1", "run.yaml:3: configurations: random_seed: want a whole number from 0"},
		{"lr: 2e-3", "lrr: 2e-3", `run.yaml:16: AdamW: unknown parameter "lrr"`},
		{"torch.optim.AdamW", "torch.optim.AdamV", `run.yaml:16: backward_learner: optimizer: there is no optimizer "torch.optim.AdamV"; did you mean`},
		{"{gamma: 0.9}", "{}", `run.yaml:17: ExponentialLR: parameter "gamma" is missing`},
		{"n_epochs: 25", "n_epochs: 0", "run.yaml:15: backward_learner: n_epochs: 0 is too small"},
		{"n_epochs: 25", "n_epochs: 2.5", "run.yaml:15: backward_learner: n_epochs: want a whole number"},
		{"average: macro", "average: makro", `run.yaml:19: f1: average: "makro" is no average; want one of binary, micro, macro, weighted`},
		{"metric_class: tinybig.metric.f1", "metric_class: torch.nn.MSELoss", "run.yaml:19: configurations: metrics[0]: metric_class names MSELoss, which is a loss; want loss_class"},
		{"learner_class: tinybig.learner.backward_learner", "learner_class: tinybig.learner.forward_learner", `there is no learner "tinybig.learner.forward_learner"`},
		{"      loss_configs:", "      los_configs:", `parameter "loss" is missing`},
		{"output_configs", "result_configs", `"result_configs" of an older schema; it is output_configs: {output_class: …} now`},
		{"data_class: tinybig.data.mnist, ", "", `run.yaml:4: configurations: data: parameter "data_class" is missing`},
		{"  model_configs:\n    model_class", "  modell_configs:\n    model_class", `unknown parameter "modell_configs"`},
	} {
		text := strings.Replace(whole, c.old, c.new, 1)
		if text == whole {
			t.Fatalf("%q is not in the text", c.old)
		}
		if _, err := config.ParseRun("run.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v\nwant one with %s", c.new, err, c.want)
		}
	}
}

func TestKeysOfOlderSchemasNameTheNewOnes(t *testing.T) {
	for _, key := range []string{"data_transformation_class", "parameter_fabrication_class", "remainder_class", "expansion_function_configs",
		"fusion_strategy", "input_processing_configs", "output_processing_configs", "batch"} {
		text := "head_class: tinybig.module.rpn_head\nhead_parameters:\n  m: 4\n  n: 3\n  " + key + ": x\n"
		_, err := config.ParseRun("net.yaml", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), "net.yaml:5: ") || !strings.Contains(err.Error(), "of an older schema; it is ") {
			t.Errorf("%s: error %v", key, err)
		}
	}
}

func TestAFileOfSomethingElseIsNoRun(t *testing.T) {
	for text, want := range map[string]string{
		"function_class: tinybig.expansion.taylor_expansion": "describes rpnops.Taylor, which is no model",
		"metric_class: accuracy":                             "describes metric.AccuracyScore, which is no model",
		"device: cpu":                                        "no key that ends in _class",
	} {
		if _, err := config.ParseRun("f.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v; want one with %q", text, err, want)
		}
	}
	if _, err := config.LoadRun("no such file.yaml"); err == nil {
		t.Error("a file that is not there is no error")
	}
}
