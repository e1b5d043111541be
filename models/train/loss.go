package train

import (
	"fmt"

	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/loss"
	"rpnc/models/metric"
)

// Loss is what training makes small; package loss has more of them.
type Loss = loss.Loss

// The losses of classes and of numbers, with default settings.
var (
	CrossEntropy Loss = loss.CrossEntropy{}
	MSE          Loss = loss.MSE{}
)

// DefaultMetric is what is measured beside a loss where nothing else is asked for: the accuracy for classes, the mean
// absolute error for numbers.
func DefaultMetric(l Loss) metric.Metric {
	_, binary := l.(loss.BCE)
	switch {
	case binary:
		return metric.BinaryScore{}
	case l.Target() == loss.Labels:
		return metric.AccuracyScore{}
	}
	return metric.MAEScore{}
}

// checkData says whether d holds what the model and the loss need, in the words of whoever has to change something.
//
// What it lets through cannot fail in a step for reasons of shape, so a training of hours does not end
// at its first evaluation. The order is that in which a user would look: the loss, the rows, the
// columns, then the truth.
func checkData(l Loss, m *models.Model, d *data.Dataset) error {
	in, out := m.Dims()
	if err := loss.Check(l); err != nil {
		return err
	}
	if d == nil || d.Rows == 0 {
		return fmt.Errorf("no rows; want at least one")
	}
	if err := d.Validate(); err != nil {
		return err
	}
	if d.Cols != in {
		return fmt.Errorf("the data have %d columns, the model takes %d", d.Cols, in)
	}
	if l.Target() == loss.Numbers {
		return checkNumbers(l, d, out)
	}
	weights := balance(l)
	switch {
	case d.Labels == nil:
		return fmt.Errorf("the loss needs Labels; the data have none")
	case len(d.Classes) > out:
		return fmt.Errorf("the data have %d classes, the model gives %d columns; want one a class", len(d.Classes), out)
	case weights != nil && len(weights) != out:
		return fmt.Errorf("%d class weights, the model gives %d columns; want one a class", len(weights), out)
	}
	return nil
}

// checkNumbers wants as many numbers a row as the model gives, and those of a binary cross-entropy between 0 and 1.
func checkNumbers(l Loss, d *data.Dataset, out int) error {
	y, cols := targets(d, out)
	if y == nil || cols != out {
		return fmt.Errorf("the data have %d target columns, the model gives %d; the loss needs as many", d.YCols, out)
	}
	b, ok := l.(loss.BCE)
	if !ok {
		return nil
	}
	if n := len(b.PosWeight); n > 1 && n != out {
		return fmt.Errorf("%d weights of ones, the model gives %d columns; want one a column, or one for all", n, out)
	}
	for i, v := range y {
		if v < 0 || v > 1 {
			return fmt.Errorf("the target of row %d, column %d is %v; binary cross-entropy wants numbers from 0 to 1", i/out, i%out, v)
		}
	}
	return nil
}

// targets are the numbers that a model of out columns is to give: Y, or, where there is none and one column, the numbers
// of the classes.
//
// Training a model of one output on two classes with a loss of numbers needs no second copy of the
// labels in the data: they become 0 and 1 here.
func targets(d *data.Dataset, out int) (y []float64, cols int) {
	if d.Y != nil || d.Labels == nil || out != 1 {
		return d.Y, d.YCols
	}
	y = make([]float64, d.Rows)
	for i, label := range d.Labels {
		y[i] = float64(label)
	}
	return y, 1
}

// balance are the weights of classes, nil where they have none.
func balance(l Loss) []float64 {
	if b, ok := l.(loss.Balanced); ok {
		return b.Balance()
	}
	return nil
}

// checkRows wants rows within the data.
func checkRows(name string, rows []int, n int) error {
	for i, r := range rows {
		if r < 0 || r >= n {
			return fmt.Errorf("%s[%d] = %d; the data have rows 0…%d", name, i, r, n-1)
		}
	}
	return nil
}
