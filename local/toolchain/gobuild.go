package toolchain

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// goProgram is a program built from a Go module of its own below this folder. Each such module only pins the program:
// its requirements stay out of the repository's go.mod, where they would decide versions for everybody.
type goProgram struct {
	name    string
	folder  string // of the pinning module, below local/toolchain
	module  string // that has the program
	path    string // package path of the program
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
	t := task{progress, "build " + g.name}
	progress.Start(t.name)
	defer func() { progress.Finish(t.name, g.version(paths), err) }()

	target, err := g.target(ctx, paths)
	if err != nil {
		return err
	}
	target.fill = func(ctx context.Context, dir string) error {
		t.line(fmt.Sprintf("%s; building it from Go modules takes %s on two cores, once", g.why, g.minutes))
		args := []string{"go", "build", "-v", "-o", filepath.Join(dir, g.name)}
		if g.ldflags != nil {
			args = append(args, "-ldflags", g.ldflags(g.version(paths)))
		}
		return command{dir: g.source(paths), env: goEnv, args: append(args, g.path)}.run(ctx, t)
	}
	return paths.install(ctx, t, target)
}

func (g goProgram) target(ctx context.Context, paths Paths) (folder, error) {
	version, err := requiredVersion(filepath.Join(g.source(paths), "go.mod"), g.module)
	if err != nil {
		return folder{}, err
	}
	compiler, err := goVersion(ctx, g.source(paths))
	if err != nil {
		return folder{}, err
	}
	inputs, err := fingerprint(paths.Root, []string{compiler, g.path}, []string{
		filepath.Join(g.source(paths), "go.mod"), filepath.Join(g.source(paths), "go.sum"),
	})
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

// goEnv keeps a workspace file of the user's from adding other modules to a pinned build.
var goEnv = []string{"GOWORK=off"}

// goVersion is the version of Go that builds in that folder, which its go.mod may raise.
func goVersion(ctx context.Context, dir string) (string, error) {
	version, err := command{dir: dir, env: goEnv, args: []string{"go", "env", "GOVERSION"}}.output(ctx)
	if err != nil {
		return "", fmt.Errorf("asking for the Go version: %w: %s", err, version)
	}
	return version, nil
}

// requiredVersion reads from a go.mod the version of a module it requires.
func requiredVersion(goMod, module string) (string, error) {
	file, err := os.Open(goMod)
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
