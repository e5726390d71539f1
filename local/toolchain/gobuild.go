package toolchain

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// goProgram is a program built from a Go module of its own below this folder. Each such module only pins the program:
// its requirements stay out of the repository's go.mod, where they would decide versions for everybody.
type goProgram struct {
	name    string
	folder  string // of the pinning module, below local/toolchain
	module  string // that has the program
	main    string // package path of the program
	ldflags func(version string) string
	why     string
	minutes string // how long a first build takes with two cores
}

// version is the pinned version of the program's module, or "" if the pinning module is not readable.
func (g goProgram) version(paths Paths) string {
	version, err := requiredVersion(filepath.Join(g.source(paths), "go.mod"), g.module)
	if err != nil {
		return ""
	}
	return version
}

func (g goProgram) source(paths Paths) string {
	return paths.local("toolchain", g.folder)
}

// file is where the built program is.
func (g goProgram) file(paths Paths) string {
	return filepath.Join(paths.binary(g.name, g.version(paths)), g.name)
}

// built tells whether the program was already built from the pinned versions with the present Go version.
func (g goProgram) built(ctx context.Context, paths Paths) bool {
	f, err := g.target(ctx, paths)
	return err == nil && f.ready()
}

func (g goProgram) build(ctx context.Context, paths Paths, progress Progress) (err error) {
	t := paths.task(progress, "build "+g.name, g.name)
	progress.Start(t.name)
	defer func() { progress.Finish(t.name, g.version(paths), err) }()

	target, err := g.target(ctx, paths)
	if err != nil {
		return err
	}
	target.fill = func(ctx context.Context, dir string) error {
		t.line(fmt.Sprintf("%s; building it from Go modules takes %s on two cores, once", g.why, g.minutes))
		args := append([]string{"go", "build", "-v", "-o", filepath.Join(dir, g.name)}, g.flags(paths)...)
		return paths.compile(ctx, t, command{dir: g.source(paths), env: goEnv, args: append(args, g.main)})
	}
	return paths.install(ctx, t, target)
}

// flags leave this machine's paths out of the program, and the flags a user may have in GOFLAGS out of the build.
func (g goProgram) flags(paths Paths) []string {
	return []string{"-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags=" + g.ldflags(g.version(paths))}
}

func (g goProgram) target(ctx context.Context, paths Paths) (folder, error) {
	version, err := requiredVersion(filepath.Join(g.source(paths), "go.mod"), g.module)
	if err != nil {
		return folder{}, err
	}
	compiler, err := paths.goVersion(ctx)
	if err != nil {
		return folder{}, err
	}
	words := slices.Concat([]string{compiler, g.main}, g.flags(paths), goEnv)
	source := path.Join("local", "toolchain", g.folder)
	inputs, err := fingerprint(paths.Root, words, path.Join(source, "go.mod"), path.Join(source, "go.sum"))
	if err != nil {
		return folder{}, err
	}
	return folder{
		name:   g.name + "-" + version,
		dir:    paths.binary(g.name, version),
		inputs: inputs,
		origin: Built,
	}, nil
}

// goEnv keeps a workspace file of the user's from adding other modules to a pinned build, and the C compiler and
// library of the machine out of it.
var goEnv = []string{"GOWORK=off", "CGO_ENABLED=0"}

// compile runs a command that compiles Go, while no other one does: a second one beside it would make both slower and
// could take more memory than there is.
func (p Paths) compile(ctx context.Context, t task, c command) error {
	ctx, release, err := p.lock(ctx, t, "go-build")
	if err != nil {
		return err
	}
	defer release()
	return c.run(ctx, t)
}

// goVersions remembers the answers of goVersion for as long as this process lives.
var goVersions sync.Map

// goVersion is the version of Go that builds here. The repository's go.mod may raise it above the installed one; the
// pinning modules do not ask for more than that, so that the answer holds for all of them.
func (p Paths) goVersion(ctx context.Context) (string, error) {
	program, err := exec.LookPath("go")
	if err != nil {
		return "", err
	}
	question := program + "\n" + p.Root
	if version, known := goVersions.Load(question); known {
		return version.(string), nil
	}
	version, err := command{dir: p.Root, env: goEnv, args: []string{program, "env", "GOVERSION"}}.output(ctx)
	if err != nil {
		return "", fmt.Errorf("asking for the Go version: %w: %s", err, version)
	}
	goVersions.Store(question, version)
	return version, nil
}

// requiredVersion reads from a go.mod the version of a module it requires.
func requiredVersion(goMod, module string) (string, error) {
	file, err := os.Open(goMod) //nolint:gosec // a file of the repository
	if err != nil {
		return "", err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(lines.Text()), "require "))
		if len(words) >= 2 && words[0] == module {
			return words[1], nil
		}
	}
	return "", fmt.Errorf("%s does not require %s", goMod, module)
}
