//go:build !linux

package kernels

// LargePages asks for large pages under memory that nobody has written yet, where a system has a way to ask.
func LargePages[T any]([]T) {}
