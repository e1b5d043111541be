// Package metric measures predictions against what was asked for. It works on plain slices and knows nothing of models.
//
//   - Classes: [Argmax] (or [Round], for one score a row) turns scores into predictions; [Accuracy], [F1] and
//     [ConfusionMatrix] compare these with the labels.
//   - Numbers: [MSE], [MAE] and [R2] compare scores with targets.
//
// Arguments stand in the order prediction, truth. Every function reports lengths that differ, and an empty
// argument: the mean of nothing is no measure.
package metric

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Float is an element type of scores and targets.
type Float interface{ ~float32 | ~float64 }

// Argmax writes the column of the largest score of each row, the first one on ties, scores (n×cols):
//
//	dst[i] = min argmax_j scores[i, j].
//
// A NaN is an error, for no order of it with the other scores would mean anything.
func Argmax[T Float](dst []int32, scores []T, cols int) error {
	if cols < 1 || len(scores)%cols != 0 || len(scores)/cols != len(dst) {
		return fmt.Errorf("metric.Argmax: %d scores for %d predictions; want rows of %d scores, one for each prediction", len(scores), len(dst), cols)
	}
	for i := range dst {
		row := scores[i*cols : (i+1)*cols]
		best := 0
		for j, v := range row {
			if v != v {
				return fmt.Errorf("metric.Argmax: the score in row %d, column %d is NaN; want numbers", i, j)
			}
			if v > row[best] {
				best = j
			}
		}
		dst[i] = int32(best)
	}
	return nil
}

// Round writes the nearest integer to each score, halves to the even one: the class predicted by a regression
// on class numbers. NaN and scores beyond an int32 are errors.
func Round[T Float](dst []int32, scores []T) error {
	if len(dst) != len(scores) {
		return fmt.Errorf("metric.Round: %d scores for %d predictions; want one each", len(scores), len(dst))
	}
	for i, v := range scores {
		r := math.RoundToEven(float64(v))
		// Written so that NaN fails it, too.
		if !(r >= math.MinInt32 && r <= math.MaxInt32) {
			return fmt.Errorf("metric.Round: score %d is %v; want a number near a class", i, v)
		}
		dst[i] = int32(r)
	}
	return nil
}

// Accuracy returns the share of right predictions, |{i : predᵢ = labelᵢ}| / n.
func Accuracy(pred, labels []int32) (float64, error) {
	if err := checkLengths("Accuracy", len(pred), len(labels)); err != nil {
		return 0, err
	}
	right := 0
	for i, p := range pred {
		if p == labels[i] {
			right++
		}
	}
	return float64(right) / float64(len(pred)), nil
}

// Average says how [F1] makes one number of the classes.
type Average uint8

const (
	Binary   Average = iota // F1 of class 1 alone; an error where there are more than two classes
	Micro                   // over all decisions together; with one label a row that is the accuracy
	Macro                   // mean over the classes
	Weighted                // mean over the classes, weighted by their number of labels
)

// F1 returns the harmonic mean of precision and recall. With TP, FP and FN the right, the unjustified and the missed
// predictions of class k,
//
//	F1ₖ = 2TPₖ / (2TPₖ + FPₖ + FNₖ),
//
// averaged over the classes that occur among predictions or labels. Where nothing is to be found and nothing was
// (0/0, only met by Binary), it is 0.
func F1(pred, labels []int32, average Average) (float64, error) {
	classes, each, err := tally("F1", pred, labels)
	if err != nil {
		return 0, err
	}
	switch average {
	case Binary:
		return binaryF1(classes, each)
	case Micro:
		return Accuracy(pred, labels)
	case Macro, Weighted:
		sum, weights := 0.0, 0.0
		for _, c := range each {
			w := 1.0
			if average == Weighted {
				w = float64(c.labelled)
			}
			sum += w * c.f1()
			weights += w
		}
		return sum / weights, nil
	}
	return 0, fmt.Errorf("metric.F1: average %d; want Binary, Micro, Macro or Weighted", average)
}

// ClassF1 returns F1ₖ, as [F1] defines it, for every class that occurs, and these classes in rising order.
func ClassF1(pred, labels []int32) (classes []int32, f1 []float64, err error) {
	classes, each, err := tally("ClassF1", pred, labels)
	for _, c := range each {
		f1 = append(f1, c.f1())
	}
	return classes, f1, err
}

