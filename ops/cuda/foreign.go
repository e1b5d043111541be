package cuda

import (
	"fmt"
	"strings"
)

// Foreign is a kernel for those who load and launch by their own means, as gorgonia's CUDA VM does.
type Foreign struct {
	Text    string    // a module of PTX
	Entries []string  // its entry point for every launch, in order
	Grids   []int     // blocks of every launch
	Blocks  []int     // threads of a block
	Tables  [][]int32 // constants to be copied to the device
	Scratch []int     // bytes of pieces of memory that launches hand on
	Fault   string    // what it means that a fault word is not 0 afterwards; empty where nothing can fail

	args [][]arg
}

// Memory is where a kernel finds its operands and what it writes. Faults are two words that are 0 before the launch.
type Memory struct{ In, Out, Tables, Scratch, Faults []Addr }

// Foreign writes the kernel out.
func (k *Kernel) Foreign() *Foreign {
	f := &Foreign{Tables: k.tables, Scratch: k.scratch}
	var text strings.Builder
	target := oldest
	for i, l := range k.launches {
		name := fmt.Sprintf("k%d", i)
		target = max(target, l.code.target)
		text.WriteString(l.code.finish(name, l.block))
		f.Entries, f.Grids, f.Blocks = append(f.Entries, name), append(f.Grids, l.grid), append(f.Blocks, l.block)
		f.args = append(f.args, l.code.args)
		if l.code.fault != "" {
			f.Fault = l.code.fault
		}
	}
	f.Text = header(target) + text.String()
	return f
}

// Args are the addresses that a launch takes.
func (f *Foreign) Args(launch int, m Memory) []Addr { return m.of(f.args[launch]) }

// of resolves arguments.
func (m Memory) of(args []arg) (out []Addr) {
	from := [...][]Addr{operand: m.In, result: m.Out, table: m.Tables, scratch: m.Scratch, fault: m.Faults}
	for _, a := range args {
		out = append(out, from[a.from][a.i])
	}
	return out
}
