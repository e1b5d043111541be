package models_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"rpnc/rpnops"
)

// runGeometry packs the patch of the case on its grid.
func (c *golden) runGeometry() error {
	var grid rpnops.Grid
	if err := codec.Decode(configuration(any(c.Args)), &grid); err != nil {
		return err
	}
	var patch rpnops.Patch
	if err := codec.Decode(configuration(c.CallArgs["patch"]), &patch); err != nil {
		return err
	}
	strategy, _ := c.CallArgs["packing_strategy"].(string)
	cd, err := patch.Distances(strategy)
	if c.refused() {
		if err == nil {
			return fmt.Errorf("want an error for packing strategy %q", strategy)
		}
		return nil
	}
	if given, ok := c.CallArgs["cd"].([]any); ok {
		for i, x := range given {
			n, _ := x.(json.Number).Int64()
			cd[i] = int(n)
		}
		err = nil
	}
	if err != nil {
		return err
	}
	l, err := grid.Pack(patch, cd)
	if err != nil {
		return err
	}
	return c.checkLayout(l)
}

func (c *golden) checkLayout(l *rpnops.Layout) error {
	g := l.Grid
	return errors.Join(
		c.whole("cd", l.CD),
		c.whole("patch_size", l.PatchSize()),
		c.whole("relative_coordinates", l.Offsets),
		c.whole("centres", l.Centres()),
		c.whole("centre_indexes", l.CentreIndexes()),
		c.whole("patch_indexes", l.PatchIndexes()),
		c.whole("output_grid_shape", l.Shape),
		c.whole("patch_num", l.PatchNum()),
		c.whole("patch_num_across_universe", l.PatchNumAcross()),
		c.whole("volume", g.Volume()),
		c.whole("volume_across_universe", g.Columns()),
		c.whole("universe_num", g.Channels()),
	)
}
