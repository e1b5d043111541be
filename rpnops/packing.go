package rpnops

import (
	"math"
	"strings"
)

// strategy is a packing strategy of one kind of patch: the distances of centres along height, width and depth as
// multiples of the patch's extents. The names promise more than they do: hexagonal and face-centred packings only have
// other distances, rows are not staggered.
type strategy struct {
	name    string
	h, w, d float64
}

// densest has a centre at every cell, whatever the patch.
const densest = "densest_packing"

// Of cuboids the extents are (p_h, p_w, p_d), those of the negative direction.
var cuboidStrategies = []strategy{
	{"sparse_square", 3, 3, 3},
	{"complete_square", 2, 2, 2},
	{"dense_square", 1, 1, 1},
	{densest, 0, 0, 0},
}

// Of cylinders the extents are (r, r, p_d).
var cylinderStrategies = []strategy{
	{"sparse_square", 2, 2, 2},
	{"complete_square", math.Sqrt2, math.Sqrt2, 2},
	{"sparse_hexagonal", sqrt3, 2, 2},
	{"complete_hexagonal", 1.5, sqrt3, 2},
	{"dense_hexagonal", 0.5 * sqrt6, math.Sqrt2, 1},
	{"denser_hexagonal", 0.5 * sqrt3, 1, 1},
	{densest, 0, 0, 0},
}

// Of spheres the extents are (r, r, r). The thirds are decimals, as the reference has them: they decide truncation.
var sphereStrategies = []strategy{
	{"sparse_simple_cubic", 2, 2, 2},
	{"complete_simple_cubic", twoThirds * sqrt3, twoThirds * sqrt3, twoThirds * sqrt3},
	{"dense_simple_cubic", 1, 1, 1},
	{"sparse_face_centered_cubic", 2, sqrt3, twoThirds * sqrt6},
	{"complete_face_centered_cubic", math.Sqrt2, twoThirds * sqrt6, 1.3333},
	{"dense_face_centered_cubic", 1, 1, 1},
	{"sparse_hexagonal", 2, 2, sqrt6},
	{"complete_hexagonal", twoThirds * sqrt3, twoThirds * sqrt3, 1},
	{"dense_hexagonal", 1, 1, 1},
	{densest, 0, 0, 0},
}

// Factors that several strategies share.
const (
	sqrt3     = 1.73205080756887729352744634150587236694280525381038
	sqrt6     = 2.44948974278317809819728407470589139196594748065667
	twoThirds = 0.6667
)

// Distances are multiples of (p_h, p_w, p_d).
func (c Cuboid) Distances(strategy string) (Cell, error) {
	return distances("Cuboid", cuboidStrategies, strategy, Cell{c.PH, c.PW, c.PD})
}

// Distances are multiples of (r, r, p_d).
func (c Cylinder) Distances(strategy string) (Cell, error) {
	r, err := radius("Cylinder", c.R, c.Radius)
	if err != nil {
		return Cell{}, err
	}
	return distances("Cylinder", cylinderStrategies, strategy, Cell{r, r, c.PD})
}

// Distances are multiples of the radius.
func (s Sphere) Distances(strategy string) (Cell, error) {
	r, err := radius("Sphere", s.R, s.Radius)
	if err != nil {
		return Cell{}, err
	}
	return distances("Sphere", sphereStrategies, strategy, Cell{r, r, r})
}

// distances looks a strategy up and multiplies: cd = max(trunc(v), 1). No strategy is the densest.
func distances(patch string, table []strategy, name string, extent Cell) (Cell, error) {
	if name == "" {
		name = densest
	}
	valid := make([]string, 0, len(table))
	for _, s := range table {
		if s.name != name {
			valid = append(valid, s.name)
			continue
		}
		var cd Cell
		for axis, f := range [3]float64{s.h, s.w, s.d} {
			cd[axis] = max(1, int(f*float64(extent[axis])))
		}
		return cd, nil
	}
	return Cell{}, errorf(patch, "no packing strategy %q; want one of %s", name, strings.Join(valid, ", "))
}
