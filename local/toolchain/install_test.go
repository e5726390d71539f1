package toolchain

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestInstall(t *testing.T) {
	write := func(content string) func(context.Context, string) error {
		return func(_ context.Context, dir string) error {
			return os.WriteFile(filepath.Join(dir, "content"), []byte(content), 0o644)
		}
	}
	for name, c := range map[string]struct {
		inPlace bool
		before  string // what is there from other inputs
		fill    func(context.Context, string) error
		fails   bool
		want    string
	}{
		"new":                        {fill: write("new"), want: "new"},
		"replaces":                   {before: "old", fill: write("new"), want: "new"},
		"keeps the old on a failure": {before: "old", fill: failing, fails: true, want: "old"},
		"nothing on a failure":       {fill: failing, fails: true},
		"in place":                   {inPlace: true, fill: write("new"), want: "new"},
		"in place, replaces":         {inPlace: true, before: "old", fill: write("new"), want: "new"},
		"in place, nothing on a failure": {
			inPlace: true, before: "old", fill: failing, fails: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			target := folder{name: "thing", dir: filepath.Join(f.paths.Cache, "things", "thing"), inputs: "1", inPlace: c.inPlace}
			task := f.paths.task(&recorder{}, "thing", "thing")
			if c.before != "" {
				target.fill = write(c.before)
				check(t, f.paths.install(t.Context(), task, target))
			}
			target.inputs, target.fill = "2", c.fill
			if err := f.paths.install(t.Context(), task, target); (err != nil) != c.fails {
				t.Errorf("error: %v", err)
			}
			got, _ := os.ReadFile(filepath.Join(target.dir, "content"))
			if string(got) != c.want {
				t.Errorf("content: %q, want %q", got, c.want)
			}
			if target.ready() == c.fails {
				t.Errorf("ready: %v", target.ready())
			}
			left, err := os.ReadDir(filepath.Join(f.paths.Cache, "tmp"))
			if !errors.Is(err, os.ErrNotExist) && (err != nil || len(left) > 0) {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func failing(_ context.Context, dir string) error {
	return errors.Join(errors.New("it does not work"), os.WriteFile(filepath.Join(dir, "half"), nil, 0o644))
}

func TestReady(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(f *fixture, dir string)
		want   bool
	}{
		"untouched":       {func(*fixture, string) {}, true},
		"something added": {func(_ *fixture, dir string) { _ = os.Symlink("/", filepath.Join(dir, "link")) }, true},
		"a file gone":     {func(f *fixture, dir string) { check(f.t, os.Remove(filepath.Join(dir, "a"))) }, false},
		"a file cut":      {func(f *fixture, dir string) { check(f.t, os.Truncate(filepath.Join(dir, "a"), 0)) }, false},
		"no stamp":        {func(f *fixture, dir string) { check(f.t, os.Remove(filepath.Join(dir, stampFile))) }, false},
		"a need gone":     {func(f *fixture, _ string) { check(f.t, os.Remove(filepath.Join(f.bin, "go"))) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			target := folder{
				name: "thing", dir: filepath.Join(f.paths.Cache, "thing"), inputs: "1", needs: []string{filepath.Join(f.bin, "go")},
				fill: func(_ context.Context, dir string) error {
					return os.WriteFile(filepath.Join(dir, "a"), []byte("content"), 0o644)
				},
			}
			check(t, f.paths.install(t.Context(), f.paths.task(&recorder{}, "thing", "thing"), target))
			c.damage(f, target.dir)
			if got := target.ready(); got != c.want {
				t.Errorf("ready: %v, want %v", got, c.want)
			}
		})
	}
}
