package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// linkTree makes the same files appear in another folder: hard links where the file system allows, else copies. The
// CLI does not follow a symbolic link to a plugin's folder.
func linkTree(from, to string) error {
	return fs.WalkDir(os.DirFS(from), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		source, target := filepath.Join(from, name), filepath.Join(to, name)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		if !entry.Type().IsRegular() || entry.Name() == stampFile {
			return nil
		}
		if os.Link(source, target) == nil {
			return nil
		}
		return copyFile(source, target)
	})
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
	}()
	_, err = io.Copy(out, in)
	return err
}

// moveContent moves everything in a folder into another one on the same file system.
func moveContent(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.Rename(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// treeSize adds up the files of a folder.
func treeSize(dir string) int64 {
	var size int64
	// Files that vanish during the walk are not counted, which is all that their errors mean.
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // see above
		}
		if info, err := entry.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	return size
}

// stallLimit is how long a download may bring nothing before it counts as broken.
const stallLimit = 20 * time.Second

var errStalled = errors.New("the connection is silent")

// stopWhenStalled stops a download when the folder it writes to has not grown for too long.
func stopWhenStalled(ctx context.Context, stop context.CancelCauseFunc, dir string, limit time.Duration) {
	ticker := time.NewTicker(limit / 20)
	defer ticker.Stop()
	size, grown := int64(0), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if present := treeSize(dir); present != size {
				size, grown = present, now
			}
			if now.Sub(grown) > limit {
				stop(fmt.Errorf("%w: nothing came for %s, after %d bytes", errStalled, limit, size))
				return
			}
		}
	}
}
