package kernels_test

import (
	"fmt"
	"math"
	"testing"

	"rpnc/internal/kernels"
)

// windowCase is a grid of windows with entries at some places from their anchors on.
type windowCase struct {
	rows, cols, pitch int
	from              []int
}

var windowCases = []windowCase{
	{1, 1, 0, []int{0}},
	{1, 3, 1, []int{2, 0, 1}},
	{4, 5, 7, []int{0, 1, 2, 7, 8, 9}},
	{14, 14, 16, []int{0, 240, 1, 480, 720, 481, 16, 256, 17}},
	{3, 17, 32, []int{5, 4, 3, 100}},
	{2, 40, 48, []int{0, 47, 95}},
}

// size is the number of elements that the windows reach.
func (c windowCase) size() (n int) {
	for _, from := range c.from {
		n = max(n, from+(c.rows-1)*c.pitch+c.cols)
	}
	return n
}

// tied draws few different numbers and some NaN.
func tied[T kernels.Float](n int) []T {
	x := uniform[T](n, 5)
	for i := range x {
		if x[i] = T(math.Floor(3 * float64(x[i]))); i%23 == 7 {
			x[i] = T(math.NaN())
		}
	}
	return x
}

// winner is the first entry that no later one beats, or the first NaN.
func (c windowCase) winner(at func(k int) float64, least bool) (best int) {
	for k := range c.from {
		v, b := at(k), at(best)
		if b == b && (v != v || v > b && !least || v < b && least) {
			best = k
		}
	}
	return best
}

// checkWindows compares extremes and what they get with the definition, in operands that may be guarded.
func checkWindows[T kernels.Float](t *testing.T, c windowCase, least bool, own func([]T) []T) {
	t.Helper()
	w := kernels.Windows[T]{Rows: c.rows, Cols: c.cols, Pitch: c.pitch, From: c.from}
	n := c.rows * c.cols
	x, y, d, dx := own(tied[T](c.size())), own(filled[T](n, poison)), own(uniform[T](n, 6)), own(make([]T, c.size()))
	var f kernels.WindowFrame[T]
	w.Extreme(&f, y, x, least)
	w.Back(&f, dx, x, y, d)
	want := make([]T, len(dx))
	for i := range n {
		place := func(k int) int { return c.from[k] + i/c.cols*c.pitch + i%c.cols }
		best := place(c.winner(func(k int) float64 { return float64(x[place(k)]) }, least))
		if y[i] != x[best] && (y[i] == y[i] || x[best] == x[best]) {
			t.Fatalf("y[%d] = %v; want %v", i, y[i], x[best])
		}
		want[best] += d[i]
	}
	for i, v := range dx {
		if math.Abs(float64(v-want[i])) > 1e-6 {
			t.Fatalf("dx[%d] = %v; want %v", i, v, want[i])
		}
	}
}

func TestWindowsFindTheFirstExtreme(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for i, c := range windowCases {
			for _, least := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d,least=%v", i, least), func(t *testing.T) {
					checkWindows(t, c, least, func(x []float32) []float32 { return x })
					checkWindows(t, c, least, func(x []float64) []float64 { return x })
				})
			}
		}
	})
}

// checkDeal deals rows×cols elements out, looks at the halves, and joins them again.
func checkDeal[T kernels.Float](t *testing.T, rows, cols int, own func([]T) []T) {
	t.Helper()
	row := (cols+1)/2 + 1
	x, even, odd := own(uniform[T](rows*cols, 1)), own(filled[T]((rows-1)*row+(cols+1)/2, poison)), own(filled[T]((rows-1)*row+cols/2, poison))
	back := own(filled[T](len(x), poison))
	var f kernels.WindowFrame[T]
	kernels.Deal(&f, even, odd, x, rows, cols, cols, row)
	kernels.Join(&f, back, even, odd, rows, cols, cols, row)
	for i, v := range x {
		half := even
		if i%cols%2 == 1 {
			half = odd
		}
		if got := half[i/cols*row+i%cols/2]; got != v || back[i] != v {
			t.Fatalf("%d×%d, element %d: %v and back %v; want %v", rows, cols, i, got, back[i], v)
		}
	}
	for i := (cols + 1) / 2; i < len(even); i += row {
		if even[i] != poison {
			t.Fatalf("%d×%d: wrote between rows, even[%d]", rows, cols, i)
		}
	}
}

func TestDealAndJoinMoveEverySecondColumn(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, s := range [][2]int{{1, 2}, {3, 7}, {2, 15}, {14, 28}, {5, 32}, {3, 33}, {2, 65}, {1, 100}} {
			checkDeal(t, s[0], s[1], func(x []float32) []float32 { return x })
			checkDeal(t, s[0], s[1], func(x []float64) []float64 { return x })
		}
	})
}

func TestWindowsRefuseWhatTheyCannotRead(t *testing.T) {
	var f kernels.WindowFrame[float32]
	w := kernels.Windows[float32]{Rows: 2, Cols: 2, Pitch: 2, From: []int{0, 1}}
	for name, call := range map[string]func(){
		"short x":   func() { w.Extreme(&f, make([]float32, 4), make([]float32, 4), false) },
		"long y":    func() { w.Extreme(&f, make([]float32, 5), make([]float32, 5), false) },
		"no window": func() { (&kernels.Windows[float32]{}).Extreme(&f, nil, nil, false) },
		"short odd": func() { kernels.Deal(&f, make([]float32, 2), make([]float32, 1), make([]float32, 4), 1, 4, 4, 2) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}
