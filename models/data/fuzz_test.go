package data_test

import (
	"bytes"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"rpnc/models/data"
)

// frugally runs a reader on an input of so many bytes and fails where it allocates more than 16 times that and 256 KiB, for
// buffers, all in all. A length in a header, or anything else that is said and not there, must not decide about memory.
func frugally(t *testing.T, size int, read func()) {
	t.Helper()
	most := 16*uint64(size) + 1<<18
	var used uint64
	// The runtime allocates now and then for itself: only what is used twice is the reader's.
	for range 2 {
		before := allocated()
		read()
		if used = allocated() - before; used <= most {
			return
		}
	}
	t.Fatalf("%d bytes allocated for an input of %d; want at most %d", used, size, most)
}

// allocated counts bytes from the start of the program.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// FuzzLoadCSV holds four things for any bytes: no panic, memory in proportion, an error or a valid set, and a set that is
// read back the same from what [writeCSV] makes of it.
func FuzzLoadCSV(f *testing.F) {
	for _, text := range []string{
		"a,b,kind\n1,2,x\n3,4,y\n", "1;2;0\n3;4;1\n", "\ufeff1,\"a \"\"b\"\"\"\r\n\r\n2,c", "1,NaN,x\n", "\"", "1,2\n1\n",
		",,\n", "1e999,x\n", "0x1p-3,-0,x", "a\n1\n", "1,\x00\n1,\xff\n", "1,\"x\"y\n", "2,2\n2,0\n2,1", strings.Repeat("1,", 100),
	} {
		for kind := range byte(3) {
			f.Add([]byte(text), kind, byte(0), byte(','))
		}
		f.Add([]byte(text), byte(0), byte(1), byte(';'))
	}
	// Short cells without end, in a header and in a row.
	f.Add([]byte(strings.Repeat("8", 4000)), byte(0), byte(0), byte('8'))
	f.Add([]byte("0"+strings.Repeat("8,", 2000)), byte(2), byte(0), byte(','))
	f.Fuzz(func(t *testing.T, text []byte, kind, header, comma byte) {
		opts := &data.CSVOptions{Kind: data.Kind(kind), Header: data.Header(header), Comma: comma, MaxLine: 1 << 12}
		var d *data.Dataset
		var err error
		frugally(t, len(text), func() { d, err = data.ReadCSV(bytes.NewReader(text), "fuzz", opts) })
		if err != nil {
			if d != nil {
				t.Fatalf("a set beside the error %v", err)
			}
			return
		}
		if err := d.Validate(); err != nil || d.Rows < 1 {
			t.Fatalf("%d rows, %v", d.Rows, err)
		}
		again, err := data.ReadCSV(strings.NewReader(writeCSV(d)), "fuzz",
			&data.CSVOptions{Kind: opts.Kind, Header: data.HeaderNo, Classes: d.Classes})
		if err != nil {
			t.Fatalf("%v, reading back\n%s", err, writeCSV(d))
		}
		again.Columns = d.Columns
		if !reflect.DeepEqual(d, again) {
			t.Fatalf("read back %+v\nwrote     %+v", again, d)
		}
	})
}

// writeCSV writes a set without a header, targets last.
func writeCSV(d *data.Dataset) string {
	var b strings.Builder
	for i := range d.Rows {
		for j, x := range d.Row(i) {
			fmt.Fprint(&b, strings.Repeat(",", min(j, 1)), x)
		}
		if d.Labels != nil {
			fmt.Fprintf(&b, `,"%s"`, strings.ReplaceAll(d.Classes[d.Labels[i]], `"`, `""`))
		}
		for _, y := range d.Y[i*d.YCols : (i+1)*d.YCols] {
			fmt.Fprint(&b, ",", y)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
