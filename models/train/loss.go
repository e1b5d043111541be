package train

import (
	"fmt"
	"math"

	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/metric"
	"rpnc/ops"
)

// Loss is what training makes small.
type Loss uint8

const (
	CrossEntropy Loss = iota // mean of −ln softmax(y)[label]; y are logits
	MSE                      // mean of (y − target)² over all entries
)

// Metric names what [Score] and [Epoch] hold beside the loss: the accuracy for classes, the mean absolute error for
// numbers.
func (l Loss) Metric() string { return [...]string{"accuracy", "mae"}[l] }

// Score is what a model reaches on data.
type Score struct {
	Loss   float64
	Metric float64 // see [Loss.Metric]
}

// check says whether d holds what the model and the loss need, in the words of whoever has to change something.
func (l Loss) check(m *models.Model, d *data.Dataset) error {
	in, out := m.Dims()
	if l > MSE {
		return fmt.Errorf("loss %d is unknown; want CrossEntropy or MSE", l)
	}
	if d == nil || d.Rows == 0 {
		return fmt.Errorf("no rows; want at least one")
	}
	if err := d.Validate(); err != nil {
		return err
	}
	switch {
	case d.Cols != in:
		return fmt.Errorf("the data have %d columns, the model takes %d", d.Cols, in)
	case l == CrossEntropy && d.Labels == nil:
		return fmt.Errorf("cross-entropy needs Labels; the data have none")
	case l == CrossEntropy && len(d.Classes) > out:
		return fmt.Errorf("the data have %d classes, the model gives %d columns; want one a class", len(d.Classes), out)
	case l == MSE && (d.Y == nil || d.YCols != out):
		return fmt.Errorf("the data have %d target columns, the model gives %d; mse needs as many", d.YCols, out)
	}
	return nil
}

// build adds the loss of y (rows×out) and its input.
func (l Loss) build(g *graph.Graph, y *graph.Node) *graph.Node {
	if l == CrossEntropy {
		labels := g.Input(targetName, graph.Type{DType: graph.I32, Shape: graph.Sh(y.Shape().Dim(0))})
		return ops.SoftmaxCrossEntropy(y, labels)
	}
	return ops.MSE(y, g.Input(targetName, y.Type()))
}

// Evaluate measures m on d, chunk rows at a time; the chunk matters only to models that relate the rows of a batch. 0
// means 256. A loss that is no finite number is an error.
func Evaluate(m *models.Model, d *data.Dataset, l Loss, chunk int) (Score, error) {
	if err := l.check(m, d); err != nil {
		return Score{}, fmt.Errorf("train.Evaluate: %w", err)
	}
	if chunk < 0 {
		return Score{}, fmt.Errorf("train.Evaluate: chunks of %d rows; want 0 or more", chunk)
	}
	if chunk == 0 {
		chunk = 256
	}
	var scores []float64
	for lo := 0; lo < d.Rows; lo += chunk {
		hi := min(d.Rows, lo+chunk)
		y, err := m.Predict(d.X[lo*d.Cols : hi*d.Cols])
		if err != nil {
			return Score{}, fmt.Errorf("train.Evaluate: rows %d to %d: %w", lo, hi-1, err)
		}
		scores = append(scores, y...)
	}
	s, err := l.score(scores, d)
	if err == nil && (math.IsNaN(s.Loss) || math.IsInf(s.Loss, 0)) {
		err = fmt.Errorf("the loss is %v", s.Loss)
	}
	if err != nil {
		return Score{}, fmt.Errorf("train.Evaluate: %w", err)
	}
	return s, nil
}

// score compares the results of all rows with the truth.
func (l Loss) score(y []float64, d *data.Dataset) (s Score, err error) {
	if l == MSE {
		if s.Loss, err = metric.MSE(y, d.Y); err == nil {
			s.Metric, err = metric.MAE(y, d.Y)
		}
		return s, err
	}
	// A model may have more columns than the data have classes.
	cols := len(y) / d.Rows
	pred := make([]int32, d.Rows)
	if err := metric.Argmax(pred, y, cols); err != nil {
		return s, err
	}
	for i, label := range d.Labels {
		s.Loss += surprise(y[i*cols:(i+1)*cols], int(label), int(pred[i])) / float64(d.Rows)
	}
	s.Metric, err = metric.Accuracy(pred, d.Labels)
	return s, err
}

// surprise is −ln softmax(y)[label]; top is the place of the largest logit, whose power is taken out of the sum, so that
// nothing overflows.
func surprise(y []float64, label, top int) float64 {
	sum := 0.0
	for _, v := range y {
		sum += math.Exp(v - y[top])
	}
	return math.Log(sum) + y[top] - y[label]
}
