package kernels

// engine is what a back end supplies for one element type, together with the
// free lists that its drivers draw on. The kernels trust their arguments: slices
// of one call have the length of the first unless a comment says otherwise.
type engine[T Float] struct {
	// cut chooses how many rows and columns of C make a block, for that many cores.
	cut func(p *product[T], cores int) (rows, cols int)
	// shared says how many elements the panels of B take that blocks share, given
	// how many of them stand below each other, and in how many parts packShared
	// writes them; 0 if blocks read B for themselves.
	shared     func(p *product[T], down int) (size, parts int)
	packShared func(p *product[T], lo, hi int)
	// rectifies says whether blocks of the product apply its relu themselves.
	rectifies func(p *product[T]) bool
	// block computes C[i0:i1, j0:j1] of the z-th product of a batch.
	block func(p *product[T], s *scratch[T], z, i0, i1, j0, j1 int)
	// direct is the number mnk of multiplications up to which a product is
	// computed without scratch.
	direct int

	// listed is a tile of at most listedCols columns whose rows of B begin at a
	// list of places.
	listed     func(l *listed[T])
	listedCols int
	// flat is a tile of positions of a grid with margins; nil where there is none.
	// correlate is a tile of a gradient, of corrRows rows, and laneSums adds up
	// the lanes of its registers.
	flat func(a *flatArgs)
	// gridMax and gridMaxBack pool grids that a norm makes, and lead cotangents back; nil where there are none.
	gridMax, gridMaxBack func(a *gridArgs)
	correlate            func(c *correlation[T])
	corrRows, lanes      int
	laneSums             func(dst, x []T)

	// Windows of a grid: the extreme entry, which it is, and what it gets; even and
	// odd columns dealt out and put together again.
	windowMax, windowMin, windowFirst, windowPlace, deal, join, copyRows func(a *windowArgs[T])

	// Batch norm with a relu behind it, down the rows of a block of columns.
	spread, reluAffine, reluAffineAdd, reluSums, reluBack func(b *normBlock[T])

	// transpose computes dst[j·rowDst + i] = src[i·rowSrc + j] for numbers of rows
	// and columns that are positive multiples of side.
	side      int
	transpose func(dst, src []T, rows, cols, rowDst, rowSrc int)

	// fold computes dst[k·foldWidth + i] = src[i·rowSrc + k] + add[k·rowAdd + i], i <
	// foldWidth, for a number of columns k that is a positive multiple of side.
	fold func(dst, src, add []T, cols, rowSrc, rowAdd int)
	// foldedTile is a product with a panel; nil where tiles of products do it.
	foldedTile func(*uint64)

	// Maps, element by element; dst may be an input.
	exp, log, tanh, sigmoid, sin, cos        func(dst, x []T)
	gauss                                    func(dst, x []T)         // exp(−x²)
	sinCos                                   func(dst, second, x []T) // sin x and cos x
	expm1, log1p, softplus, recip            func(dst, x []T)
	erf, sinh, cosh, asinh, acosh, atanh     func(dst, x []T)
	asin, acos, atan                         func(dst, x []T)
	neg, abs, relu, step, sign, sqrt         func(dst, x []T)
	add, sub, mul, div, gate                 func(dst, x, y []T)
	maximum, minimum, less, lessEqual, equal func(dst, x, y []T)
	scaleBy, maxScalar, minScalar            func(dst, x []T, c T)
	affine                                   func(dst, x []T, a, b T) // a·x + b
	axpy                                     func(dst, x, y []T, a T) // x + a·y

	// marked is a where x = y or x is NaN, else z.
	marked func(dst, x, y, z []T, a T)

	// Softmax down the columns of rows > 0, row apart, without elements that equal absent: maxima of the columns and what top
	// holds, weights e^(x − top) and their sums, added to what total holds, and a product with a factor for each column.
	tops      func(top, x []T, rows, row int, absent T)
	weights   func(y, x, top, total []T, rows, row int, absent T)
	scaleDown func(y, factor []T, rows, row int)

	// Reductions. leaf is the number of elements that sum and dot add up at once;
	// columns computes dst[j] = Σᵢ x[i·row + j] over rows > 0.
	leaf    int
	sum     func(x []T) T
	dot     func(x, y []T) T
	largest func(x []T) T
	columns func(dst, x []T, rows, row int)

	// running goes on with the sums of rows that end with the row of y at done, for so many rows more.
	running func(y, x []T, done, step, rows, cols int)

	// Sparse products: the listed rows of y, or more to them, of values in order or
	// at places; entries of a dense product; and elements brought together.
	sparseRows       func(y []T, rows, ptr, col []int32, val, x []T, width, more int)
	sparseRowsPicked func(y []T, rows, ptr, col []int32, val, x []T, width, more int, at []int32)
	// Products of groups of bandRows rows of a band, of which rows lists the first ones, for a width that is a multiple of
	// bandUnit; nil where they are rows like others.
	sparseBand       func(y []T, rows, ptr, col []int32, val, x []T, width int)
	sparseBandPicked func(y []T, rows, ptr, col []int32, val, x []T, width int, at []int32)
	bandUnit         int
	sampled          func(y []T, row, col []int32, a, b []T, width int)
	pick             func(dst, src []T, at []int32)

	// splines and splineSlopes compute CubicSplines and CubicSplineSlopes for 1/cell,
	// of at least one x.
	splines, splineSlopes func(y, x []T, width int, lo, inv T)
	// repeatLines computes RepeatLines of one line or more.
	repeatLines func(dst, src []T, n, times int)
	// splineRows computes CubicSplineRows for 1/cell.
	splineRows func(y, x []T, width, n int, lo, inv T)

	// adam takes a step of Adam; root is 1/√(1 − β₂ᵗ).
	adam func(p, g, m, v []T, keep, couple, rate, root, beta1, fresh1, beta2, fresh2, epsilon T)

	jobs    FreeList[gemmJob[T]]
	scratch FreeList[scratch[T]]
	rows    FreeList[rowsJob[T]]
	softmax FreeList[softmaxScratch[T]]
	parts   FreeList[[2]int32]
	copies  FreeList[windowArgs[T]]
}

