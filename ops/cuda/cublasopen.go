//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// How cuBLAS is called. Of its many products one does for all: the strided and batched one that is told
// the types, cublasGemmStridedBatchedEx. A batch of one is a plain product, and the type of the
// computation says whether factors are rounded for tensor cores. It takes 23 arguments, called by
// address as launches are.
//
// cuBLAS has matrices column by column. A row-major matrix read so is its transpose, and so is the
// result, Cᵀ = op(B)ᵀ·op(A)ᵀ: the factors change places, each with its own flag, and nothing moves.
//
// Memory for its own use cuBLAS is given with every product, from the scratch of the program: it then reserves none of its
// own, which a recording would not allow, and its choice among its kernels stays the same.

// cublas is the library with a handle for the one stream of a device.
//
// one and zero are α and β of C = α·op(A)·op(B) + β·C, read by the host when the call is made.
type cublas struct {
	name         string
	handle       uintptr
	workspace    int
	work         Addr // that the handle has now
	create       func(handle *uintptr) int32
	destroy      func(handle uintptr) int32
	setStream    func(handle, stream uintptr) int32
	setWorkspace func(handle uintptr, at uint64, bytes uintptr) int32
	property     func(which int32, value *int32) int32
	product      uintptr // by address: its arguments are more than reflection is worth
	one, zero    struct {
		f32 float32
		f64 float64
	}
}

// libraryNames are the files to try: that of RPNC_LIBCUBLAS alone, none if that is off, else the names that cuBLAS has had
// since products knew of types of computation.
func libraryNames(setting string) []string {
	switch setting {
	case "":
		return []string{"libcublas.so.13", "libcublas.so.12", "libcublas.so.11"}
	case "off":
		return nil
	}
	return []string{setting}
}

// openLibrary is the first cuBLAS that can be used with a card of the given compute capability; nil where there is none at
// all. One that is there and cannot be used is an error, and so is a missing file that was asked for by name.
func openLibrary(setting string, stream uintptr, level int) (*cublas, error) {
	var all error
	for _, name := range libraryNames(setting) {
		lib, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
		if err != nil {
			if setting != "" {
				return nil, refusal{fmt.Errorf("RPNC_LIBCUBLAS: %w", err)}
			}
			continue
		}
		c := &cublas{}
		if err = c.start(lib, stream, level); err == nil {
			return c, nil
		}
		err = fmt.Errorf("%s: %w", name, err)
		if !errors.Is(err, ErrRefused) {
			return nil, err
		}
		all = errors.Join(all, err)
	}
	return nil, all
}

// start finds the functions, makes a handle, and puts it on the stream.
//
// A handle is made for the context of the thread. The workspace is as large as NVIDIA recommends for the
// card.
func (c *cublas) start(lib, stream uintptr, level int) error {
	for symbol, f := range map[string]any{
		"cublasCreate_v2": &c.create, "cublasDestroy_v2": &c.destroy, "cublasSetStream_v2": &c.setStream,
		"cublasSetWorkspace_v2": &c.setWorkspace, "cublasGetProperty": &c.property, "cublasGemmStridedBatchedEx": &c.product,
	} {
		at, err := purego.Dlsym(lib, symbol)
		if err != nil {
			return refusal{fmt.Errorf("it is too old: %w", err)}
		}
		if address, ok := f.(*uintptr); ok {
			*address = at
			continue
		}
		purego.RegisterFunc(f, at)
	}
	if err := named(c.create(&c.handle), "cublasCreate"); err != nil {
		return err
	}
	if err := named(c.setStream(c.handle, stream), "cublasSetStream"); err != nil {
		return errors.Join(err, c.close())
	}
	var version [3]int32 // MAJOR_VERSION, MINOR_VERSION, PATCH_LEVEL
	for i := range version {
		c.property(int32(i), &version[i])
	}
	c.name = fmt.Sprintf("cuBLAS %d.%d.%d", version[0], version[1], version[2])
	c.workspace = 4 << 20
	if level >= 90 {
		c.workspace = 32 << 20
	}
	c.one.f32, c.one.f64 = 1, 1
	return nil
}

// Name is that of the library with its version.
func (c *cublas) Name() string { return c.name }

