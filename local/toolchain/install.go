package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// folder is a folder of the cache that is made as a whole or not at all.
type folder struct {
	name   string // names the lock and the work folder
	dir    string
	inputs string // fingerprint of what it is made from
	origin Origin
	// fill puts the content into a new, empty folder. What it needs on the way it may put beside that folder.
	fill func(ctx context.Context, dir string) error
	// inPlace fills the final folder itself, for content that knows its own path and cannot be moved. It then counts
	// as made only once it is stamped.
	inPlace bool
	// needs are files, below or outside the folder, without which it is of no use.
	needs []string
}

// ready tells whether the folder is there, whole, and made from the same inputs.
func (f folder) ready() bool {
	s, ok := readStamp(f.dir)
	if !ok || s.Inputs != f.inputs || !s.whole(f.dir) {
		return false
	}
	for _, file := range f.needs {
		if _, err := os.Stat(file); err != nil {
			return false
		}
	}
	return true
}

// install makes the folder unless it is there. Only one process at a time does so; the others wait and then find it.
func (p Paths) install(ctx context.Context, t task, f folder) error {
	ctx, release, err := p.lock(ctx, t, f.name)
	if err != nil {
		return err
	}
	defer release()
	if f.ready() {
		return nil
	}
	return p.put(ctx, t, f)
}

// put makes the folder and replaces what was there. The caller holds the lock. An interruption leaves nothing that
// could be taken for the finished folder.
func (p Paths) put(ctx context.Context, t task, f folder) error {
	if err := t.clearLog(); err != nil {
		return err
	}
	base := filepath.Join(p.Cache, "tmp", f.name)
	work := filepath.Join(base, "new")
	if f.inPlace {
		base, work = f.dir, f.dir
	}
	// An earlier process that was killed may have left something. The lock is held, so nobody else's work is in there.
	if err := os.RemoveAll(base); err != nil {
		return err
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	err := f.make(ctx, work)
	if f.inPlace && err == nil {
		return nil
	}
	// A failure to clean up is not worth hiding the failure itself: the next attempt cleans up again.
	return errors.Join(err, os.RemoveAll(base))
}

func (f folder) make(ctx context.Context, work string) error {
	if err := f.fill(ctx, work); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s := stamp{Inputs: f.inputs, Origin: f.origin, Made: time.Now().UTC()}
	if f.inPlace {
		return writeStamp(work, s)
	}
	var err error
	if s.Files, err = fileSizes(work); err != nil {
		return err
	}
	if err := writeStamp(work, s); err != nil {
		return err
	}
	return replace(work, f.dir)
}

// replace renames a folder to its final name and removes what had that name before.
func replace(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	old := from + ".old"
	err := os.Rename(to, old)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("moving the old version away: %w", err)
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return os.RemoveAll(old)
}
