package kernels

// Tables lists the names of the tables that this machine can run.
func Tables() (names []string) {
	for _, t := range tables {
		names = append(names, t.name)
	}
	return names
}

// UseTable makes the named table the one in use and returns what undoes this.
func UseTable(name string) (restore func()) {
	before := inUse.Load()
	t, err := named(name)
	if err != nil {
		panic(err)
	}
	inUse.Store(t)
	return func() { inUse.Store(before) }
}
