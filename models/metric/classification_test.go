package metric_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"rpnc/models/metric"
)

// worked are examples with the values that scikit-learn gives for them; binary is NaN where it is an error.
var worked = []struct {
	labels, pred                             []int32
	accuracy, binary, macro, micro, weighted float64
	classes                                  []int32
	each                                     []float64
}{
	{[]int32{0, 1, 2, 1}, []int32{0, 1, 1, 1}, 0.75, math.NaN(), 0.6, 0.75, 0.65, []int32{0, 1, 2}, []float64{1, 0.8, 0}},
	{[]int32{0, 1, 1, 0, 1}, []int32{0, 1, 0, 0, 1}, 0.8, 0.8, 0.8, 0.8, 0.8, []int32{0, 1}, []float64{0.8, 0.8}},
	{[]int32{1, 1, 0}, []int32{1, 1, 0}, 1, 1, 1, 1, 1, []int32{0, 1}, []float64{1, 1}},
	{[]int32{0, 0, 1, 1}, []int32{1, 1, 0, 0}, 0, 0, 0, 0, 0, []int32{0, 1}, []float64{0, 0}},
	{[]int32{0, 1, 2, 2, 1, 0}, []int32{0, 2, 2, 1, 1, 0}, 2. / 3, math.NaN(), 2. / 3, 2. / 3, 2. / 3, []int32{0, 1, 2}, []float64{1, 0.5, 0.5}},
	{[]int32{3, 1, 2, 0}, []int32{3, 1, 0, 0}, 0.75, math.NaN(), 2. / 3, 0.75, 2. / 3, []int32{0, 1, 2, 3}, []float64{2. / 3, 1, 0, 1}},
	{[]int32{0, 0}, []int32{0, 0}, 1, 0, 1, 1, 1, []int32{0}, []float64{1}},
	{[]int32{1, 2}, []int32{1, 1}, 0.5, 2. / 3, 1. / 3, 0.5, 1. / 3, []int32{1, 2}, []float64{2. / 3, 0}},
	{[]int32{0, 2}, []int32{0, 2}, 1, math.NaN(), 1, 1, 1, []int32{0, 2}, []float64{1, 1}},
	// Class 7 is predicted but not there: it counts in the mean over the classes, with no weight.
	{[]int32{-1, -1}, []int32{-1, 7}, 0.5, math.NaN(), 1. / 3, 0.5, 2. / 3, []int32{-1, 7}, []float64{2. / 3, 0}},
}

// near compares to a few roundings.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-15*(1+math.Abs(b)) }

func TestAccuracyAndF1OfWorkedExamples(t *testing.T) {
	for _, c := range worked {
		if got, err := metric.Accuracy(c.pred, c.labels); err != nil || got != c.accuracy {
			t.Errorf("accuracy of %v for %v: %v, %v, want %v", c.pred, c.labels, got, err, c.accuracy)
		}
		for average, want := range []float64{c.binary, c.micro, c.macro, c.weighted} {
			got, err := metric.F1(c.pred, c.labels, metric.Average(average))
			if math.IsNaN(want) {
				if err == nil || !strings.Contains(err.Error(), "binary average over the classes [") {
					t.Errorf("binary F1 of %v for %v: %v, %v, want an error", c.pred, c.labels, got, err)
				}
			} else if err != nil || !near(got, want) {
				t.Errorf("F1 %d of %v for %v: %v, %v, want %v", average, c.pred, c.labels, got, err, want)
			}
		}
		classes, each, err := metric.ClassF1(c.pred, c.labels)
		if err != nil || !slices.Equal(classes, c.classes) || !slices.EqualFunc(each, c.each, near) {
			t.Errorf("F1 by class of %v for %v: %v %v, %v, want %v %v", c.pred, c.labels, classes, each, err, c.classes, c.each)
		}
	}
}

