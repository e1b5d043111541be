package loss

import (
	"slices"
	"strings"
)

// Entry is a loss by its name in configurations.
type Entry struct {
	Name    string // of the reference's framework: CrossEntropyLoss
	Short   string // of the command line: cross_entropy
	Default Loss   // decoding starts from a copy
}

var entries = []Entry{
	{"BCEWithLogitsLoss", "bce", BCE{}},
	{"CrossEntropyLoss", "cross_entropy", CrossEntropy{}},
	{"HuberLoss", "huber", Huber{Delta: 1}},
	{"L1Loss", "mae", MAE{}},
	{"MSELoss", "mse", MSE{}},
	{"NLLLoss", "nll", NLL{}},
}

// Entries lists all losses by name.
func Entries() []Entry { return slices.Clone(entries) }

// Lookup finds a loss by either name, with any dotted prefix, as in torch.nn.MSELoss.
func Lookup(name string) (Entry, bool) {
	name = name[strings.LastIndexByte(name, '.')+1:]
	i := slices.IndexFunc(entries, func(e Entry) bool { return name == e.Name || name == e.Short })
	if i < 0 {
		return Entry{}, false
	}
	return entries[i], true
}
