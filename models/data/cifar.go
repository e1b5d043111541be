package data

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
)

// The layout of CIFAR-10's binary version: a file is a row of records without any header, and a record is
//
//	offset  bytes  content
//	0       1      label 0…9
//	1       1024   red plane, 32 rows of 32 pixels
//	1025    1024   green plane
//	2049    1024   blue plane
//
// so that channels come first, as in Shape. A wrong file shows itself by a label beyond 9 or a length that is no multiple.

// cifarClasses are the classes of CIFAR-10 in the order of their labels.
var cifarClasses = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

// cifarPixels are the bytes of an image: the red plane, the green one, the blue one.
const cifarPixels = 3 * 32 * 32

// LoadCIFAR10 reads batches in CIFAR-10's binary format one after the other, such as data_batch_1.bin to
// data_batch_5.bin: for every image a label 0…9 and 3×32×32 bytes. Pixels are divided by 255, Shape is 3, 32, 32.
// [CIFAR10Scaling] then normalises the channels as is usual.
func LoadCIFAR10(batches ...string) (*Dataset, error) {
	const op = "data.LoadCIFAR10"
	if len(batches) == 0 {
		return nil, fmt.Errorf("%s: no files; want at least one, such as test_batch.bin", op)
	}
	d := &Dataset{Pixels: &Pixels{Bytes: make([]uint8, 0, cifarRoom(batches))}}
	for _, path := range batches {
		_, err := readFile(op, path, "a batch of CIFAR-10 (binary version) such as data_batch_1.bin", func(r io.Reader, name string) (*Dataset, error) {
			return d, readCIFAR10(&binaryReader{op: op, name: name, r: r}, d)
		})
		if err != nil {
			return nil, err
		}
	}
	return finishCIFAR10(d, batches[0])
}

// ReadCIFAR10 is [LoadCIFAR10] of one batch from any stream; name stands for the file in errors.
func ReadCIFAR10(r io.Reader, name string) (*Dataset, error) {
	d := &Dataset{Pixels: &Pixels{}}
	if err := readCIFAR10(&binaryReader{op: "data.ReadCIFAR10", name: name, r: r}, d); err != nil {
		return nil, err
	}
	return finishCIFAR10(d, name)
}

// cifarRoom is the number of pixels in the files, as far as their sizes tell, so that a large table need not move
// while it grows.
func cifarRoom(batches []string) int {
	size := int64(0)
	for _, path := range batches {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
	}
	return int(size / (1 + cifarPixels) * cifarPixels)
}

// readCIFAR10 appends the images of one file.
func readCIFAR10(b *binaryReader, d *Dataset) error {
	buffered := bufio.NewReader(b.r)
	b.r = buffered
	var record [1 + cifarPixels]byte
	for first := true; ; first = false {
		if _, err := buffered.Peek(1); err == io.EOF && !first {
			return nil
		}
		if err := b.read(record[:], fmt.Sprintf("image %d", d.Rows)); err != nil {
			return err
		}
		if record[0] > 9 {
			return b.errorf("image %d has label %d; want 0…9, each before its %d pixels", d.Rows, record[0], cifarPixels)
		}
		d.Labels = append(d.Labels, int32(record[0]))
		d.Pixels.Bytes = append(d.Pixels.Bytes, record[1:]...)
		d.Rows++
	}
}

// finishCIFAR10 fills in what every such set has.
func finishCIFAR10(d *Dataset, name string) (*Dataset, error) {
	d.Pixels = unitPixels(d.Rows, cifarPixels, d.Pixels.Bytes)
	d.Name, d.Cols, d.Shape, d.Classes = name, cifarPixels, []int{3, 32, 32}, slices.Clone(cifarClasses)
	return d.checked()
}
