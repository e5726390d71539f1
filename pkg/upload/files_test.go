package upload

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"b/2.csv", "a.csv", "b/1.csv", ".hidden", ".git/config", "b/.part"} {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(folder, link); err != nil {
		t.Fatal(err)
	}
	files, err := list(link, "raw")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, f := range files {
		keys = append(keys, f.key)
		if f.size == 0 {
			t.Errorf("%s has no size", f.key)
		}
	}
	if want := []string{"raw/a.csv", "raw/b/1.csv", "raw/b/2.csv"}; !slices.Equal(keys, want) {
		t.Errorf("got %v, want %v", keys, want)
	}
	if got, want := folders(files, "raw"), []string{"raw/a.csv", "raw/b/"}; !slices.Equal(got, want) {
		t.Errorf("folders are %v, want %v", got, want)
	}
}

func TestListRefusesWhatS3Would(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.Symlink(t.TempDir(), filepath.Join(folder, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "long"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := list(folder, strings.Repeat("x", maxKeyBytes))
	for _, want := range []string{"links to folders", "at most 1024 bytes"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := list(filepath.Join(folder, "absent"), ""); err == nil {
		t.Error("a folder that is not there was listed")
	}
}
