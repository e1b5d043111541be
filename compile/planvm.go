package compile

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// planVM runs an emitted graph instruction by instruction on the caller's goroutine. It allocates nothing: results are
// memory of the instructions, and there is nothing to reset.
//
// A run on the TapeMachine costs some µs and a few small allocations an instruction, for bookkeeping that an emitted graph
// does not need. This VM reads the order off the same graph once and then calls kernels.
type planVM struct{ program []*instruction }

// newPlanVM lists the instructions of g in order. The emitted order edges leave only one.
func newPlanVM(g *gorgonia.ExprGraph) (gorgonia.VM, error) {
	sorted, err := gorgonia.Sort(g) // readers first
	if err != nil {
		return nil, fmt.Errorf("compile: order of the emitted graph: %w", err)
	}
	// Ports run nothing and are left out: a kernel finds its operands by memory.
	vm := &planVM{}
	for i := len(sorted) - 1; i >= 0; i-- {
		if op, ok := sorted[i].Op().(*instruction); ok && len(op.units) > 0 {
			vm.program = append(vm.program, op)
		}
	}
	return vm, nil
}

// RunAll runs all instructions; the first that fails ends the run.
func (vm *planVM) RunAll() error {
	for _, op := range vm.program {
		if err := op.exec(); err != nil {
			return err
		}
	}
	return nil
}

// Reset does nothing.
func (vm *planVM) Reset() {}

// Close does nothing.
func (vm *planVM) Close() error { return nil }
