package toolchain

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// pythonEnvironment is the virtual environment with everything the emulator, Spark and their tests import.
type pythonEnvironment struct{ paths Paths }

func (e pythonEnvironment) find(ctx context.Context) Status {
	const name = "python environment"
	f, err := e.target()
	if err != nil {
		return missing(name, "", err.Error())
	}
	if !f.ready() {
		return missing(name, "", "not made for the present requirements")
	}
	// The environment refers to the interpreter it was made with, which may be gone.
	python := venvPython(f.dir)
	version, err := command{args: []string{python, "-c", "import platform; print(platform.python_version())"}}.output(ctx)
	if err != nil {
		return missing(name, "", "its interpreter does not run any more")
	}
	return Status{Name: name, Version: version, Path: python, Origin: f.origin}
}

func (e pythonEnvironment) make(ctx context.Context, progress Progress) (err error) {
	t := task{progress, "make the Python environment"}
	progress.Start(t.name)
	defer func() { progress.Finish(t.name, e.paths.venv(), err) }()

	f, err := e.target()
	if err != nil {
		return err
	}
	f.fill = func(ctx context.Context, dir string) error {
		t.line("the emulator and Spark run in a Python environment of their own: about 1 minute, 1 GB, once")
		python := findPython(ctx)
		if err := (command{args: []string{python.Path, "-m", "venv", dir}}).run(ctx, t); err != nil {
			return err
		}
		return command{args: []string{
			venvPython(dir), "-m", "pip", "--disable-pip-version-check", "--no-input", "install",
			"--progress-bar", "off", "--require-hashes", "--requirement", e.paths.requirements(),
		}}.run(ctx, t)
	}
	if f.ready() {
		// It is finished and yet was found missing: it does not run any more and has to be made anew.
		if err := os.Remove(filepath.Join(f.dir, stampFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return e.paths.install(ctx, t, f)
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
