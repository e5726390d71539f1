package toolchain

import (
	"context"
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
		{findPython},
		{findJava},
	}
}

func findGo(ctx context.Context, paths Paths) Status {
	const name = "go"
	path, err := exec.LookPath("go")
	if err != nil {
		return byHand(name, "not on the PATH", goHint)
	}
	// Asked inside the repository, Go itself says when it is too old for go.mod.
	version, err := goVersion(ctx, paths.Root)
	if err != nil {
		return byHand(name, err.Error(), goHint)
	}
	return Status{Name: name, Version: version, Path: path, Origin: OnPath}
}

// findPython looks for Python 3.11: the version Glue 5 runs, and the one the hashes of the requirements are for.
func findPython(ctx context.Context) Status {
	const name = "python 3.11"
	// venv and ensurepip are separate packages on Debian, so that an interpreter alone is not enough.
	const probe = `import sys, venv, ensurepip; print("%d.%d.%d" % sys.version_info[:3])`
	detail := "not on the PATH"
	for _, program := range []string{"python3.11", "python3", "python"} {
		path, err := exec.LookPath(program)
		if err != nil {
			continue
		}
		printed, err := command{args: []string{path, "-c", probe}}.output(ctx)
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
func findJava(ctx context.Context) Status {
	const name = "java 17"
	path, err := exec.LookPath("java")
	if home := os.Getenv("JAVA_HOME"); home != "" {
		path, err = exec.LookPath(filepath.Join(home, "bin", "java"))
	}
	if err != nil {
		return byHand(name, "neither in JAVA_HOME nor on the PATH", javaHint)
	}
	printed, err := command{args: []string{path, "-version"}}.output(ctx)
	if err != nil {
		return byHand(name, fmt.Sprintf("%s -version: %v", path, err), javaHint)
	}
	version, ok := parseJavaVersion(printed)
	if !ok {
		return byHand(name, fmt.Sprintf("%s is Java %s", path, version), javaHint)
	}
	return Status{Name: name, Version: version, Path: path, Origin: OnPath}
}

var javaVersion = regexp.MustCompile(`version "((\d+)[^"]*)"`)

// parseJavaVersion reads what `java -version` prints and tells whether Spark can run on it.
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
