package rpnops

// Patch is a set of cells around a centre, and the distances at which such patches pack.
type Patch interface {
	// Offsets lists the cells of the patch as distances from its centre, in the order of the packed columns: along
	// height slowest, along depth fastest.
	Offsets() ([]Cell, error)
	// Distances is the distance between centres, along each axis, that a packing strategy gives; (1, 1, 1) for "".
	Distances(strategy string) (Cell, error)
}

// Cuboid is the patch of all cells from −P… to +P…Prime along each axis: primed extents lie in the positive direction,
// so that unequal ones make a patch that is not centred. Errors: extents that leave no cell.
type Cuboid struct {
	PH      int      `yaml:"p_h" rpn:"required"`
	PW      int      `yaml:"p_w" rpn:"required"`
	PD      int      `yaml:"p_d"`
	PHPrime Opt[int] `yaml:"p_h_prime"` // as PH by default
	PWPrime Opt[int] `yaml:"p_w_prime"` // as PW by default
	PDPrime Opt[int] `yaml:"p_d_prime"` // as PD by default
}

// Cylinder is the patch of all cells with Δi² + Δj² ≤ R² and |Δk| ≤ PDPrime. PD itself matters to packing only, as in
// the reference; where PDPrime is not given the two are one. Errors: a negative radius or depth, two different radii.
type Cylinder struct {
	R       int      `yaml:"p_r"`
	Radius  int      `yaml:"r"` // another name of R
	PD      int      `yaml:"p_d"`
	PDPrime Opt[int] `yaml:"p_d_prime"` // as PD by default
}

// Sphere is the patch of all cells with Δi² + Δj² + Δk² ≤ R². On a flat grid its cells above and below are outside, and
// still packed, as zeros. Errors: a negative radius, two different radii.
type Sphere struct {
	R      int `yaml:"p_r"`
	Radius int `yaml:"r"` // another name of R
}

var (
	_ = Register(Spec[Cuboid]{
		Name: "cuboid", Equation: "−p…p′ along each axis", Params: "0",
		Samples: []Cuboid{{PH: 1, PW: 1}, {PH: 1, PDPrime: Some(1), PWPrime: Some(2)}},
	})
	_ = Register(Spec[Cylinder]{
		Name: "cylinder", Equation: "Δi² + Δj² ≤ r², |Δk| ≤ p_d′", Params: "0",
		Samples: []Cylinder{{R: 1}, {Radius: 2, PD: 1}},
	})
	_ = Register(Spec[Sphere]{
		Name: "sphere", Equation: "Δi² + Δj² + Δk² ≤ r²", Params: "0",
		Samples: []Sphere{{R: 1}, {Radius: 2}},
	})
)

// Offsets has (PH+PHPrime+1)·(PW+PWPrime+1)·(PD+PDPrime+1) cells.
func (c Cuboid) Offsets() ([]Cell, error) {
	lo, hi := Cell{-c.PH, -c.PW, -c.PD}, Cell{c.PHPrime.Or(c.PH), c.PWPrime.Or(c.PW), c.PDPrime.Or(c.PD)}
	var sizes Cell
	for axis := range sizes {
		if min(lo[axis], hi[axis]) < -mostPoints || max(lo[axis], hi[axis]) > mostPoints {
			return nil, errorf("Cuboid", "cells from %v to %v; want extents of at most %d", lo, hi, mostPoints)
		}
		sizes[axis] = max(0, hi[axis]-lo[axis]+1)
	}
	if _, ok := boundedProduct(mostPoints, sizes[:]...); !ok {
		return nil, errorf("Cuboid", "%d×%d×%d cells; want at most %d", sizes[0], sizes[1], sizes[2], mostPoints)
	}
	var out []Cell
	for i := lo[0]; i <= hi[0]; i++ {
		for j := lo[1]; j <= hi[1]; j++ {
			for k := lo[2]; k <= hi[2]; k++ {
				out = append(out, Cell{i, j, k})
			}
		}
	}
	if out == nil {
		return nil, errorf("Cuboid", "cells from %v to %v are none; want extents of 0 or more", lo, hi)
	}
	return out, nil
}

// Offsets has 2·PDPrime+1 layers of one disc.
func (c Cylinder) Offsets() ([]Cell, error) {
	r, err := radius("Cylinder", c.R, c.Radius)
	if err != nil {
		return nil, err
	}
	depth := c.PDPrime.Or(c.PD)
	if depth < 0 {
		return nil, errorf("Cylinder", "depth p_d_prime = %d; want 0 or more", depth)
	}
	if err := bounded("Cylinder", r, depth); err != nil {
		return nil, err
	}
	return round(r, func(int) int { return depth }), nil
}

// Offsets has the cells of the ball.
func (s Sphere) Offsets() ([]Cell, error) {
	r, err := radius("Sphere", s.R, s.Radius)
	if err != nil {
		return nil, err
	}
	if err := bounded("Sphere", r, r); err != nil {
		return nil, err
	}
	return round(r, rootFloor), nil
}

// bounded wants the box around a patch to have a bearable number of cells.
func bounded(name string, r, depth int) error {
	// Extents first, so that their doubles do not overflow.
	if max(r, depth) <= mostPoints {
		if _, ok := boundedProduct(mostPoints, 2*r+1, 2*r+1, 2*depth+1); ok {
			return nil
		}
	}
	return errorf(name, "radius %d, depth %d; want a patch in a box of at most %d cells", r, depth, mostPoints)
}

// radius is the radius given under either name: the reference calls it p_r in patches, r in functions of patches.
func radius(name string, r, alias int) (int, error) {
	if r != 0 && alias != 0 && r != alias {
		return 0, errorf(name, "p_r = %d and r = %d are two names of the radius; give one", r, alias)
	}
	if r == 0 {
		r = alias
	}
	if r < 0 {
		return 0, errorf(name, "radius %d; want 0 or more", r)
	}
	return r, nil
}

// round lists the cells of a body of revolution: over each cell of the disc of radius r from −depth to depth, which
// depends on what the cell leaves of r², r² − Δi² − Δj².
func round(r int, depth func(rest int) int) (out []Cell) {
	for i := -r; i <= r; i++ {
		w := rootFloor(r*r - i*i)
		for j := -w; j <= w; j++ {
			d := depth(r*r - i*i - j*j)
			for k := -d; k <= d; k++ {
				out = append(out, Cell{i, j, k})
			}
		}
	}
	return out
}

// rootFloor is ⌊√n⌋, the largest integer whose square is at most n, exactly: a rounded root would lose cells on axes.
func rootFloor(n int) int {
	r := 0
	for (r+1)*(r+1) <= n {
		r++
	}
	return r
}
