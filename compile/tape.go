package compile

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// newTape compiles the emitted graph for gorgonia's TapeMachine, which panics where it cannot.
//
// The TapeMachine assigns registers and keeps the order of the graph. It allocates no tensor here: results are memory
// of the instructions.
func newTape(g *gorgonia.ExprGraph) (vm gorgonia.VM, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("compile: gorgonia.NewTapeMachine: %v", r)
		}
	}()
	return gorgonia.NewTapeMachine(g), nil
}
