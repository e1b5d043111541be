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
// [Device] is what kernels need of a device: memory, copies, modules, launches. [Open] answers with that of the driver
// (libcuda.so.1, or the file that RPNC_LIBCUDA names); package [rpnc/ops/cuda/emulate] has one that reads PTX on the CPU,
// slowly, for tests. What passes there is right as far as the rules of PTX go and no evidence for a card.
//
// All work of a device is done in one stream, in the order of the calls. Memory that is given back is kept for the next who
// asks and goes to the driver with the last piece. [Device].Pin reserves memory of the host that Push and Pull copy from and
// to without a wait; they, and launches, can be recorded by Capture and replayed by one call. Time measures with events. An
// error names the driver's call and its word for the status; after one that CUDA does not recover from, every further call
// fails with it, and the process goes on without the card.
//
// # Products
//
// A product gives every block of threads a square of the result, as large as still leaves enough blocks; where the result
// is small and the inner dimension long, that is cut and the parts are added up in their order. [Math] says how float32 is
// multiplied: exactly, or on tensor cores with factors rounded to TF32 or BF16 and sums in float32. Nothing but products of
// matrices is touched by it, nor are products with a side below 8.
//
// Where the machine has NVIDIA's cuBLAS, that can multiply in place of our kernels. It is opened at run time, as the driver
// is, by the first program that has a product for it: libcublas.so.13, .12 or .11, or the file that RPNC_LIBCUBLAS names;
// with RPNC_LIBCUBLAS=off there is none, which is nothing to complain of. [Products] is the rule of a [Task]: by default
// cuBLAS does products of 2²⁴ multiplications and more with no side below 32, which are sizes and not times, so that
// bits do not depend on how busy a card was; Own and CuBLAS leave all to one side, and Fastest measures both, once for
// every product in the life of a process. Float32 is exact with cuBLAS as with us, TF32 and BF16 round the factors of the
// same products. What is no product of matrices in memory (patches, sums of products that are not one longer product), and
// tasks that commit, keep their kernels under every rule.
//
// Every product of cuBLAS is tried when its program is loaded, on memory that nobody reads. What it refuses for good, and a
// library that this machine cannot use, leave the product to our kernels, unless CuBLAS was asked for by name; any other
// error there, and every error in a run, is one of Load or Run with op, shapes and cuBLAS's word for its status. [Sequence]
// tells by Choices who does each product, and why. cuBLAS works in the stream of the device and in scratch of the
// sequence, so recordings hold its kernels too, and Close of the sequence gives that memory back; the handle stays with the device.
//
// Products with patches of grids (convolutions) and their gradients are products of the same kind whose tiles are read from
// the grid: patches are in no memory, and every cell gathers its gradient from the patches that it is in.
//
// # Numbers
//
// Sums have a fixed order: which thread adds which elements depends on shapes alone, and nothing is added by atomics. So
// results are the same bits from run to run, on one machine and with one version of cuBLAS where that multiplies, under every
// rule but Fastest. Transcendental functions are computed in double precision for f32 too and rounded once. Random numbers are those of [rpnc/graph.Key], bit for bit.
//
// # Writing a kernel
//
// A method of [code] a piece of PTX: each gives every element a thread, lines gives every line of a tensor a group of
// threads that reduce together. A builder in the table of [Bind] calls these; ops of several launches hand on scratch.
//
// The text is written when a program is compiled, for its shapes. What is committed, in folder ptx, is a catalogue for
// readers: the text of every kernel at a canonical call, in each element type, with the words of the sources at its head.
// It is not embedded: a program's shapes are hardly ever those of the catalogue, and writing text takes less time than the
// driver needs to translate it. After a change of what is written,
//
//	go generate ./ops/cuda
//
// brings it up to date; tests fail where it is not, or lacks an op, and run every file on the emulator beside the oracle.
// To see the text of other shapes, load kernels on the emulator and print its Text. Where ptxas is on the path, or
// RPNC_PTXAS names it, the tests let it translate every kernel for compute capabilities 7.0 to 9.0, and fail where one
// spills registers; ptx/RESOURCES.tsv is what it said.
package cuda
