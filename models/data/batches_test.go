package data_test

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

// epoch collects the batches of an epoch.
func epoch(t *testing.T, rows, e int, opts *data.BatchOptions) [][]int {
	t.Helper()
	b, err := data.NewBatches(rows, opts)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]int
	for i, batch := range b.Epoch(e) {
		if i != len(all) {
			t.Fatalf("batch %d is numbered %d", len(all), i)
		}
		all = append(all, slices.Clone(batch))
	}
	if len(all) != b.Len() {
		t.Fatalf("%d batches, Len says %d", len(all), b.Len())
	}
	return all
}

func TestAnEpochDealsEveryRowOnce(t *testing.T) {
	for _, rows := range []int{1, 2, 7, 64, 100} {
		for _, size := range []int{0, 1, 3, 10, 64, 1000, math.MaxInt} {
			for e := range 3 {
				batches := epoch(t, rows, e, &data.BatchOptions{Size: size, Seed: 5})
				for i, b := range batches[:len(batches)-1] {
					if len(b) != size {
						t.Fatalf("batch %d of %d rows has %d, want %d", i, rows, len(b), size)
					}
				}
				dealt := slices.Concat(batches...)
				slices.Sort(dealt)
				for i := range rows {
					if len(dealt) != rows || dealt[i] != i {
						t.Fatalf("%d rows, size %d, epoch %d: dealt %v", rows, size, e, dealt)
					}
				}
			}
		}
	}
}

func TestTheShortBatchIsKeptUnlessDropped(t *testing.T) {
	for _, c := range []struct {
		rows, size int
		drop       bool
		want       []int
	}{
		{10, 4, false, []int{4, 4, 2}},
		{10, 4, true, []int{4, 4}},
		{8, 4, false, []int{4, 4}},
		{8, 4, true, []int{4, 4}},
		{3, 4, false, []int{3}},
		{5, 0, true, []int{5}},
	} {
		var got []int
		for _, b := range epoch(t, c.rows, 0, &data.BatchOptions{Size: c.size, Drop: c.drop}) {
			got = append(got, len(b))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: batches of %v", c, got)
		}
	}
}

func TestOrderedBatchesKeepTheOrder(t *testing.T) {
	for e := range 2 {
		got := slices.Concat(epoch(t, 9, e, &data.BatchOptions{Size: 2, Ordered: true})...)
		if !slices.IsSorted(got) {
			t.Errorf("epoch %d: %v", e, got)
		}
	}
}

