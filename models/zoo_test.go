package models_test

import (
	"math"
	"path/filepath"
	"reflect"
	"testing"

	"gopkg.in/yaml.v3"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/checkpoint"
	"rpnc/models/config"
	"rpnc/models/optim"
	"rpnc/models/train"
	"rpnc/rpnops"
)

// zooRows is the number of rows that the models of the zoo see, and of nodes of those on graphs.
const zooRows = 4

// zoo has every registered model with the reference's defaults, in small sizes.
func zoo() map[string]models.Spec {
	dims := []int{3, 4, 2}
	mlp, kan, svm := models.Default[models.MLP](), models.Default[models.KAN](), models.Default[models.SVM]()
	bayes, pgm := models.Default[models.NaiveBayes](), models.Default[models.PGM]()
	mlp.Dims, kan.Dims, svm.Dims, bayes.Dims, pgm.Dims = dims, dims, dims, dims, dims
	svm.Kernel.Kernel, bayes.Distribution = models.GaussianKernel, models.Chi2Distribution
	cnn, res := models.Default[models.CNN](), models.Default[models.ResNet]()
	for _, m := range []*models.CNN{&cnn, &res.CNN} {
		m.H, m.W, m.PH, m.ChannelNums, m.FCDims = 4, 4, models.Int(1), []int{1, 2, 2}, []int{3, 2}
		m.PoolCDH, m.PoolCDW = models.Int(2), models.Int(2)
	}
	rnn, regression := models.Default[models.RNN](), models.Default[models.RegressionRNN]()
	rnn.Length, rnn.Dims, regression.Length, regression.Dims = 3, dims, 3, dims
	gcn, gat := models.Default[models.GCN](), models.Default[models.GAT]()
	for _, m := range []*models.GCN{&gcn, &gat.GCN} {
		m.Dims, m.Nodes, m.Links = dims, []string{"a", "b", "c", "d"}, [][2]string{{"a", "b"}, {"b", "c"}, {"c", "a"}, {"a", "d"}}
	}
	former := models.Default[models.Transformer]()
	former.Dims, former.FCDims, former.Width.Width = []int{3, 4}, []int{2}, 2
	return map[string]models.Spec{
		"rpn": models.RPN{Alloc: []int{1, 2}, Layers: []models.Spec{models.Layer{Width: 2, Heads: []models.Spec{models.Head{M: 3, N: 2,
			Transform: rpnops.Taylor{D: 2}, Fabrication: rpnops.LoRR{R: 1}, Remainder: rpnops.LinearRemainder{}, Output: []rpnops.Process{rpnops.Gelu{}}}}},
			models.Layer{Heads: []models.Spec{models.Head{M: 2, N: 2, Fabrication: rpnops.IdentityReconciliation{}}}}}},
		"mlp": mlp, "kan": kan, "svm": svm, "naive_bayes": bayes, "pgm": pgm, "cnn": cnn, "resnet": res,
		"rnn": rnn, "regression_rnn": regression, "transformer": former, "gcn": gcn, "gat": gat,
	}
}

// trainee is a model in training.
type trainee struct {
	*models.Model
	step *compile.Program
}

func newTrainee(t *testing.T, spec models.Spec, seed uint64) trainee {
	t.Helper()
	m, err := models.New(spec, &models.Options{Seed: seed, Rows: zooRows})
	if err != nil {
		t.Fatal(err)
	}
	p, err := train.Program(m, zooRows, train.CrossEntropy, optim.AdamW{LR: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close(); p.Close() })
	return trainee{m, p}
}

// batch is step i's data: numbers between −0.9 and 0.9, and labels.
func (m trainee) batch(i int) (x []float64, labels []int32) {
	in, out := m.Dims()
	k := graph.NewKey(uint64(i), "data")
	for j := range zooRows * in {
		x = append(x, 1.8*k.Uniform(uint64(j))-0.9)
	}
	for j := range zooRows {
		labels = append(labels, int32((i+j)%out))
	}
	return x, labels
}

// train runs step i: the loss before it.
func (m trainee) train(t *testing.T, i int) float32 {
	t.Helper()
	x, labels := m.batch(i)
	in := m.step.Input(models.InputName)
	for j, v := range x {
		in.F32[j] = float32(v)
	}
	copy(m.step.Input("target").I32, labels)
	if err := m.step.Run(); err != nil {
		t.Fatal(err)
	}
	loss := m.step.Output(0).F32[0]
	if math.IsNaN(float64(loss)) || math.IsInf(float64(loss), 0) {
		t.Fatalf("step %d: the loss is %v", i, loss)
	}
	return loss
}

// predict evaluates the model on step i's data.
func (m trainee) predict(t *testing.T, i int) []float64 {
	t.Helper()
	x, _ := m.batch(i)
	y, err := m.Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// configured is what the configuration of a spec describes, written as text and read again.
func configured(t *testing.T, spec models.Spec) models.Spec {
	t.Helper()
	node, err := config.Encode(spec)
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(node)
	if err != nil {
		t.Fatal(err)
	}
	if node, err = config.Parse("zoo.yaml", text); err != nil {
		t.Fatal(err)
	}
	back, err := config.Object(node)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	again, ok := back.(models.Spec)
	if !ok {
		t.Fatalf("%T is no model\n%s", back, text)
	}
	return again
}

func TestEveryModelTrainsIsSavedAndGoesOn(t *testing.T) {
	all := zoo()
	for _, e := range models.Entries() {
		if e.Kind != "model" {
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			spec, ok := all[e.Name]
			if !ok {
				t.Fatal("not in the zoo of this test")
			}
			if reflect.TypeOf(spec) != reflect.TypeOf(e.Default) {
				t.Fatalf("the zoo has a %T; want a %T", spec, e.Default)
			}
			back := configured(t, spec)
			m := newTrainee(t, spec, 7)
			fresh := m.predict(t, 9)
			// A configuration spells out what follows from the rest, so its model may say more, but is the same one.
			if again := configured(t, back); !reflect.DeepEqual(again, back) {
				t.Errorf("the configuration of the model of a configuration describes\n%+v\nwant\n%+v", again, back)
			}
			if y := newTrainee(t, back, 7).predict(t, 9); !reflect.DeepEqual(y, fresh) {
				t.Errorf("the model of the configuration\n%+v\npredicts %v; want %v", back, y, fresh)
			}
			for i := range 3 {
				m.train(t, i)
			}
			trained := m.predict(t, 9)
			if reflect.DeepEqual(fresh, trained) {
				t.Errorf("training changes nothing: %v", trained)
			}
			goesOn(t, m, trained)
		})
	}
}

// goesOn saves a trained model and wants the one that is read to be it, and to go on as it does.
func goesOn(t *testing.T, m trainee, predicted []float64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := checkpoint.Save(path, m.Model, nil); err != nil {
		t.Fatal(err)
	}
	f, err := checkpoint.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := f.Spec()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := f.Seed()
	if err != nil {
		t.Fatal(err)
	}
	back := newTrainee(t, spec, seed)
	if err := f.Into(back.Model); err != nil {
		t.Fatal(err)
	}
	if have := back.predict(t, 9); !reflect.DeepEqual(have, predicted) {
		t.Errorf("the saved model predicts %v, want %v", have, predicted)
	}
	if have, want := back.train(t, 3), m.train(t, 3); have != want {
		t.Errorf("the next step of the saved model has loss %v, want %v", have, want)
	}
	if have, want := back.predict(t, 9), m.predict(t, 9); !reflect.DeepEqual(have, want) {
		t.Errorf("after the next step the saved model predicts %v, want %v", have, want)
	}
}
