package config

import (
	"strings"

	"gopkg.in/yaml.v3"
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

// derive fills in the derived parameters of a class that are null.
func derive(class string, params *yaml.Node) {
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
}
