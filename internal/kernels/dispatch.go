package kernels

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
)

// forceTable is the environment variable that names the table to use.
const forceTable = "RPNC_KERNELS"

// table is one complete set of kernels.
type table struct {
	name string
	f32  *engine[float32]
	f64  *engine[float64]
}

var (
	// tables are those that this machine can run, the fastest first and plain Go
	// last.
	tables = append(assembly(), &table{"go", portable32(), portable64()})

	inUse    atomic.Pointer[table]
	choosing sync.Mutex
)

// Table names the kernels in use: avx512 or avx2 for assembly, go for plain Go.
// The fastest that the machine can run is chosen at first use, unless the
// environment variable RPNC_KERNELS names another. Sums may differ in their last
// bits from table to table; one table gives the same bits on every machine.
func Table() string {
	if t := inUse.Load(); t != nil {
		return t.name
	}
	return choose().name
}

// choose decides which table to use. A name that can not be honoured is worth a
// line on stderr: results differ in their last bits, and speed a lot.
func choose() *table {
	choosing.Lock()
	defer choosing.Unlock()
	if t := inUse.Load(); t != nil {
		return t
	}
	t, err := named(os.Getenv(forceTable))
	if err != nil {
		t = tables[0]
		fmt.Fprintf(os.Stderr, "kernels: %v; using %s\n", err, t.name)
	}
	inUse.Store(t)
	return t
}

// named finds a table by its name; the empty name asks for the fastest.
func named(name string) (*table, error) {
	if name == "" {
		return tables[0], nil
	}
	var names []string
	for _, t := range tables {
		if t.name == name {
			return t, nil
		}
		names = append(names, t.name)
	}
	return nil, fmt.Errorf("%s=%q names no kernels that this machine and build can run: %s",
		forceTable, name, strings.Join(names, ", "))
}
