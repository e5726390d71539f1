package toolchain

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestStamp(t *testing.T) {
	dir := t.TempDir()
	if _, ok := readStamp(dir); ok {
		t.Error("a folder without a stamp has one")
	}
	want := stamp{Inputs: "abc", Origin: Built, Made: time.Now().UTC().Round(0), Files: map[string]int64{"a": 1}}
	check(t, writeStamp(dir, want))
	got, ok := readStamp(dir)
	if !ok || got.Inputs != want.Inputs || got.Origin != want.Origin || !got.Made.Equal(want.Made) || got.Files["a"] != 1 {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, damaged := range []string{"", "{", "{}", `{"inputs":""}`} {
		check(t, os.WriteFile(filepath.Join(dir, stampFile), []byte(damaged), 0o644))
		if _, ok := readStamp(dir); ok {
			t.Errorf("%q counts as a stamp", damaged)
		}
	}
}

func TestFingerprint(t *testing.T) {
	hash := func(t *testing.T, words []string, files map[string]string) string {
		t.Helper()
		root := t.TempDir()
		for name, content := range files {
			path := filepath.Join(root, "source", name)
			check(t, os.MkdirAll(filepath.Dir(path), 0o755))
			check(t, os.WriteFile(path, []byte(content), 0o644))
		}
		sum, err := fingerprint(root, words, "source")
		check(t, err)
		return sum
	}
	base := hash(t, []string{"go1", "-s"}, map[string]string{"a.go": "x", "b/c.go": "y"})
	for name, c := range map[string]struct {
		words []string
		files map[string]string
		same  bool
	}{
		"another folder":  {[]string{"go1", "-s"}, map[string]string{"a.go": "x", "b/c.go": "y"}, true},
		"documentation":   {[]string{"go1", "-s"}, map[string]string{"a.go": "x", "b/c.go": "y", "README.md": "z"}, true},
		"hidden files":    {[]string{"go1", "-s"}, map[string]string{"a.go": "x", "b/c.go": "y", ".x": "z", ".d/e": "z"}, true},
		"tests":           {[]string{"go1", "-s"}, map[string]string{"a.go": "x", "b/c.go": "y", "a_test.go": "z", "testdata/f": "z"}, true},
		"a changed file":  {[]string{"go1", "-s"}, map[string]string{"a.go": "x", "b/c.go": "Y"}, false},
		"another file":    {[]string{"go1", "-s"}, map[string]string{"a.go": "x", "b/c.go": "y", "d.go": ""}, false},
		"a renamed file":  {[]string{"go1", "-s"}, map[string]string{"a.go": "x", "b/d.go": "y"}, false},
		"moved content":   {[]string{"go1", "-s"}, map[string]string{"a.go": "xy", "b/c.go": ""}, false},
		"another word":    {[]string{"go2", "-s"}, map[string]string{"a.go": "x", "b/c.go": "y"}, false},
		"words cut apart": {[]string{"go1-", "s"}, map[string]string{"a.go": "x", "b/c.go": "y"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := hash(t, c.words, c.files) == base; got != c.same {
				t.Errorf("same: %v, want %v", got, c.same)
			}
		})
	}
	if _, err := fingerprint(t.TempDir(), nil, "does/not/exist"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing sources: %v", err)
	}
}

func TestWriteAtomically(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, content := range []string{"one", "two"} {
		check(t, writeAtomically(path, []byte(content)))
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("got %q, %v", got, err)
		}
	}
	check(t, os.Mkdir(path+"-folder", 0o755))
	if err := writeAtomically(path+"-folder", nil); err == nil {
		t.Error("it replaced a folder")
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	check(t, err)
	if len(entries) != 2 {
		t.Errorf("temporary files are left: %v", entries)
	}
}
