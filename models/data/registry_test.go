package data_test

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rpnc/models/config"
	"rpnc/models/data"
)

// folder makes a folder with files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// loader is the recipe of a set after changes by a configuration.
func loader(t *testing.T, name, changes string) data.Loader {
	t.Helper()
	entry, ok := data.Lookup("tinybig.data." + name)
	if !ok {
		t.Fatalf("no set %s", name)
	}
	node, err := config.Parse("test", []byte(changes))
	if err != nil {
		t.Fatal(err)
	}
	changed := reflect.New(reflect.TypeOf(entry.Default))
	changed.Elem().Set(reflect.ValueOf(entry.Default))
	if err := config.Decode(node, changed.Interface()); err != nil {
		t.Fatal(err)
	}
	return changed.Elem().Interface().(data.Loader)
}

func TestTheReferencesSetsAreFoundByName(t *testing.T) {
	names := []string{"mnist", "cifar10", "imdb", "sst2", "agnews", "iris", "diabetes", "banknote", "wheat", "elementary_function", "composite_function",
		"feynman_function", "dimensionless_feynman_function", "cora", "citeseer", "pubmed", "stock", "etf", "traffic_la", "traffic_bay", "fashion_mnist", "digits", "karate"}
	for _, name := range names {
		for _, prefix := range []string{"", "tinybig.data.", "data."} {
			if e, ok := data.Lookup(prefix + name); !ok || e.Name != name || e.About == "" || e.Default == nil {
				t.Errorf("%s%s: %+v, %v", prefix, name, e, ok)
			}
		}
		if !reflect.DeepEqual(loader(t, name, "{}"), loader(t, name, "{train_batch_size: 64, test_batch_size: 64}")) {
			t.Errorf("%s: the batches are not 64", name)
		}
	}
	if _, ok := data.Lookup("tinybig.data.nothing"); ok {
		t.Error("a set called nothing")
	}
	if !slices.IsSortedFunc(data.Entries(), func(a, b data.Entry) int { return strings.Compare(a.Name, b.Name) }) || len(data.Entries()) != len(names) {
		t.Errorf("%d entries, want %d, sorted", len(data.Entries()), len(names))
	}
}

func TestAMissingFileSaysWhatIsWanted(t *testing.T) {
	empty := t.TempDir()
	for _, e := range data.Entries() {
		p, err := e.Default.Load("")
		if e.Files == "" {
			if err != nil || p.Train.Validate() != nil || p.Test.Validate() != nil || p.Train.Rows == 0 || p.Test.Rows == 0 {
				t.Errorf("%s is in the program: %v", e.Name, err)
			}
			continue
		}
		expect(t, p, err, "data: "+e.Name+": no path; want that of "+e.Files)
		p, err = e.Default.Load(empty)
		expect(t, p, err, "want "+e.Files)
		p, err = e.Default.Load(filepath.Join(empty, "none"))
		if expect(t, p, err, "want the path of "+e.Files); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v is not fs.ErrNotExist", e.Name, err)
		}
		if strings.Contains(err.Error(), "://") || strings.Contains(err.Error(), "www.") {
			t.Errorf("%s: the error names a host: %v", e.Name, err)
		}
	}
}

func TestImagesOfAFolderAreScaledUnlessRaw(t *testing.T) {
	pixels := make([]byte, 2*784)
	pixels[783] = 255
	files := map[string]string{}
	for _, part := range []string{"train", "t10k"} {
		files[part+"-images-idx3-ubyte.gz"] = string(packed(t, idx(8, []uint32{2, 28, 28}, pixels)))
		files[part+"-labels.idx1-ubyte"] = string(idx(8, []uint32{2}, []byte{9, 3}))
	}
	dir := folder(t, files)
	p, err := loader(t, "mnist", "train_batch_size: 0").Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if p.TrainBatch != 0 || p.TestBatch != 64 || p.Train.Rows != 2 || p.Train.Name != "mnist" || len(p.Test.Classes) != 10 || p.Test.Labels[0] != 9 {
		t.Errorf("%+v", p)
	}
	if x := p.Train.Row(0); !near(x[:1], []float64{-0.1307 / 0.3081}) || !near(x[783:], []float64{0.8693 / 0.3081}) {
		t.Errorf("pixels %v and %v", x[0], x[783])
	}
	p, err = loader(t, "fashion_mnist", "with_transformation: false").Load(dir)
	if err != nil || p.Train.Row(0)[783] != 1 || p.Train.Classes[p.Train.Labels[0]] != "Ankle boot" {
		t.Errorf("raw: %v", err)
	}
	files["train-images-idx3-ubyte.gz"] = string(idx(8, []uint32{2, 1, 2}, make([]byte, 4)))
	p, err = loader(t, "mnist", "{}").Load(folder(t, files))
	expect(t, p, err, "images of shape [1 1 2]; want 784 pixels, as mnist has")
}

