package checkpoint

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// abandoned is how long nobody has written to a temporary file before it is taken for that of a dead writer, where the file
// system does not say so (see hold). A live one writes all the time but for the moment of forcing the file to the disk. A writer that was stopped for longer fails
// when it goes on, and the file under the name is whole all the same.
const abandoned = 15 * time.Minute

// replace writes a temporary file beside path, forces it to the disk and gives it the name.
func replace(path string, data []byte) error {
	t, mark, err := create(path)
	if err != nil {
		return err
	}
	if mark != nil {
		defer mark.Close()
	}
	// CreateTemp gives the file to its owner alone; a model is as readable as other files.
	_, err = t.Write(data)
	err = errors.Join(err, t.Chmod(0o644), t.Sync())
	info, unknown := t.Stat()
	err = errors.Join(err, unknown, t.Close())
	if err == nil {
		err = os.Rename(t.Name(), path)
	}
	if err != nil {
		os.Remove(t.Name()) // what is left of it; the first error is the one that matters
		return err
	}
	syncDir(filepath.Dir(path))
	sweep(path, info.ModTime())
	return nil
}

// create makes a temporary file for path, marked as that of a live writer where that can be; else mark is nil.
func create(path string) (t *os.File, mark io.Closer, err error) {
	for {
		if t, err = os.CreateTemp(filepath.Dir(path), temporary(path)+"*"); err != nil {
			return nil, nil, err
		}
		if mark, err = hold(t.Name()); err != nil && !errors.Is(err, os.ErrNotExist) {
			return t, nil, nil
		}
		if _, err = os.Lstat(t.Name()); err == nil {
			return t, mark, nil
		}
		// A sweeper came between the making and the marking, and has taken it for one of a dead writer.
		t.Close()
		if mark != nil {
			mark.Close()
		}
	}
}

// temporary is how the names of temporary files for path begin; digits follow.
func temporary(path string) string { return "." + filepath.Base(path) + ".tmp-" }

// sweep removes the temporary files for path that were abandoned. now is the time at which a file there was just written:
// by the clock of the file system, which is not always that of this machine. Nothing depends on success, and another
// writer may well be sweeping, too.
func sweep(path string, now time.Time) {
	dir := filepath.Dir(path)
	files, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, f := range files {
		number, is := strings.CutPrefix(f.Name(), temporary(path))
		if !is || number == "" || strings.Trim(number, "0123456789") != "" || !f.Type().IsRegular() {
			continue
		}
		name := filepath.Join(dir, f.Name())
		mark, gone, known := dead(name)
		if info, err := f.Info(); err == nil && !known {
			gone = now.Sub(info.ModTime()) > abandoned
		}
		if gone {
			os.Remove(name)
		}
		if mark != nil {
			mark.Close()
		}
	}
}

// syncDir makes a rename last. Not every file system can do it, and the file is whole in any case.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
