package train

import (
	"fmt"
	"math"

	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/loss"
	"rpnc/models/metric"
)

// Measuring: the model sees all rows, in chunks, and what is compared with the truth is chosen
// afterwards, since models along a graph need every node to compute one. The loss is computed by the
// interpreter in float64 from the scores of all rows at once: the mean over rows of a loss is not the
// mean over batches where weights differ, and float32 sums over 60,000 rows show.

// Evaluation says how to measure a model. The zero value serves classes.
type Evaluation struct {
	Loss   Loss            // nil means CrossEntropy
	Metric metric.Metric   // nil means DefaultMetric(Loss)
	Also   []metric.Metric // what else is measured
	Rows   []int           // those that are compared with the truth; the model sees all rows. nil: all
	Chunk  int             // rows at a time, which matters only to models that relate the rows of a batch; 0 means 256
}

// Score is what a model reaches on data.
type Score struct {
	Loss    float64
	Metric  float64            // see [Evaluation.Metric]
	Metrics map[string]float64 // all measures by name, that one among them
	Table   metric.Table       // what has been measured: the results of the model beside the truth
}

// Evaluate measures m on d. A loss that is no finite number is an error.
func Evaluate(m *models.Model, d *data.Dataset, e Evaluation) (Score, error) {
	if e.Loss == nil {
		e.Loss = CrossEntropy
	}
	if e.Metric == nil {
		e.Metric = DefaultMetric(e.Loss)
	}
	if e.Chunk == 0 {
		e.Chunk = 256
	}
	err := checkData(e.Loss, m, d)
	if err == nil {
		err = checkRows("Rows", e.Rows, d.Rows)
	}
	if err == nil && e.Chunk < 0 {
		err = fmt.Errorf("chunks of %d rows; want 0 or more", e.Chunk)
	}
	var s Score
	if err == nil {
		s, err = e.run(m, d)
	}
	if err == nil && (math.IsNaN(s.Loss) || math.IsInf(s.Loss, 0)) {
		err = fmt.Errorf("the loss is %v", s.Loss)
	}
	if err != nil {
		return Score{}, fmt.Errorf("train.Evaluate: %w", err)
	}
	return s, nil
}

// run applies the model to all rows and compares those that are asked for.
//
// Scores of all rows are kept, rows·out numbers: metrics such as F1 are not sums over chunks.
func (e Evaluation) run(m *models.Model, d *data.Dataset) (s Score, err error) {
	_, out := m.Dims()
	scores := make([]float64, 0, d.Rows*out)
	for lo := 0; lo < d.Rows; lo += e.Chunk {
		hi := min(d.Rows, lo+e.Chunk)
		y, err := m.Predict(d.Features(lo, hi))
		if err != nil {
			return s, fmt.Errorf("rows %d to %d: %w", lo, hi-1, err)
		}
		scores = append(scores, y...)
	}
	t := metric.Table{Scores: scores, Cols: out, Labels: d.Labels}
	t.Y, _ = targets(d, out)
	if e.Rows != nil {
		if t, err = pick(t, e.Rows); err != nil {
			return s, err
		}
	}
	s.Table, s.Metrics = t, map[string]float64{}
	// First the metrics: their errors name rows and columns.
	for _, x := range append([]metric.Metric{e.Metric}, e.Also...) {
		if s.Metrics[x.String()], err = x.Measure(t); err != nil {
			return s, err
		}
	}
	s.Metric = s.Metrics[e.Metric.String()]
	s.Loss, err = lossOf(e.Loss, t)
	return s, err
}

// pick takes rows out of a table.
func pick(t metric.Table, rows []int) (metric.Table, error) {
	out := metric.Table{Cols: t.Cols, Scores: make([]float64, len(rows)*t.Cols)}
	err := data.Gather(out.Scores, t.Scores, t.Cols, rows)
	if err == nil && t.Labels != nil {
		out.Labels = make([]int32, len(rows))
		err = data.Gather(out.Labels, t.Labels, 1, rows)
	}
	if err == nil && t.Y != nil {
		out.Y = make([]float64, len(rows)*t.Cols)
		err = data.Gather(out.Y, t.Y, t.Cols, rows)
	}
	return out, err
}

// lossOf is the loss of a table: the graph of training, evaluated by the interpreter in float64.
func lossOf(l Loss, t metric.Table) (float64, error) {
	rows := len(t.Scores) / t.Cols
	g := graph.New()
	y := graph.Type{DType: graph.F64, Shape: graph.Sh(rows, t.Cols)}
	in := graph.Leaves{"y": {Type: y, F: t.Scores}, targetName: {Type: y, F: t.Y}}
	if l.Target() == loss.Labels {
		in[targetName] = &graph.Tensor{Type: graph.Type{DType: graph.I32, Shape: graph.Sh(rows)}, I: t.Labels}
	}
	var w *graph.Node
	if weights := balance(l); weights != nil {
		x := &graph.Tensor{Type: graph.Type{DType: graph.F64, Shape: graph.Sh(rows)}, F: make([]float64, rows)}
		if _, err := weigh(x.F, nil, t.Labels, weights); err != nil {
			return 0, err
		}
		in[weightName] = x
		w = g.Input(weightName, x.Type)
	}
	out := l.Of(g.Input("y", y), g.Input(targetName, in[targetName].Type), w)
	v, err := graph.Run(g, in, out)
	if err != nil {
		return 0, err
	}
	return v.Of(out).F[0], nil
}

// weigh fills dst with the weights of rows, each the product of the row's own (of nil: 1) and of its class's (of nil:
// 1), divided by their sum, which it answers with.
//
// With all weights 1 it is the mean.
func weigh(dst, rows []float64, labels []int32, classes []float64) (sum float64, err error) {
	for i := range dst {
		w := 1.0
		if rows != nil {
			w = rows[i]
		}
		if classes != nil {
			w *= classes[labels[i]]
		}
		dst[i] = w
		sum += w
	}
	if !(sum > 0) {
		return 0, fmt.Errorf("all %d rows of a batch have weight 0; want larger batches or weights above 0", len(dst))
	}
	for i := range dst {
		dst[i] /= sum
	}
	return sum, nil
}
