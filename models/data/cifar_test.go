package data_test

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"rpnc/models/data"
)

func TestCIFAR10BatchesFollowEachOther(t *testing.T) {
	image := func(label byte) []byte {
		b := make([]byte, 1+3072)
		b[0], b[1], b[1025], b[3072] = label, 255, 51, 102 // the first red and green pixel, the last blue one
		return b
	}
	one := write(t, "data_batch_1.bin", append(image(3), image(9)...))
	two := write(t, "data_batch_2.bin.gz", packed(t, image(0)))
	d, err := data.LoadCIFAR10(one, two)
	if err != nil {
		t.Fatal(err)
	}
	if d.Rows != 3 || d.Cols != 3072 || !reflect.DeepEqual(d.Shape, []int{3, 32, 32}) || !reflect.DeepEqual(d.Labels, []int32{3, 9, 0}) ||
		d.Classes[3] != "cat" || d.Row(2)[0] != 1 || d.Row(1)[1024] != 0.2 || d.Row(0)[3071] != 0.4 || d.Row(0)[1] != 0 {
		t.Errorf("%d×%d, shape %v, labels %v", d.Rows, d.Cols, d.Shape, d.Labels)
	}
	scaled, err := data.CIFAR10Scaling().Apply(d)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]float64{0: (1 - 0.4914) / 0.247, 1024: (0.2 - 0.4822) / 0.2435, 3071: (0.4 - 0.4465) / 0.2616} {
		if got := scaled.Row(0)[i]; math.Abs(got-want) > 1e-15 {
			t.Errorf("pixel %d is %v, want %v", i, got, want)
		}
	}
	for _, c := range []struct {
		content []byte
		want    string
	}{
		{nil, "f.bin: byte 0: the file ends in image 0; want at least 3073"},
		{append(image(1), 1, 2), "byte 3075: the file ends in image 1; want at least 3071"},
		{append(image(1), image(10)...), "byte 6146: image 1 has label 10; want 0…9"},
	} {
		d, err := data.ReadCIFAR10(bytes.NewReader(c.content), "f.bin")
		expect(t, d, err, c.want)
	}
	d, err = data.LoadCIFAR10()
	expect(t, d, err, "no files; want at least one")
	d, err = data.LoadCIFAR10(one, one+"x")
	expect(t, d, err, "want a batch of CIFAR-10")
}

func FuzzReadCIFAR10(f *testing.F) {
	f.Add(make([]byte, 3073))
	f.Add(bytes.Repeat([]byte{10}, 3073))
	f.Add(make([]byte, 3074))
	f.Fuzz(func(t *testing.T, content []byte) {
		var d *data.Dataset
		var err error
		frugally(t, len(content), func() { d, err = data.ReadCIFAR10(bytes.NewReader(content), "fuzz") })
		if err == nil && (d.Rows != len(content)/3073 || len(content)%3073 != 0 || d.Validate() != nil) {
			t.Fatalf("%d images of %d bytes, %v", d.Rows, len(content), d.Validate())
		}
	})
}
