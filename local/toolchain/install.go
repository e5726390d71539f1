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
	name   string // names the lock
	dir    string
	inputs string // fingerprint of what it is made from
	origin Origin
	// fill puts the content into a new, empty folder.
	fill func(ctx context.Context, dir string) error
	// place moves the filled folder to where it belongs; a rename when unset.
	place func(ctx context.Context, dir string) error
	// inPlace fills the final folder itself, for content that knows its own path and cannot be moved. It then counts
	// as made only once it is stamped.
	inPlace bool
}

// ready tells whether the folder is there, made from the same inputs.
func (f folder) ready() bool {
	s, ok := readStamp(f.dir)
	return ok && s.Inputs == f.inputs
}

// install makes the folder unless it is there. Only one process at a time does so; the others wait and then find it.
// An interrupted one leaves nothing that could be taken for the finished folder.
func (p Paths) install(ctx context.Context, t task, f folder) error {
	release, err := p.lock(ctx, t, f.name)
	if err != nil {
		return err
	}
	defer release()
	if f.ready() {
		return nil
	}
	work, err := p.workDir(f)
	if err != nil {
		return err
	}
	if err := f.make(ctx, work); err != nil {
		// A failure to clean up is not worth hiding the failure itself: the next attempt cleans up again.
		_ = os.RemoveAll(work)
		return err
	}
	if work == f.dir {
		return nil
	}
	return os.RemoveAll(work)
}

// workDir gives an empty folder to fill, and removes what an earlier process that was killed has left. The lock is
// held, so nobody else's work is in there.
func (p Paths) workDir(f folder) (string, error) {
	if f.inPlace {
		if err := os.RemoveAll(f.dir); err != nil {
			return "", err
		}
		return f.dir, os.MkdirAll(f.dir, 0o755)
	}
	base := filepath.Join(p.Cache, "tmp", f.name)
	if err := os.RemoveAll(base); err != nil {
		return "", err
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", err
	}
	return os.MkdirTemp(base, "")
}

func (f folder) make(ctx context.Context, work string) error {
	if err := f.fill(ctx, work); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := writeStamp(work, stamp{Inputs: f.inputs, Origin: f.origin, Made: time.Now().UTC()}); err != nil {
		return err
	}
	switch {
	case f.inPlace:
		return nil
	case f.place != nil:
		return f.place(ctx, work)
	default:
		return replace(work, f.dir)
	}
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
