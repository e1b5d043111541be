package bench

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// What a report shows. Rounds go over all rows in turn, so that a slow minute of the machine is spread
// over the table; the row that stands for several rounds is the one with the median time, whole, so its
// other columns belong to that time. Ratios to a peer are averaged geometrically over rows: the mean of
// a/b is then one over the mean of b/a, and no row counts for more because its step is longer.

// Table is the rows of several rounds, ours and those of peers.
//
// Machines hold what each number of threads can do at best.
type Table struct {
	Rows     []Row
	Machines []Machine
}

// key is what rounds and peers have in common.
type key struct {
	workload, mode string
	threads        int
}

// Summary merges rounds: one row for every workload, mode, number of threads and implementation, with the median of the
// rounds' medians, in the order in which they first came.
func (t Table) Summary() (out []Row) {
	type id struct {
		key
		impl string
	}
	rounds := map[id][]Row{}
	var order []id
	for _, r := range t.Rows {
		i := id{key{r.Workload, r.Mode, r.Threads}, r.Impl}
		if rounds[i] == nil {
			order = append(order, i)
		}
		rounds[i] = append(rounds[i], r)
	}
	for _, i := range order {
		rs := slices.Clone(rounds[i])
		slices.SortFunc(rs, func(a, b Row) int { return compareFloats(a.MedianMs, b.MedianMs) })
		out = append(out, rs[len(rs)/2])
	}
	return out
}

// compareFloats orders numbers; none here is NaN.
func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Write writes the summary as a table in Markdown, which reads well in a terminal, too. With peers, the ratio says how many
// times as long a peer takes; the last lines are geometric means over all rows that both have.
//
// A cell without a counterpart is a dash: the peer lacks the workload, or one side failed.
//
// Sums are of logarithms, one for each peer, over the rows where both sides have a time.
func (t Table) Write(w io.Writer) error {
	rows := t.Summary()
	var peers []string
	byKey := map[string]map[key]Row{}
	for _, r := range rows {
		if byKey[r.Impl] == nil {
			byKey[r.Impl] = map[key]Row{}
			if r.Impl != "rpnc" {
				peers = append(peers, r.Impl)
			}
		}
		byKey[r.Impl][key{r.Workload, r.Mode, r.Threads}] = r
	}
	head := []string{"workload", "mode", "threads", "ms", "p10–p90", "GFLOP/s", "of floor", "peak MB", "compile ms", "allocs"}
	for _, p := range peers {
		head = append(head, p+" ms", "ratio", p+" peak MB")
	}
	lines := [][]string{head}
	sums, counts := make([]float64, len(peers)), make([]int, len(peers))
	for _, r := range rows {
		if r.Impl != "rpnc" {
			continue
		}
		line := r.cells()
		for i, p := range peers {
			q, ok := byKey[p][key{r.Workload, r.Mode, r.Threads}]
			if !ok || q.MedianMs == 0 || r.MedianMs == 0 {
				line = append(line, "–", "–", "–")
				continue
			}
			ratio := q.MedianMs / r.MedianMs
			sums[i], counts[i] = sums[i]+math.Log(ratio), counts[i]+1
			line = append(line, number(q.MedianMs), fmt.Sprintf("%.2f", ratio), fmt.Sprintf("%.0f", q.PeakMB))
		}
		lines = append(lines, line)
	}
	if err := t.machines(w); err != nil {
		return err
	}
	if err := pipes(w, lines); err != nil {
		return err
	}
	for i, p := range peers {
		if counts[i] > 0 {
			fmt.Fprintf(w, "\nGeometric mean of %s / rpnc over %d rows: %.2f\n", p, counts[i], math.Exp(sums[i]/float64(counts[i])))
		}
	}
	return nil
}

// machines says what the floors were made of.
func (t Table) machines(w io.Writer) error {
	for _, m := range t.Machines {
		fmt.Fprintf(w, "%d threads: products %.0f GFLOP/s, copies", m.Threads, m.Product)
		for i, l := range m.Levels {
			fmt.Fprintf(w, "%s %s %.0f GB/s", []string{"", ",", ","}[min(i, 2)], l.Name, l.Copy)
		}
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintln(w)
	return err
}

// cells are the row's columns before those of peers.
//
// A row that failed shows its error in the column of the time.
func (r Row) cells() []string {
	if r.Error != "" {
		return []string{r.Workload, r.Mode, fmt.Sprint(r.Threads), r.Error, "", "", "", "", "", ""}
	}
	share := "–"
	if r.Roofline > 0 {
		share = fmt.Sprintf("%.0f %%", 100*r.Roofline)
	}
	return []string{r.Workload, r.Mode, fmt.Sprint(r.Threads), number(r.MedianMs), number(r.P10Ms) + "–" + number(r.P90Ms),
		fmt.Sprintf("%.0f", r.Gflops), share, fmt.Sprintf("%.0f", r.PeakMB), fmt.Sprintf("%.0f", r.CompileMs), fmt.Sprintf("%.0f", r.Allocs)}
}

// number has three digits.
func number(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	case x >= 1:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.3f", x)
}

// pipes writes lines as a table, columns aligned; the first line is the head.
//
// Widths are counted in characters, not bytes, as units have μ and ×. Names are aligned to the left,
// numbers to the right.
func pipes(w io.Writer, lines [][]string) error {
	width := make([]int, len(lines[0]))
	for _, l := range lines {
		for i, c := range l {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for n, l := range lines {
		for i, c := range l {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i < 2 {
				fmt.Fprintf(w, "| %s%s ", c, pad)
			} else {
				fmt.Fprintf(w, "| %s%s ", pad, c)
			}
		}
		fmt.Fprintln(w, "|")
		if n == 0 {
			for i, k := range width {
				fmt.Fprintf(w, "|%s%s", strings.Repeat("-", k+1), []string{"-", "-", ":"}[min(i, 2)])
			}
			fmt.Fprintln(w, "|")
		}
	}
	_, err := io.WriteString(w, "")
	return err
}
