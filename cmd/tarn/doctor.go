package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/local/toolchain"
	"github.com/tarn-data/tarn/pkg/console"
)

func (a *app) doctorCommand() *cobra.Command {
	doctor := &cobra.Command{
		Use:   "doctor",
		Short: "List every tool with its version and where it came from, and what is missing",
		Long: `List every tool the local environment needs, with its version and where it came from;
for one that is missing, the command that fixes it. Exits 1 when one is missing, unless it is optional.`,
		Args: noArguments,
	}
	fix := doctor.Flags().Bool("fix", false, "make what is missing")
	lint := doctor.Flags().Bool("lint", false, "also the linter that the tests of this repository need")
	scan := doctor.Flags().Bool("scan", false, "also the scanners that `tarn scan` runs")
	which := doctor.Flags().String("which", "", "print only the path of one tool, for scripts")
	doctor.RunE = func(cmd *cobra.Command, _ []string) error {
		if *which != "" {
			return a.which(cmd.Context(), *which)
		}
		if *fix {
			if err := a.fix(cmd.Context(), *lint, *scan); err != nil {
				return err
			}
		}
		return a.diagnose(cmd.Context())
	}
	return doctor
}

func (a *app) fix(ctx context.Context, lint, scan bool) error {
	view := a.console()
	defer view.Close()
	if _, err := a.showTools(ctx, view); err != nil {
		return err
	}
	paths, err := toolchain.NewPaths(a.root)
	if err != nil {
		return err
	}
	if lint {
		if _, err := toolchain.EnsureLinter(ctx, paths, view); err != nil {
			return err
		}
	}
	if scan {
		if _, err := toolchain.EnsureScanners(ctx, paths, view); err != nil {
			return err
		}
	}
	return nil
}

// which prints where a tool is.
func (a *app) which(ctx context.Context, name string) error {
	paths, err := toolchain.NewPaths(a.root)
	if err != nil {
		return err
	}
	var known []string
	for _, tool := range toolchain.Inspect(ctx, paths) {
		if tool.Name == name && !tool.Missing() {
			return a.print(tool, tool.Path)
		}
		known = append(known, tool.Name)
	}
	return usageError{fmt.Errorf("there is no tool %q; tools: %s", name, strings.Join(known, ", "))}
}

func (a *app) diagnose(ctx context.Context) error {
	paths, err := toolchain.NewPaths(a.root)
	if err != nil {
		return err
	}
	tools := toolchain.Inspect(ctx, paths)
	missing := false
	var rows [][]string
	for _, tool := range tools {
		where, origin := tool.Path, string(tool.Origin)
		switch {
		case tool.Missing() && tool.Optional:
			where, origin = tool.Fix, "missing (optional)"
		case tool.Missing():
			missing = true
			where = tool.Fix
		}
		rows = append(rows, []string{tool.Name, tool.Version, origin, where})
	}
	if err := a.print(tools, console.Table([]string{"tool", "version", "origin", "where, or how to get it"}, rows)); err != nil {
		return err
	}
	if missing {
		return errors.New("something is missing")
	}
	return nil
}
