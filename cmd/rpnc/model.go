package main

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/config"
	"rpnc/models/data"
	"rpnc/ops/cuda"
	"rpnc/rpnops"
)

// What a command computes and on what. The built-in models take their sizes from the data: image models
// the channels, height and width of Shape, row models the number of columns, and all of them as many
// outputs as there are classes or target columns. Their epochs, batches and rates suit the built-in data; they are
// starting points, which flags override one by one.

// choice is a model with the training that suits it.
//
// lr is for AdamW with a cosine schedule.
type choice struct {
	spec   models.Spec
	epochs int
	batch  int
	lr     float64
}

// builtinModels are the models that adapt themselves to the data.
var builtinModels = []string{"cnn", "gat", "gcn", "mlp", "rnn", "transformer"}

// modelFlag is the help of -model.
const modelFlag = "model: cnn, mlp, rnn, transformer, gcn or gat for graphs, or FILE.yaml (default: cnn for images, mlp for other rows)"

// choose makes the model called name for data of the shape of d; "" is the one that suits the data best.
//
// A name that is none of the models is the path of a file.
func choose(name string, d *data.Dataset) (choice, error) {
	out := max(len(d.Classes), d.YCols)
	if name == "" {
		name = "mlp"
		if len(d.Shape) == 3 {
			name = "cnn"
		}
	}
	product := models.Product{EnableBias: true}
	switch name {
	case "cnn":
		if len(d.Shape) != 3 {
			return choice{}, usagef("-model cnn: the rows of %s are %d columns and no image; want -model mlp, or -data digits", d.Name, d.Cols)
		}
		return choice{convolutional(d.Shape, out), 10, 64, 0.003}, nil
	case "mlp":
		return choice{models.MLP{Dims: []int{d.Cols, 32, out}, Product: product, Finish: models.Finish{WithRelu: true}, Plain: true}, 40, 16, 0.01}, nil
	case "rnn":
		length := d.Cols
		if len(d.Shape) > 1 {
			length = d.Shape[len(d.Shape)-2] // a line of the image after the other
		}
		return choice{models.RNN{Length: length, Dims: []int{d.Cols / length, 64, out}, Product: product,
			ChainOptions: models.ChainOptions{WithMultihop: true, H: rpnops.Some(2), Accumulative: true}, Finish: models.Finish{WithRelu: true}}, 40, 64, 0.01}, nil
	case "transformer":
		return choice{models.Transformer{Dims: []int{d.Cols, 32}, FCDims: []int{out}, Product: product, WithResidual: true,
			Attention: models.Attention{WithLoRRXi: true}, Finish: models.Finish{WithRelu: true}}, 20, 64, 0.005}, nil
	}
	if c, ok := chooseGraph(name, d.Cols, out); ok {
		return c, nil
	}
	spec, err := loadSpec(name)
	return usualFor(spec, d.Rows), err
}

// usualFor is the training of a model of the user's: few rows take more and shorter steps, so that there are some hundred.
func usualFor(spec models.Spec, rows int) choice {
	if rows < 1000 {
		return choice{spec, 40, 16, 0.01}
	}
	return choice{spec, 20, 64, 0.003}
}

// convolutional is a network of 3×3 patches on an image of the given channels, height and width.
//
// Two stages of 3×3 patches with 16 and 32 channels, each followed by a pooling by 2, and 64 hidden
// units.
func convolutional(shape []int, out int) models.Spec {
	one, two := models.Int(1), models.Int(2)
	return models.CNN{
		Patching:    models.Patching{H: shape[1], W: shape[2], PH: one, PW: one, PD: models.Int(0), CDH: one, CDW: one, CDD: one},
		PoolCDH:     two,
		PoolCDW:     two,
		ChannelNums: []int{shape[0], 16, 32}, FCDims: []int{64, out},
		Product: models.Product{EnableBias: true}, WithBatchNorm: true, WithRelu: true,
	}
}

// loadSpec reads a model from a YAML or JSON file: the model itself, or a whole configuration with model_configs, of which
// the rest is checked too.
func loadSpec(file string) (models.Spec, error) {
	if ext := filepath.Ext(file); !slices.Contains([]string{".yaml", ".yml", ".json"}, ext) {
		return nil, usagef("-model: %q is neither a model nor the path of a .yaml file%s", file, suggest(file, builtinModels))
	}
	r, err := config.LoadRun(file)
	if err != nil {
		return nil, err
	}
	return r.Model, nil
}

// machine says what a model runs on.
//
// It is embedded by every command that compiles, so that these flags are the same everywhere.
type machine struct {
	device   string
	require  bool
	vm       string
	math     string
	products string
	f64      bool
}

// register declares the flags of the machine.
func (m *machine) register(fs *flag.FlagSet) {
	fs.StringVar(&m.device, "device", "cpu", "device: cpu or cuda")
	fs.BoolVar(&m.require, "require-device", false, "fail where the device is not to be had, instead of going on on the CPU")
	fs.StringVar(&m.vm, "vm", "auto", "executor: tape (gorgonia's TapeMachine), plan, or auto")
	fs.StringVar(&m.math, "math", "f32", "products of float32 on a GPU: f32 (exact), tf32 or bf16 (tensor cores)")
	fs.StringVar(&m.products, "products", "size", "who multiplies on a GPU: own (our kernels), cublas, size (cuBLAS does large products if it is there) or fastest (by trial; other runs may give other bits)")
	fs.BoolVar(&m.f64, "f64", false, "compute in float64 instead of float32")
}

// options are those of models, once it is settled what they run on. A device that is not there is told in a line.
//
// Wrong values of flags are found before the device is opened, which may take seconds.
func (m *machine) options(w io.Writer, seed uint64) (*models.Options, error) {
	vms := map[string]compile.VM{"auto": compile.Auto, "tape": compile.Tape, "plan": compile.Plan}
	vm, ok := vms[m.vm]
	if !ok {
		return nil, usagef("-vm %q is unknown; want auto, tape or plan", m.vm)
	}
	maths, err := cuda.ParseMath(m.math)
	if err != nil {
		return nil, usagef("-math %q is unknown; want f32, tf32 or bf16", m.math)
	}
	products, err := cuda.ParseProducts(m.products)
	if err != nil {
		return nil, usagef("-products %q is unknown; want own, cublas, size or fastest", m.products)
	}
	if m.device == "cpu" && (m.math != "f32" || m.products != "size") {
		return nil, usagef("-math and -products are about products on a GPU; leave them out or add -device cuda")
	}
	device, err := m.settle(w)
	if err != nil {
		return nil, err
	}
	o := &models.Options{Seed: seed, Compile: &compile.Options{VM: vm, Device: device, Math: maths, Products: products}}
	if m.f64 {
		o.DType = graph.F64
	}
	return o, nil
}

// settle says what the program runs on: the device asked for, or the CPU where it is not to be had, with the reason.
//
// Without -require-device a machine that has no GPU computes the same on its CPU, only slower; with it
// a script never takes minutes for what should take seconds without noticing.
func (m *machine) settle(w io.Writer) (string, error) {
	switch m.device {
	case "cpu":
		return "cpu", nil
	case "cuda":
	default:
		return "", usagef("-device %q is unknown; want cpu or cuda", m.device)
	}
	dev, err := cuda.Open()
	switch {
	case err == nil:
		fmt.Fprintln(w, "cuda: "+dev.Name())
		return "cuda", nil
	case m.require:
		return "", fmt.Errorf("-device cuda: %w; leave out -require-device to go on on the CPU", err)
	}
	fmt.Fprintf(w, "cuda: %v; going on on the CPU\n", err)
	return "cpu", nil
}
