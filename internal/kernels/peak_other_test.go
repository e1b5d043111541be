//go:build !amd64 || noasm || race

package kernels

// Peak does nothing: no table here has a rate that products are held against.
func Peak[T Float]() float64 { return 0 }
