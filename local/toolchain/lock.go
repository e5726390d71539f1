package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lockPoll is how often a waiting process looks whether the lock is free.
const lockPoll = 200 * time.Millisecond

// lock lets one process at a time do something, and says for whom it waits. Commands that run with the context it
// gives hold the lock too. So when this process is killed, the lock stays taken for as long as a compiler or a pip
// that it started goes on writing; then the kernel frees it, so that there are no stale locks.
func (p Paths) lock(ctx context.Context, t task, name string) (held context.Context, release func(), err error) {
	path := filepath.Join(p.Cache, "locks", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := takeLock(ctx, t, file); err != nil {
		_ = file.Close() // nothing was written
		return nil, nil, fmt.Errorf("locking %s: %w", path, err)
	}
	// Written in place: a rename would give the next process another file to lock. It is only for messages, so that
	// failing to write it does no harm.
	_ = file.Truncate(0)
	_, _ = file.WriteAt(fmt.Appendf(nil, "%d %s\n", os.Getpid(), t.name), 0)

	held = context.WithValue(ctx, heldKey{}, append(slices.Clone(heldLocks(ctx)), file))
	return held, func() {
		_ = file.Truncate(0)
		// Closing would not do: a process that outlives its command still has the file open.
		_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
		_ = file.Close()
	}, nil
}

func takeLock(ctx context.Context, t task, file *os.File) error {
	for waiting := false; ; {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		if !waiting {
			waiting = true
			content, _ := os.ReadFile(file.Name()) // only for the message
			t.line("waiting for " + describeHolder(string(content)))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}

// describeHolder says who has a lock, from what is written in its file.
func describeHolder(content string) string {
	pid, work, _ := strings.Cut(strings.TrimSpace(content), " ")
	number, err := strconv.Atoi(pid)
	switch {
	case err != nil:
		return "another process"
	case errors.Is(syscall.Kill(number, 0), syscall.ESRCH):
		return fmt.Sprintf("what process %s has left running when it was killed (%s)", pid, work)
	default:
		return fmt.Sprintf("process %s (%s)", pid, work)
	}
}

// heldKey is the key of the lock files that a context's commands hold.
type heldKey struct{}

func heldLocks(ctx context.Context) []*os.File {
	files, _ := ctx.Value(heldKey{}).([]*os.File)
	return files
}
