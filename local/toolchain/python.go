package toolchain

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
)

// pythonEnvironment is the virtual environment with everything the emulator, Spark and their tests import.
type pythonEnvironment struct{ paths Paths }

func (e pythonEnvironment) find(context.Context) Status {
	const name = "python environment"
	f, err := e.target()
	if err != nil {
		return missing(name, "", err.Error())
	}
	if !f.ready() {
		return missing(name, "", "not made for the present requirements, or its interpreter is gone")
	}
	_, version, _ := pythonOfEnvironment(f.dir)
	return Status{Name: name, Version: version, Path: venvPython(f.dir), Origin: f.origin}
}

func (e pythonEnvironment) make(ctx context.Context, progress Progress) (err error) {
	t := e.paths.task(progress, "make the Python environment", "python")
	progress.Start(t.name)
	defer func() { progress.Finish(t.name, e.paths.venv(), err) }()

	f, err := e.target()
	if err != nil {
		return err
	}
	f.fill = func(ctx context.Context, dir string) error {
		t.line("the emulator and Spark run in a Python environment of their own: about 1 minute, 1 GB, once")
		return e.paths.fillVenv(ctx, t, dir, e.paths.requirements())
	}
	return e.paths.install(ctx, t, f)
}

// fillVenv makes a virtual environment with exactly the packages of a requirements file.
func (p Paths) fillVenv(ctx context.Context, t task, dir, requirements string, options ...string) error {
	python := findPython(ctx, p)
	if python.Missing() {
		return errors.New(python.Detail)
	}
	if err := (command{args: []string{python.Path, "-m", "venv", dir}}).run(ctx, t); err != nil {
		return err
	}
	install := []string{
		venvPython(dir), "-m", "pip", "--disable-pip-version-check", "--no-input", "install",
		"--progress-bar", "off", "--require-hashes", "--requirement", requirements,
	}
	return command{args: append(install, options...)}.run(ctx, t)
}

func (e pythonEnvironment) target() (folder, error) {
	digest, err := fileDigest(e.paths.requirements())
	if err != nil {
		return folder{}, err
	}
	return folder{
		name:    "python",
		dir:     e.paths.venv(),
		inputs:  digest,
		origin:  Registry,
		inPlace: true, // its scripts name the folder they are in
		// A symbolic link to the interpreter it was made with, which may be gone.
		needs: []string{venvPython(e.paths.venv())},
	}, nil
}

// venv is the virtual environment for the present requirements. Another checkout with other requirements has another.
func (p Paths) venv() string {
	digest, err := fileDigest(p.requirements())
	if err != nil {
		digest = "no-requirements"
	}
	return filepath.Join(p.Cache, "python", digest[:min(len(digest), 16)])
}

func (p Paths) requirements() string {
	return p.local("requirements.txt")
}

func venvPython(venv string) string {
	return filepath.Join(venv, "bin", "python")
}

// sparkHome is the Spark inside the environment.
func (p Paths) sparkHome() string {
	return filepath.Join(p.venv(), "lib", "python3.11", "site-packages", "pyspark")
}

var venvVersion = regexp.MustCompile(`(?m)^version\s*=\s*(\S+)`)

// pythonOfEnvironment gives the interpreter that a finished environment was made with, without starting it.
func pythonOfEnvironment(venv string) (path, version string, ok bool) {
	if _, made := readStamp(venv); !made {
		return "", "", false
	}
	path, err := filepath.EvalSymlinks(venvPython(venv))
	if err != nil {
		return "", "", false
	}
	config, err := os.ReadFile(filepath.Join(venv, "pyvenv.cfg"))
	if err != nil {
		return "", "", false
	}
	found := venvVersion.FindSubmatch(config)
	if found == nil {
		return "", "", false
	}
	return path, string(found[1]), true
}
