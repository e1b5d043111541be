package config

import (
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"

	"rpnc/graph"
	"rpnc/models"
	"rpnc/rpnops"
)

// derived are parameters whose default is the value of another one: left out, they are written as what they stand for,
// so that a configuration says all that it means.
var derived = []struct {
	class     string // end of its name
	key, from string // of a list the first entry
}{
	{"duplicated_padding_reconciliation", "q", "p"},
	{"parameterized_concatenation_fusion", "n", "dims"},
	{"interdependence", "b_prime", "b"},
	{"interdependence", "m_prime", "m"},
}

// derive fills in the parameters of v, of a class, that are null and follow from others.
func derive(class, kind string, v any, params *yaml.Node) {
	for _, d := range derived {
		to, from := valueOf(params, d.key), valueOf(params, d.from)
		if !strings.HasSuffix(class, d.class) || to == nil || from == nil || !isNull(to) {
			continue
		}
		if from.Kind == yaml.SequenceNode && len(from.Content) > 0 {
			from = from.Content[0]
		}
		// What is open itself, 0 or null, says nothing.
		if from.Kind == yaml.ScalarNode && !isNull(from) && from.Value != "0" {
			*to = *from
		}
	}
	if f := reflect.ValueOf(v).FieldByName("Packing"); f.IsValid() {
		if p, ok := f.Interface().(rpnops.Packing); ok {
			derivePlaces(v, p, params)
		}
	}
	if f := reflect.ValueOf(v).FieldByName("Patching"); f.IsValid() && kind == "head" {
		if p, ok := f.Interface().(models.Patching); ok {
			deriveDistances(p, params)
		}
	}
	if spec, ok := v.(models.Spec); ok && kind == "head" {
		deriveSizes(spec, params)
	}
}

// fill gives a parameter a number where it is open, null or 0; of 0 itself it makes null.
func fill(params *yaml.Node, key string, n int) {
	to := valueOf(params, key)
	switch {
	case to == nil || !isNull(to) && to.Value != "0":
	case n == 0:
		*to = *scalar("!!null", "null")
	default:
		*to = *scalar("!!int", fmt.Sprint(n))
	}
}

// derivePlaces writes the distances of patches, and how many columns the grid has where an interdependence relates them.
// Patches that cannot be placed have no distances: building the function says why.
func derivePlaces(v any, p rpnops.Packing, params *yaml.Node) {
	l, err := p.Layout()
	if err != nil {
		return
	}
	for i, key := range []string{"cd_h", "cd_w", "cd_d"} {
		fill(params, key, l.CD[i])
	}
	if p.H != 0 {
		fill(params, "d", l.Grid.D)
		fill(params, "channel_num", l.Grid.Channels())
	}
	if g, ok := v.(rpnops.Geometric); ok && g.Side() == rpnops.Attribute {
		fill(params, "m", l.Grid.Columns())
	}
}

// deriveDistances writes the distances of the patches of a grid head. They count only together, so one that is left out
// leaves all to the strategy.
func deriveDistances(p models.Patching, params *yaml.Node) {
	cd, err := p.Distances()
	if err != nil {
		return // building the head says why
	}
	for i, key := range []string{"cd_h", "cd_w", "cd_d"} {
		if to := valueOf(params, key); to != nil {
			*to = *scalar("!!int", fmt.Sprint(cd[i]))
		}
	}
}

// deriveSizes writes the channels of a head, and the length l of a channel's parameters, which is that of the rows of w
// once the head is built. A head that cannot be built for two rows, as one along a graph, keeps l open.
func deriveSizes(spec models.Spec, params *yaml.Node) {
	s := rpnops.NewScope(graph.New(), false, graph.F32)
	in, _, err := spec.InOut()
	if err != nil {
		fill(params, "l", 0)
		return
	}
	spec.Build(s, s.G.Input(models.InputName, s.Type(2, in)))
	w := s.G.LeafByName("w")
	if s.G.Err() != nil || w == nil || w.Shape().Rank() != 2 {
		fill(params, "l", 0)
		return
	}
	fill(params, "channel_num", w.Shape().Dim(0))
	fill(params, "l", w.Shape().Dim(1))
}
