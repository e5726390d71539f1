package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/blang/semver"
)

// minimumPulumi is the oldest CLI that is used. The programs are written against the SDK that go.mod pins, and an
// engine does not know what the SDK learnt after it: before 3.183.0, for one, the Automation API could not run the
// program itself on refresh and destroy. 3.200.0 is past that and old enough to be common.
var minimumPulumi = semver.MustParse("3.200.0")

var pulumiProgram = goProgram{
	name:   "pulumi",
	folder: "pulumi",
	module: "github.com/pulumi/pulumi/pkg/v3",
	main:   "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
	// A CLI that does not know its version fails the Automation API's version check.
	ldflags: func(version string) string {
		return "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + version
	},
	why:     "there is no Pulumi CLI " + minimumPulumi.String() + " or newer on the PATH",
	minutes: "about 4 minutes",
}

var languageHostProgram = goProgram{
	name:    "pulumi-language-go",
	folder:  "languagego",
	module:  "github.com/pulumi/pulumi/sdk/v3",
	main:    "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go",
	ldflags: func(string) string { return "-s -w" },
	why:     "plain `pulumi up` needs Pulumi's Go language host, and none is on the PATH",
	minutes: "half a minute",
}

// pulumiCLI is the engine with its command line.
type pulumiCLI struct{ paths Paths }

func (c pulumiCLI) find(ctx context.Context) Status {
	const name = "pulumi CLI"
	path, version, problem := c.onPath(ctx)
	if problem == nil {
		return Status{Name: name, Version: "v" + version.String(), Path: path, Origin: OnPath}
	}
	pinned := pulumiProgram.version(c.paths)
	if pulumiProgram.built(ctx, c.paths) {
		return Status{Name: name, Version: pinned, Path: pulumiProgram.file(c.paths), Origin: Built, Detail: problem.Error()}
	}
	return missing(name, pinned, problem.Error())
}

// onPath gives the user's own CLI if it is good enough.
func (c pulumiCLI) onPath(ctx context.Context) (string, semver.Version, error) {
	path, err := c.paths.lookPath("pulumi")
	if err != nil {
		return "", semver.Version{}, errors.New("not on the PATH")
	}
	printed, err := c.paths.ask(ctx, command{
		env:  []string{"PULUMI_SKIP_UPDATE_CHECK=true"},
		args: []string{path, "version"},
	})
	if err != nil {
		return "", semver.Version{}, fmt.Errorf("%s version: %w", path, err)
	}
	version, err := parsePulumiVersion(printed)
	if err != nil {
		return "", semver.Version{}, fmt.Errorf("%s: %w", path, err)
	}
	return path, version, nil
}

// parsePulumiVersion reads what `pulumi version` prints, and refuses a version that is too old.
func parsePulumiVersion(printed string) (semver.Version, error) {
	lines := strings.Split(strings.TrimSpace(printed), "\n")
	// Warnings come before the version.
	version, err := semver.ParseTolerant(lines[len(lines)-1])
	if err != nil {
		return semver.Version{}, fmt.Errorf("version %q is not readable: %w", printed, err)
	}
	if version.LT(minimumPulumi) {
		return semver.Version{}, fmt.Errorf("version %s is older than %s", version, minimumPulumi)
	}
	return version, nil
}

func (c pulumiCLI) make(ctx context.Context, progress Progress) error {
	return pulumiProgram.build(ctx, c.paths, progress)
}

// languageHost lets plain `pulumi up` run Go programs; the driver runs them itself.
type languageHost struct{ paths Paths }

func (h languageHost) find(ctx context.Context) Status {
	const name = "pulumi-language-go"
	// A host of one installation with the CLI of another works, but the CLI warns about it each time.
	_, version, own := pulumiCLI(h).onPath(ctx)
	if own == nil {
		if path, err := h.paths.lookPath(name); err == nil {
			return Status{Name: name, Version: "v" + version.String(), Path: path, Origin: OnPath}
		}
	}
	pinned := languageHostProgram.version(h.paths)
	if !languageHostProgram.built(ctx, h.paths) {
		return missing(name, pinned, "not on the PATH with a usable CLI")
	}
	return Status{Name: name, Version: pinned, Path: languageHostProgram.file(h.paths), Origin: Built}
}

func (h languageHost) make(ctx context.Context, progress Progress) error {
	return languageHostProgram.build(ctx, h.paths, progress)
}

// pulumiBin gives one folder that makes both the CLI and the language host reachable when it comes first in PATH.
func pulumiBin(ctx context.Context, paths Paths) (string, error) {
	cli := pulumiCLI{paths}.find(ctx)
	host := languageHost{paths}.find(ctx)
	if cli.Missing() || host.Missing() {
		return "", errors.New("pulumi or its language host is missing")
	}
	if cli.Origin == OnPath {
		// Either the user's folder has both, or the host was made and the CLI is found further down the PATH.
		return filepath.Dir(host.Path), nil
	}
	// The CLI takes a host beside itself for its own and does not warn about it.
	beside := filepath.Join(filepath.Dir(cli.Path), filepath.Base(host.Path))
	return filepath.Dir(cli.Path), link(host.Path, beside)
}

// link makes a symbolic link, replacing another one.
func link(target, name string) error {
	if present, err := os.Readlink(name); err == nil && present == target {
		return nil
	}
	temporary := fmt.Sprintf("%s.%d", name, os.Getpid())
	if err := os.Symlink(target, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, name)
}

// lookPath looks a program up on the PATH. What this package made does not count: the driver puts it on the PATH of
// its own process.
func (p Paths) lookPath(name string) (string, error) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if !filepath.IsAbs(dir) || isInside(p.Cache, dir) {
			continue
		}
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}

func isInside(folder, path string) bool {
	relative, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(relative)
}
