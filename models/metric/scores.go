package metric

import (
	"fmt"
	"strings"
)

// AccuracyScore is [Accuracy] of the classes with the largest scores; of one score a row, the class is the nearest
// number.
type AccuracyScore struct{}

// BinaryScore is the share of entries whose score is above 0 where the target is above ½ and only there: the accuracy
// of logits of independent answers.
type BinaryScore struct{}

// TopKScore is [TopK].
type TopKScore struct {
	K int `yaml:"k" rpn:"min=1"` // 0 means 5
}

// F1Score is [F1].
type F1Score struct {
	Average Average `yaml:"average"`
}

// MSEScore is [MSE].
type MSEScore struct{}

// MAEScore is [MAE].
type MAEScore struct{}

// R2Score is [R2].
type R2Score struct{}

// Measure is the accuracy.
func (AccuracyScore) Measure(t Table) (float64, error) {
	pred, labels, err := t.classes("Accuracy")
	if err != nil {
		return 0, err
	}
	return Accuracy(pred, labels)
}

func (AccuracyScore) String() string { return "accuracy" }

// Larger is true.
func (AccuracyScore) Larger() bool { return true }

// Measure is the share of right entries. A label is the target of the one column that there is then.
func (BinaryScore) Measure(t Table) (float64, error) {
	y := t.Y
	if y == nil && t.Cols == 1 {
		for _, l := range t.Labels {
			y = append(y, float64(l))
		}
	}
	if err := checkLengths("BinaryScore", len(t.Scores), len(y)); err != nil {
		return 0, err
	}
	right := 0
	for i, s := range t.Scores {
		if (s > 0) == (y[i] > 0.5) {
			right++
		}
	}
	return float64(right) / float64(len(y)), nil
}

func (BinaryScore) String() string { return "binary_accuracy" }

// Larger is true.
func (BinaryScore) Larger() bool { return true }

// Measure is the share of rows whose class is among the k best.
func (m TopKScore) Measure(t Table) (float64, error) { return TopK(t.Scores, t.Labels, t.Cols, m.k()) }

func (m TopKScore) String() string { return fmt.Sprintf("top_%d", m.k()) }

// Larger is true.
func (TopKScore) Larger() bool { return true }

func (m TopKScore) k() int {
	if m.K == 0 {
		return 5
	}
	return m.K
}

// Measure is F1.
func (m F1Score) Measure(t Table) (float64, error) {
	pred, labels, err := t.classes("F1")
	if err != nil {
		return 0, err
	}
	return F1(pred, labels, m.Average)
}

func (m F1Score) String() string {
	if m.Average == Binary {
		return "f1"
	}
	return "f1_" + m.Average.String()
}

// Larger is true.
func (F1Score) Larger() bool { return true }

// Measure is the mean squared error.
func (MSEScore) Measure(t Table) (float64, error) {
	y, err := t.numbers("MSE")
	if err != nil {
		return 0, err
	}
	return MSE(t.Scores, y)
}

func (MSEScore) String() string { return "mse" }

// Larger is false.
func (MSEScore) Larger() bool { return false }

// Measure is the mean absolute error.
func (MAEScore) Measure(t Table) (float64, error) {
	y, err := t.numbers("MAE")
	if err != nil {
		return 0, err
	}
	return MAE(t.Scores, y)
}

func (MAEScore) String() string { return "mae" }

// Larger is false.
func (MAEScore) Larger() bool { return false }

// Measure is the coefficient of determination.
func (R2Score) Measure(t Table) (float64, error) {
	y, err := t.numbers("R2")
	if err != nil {
		return 0, err
	}
	return R2(t.Scores, y, t.Cols)
}

func (R2Score) String() string { return "r2" }

// Larger is true.
func (R2Score) Larger() bool { return true }

var averageNames = []string{"binary", "micro", "macro", "weighted"}

func (a Average) String() string {
	if int(a) < len(averageNames) {
		return averageNames[a]
	}
	return fmt.Sprintf("Average(%d)", uint8(a))
}

// MarshalText is the name of the average: macro.
func (a Average) MarshalText() ([]byte, error) {
	if int(a) >= len(averageNames) {
		return nil, fmt.Errorf("metric.Average: number %d is no average; want one of %s", uint8(a), strings.Join(averageNames, ", "))
	}
	return []byte(averageNames[a]), nil
}

// UnmarshalText reads the name of an average; an unknown one is an error that lists them.
func (a *Average) UnmarshalText(text []byte) error {
	for i, name := range averageNames {
		if name == string(text) {
			*a = Average(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no average; want one of %s", text, strings.Join(averageNames, ", "))
}

// TopK returns the share of rows whose label is among the k largest scores (n×cols). Of equal scores those in lower
// columns come first, as in [Argmax]. A NaN is an error, and so is k < 1; k ≥ cols gives 1.
func TopK[T Float](scores []T, labels []int32, cols, k int) (float64, error) {
	if cols < 1 || len(scores) != cols*len(labels) {
		return 0, fmt.Errorf("metric.TopK: %d scores in rows of %d for %d labels; want a row each", len(scores), cols, len(labels))
	}
	if err := checkLengths("TopK", len(labels), len(labels)); err != nil {
		return 0, err
	}
	if k < 1 {
		return 0, fmt.Errorf("metric.TopK: k = %d; want 1 or more", k)
	}
	right := 0
	for i, label := range labels {
		if label < 0 || int(label) >= cols {
			return 0, fmt.Errorf("metric.TopK: the label of row %d is %d; with %d columns labels are 0…%d", i, label, cols, cols-1)
		}
		rank, err := rankOf(scores[i*cols:(i+1)*cols], int(label))
		if err != nil {
			return 0, fmt.Errorf("metric.TopK: row %d: %w", i, err)
		}
		if rank < k {
			right++
		}
	}
	return float64(right) / float64(len(labels)), nil
}

// rankOf is how many scores come before that in a column.
func rankOf[T Float](row []T, at int) (rank int, err error) {
	for j, v := range row {
		if v != v {
			return 0, fmt.Errorf("the score in column %d is NaN; want numbers", j)
		}
		if v > row[at] || v == row[at] && j < at {
			rank++
		}
	}
	return rank, nil
}
