package compile_test

import (
	"testing"

	"rpnc/compile"
	"rpnc/graph"
)

var executors = []compile.VM{compile.Interpreter, compile.Tape, compile.Plan}

func TestExecutorsAgreeWithTheInterpreter(t *testing.T) {
	for _, d := range []graph.DType{graph.F64, graph.F32} {
		for _, vm := range executors {
			for _, level := range []compile.Level{compile.O0, compile.Fused} {
				for _, p := range programs(d) {
					t.Run(p.name+"/"+d.String()+"/"+vm.String(), func(t *testing.T) {
						q, err := compile.Forward(p.g, nil, &compile.Options{VM: vm, Level: level, Check: true}, p.outputs...)
						if err != nil {
							t.Fatal(err)
						}
						steps(t, p, q, p.outputs, tolerance(d))
					})
				}
			}
		}
	}
}
