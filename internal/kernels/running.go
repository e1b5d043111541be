package kernels

// RunningRows computes sums of rows from the first one on, or with reverse from the last one:
//
//	y[i,j] = Σ_{s≤i} x[s,j],   reverse: Σ_{s≥i} x[s,j]
//
// x and y are row-major (rows×cols); y may be x. Every sum is one chain in the order of its rows.
func RunningRows[T Float](y, x []T, rows, cols int, reverse bool) {
	checkMatrix("RunningRows", len(x), rows, cols)
	checkLen("RunningRows", "y", len(y), len(x))
	if len(x) == 0 {
		return
	}
	e := engineOf[T]()
	done, step := 0, cols
	if reverse {
		done, step = len(x)-cols, -cols
	}
	copy(y[done:done+cols], x[done:])
	for left, n := rows-1, max(1, piece/cols); left > 0; left -= n {
		n = min(n, left)
		e.running(y, x, done, step, n, cols)
		done += n * step
	}
}

// runningGo goes on with sums of rows of x that end with the row of y at done, for so many rows more.
func runningGo[T Float](y, x []T, done, step, rows, cols int) {
	for range rows {
		sum := y[done : done+cols]
		done += step
		addGo(y[done:done+cols], sum, x[done:done+cols])
	}
}
