// Package checkpoint saves models and brings them back, in the safetensors format.
//
// # Mental model
//
// A [File] is named tensors and metadata. [Save] writes all that a model's store holds (parameters, running
// statistics, and what training adds: moments, learning rate, step) with the model's configuration; [Load] reads a
// file, [File.Into] puts its tensors into a model, and [File.Spec] is the description of the model to make:
//
//	err := checkpoint.Save("net.safetensors", m, map[string]string{"epoch": "12"})
//
//	f, err := checkpoint.Load("net.safetensors")
//	spec, err := f.Spec()
//	m, err := models.New(spec, nil)
//	err = f.Into(m)
//
// A training that goes on from a checkpoint computes the same bits as one that never stopped.
//
// # The format
//
//	n, 8 bytes little-endian │ header, n bytes of JSON │ data, little-endian
//
// The header maps a name to {"dtype", "shape", "data_offsets": [begin, end]} and "__metadata__" to strings; tensors
// cover the data without gap or overlap. Other programs read these files and this package reads theirs, as far as
// their elements are F32, F64, I32, halves (F16 and BF16, which become F32), or I64 of small values: a state dict that
// PyTorch has saved goes into the model whose tensors have its names. Files of this package carry a checksum of all that
// they hold. A broken file is an error; reading one never takes more memory than a small multiple of its size.
//
// # What it may know
//
// Package models, what is below it, and models/config for the configuration in the metadata.
package checkpoint
