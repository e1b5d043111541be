package data

import "fmt"

// Sparse is a table (Rows×Cols) in which most values are 0: row i has Values[k] in column Columns[k] for
// Start[i] ≤ k < Start[i+1], and 0 elsewhere. [Terms.Rows] makes such tables, which would take a hundred times the memory
// with their zeros.
type Sparse struct {
	Rows, Cols int
	Start      []int   // Rows+1 numbers that do not fall, from 0
	Columns    []int32 // rising within a row
	Values     []float64
}

// Validate reports the first thing that does not fit together.
func (s *Sparse) Validate() error {
	if s.Rows < 0 || s.Cols < 1 || len(s.Start) != s.Rows+1 || s.Start[0] != 0 || s.Start[s.Rows] != len(s.Values) || len(s.Columns) != len(s.Values) {
		return fmt.Errorf("data.Sparse: %d×%d, %d starts, %d columns, %d values; want rows+1 starts from 0 to the number of values, and as many columns",
			s.Rows, s.Cols, len(s.Start), len(s.Columns), len(s.Values))
	}
	for i := range s.Rows {
		lo, hi := s.Start[i], s.Start[i+1]
		if lo > hi || hi > len(s.Values) {
			return fmt.Errorf("data.Sparse: row %d is %d…%d; want starts that do not fall", i, lo, hi)
		}
		before := int32(-1)
		for _, j := range s.Columns[lo:hi] {
			if j <= before || int(j) >= s.Cols {
				return fmt.Errorf("data.Sparse: row %d has column %d behind %d; want rising columns below %d", i, j, before, s.Cols)
			}
			before = j
		}
	}
	return nil
}

// GatherSparse writes rows of s with their zeros to dst (len(rows)×Cols), as [Gather] does for a table without holes:
// a batch of a table that would not fit into memory. It fails as Gather does; s must be valid.
//
// The destination is cleared as a whole: a row has few values, and what the last batch left elsewhere
// in the buffer would be taken for features.
func GatherSparse[D Number](dst []D, s *Sparse, rows []int) error {
	if s.Cols < 1 || len(s.Start) != s.Rows+1 || !isTable(len(dst), len(rows), s.Cols) {
		return fmt.Errorf("data.GatherSparse: room for %d values; want %d rows of %d", len(dst), len(rows), s.Cols)
	}
	clear(dst) // buffers are used again and again
	for i, r := range rows {
		if r < 0 || r >= s.Rows {
			return fmt.Errorf("data.GatherSparse: row %d of %d; want rows 0…%d", r, s.Rows, s.Rows-1)
		}
		to := dst[i*s.Cols : (i+1)*s.Cols]
		for k := s.Start[r]; k < s.Start[r+1]; k++ {
			to[s.Columns[k]] = D(s.Values[k])
		}
	}
	return nil
}

// Dense returns the table with its zeros, Rows·Cols values. It fails where s is not valid or the table has more than most
// values; most 0 means 2²⁷, a gigabyte.
func (s *Sparse) Dense(most int) ([]float64, error) {
	if most == 0 {
		most = 1 << 27
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	// Dividing instead of multiplying cannot overflow.
	if s.Rows > most/s.Cols {
		return nil, fmt.Errorf("data.Sparse.Dense: %d×%d values with their zeros; want at most %d: gather batches, take fewer rows or terms, or raise the limit", s.Rows, s.Cols, most)
	}
	return s.dense(0, s.Rows), nil
}

// dense returns the rows lo … hi−1 of a valid table with their zeros.
func (s *Sparse) dense(lo, hi int) []float64 {
	x := make([]float64, (hi-lo)*s.Cols)
	for i := lo; i < hi; i++ {
		for k := s.Start[i]; k < s.Start[i+1]; k++ {
			x[(i-lo)*s.Cols+int(s.Columns[k])] = s.Values[k]
		}
	}
	return x
}

// pick copies rows of a valid table, in the given order.
func (s *Sparse) pick(rows []int) (*Sparse, error) {
	p := &Sparse{Rows: len(rows), Cols: s.Cols, Start: make([]int, 1, len(rows)+1)}
	for _, r := range rows {
		if r < 0 || r >= s.Rows {
			return nil, fmt.Errorf("data.Sparse: row %d of %d; want rows 0…%d", r, s.Rows, s.Rows-1)
		}
		p.Columns = append(p.Columns, s.Columns[s.Start[r]:s.Start[r+1]]...)
		p.Values = append(p.Values, s.Values[s.Start[r]:s.Start[r+1]]...)
		p.Start = append(p.Start, len(p.Values))
	}
	return p, nil
}

// Table makes a set of texts, with sparse rows of the given terms.
func (x *Texts) Table(t *Terms) (*Dataset, error) {
	d := &Dataset{Name: x.Name, Rows: len(x.Docs), Cols: len(t.Names), Sparse: t.Rows(x.Docs), Columns: t.Names, Labels: x.Labels, Classes: x.Classes}
	return d.checked()
}
