package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Packing says how patches are packed on a grid, in the reference's words: what geometric functions of every family
// have in common.
type Packing struct {
	Grid       Grid   `yaml:"grid"`                    // the grid, or
	H          int    `yaml:"h" rpn:"min=1"`           // its height,
	W          int    `yaml:"w" rpn:"min=1"`           // width,
	D          int    `yaml:"d" rpn:"min=1"`           // depth (0 means 1)
	ChannelNum int    `yaml:"channel_num" rpn:"min=1"` // and universes (0 means 1)
	Patch      Patch  `yaml:"patch,inline"`
	Strategy   string `yaml:"packing_strategy"` // distances of centres by name; none is a centre at every cell
	CDH        int    `yaml:"cd_h" rpn:"min=1"` // distances by number, which count only
	CDW        int    `yaml:"cd_w" rpn:"min=1"` // if all three are given
	CDD        int    `yaml:"cd_d" rpn:"min=1"`
}

// Layout places the patches. Errors: no grid, no patch, sizes or distances below 1, a strategy that the patch does not
// have.
func (p Packing) Layout() (*Layout, error) {
	grid := p.Grid
	if grid == (Grid{}) {
		grid = Grid{p.H, p.W, p.D, p.ChannelNum}
	}
	if grid.H == 0 && grid.W == 0 {
		return nil, errorf("Packing", "no grid; want grid, or h and w")
	}
	if p.Patch == nil {
		return nil, errorf("Packing", "no patch; want a cuboid, cylinder or sphere")
	}
	cd := Cell{p.CDH, p.CDW, p.CDD}
	if cd[0] == 0 || cd[1] == 0 || cd[2] == 0 {
		var err error
		if cd, err = p.Patch.Distances(p.Strategy); err != nil {
			return nil, err
		}
	}
	return grid.Pack(p.Patch, cd)
}

// Layout is patches on a grid: P = PatchNum centres, each with the same q = PatchSize offsets.
type Layout struct {
	Grid    Grid   // no size is 0
	Offsets []Cell // the patch, in the order of the packed columns
	CD      Cell   // distances of centres
	Shape   Cell   // number of centres along each axis: the grid of what a patch is turned into
}

// PatchNum is P, the number of centres in one universe.
func (l *Layout) PatchNum() int { return l.Shape[0] * l.Shape[1] * l.Shape[2] }

// PatchNumAcross is the number of patches of all universes.
func (l *Layout) PatchNumAcross() int { return l.PatchNum() * l.Grid.Channels() }

// PatchSize is q, the number of cells of a patch.
func (l *Layout) PatchSize() int { return len(l.Offsets) }

// Centres lists the centres, along height slowest, along depth fastest.
func (l *Layout) Centres() []Cell {
	out := make([]Cell, 0, l.PatchNum())
	for i := range l.Shape[0] {
		for j := range l.Shape[1] {
			for k := range l.Shape[2] {
				out = append(out, Cell{i * l.CD[0], j * l.CD[1], k * l.CD[2]})
			}
		}
	}
	return out
}

// CentreIndexes are the columns of the centres in one universe.
func (l *Layout) CentreIndexes() []int {
	out := make([]int, 0, l.PatchNum())
	for _, c := range l.Centres() {
		out = append(out, l.Grid.Index(0, c))
	}
	return out
}

// PatchIndexes are the columns of the cells of every patch in one universe, −1 for cells outside of the grid.
func (l *Layout) PatchIndexes() [][]int {
	out := make([][]int, 0, l.PatchNum())
	for _, c := range l.Centres() {
		patch := make([]int, len(l.Offsets))
		for s, o := range l.Offsets {
			patch[s] = l.Grid.Index(0, Cell{c[0] + o[0], c[1] + o[1], c[2] + o[2]})
		}
		out = append(out, patch)
	}
	return out
}

// Gather packs the patches of x (…×C·G) side by side, (…×P·C·q): column t·(C·q) + c·q + s is offset s of patch t in
// universe c, zero outside of the grid. As (…×P×C×q) its rows are the patches of the grid heads, its innermost axis is
// what pooling reduces.
func (l *Layout) Gather(x *graph.Node) *graph.Node {
	if n := x.Shape().Dim(-1); !x.Poisoned() && n != l.Grid.Columns() {
		return x.Graph().Fail("%w", l.mismatch("columns", n))
	}
	C, G := l.Grid.Channels(), l.Grid.Volume()
	table := make([]int32, 0, l.PatchNumAcross()*l.PatchSize())
	for _, patch := range l.PatchIndexes() {
		for c := range C {
			for _, at := range patch {
				if at >= 0 {
					at += c * G
				}
				table = append(table, int32(at))
			}
		}
	}
	op := ops.Gather{Table: graph.NewIndex(table...), Patches: ops.Patches{Count: l.PatchNum(), Channels: C, Size: l.PatchSize()}}
	return x.Graph().Apply(op, x)
}

// mismatch is the error for data whose columns or rows are not the cells of the grid.
func (l *Layout) mismatch(what string, n int) error {
	g := l.Grid
	return errorf("Geometric", "%d %s for a grid of %d×%d×%d cells in %d universes; want %d", n, what, g.H, g.W, g.D, g.Universes, g.Columns())
}
