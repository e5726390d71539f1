package toolchain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseJars(t *testing.T) {
	digest := strings.Repeat("a", 64)
	for name, c := range map[string]struct {
		content string
		wrong   []string
	}{
		"right":        {`[{"coordinate":"g:a:1","file":"a-1.jar","sha256":"` + digest + `"}]`, nil},
		"empty":        {`[]`, []string{"lists no jar"}},
		"no list":      {`{}`, []string{"cannot unmarshal"}},
		"a path":       {`[{"coordinate":"g:a:1","file":"../a.jar","sha256":"` + digest + `"}]`, []string{"not a file name"}},
		"no file":      {`[{"coordinate":"g:a:1","sha256":"` + digest + `"}]`, []string{"not a file name"}},
		"upper case":   {`[{"coordinate":"g:a:1","file":"a.jar","sha256":"` + strings.ToUpper(digest) + `"}]`, []string{"not a SHA-256"}},
		"all at once":  {`[{"coordinate":"g","file":"","sha256":"x"}]`, []string{"group:artifact", "not a file name", "not a SHA-256"}},
		"second entry": {`[{"coordinate":"g:a:1","file":"a.jar","sha256":"` + digest + `"},{}]`, []string{"entry 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseJars([]byte(c.content))
			if (err != nil) != (len(c.wrong) > 0) {
				t.Fatalf("error: %v", err)
			}
			if err != nil {
				contains(t, err.Error(), c.wrong...)
			}
		})
	}
}

func TestJarsOfTheRepositoryAreLocked(t *testing.T) {
	paths, err := NewPaths(filepath.Join("..", ".."))
	check(t, err)
	if _, err := (sparkJars{paths}).locked(); err != nil {
		t.Error(err)
	}
}

func TestJars(t *testing.T) {
	f := newFixture(t)
	contents := map[string]string{"one": "first", "two": "second", "three": "third"}
	f.jars(contents)
	f.spark()
	jars := sparkJars{f.paths}
	for _, step := range []struct {
		name  string
		set   func()
		asked string // for which packages
	}{
		{"all", func() { f.file("cache/tmp/jars/ivy/jars/org.example_one-1.jar", "half") }, "one,three,two"},
		{"nothing twice", func() {}, ""},
		{"only what is missing", func() { check(t, os.Remove(filepath.Join(f.paths.Jars(), "two-1.jar"))) }, "two"},
		{"right ones without a record are taken", func() { check(t, os.Remove(jars.recordFile())) }, ""},
		{"one that was cut", func() { check(t, os.Truncate(filepath.Join(f.paths.Jars(), "three-1.jar"), 2)) }, "three"},
		{"a changed lock", func() {
			contents["two"] = "SECOND"
			f.offer(contents)
			f.lockJars(contents)
			if !jars.find(t.Context()).Missing() {
				t.Error("the old jar still counts")
			}
		}, "two"},
	} {
		t.Run(step.name, func(t *testing.T) {
			step.set()
			check(t, os.WriteFile(f.calls, nil, 0o644))
			check(t, jars.make(t.Context(), &recorder{}))
			calls, err := os.ReadFile(f.calls)
			check(t, err)
			_, after, _ := strings.Cut(string(calls), "--packages ")
			asked, _, _ := strings.Cut(after, " ")
			asked = strings.ReplaceAll(strings.ReplaceAll(asked, "org.example:", ""), ":1", "")
			if asked != step.asked {
				t.Errorf("asked for %q, want %q", asked, step.asked)
			}
			if found := jars.find(t.Context()); found.Missing() || found.Version != "3 jars" {
				t.Errorf("found %+v", found)
			}
			for name, want := range contents {
				if got, err := os.ReadFile(filepath.Join(f.paths.Jars(), name+"-1.jar")); err != nil || string(got) != want {
					t.Errorf("%s is %q, %v", name, got, err)
				}
			}
			if left, _ := os.ReadDir(filepath.Join(f.paths.Cache, "tmp")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestIvySettings(t *testing.T) {
	f := newFixture(t)
	f.jars(map[string]string{"one": "first"})
	f.spark()
	t.Setenv("TARN_IVY_SETTINGS", "/etc/ivy.xml")
	check(t, sparkJars{f.paths}.make(t.Context(), &recorder{}))
	if calls, err := os.ReadFile(f.calls); err != nil || !strings.Contains(string(calls), "spark.jars.ivySettings=/etc/ivy.xml") {
		t.Errorf("called with %s, %v", calls, err)
	}
}

func TestUnresolvedJars(t *testing.T) {
	f := newFixture(t)
	f.jars(map[string]string{"one": "first"})
	f.spark()
	t.Setenv("FAKE_OFFLINE_SPARK", "1")
	err := sparkJars{f.paths}.make(t.Context(), &recorder{})
	if err == nil {
		t.Fatal("it succeeded")
	}
	contains(t, err.Error(), "unresolved dependency", filepath.Join(f.paths.Cache, "logs", "jars.log"))
}

func TestWrongJarIsRefused(t *testing.T) {
	f := newFixture(t)
	f.jars(map[string]string{"one": "right", "two": "right too"})
	f.spark()
	f.offer(map[string]string{"one": "wrong"})
	err := sparkJars{f.paths}.make(t.Context(), &recorder{})
	if err == nil {
		t.Fatal("it was accepted")
	}
	contains(t, err.Error(), "org.example:one:1", "refused", digestOf("wrong"), digestOf("right"))
	if _, err := os.Stat(filepath.Join(f.paths.Jars(), "one-1.jar")); !os.IsNotExist(err) {
		t.Errorf("it is there: %v", err)
	}
	if found := (sparkJars{f.paths}).find(t.Context()); !found.Missing() {
		t.Errorf("got %+v", found)
	}
}
