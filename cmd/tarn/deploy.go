package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/driver"
	"github.com/tarn-data/tarn/pkg/lease"
	"github.com/tarn-data/tarn/pkg/upload"
)

// errStackFailed marks a row of the console; the error itself is shown at the end.
var errStackFailed = errors.New("failed")

func (a *app) upCommand() *cobra.Command {
	up := &cobra.Command{
		Use:   "up",
		Short: "Deploy all projects, each after those it needs",
		Long: `Deploy bootstrap, datalake and mpp, each after those it needs. Without a change nothing
happens. After a failure, Ctrl-C or a kill, the same command goes on where it stopped.

One command at a time changes an environment: it holds the environment's lease for all
projects. A holder that died is replaced as soon as its lease has run out (a minute, at
once on the same machine), and what it left half done is put right first.

Where mpp:settings.uploads names a folder, its files are uploaded to the raw zone afterwards
(see "tarn upload").

In the local environment it first makes every tool that is missing (the very first
time some 10 to 20 minutes on two cores) and starts the emulator.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.deploy(cmd.Context(), true, (*driver.Driver).Up, a.uploadConfigured)
		},
	}
	a.projectFlag(up)
	a.lockFlag(up)
	return up
}

// projectFlag is for commands that can work on some of the projects, such as those that a repository owns.
func (a *app) projectFlag(command *cobra.Command) {
	command.Flags().StringSliceVarP(&a.only, "project", "p", nil, "only this project (may be given several times; default all)")
}

// lockFlag is for commands that change an environment, which one at a time may.
func (a *app) lockFlag(command *cobra.Command) {
	command.Flags().DurationVar(&a.lockTimeout, "lock-timeout", 0,
		"how long to wait while somebody else changes the environment, such as 10m (default: not at all)")
}

func (a *app) previewCommand() *cobra.Command {
	preview := &cobra.Command{
		Use:   "preview",
		Short: "Say what `up` would change",
		Args:  noArguments,
	}
	a.projectFlag(preview)
	strict := preview.Flags().Bool("expect-no-changes", false, "exit with 3 when anything would change")
	preview.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.deploy(cmd.Context(), true, func(d *driver.Driver, ctx context.Context) (driver.Report, error) {
			report, err := d.Preview(ctx)
			if err == nil && *strict && report.Changed() {
				err = errChanges
			}
			return report, err
		})
	}
	return preview
}

func (a *app) destroyCommand() *cobra.Command {
	destroy := &cobra.Command{
		Use:   "destroy",
		Short: "Delete everything the projects have made, the last project first",
		Long: `Delete everything the projects have made, the last project first.

Before anything is deleted it looks for what is protected and counts what is in the
buckets of the lake. Deleting data takes two keys: deleteDataOnDestroy in
datalake:settings, deployed, and --delete-data. While a bucket holds anything that
Pulumi has not put there, old versions included, and one of the keys is missing, the
command lists the counts and stops. Empty buckets need no key.`,
		Args: noArguments,
	}
	a.projectFlag(destroy)
	a.lockFlag(destroy)
	destroy.Flags().BoolVar(&a.deleteData, "delete-data", false,
		"delete data for good, with every version, where deleteDataOnDestroy is deployed")
	yes := destroy.Flags().BoolP("yes", "y", false, "do not ask (the local environment never asks)")
	destroy.RunE = func(cmd *cobra.Command, _ []string) error {
		if a.environment != localEnvironment && !*yes {
			if err := a.confirm(); err != nil {
				return err
			}
		}
		return a.deploy(cmd.Context(), false, (*driver.Driver).Destroy)
	}
	return destroy
}

// confirm makes a person type the environment's name.
func (a *app) confirm() error {
	fmt.Fprintf(a.problems, "This deletes every resource of environment %s. Type its name to go on: ", a.environment)
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != a.environment {
		return usageError{errors.New("nothing was deleted: the name was not typed (use --yes where nobody can type)")}
	}
	return nil
}

// deployReport is the result of a command that changes stacks, for machines.
type deployReport struct {
	driver.Report
	Uploads *upload.Result `json:"uploads,omitempty"`
}

// after is what follows a deployment that succeeded.
type after func(context.Context, console.Console, *driver.Driver) (*upload.Result, error)

// deploy runs one of the driver's operations, and what follows it, and prints the report.
func (a *app) deploy(
	ctx context.Context, start bool, operation func(*driver.Driver, context.Context) (driver.Report, error), then ...after,
) error {
	view := a.console()
	defer view.Close()
	d, err := a.open(ctx, view, start)
	if err != nil {
		return err
	}
	if err := a.seated(ctx, d, start); err != nil {
		return err
	}
	quiet := context.AfterFunc(ctx, func() {
		view.Line("tarn", "stopping: waiting for the calls under way, so that no resource is forgotten (Ctrl-C again gives up at once)")
	})
	report := deployReport{}
	report.Report, err = operation(d, ctx)
	for _, step := range then {
		if err == nil {
			report.Uploads, err = step(ctx, view, d)
		}
	}
	quiet()
	view.Close()
	if err != nil {
		report.Error = err.Error()
	}
	if printed := a.print(report, reportText(report)); printed != nil {
		return printed
	}
	var held *lease.HeldError
	if errors.As(err, &held) {
		return err // says what to do
	}
	if errors.Is(err, driver.ErrData) {
		return err // as above
	}
	if err != nil && ctx.Err() != nil {
		return hinted{err, fmt.Sprintf("Interrupted. To go on: tarn %s --env %s", report.Command, a.environment)}
	}
	if err != nil && !errors.Is(err, errChanges) {
		return hinted{err, fmt.Sprintf("Nothing was rolled back. Once the cause is gone, go on with: tarn %s --env %s",
			report.Command, a.environment)}
	}
	return err
}

func reportText(report deployReport) string {
	text := reportTable(report.Report)
	if report.Uploads != nil {
		text += "\n\n" + uploadText(*report.Uploads)
	}
	return text
}

func reportTable(report driver.Report) string {
	var rows [][]string
	for _, stack := range report.Stacks {
		summary, took := string(stack.Result), ""
		if stack.Result != driver.NotRun {
			summary, took = stack.Summary(), fmt.Sprintf("%.1f", stack.Seconds)
		}
		rows = append(rows, []string{stack.Project, summary, took})
	}
	rows = append(rows, []string{"all", "", fmt.Sprintf("%.1f", report.Seconds)})
	return console.Table([]string{report.Command + " " + report.Environment, "result", "seconds"}, rows)
}
