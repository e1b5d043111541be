package metric

import (
	"fmt"
	"math"
)

// MSE returns the mean squared error over all entries,
//
//	Σᵢ (predᵢ − yᵢ)² / n.
//
// Of several target columns that is the mean of the columns' errors. NaN in, NaN out.
func MSE[P, Y Float](pred []P, y []Y) (float64, error) {
	return meanOf("MSE", pred, y, func(e float64) float64 { return e * e })
}

// MAE returns the mean absolute error over all entries,
//
//	Σᵢ |predᵢ − yᵢ| / n.
//
// NaN in, NaN out.
func MAE[P, Y Float](pred []P, y []Y) (float64, error) {
	return meanOf("MAE", pred, y, math.Abs)
}

// R2 returns the coefficient of determination, the share of the targets' variance that the predictions explain,
// as the mean over the columns of pred and y (n×cols), n ≥ 2:
//
//	R²ⱼ = 1 − Σᵢ (predᵢⱼ − yᵢⱼ)² / Σᵢ (yᵢⱼ − ȳⱼ)².
//
// 1 is perfect, 0 as good as the mean, and there is no lower bound. A constant column has no variance: it counts as 1
// where it is met exactly, otherwise as 0. NaN in, NaN out.
func R2[P, Y Float](pred []P, y []Y, cols int) (float64, error) {
	if err := checkLengths("R2", len(pred), len(y)); err != nil {
		return 0, err
	}
	if cols < 1 || len(y)%cols != 0 || len(y)/cols < 2 {
		return 0, fmt.Errorf("metric.R2: %d targets in rows of %d; want at least two whole rows", len(y), cols)
	}
	sum := 0.0
	for j := range cols {
		sum += columnR2(pred, y, j, cols)
	}
	return sum / float64(cols), nil
}

// columnR2 is R² of column j.
func columnR2[P, Y Float](pred []P, y []Y, j, cols int) float64 {
	mean, constant := 0.0, true
	for i := j; i < len(y); i += cols {
		mean += float64(y[i])
		constant = constant && y[i] == y[j]
	}
	mean /= float64(len(y) / cols)
	residual, total := 0.0, 0.0
	for i := j; i < len(y); i += cols {
		e, d := float64(pred[i])-float64(y[i]), float64(y[i])-mean
		residual += e * e
		total += d * d
	}
	switch {
	// Not total == 0: the mean of equal numbers may be off by a rounding.
	case !constant || math.IsNaN(residual):
		return 1 - residual/total
	case residual == 0:
		return 1
	}
	return 0
}

// meanOf averages f(predᵢ − yᵢ), summed in float64 whatever the element types are.
func meanOf[P, Y Float](caller string, pred []P, y []Y, f func(float64) float64) (float64, error) {
	if err := checkLengths(caller, len(pred), len(y)); err != nil {
		return 0, err
	}
	sum := 0.0
	for i, p := range pred {
		sum += f(float64(p) - float64(y[i]))
	}
	return sum / float64(len(pred)), nil
}
