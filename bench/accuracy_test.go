package bench

import (
	"math"
	"os"
	"strconv"
	"testing"
)

// quick are the rows that plain tests train.
var quick = map[string]bool{"iris mlp": true, "iris taylor_dlphm": true, "karate gcn": true, "karate gat": true, "digits mlp": true}

func batch(n int) string {
	if n == 0 {
		return "all"
	}
	return strconv.Itoa(n)
}

// RPNC_ACCURACY=all trains the whole table.
func TestAccuracyIsThatOfTheReference(t *testing.T) {
	all := os.Getenv("RPNC_ACCURACY") == "all"
	for _, task := range Tasks() {
		name := task.Data + " " + task.Model
		if !all && (!quick[name] || testing.Short()) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			o, err := task.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r := task.Reference
			// A row of the table in ACCURACY.md.
			t.Logf("| %s | %s | %d | %d | %s | %g | %.2f | %.2f ± %.2f | %.2f ± %.2f | %.2f |", task.Data, task.Model, task.Params,
				task.Epochs, batch(task.Batch), task.LR, o.Train, o.Test.Mean, o.Test.Std, r.Mean, r.Std, o.Seconds)
			if low := r.Mean - o.Allowance(r); o.Test.Mean < low {
				t.Errorf("the mean is %.2f %%; want %.2f %% or more", o.Test.Mean, low)
			}
		})
	}
}

func TestAllowanceOnWorkedNumbers(t *testing.T) {
	s := spread([]float64{90, 92, 92, 96})
	if s != (Spread{92.5, math.Sqrt(4.75)}) {
		t.Errorf("spread %v; want 92.5 ± √4.75", s)
	}
	o := Outcome{Test: Spread{90, 3}, Rows: 50}
	if have, want := o.Allowance(Spread{95, 4}), 2*math.Sqrt(5)+2; math.Abs(have-want) > 1e-12 {
		t.Errorf("allowance %v; want %v", have, want)
	}
}

func TestATaskThatLearnsTooLittleIsBelowTheReference(t *testing.T) {
	task := Tasks()[0]
	task.LR = 1e-9
	o, err := task.Run(t.Context())
	if err != nil || o.Test.Mean >= task.Reference.Mean-o.Allowance(task.Reference) {
		t.Errorf("without learning %+v, %v; want less than %+v allows", o, err, task.Reference)
	}
}