func TestCIFAR10IsReadFromSixFiles(t *testing.T) {
	files := map[string]string{"test_batch.bin": string(make([]byte, 3073))}
	for _, n := range "12345" {
		files["data_batch_"+string(n)+".bin"] = string(append([]byte{byte(n - '0')}, make([]byte, 3072)...))
	}
	p, err := loader(t, "cifar10", "{}").Load(folder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Train.Labels, []int32{1, 2, 3, 4, 5}) || p.Test.Rows != 1 || !near(p.Train.Row(4)[3071:], []float64{-0.4465 / 0.2616}) {
		t.Errorf("labels %v", p.Train.Labels)
	}
	delete(files, "data_batch_3.bin")
	p, err = loader(t, "cifar10", "{}").Load(folder(t, files))
	expect(t, p, err, "has no data_batch_3.bin; want a folder with data_batch_1.bin to")
}

func TestTextsOfAFolderShareTheTermsOfTheTrainingPart(t *testing.T) {
	reviews := map[string]string{"train/README": "no review"}
	for i, part := range []string{"train/pos", "train/neg", "test/pos", "test/neg"} {
		for _, name := range []string{"0.txt", "1.txt", "2.txt", "3.txt", "4.txt"} {
			reviews[part+"/"+name] = []string{"fine film", "dreadful film", "fine fine", "dreadful"}[i]
		}
	}
	p, err := loader(t, "imdb", "{}").Load(folder(t, reviews))
	if err != nil {
		t.Fatal(err)
	}
	// All training texts have "film", more than half of them.
	if !slices.Equal(p.Terms.Names, []string{"dreadful", "fine"}) || p.Train.Rows != 10 || !slices.Equal(p.Test.Row(9), []float64{0, 1}) || p.Test.Classes[p.Test.Labels[9]] != "pos" {
		t.Errorf("terms %q, row %v", p.Terms.Names, p.Test.Row(9))
	}
	dir := folder(t, map[string]string{"train.tsv": "sentence\tlabel\n" + strings.Repeat("a fine \"film\t1\n", 5) + strings.Repeat("dull\t0\n", 5), "dev.tsv": "sentence\tlabel\nfine fine\t1\n"})
	p, err = loader(t, "sst2", "load_type: counts").Load(dir)
	if err != nil || !slices.Equal(p.Terms.Names, []string{"dull", "film", "fine"}) || !slices.Equal(p.Test.Row(0), []float64{0, 0, 2}) {
		t.Errorf("sst2: %+v, %v", p, err)
	}
	news := strings.Repeat("\"3\",\"Title\",\"stock\"\n", 5) + strings.Repeat("1,World,peace\n", 5)
	p, err = loader(t, "agnews", "{}").Load(folder(t, map[string]string{"train.csv": news, "test.csv": news}))
	if err != nil || p.Train.Labels[0] != 2 || len(p.Train.Classes) != 4 || p.Train.Cols != 4 {
		t.Errorf("agnews: %+v, %v", p, err)
	}
	p, err = loader(t, "sst2", "load_type: xlmr_embedding").Load(dir)
	expect(t, p, err, `load_type "xlmr_embedding"; want tfidf or counts`)
	delete(reviews, "test/neg/0.txt")
	p, err = loader(t, "imdb", "{}").Load(folder(t, map[string]string{"train/neg/a": "", "train/pos/a": ""}))
	expect(t, p, err, "no reviews in")
}

func TestTablesAreRegressedOnTheirCodes(t *testing.T) {
	p, err := loader(t, "iris", "{normalize_X: true, normalize_y: true, normalize_range: [-1, 1]}").Load("")
	if err != nil {
		t.Fatal(err)
	}
	if p.Train.Rows != 135 || p.Test.Rows != 15 || p.Train.YCols != 1 {
		t.Errorf("%d and %d rows", p.Train.Rows, p.Test.Rows)
	}
	all := slices.Concat(p.Train.X, p.Test.X)
	if !near([]float64{slices.Min(all), slices.Max(all)}, []float64{-1, 1}) {
		t.Errorf("features in %v…%v", slices.Min(all), slices.Max(all))
	}
	for i, y := range p.Train.Y {
		if math.Abs(y-float64(p.Train.Labels[i])+1) > 1e-15 {
			t.Fatalf("row %d of class %d has the target %v", i, p.Train.Labels[i], y)
		}
	}
	dir := folder(t, map[string]string{"Wheat.csv": "id_int,a_float,b_int,sort_int\n1,1,2,3\n2,2,2,1\n3,9,2,2\n"})
	p, err = loader(t, "wheat", "{split_type: k_fold, fold: 3, fold_index: 1, shuffle: false, normalize_X: true, normalize_type: mean_std}").Load(dir)
	if err != nil || !slices.Equal(p.Test.Y, []float64{1}) || p.Test.Row(0)[1] != 0 || !slices.Equal(p.Train.Y, []float64{3, 2}) {
		t.Errorf("%+v, %v", p, err)
	}
	if q, err := loader(t, "wheat", "{}").Load(filepath.Join(dir, "Wheat.csv")); err != nil || q.Train.Rows != 2 {
		t.Errorf("a file: %v", err)
	}
	for changes, want := range map[string]string{
		"split_type: thirds":                        `split_type "thirds"; want train_test_split or k_fold`,
		"{normalize_X: true, normalize_type: max}":  `normalize_type "max", normalize_range [0 1]; want mean_std`,
		"{normalize_y: true, normalize_range: [1]}": "normalize_range [1]",
		"{split_type: k_fold, fold_index: 10}":      "fold 10 of 10",
	} {
		p, err := loader(t, "iris", changes).Load("")
		expect(t, p, err, want)
	}
}