// The metrics count in different ways; on the same predictions they must agree with the confusion matrix.
func TestMetricsAgreeWithTheConfusionMatrix(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		n, k := 1+r.IntN(40), 2+r.IntN(4)
		pred, labels := make([]int32, n), make([]int32, n)
		for i := range pred {
			pred[i], labels[i] = int32(r.IntN(k)), int32(r.IntN(k))
		}
		c, err := metric.ConfusionMatrix(pred, labels, k)
		if err != nil {
			t.Fatal(err)
		}
		classes, each, err := metric.ClassF1(pred, labels)
		if err != nil {
			t.Fatal(err)
		}
		total, right := 0, 0
		for a := range k {
			row, col := 0, 0
			for b := range k {
				total += c.At(a, b)
				row += c.At(a, b)
				col += c.At(b, a)
			}
			right += c.At(a, a)
			at, occurs := slices.BinarySearch(classes, int32(a))
			if occurs != (row+col > 0) {
				t.Fatalf("class %d of %v, counts\n%v", a, classes, c)
			}
			if want := 2 * float64(c.At(a, a)) / float64(row+col); occurs && each[at] != want {
				t.Errorf("F1 of class %d is %v, want %v", a, each[at], want)
			}
		}
		if accuracy, err := metric.Accuracy(pred, labels); err != nil || accuracy != float64(right)/float64(n) || total != n {
			t.Errorf("accuracy %v, %v; %d of %d on the diagonal, %d examples", accuracy, err, right, total, n)
		}
	}
}

func TestArgmaxTakesTheFirstOfTheLargest(t *testing.T) {
	inf := math.Inf(1)
	scores := []float64{1, 3, 2, 5, 5, 5, -3, -1, -1, -inf, -inf, -inf, 0, inf, inf, math.Copysign(0, -1), 0, 0}
	got := make([]int32, 6)
	if err := metric.Argmax(got, scores, 3); err != nil || !slices.Equal(got, []int32{1, 0, 1, 0, 1, 0}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestArgmaxNeverPassesOverANaN(t *testing.T) {
	for at, want := range []string{"row 0, column 0", "row 0, column 1", "row 1, column 0", "row 1, column 1"} {
		scores := []float32{1, 2, 3, 4}
		scores[at] = float32(math.NaN())
		if err := metric.Argmax(make([]int32, 2), scores, 2); err == nil || !strings.Contains(err.Error(), want+" is NaN") {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

func TestArgmaxRejectsSizesThatDoNotFit(t *testing.T) {
	for _, c := range []struct{ dst, scores, cols int }{{2, 5, 2}, {3, 4, 2}, {1, 4, 2}, {1, 1, 0}, {0, 0, -1}} {
		if err := metric.Argmax(make([]int32, c.dst), make([]float64, c.scores), c.cols); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

func TestRoundTakesHalvesToTheEven(t *testing.T) {
	got := make([]int32, 7)
	if err := metric.Round(got, []float64{0.5, 1.5, 2.5, -0.5, 1.4999, -1.6, math.MaxInt32}); err != nil ||
		!slices.Equal(got, []int32{0, 2, 2, 0, 1, -2, math.MaxInt32}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1 << 31, -1<<31 - 1} {
		if err := metric.Round(got[:1], []float64{bad}); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
	if err := metric.Round(got, []float64{1}); err == nil {
		t.Error("no error for another number of scores")
	}
}

func TestClassMetricsRejectWhatCannotBeCompared(t *testing.T) {
	for name, measure := range map[string]func(pred, labels []int32) error{
		"Accuracy":        func(p, l []int32) error { _, err := metric.Accuracy(p, l); return err },
		"F1":              func(p, l []int32) error { _, err := metric.F1(p, l, metric.Macro); return err },
		"ClassF1":         func(p, l []int32) error { _, _, err := metric.ClassF1(p, l); return err },
		"ConfusionMatrix": func(p, l []int32) error { _, err := metric.ConfusionMatrix(p, l, 3); return err },
	} {
		if err := measure([]int32{1, 2}, []int32{1}); err == nil || !strings.HasPrefix(err.Error(), "metric."+name+": 2 predictions for 1 true") {
			t.Errorf("%s: got error %v for different lengths", name, err)
		}
		if err := measure(nil, nil); err == nil || !strings.HasPrefix(err.Error(), "metric."+name+": no predictions") {
			t.Errorf("%s: got error %v for nothing", name, err)
		}
	}
	if _, err := metric.F1([]int32{1}, []int32{1}, 9); err == nil || !strings.Contains(err.Error(), "average 9") {
		t.Errorf("got error %v for an unknown average", err)
	}
	for _, c := range []struct {
		pred, label int32
		classes     int
	}{{3, 0, 3}, {0, 3, 3}, {-1, 0, 3}, {0, -1, 3}, {0, 0, 0}, {0, 0, -1}, {0, 0, math.MaxInt}} {
		if _, err := metric.ConfusionMatrix([]int32{c.pred}, []int32{c.label}, c.classes); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}
