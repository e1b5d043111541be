package kernels

// A stretch of columns that many rows have at equal places is often short: a call for each row would take longer than its
// additions, with lengths to check and a table to choose each time. One call goes through the rows here.

// AddToRows adds stretches of cols elements to others, in rows that are rowDst and rowX elements apart:
//
//	dst[r·rowDst + j] += x[r·rowX + j],  r < rows, j < cols
//
// dst must not overlap x.
func AddToRows[T Float](dst, x []T, rows, cols, rowDst, rowX int) {
	checkStretch("AddToRows", "dst", len(dst), rows, cols, rowDst)
	checkStretch("AddToRows", "x", len(x), rows, cols, rowX)
	add := engineOf[T]().add
	for r := range rows {
		y := dst[r*rowDst:][:cols]
		add(y, y, x[r*rowX:][:cols])
	}
}

// AddSumsOfRows adds the sum of each stretch of cols elements to one element, in rows that are rowDst and rowX elements apart:
//
//	dst[r·rowDst] += Σⱼ x[r·rowX + j],  r < rows, j < cols
//
// The sums have the bits of those that [Sum] computes. dst must not overlap x.
func AddSumsOfRows[T Float](dst, x []T, rows, cols, rowDst, rowX int) {
	checkStretch("AddSumsOfRows", "dst", len(dst), rows, 1, rowDst)
	checkStretch("AddSumsOfRows", "x", len(x), rows, cols, rowX)
	e := engineOf[T]()
	sum := e.sum
	if cols > e.leaf {
		sum = e.total
	}
	for r := range rows {
		dst[r*rowDst] += sum(x[r*rowX:][:cols])
	}
}

// checkStretch panics unless n elements reach to the end of a stretch of the last row.
func checkStretch(op, operand string, n, rows, cols, apart int) {
	if rows < 0 || cols < 0 || apart < 0 || rows > 0 && n < (rows-1)*apart+cols {
		panicf("kernels.%s: %s of %d elements for %d rows of %d, %d apart; want sizes of 0 or more, and elements up to the last row's end",
			op, operand, n, rows, cols, apart)
	}
}
