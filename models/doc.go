// Package models builds RPN models out of the functions of package rpnops and runs them.
//
// # Mental model
//
// A head maps x (b×m) to (b×n) by κ, ξ, ψ and π; a layer runs heads side by side on one x and fuses their results; a
// model is a list of layers. Each of them is a config struct whose fields are the reference's constructor parameters,
// and each is a [Spec]: it knows its widths and builds its graph in a scope. Nothing is allocated before [New]:
//
//	m, err := models.New(models.MLP{Dims: []int{64, 32, 10}, WithRelu: true}, &models.Options{Seed: 1})
//	y, err := m.Predict(x, rows)
//
// A [Model] is a spec with its parameters. It compiles one program for each number of rows it meets, keeps them, and
// shares the parameters between them.
//
// In Go a zero field means: without. The reference's defaults, which differ from class to class, are those of
// [Default] and of configurations.
//
// # Adding a head, layer or model
//
// One file with the struct, its InOut and Build, and one [Register] call.
package models
