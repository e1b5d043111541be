// Package check runs on a registered function everything that the functions of rpnops are tested for. A package that
// registers a function of its own needs one test:
//
//	func TestFunctions(t *testing.T) { check.All(t) }
//
// # What is checked
//
// For every sample of an entry, at several sizes, in f32 and f64, in training and in evaluation:
//
//   - what the dimension methods promise is what is built: shapes, element type, numbers of parameters; where they
//     give an error, building reports one, too;
//   - building twice gives the same nodes;
//   - values are finite on the entry's range of data;
//   - gradients of data and parameters agree with differences, up to the entry's Order (see package gradcheck);
//   - no size makes a function panic, and some size is one that it accepts.
//
// And for the entry itself: that it can be found by every name, that its default can be made, that it says its
// equation and the number of its parameters.
package check

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"rpnc/graph/gradcheck"
	"rpnc/rpnops"
)

// All checks every registered function, each in a subtest of its name.
func All(t *testing.T) {
	for _, e := range rpnops.Entries() {
		t.Run(e.Name, func(t *testing.T) { Entry(t, e) })
	}
}

// Entry checks one function.
func Entry(t *testing.T, e rpnops.Entry) {
	t.Helper()
	if err := Verify(e); err != nil {
		t.Error(err)
	}
}

// Verify is what is wrong with a function, a line for each finding; nil if nothing is.
func Verify(e rpnops.Entry) error {
	_, err := Report(e)
	return err
}

// Report is Verify, and says which gradients were compared.
//
// A sample ends at its first finding, but the samples after it are checked all the same: which
// settings fail and which do not is often the quickest hint at the cause.
func Report(e rpnops.Entry) (gradcheck.Report, error) {
	v := &verifier{entry: e}
	v.describe()
	for i, sample := range e.Samples {
		v.report(fmt.Sprintf("sample %d %T%+v", i, sample, sample), v.sample(sample))
	}
	return v.gradients, errors.Join(v.findings...)
}

// verifier collects findings about one entry.
type verifier struct {
	entry     rpnops.Entry
	findings  []error
	gradients gradcheck.Report // of all samples
}

// report adds a finding unless err is nil.
func (v *verifier) report(where string, err error) {
	if err != nil {
		v.findings = append(v.findings, fmt.Errorf("%s: %s: %w", v.entry.Name, where, err))
	}
}

// describe checks what the entry says about itself.
//
// These are what the catalogue, the command line and error messages show; a function without them
// works and cannot be found.
func (v *verifier) describe() {
	e := v.entry
	for what, text := range map[string]string{"Name": e.Name, "Family": string(e.Family), "Equation": e.Equation, "Params": e.Params} {
		if text == "" {
			v.report("entry", fmt.Errorf("no %s", what))
		}
	}
	if len(e.Samples) == 0 {
		v.report("entry", errors.New("no samples"))
	}
	if e.Hi < e.Lo {
		v.report("entry", fmt.Errorf("the range of its data, %v…%v, is empty", e.Lo, e.Hi))
	}
	for _, name := range append([]string{e.Name}, e.Aliases...) {
		v.report("default", makesDefault("some.path."+name, e))
	}
}

// makesDefault wants the name to make the entry's default, and decoding to start from a copy of it.
//
// The dotted prefix must not matter, as configurations write names with a path. The function given to
// New sees the pointer that a decoder would fill: were it to point at the default itself, the first
// configuration would change the default of all later ones.
func makesDefault(name string, e rpnops.Entry) error {
	got, err := rpnops.New(name, nil)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(got, e.Default) {
		return fmt.Errorf("New(%q) is %T%+v; want the default %T%+v", name, got, got, e.Default, e.Default)
	}
	_, err = rpnops.New(name, func(p any) error {
		if at := reflect.ValueOf(p); at.Kind() != reflect.Pointer || !reflect.DeepEqual(at.Elem().Interface(), e.Default) {
			return fmt.Errorf("decoding starts from %T%+v; want a pointer to the default", p, p)
		}
		return nil
	})
	return err
}
