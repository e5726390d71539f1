package upload

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// maxKeyBytes is the longest key of an object (Amazon S3 User Guide, "Naming Amazon S3 objects").
const maxKeyBytes = 1024

// maxFileBytes is the largest object (Amazon S3 User Guide, "Amazon S3 multipart upload limits").
const maxFileBytes = 5 << 40

// file is a local file and where it goes.
type file struct {
	path string
	key  string
	size int64
}

// list gives the files below a folder in name order, except hidden ones. All files that S3 would refuse are
// found before any is uploaded.
func list(folder, prefix string) ([]file, error) {
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return nil, fmt.Errorf("folder to upload: %w", err)
	}
	var files []file
	var problems []error
	err = fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(entry.Name(), ".") && name != "." {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return nil
		}
		found := file{path: filepath.Join(root, filepath.FromSlash(name)), key: path.Join(prefix, name)}
		info, err := os.Stat(found.path) // follows links, as reading does
		switch {
		case err != nil:
			problems = append(problems, err)
		case !info.Mode().IsRegular():
			problems = append(problems, fmt.Errorf("%s is no file: links to folders and devices are not uploaded", found.path))
		case !utf8.ValidString(found.key) || len(found.key) > maxKeyBytes:
			problems = append(problems, fmt.Errorf("%q: a key is UTF-8 of at most %d bytes", found.path, maxKeyBytes))
		case info.Size() > maxFileBytes:
			problems = append(problems, fmt.Errorf("%s has %d bytes, an object at most %d", found.path, info.Size(), int64(maxFileBytes)))
		default:
			found.size = info.Size()
			files = append(files, found)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("folder to upload: %w", err)
	}
	return files, errors.Join(problems...)
}

// hash gives the SHA-256 of a file's content. It reads the file as a stream.
func hash(name string) (string, error) {
	content, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer content.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, content); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
