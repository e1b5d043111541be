package ops

import (
	"strings"
	"testing"

	"rpnc/graph"
)

func TestRowTilesNameTheRowOfAWrongLabel(t *testing.T) {
	op, in := sampleRowLoss(), []graph.Type{f64(16, 4), i32(16)}
	out, err := op.Infer(in)
	if err != nil {
		t.Fatal(err)
	}
	run, _, err := Bind(op, in, out)
	if err != nil {
		t.Fatal(err)
	}
	src, dst := []Buffer{NewBuffer(in[0]), NewBuffer(in[1])}, []Buffer{NewBuffer(out[0]), NewBuffer(out[1])}
	src[1].I32[13] = 4
	got := panicOf(func() { run(dst, src) })
	if e, ok := got.(error); !ok || !strings.Contains(e.Error(), "label 4 of row 13") {
		t.Errorf("%v; want an error that names label 4 of row 13", got)
	}
}

func TestRowTilesRefuseWhatDoesNotWorkRowByRow(t *testing.T) {
	sum := RowStep{SumTo{graph.Sh(2)}, []int{0}}
	for name, p := range map[string]*RowProgram{
		"rows that do not divide":     {Rows: 3, Cut: []bool{true}, Steps: []RowStep{{Unary{KTanh}, []int{0}}}, Out: []int{1}},
		"an operand that is not cut":  {Rows: 4, Cut: []bool{false}, Steps: []RowStep{{Unary{KTanh}, []int{0}}}, Out: []int{1}},
		"a sum that a step reads":     {Rows: 4, Cut: []bool{true}, Steps: []RowStep{sum, {Unary{KTanh}, []int{1}}}, Out: []int{2}},
		"softmax across rows":         {Rows: 4, Cut: []bool{true}, Steps: []RowStep{{Softmax{Axis: 0}, []int{0}}}, Out: []int{1}},
		"a result that is an operand": {Rows: 4, Cut: []bool{true}, Steps: []RowStep{{Unary{KTanh}, []int{0}}}, Out: []int{0}},
	} {
		if _, err := (RowTiles{p}).Infer([]graph.Type{f64(8, 2)}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
