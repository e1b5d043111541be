package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"rpnc/graph"
)

// The format: eight bytes with the length of the header, little-endian; the header, JSON, with type,
// shape and place of every tensor; then the data, without gaps. It can be read by any program that
// knows safetensors, and by ours in one pass.
//
// A checkpoint is written to be read years later, after copies and crashes, so it is verified whole
// before anything of it is used: offsets must tile the data exactly, sizes must follow from shapes, and
// a checksum over the canonical header and the data must agree. The checksum is part of the metadata
// and taken without itself. It is of the canonical encoding, so a tool that rewrites the header's
// spaces does no harm and one that changes a number is noticed.
//
// Nothing is allocated by what a header says: a tensor's bytes are held against the file first.

// File is what a file holds.
//
// Tensors hold float64 and int32 values; the type of each says how wide they are in the file.
type File struct {
	Tensors map[string]*graph.Tensor
	Meta    map[string]string
}

// The keys of the header and of the metadata that this package writes itself.
const (
	metaEntry   = "__metadata__"
	keyFormat   = "format"
	keyChecksum = "sha256"
	keyConfig   = "config"
	keySeed     = "seed"
	formatName  = "rpnc/1"
)

// maxHeader bounds the header, as other readers of the format do.
const maxHeader = 100 << 20

// entry is one tensor in the header.
//
// Offsets are the first byte and the one behind the last, from the beginning of the data.
type entry struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// header is the JSON part, decoded. It is also what the checksum is taken of, so its encoding must not depend on how a
// file was spelt.
type header struct {
	tensors map[string]entry
	meta    map[string]string
}

// dtypeName is the name of an element type in the format.
func dtypeName(d graph.DType) string { return strings.ToUpper(d.String()) }

// Encode writes f as safetensors. Tensors of wide elements come first, so that all are aligned. Names and metadata must
// be valid UTF-8, and no tensor is called __metadata__.
func (f *File) Encode() ([]byte, error) {
	h := header{map[string]entry{}, map[string]string{keyFormat: formatName}}
	for k, v := range f.Meta {
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return nil, fmt.Errorf("checkpoint.Encode: metadata %q: %q is no valid UTF-8", k, v)
		}
		h.meta[k] = v
	}
	names := f.order()
	size := 0
	for _, name := range names {
		if name == metaEntry || !utf8.ValidString(name) {
			return nil, fmt.Errorf("checkpoint.Encode: a tensor cannot be called %q", name)
		}
		t := f.Tensors[name].Type
		h.tensors[name] = entry{dtypeName(t.DType), append([]int{}, t.Shape.Dims()...), [2]int{size, size + t.Bytes()}}
		size += t.Bytes()
	}
	data := make([]byte, 0, size)
	for _, name := range names {
		data = appendTensor(data, f.Tensors[name])
	}
	delete(h.meta, keyChecksum)
	h.meta[keyChecksum] = h.checksum(data)
	text := h.encode()
	// Spaces are part of the format: the data begin at a multiple of eight, as memory maps like it.
	text = append(text, strings.Repeat(" ", (8-len(text)%8)%8)...)
	out := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+len(text)+size), uint64(len(text)))
	return append(append(out, text...), data...), nil
}

// order lists the tensors in the order of their data.
//
// Equal contents give equal bytes: no order of a map shows.
func (f *File) order() []string {
	names := make([]string, 0, len(f.Tensors))
	for name := range f.Tensors {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := f.Tensors[names[i]].Type.DType.Size(), f.Tensors[names[j]].Type.DType.Size()
		return a > b || a == b && names[i] < names[j]
	})
	return names
}

