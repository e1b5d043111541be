package models_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"testing"
)

// TestGolden compares every function, head, layer and model with the golden vectors: outputs and gradients, on the
// interpreter, on gorgonia's tape and on the plan executor. A case counts once and passes when all three agree with
// it. The last line counts; -short takes every seventh case; RPNC_GOLDEN_DIR names another directory of such files.
func TestGolden(t *testing.T) {
	dir := os.Getenv("RPNC_GOLDEN_DIR")
	if dir == "" {
		dir = filepath.Join("..", "testdata", "golden")
	}
	cases, err := readGolden(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatalf("no cases in %s", dir)
	}
	if testing.Short() {
		cases = everySeventh(cases)
	}
	var sum tally
	for i, err := range verdicts(cases) {
		sum.add(t, cases[i], err)
	}
	sum.print(t)
	fmt.Printf("golden: %d passed, %d failed, %d unsupported\n", sum.passed, sum.failed, sum.unsupported)
}

// readGolden reads the families in dir, files that are no families excepted.
func readGolden(dir string) (cases []*golden, err error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".json") && !strings.HasSuffix(f.Name(), ".json.gz") {
			continue
		}
		some, err := readFamily(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		cases = append(cases, some...)
	}
	return cases, nil
}

func readFamily(file string) ([]*golden, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	}
	var family struct {
		Family string
		Cases  []*golden
	}
	d := json.NewDecoder(r)
	d.UseNumber()
	if err := d.Decode(&family); err != nil {
		return nil, err
	}
	kept := family.Cases[:0]
	for _, c := range family.Cases {
		if c.family = family.Family; c.Class != "" && c.Outputs != nil {
			kept = append(kept, c)
		}
	}
	return kept, nil
}

func everySeventh(cases []*golden) (some []*golden) {
	for i := 0; i < len(cases); i += 7 {
		some = append(some, cases[i])
	}
	return some
}

// verdicts runs the cases on all processors.
func verdicts(cases []*golden) []error {
	errs := make([]error, len(cases))
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				errs[i] = verdict(cases[i])
			}
		})
	}
	for i := range cases {
		next <- i
	}
	close(next)
	wg.Wait()
	return errs
}

// verdict runs one case; a panic is a failure like others.
func verdict(c *golden) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return c.run()
}

// unsupported says that a case names a class that does not exist here.
type unsupported string

func (u unsupported) Error() string { return "there is no " + string(u) }

// tally counts by family.
type tally struct {
	counts
	families map[string]*counts
	missing  map[string]int
}

type counts struct{ passed, failed, unsupported int }

func (s *tally) add(t *testing.T, c *golden, err error) {
	if s.families == nil {
		s.families, s.missing = map[string]*counts{}, map[string]int{}
	}
	if s.families[c.family] == nil {
		s.families[c.family] = &counts{}
	}
	var missing unsupported
	for _, n := range []*counts{&s.counts, s.families[c.family]} {
		switch {
		case err == nil:
			n.passed++
		case errors.As(err, &missing):
			n.unsupported++
		default:
			n.failed++
		}
	}
	if missing != "" {
		s.missing[string(missing)]++
	} else if err != nil {
		t.Errorf("%s/%s: %v", c.family, c.ID, err)
	}
}

func (s *tally) print(t *testing.T) {
	var names []string
	for f := range s.families {
		names = append(names, f)
	}
	sort.Strings(names)
	for _, f := range names {
		n := s.families[f]
		t.Logf("%-16s %4d passed, %3d failed, %3d unsupported", f, n.passed, n.failed, n.unsupported)
	}
	for name, n := range s.missing {
		t.Logf("there is no %s: %d cases", name, n)
	}
}