// counts are the marginals of a class: TP, TP + FP and TP + FN.
type counts struct{ right, predicted, labelled int }

// f1 is 2TP/((TP + FP) + (TP + FN)). A class that occurs has no zero below the line.
func (c counts) f1() float64 { return 2 * float64(c.right) / float64(c.predicted+c.labelled) }

// tally counts by class, the classes in rising order.
func tally(caller string, pred, labels []int32) ([]int32, []counts, error) {
	if err := checkLengths(caller, len(pred), len(labels)); err != nil {
		return nil, nil, err
	}
	classes := slices.Concat(pred, labels)
	slices.Sort(classes)
	classes = slices.Compact(classes)
	each := make([]counts, len(classes))
	for i, p := range pred {
		at, _ := slices.BinarySearch(classes, p)
		each[at].predicted++
		if p == labels[i] {
			each[at].right++
		}
		at, _ = slices.BinarySearch(classes, labels[i])
		each[at].labelled++
	}
	return classes, each, nil
}

// binaryF1 is F1 of class 1, which must be one of at most two.
func binaryF1(classes []int32, each []counts) (float64, error) {
	at, found := slices.BinarySearch(classes, 1)
	switch {
	case len(classes) > 2 || len(classes) == 2 && !found:
		return 0, fmt.Errorf("metric.F1: binary average over the classes %v; want two, class 1 among them, or Micro, Macro or Weighted", classes)
	case !found:
		return 0, nil
	}
	return each[at].f1(), nil
}

// Confusion counts which class was taken for which.
type Confusion struct {
	Classes int
	Count   []int // (label × prediction), row by row
}

// mostClasses bounds a matrix to half a gigabyte: more than anyone can read, less than make refuses with a panic.
const mostClasses = 1 << 13

// ConfusionMatrix returns C (classes×classes), C[t, p] = |{i : labelᵢ = t, predᵢ = p}|.
// Predictions and labels must be in [0, classes), and classes at most 8,192.
func ConfusionMatrix(pred, labels []int32, classes int) (*Confusion, error) {
	if err := checkLengths("ConfusionMatrix", len(pred), len(labels)); err != nil {
		return nil, err
	}
	if classes > mostClasses {
		return nil, fmt.Errorf("metric.ConfusionMatrix: %d classes; want at most %d", classes, mostClasses)
	}
	for i, p := range pred {
		if lo, hi := min(p, labels[i]), max(p, labels[i]); lo < 0 || int(hi) >= classes {
			return nil, fmt.Errorf("metric.ConfusionMatrix: example %d is predicted as %d and labelled %d; with %d classes both are 0…%d", i, p, labels[i], classes, classes-1)
		}
	}
	c := &Confusion{Classes: classes, Count: make([]int, classes*classes)}
	for i, p := range pred {
		c.Count[int(labels[i])*classes+int(p)]++
	}
	return c, nil
}

// At returns how many examples of class label were predicted as class pred, both in [0, Classes).
func (c *Confusion) At(label, pred int) int { return c.Count[label*c.Classes+pred] }

// String returns the matrix as a table, a line for each label and a column for each prediction.
func (c *Confusion) String() string {
	width := len(fmt.Sprint(max(c.Classes-1, slices.Max(append([]int{0}, c.Count...)))))
	var b strings.Builder
	fmt.Fprintf(&b, "%*s", width, "")
	for p := range c.Classes {
		fmt.Fprintf(&b, " %*d", width, p)
	}
	for t := range c.Classes {
		fmt.Fprintf(&b, "\n%*d", width, t)
		for p := range c.Classes {
			fmt.Fprintf(&b, " %*d", width, c.At(t, p))
		}
	}
	return b.String()
}

// checkLengths reports predictions that are not as many as what they are compared with, or none.
func checkLengths(caller string, pred, truth int) error {
	switch {
	case pred != truth:
		return fmt.Errorf("metric.%s: %d predictions for %d true values; want one each", caller, pred, truth)
	case pred == 0:
		return fmt.Errorf("metric.%s: no predictions; want at least one", caller)
	}
	return nil
}
