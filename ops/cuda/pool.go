package cuda

import (
	"errors"
	"fmt"
	"math/bits"
)

// pool keeps device memory that was given back for who asks next: a driver takes its time for a piece and stops the card
// for it, and models compile programs of the same sizes again and again. When the last piece is given back, everything
// goes to the driver, so that a process which has closed its programs holds nothing.
//
// Pieces are reused for the same class of size only and are never cut: there is nothing to merge and
// nothing fragments but by an eighth.
type pool struct {
	alloc func(bytes int) (Addr, error) // the driver's
	free  func(a Addr) error
	sizes map[Addr]int   // of pieces in use
	spare map[int][]Addr // by size
}

// take is a piece of at least the given size.
func (p *pool) take(bytes int) (Addr, error) {
	if bytes <= 0 {
		return 0, fmt.Errorf("cuda.Alloc: %d bytes; want 1 or more", bytes)
	}
	if p.sizes == nil {
		p.sizes, p.spare = map[Addr]int{}, map[int][]Addr{}
	}
	size := sizeClass(bytes)
	if list := p.spare[size]; len(list) > 0 {
		a := list[len(list)-1]
		p.spare[size] = list[:len(list)-1]
		p.sizes[a] = size
		return a, nil
	}
	a, err := p.alloc(size)
	if err != nil && len(p.spare) > 0 {
		// What lies idle may be what is missing.
		if trimmed := p.trim(); trimmed != nil {
			return 0, errors.Join(err, trimmed)
		}
		a, err = p.alloc(size)
	}
	if err != nil {
		return 0, err
	}
	p.sizes[a] = size
	return a, nil
}

// give takes a piece back.
func (p *pool) give(a Addr) error {
	size, ok := p.sizes[a]
	if !ok {
		return fmt.Errorf("cuda.Free: %#x is no piece of memory in use", uint64(a))
	}
	delete(p.sizes, a)
	p.spare[size] = append(p.spare[size], a)
	if len(p.sizes) == 0 {
		return p.trim()
	}
	return nil
}

// trim gives everything idle back to the driver.
func (p *pool) trim() (err error) {
	for _, list := range p.spare {
		for _, a := range list {
			err = errors.Join(err, p.free(a))
		}
	}
	clear(p.spare)
	return err
}

// sizeClass rounds a size up, so that pieces fit more often: to 512 bytes, and by an eighth at most.
//
// step is a sixteenth to an eighth of the size, a power of two.
func sizeClass(bytes int) int {
	step := max(512, 1<<max(0, bits.Len(uint(bytes))-4))
	return (bytes + step - 1) / step * step
}
