package data

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
)

// openFile opens a file, through gzip where its first bytes say so; want says in words what should be there.
func openFile(op, path, want string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; want %s", op, err, want)
	}
	r, err := unzip(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %s: %w; want %s", op, path, err, want)
	}
	return struct {
		io.Reader
		io.Closer
	}{r, f}, nil
}

// unzip reads r through gzip where its first two bytes are those of gzip, which begin no other format of this package.
func unzip(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	// An error here comes again where the format is read, with a position.
	if head, _ := b.Peek(2); string(head) != "\x1f\x8b" {
		return b, nil
	}
	return gzip.NewReader(b)
}

// readFile opens a file and hands it to the reader of its format.
func readFile[T any](op, path, want string, read func(r io.Reader, name string) (T, error)) (T, error) {
	f, err := openFile(op, path, want)
	if err != nil {
		var none T
		return none, err
	}
	defer f.Close() // nothing was written, so there is nothing to learn from closing
	return read(f, path)
}

// binaryReader reads a binary file and knows where it is, for errors.
type binaryReader struct {
	op   string // whose error it is, such as data.ReadIDX
	name string // of the file
	r    io.Reader
	at   int64 // bytes read so far
}

// read fills p, which belongs to what.
func (b *binaryReader) read(p []byte, what string) error {
	n, err := io.ReadFull(b.r, p)
	b.at += int64(n)
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return b.errorf("the file ends in %s; want at least %d more bytes", what, len(p)-n)
	} else if err != nil {
		return b.errorf("%w", err)
	}
	return nil
}

// end fails where the file goes on: a length in its header is wrong then, or it is another file.
func (b *binaryReader) end() error {
	switch _, err := io.ReadFull(b.r, make([]byte, 1)); {
	case err == nil:
		return b.errorf("the file goes on behind the last value; want its end there")
	case err != io.EOF:
		return b.errorf("%w", err)
	}
	return nil
}

// errorf puts whose error it is, the file and the position before a message.
func (b *binaryReader) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %s: byte %d: %w", b.op, b.name, b.at, fmt.Errorf(format, args...))
}
