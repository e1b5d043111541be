//go:build !amd64 || noasm || race

package kernels

// assembly has nothing to offer here: no kernels for this processor, or a build
// that wants none (noasm), or one whose race detector could not see into them.
func assembly() []*table { return nil }
