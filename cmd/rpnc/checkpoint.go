package main

import (
	"encoding/json"
	"fmt"

	"rpnc/models"
	"rpnc/models/checkpoint"
)

// What a command needs of a checkpoint beside the model: how rows are to be prepared (under data),
// what the training was told (under train), and the configuration if there was one (under run). They
// are JSON and YAML in the metadata, strings by key, so that a checkpoint of another program, which
// lacks them, is still a model, and is told what is missing where it is needed.

// The keys of a checkpoint's metadata that rpnc train adds.
const (
	prepareKey = "data"  // prepared
	trainKey   = "train" // settings
)

// readMeta decodes the metadata under a key.
func readMeta(meta map[string]string, key string, v any) error {
	text, ok := meta[key]
	if !ok {
		return fmt.Errorf("the metadata have no %q; want a checkpoint that rpnc train wrote", key)
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("metadata %q: %w", key, err)
	}
	return nil
}

// openPrepared makes the model of a checkpoint, and says how its rows are to be prepared.
func openPrepared(file string, o *models.Options) (m *models.Model, meta map[string]string, p prepared, err error) {
	if file == "" {
		return nil, nil, p, usagef("no checkpoint; give one with -m FILE")
	}
	m, meta, err = open(file, o)
	if err != nil {
		return nil, nil, p, err
	}
	if err := readMeta(meta, prepareKey, &p); err != nil {
		return nil, nil, p, fmt.Errorf("%s: %w", file, err)
	}
	return m, meta, p, nil
}

// open makes the model of a checkpoint.
func open(file string, o *models.Options) (*models.Model, map[string]string, error) {
	f, err := checkpoint.Load(file)
	if err != nil {
		return nil, nil, err
	}
	spec, err := f.Spec()
	if err == nil {
		o.Seed, err = f.Seed()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	o.Paths = true
	var p prepared
	if readMeta(f.Meta, prepareKey, &p) == nil {
		o.Rows = p.Together // a graph fixes the rows of its model
	}
	m, err := models.New(spec, o)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	if err := f.Into(m); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, f.Meta, nil
}
