package toolchain

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is how often a waiting process looks whether the lock is free.
const lockPoll = 200 * time.Millisecond

// lock lets one process at a time make a tool, and says for whom it waits. The kernel frees the lock when its holder
// dies, so that there are no stale locks.
func (p Paths) lock(ctx context.Context, t task, name string) (release func(), err error) {
	path := filepath.Join(p.Cache, "locks", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file := flock.New(path)
	taken, err := file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	if !taken {
		holder, _ := os.ReadFile(path) // only for the message
		t.line("waiting for process " + strings.TrimSpace(string(holder)) + ", which is making the same")
		if _, err := file.TryLockContext(ctx, lockPoll); err != nil {
			return nil, fmt.Errorf("waiting for %s: %w", path, err)
		}
	}
	// Written in place: a rename would give the next process another file to lock.
	_ = os.WriteFile(path, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o644) // only for the message
	return func() { _ = file.Unlock() }, nil
}
