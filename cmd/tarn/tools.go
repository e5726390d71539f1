package main

import (
	"context"

	"github.com/tarn-data/tarn/local/toolchain"
	"github.com/tarn-data/tarn/pkg/console"
)

// tools gives the tools of the local environment, and makes those that are missing.
func (a *app) tools(ctx context.Context, view console.Console) (toolchain.Tools, error) {
	paths, err := toolchain.NewPaths(a.root)
	if err != nil {
		return toolchain.Tools{}, err
	}
	return toolchain.Ensure(ctx, paths, view)
}

// presentTools gives the tools for a command that works on what is already there.
func (a *app) presentTools(ctx context.Context) (toolchain.Tools, error) {
	paths, err := toolchain.NewPaths(a.root)
	if err != nil {
		return toolchain.Tools{}, err
	}
	return toolchain.Find(ctx, paths)
}

// showTools is tools as a task of its own.
func (a *app) showTools(ctx context.Context, view console.Console) (toolchain.Tools, error) {
	const task = "tools"
	view.Start(task)
	tools, err := a.tools(ctx, view)
	view.Finish(task, "", err)
	return tools, err
}
