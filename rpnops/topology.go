package rpnops

// ChainTopology is a chain of nodes 0…Length−1 with a link from each to the next and, in a chain of both directions,
// back.
type ChainTopology struct {
	Length        int  `yaml:"length" rpn:"required,min=1"`
	BiDirectional bool `yaml:"bi_directional"`
}

// Check says whether the chain can exist: one node or more, and no more than a table may have.
func (c ChainTopology) Check() error {
	if c.Length < 1 {
		return errorf("ChainTopology", "length %d; want 1 or more", c.Length)
	}
	return atMost("ChainTopology", "length", c.Length, mostPoints)
}

// Size is the number of links as they are stored: one for each pair of neighbours, whatever the directions.
func (c ChainTopology) Size() int { return max(0, c.Length-1) }

// matrix is the shift S with S[i, i+1] = 1, S + Sᵀ for both directions; self is added on the diagonal. Columns of a row
// are added in rising order, which csr likes.
func (c ChainTopology) matrix(self float64) *csr {
	m := newCSR(c.Length, c.Length)
	for i := range c.Length {
		if c.BiDirectional && i > 0 {
			m.add(i, i-1, 1)
		}
		if self != 0 {
			m.add(i, i, self)
		}
		if i+1 < c.Length {
			m.add(i, i+1, 1)
		}
	}
	return m
}

// CacheFlags are switches of the reference that make it compute a constant matrix anew in every run. They are read
// and have no effect: here the matrix is a constant of the program.
type CacheFlags struct {
	RequireData       bool `yaml:"require_data"`
	RequireParameters bool `yaml:"require_parameters"`
}
