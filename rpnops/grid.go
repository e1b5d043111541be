package rpnops

// Cell is a place (i, j, k) of a grid, or a distance between two: along height, width and depth.
type Cell [3]int

// Grid is a grid of H×W×D cells in each of Universes channels. Its data is a row of Universes·H·W·D columns, the
// channel slowest, the depth fastest: column c·HWD + i·WD + j·D + k.
type Grid struct {
	H         int `yaml:"h" rpn:"required,min=1"`
	W         int `yaml:"w" rpn:"required,min=1"`
	D         int `yaml:"d" rpn:"min=1"`            // 0 means 1
	Universes int `yaml:"universe_num" rpn:"min=1"` // channels; 0 means 1
}

// Check says whether all sizes are positive; 0 is the default where there is one.
func (g Grid) Check() error {
	g = g.filled()
	if min(g.H, g.W, g.D, g.Universes) < 1 {
		return errorf("Grid", "%d×%d×%d cells in %d universes; want 1 or more of each", g.H, g.W, g.D, g.Universes)
	}
	if _, ok := boundedProduct(mostPlaces, g.H, g.W, g.D, g.Universes); !ok {
		return errorf("Grid", "%d×%d×%d cells in %d universes; want at most %d in all", g.H, g.W, g.D, g.Universes, mostPlaces)
	}
	return nil
}

// filled has the defaults in place of zeros.
func (g Grid) filled() Grid {
	if g.D == 0 {
		g.D = 1
	}
	if g.Universes == 0 {
		g.Universes = 1
	}
	return g
}

// Volume is the number of cells of one universe, H·W·D.
func (g Grid) Volume() int { g = g.filled(); return g.H * g.W * g.D }

// Columns is the number of cells of all universes, the width of the data.
func (g Grid) Columns() int { return g.Volume() * g.filled().Universes }

// Channels is the number of universes.
func (g Grid) Channels() int { return g.filled().Universes }

// Shape is (H, W, D).
func (g Grid) Shape() Cell { g = g.filled(); return Cell{g.H, g.W, g.D} }

// Index is the column of cell p of universe c, −1 outside of the grid.
func (g Grid) Index(c int, p Cell) int {
	g = g.filled()
	if c < 0 || c >= g.Universes {
		return -1
	}
	at := c
	for axis, size := range g.Shape() {
		if p[axis] < 0 || p[axis] >= size {
			return -1
		}
		at = at*size + p[axis]
	}
	return at
}

// Cell is the universe and the cell of a column; ok is false outside of the grid.
func (g Grid) Cell(column int) (universe int, p Cell, ok bool) {
	g = g.filled()
	if column < 0 || column >= g.Columns() {
		return 0, Cell{}, false
	}
	rest := column % g.Volume()
	return column / g.Volume(), Cell{rest / (g.W * g.D), rest / g.D % g.W, rest % g.D}, true
}

// Pack puts centres of patches on the grid at distances cd along the axes, from cell (0, 0, 0) on, not from half a
// patch: ⌈size/cd⌉ along each axis. Errors: a distance below 1, a patch without cells.
func (g Grid) Pack(patch Patch, cd Cell) (*Layout, error) {
	if err := g.Check(); err != nil {
		return nil, err
	}
	if min(cd[0], cd[1], cd[2]) < 1 {
		return nil, errorf("Grid", "centre distances %v; want 1 or more along each axis", cd)
	}
	offsets, err := patch.Offsets()
	if err != nil {
		return nil, err
	}
	// The offsets stay as they are at the border: what lies outside of the grid packs as zero.
	l := &Layout{Grid: g.filled(), Offsets: offsets, CD: cd}
	for axis, size := range l.Grid.Shape() {
		l.Shape[axis] = (size-1)/cd[axis] + 1
	}
	if _, ok := boundedProduct(mostPlaces, l.PatchNumAcross(), l.PatchSize()); !ok {
		return nil, errorf("Grid", "%d patches of %d cells; want at most %d cells in all", l.PatchNumAcross(), l.PatchSize(), mostPlaces)
	}
	return l, nil
}
