package rpnops

// What a setting may ask for. A wrong digit in a configuration must end in a message, not in a program that builds for
// hours or eats the memory of the machine. The bounds are far above what models use, and concern only what is made while
// a graph is built: tensors may be larger, because many are never formed.
const (
	mostTerms  = 1 << 12   // of a series: every one is a node, or a step of a loop
	mostPoints = 1 << 20   // of a grid, a basis, a rank: every one is a number of a table
	mostPlaces = 1 << 25   // columns of patches or tuples: every one is an index of a table
	mostWide   = 1<<31 - 1 // columns of a result

	mostNumbers = 1<<48 - 1 // of a tensor, formed or not; see [graph.Shape.Check]
)

// atMost is an error where a setting is larger than most.
func atMost(name, setting string, n, most int) error {
	if n > most {
		return errorf(name, "%s = %d; want at most %d", setting, n, most)
	}
	return nil
}

// width is the product of factors, none of which is negative: a number of columns, or an error where an index could not
// count them.
func width(name string, factors ...int) (int, error) {
	n, ok := boundedProduct(mostWide, factors...)
	if !ok {
		return 0, errorf(name, "the result has over 2³¹ columns, a product of %v; want smaller settings or fewer columns", factors)
	}
	return n, nil
}

// boundedProduct multiplies numbers of 0 and more; ok is false where the product exceeds most.
func boundedProduct(most int, factors ...int) (n int, ok bool) {
	n = 1
	for _, f := range factors {
		if f > 0 && n > most/f {
			return 0, false
		}
		n *= f
	}
	return n, true
}