// Workspace is the memory that a product is given.
func (c *cublas) Workspace() int { return c.workspace }

// numbers are cuBLAS's names for what is multiplied: cudaDataType of the elements, cublasComputeType_t of the computation.
func (g Gemm) numbers() (element, compute uintptr) {
	const real32, real64 = 0, 1                                 // CUDA_R_32F, CUDA_R_64F
	const exact32, exact64, fastTF32, fastBF16 = 68, 70, 77, 75 // CUBLAS_COMPUTE_32F, _64F, _32F_FAST_TF32, _32F_FAST_16BF
	switch {
	case g.F64:
		return real64, exact64
	case g.Math == TF32:
		return real32, fastTF32
	case g.Math == BF16:
		return real32, fastBF16
	}
	return real32, exact32
}

// Multiply asks for a product: m and n, and the factors, change places.
//
// A row-major matrix with rows of length w is one of columns with leading dimension w; A is stored (M×K)
// or, for TA, (K×M), so that w is K or M.
func (c *cublas) Multiply(g Gemm, a, b, out, work Addr) error {
	if work != c.work {
		if err := named(c.setWorkspace(c.handle, uint64(work), uintptr(c.workspace)), "cublasSetWorkspace"); err != nil {
			return err
		}
		c.work = work
	}
	transA, wA, transB, wB := uintptr(0), g.K, uintptr(0), g.N // CUBLAS_OP_N, CUBLAS_OP_T
	if g.TA {
		transA, wA = 1, g.M
	}
	if g.TB {
		transB, wB = 1, g.K
	}
	one, zero := unsafe.Pointer(&c.one.f32), unsafe.Pointer(&c.zero.f32)
	if g.F64 {
		one, zero = unsafe.Pointer(&c.one.f64), unsafe.Pointer(&c.zero.f64)
	}
	element, compute := g.numbers()
	const byItself = 0xFFFFFFFF // CUBLAS_GEMM_DEFAULT, −1
	s, _, _ := purego.SyscallN(c.product, c.handle, transB, transA, uintptr(g.N), uintptr(g.M), uintptr(g.K), uintptr(one),
		uintptr(b), element, uintptr(wB), uintptr(g.StepB), uintptr(a), element, uintptr(wA), uintptr(g.StepA), uintptr(zero),
		uintptr(out), element, uintptr(g.N), uintptr(g.M*g.N), uintptr(g.Batch), compute, byItself)
	runtime.KeepAlive(c)
	if err := named(int32(s), "cublasGemmStridedBatchedEx"); err != nil {
		return fmt.Errorf("%v: %w", g, err)
	}
	return nil
}

// close gives the handle back.
func (c *cublas) close() error { return named(c.destroy(c.handle), "cublasDestroy") }

// named turns a cublasStatus_t into an error with cuBLAS's name for it. A driver that is too old for the library, a card that
// it has no code for, and a product that it does not do will be so tomorrow.
func named(s int32, call string) error {
	if s == 0 {
		return nil
	}
	name := map[int32]string{1: "NOT_INITIALIZED", 3: "ALLOC_FAILED", 7: "INVALID_VALUE", 8: "ARCH_MISMATCH", 11: "MAPPING_ERROR",
		13: "EXECUTION_FAILED", 14: "INTERNAL_ERROR", 15: "NOT_SUPPORTED", 16: "LICENSE_ERROR"}[s]
	if name == "" {
		return fmt.Errorf("%s: status %d", call, s)
	}
	err := fmt.Errorf("%s: CUBLAS_STATUS_%s (%d)", call, name, s)
	if s == 1 || s == 8 || s == 15 {
		return refusal{err}
	}
	return err
}

// Library is cuBLAS, opened by the first who asks; what was found then stays the answer, but for an error that may pass.
func (g *gpu) Library() (Library, error) {
	if !g.asked {
		g.cublas, g.without = openLibrary(strings.TrimSpace(os.Getenv("RPNC_LIBCUBLAS")), g.stream, g.level)
		g.asked = g.without == nil || errors.Is(g.without, ErrRefused)
	}
	if g.cublas == nil {
		return nil, g.without
	}
	return g.cublas, nil
}
