package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/driver"
)

func (a *app) stateCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "state",
		Short: "List, copy and restore versions of the environment's state",
		Long: `The state bucket keeps every version of a state file for bootstrap:settings.stateHistoryDays
after it was overwritten or deleted. A file that was lost or damaged is restored with:

  tarn state history --env dev
  tarn state restore mpp --env dev
  tarn preview --env dev`,
	}
	command.AddCommand(a.stateHistoryCommand(), a.stateBackupCommand(), a.stateRestoreCommand())
	return command
}

func (a *app) stateHistoryCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "history",
		Short: "List the versions of each project's state file, the newest first",
		Args:  noArguments,
	}
	a.projectFlag(command)
	most := command.Flags().Int("most", 10, "versions of each project to show")
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		view := a.console()
		defer view.Close()
		d, err := a.open(cmd.Context(), view, false)
		if err != nil {
			return err
		}
		versions, err := d.Versions(cmd.Context())
		if err != nil {
			return a.explainState(err)
		}
		view.Close()
		var rows [][]string
		for _, project := range slices.Sorted(maps.Keys(versions)) {
			versions[project] = versions[project][:min(len(versions[project]), max(*most, 0))]
			for _, v := range versions[project] {
				what := fmt.Sprintf("%d bytes", v.Bytes)
				if v.Deleted {
					what = "deleted"
				}
				if v.Current {
					what += ", current"
				}
				rows = append(rows, []string{project, when(v.Time), what, v.ID})
			}
		}
		return a.print(versions, console.Table([]string{"project", "when", "what", "version"}, rows))
	}
	return command
}

func (a *app) stateBackupCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "backup",
		Short: "Copy the environment's state files to a folder of this machine",
		Long: `Copy the state files as they are to a folder of this machine. Secrets in them stay encrypted
with the environment's key; without the key the copy still says what is deployed.`,
		Args: noArguments,
	}
	to := command.Flags().String("to", "", "folder for the copy (default: backups in the folder .tarn of the repository)")
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		view := a.console()
		defer view.Close()
		d, err := a.open(cmd.Context(), view, false)
		if err != nil {
			return err
		}
		folder := *to
		if folder == "" {
			folder = a.runFolder() + "/backups"
		}
		backup, err := d.Backup(cmd.Context(), folder)
		if err != nil {
			return a.explainState(err)
		}
		view.Close()
		return a.print(backup, fmt.Sprintf("The state of %s is copied to %s.",
			strings.Join(slices.Sorted(maps.Keys(backup.Projects)), ", "), backup.Folder))
	}
	return command
}

func (a *app) stateRestoreCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "restore PROJECT",
		Short: "Make an old version of a project's state file the current one",
		Long: `Make an old version of a project's state file the current one: without --version the newest
before the current one, or before the file was deleted, that describes any resource. What is current now stays as a
version. Only the state goes back, not what is deployed; "tarn preview" shows the difference.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("name one project: tarn state restore PROJECT")}
			}
			return nil
		},
	}
	a.lockFlag(command)
	version := command.Flags().String("version", "",
		"the version to restore, from 'tarn state history' (default: the last one that describes something)")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		a.only = args
		view := a.console()
		defer view.Close()
		d, err := a.open(cmd.Context(), view, false)
		if err != nil {
			return err
		}
		restored, err := d.Restore(cmd.Context(), args[0], *version)
		if err != nil {
			return a.explainState(err)
		}
		view.Close()
		return a.print(restored, fmt.Sprintf("The state of %s is that of %s again (version %s, %d resources).\n"+
			"To see whether it describes what is deployed: tarn preview --env %s",
			restored.Project, when(restored.Version.Time), restored.Version.ID, restored.Resources, a.environment))
	}
	return command
}

func (a *app) explainState(err error) error {
	if errors.Is(err, driver.ErrNoVersions) {
		return usageError{err}
	}
	return err
}
