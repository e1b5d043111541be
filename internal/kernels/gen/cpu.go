package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// cpu writes the two instructions that tell what the processor can do.
//
// CPUID names the instruction sets that the processor knows; XGETBV says whether the operating system
// saves the registers that they use, without which a switch of tasks would destroy them. Both are
// needed before AVX may run.
func cpu() {
	TEXT("cpuid", NOSPLIT, "func(leaf, part uint32) (a, b, c, d uint32)")
	Load(Param("leaf"), reg.EAX)
	Load(Param("part"), reg.ECX)
	CPUID()
	for i, r := range []reg.Register{reg.EAX, reg.EBX, reg.ECX, reg.EDX} {
		Store(r, ReturnIndex(i))
	}
	RET()

	TEXT("xgetbv", NOSPLIT, "func() (enabled uint32)")
	MOVL(U32(0), reg.ECX)
	XGETBV()
	Store(reg.EAX, Return("enabled"))
	RET()
}