func TestTheOrderDependsOnSeedAndEpochAlone(t *testing.T) {
	order := func(seed uint64, e, size int) []int {
		return slices.Concat(epoch(t, 50, e, &data.BatchOptions{Size: size, Seed: seed})...)
	}
	first := order(7, 3, 8)
	for _, procs := range []int{1, 2, 8} {
		old := runtime.GOMAXPROCS(procs)
		if !slices.Equal(order(7, 3, 8), first) {
			t.Errorf("another order with GOMAXPROCS %d", procs)
		}
		runtime.GOMAXPROCS(old)
	}
	if !slices.Equal(order(7, 3, 11), first) {
		t.Error("the order depends on the batch size")
	}
	b, err := data.NewBatches(50, &data.BatchOptions{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []int{9, 3} { // a resumed run begins anywhere
		for _, rows := range b.Epoch(e) {
			if slices.Equal(rows, first) != (e == 3) {
				t.Errorf("epoch %d after others: %v", e, rows)
			}
		}
	}
	seen := map[string]bool{}
	for _, k := range [][2]int{{7, 3}, {3, 7}, {7, 4}, {8, 3}, {0, 0}, {0, 1}, {1, 0}, {7, -1}} {
		var key strings.Builder
		for _, r := range order(uint64(k[0]), k[1], 0) {
			key.WriteByte(byte(r))
		}
		seen[key.String()] = true
	}
	if len(seen) != 8 {
		t.Errorf("%d orders of 8 seeds and epochs", len(seen))
	}
}

// The order is a promise to runs that a later version resumes; the figures are those of a Python program.
func TestTheOrderIsPinned(t *testing.T) {
	for _, c := range []struct {
		seed  uint64
		epoch int
		want  []int
	}{
		{0, 0, []int{5, 0, 7, 8, 4, 3, 2, 6, 9, 1}},
		{1234, 2, []int{0, 2, 4, 7, 6, 5, 1, 9, 3, 8}},
	} {
		if got := epoch(t, 10, c.epoch, &data.BatchOptions{Seed: c.seed})[0]; !slices.Equal(got, c.want) {
			t.Errorf("seed %d, epoch %d: %v, want %v", c.seed, c.epoch, got, c.want)
		}
	}
}

func TestAllOrdersOfFourRowsAreEquallyLikely(t *testing.T) {
	b, err := data.NewBatches(4, &data.BatchOptions{Seed: 99})
	if err != nil {
		t.Fatal(err)
	}
	const runs = 24_000
	count := map[[4]int]float64{}
	for e := range runs {
		for _, rows := range b.Epoch(e) {
			count[[4]int(rows)]++
		}
	}
	χ2 := 0.0
	for _, n := range count {
		χ2 += (n - runs/24) * (n - runs/24) / (runs / 24)
	}
	// With 23 degrees of freedom 49.7 is exceeded once in a thousand times.
	if len(count) != 24 || χ2 > 49.7 {
		t.Errorf("%d orders, χ² = %.1f", len(count), χ2)
	}
}

func TestBatchesAllocateNothing(t *testing.T) {
	b, err := data.NewBatches(1000, &data.BatchOptions{Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	e, sum := 0, 0
	x, dst := make([]float64, 3000), make([]float32, 30)
	allocs := testing.AllocsPerRun(20, func() {
		for _, rows := range b.Epoch(e) {
			sum += rows[0]
			if err := data.Gather(dst, x, 3, rows); err != nil {
				t.Error(err)
			}
		}
		e++
	})
	// An epoch of 100 batches: at most the iterator itself and what the loop body captures.
	if allocs > 4 {
		t.Errorf("%v allocations in an epoch of 100 batches", allocs)
	}
}

func TestNewBatchesRejectsWhatLeavesNoBatch(t *testing.T) {
	for _, c := range []struct {
		rows int
		opts *data.BatchOptions
	}{
		{0, nil}, {-3, nil}, {0, &data.BatchOptions{Size: 4}}, {5, &data.BatchOptions{Size: -1}}, {5, &data.BatchOptions{Size: 6, Drop: true}},
	} {
		if _, err := data.NewBatches(c.rows, c.opts); err == nil {
			t.Errorf("%d rows, %+v: no error", c.rows, c.opts)
		}
	}
	if _, err := data.NewBatches(1, nil); err != nil {
		t.Error(err)
	}
}

func TestALoopMayLeaveAnEpochEarly(t *testing.T) {
	b, err := data.NewBatches(9, &data.BatchOptions{Size: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i := range b.Epoch(0) {
		if i == 1 {
			break
		}
	}
	n := 0
	for _, rows := range b.Epoch(1) {
		n += len(rows)
	}
	if n != 9 {
		t.Errorf("the next epoch deals %d rows, want 9", n)
	}
}

func TestGatherConvertsRows(t *testing.T) {
	src := []float64{0, 0.5, 1, 1.5, 2, 2.5}
	f32, f64, i32 := make([]float32, 4), make([]float64, 4), make([]int32, 2)
	if err := data.Gather(f32, src, 2, []int{2, 0}); err != nil || !slices.Equal(f32, []float32{2, 2.5, 0, 0.5}) {
		t.Errorf("float32: %v, %v", f32, err)
	}
	if err := data.Gather(f64, src, 2, []int{1, 1}); err != nil || !slices.Equal(f64, []float64{1, 1.5, 1, 1.5}) {
		t.Errorf("float64: %v, %v", f64, err)
	}
	if err := data.Gather(i32, []int32{4, 5, 6}, 1, []int{2, 1}); err != nil || !slices.Equal(i32, []int32{6, 5}) {
		t.Errorf("int32: %v, %v", i32, err)
	}
}

func TestGatherRejectsSizesThatDoNotFit(t *testing.T) {
	src := make([]float64, 6)
	for _, c := range []struct {
		want      string
		dst, cols int
		rows      []int
	}{
		{"row 3 of 3", 2, 2, []int{3}},
		{"row -1 of 3", 2, 2, []int{-1}},
		{"room for 3 values; want 1 rows of 2", 3, 2, []int{0}},
		{"room for 0 values", 0, 2, []int{0}},
		{"6 source values in rows of 4", 4, 4, []int{0}},
		{"6 source values in rows of 0", 0, 0, nil},
	} {
		err := data.Gather(make([]float32, c.dst), src, c.cols, c.rows)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got error %v, want one with %q", err, c.want)
		}
	}
}
