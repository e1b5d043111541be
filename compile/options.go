package compile

import (
	"fmt"
	"os"
	"strings"

	"rpnc/ops/cuda"
)

// VM says what runs a program.
type VM uint8

// The executors. Auto takes Plan where the fixed cost of a TapeMachine run would show, Tape otherwise.
const (
	Auto        VM = iota
	Tape           // gorgonia's TapeMachine
	Plan           // our executor of the same emitted graph: no allocation a run
	Interpreter    // the reference interpreter in float64, slow: for tests
)

// String is the word of listings and of Stats.
func (v VM) String() string {
	return [...]string{"auto", "tape", "plan", "interpreter"}[v]
}

// Level says how much is rewritten.
type Level uint8

// The levels. The zero Level runs every pass.
const (
	Fused Level = iota
	O0          // no pass at all: the graph as it was built
)

// Math says how products of float32 are computed on a GPU.
type Math = cuda.Math

// The maths of products. Those of tensor cores are off by some 2⁻¹¹ or 2⁻⁹ of the sum of the absolute products; all else,
// sums and functions, is exact with them too. They want a card of compute capability 8.0.
const (
	Exact = cuda.Exact // float32 throughout
	TF32  = cuda.TF32  // tensor cores, factors of 11 bits
	BF16  = cuda.BF16  // tensor cores, factors of 8 bits
)

// Products says who multiplies matrices on a GPU: kernels of our own, or NVIDIA's cuBLAS where the machine has it.
type Products = cuda.Products

// The rules for products. All but Fastest give the same bits from run to run on one machine.
const (
	BySize  = cuda.BySize  // cuBLAS for large products, ours for small ones
	Own     = cuda.Own     // ours for all
	CuBLAS  = cuda.CuBLAS  // cuBLAS for all that it can do; an error where there is none
	Fastest = cuda.Fastest // whoever was faster when both were tried, once a process for every product
)

// Options say how to compile. The zero value is the best there is, and so is a nil pointer. The environment
// variable RPNC_DEBUG adds to them: check=1,dump=DIR,disable=a+b,only=a+b,time=1,nan=1.
type Options struct {
	VM       VM
	Device   string // "cuda": the first GPU, whatever VM says; "" or "cpu": this machine
	Fallback bool   // ops without a kernel for the device run on the CPU, instead of being an error
	Math     Math   // how products of float32 are computed on a GPU; on the CPU they are exact
	Products Products
	Level    Level
	Check    bool     // verify between passes, shuffle node order, poison memory that is free
	Shuffle  uint64   // seed of the node order under Check
	Disable  []string // passes to leave out
	Only     []string // if any: the only passes to run
	Dump     string   // directory for the graph before and after every pass, as texts and as one page
	NaN      bool     // a run fails at the first kernel that writes a NaN
	Time     bool     // print what every pass took
	Seed     uint64   // of initial values that the store does not have yet
}

// merged are the options with those of the environment.
//
// The environment adds to what the caller says and never takes away, so that a program under test can be looked into
// without a change to it.
func (o *Options) merged() (Options, error) {
	var m Options
	if o != nil {
		m = *o
	}
	if m.Device != "" && m.Device != "cpu" && m.Device != "cuda" {
		return m, fmt.Errorf("compile.Options: device %q is unknown; want cpu or cuda", m.Device)
	}
	if m.Math > BF16 {
		return m, fmt.Errorf("compile.Options: math %d is unknown; want Exact, TF32 or BF16", m.Math)
	}
	if m.Products > Fastest {
		return m, fmt.Errorf("compile.Options: products %d is unknown; want BySize, Own, CuBLAS or Fastest", m.Products)
	}
	if err := m.debug(os.Getenv("RPNC_DEBUG")); err != nil {
		return m, err
	}
	for _, name := range append(append([]string(nil), m.Disable...), m.Only...) {
		if !isPass(name) {
			return m, fmt.Errorf("compile.Options: no pass is called %q; there are %s", name, strings.Join(PassNames(), ", "))
		}
	}
	return m, nil
}

// debug reads settings such as check=1,disable=a+b into m.
func (m *Options) debug(text string) error {
	for setting := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(setting, "=")
		on := value != "" && value != "0"
		switch key {
		case "":
		case "check":
			m.Check = m.Check || on
		case "nan":
			m.NaN = m.NaN || on
		case "time":
			m.Time = m.Time || on
		case "dump":
			m.Dump = value
		case "disable":
			m.Disable = append(m.Disable[:len(m.Disable):len(m.Disable)], strings.Split(value, "+")...)
		case "only":
			m.Only = append(m.Only[:len(m.Only):len(m.Only)], strings.Split(value, "+")...)
		default:
			return fmt.Errorf("RPNC_DEBUG: no setting is called %q; there are check, nan, time, dump, disable and only", key)
		}
	}
	return nil
}
