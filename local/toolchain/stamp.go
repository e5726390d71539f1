package toolchain

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// stampFile is the name of the stamp inside the folder it vouches for.
const stampFile = ".tarn-stamp.json"

// stamp says what a folder of the cache was made from. Only a folder with a stamp counts as made.
type stamp struct {
	Inputs string    `json:"inputs"` // fingerprint
	Origin Origin    `json:"origin"`
	Made   time.Time `json:"made"`
	// Files has the size of each file, so that a deleted or cut one is noticed without reading it.
	Files map[string]int64 `json:"files,omitempty"`
}

// whole tells whether every file the stamp lists is still there.
func (s stamp) whole(dir string) bool {
	for name, size := range s.Files {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Size() != size {
			return false
		}
	}
	return true
}

// fileSizes gives the size of each file below a folder.
func fileSizes(dir string) (map[string]int64, error) {
	sizes := map[string]int64{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		sizes[name] = info.Size()
		return err
	})
	return sizes, err
}

// readStamp gives the stamp of a folder; a folder without one, or with one that cannot be read, was not finished.
func readStamp(dir string) (stamp, bool) {
	raw, err := os.ReadFile(filepath.Join(dir, stampFile))
	if err != nil {
		return stamp{}, false
	}
	var s stamp
	if err := json.Unmarshal(raw, &s); err != nil || s.Inputs == "" {
		return stamp{}, false
	}
	return s, true
}

func writeStamp(dir string, s stamp) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeAtomically(filepath.Join(dir, stampFile), append(raw, '\n'))
}

// fingerprint hashes words, and the names and contents of files below root. A folder stands for all files in it, except
// hidden ones, tests and documentation, which change nothing about what is made.
func fingerprint(root string, words []string, names ...string) (string, error) {
	sum := sha256.New()
	for _, word := range words {
		fmt.Fprintf(sum, "word %d %s\n", len(word), word)
	}
	files := os.DirFS(root)
	for _, start := range names {
		err := fs.WalkDir(files, start, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if name != start && changesNothing(entry.Name()) {
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if !entry.Type().IsRegular() {
				return nil
			}
			content, err := fs.ReadFile(files, name)
			if err != nil {
				return err
			}
			fmt.Fprintf(sum, "file %s %d\n", name, len(content))
			sum.Write(content)
			return nil
		})
		if err != nil {
			return "", fmt.Errorf("reading what the tool is made from: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func changesNothing(name string) bool {
	return strings.HasPrefix(name, ".") || name == "testdata" ||
		strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, ".md")
}

// writeAtomically replaces a file in one step: a reader sees the old content or the new one.
func writeAtomically(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name()) // the first error is the one to report
	}
	return err
}

// fileDigest is the SHA-256 of a file in hexadecimal.
func fileDigest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
