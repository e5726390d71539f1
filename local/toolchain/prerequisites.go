package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
)

// prerequisite is what a user has to install: a compiler or an interpreter.
type prerequisite struct {
	find func(ctx context.Context) Status
}

func prerequisites(paths Paths) []prerequisite {
	return []prerequisite{
		{func(ctx context.Context) Status { return findGo(ctx, paths) }},
		{func(ctx context.Context) Status { return findPython(ctx, paths) }},
		{func(ctx context.Context) Status { return findJava(ctx, paths) }},
	}
}

func findGo(ctx context.Context, paths Paths) Status {
	const name = "go"
	path, err := exec.LookPath("go")
	if err != nil {
		return byHand(name, "not on the PATH", goHint)
	}
	// Asked inside the repository, Go itself says when it is too old for go.mod.
	version, err := paths.goVersion(ctx)
	if err != nil {
		return byHand(name, err.Error(), goHint)
	}
	return Status{Name: name, Version: version, Path: path, Origin: OnPath}
}

// findPython looks for Python 3.11: the version Glue 5 runs, and the one the hashes of the requirements are for. Once
// the environment is made, the interpreter it was made with is the one that counts.
func findPython(ctx context.Context, paths Paths) Status {
	const name = "python 3.11"
	if path, version, ok := pythonOfEnvironment(paths.venv()); ok {
		return Status{Name: name, Version: version, Path: path, Origin: OnPath}
	}
	// venv and ensurepip are separate packages on Debian, so that an interpreter alone is not enough.
	const probe = `import sys, venv, ensurepip; print("%d.%d.%d" % sys.version_info[:3])`
	detail := "not on the PATH"
	for _, program := range []string{"python3.11", "python3", "python"} {
		path, err := exec.LookPath(program)
		if err != nil {
			continue
		}
		printed, err := paths.ask(ctx, command{args: []string{path, "-c", probe}})
		if err == nil && python311.MatchString(printed) {
			return Status{Name: name, Version: printed, Path: path, Origin: OnPath}
		}
		if err == nil {
			detail = fmt.Sprintf("%s is Python %s", path, printed)
		} else {
			detail = fmt.Sprintf("%s has no usable venv module", path)
		}
	}
	return byHand(name, detail, pythonHint)
}

var python311 = regexp.MustCompile(`^3\.11\.\d+$`)

// findJava looks for Java 17, as Spark does: JAVA_HOME first. Spark 3.5 does not run on anything newer.
func findJava(ctx context.Context, paths Paths) Status {
	const name = "java 17"
	path, err := exec.LookPath("java")
	if home := os.Getenv("JAVA_HOME"); home != "" {
		path, err = exec.LookPath(filepath.Join(home, "bin", "java"))
	}
	if err != nil {
		return byHand(name, "neither in JAVA_HOME nor on the PATH", javaHint)
	}
	told, err := javaRelease(path)
	if err != nil {
		told, err = paths.ask(ctx, command{args: []string{path, "-version"}})
	}
	if err != nil {
		return byHand(name, fmt.Sprintf("%s -version: %v", path, err), javaHint)
	}
	version, ok := parseJavaVersion(told)
	if !ok {
		return byHand(name, fmt.Sprintf("%s is Java %s", path, version), javaHint)
	}
	return Status{Name: name, Version: version, Path: path, Origin: OnPath}
}

// javaRelease reads the file in which most distributions of Java tell their version: starting Java takes longer than
// everything else that is looked at.
func javaRelease(java string) (string, error) {
	real, err := filepath.EvalSymlinks(java)
	if err != nil {
		return "", err
	}
	release := filepath.Join(filepath.Dir(filepath.Dir(real)), "release")
	content, err := os.ReadFile(release) //nolint:gosec // the user chooses the Java to use
	if err != nil {
		return "", err
	}
	if !javaVersion.Match(content) {
		return "", errors.New("it has no version")
	}
	return string(content), nil
}

var javaVersion = regexp.MustCompile(`(?:version |(?m:^)JAVA_VERSION=)"((\d+)[^"]*)"`)

// parseJavaVersion reads what `java -version` prints, or a release file, and tells whether Spark can run on it.
func parseJavaVersion(printed string) (version string, usable bool) {
	found := javaVersion.FindStringSubmatch(printed)
	if found == nil {
		return "of unknown version", false
	}
	return found[1], found[2] == "17"
}

// hint says how to install something, by the package manager that the machine has.
type hint struct{ apt, brew, other string }

var (
	goHint     = hint{"", "brew install go", "install the Go version that go.mod names, or newer, from the Go project"}
	pythonHint = hint{
		"sudo apt-get install python3.11 python3.11-venv", "brew install python@3.11", "install Python 3.11 with its venv module",
	}
	javaHint = hint{
		"sudo apt-get install openjdk-17-jre-headless", "brew install openjdk@17", "install a Java 17 runtime and set JAVA_HOME",
	}
)

func (h hint) text() string {
	if _, err := exec.LookPath("apt-get"); err == nil && h.apt != "" {
		return h.apt
	}
	if _, err := exec.LookPath("brew"); err == nil && runtime.GOOS == "darwin" {
		return h.brew
	}
	return h.other
}

// byHand is the status of something missing that only the user can install.
func byHand(name, detail string, h hint) Status {
	return Status{Name: name, Origin: Missing, Detail: detail, Fix: h.text()}
}
