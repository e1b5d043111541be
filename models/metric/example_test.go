package metric_test

import (
	"fmt"
	"log"

	"rpnc/models/metric"
)

// From the scores of a classifier to its accuracy, F1 and confusion matrix.
func Example() {
	scores := []float32{
		2.1, 0.3, -1.0,
		0.2, 1.7, 0.4,
		0.1, 0.9, 0.8,
		-0.5, 0.6, 0.1,
	}
	labels := []int32{0, 1, 2, 1}
	pred := make([]int32, len(labels))
	if err := metric.Argmax(pred, scores, 3); err != nil {
		log.Fatal(err)
	}
	accuracy, err := metric.Accuracy(pred, labels)
	if err != nil {
		log.Fatal(err)
	}
	f1, err := metric.F1(pred, labels, metric.Macro)
	if err != nil {
		log.Fatal(err)
	}
	confusion, err := metric.ConfusionMatrix(pred, labels, 3)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(pred, accuracy)
	fmt.Printf("%.2f\n", f1)
	fmt.Println(confusion)
	// Output:
	// [0 1 1 1] 0.75
	// 0.60
	//   0 1 2
	// 0 1 0 0
	// 1 0 2 0
	// 2 0 1 0
}

func ExampleClassF1() {
	classes, f1, err := metric.ClassF1([]int32{0, 1, 1, 1}, []int32{0, 1, 2, 1})
	fmt.Println(classes, f1, err)
	_, err = metric.F1([]int32{0, 1, 1, 1}, []int32{0, 1, 2, 1}, metric.Binary)
	fmt.Println(err)
	// Output:
	// [0 1 2] [1 0.8 0] <nil>
	// metric.F1: binary average over the classes [0 1 2]; want two, class 1 among them, or Micro, Macro or Weighted
}

func ExampleR2() {
	pred, y := []float32{2.5, 0, 2, 8}, []float64{3, -0.5, 2, 7}
	r2, err := metric.R2(pred, y, 1)
	fmt.Printf("%.4f %v\n", r2, err)
	mse, err := metric.MSE(pred, y)
	fmt.Println(mse, err)
	mae, err := metric.MAE(pred, y)
	fmt.Println(mae, err)
	// Output:
	// 0.9486 <nil>
	// 0.375 <nil>
	// 0.5 <nil>
}
