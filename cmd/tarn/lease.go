package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/driver"
	"github.com/tarn-data/tarn/pkg/lease"
	"github.com/tarn-data/tarn/pkg/ledger"
)

func (a *app) unlockCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "unlock",
		Short: "Show who holds the environment, and free it from a holder that is dead",
		Long: `Free the environment's lease. A holder that died needs no unlock: its lease runs out within
a minute and the next command takes over. One that may still be alive keeps the lease
unless --force is given; then it stops before its next project, and the lease keeps on
record who forced it. Exits 5 when the holder may be alive and --force was not given.

Pulumi's own locks are not touched: the next command clears those whose owner is dead.`,
		Args: noArguments,
	}
	force := command.Flags().Bool("force", false, "also from a holder that may be alive")
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		view := a.console()
		defer view.Close()
		table, _, err := a.lockTable(cmd.Context(), view)
		if err != nil {
			return err
		}
		by := lease.CurrentOwner(cmd.Context(), "tarn unlock")
		before, err := table.Unlock(cmd.Context(), a.environment, by, *force)
		if err != nil {
			return err
		}
		view.Close()
		text := "Nobody holds environment " + a.environment + "."
		if before.State == lease.Held {
			text = fmt.Sprintf("Environment %s is free. It was held by %s since %s.", a.environment, before.Owner, when(before.Acquired))
		}
		return a.print(map[string]any{"freed": before.State == lease.Held, "before": before}, text)
	}
	return command
}

func (a *app) historyCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "history",
		Short: "List the environment's deployments: when, by whom, which commit, what changed",
		Args:  noArguments,
	}
	a.projectFlag(command)
	most := command.Flags().Int("most", 10, "deployments of each project to show, at most 100")
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		view := a.console()
		defer view.Close()
		projects, err := a.chosenProjects()
		if err != nil {
			return err
		}
		_, deployments, err := a.lockTable(cmd.Context(), view)
		if err != nil {
			return err
		}
		var names []string
		for _, project := range projects {
			names = append(names, project.Name)
		}
		history, err := deployments.History(cmd.Context(), a.environment, names...)
		if errors.Is(err, lease.ErrNoTable) {
			return hinted{err, fmt.Sprintf("Is environment %s deployed? `tarn up` makes it.", a.environment)}
		}
		if err != nil {
			return err
		}
		for name, project := range history {
			project.Entries = project.Entries[:min(len(project.Entries), max(*most, 0))]
			history[name] = project
		}
		view.Close()
		return a.print(history, historyTable(names, history))
	}
	return command
}

func historyTable(names []string, history map[string]ledger.Project) string {
	var rows [][]string
	for _, name := range names {
		for _, entry := range history[name].Entries {
			good := ""
			if last := history[name].LastGood; last != nil && last.ID == entry.ID {
				good = "last good"
			}
			summary := string(entry.Result)
			if entry.Result == ledger.Succeeded {
				summary = driver.StackReport{Result: driver.Succeeded, Changes: entry.Changes}.Summary()
			}
			rows = append(rows, []string{
				name, when(entry.Time), entry.Command, summary, good, entry.Actor, entry.Commit[:min(len(entry.Commit), 12)],
				fmt.Sprintf("%.1f", entry.Seconds),
			})
		}
	}
	if slices.ContainsFunc(rows, func(row []string) bool { return len(row) > 0 }) {
		return console.Table([]string{"project", "when", "command", "result", "", "by", "commit", "seconds"}, rows)
	}
	return "Nothing was deployed yet."
}

func when(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// lockTable gives the lease and the ledger of the environment.
func (a *app) lockTable(ctx context.Context, view console.Console) (*lease.Table, *ledger.Ledger, error) {
	environment, err := a.enter(ctx, view, false)
	if err != nil {
		return nil, nil, err
	}
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(environment.Region))
	if err != nil {
		return nil, nil, err
	}
	client := dynamodb.NewFromConfig(loaded)
	return lease.New(client, environment.LockTable), ledger.New(client, environment.LockTable), nil
}
