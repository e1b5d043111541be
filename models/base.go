package models

import (
	"fmt"

	"rpnc/rpnops"
)

// Base is what every concrete head hands on to the generic one.
type Base struct {
	L        int              `yaml:"l" rpn:"min=1"`         // if given, must be what ψ needs
	BatchNum int              `yaml:"batch_num" rpn:"min=1"` // rows, informational
	Input    []rpnops.Process `yaml:"input_process_functions"`
	Fusion   rpnops.Fusion    `yaml:"channel_fusion"` // nil: the mean, where there are several channels
}

// head is h with these settings. The generic head checks them: l against ψ, the fusion against the number of channels.
func (b Base) head(h Head) Head {
	h.L, h.BatchNum, h.Input, h.Fusion = b.L, b.BatchNum, b.Input, b.Fusion
	return h
}

// expanded checks the sizes of a concrete head and that its κ takes m columns, so that a mistake in the settings of κ
// shows before anything is built.
func expanded(spec any, m, n int, kappa rpnops.Transformation) (in, out int, err error) {
	if err = positive(spec, "m", m, "n", n); err == nil {
		_, err = kappa.OutDim(m)
	}
	return m, n, err
}

// oneOf finds text among the names of the values of T; an error says that it is no such thing.
func oneOf[T ~uint8](what string, names []string, text []byte) (T, error) {
	for i, n := range names {
		if n == string(text) {
			return T(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no %s; want one of %s", text, what, listed(names))
}

// known checks that v has a name.
func known[T ~uint8](spec any, what string, v T, names []string) error {
	if int(v) < len(names) {
		return nil
	}
	return errorf(spec, "number %d is no %s; want one of %s", v, what, listed(names))
}

// listed quotes names; the first may be empty and is left out then.
func listed(names []string) string {
	if names[0] == "" {
		names = names[1:]
	}
	return fmt.Sprintf("%q", names)
}
