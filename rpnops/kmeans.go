package rpnops

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"rpnc/graph"
)

// kMeans groups the rows of x into k clusters: the best of ten runs of Lloyd's iteration from k-means++ starts. The labels
// are in the order of the first rows of their clusters.
func kMeans(x *mat.Dense, k int, key graph.Key) (labels []int) {
	const starts = 10
	best := math.Inf(1)
	for run := range starts {
		if l, cost := lloyd(x, plusPlus(x, k, key.Sub(uint64(run)))); cost < best*(1-1e-12) || labels == nil {
			labels, best = l, cost
		}
	}
	names := map[int]int{}
	for i, l := range labels {
		if _, seen := names[l]; !seen {
			names[l] = len(names)
		}
		labels[i] = names[l]
	}
	return labels
}

// plusPlus draws k rows of x as centres, each with a probability proportional to its squared distance from those drawn
// before.
func plusPlus(x *mat.Dense, k int, key graph.Key) *mat.Dense {
	n, d := x.Dims()
	centres := mat.NewDense(k, d, nil)
	far := make([]float64, n)
	for i := range far {
		far[i] = 1
	}
	for c := range k {
		total := 0.0
		for _, f := range far {
			total += f
		}
		u, at := key.Uniform(uint64(c))*total, 0
		for at < n-1 && u >= far[at] {
			u -= far[at]
			at++
		}
		centres.SetRow(c, x.RawRowView(at))
		for i := range far {
			if s := squaredDistance(x.RawRowView(i), centres.RawRowView(c)); c == 0 || s < far[i] {
				far[i] = s
			}
		}
	}
	return centres
}

// lloyd moves the centres to the means of the rows nearest to them until no row changes its cluster. A centre without
// rows stays.
func lloyd(x, centres *mat.Dense) (labels []int, cost float64) {
	const most = 300
	n, d := x.Dims()
	k, _ := centres.Dims()
	labels = make([]int, n)
	for range most {
		changed := false
		cost = 0
		for i := range n {
			near, least := 0, math.Inf(1)
			for c := range k {
				if s := squaredDistance(x.RawRowView(i), centres.RawRowView(c)); s < least {
					near, least = c, s
				}
			}
			changed = changed || labels[i] != near
			labels[i] = near
			cost += least
		}
		sums, size := mat.NewDense(k, d, nil), make([]float64, k)
		for i, l := range labels {
			size[l]++
			for j, v := range x.RawRowView(i) {
				sums.Set(l, j, sums.At(l, j)+v)
			}
		}
		for c := range k {
			for j := range d {
				if size[c] > 0 {
					centres.Set(c, j, sums.At(c, j)/size[c])
				}
			}
		}
		if !changed {
			break
		}
	}
	return labels, cost
}

func squaredDistance(a, b []float64) (sum float64) {
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return sum
}
