package train

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestTheLineOfATerminalTellsWhatIsLeft(t *testing.T) {
	var b strings.Builder
	p := newProgress(&b, 3, 10, []string{"accuracy"})
	p.terminal = true
	p.step(Position{0, 0}, 1.5, 32)
	if got, want := b.String(), "\repoch 1/3  step 1/10  loss 1.5\x1b[K"; got != want {
		t.Errorf("after one step %q; want %q", got, want)
	}
	p.epoch(Epoch{Number: 1, Loss: 0.5, Tested: true, TestLoss: 0.25, TestMetric: 0.875, RowsPerSecond: 100, Duration: time.Second})
	// Ten further steps of 32 rows in two seconds, and ten steps to go.
	p.steps, p.rows = 11, 320
	got := p.line(Position{1, 9}, 0.125, 2*time.Second)
	if want := "epoch 2/3  step 10/10  loss 0.125  accuracy 0.875  160 rows/s  2s left"; got != want {
		t.Errorf("the line is %q; want %q", got, want)
	}
	p.close()
	if want := "\repoch 1/3  loss 0.5  test loss 0.25  accuracy 0.875  100 rows/s  1s\x1b[K\n"; !strings.HasSuffix(b.String(), "[K"+want) {
		t.Errorf("the output is %q; want the epoch to stay: %q", b.String(), want)
	}
	p.shown = time.Time{}
	p.step(Position{2, 0}, 0.25, 32)
	p.close()
	if got := b.String(); !strings.HasSuffix(got, "left\x1b[K\n") {
		t.Errorf("the output is %q; want the end of the moving line", got)
	}
}

func TestOnlyCharacterDevicesAreTerminals(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if isTerminal(f) || isTerminal(&strings.Builder{}) {
		t.Error("a file or a buffer is taken for a terminal")
	}
}
