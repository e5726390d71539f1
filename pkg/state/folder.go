package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Folder is a backend in a folder of this machine.
type Folder string

// FolderURL is the backend URL of a folder. Pulumi's library would keep a file with attributes beside each
// state file, and one that was cut short by a kill makes the state unreadable ("EOF"); nobody needs them.
func FolderURL(folder string) string {
	return "file://" + folder + "?metadata=skip"
}

// Exists tells whether the folder is there.
func (f Folder) Exists(context.Context) (bool, error) {
	_, err := os.Stat(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// List implements Store.
func (f Folder) List(_ context.Context, prefix string) ([]Object, error) {
	var found []Object
	// The prefix need not be a folder: only its last whole part is one.
	start := filepath.Join(string(f), filepath.FromSlash(prefix[:strings.LastIndex(prefix, "/")+1]))
	err := filepath.WalkDir(start, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, err := filepath.Rel(string(f), path)
		if err != nil {
			return err
		}
		key := filepath.ToSlash(below)
		// gocloud keeps attributes beside an object; they are no objects.
		if !strings.HasPrefix(key, prefix) || strings.HasSuffix(key, ".attrs") {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		found = append(found, Object{Key: key, Modified: info.ModTime()})
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing the state folder: %w", err)
	}
	// A walk goes into a folder before it looks at its neighbours; a bucket has one list.
	slices.SortFunc(found, func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
	return found, nil
}

// Read implements Store.
func (f Folder) Read(_ context.Context, key string) ([]byte, error) {
	content, err := os.ReadFile(f.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", key, ErrNotFound)
	}
	return content, err
}

// Delete implements Store.
func (f Folder) Delete(_ context.Context, key string) error {
	for _, path := range []string{f.path(key), f.path(key) + ".attrs"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f Folder) path(key string) string {
	return filepath.Join(string(f), filepath.FromSlash(key))
}
