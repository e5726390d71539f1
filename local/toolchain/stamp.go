package toolchain

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	return os.WriteFile(filepath.Join(dir, stampFile), append(raw, '\n'), 0o644)
}

// fingerprint hashes words, and the names below root and contents of files. A folder stands for all files below it,
// except hidden ones and documentation, which change nothing about what is made.
func fingerprint(root string, words, files []string) (string, error) {
	sum := sha256.New()
	for _, word := range words {
		fmt.Fprintf(sum, "word %d %s\n", len(word), word)
	}
	for _, start := range files {
		err := filepath.WalkDir(start, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case strings.HasPrefix(entry.Name(), ".") && path != start && entry.IsDir():
				return fs.SkipDir
			case !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), ".") || filepath.Ext(path) == ".md":
				return nil
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			fmt.Fprintf(sum, "file %s %d\n", filepath.ToSlash(name), len(content))
			sum.Write(content)
			return nil
		})
		if err != nil {
			return "", fmt.Errorf("reading what the tool is made from: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
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
