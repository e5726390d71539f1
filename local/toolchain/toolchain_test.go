package toolchain

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// whole gives a fixture with everything that Ensure needs.
func whole(t *testing.T) *fixture {
	f := newFixture(t)
	f.tool("python3.11", fakePython)
	f.sample()
	f.java()
	f.jars(map[string]string{"one": "first", "two": "second"})
	f.tool("pulumi-for-later", fakePulumi)
	// The compiler makes a pulumi that works: the plugin is installed with it.
	f.tool("go", fakeGo+"case \"$out\" in */pulumi) cp \""+filepath.Join(f.bin, "pulumi-for-later")+"\" \"$out\";; esac\n")
	t.Setenv("FAKE_OFFLINE", "1")
	return f
}

func TestEnsure(t *testing.T) {
	f := whole(t)
	if _, err := Find(t.Context(), f.paths); err == nil || f.called("go build") > 0 {
		t.Errorf("looking for tools that are not there: %v, and %d builds", err, f.called("go build"))
	}
	tools, err := Ensure(t.Context(), f.paths, &recorder{})
	check(t, err)
	if found, err := Find(t.Context(), f.paths); err != nil || found != tools {
		t.Errorf("found %+v, %v", found, err)
	}
	for _, path := range []string{
		filepath.Join(tools.PulumiBin, "pulumi"), filepath.Join(tools.PulumiBin, "pulumi-language-go"),
		filepath.Join(tools.PulumiHome, "plugins", "resource-aws-v6.83.2", "pulumi-resource-aws"),
		filepath.Join(tools.PulumiHome, "plugins", "resource-awsx-v2.22.0", "pulumi-resource-awsx"), tools.Python,
		filepath.Join(tools.Jars, "one-1.jar"), filepath.Join(tools.Data, "flights.csv"),
	} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}

	calls, progress := f.called(""), &recorder{}
	again, err := Ensure(t.Context(), f.paths, progress)
	if err != nil || again != tools {
		t.Errorf("the second time: %+v, %v", again, err)
	}
	if more := f.called("") - calls; more > 0 {
		t.Errorf("the second call started %d processes", more)
	}
	if progress.text() != "" {
		t.Errorf("the second call did something:\n%s", progress.text())
	}
}

func TestInspect(t *testing.T) {
	f := whole(t)
	missing := func() (needed, optional int) {
		for _, found := range Inspect(t.Context(), f.paths) {
			switch {
			case found.Missing() && found.Fix == "":
				t.Errorf("%s: no way to get it", found.Name)
			case found.Missing() && found.Optional:
				optional++
			case found.Missing():
				needed++
			}
		}
		return needed, optional
	}
	if needed, optional := missing(); needed != 7 || optional != 3 {
		t.Errorf("%d and %d missing, want 7 and 3", needed, optional)
	}
	if _, err := os.Stat(f.paths.Cache); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("looking has made a cache: %v", err)
	}
	_, err := Ensure(t.Context(), f.paths, &recorder{})
	check(t, err)
	if needed, optional := missing(); needed != 0 || optional != 3 {
		t.Errorf("%d and %d missing, want 0 and 3", needed, optional)
	}
	path, err := EnsureLinter(t.Context(), f.paths, &recorder{})
	check(t, err)
	if found := Linter(t.Context(), f.paths); found.Missing() || found.Path != path {
		t.Errorf("the linter: %+v", found)
	}
}

func TestEnsureNamesEveryMissingPrerequisite(t *testing.T) {
	f := newFixture(t)
	t.Setenv("PATH", filepath.Join(filepath.Dir(f.bin), "empty"))
	_, err := Ensure(t.Context(), f.paths, &recorder{})
	if err == nil {
		t.Fatal("it succeeded")
	}
	contains(t, err.Error(), "go is missing", "python 3.11 is missing", "java 17 is missing")
}

func TestPythonEnvironment(t *testing.T) {
	f := newFixture(t)
	f.tool("python3.11", fakePython)
	environment := pythonEnvironment{f.paths}

	t.Setenv("FAKE_PIP_FAIL", "1")
	err := environment.make(t.Context(), &recorder{})
	if err == nil || !environment.find(t.Context()).Missing() {
		t.Fatalf("half an environment counts: %v", err)
	}
	contains(t, err.Error(), "no matching distribution", filepath.Join(f.paths.Cache, "logs", "python.log"))

	t.Setenv("FAKE_PIP_FAIL", "")
	check(t, environment.make(t.Context(), &recorder{}))
	calls := f.called("")
	if found := environment.find(t.Context()); found.Missing() || found.Version != "3.11.9" {
		t.Errorf("found %+v", found)
	}
	if f.called("") != calls {
		t.Error("looking has started the interpreter")
	}

	// The interpreter the environment refers to goes away, another one comes.
	check(t, os.Rename(filepath.Join(f.bin, "python3.11"), filepath.Join(f.bin, "python3")))
	if found := environment.find(t.Context()); !found.Missing() {
		t.Errorf("found without an interpreter: %+v", found)
	}
	check(t, environment.make(t.Context(), &recorder{}))
	if found := environment.find(t.Context()); found.Missing() {
		t.Errorf("found %+v", found)
	}
}

func TestCacheFolder(t *testing.T) {
	for name, c := range map[string]struct{ tarn, xdg, want string }{
		"TARN_CACHE is first":           {"/a", "/b", "/a"},
		"then XDG_CACHE_HOME":           {"", "/b", "/b/tarn"},
		"which counts only if absolute": {"", "b", "/home/me/.cache/tarn"},
		"then the home folder":          {"", "", "/home/me/.cache/tarn"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TARN_CACHE", c.tarn)
			t.Setenv("XDG_CACHE_HOME", c.xdg)
			t.Setenv("HOME", "/home/me")
			paths, err := NewPaths("/repository")
			if err != nil || paths.Cache != c.want {
				t.Errorf("got %s, %v, want %s", paths.Cache, err, c.want)
			}
		})
	}
}
