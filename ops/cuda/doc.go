// Package cuda runs ops on NVIDIA GPUs. It needs no cgo, no build tag and no CUDA toolkit: the driver library is opened
// at run time, and kernels are PTX text that this package writes and the driver translates for the card at hand.
//
// # Mental model
//
// [Bind] turns an op on given types into a [Kernel]: a list of launches, each with its PTX, and the integer tables that
// they read. Shapes, strides, immediates and probabilities are constants of the text, so a kernel holds no interpreter:
// a fused elementwise program becomes straight-line code from the same [rpnc/ops.Program] that the CPU runs. [Load] puts
// kernels and the addresses of their operands together to a [Sequence], one module on the device, which then runs kernel
// by kernel.
//
//	dev, err := cuda.Open()                   // “no usable CUDA device: …” where there is none
//	k, err := cuda.Bind(op, in, out, cuda.Exact) // ErrNoKernel names ops without a kernel
//	seq, err := cuda.Load(dev, []cuda.Task{{Kernel: k, In: …, Out: …}})
//	err = seq.Run(0)
//
// # Devices
//
// [Device] is what kernels need of a device: memory, copies, modules, launches. [Open] answers with that of the driver;
// package [rpnc/ops/cuda/emulate] has one that reads PTX on the CPU, slowly, for tests. What passes there is right as far
// as the rules of PTX go and no evidence for a card.
//
// # Numbers
//
// Sums have a fixed order: which thread adds which elements depends on shapes alone, and nothing is added by atomics. So
// results are the same bits from run to run. Transcendental functions are computed in double precision for f32 too and
// rounded once. Random numbers are those of [rpnc/graph.Key], bit for bit.
//
// # Writing a kernel
//
// A method of [code] a piece of PTX: each gives every element a thread, lines gives every line of a tensor a group of
// threads that reduce together. A builder in the table of [Bind] calls these; ops of several launches hand on scratch.
package cuda
