package toolchain

import (
	"context"
	"strings"
)

var linterProgram = goProgram{
	name:    "golangci-lint",
	folder:  "golangcilint",
	module:  "github.com/golangci/golangci-lint/v2",
	main:    "github.com/golangci/golangci-lint/v2/cmd/golangci-lint",
	ldflags: func(string) string { return "-s -w" },
	why:     "exactly the pinned golangci-lint is not on the PATH, and another version finds other things",
	minutes: "about 2 minutes",
}

// Linter reports on golangci-lint. Only work on the code needs it, so that Ensure does not make it.
func Linter(ctx context.Context, paths Paths) Status {
	found := findLinter(ctx, paths)
	found.Optional = true
	return found
}

func findLinter(ctx context.Context, paths Paths) Status {
	const name = "golangci-lint"
	pinned := linterProgram.version(paths)
	if path, err := paths.lookPath(name); err == nil {
		printed, err := paths.ask(ctx, command{args: []string{path, "version", "--short"}})
		if err == nil && "v"+strings.TrimPrefix(printed, "v") == pinned {
			return Status{Name: name, Version: pinned, Path: path, Origin: OnPath}
		}
	}
	if linterProgram.built(ctx, paths) {
		return Status{Name: name, Version: pinned, Path: linterProgram.file(paths), Origin: Built}
	}
	status := missing(name, pinned, linterProgram.why)
	status.Fix += " --lint"
	return status
}

// EnsureLinter builds golangci-lint unless it is there, and gives its path.
func EnsureLinter(ctx context.Context, paths Paths, progress Progress) (string, error) {
	if found := Linter(ctx, paths); !found.Missing() {
		return found.Path, nil
	}
	if err := linterProgram.build(ctx, paths, progress); err != nil {
		return "", err
	}
	return linterProgram.file(paths), nil
}
