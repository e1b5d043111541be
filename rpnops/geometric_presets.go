package rpnops

// The geometric classes of the reference: one for any patch, and for each shape of patch one with a free mode and one
// for each mode, whose mode nothing changes. The settings of the patch are on the level of the class (p_h, p_w, p_d; r).

// Samples have a grid of two universes, or of one on the instance side; both make data of 12×12.
// Each is small enough for finite differences and has cells in one, several and all patches.
var (
	sampleGrid   = Grid{H: 3, W: 2, Universes: 2}
	sampleRows   = Grid{H: 4, W: 3}
	geometricLaw = "A[cell, t·q + s] = 1 or A[cell, centre] = 1 for the cells of patches"
)

var (
	_ = Register(geometricSpec("geometric_interdependence", geometricDefault(nil, DefaultPatchMode), geometricSamples()...))
	_ = registerPatch("cuboid", Cuboid{}, Cuboid{PH: 1, PW: 1})
	_ = registerPatch("cylinder", Cylinder{}, Cylinder{R: 1})
	_ = registerPatch("sphere", Sphere{}, Sphere{R: 1})
)

// geometricDefault has the reference's defaults; forced is the mode of a class that ignores the setting.
func geometricDefault(p Patch, forced PatchMode) Geometric {
	g := Geometric{
		Packing: Packing{D: 1, ChannelNum: 1, Patch: p, Strategy: densest},
		Mode:    Padding, NormMode: RowColumnDegree, forced: forced,
	}
	if forced != DefaultPatchMode {
		g.Mode = forced
	}
	return g
}

// geometricSpec is the entry of one class.
func geometricSpec(name string, def Geometric, samples ...Geometric) Spec[Geometric] {
	return Spec[Geometric]{
		Name: name, Default: def, Equation: geometricLaw, Params: "0",
		Rows: sampleRows.Columns(), Cols: sampleGrid.Columns(), Samples: samples,
	}
}

// geometricSamples cover modes, sides, distances, normalisation and post-processing.
func geometricSamples() []Geometric {
	on := func(side Side, p Patch, mode PatchMode, normalize bool) Geometric {
		grid := sampleGrid
		if side == Instance {
			grid = sampleRows
		}
		return Geometric{Declared: Declared{Type: side}, Packing: Packing{Grid: grid, Patch: p}, Mode: mode, Normalize: normalize}
	}
	// Distances above 1 drop columns of A, a process on A takes the dense way.
	far := on(Attribute, Cuboid{PH: 1, PW: 1}, Aggregation, true)
	far.CDH, far.CDW, far.CDD = 2, 1, 1
	dense := on(Attribute, Cuboid{PH: 1}, Aggregation, false)
	dense.Post = []Process{Tanh{}}
	return []Geometric{
		on(Attribute, Cuboid{PHPrime: Some(1), PWPrime: Some(1)}, Padding, false),
		on(Attribute, Sphere{R: 2}, Padding, true),
		on(Attribute, Cylinder{R: 1}, Aggregation, false),
		on(Instance, Cylinder{R: 1}, Padding, true),
		on(Instance, Sphere{R: 1}, Aggregation, true),
		far, dense,
	}
}

// registerPatch registers the three classes of one shape of patch; their samples have the patch sample.
func registerPatch(shape string, none, sample Patch) struct{} {
	for infix, forced := range map[string]PatchMode{"": DefaultPatchMode, "padding_": Padding, "aggregation_": Aggregation} {
		g := geometricDefault(sample, forced)
		g.Grid = sampleGrid
		Register(geometricSpec(shape+"_patch_"+infix+"based_geometric_interdependence", geometricDefault(none, forced), g))
	}
	return struct{}{}
}
