// Command gen writes the assembly of package kernels, one family of kernels to a
// run (go generate in that package runs it for each):
//
//	gen -out file.s -stubs file.go -pkg kernels family
//	gen tables file.go
//
// The second form writes the functions that put the kernels into tables.
//
// Every generator is written once and run for AVX-512 and AVX2, float32 and
// float64, through the type isa, which names instructions by what they do. The
// portable Go code of package kernels says what each kernel computes.
//
// The command is a module of its own so that nobody who imports package kernels
// meets its dependencies.
package main

import (
	"flag"
	"log"
	"os"

	. "github.com/mmcloughlin/avo/build"
)

// families are the generators by the name of their argument.
//
// A family that is not run for all instruction sets (cpu) or skips one (transpose) says so itself.
var families = map[string]func(){
	"broad":     each(broad),
	"convolve":  each(convolve),
	"cpu":       cpu,
	"dots":      each(dots),
	"fold":      each(fold),
	"gemm":      each(gemm),
	"maths":     each(maths),
	"narrow":    each(narrow),
	"norm":      each(norms),
	"panels":    each(panels),
	"patches":   each(patches),
	"reduce":    each(reduce),
	"running":   each(running),
	"softmax":   each(softmax),
	"sparse":    each(sparse),
	"spline":    each(spline),
	"transpose": each(transpose),
	"turn":      each(turn),
	"vector":    each(vector),
	"windows":   each(windows),
}

var isas = []isa{{zmm: true}, {zmm: true, f64: true}, {}, {f64: true}}

// each runs a generator for all instruction sets and element types.
func each(generate func(isa)) func() {
	return func() {
		for _, s := range isas {
			generate(s)
		}
	}
}

// main writes what avo has collected to the files that its own flags name; families of kernels are
// separate runs because avo collects one file.
func main() {
	flag.Parse()
	family := flag.Arg(0)
	if family == "tables" {
		if err := os.WriteFile(flag.Arg(1), tables(), 0o666); err != nil {
			log.Fatal(err)
		}
		return
	}
	generate, ok := families[family]
	if !ok {
		log.Fatalf("gen: no family of kernels %q", family)
	}
	// The race detector does not see assembly: under it the Go kernels run.
	ConstraintExpr("amd64,!noasm,!race")
	generate()
	Generate()
}
