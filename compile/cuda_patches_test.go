package compile_test

import (
	"strings"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// On a device convolutions read their patches in place as on the host, and norms behind them are one op each way.
func TestPatchesAreNeverPackedOnADevice(t *testing.T) {
	emulated(t)
	for _, trained := range []bool{false, true} {
		p := pictures(graph.F64, trained)
		q, err := compile.Train(p.g, nil, onDevice, p.loss, momentum{})
		if err != nil {
			t.Fatal(err)
		}
		count := opNames(q)
		for name, want := range map[string]int{
			"PatchMatMul": 3, "PatchMatMulGrad": 2, "PatchMax": 1, "PatchExtremeGrad": 1, "NormRelu": 2, "NormReluGrad": 2,
			"Gather": 0, "ScatterAdd": 0, "ColumnNorm": 0, "ColumnNormGrad": 0,
		} {
			if count[name] != want {
				t.Errorf("%s: %d × %s; want %d among %v", p.name, count[name], name, want, count)
			}
		}
	}
}

// A step on convolutions with patches of nine cells needs several times the memory where the patches are packed.
func TestPatchesInPlaceSaveTheMemoryOfTheDevice(t *testing.T) {
	emulated(t)
	bytes := map[bool]int{}
	for _, packed := range []bool{false, true} {
		g := graph.New()
		const b, h, w = 8, 6, 6
		y := g.Input("x", typ(graph.F32, b, 4*h*w))
		for i, name := range []string{"first", "second"} {
			y = convolution(y, name, []int{4, 6}[i], 6, h, w, true)
		}
		o := &compile.Options{Device: "cuda"}
		if packed {
			o.Disable = []string{"fuse-gather"}
		}
		q, err := compile.Train(g, nil, o, ops.Mean(ops.Square(y)), momentum{})
		if err != nil {
			t.Fatal(err)
		}
		bytes[packed] = q.Stats().ArenaBytes
		if got := strings.Contains(strings.Join(kernels(q), " "), "Gather"); got != packed {
			t.Errorf("patches are packed: %v; want %v", got, packed)
		}
	}
	if bytes[false]*3 > bytes[true] {
		t.Errorf("%d bytes in place, %d packed; want a third at most", bytes[false], bytes[true])
	}
}
