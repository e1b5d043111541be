package data

import "fmt"

// ImageSet is the recipe of MNIST, Fashion-MNIST and CIFAR-10.
type ImageSet struct {
	Set      string // mnist, fashion_mnist or cifar10
	Batching `yaml:",inline"`
	Raw      bool `yaml:"with_transformation,not"` // pixels in [0, 1], not brought to mean 0 and deviation 1
}

// imageEntries are the sets of images.
var imageEntries = []Entry{
	{"mnist", "60,000 + 10,000 handwritten digits, 28×28", "a folder with the four IDX files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and " +
		"t10k-labels-idx1-ubyte (or .gz), as Y. LeCun, C. Cortes and C. Burges publish MNIST", ImageSet{Set: "mnist", Batching: usual}},
	{"fashion_mnist", "60,000 + 10,000 pieces of clothing, 28×28", "a folder with the four IDX files of Fashion-MNIST, which have the names of MNIST's, as Zalando Research publishes " +
		"them and as the Debian package dataset-fashion-mnist holds them", ImageSet{Set: "fashion_mnist", Batching: usual}},
	{"cifar10", "50,000 + 10,000 colour images, 3×32×32", "a folder with data_batch_1.bin to data_batch_5.bin and test_batch.bin, the binary version of CIFAR-10 that A. Krizhevsky " +
		"publishes", ImageSet{Set: "cifar10", Batching: usual}},
}

// fashionClasses are the classes of Fashion-MNIST in the order of their labels.
var fashionClasses = []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}

// Load implements [Loader].
func (s ImageSet) Load(path string) (*Parts, error) {
	var train, test *Dataset
	var err error
	var scaling Scaling
	switch s.Set {
	case "mnist", "fashion_mnist":
		scaling = MNISTScaling()
		train, err = s.idx(path, "train")
		if err == nil {
			test, err = s.idx(path, "t10k")
		}
	case "cifar10":
		scaling = CIFAR10Scaling()
		train, err = s.cifar(path, "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin")
		if err == nil {
			test, err = s.cifar(path, "test_batch.bin")
		}
	default:
		err = fmt.Errorf("data.ImageSet: no set %s; want mnist, fashion_mnist or cifar10", short(s.Set))
	}
	if err != nil {
		return nil, err
	}
	if train, err = s.ready(train, scaling); err != nil {
		return nil, err
	}
	if test, err = s.ready(test, scaling); err != nil {
		return nil, err
	}
	return s.parts(train, test), nil
}

// ready names a part and scales it, unless the pixels are to be raw.
func (s ImageSet) ready(d *Dataset, scaling Scaling) (*Dataset, error) {
	// A right file of another set: the scaling would not fit it.
	if d.Cols != len(scaling.Shift) {
		return nil, d.errorf("images of shape %v; want %d pixels, as %s has", d.Shape, len(scaling.Shift), s.Set)
	}
	d.Name = s.Set
	if s.Raw {
		return d, nil
	}
	return scaling.Apply(d)
}

// idx loads one part of MNIST or its likes; files are named with - or . before idx.
func (s ImageSet) idx(path, part string) (*Dataset, error) {
	images, err := find(s.Set, path, part+"-images-idx3-ubyte", part+"-images.idx3-ubyte")
	if err != nil {
		return nil, err
	}
	labels, err := find(s.Set, path, part+"-labels-idx1-ubyte", part+"-labels.idx1-ubyte")
	if err != nil {
		return nil, err
	}
	// Named here rather than counted: a part without the last class still has it.
	classes := numbered(10)
	if s.Set == "fashion_mnist" {
		classes = append([]string(nil), fashionClasses...)
	}
	return LoadIDXImages(images, labels, classes)
}

// cifar loads batches of CIFAR-10.
func (s ImageSet) cifar(path string, names ...string) (*Dataset, error) {
	files := make([]string, len(names))
	for i, name := range names {
		file, err := find(s.Set, path, name)
		if err != nil {
			return nil, err
		}
		files[i] = file
	}
	return LoadCIFAR10(files...)
}
