// Package toolchain finds or makes every tool the local environment needs. What a machine already has is used; only
// what is missing is fetched, and only what cannot be fetched is built. Everything made goes into one cache folder.
package toolchain

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Tools says where the tools are.
type Tools struct {
	// PulumiBin is a folder to put in front of PATH, so that pulumi and its Go language host are both found.
	PulumiBin string
	// PulumiHome is the PULUMI_HOME that has the AWS plugin.
	PulumiHome string
	// Python is the interpreter of the virtual environment with the emulator and Spark.
	Python string
	// Jars is the folder of the jars Spark needs for S3 and Iceberg.
	Jars string
	// Data is the folder of the sample data's CSV files.
	Data string
}

// tool is something that is either there or can be made.
type tool interface {
	// find looks only; it must be quick.
	find(ctx context.Context) Status
	// make is called when find reports the tool missing.
	make(ctx context.Context, progress Progress) error
}

// Inspect reports on every tool without making any.
func Inspect(ctx context.Context, paths Paths) []Status {
	var found []Status
	for _, p := range prerequisites(paths) {
		found = append(found, p.find(ctx))
	}
	for _, line := range lines(paths) {
		for _, t := range line {
			found = append(found, t.find(ctx))
		}
	}
	found = append(found, Linter(ctx, paths))
	return append(found, scannerStatuses(ctx, paths)...)
}

// Ensure makes every tool that is missing. Go, Python and Java are the user's: it only says how to get them.
func Ensure(ctx context.Context, paths Paths, progress Progress) (Tools, error) {
	var missing []error
	for _, p := range prerequisites(paths) {
		if found := p.find(ctx); found.Missing() {
			missing = append(missing, fmt.Errorf("%s is missing (%s): %s", found.Name, found.Detail, found.Fix))
		}
	}
	if len(missing) > 0 {
		return Tools{}, errors.Join(missing...)
	}
	if err := inParallel(ctx, lines(paths), func(ctx context.Context, t tool) error {
		found := t.find(ctx)
		if !found.Missing() {
			return nil
		}
		if err := t.make(ctx, progress); err != nil {
			return fmt.Errorf("making %s: %w", found.Name, err)
		}
		return nil
	}); err != nil {
		return Tools{}, err
	}
	return tools(ctx, paths)
}

func tools(ctx context.Context, paths Paths) (Tools, error) {
	bin, err := pulumiBin(ctx, paths)
	if err != nil {
		return Tools{}, err
	}
	return Tools{
		PulumiBin:  bin,
		PulumiHome: paths.PulumiHome(),
		Python:     venvPython(paths.venv()),
		Jars:       paths.Jars(),
		Data:       sampleData{paths}.dir(),
	}, nil
}

// lines gives the tools in two lines that do not get in each other's way: one keeps the processor busy, the other the
// network. Within a line the order matters: the plugins are installed with the CLI, and the sample data with the Python
// environment's pip.
func lines(paths Paths) [][]tool {
	return [][]tool{
		{pulumiCLI{paths}, languageHost{paths}, awsPlugin{paths}, awsxPlugin{paths}},
		{pythonEnvironment{paths}, sparkJars{paths}, sampleData{paths}},
	}
}

// inParallel works through the lines side by side. The first failure stops all of them, so that the user hears of it
// at once and not after the longest build.
func inParallel(ctx context.Context, lines [][]tool, work func(context.Context, tool) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wait sync.WaitGroup
	for _, line := range lines {
		wait.Go(func() {
			for _, t := range line {
				if ctx.Err() != nil {
					return
				}
				if err := work(ctx, t); err != nil {
					stop(err)
					return
				}
			}
		})
	}
	wait.Wait()
	// The first cause is the failure itself; what the other line says then is only that it was stopped.
	return context.Cause(ctx)
}
