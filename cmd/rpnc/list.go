package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"text/tabwriter"

	"rpnc/models"
	"rpnc/rpnops"
)

var listCommand = command{
	name: "list",
	args: "[FAMILY]",
	does: "list the functions with equation and number of parameters",
	details: "FAMILY is transformation, reconciliation, interdependence, remainder, fusion, process or patch, or one of head,\n" +
		"layer and model for what is made of functions. Without it all functions are listed.",
	example: "rpnc list reconciliation",
	flags: func(fs *flag.FlagSet) func(*call) error {
		asJSON := fs.Bool("json", false, "print a JSON array of {name, family, equation, params}")
		markdown := fs.Bool("markdown", false, "print the catalogue of all functions as Markdown")
		return func(c *call) error {
			if *markdown {
				return catalogue(c.stdout)
			}
			return list(c, *asJSON)
		}
	},
}

// listing is one line.
type listing struct {
	Name     string `json:"name"`
	Family   string `json:"family"`
	Equation string `json:"equation"`
	Params   string `json:"params"`
}

// families are what the command can show, functions first.
//
// A family without entries would be a mistake of the command and is told as an unknown one.
var families = []string{"transformation", "reconciliation", "interdependence", "remainder", "fusion", "process", "patch", "head", "layer", "model"}

// list prints the entries of a family as a table or as JSON; without escapes for HTML, which would turn
// → into a code.
func list(c *call, asJSON bool) error {
	family := ""
	if len(c.args) > 0 {
		family, c.args = c.args[0], c.args[1:]
	}
	if err := c.noArgs(); err != nil {
		return err
	}
	lines := listings(family)
	if len(lines) == 0 {
		return usagef("no family is called %q%s", family, suggest(family, families))
	}
	if asJSON {
		e := json.NewEncoder(c.stdout)
		e.SetIndent("", " ")
		e.SetEscapeHTML(false)
		return e.Encode(lines)
	}
	w := tabwriter.NewWriter(c.stdout, 0, 8, 2, ' ', 0)
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.Family, l.Name, l.Equation, l.Params)
	}
	return w.Flush()
}

// listings are the entries of a family, all functions for "".
//
// Heads, layers and models have no equation; the sentence that describes them stands in its place.
func listings(family string) (out []listing) {
	for _, e := range rpnops.Entries() {
		if family == "" || string(e.Family) == family {
			out = append(out, listing{e.Name, string(e.Family), e.Equation, e.Params})
		}
	}
	for _, e := range models.Entries() {
		if e.Kind == family {
			out = append(out, listing{Name: e.Name, Family: e.Kind, Equation: e.Doc})
		}
	}
	return out
}
