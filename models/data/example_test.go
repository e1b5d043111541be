package data_test

import (
	"fmt"
	"log"
	"strings"

	"rpnc/models/data"
)

// Reading a table, splitting it and scaling both parts by what the training part is like.
func Example() {
	iris, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	train, held, err := iris.Split(func(i int) bool { return i%5 == 4 })
	if err != nil {
		log.Fatal(err)
	}
	scaling, err := data.Standardize(train)
	if err != nil {
		log.Fatal(err)
	}
	if held, err = scaling.Apply(held); err != nil {
		log.Fatal(err)
	}
	fmt.Println(train.Rows, held.Rows, iris.Classes)
	fmt.Printf("%.2f %s\n", held.Row(0), held.Classes[held.Labels[0]])
	// Output:
	// 120 30 [setosa versicolor virginica]
	// [-1.02 1.24 -1.33 -1.32] setosa
}

func ExampleReadCSV() {
	const table = `
name,height,weight,species
Rex,60,30.5,dog
Tom,25,4,cat
Ada,55,24,dog
`
	d, err := data.ReadCSV(strings.NewReader(table), "pets", &data.CSVOptions{Skip: []string{"name"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.Columns, d.Classes)
	for i := range d.Rows {
		fmt.Println(d.Row(i), d.Labels[i])
	}

	_, err = data.ReadCSV(strings.NewReader(table), "pets", nil)
	fmt.Println(err)
	// Output:
	// [height weight] [dog cat]
	// [60 30.5] 0
	// [25 4] 1
	// [55 24] 0
	// data.ReadCSV: pets:3: column 1 ("name"): "Rex" is not a number; want one such as -1.5e3 (classes belong into the target column)
}

// The loop of a training run, with buffers that are allocated once.
func ExampleBatches() {
	d := &data.Dataset{Rows: 5, Cols: 2, X: []float64{0, 1, 10, 11, 20, 21, 30, 31, 40, 41}}
	batches, err := data.NewBatches(d.Rows, &data.BatchOptions{Size: 2, Ordered: true})
	if err != nil {
		log.Fatal(err)
	}
	buffer := make([]float32, batches.Size()*d.Cols)
	for i, rows := range batches.Epoch(0) {
		x := buffer[:len(rows)*d.Cols]
		if err := data.Gather(x, d.X, d.Cols, rows); err != nil {
			log.Fatal(err)
		}
		fmt.Println(i, rows, x)
	}
	// Output:
	// 0 [0 1] [0 1 10 11]
	// 1 [2 3] [20 21 30 31]
	// 2 [4] [40 41]
}

func ExampleKarateClub() {
	club, err := data.KarateClub()
	if err != nil {
		log.Fatal(err)
	}
	degree := make([]int, club.Rows)
	for _, e := range club.Edges {
		degree[e[0]]++
		degree[e[1]]++
	}
	fmt.Println(club.Rows, "members,", len(club.Edges), "friendships")
	for _, i := range []int{0, 33} {
		fmt.Println(club.Classes[club.Labels[i]], degree[i])
	}
	// Output:
	// 34 members, 78 friendships
	// Mr. Hi 16
	// Officer 17
}
