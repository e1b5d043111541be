package kernels

// The gradient of a weight is a long sum with a small result: C = xᵀ·dy over all rows of a batch. Cut
// like other products, every block of C reads long stretches of A and B again, and memory is what bounds
// such a product. So the sum is cut instead:
//
//	C = Σ_s A[:, s-th part]·B[s-th part, :] + what is left of the terms,  s < longParts
//
// with each part read by one core. The parts depend on the shape alone and are added up in order, so
// that C has the same bits for any number of cores.
const (
	longSum    = 4096    // terms from which a sum is cut
	longParts  = 8       // parts of a sum
	longResult = 1 << 14 // elements of C up to which parts of it cost little
)

// isLong says that the sums of the product are cut.
func (p *product[T]) isLong() bool {
	return p.batch == 1 && p.k >= longSum && p.m*p.n <= longResult
}

// long computes the product as a batch of parts of its sums.
func (p *product[T]) long() {
	e := engineOf[T]()
	s := e.scratch.Get()
	if s == nil {
		s = new(scratch[T])
	}
	q, parts := *p, longParts
	if p.streams() {
		q.streamed, parts = true, streamParts
	}
	k, size := p.k/parts, p.m*p.n
	s.parts = atLeast(s.parts, parts*size)
	q.batch, q.k, q.bsA, q.bsB = parts, k, k*p.csA, k*p.rsB
	q.c, q.ldc, q.bsC = s.parts[:parts*size], p.n, size
	turned, sums := p.streams() && p.turns(), s.parts
	if turned {
		q.m, q.n, q.ldc = p.n, p.m, p.m
		q.a, q.rsA, q.csA, q.bsA, q.b, q.rsB, q.csB, q.bsB = p.b, 1, p.rsB, q.bsB, p.a, p.csA, 1, q.bsA
	}
	q.accumulate, q.then, q.relu = false, nil, false
	q.start()
	for i := 1; i < parts; i++ {
		e.add(s.parts[:size], s.parts[:size], s.parts[i*size:][:size])
	}
	if turned {
		sums = s.parts[size:]
		e.transposeTo(sums, s.parts, p.n, p.m, p.n, p.m)
	}
	for i := range p.m {
		row, sum := p.c[i*p.ldc:][:p.n], sums[i*p.n:][:p.n]
		if p.accumulate {
			e.add(row, row, sum)
		} else {
			copy(row, sum)
		}
	}
	e.scratch.Put(s)
	if done := parts * k; done < p.k {
		q = *p
		q.k, q.a, q.b = p.k-done, p.a[done*p.csA:], p.b[done*p.rsB:]
		q.accumulate, q.then, q.relu = true, nil, false
		q.compute()
	}
	p.finish(0, 0, p.m, 0, p.n)
}
