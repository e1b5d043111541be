package checkpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"rpnc/models"
)

// Keeper saves the latest state of a training in Path and those of single epochs beside it, the last few of them:
// net.safetensors and net.epoch-12.safetensors.
type Keeper struct {
	Path string
	Last int // epochs to keep; 0: only Path
}

// epochMark stands before the number in the names of files of single epochs.
const epochMark = ".epoch-"

// Save writes m, with meta, after an epoch, and removes the files of epochs that are not to be kept any more. Epochs
// that an earlier training has left count, too. Files of single epochs are written only for an epoch ≥ 1.
func (k Keeper) Save(m *models.Model, epoch int, meta map[string]string) error {
	f, err := Of(m, meta)
	if err != nil {
		return err
	}
	if k.Last > 0 && epoch > 0 {
		ext := filepath.Ext(k.Path)
		if err := f.Save(strings.TrimSuffix(k.Path, ext) + epochMark + strconv.Itoa(epoch) + ext); err != nil {
			return err
		}
	}
	// The latest state last: once it is there, everything is.
	if err := f.Save(k.Path); err != nil {
		return err
	}
	return k.prune()
}

// Epochs lists the epochs that have a file of their own, in rising order.
func (k Keeper) Epochs() (epochs []int, err error) {
	ext := filepath.Ext(k.Path)
	prefix := strings.TrimSuffix(filepath.Base(k.Path), ext) + epochMark
	files, err := os.ReadDir(filepath.Dir(k.Path))
	if err != nil {
		return nil, fmt.Errorf("checkpoint.Keeper: %w", err)
	}
	for _, f := range files {
		text, ok := strings.CutPrefix(f.Name(), prefix)
		if text, is := strings.CutSuffix(text, ext); ok && is {
			if n, err := strconv.Atoi(text); err == nil && n > 0 {
				epochs = append(epochs, n)
			}
		}
	}
	sort.Ints(epochs)
	return epochs, nil
}

// prune removes the oldest files beyond Last.
func (k Keeper) prune() error {
	if k.Last == 0 {
		return nil
	}
	epochs, err := k.Epochs()
	if err != nil {
		return err
	}
	ext := filepath.Ext(k.Path)
	for _, n := range epochs[:max(0, len(epochs)-k.Last)] {
		if err := os.Remove(strings.TrimSuffix(k.Path, ext) + epochMark + strconv.Itoa(n) + ext); err != nil {
			return fmt.Errorf("checkpoint.Keeper: %w", err)
		}
	}
	return nil
}
