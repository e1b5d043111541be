package models

import (
	"reflect"

	"rpnc/rpnops"
)

// OnGraph is a copy of a spec in which every head, layer and model along a graph, and every [rpnops.Graph] on the
// instance side of a head, has the graph g, unless one is given to it already. along says whether there is any. A
// configuration without links is so made to fit the data that it is trained on. The spec itself stays as it is.
//
// The copy walks the spec by reflection, as a graph may be wanted anywhere in it: in a layer of a list
// in a model, or in the options of a head within.
func OnGraph(spec Spec, g rpnops.GraphTopology) (out Spec, along bool) {
	p := &planting{graph: g}
	v := reflect.ValueOf(&spec).Elem()
	copied := p.copy(v)
	return copied.Interface().(Spec), p.along
}

// planting is a copy under way.
type planting struct {
	graph rpnops.GraphTopology
	along bool // there is a place for a graph
}

var (
	graphOptionsType = reflect.TypeFor[GraphOptions]()
	graphType        = reflect.TypeFor[rpnops.Graph]()
)

// copy is a deep copy of v with the graph in it. Specs are plain structs: what holds no struct is shared.
//
// Slices of structs are copied with their elements, others are shared: nothing here writes to them.
func (p *planting) copy(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		p.indirect(out, v)
	case reflect.Slice:
		if v.Len() > 0 && holdsStructs(v.Type().Elem()) {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				out.Index(i).Set(p.copy(v.Index(i)))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := out.Field(i); f.CanSet() && holdsStructs(f.Type()) {
				f.Set(p.copy(v.Field(i)))
			}
		}
		p.plant(out)
	}
	return out
}

// indirect copies what an interface or a pointer leads to.
func (p *planting) indirect(out, v reflect.Value) {
	switch {
	case v.IsNil():
	case v.Kind() == reflect.Interface:
		out.Set(p.copy(v.Elem()))
	default:
		to := reflect.New(v.Type().Elem())
		to.Elem().Set(p.copy(v.Elem()))
		out.Set(to)
	}
}

// holdsStructs says whether a value of the type can lead to a graph.
func holdsStructs(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice:
		return holdsStructs(t.Elem())
	}
	return false
}

// plant gives the graph to v where it wants one. On the attribute side the nodes are columns, of which the data's graph
// says nothing.
func (p *planting) plant(v reflect.Value) {
	switch v.Type() {
	case graphOptionsType:
		p.along = true
		if o := v.Addr().Interface().(*GraphOptions); len(o.Topology.Nodes) == 0 && len(o.Nodes) == 0 && o.File == "" {
			o.Topology = p.graph
		}
	case graphType:
		o := v.Addr().Interface().(*rpnops.Graph)
		if o.Side() != rpnops.Instance {
			return
		}
		p.along = true
		if len(o.Topology.Nodes) == 0 && len(o.Nodes) == 0 {
			o.Topology = p.graph
		}
	}
}
