package kernels

import (
	"reflect"
	"sync"
	"unsafe"
)

// drivers are functions of an engine that decide and copy, and leave work to kernels.
var drivers = map[string]bool{"cut": true, "shared": true, "packShared": true, "rectifies": true}

// Watch notes in ran, by name, which kernels of the table in use are called, until restore. It returns all names: those of the
// engine's fields, behind the element type.
func Watch(ran *sync.Map) (names []string, restore func()) {
	t := inUse.Load()
	f32, undo32 := watch("float32.", t.f32, ran)
	f64, undo64 := watch("float64.", t.f64, ran)
	return append(f32, f64...), func() { undo32(); undo64() }
}

// watch puts functions that note their calls in the place of an engine's kernels.
func watch[T Float](prefix string, e *engine[T], ran *sync.Map) (names []string, restore func()) {
	var undo []func()
	v := reflect.ValueOf(e).Elem()
	for i := range v.NumField() {
		field, name := v.Field(i), prefix+v.Type().Field(i).Name
		if field.Kind() != reflect.Func || field.IsNil() || drivers[v.Type().Field(i).Name] {
			continue
		}
		names = append(names, name)
		field = reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem() // unexported fields cannot be set otherwise
		kernel := reflect.ValueOf(field.Interface())
		field.Set(reflect.MakeFunc(field.Type(), func(in []reflect.Value) []reflect.Value {
			ran.Store(name, true)
			return kernel.Call(in)
		}))
		undo = append(undo, func() { field.Set(kernel) })
	}
	return names, func() {
		for _, f := range undo {
			f()
		}
	}
}

// Fields are the names of an engine's functions.
func Fields() map[string]bool {
	names := map[string]bool{}
	e := reflect.TypeFor[engine[float32]]()
	for i := range e.NumField() {
		if e.Field(i).Type.Kind() == reflect.Func {
			names[e.Field(i).Name] = true
		}
	}
	return names
}
