package main

import (
	"context"

	"github.com/tarn-data/tarn/local/toolchain"
	"github.com/tarn-data/tarn/pkg/console"
)

// tools gives the tools of the local environment and makes those that are missing.
func (a *app) tools(ctx context.Context, progress toolchain.Progress) (toolchain.Tools, error) {
	paths, err := toolchain.NewPaths(a.root)
	if err != nil {
		return toolchain.Tools{}, err
	}
	return toolchain.Ensure(ctx, paths, progress)
}

// showTools is tools with its progress on the console.
func (a *app) showTools(ctx context.Context, view console.Console) (toolchain.Tools, error) {
	const task = "tools"
	view.Start(task)
	tools, err := a.tools(ctx, func(step, message string) { view.Line(step, message) })
	view.Finish(task, "", err)
	return tools, err
}
