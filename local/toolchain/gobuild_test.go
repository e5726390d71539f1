package toolchain

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blang/semver"
)

func TestBuildHappensOnce(t *testing.T) {
	f := newFixture(t)
	for range 2 {
		check(t, pulumiProgram.build(t.Context(), f.paths, &recorder{}))
	}
	if got := f.called("go build"); got != 1 {
		t.Errorf("built %d times, want 1", got)
	}
	if content, err := os.ReadFile(pulumiProgram.file(f.paths)); err != nil || string(content) != "whole\n" {
		t.Errorf("the program is %q, %v", content, err)
	}
	info, err := os.Stat(filepath.Dir(pulumiProgram.file(f.paths)))
	check(t, err)
	if info.Mode().Perm()&0o055 == 0 {
		t.Errorf("the folder is for its owner only: %v", info.Mode())
	}
}

func TestBuildFlags(t *testing.T) {
	f := newFixture(t)
	f.tool("go", strings.Replace(fakeGo, "what=$1\n", `what=$1; echo "CGO_ENABLED=$CGO_ENABLED GOWORK=$GOWORK" >>"$FAKE_CALLS"`+"\n", 1))
	check(t, pulumiProgram.build(t.Context(), f.paths, &recorder{}))
	calls, err := os.ReadFile(f.calls)
	check(t, err)
	contains(t, string(calls), "CGO_ENABLED=0 GOWORK=off", "version.Version=v3.259.0", "-mod=readonly")
}

func TestBuildAgainWhenSomethingChanged(t *testing.T) {
	for name, change := range map[string]func(*fixture){
		"pinned version": func(f *fixture) { f.module("pulumi", "github.com/pulumi/pulumi/pkg/v3 v3.260.0") },
		"a checksum":     func(f *fixture) { f.file("repository/local/toolchain/pulumi/go.sum", "other") },
		"compiler": func(f *fixture) {
			f.tool("go", strings.Replace(fakeGo, "go1.26.8", "go1.27.0", 1))
			goVersions.Clear() // it is asked once per process
		},
		"the program is gone": func(f *fixture) { check(f.t, os.Remove(pulumiProgram.file(f.paths))) },
		"the program is cut":  func(f *fixture) { check(f.t, os.Truncate(pulumiProgram.file(f.paths), 1)) },
		"the stamp is gone": func(f *fixture) {
			check(f.t, os.Remove(filepath.Join(filepath.Dir(pulumiProgram.file(f.paths)), stampFile)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			check(t, pulumiProgram.build(t.Context(), f.paths, &recorder{}))
			change(f)
			if pulumiProgram.built(t.Context(), f.paths) {
				t.Error("the old one still counts as built")
			}
			check(t, pulumiProgram.build(t.Context(), f.paths, &recorder{}))
			if got := f.called("go build"); got != 2 {
				t.Errorf("built %d times, want 2", got)
			}
		})
	}
}

func TestFailedBuildShowsTheEndAndNamesTheLog(t *testing.T) {
	f := newFixture(t)
	t.Setenv("FAKE_GO_FAIL", "1")
	err := pulumiProgram.build(t.Context(), f.paths, &recorder{})
	if err == nil {
		t.Fatal("it succeeded")
	}
	log := filepath.Join(f.paths.Cache, "logs", "pulumi.log")
	contains(t, err.Error(), "exit status 1", "problem 20", log)
	if strings.Contains(err.Error(), "problem 1\n") {
		t.Errorf("the error has all of the output:\n%v", err)
	}
	content, readErr := os.ReadFile(log)
	check(t, readErr)
	contains(t, string(content), "$ go build", "problem 1\n", "problem 20\n")
	if pulumiProgram.built(t.Context(), f.paths) {
		t.Error("it counts as built")
	}
}

func TestCancelledBuildLeavesNothing(t *testing.T) {
	f := newFixture(t)
	t.Setenv("FAKE_GO_WAIT", filepath.Join(f.paths.Cache, "never"))
	ctx, stop := context.WithCancelCause(t.Context())
	done := make(chan error)
	go func() { done <- pulumiProgram.build(ctx, f.paths, &recorder{}) }()
	half := filepath.Join(f.paths.Cache, "tmp", "pulumi-v3.259.0", "new", "pulumi")
	eventually(t, "half a program", func() bool { _, err := os.Stat(half); return err == nil })

	reason := errors.New("the user wants no more")
	stop(reason)
	select {
	case err := <-done:
		if !errors.Is(err, reason) {
			t.Errorf("the error is %v", err)
		}
	case <-time.After(stopGrace):
		t.Fatal("the compiler does not stop")
	}
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a program is left: %v", err)
	}
	if pulumiProgram.built(t.Context(), f.paths) {
		t.Error("it counts as built")
	}
}

