package config

import (
	"reflect"

	"rpnc/models"
)

// Models is the registry of heads, layers and models.
var Models Registry = zoo{}

// specType is the role of heads, layers and models.
var specType = reflect.TypeFor[models.Spec]()

// zoo adapts the register of package models.
type zoo struct{}

func (zoo) Lookup(name string) (Class, bool) {
	e, ok := models.Lookup(name)
	return classOfSpec(e), ok
}

func (zoo) Classes() (out []Class) {
	for _, e := range models.Entries() {
		out = append(out, classOfSpec(e))
	}
	return out
}

// paths of the general classes; the others stand in a package named for their kind.
var paths = map[string]string{
	"head":  "tinybig.module.base_head.head",
	"layer": "tinybig.module.base_layer.layer",
}

// classOfSpec turns an entry into a class: its kind is the stem of its keys.
func classOfSpec(e models.Entry) Class {
	path, ok := paths[e.Name]
	if !ok {
		path = "tinybig." + e.Kind + "." + e.Name
	}
	return Class{Name: e.Name, Path: path, Stem: e.Kind, Kind: e.Kind, Default: e.Default}
}