// portable32 is the plain Go table for float32: polynomials evaluated in
// float64, which in scalar code costs no more and rounds once.
func portable32() *engine[float32] {
	e := portable[float32]()
	e.exp, e.gauss, e.weights, e.log, e.tanh, e.sigmoid = exp32, gauss32, weights32, log32, tanh32, sigmoid32
	return e
}

// portable64 is the plain Go table for float64, on package math.
func portable64() *engine[float64] {
	e := portable[float64]()
	e.exp, e.gauss, e.weights, e.log, e.tanh, e.sigmoid = exp64, gauss64, weights64, log64, tanh64, sigmoid64
	return e
}

// portable holds the kernels in plain Go that are written once for both types.
func portable[T Float]() *engine[T] {
	return &engine[T]{
		cut: cutPortable[T], shared: sharedPortable[T], block: block[T], direct: directWork,
		listed: listedGo[T], listedCols: 64,
		correlate: correlateGo[T], corrRows: 4, lanes: 1, laneSums: laneSumsGo[T],
		windowMax: windowMaxGo[T], windowMin: windowMinGo[T], windowFirst: windowFirstGo[T], windowPlace: windowPlaceGo[T],
		deal: dealGo[T], join: joinGo[T], copyRows: copyRowsGo[T],
		spread: spreadGo[T], reluAffine: reluAffineGo[T], reluAffineAdd: reluAffineAddGo[T],
		reluSums: reluSumsGo[T], reluBack: reluBackGo[T],
		side: 1, transpose: transposeGo[T], fold: foldGo[T],
		sin: sinGo[T], cos: cosGo[T], sinCos: sinCosGo[T], repeatLines: repeatLinesGo[T],
		erf: erfGo[T], sinh: sinhGo[T], cosh: coshGo[T], asin: asinGo[T], acos: acosGo[T], atan: atanGo[T],
		asinh: asinhGo[T], acosh: acoshGo[T], atanh: atanhGo[T],
		expm1: expm1Go[T], log1p: log1pGo[T], softplus: softplusGo[T], recip: recipGo[T],
		neg: negGo[T], abs: absGo[T], relu: reluGo[T], step: stepGo[T], sign: signGo[T], sqrt: sqrtGo[T],
		add: addGo[T], sub: subGo[T], mul: mulGo[T], div: divGo[T], gate: gateGo[T],
		maximum: maximumGo[T], minimum: minimumGo[T], less: lessGo[T], lessEqual: lessEqualGo[T], equal: equalGo[T],
		scaleBy: scaleByGo[T], maxScalar: maxScalarGo[T], minScalar: minScalarGo[T],
		tops: topsGo[T], scaleDown: scaleDownGo[T], affine: affineGo[T], axpy: axpyGo[T], marked: markedGo[T],
		leaf: leafGo, sum: sumGo[T], dot: dotGo[T], largest: largestGo[T], columns: columnsGo[T], running: runningGo[T],
		sparseRows: sparseRowsGo[T], sparseRowsPicked: sparseRowsPickedGo[T], sampled: sampledGo[T], pick: pickGo[T],
		splines: splinesGo[T], splineSlopes: splineSlopesGo[T], splineRows: splineRowsGo[T],
		adam: adamGo[T],
	}
}