// A killed process cannot clean up, and its compiler goes on. The next one waits for that and starts afresh.
func TestKilledBuildCountsForNothing(t *testing.T) {
	f := newFixture(t)
	enough := filepath.Join(filepath.Dir(f.bin), "enough")
	t.Setenv("FAKE_GO_WAIT", enough)
	killed := exec.Command(os.Args[0])
	killed.Env = append(os.Environ(), rootOfBuild+"="+f.paths.Root)
	check(t, killed.Start())
	half := filepath.Join(f.paths.Cache, "tmp", "pulumi-v3.259.0", "new", "pulumi")
	eventually(t, "half a program", func() bool { _, err := os.Stat(half); return err == nil })
	check(t, killed.Process.Kill())
	_ = killed.Wait() // says that it was killed

	if pulumiProgram.built(t.Context(), f.paths) {
		t.Error("half a program counts as built")
	}
	second := &recorder{}
	done := make(chan error)
	go func() { done <- pulumiProgram.build(t.Context(), f.paths, second) }()
	eventually(t, "the next one says what it waits for", func() bool {
		return strings.Contains(second.text(), "has left running when it was killed (build pulumi)")
	})
	if got := f.called("go build"); got != 1 {
		t.Errorf("%d builds side by side, want 1", got)
	}
	f.file("enough", "")
	check(t, <-done)
	if got := f.called("go build"); got != 2 {
		t.Errorf("built %d times, want 2", got)
	}
	if content, err := os.ReadFile(pulumiProgram.file(f.paths)); err != nil || string(content) != "whole\n" {
		t.Errorf("the program is %q, %v", content, err)
	}
}

func TestConcurrentBuilds(t *testing.T) {
	for name, c := range map[string]struct {
		other goProgram
		want  int
	}{
		"of the same build once":   {pulumiProgram, 1},
		"of others come in a line": {languageHostProgram, 2},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			t.Setenv("FAKE_GO_WAIT", filepath.Join(filepath.Dir(f.bin), "enough"))
			first, second := &recorder{}, &recorder{}
			done := make(chan error, 2)
			go func() { done <- pulumiProgram.build(t.Context(), f.paths, first) }()
			eventually(t, "the first compiles", func() bool { return f.called("go build") == 1 })
			go func() { done <- c.other.build(t.Context(), f.paths, second) }()
			eventually(t, "the second says what it waits for", func() bool {
				return strings.Contains(second.text(), "waiting for process") && strings.Contains(second.text(), "(build pulumi)")
			})
			if got := f.called("go build"); got != 1 {
				t.Errorf("%d builds side by side, want 1", got)
			}
			f.file("enough", "")
			check(t, errors.Join(<-done, <-done))
			if got := f.called("go build"); got != c.want {
				t.Errorf("built %d times, want %d", got, c.want)
			}
		})
	}
}

func TestWaitingForALockCanBeCancelled(t *testing.T) {
	f := newFixture(t)
	_, release, err := f.paths.lock(t.Context(), f.paths.task(&recorder{}, "first", "first"), "a")
	check(t, err)
	defer release()
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, _, err := f.paths.lock(ctx, f.paths.task(&recorder{}, "second", "second"), "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
}

func TestRequiredVersion(t *testing.T) {
	f := newFixture(t)
	goMod := f.file("go.mod", `module example

go 1.26.0

require github.com/one/module v1.0.0 // indirect

require (
	github.com/two/module/v2 v2.3.4
	github.com/two/module v0.1.0 // indirect
)
`)
	for module, want := range map[string]string{
		"github.com/one/module":    "v1.0.0",
		"github.com/two/module/v2": "v2.3.4",
		"github.com/two/module":    "v0.1.0",
		"github.com/three/module":  "",
		"github.com/two/mod":       "",
	} {
		got, err := requiredVersion(goMod, module)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", module, got, err, want)
		}
	}
	if _, err := requiredVersion(goMod+".missing", "github.com/one/module"); err == nil {
		t.Error("a missing go.mod is no error")
	}
}

// One answer about the Go version is used for all modules. That is right as long as none of them asks for more than the
// repository's own go.mod does.
func TestPinningModulesNeedNoNewerGo(t *testing.T) {
	repository := filepath.Join("..", "..")
	limit := goDirective(t, filepath.Join(repository, "go.mod"))
	for _, folder := range []string{"awsplugin", "toolchain/pulumi", "toolchain/languagego", "toolchain/golangcilint"} {
		if got := goDirective(t, filepath.Join(repository, "local", folder, "go.mod")); got.GT(limit) {
			t.Errorf("local/%s needs Go %s, and the repository %s", folder, got, limit)
		}
	}
}

func goDirective(t *testing.T, goMod string) semver.Version {
	t.Helper()
	content, err := os.ReadFile(goMod)
	check(t, err)
	for line := range strings.Lines(string(content)) {
		if text, found := strings.CutPrefix(line, "go "); found {
			version, err := semver.ParseTolerant(text)
			check(t, err)
			return version
		}
	}
	t.Fatalf("%s has no go directive", goMod)
	return semver.Version{}
}

// The programs in this package name modules; each must be pinned.
func TestProgramsArePinned(t *testing.T) {
	paths, err := NewPaths(filepath.Join("..", ".."))
	check(t, err)
	for _, program := range []goProgram{pulumiProgram, languageHostProgram, linterProgram} {
		if program.version(paths) == "" {
			t.Errorf("%s is not pinned in local/toolchain/%s/go.mod", program.module, program.folder)
		}
	}
	if _, err := paths.awsPluginVersion(); err != nil {
		t.Error(err)
	}
}
