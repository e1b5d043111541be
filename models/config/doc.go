// Package config reads and writes the configurations of RPN functions, heads, layers and models: YAML, and so JSON.
//
// # Mental model
//
// A configuration names a class and gives its parameters:
//
//	function_class: tinybig.expansion.taylor_expansion
//	function_parameters: {d: 2, postprocess_functions: [layer_norm]}
//
// A [Class] is a name with a default, a config struct; a [Registry] is a set of them. Decoding copies the default and
// fills the fields that the parameters name; encoding finds the class of a struct and writes every field. Both are
// driven by the struct tags alone, so a new function, head or layer needs no code here:
//
//	yaml:"d"                 the name of the parameter
//	yaml:",inline"           an embedded struct whose parameters are on the same level; on an interface with a default
//	                         value, as in yaml:"parameter_fabrication,inline": unknown keys go to a copy of that value
//	yaml:"self_dependence,not"   the field is the opposite of the parameter
//	rpn:"min=1"              an explicit value is at least that; rpn:"required": there must be one
//
// A field of interface type takes an object of a class that has the role. Its value stands under the name itself or
// under the name with _configs: a class with parameters, or only a name where all parameters are the defaults.
//
// A [Run] is a whole configuration: data, model, learner, metrics. [LoadRun] reads one, and its Encode writes the
// canonical form, in which every parameter of every object is spelt out.
//
// # Mistakes
//
// Decoding is strict and goes on after a mistake, so that one run shows all of them ([Errors]), each with its line:
//
//	net.yaml:12: taylor_expansion: unknown parameter "dd"; did you mean "d"?
//
// Hostile documents (aliases that multiply, bottomless nesting) end in an error after bounded work.
//
// # What it may know
//
// Package models and what is below it, and the sub-packages with objects of a training: loss, metric, optim. It builds nothing and knows no files but those it is asked to load.
package config
