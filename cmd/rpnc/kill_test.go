package main

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"rpnc/models/checkpoint"
)

// asCommand makes the test binary the command itself, so that a test can kill it.
const asCommand = "RPNC_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// noisy has batch norm and dropout, so that running statistics and the step matter to what comes after a checkpoint.
const noisy = `model_class: tinybig.model.mlp
model_parameters: {dims: [4, 16, 3], enable_bias: true, with_batch_norm: true, with_dropout: true, p: 0.3, with_softmax: false, plain_output: true}
`

// child runs the command in a process of its own, and kills it after a while unless that is 0. killed says that it had not
// ended before.
func child(t *testing.T, after time.Duration, args ...string) (killed bool) {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asCommand+"=1")
	var errs bytes.Buffer
	c.Stderr = &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		killer := time.AfterFunc(after, func() { c.Process.Kill() })
		defer killer.Stop()
	}
	err := c.Wait()
	if s, ok := c.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() && s.Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		t.Fatalf("rpnc %v: %v\n%s", args, err, errs.String())
	}
	return false
}

// exists says whether there is a checkpoint, which must then be whole.
func exists(t *testing.T, file string) bool {
	t.Helper()
	_, err := checkpoint.Load(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a killed training left a checkpoint that cannot be read: %v", err)
	}
	return err == nil
}

// mortal is a training that writes to part and is killed again and again.
type mortal struct {
	model, part string
	want        []byte        // its last checkpoint, where it was never killed
	life        time.Duration // how long it takes then
	random      *rand.Rand

	resumed, ended int
}

// args are the flags of a training from its start, or of one that goes on where there is a checkpoint.
func (m *mortal) args(t *testing.T, file string) []string {
	if file == m.part && exists(t, file) {
		m.resumed++
		return []string{"train", "-data", "iris", "-resume", file, "-o", file}
	}
	return []string{"train", "-data", "iris", "-model", m.model, "-epochs", "60", "-o", file}
}

// live trains once without a kill.
func (m *mortal) live(t *testing.T, file string) {
	began := time.Now()
	child(t, 0, m.args(t, file)...)
	m.life = time.Since(began)
	var err error
	if m.want, err = os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
}

// die trains until it has been killed so many times, from the start again whenever it comes to its end, and then to the
// end.
func (m *mortal) die(t *testing.T, kills int) {
	for {
		after := time.Duration(0)
		if kills > 0 {
			after = time.Duration(1 + m.random.Int64N(int64(m.life)))
		}
		if child(t, after, m.args(t, m.part)...) {
			kills--
			continue
		}
		m.ended++
		have, err := os.ReadFile(m.part)
		if err != nil || !bytes.Equal(have, m.want) {
			t.Fatalf("%d kills before the last one: the checkpoint differs from that of a training that was never killed (%v)", kills, err)
		}
		if kills == 0 {
			return
		}
		if err := os.Remove(m.part); err != nil {
			t.Fatal(err)
		}
	}
}

// Whenever a training is killed, its checkpoint is whole, and what goes on from it ends with the bits of a training that was
// never killed. RPNC_KILLS is the number of kills.
func TestKilledTrainingGoesOnToTheSameBits(t *testing.T) {
	kills := 10
	if text := os.Getenv("RPNC_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil || kills < 1 {
			t.Fatalf("RPNC_KILLS = %q; want a number from 1 on", text)
		}
	}
	dir := t.TempDir()
	m := &mortal{model: filepath.Join(dir, "noisy.yaml"), part: filepath.Join(dir, "part"), random: rand.New(rand.NewPCG(1, 2))}
	if err := os.WriteFile(m.model, []byte(noisy), 0o644); err != nil {
		t.Fatal(err)
	}
	m.live(t, filepath.Join(dir, "whole"))
	m.die(t, kills)
	left, err := filepath.Glob(filepath.Join(dir, ".part.tmp-*"))
	t.Logf("%d kills within %v of the start, %d times on from a checkpoint, %d trainings to their end; %d unfinished files are left (%v)",
		kills, m.life.Round(time.Millisecond), m.resumed, m.ended, len(left), err)
	if m.resumed == 0 {
		t.Error("no training went on from a checkpoint; want kills after the first one")
	}
	// The last training was not killed, and took away what the killed ones had left.
	if len(left) > 0 && runtime.GOOS == "linux" {
		t.Errorf("there are %v; want none of them", left)
	}
}
