package train_test

import (
	"context"
	"fmt"
	"log"

	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/optim"
	"rpnc/models/train"
)

func ExampleTrainer_Fit() {
	flowers, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	rows, held, err := flowers.Split(func(i int) bool { return i%5 == 4 })
	if err != nil {
		log.Fatal(err)
	}
	spec := models.MLP{Dims: []int{4, 16, 3}, Finish: models.Finish{WithRelu: true}, Plain: true, Product: models.Product{EnableBias: true}}
	m, err := models.New(spec, &models.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	h, err := train.Trainer{Epochs: 40, BatchSize: 16, Optimizer: optim.AdamW{LR: 0.02}}.Fit(context.Background(), m, rows, held)
	if err != nil {
		log.Fatal(err)
	}
	last := h.Epochs[len(h.Epochs)-1]
	fmt.Printf("%d epochs, more than nine of ten held out flowers right: %t\n", len(h.Epochs), last.TestMetric > 0.9)
	// Output: 40 epochs, more than nine of ten held out flowers right: true
}