// appendTensor appends the elements, row-major and little-endian.
func appendTensor(b []byte, t *graph.Tensor) []byte {
	for _, v := range t.I {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	for _, v := range t.F {
		if t.Type.DType == graph.F32 {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		} else {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	return b
}

// encode is the canonical JSON of a header: names in order, no space.
func (h header) encode() []byte {
	all := make(map[string]any, len(h.tensors)+1)
	for name, e := range h.tensors {
		all[name] = e
	}
	if len(h.meta) > 0 {
		all[metaEntry] = h.meta
	}
	text, _ := json.Marshal(all) // strings, integers and lists of them have a JSON form
	return text
}

// checksum is the SHA-256 of the canonical header without a checksum, and the data.
func (h header) checksum(data []byte) string {
	sum := sha256.New()
	sum.Write(h.encode())
	sum.Write(data)
	return hex.EncodeToString(sum.Sum(nil))
}

// Decode reads safetensors. Errors say what is broken: a length or offset outside the file, gaps or overlaps, element
// types that have no [graph.DType] and do not go into one without loss, integers beyond 32 bits, a checksum that does not
// agree. Files without metadata of this package have no checksum to agree with.
func Decode(file []byte) (*File, error) {
	if len(file) < 8 {
		return nil, fmt.Errorf("checkpoint.Decode: %d bytes; a safetensors file has at least 8", len(file))
	}
	n := binary.LittleEndian.Uint64(file)
	if n > maxHeader || n > uint64(len(file)-8) {
		return nil, fmt.Errorf("checkpoint.Decode: a header of %d bytes in a file of %d; the file is truncated or no safetensors", n, len(file))
	}
	h, err := decodeHeader(file[8 : 8+n])
	if err != nil {
		return nil, fmt.Errorf("checkpoint.Decode: header: %w", err)
	}
	data := file[8+n:]
	if err := h.verify(data); err != nil {
		return nil, fmt.Errorf("checkpoint.Decode: %w", err)
	}
	f := &File{Tensors: make(map[string]*graph.Tensor, len(h.tensors)), Meta: h.meta}
	for name, e := range h.tensors {
		if f.Tensors[name], err = e.tensor(data); err != nil {
			return nil, fmt.Errorf("checkpoint.Decode: tensor %q: %w", name, err)
		}
	}
	return f, nil
}

// decodeHeader reads the JSON. What the numbers in it mean is checked later, against the data.
func decodeHeader(text []byte) (header, error) {
	h := header{map[string]entry{}, map[string]string{}}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return h, err
	}
	for name, value := range raw {
		if name == metaEntry {
			if err := json.Unmarshal(value, &h.meta); err != nil {
				return h, fmt.Errorf("%s: %w", name, err)
			}
			continue
		}
		var e entry
		d := json.NewDecoder(bytes.NewReader(value))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			return h, fmt.Errorf("tensor %q: %w", name, err)
		}
		h.tensors[name] = e
	}
	if h.meta == nil {
		h.meta = map[string]string{}
	}
	return h, nil
}

// verify holds the header against the data, so that tensors can be read without a further check.
//
// Offsets sorted, each beginning where the one before ended, is the same as no gap and no overlap; O(n
// log n).
func (h header) verify(data []byte) error {
	list := make([]string, 0, len(h.tensors))
	for name, e := range h.tensors {
		if err := e.check(len(data)); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		list = append(list, name)
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := h.tensors[list[i]].Offsets, h.tensors[list[j]].Offsets
		return slices.Compare(a[:], b[:]) < 0 || a == b && list[i] < list[j]
	})
	// In order of offset, each must begin where the one before ends; empty tensors may share a place.
	end := 0
	for _, name := range list {
		if o := h.tensors[name].Offsets; o[0] != end {
			return fmt.Errorf("tensor %q begins at byte %d of the data; want %d, without gap or overlap", name, o[0], end)
		}
		end = h.tensors[name].Offsets[1]
	}
	if end != len(data) {
		return fmt.Errorf("the tensors take %d bytes, the file holds %d; it is truncated or has a tail", end, len(data))
	}
	return h.verifyChecksum(data)
}

// verifyChecksum wants files of this package to have the right checksum. One of the two keys is enough to ask for it, so
// that damage to the other does not pass for a file of another program.
func (h header) verifyChecksum(data []byte) error {
	want, has := h.meta[keyChecksum]
	if !has && h.meta[keyFormat] != formatName {
		return nil
	}
	delete(h.meta, keyChecksum)
	if got := h.checksum(data); got != want {
		return fmt.Errorf("checksum %.12q…, the contents have %.12q…; the file is damaged: want another copy", want, got)
	}
	return nil
}

// check wants a known element type, a shape that can exist, and the bytes for it within the data.
//
// The comparison of sizes cannot overflow, since a shape that Check passes has a size that fits.
func (e entry) check(size int) error {
	el, ok := elements[e.DType]
	if !ok {
		return fmt.Errorf("element type %q; want F32, F64, F16, BF16, I32 or I64", e.DType)
	}
	shape := graph.Sh(e.Shape...)
	if err := shape.Check(); err != nil {
		return err
	}
	begin, end := e.Offsets[0], e.Offsets[1]
	if begin < 0 || end < begin || end > size {
		return fmt.Errorf("bytes %d to %d of %d; the file is truncated or broken", begin, end, size)
	}
	if want := shape.Size() * el.size; end-begin != want {
		return fmt.Errorf("%d bytes for %s %v; want %d", end-begin, e.DType, shape, want)
	}
	return nil
}
