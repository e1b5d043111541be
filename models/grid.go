package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// Grids as RPN heads. A row of data is a grid of channels, in·h·w·d columns channel by channel. A patch
// around a centre is a list of cells; packing all patches is attribute interdependence that reads no
// data, x·A with a 0/1 matrix A that is never formed but read as a table of cells. On the packed rows
// (b×P·in·q) the head applies one ψ(w) (out×in·q) to each of the P patches, which is a convolution; a
// pooling takes a metric over the q cells instead.

// PatchShape names the shape of patches.
type PatchShape uint8

// The shapes.
const (
	CuboidPatch PatchShape = iota
	CylinderPatch
	SpherePatch
)

var patchNames = []string{"cuboid", "cylinder", "sphere"}

func (p PatchShape) String() string { return patchNames[p] }

// MarshalText writes the reference's name.
func (p PatchShape) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the reference's name.
func (p *PatchShape) UnmarshalText(text []byte) (err error) {
	*p, err = oneOf[PatchShape]("patch shape", patchNames, text)
	return err
}

// Patching is the grid of a head and the patches on it. Extents that are left out (nil) follow the reference: the
// width that of the height, the forward (prime) extents the backward ones. Centre distances count only if all three are given;
// otherwise the packing strategy decides them.
//
// Extents count cells to one side, without the centre: p_h = 1 is a patch of three rows.
type Patching struct {
	H        int        `yaml:"h"`
	W        int        `yaml:"w"`
	D        int        `yaml:"d"` // depth; 0 means 1
	Shape    PatchShape `yaml:"patch_shape"`
	PH       *int       `yaml:"p_h"`
	PW       *int       `yaml:"p_w"`
	PD       *int       `yaml:"p_d"`
	PHPrime  *int       `yaml:"p_h_prime"`
	PWPrime  *int       `yaml:"p_w_prime"`
	PDPrime  *int       `yaml:"p_d_prime"`
	PR       *int       `yaml:"p_r"`
	CDH      *int       `yaml:"cd_h"`
	CDW      *int       `yaml:"cd_w"`
	CDD      *int       `yaml:"cd_d"`
	Strategy string     `yaml:"packing_strategy"` // empty means densest_packing
}

// Int is a pointer to n, for the extents of Patching.
func Int(n int) *int { return &n }

// or is *p, or d where p is nil.
func or(p *int, d int) int {
	if p == nil {
		return d
	}
	return *p
}

// patch is the patch described, or what is missing.
func (p Patching) patch(spec any) (rpnops.Patch, error) {
	switch p.Shape {
	case CylinderPatch:
		if p.PR == nil {
			return nil, errorf(spec, "a cylinder needs a radius; give p_r")
		}
		d := or(p.PD, 0)
		return rpnops.Cylinder{R: *p.PR, PD: d, PDPrime: rpnops.Some(or(p.PDPrime, d))}, nil
	case SpherePatch:
		if p.PR == nil {
			return nil, errorf(spec, "a sphere needs a radius; give p_r")
		}
		return rpnops.Sphere{R: *p.PR}, nil
	}
	if p.PH == nil {
		return nil, errorf(spec, "a cuboid needs an extent along the height; give p_h")
	}
	h, d := *p.PH, or(p.PD, 0)
	w := or(p.PW, h)
	return rpnops.Cuboid{PH: h, PW: w, PD: d, PHPrime: rpnops.Some(or(p.PHPrime, h)),
		PWPrime: rpnops.Some(or(p.PWPrime, w)), PDPrime: rpnops.Some(or(p.PDPrime, d))}, nil
}

// packing is the grid with the given number of channels and the patches on it, placed.
//
// It is computed when asked for, O(cells·q), and by every caller afresh: specs are values without a
// cache.
func (p Patching) packing(spec any, channels int) (k rpnops.Packing, l *rpnops.Layout, err error) {
	d := p.D
	if d == 0 {
		d = 1
	}
	if err = positive(spec, "h", p.H, "w", p.W, "d", d, "channels", channels); err != nil {
		return k, nil, err
	}
	k = rpnops.Packing{Grid: rpnops.Grid{H: p.H, W: p.W, D: d, Universes: channels}, Strategy: p.Strategy,
		CDH: or(p.CDH, 0), CDW: or(p.CDW, 0), CDD: or(p.CDD, 0)}
	if k.Strategy == "" {
		k.Strategy = "densest_packing"
	}
	if k.Patch, err = p.patch(spec); err == nil {
		l, err = k.Layout()
	}
	return k, l, err
}

// OutputGrid is the grid (h, w, d) of the patch centres, which is that of the result.
func (p Patching) OutputGrid() (h, w, d int, err error) {
	_, l, err := p.packing(p, 1)
	if err != nil {
		return 0, 0, 0, err
	}
	return l.Shape[0], l.Shape[1], l.Shape[2], nil
}

// Distances are those of the patch centres along height, width and depth: what is given, or what the strategy decides.
func (p Patching) Distances() (cd rpnops.Cell, err error) {
	_, l, err := p.packing(p, 1)
	if err != nil {
		return cd, err
	}
	return l.CD, nil
}

// PatchSize is the number of cells of a patch.
func (p Patching) PatchSize() (int, error) {
	_, l, err := p.packing(p, 1)
	if err != nil {
		return 0, err
	}
	return l.PatchSize(), nil
}

// GridHead maps every patch of a grid with the same parameters, a convolution:
//
//	y = out(pack(x)·ψ(w)ᵀ + b + x·W_rᵀ),  x (b×in·h·w·d) → (b×out·P), channel-major
//
// for P patch centres; ψ(w) is (out×in·q) for patches of q cells, the bias has an entry a column of the result.
type GridHead struct {
	Patching     `yaml:",inline"`
	InChannel    int `yaml:"in_channel"`
	OutChannel   int `yaml:"out_channel"`
	Base         `yaml:",inline"`
	Product      `yaml:",inline"`
	WithResidual bool `yaml:"with_residual"`
	Finish       `yaml:",inline"`
	Init         InitMethod `yaml:"parameters_init_method"`
}

var gridDefault = GridHead{Patching: Patching{D: 1, PD: Int(0), CDD: Int(1), Strategy: "densest_packing"}, Product: Product{R: 3},
	Finish: Finish{WithBatchNorm: true, WithRelu: true}}

var _ = Register(Entry{Name: "grid_interdependence_head", Kind: "head", Doc: "convolution over the patches of a grid", Default: gridDefault})

// InOut is (in·h·w·d, out·P).
func (h GridHead) InOut() (in, out int, err error) {
	_, l, err := h.packing(h, h.InChannel)
	if err == nil {
		err = positive(h, "out_channel", h.OutChannel)
	}
	if err == nil {
		err = h.Finish.check(h)
	}
	if err != nil {
		return 0, 0, err
	}
	return l.Grid.Columns(), h.OutChannel * l.PatchNum(), nil
}

// Build builds the head.
func (h GridHead) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	in, out, err := h.InOut()
	if err != nil {
		return s.Fail("%w", err)
	}
	k, l, _ := h.packing(h, h.InChannel)
	return layout{positions: l.PatchNum(), outer: true, Head: h.head(Head{
		M: in, N: out, Attribute: rpnops.Geometric{Packing: k}, Fabrication: h.reconciliation(), Remainder: residual(h.WithResidual),
		Output: h.processes(out), Init: h.Init.or(XavierNormal),
	})}.build(s, x)
}