func TestFormulasAreSampledInTwoHalves(t *testing.T) {
	p, err := loader(t, "feynman_function", "{equation_index: 4, num: 20, random_state: 3}").Load("")
	if err != nil || p.Train.Rows != 10 || p.Test.Rows != 10 || p.Train.Cols != 9 || p.Train.Name != "I.9.18" {
		t.Fatalf("%+v, %v", p, err)
	}
	mine := write(t, "mine.txt", []byte("[elementary_function]\nmine | x**3 | x 0..1\n"))
	p, err = loader(t, "elementary_function", "{}").Load(mine)
	if err != nil || p.Train.Name != "mine" || p.Train.Rows != 1000 {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = loader(t, "composite_function", "{}").Load(mine)
	expect(t, p, err, "has no set [composite_function]; want its name in brackets")
	for _, i := range []string{"17", "-1"} {
		p, err = loader(t, "composite_function", "equation_index: "+i).Load("")
		expect(t, p, err, "composite_function has no equation_index "+i+"; want 0 to 16")
	}
}

func TestGraphsHaveTheirConventionalMasks(t *testing.T) {
	var nodes, links strings.Builder
	for i := range 1600 {
		name := "p" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26)
		nodes.WriteString(name + " 1 3 topic" + string(rune('a'+i%7)) + "\n")
		links.WriteString("pa " + name + "\n")
	}
	files := map[string]string{"cora.content": nodes.String(), "link": links.String()}
	p, err := loader(t, "cora", "{}").Load(folder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	g := p.Graph
	if len(g.Train) != 140 || g.Train[139] != 139 || len(g.Test) != 1000 || g.Test[0] != 500 || g.Test[999] != 1499 {
		t.Errorf("masks of %d and %d nodes", len(g.Train), len(g.Test))
	}
	if p.Train != p.Test || p.TrainBatch != 0 || g.X[1] != 0.75 || len(g.Edges) != 1599 || len(g.Classes) != 7 {
		t.Errorf("%d edges, %d classes, feature %v", len(g.Edges), len(g.Classes), g.X[1])
	}
	p, err = loader(t, "cora", "{mode: inductive, train_percentage: 0.25}").Load(folder(t, files))
	if err != nil || p.Graph != nil || p.Train.Rows != 400 || p.Test.Rows != 1200 {
		t.Errorf("inductive: %v", err)
	}
	p, err = loader(t, "cora", "mode: both").Load(folder(t, files))
	expect(t, p, err, `mode "both"; want transductive or inductive`)
	p, err = loader(t, "pubmed", "{}").Load(folder(t, map[string]string{"node": "a 1 x\n", "link": "a a"}))
	expect(t, p, err, "node 1 is to be trained on or tested; want nodes 0…0")
}

func TestSeriesOfAFolderAreNormalisedAndCut(t *testing.T) {
	text := "time,a,b\n"
	for i := range 20 {
		text += "t," + strings.Repeat("1", 1+i%3) + ",5\n"
	}
	dir := folder(t, map[string]string{"5_year_daily_open.csv": text, "minutely_All.csv": text})
	p, err := loader(t, "stock", "{years: 5, x_len: 4, normalize_mode: instance}").Load(dir)
	// 20−4−1−1+1 = 15 windows, 12 for training, two instances each.
	if err != nil || p.Train.Rows != 24 || p.Test.Rows != 6 || p.Train.Cols != 4 || p.Train.Row(1)[0] != 0 || p.Train.Name != "stock" {
		t.Fatalf("%+v, %v", p, err)
	}
	if p, err := loader(t, "traffic_la", "{}").Load(dir); err != nil || p.Train.Cols != 10 {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = loader(t, "stock", "{}").Load(dir)
	expect(t, p, err, "has no 1_year_daily_Open.csv; want a CSV file such as")
	p, err = loader(t, "stock", "{years: 5, x_len: 100}").Load(dir)
	expect(t, p, err, "20 times are too few for a window of 100 + 1 + 1")
}
