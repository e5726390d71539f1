package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/driver"
	"github.com/tarn-data/tarn/pkg/run"
)

// runReport is the result of `tarn run` for machines.
type runReport struct {
	Pipeline string                `json:"pipeline"`
	RunID    string                `json:"runId"`
	OK       bool                  `json:"ok"`
	Error    string                `json:"error,omitempty"`
	Steps    []run.Node            `json:"steps"`
	Jobs     []run.JobReport       `json:"jobs"`
	Answers  map[string]run.Answer `json:"answers,omitempty"`
	Seconds  float64               `json:"seconds"`
}

func (a *app) runCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "run PIPELINE",
		Short: "Run a deployed pipeline, follow it and show its results",
		Long: `Start the deployed Glue workflow of a pipeline, follow it with the jobs' own output, and
end with what happened to the rows and the first rows of each analytics table. A run that
fails exits with 4. Ctrl-C stops the run; running it again is always safe: the jobs
write a row once.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("name one pipeline: tarn run PIPELINE (`tarn outputs` lists them)")}
			}
			return nil
		},
	}
	rows := command.Flags().Int("rows", 10, "rows of each analytics table to show")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		view := a.console()
		defer view.Close()
		runner, pipeline, err := a.runner(cmd.Context(), view, args[0])
		if err != nil {
			return err
		}
		report, err := a.execute(cmd.Context(), runner, pipeline, args[0], *rows)
		view.Close()
		if printed := a.print(report, runText(report, pipeline)); printed != nil {
			return printed
		}
		return err
	}
	return command
}

// runner finds a deployed pipeline.
func (a *app) runner(ctx context.Context, view console.Console, name string) (*run.Runner, contract.Pipeline, error) {
	none := contract.Pipeline{}
	d, err := a.open(ctx, view, false)
	if err != nil {
		return nil, none, err
	}
	outputs, err := d.ProjectOutputs(ctx, contract.ProjectMPP)
	if errors.Is(err, driver.ErrNotDeployed) {
		return nil, none, hinted{err, fmt.Sprintf("Deploy it first: tarn up --env %s", a.environment)}
	}
	if err != nil {
		return nil, none, err
	}
	pipelines, err := contract.PipelinesOf(outputs)
	if err != nil {
		return nil, none, err
	}
	pipeline, found := pipelines[name]
	if !found {
		return nil, none, usageError{fmt.Errorf("there is no pipeline %q in environment %s; pipelines: %s",
			name, a.environment, strings.Join(slices.Sorted(maps.Keys(pipelines)), ", "))}
	}
	runner, err := run.New(ctx, name, pipeline, a.pollInterval(), runObserver{view, a.environment + "-" + name + "-"})
	return runner, pipeline, err
}

// execute runs a pipeline to its end. The report is filled as far as the run came.
func (a *app) execute(
	ctx context.Context, runner *run.Runner, pipeline contract.Pipeline, name string, rows int,
) (report runReport, err error) {
	start := time.Now()
	report = runReport{Pipeline: name, Answers: map[string]run.Answer{}}
	defer func() {
		report.Seconds, report.OK = time.Since(start).Seconds(), err == nil
		if err != nil {
			report.Error = err.Error()
		}
	}()
	if report.RunID, err = runner.Start(ctx); err != nil {
		return report, err
	}
	report.Steps, err = runner.Follow(ctx, report.RunID)
	if ctx.Err() != nil {
		return report, a.stop(runner, report.RunID, name)
	}
	if err != nil && !errors.Is(err, run.ErrFailed) {
		return report, hinted{err, a.lostHint(name)}
	}
	var missing error
	if report.Jobs, missing = runner.Reports(ctx, report.RunID); missing != nil {
		return report, errors.Join(err, missing)
	}
	if err != nil {
		return report, hinted{err, fmt.Sprintf("Spark's own log is in the log group %s/error. Run it again with: tarn run %s --env %s",
			pipeline.LogPrefix, name, a.environment)}
	}
	for _, table := range pipeline.Tables {
		answer, err := runner.Show(ctx, table, rows)
		if err != nil {
			return report, fmt.Errorf("showing table %s: %w", table.Name, err)
		}
		report.Answers[table.Name] = answer
	}
	return report, nil
}

// stop stops a run after Ctrl-C. The command's own context has ended, so it takes another.
func (a *app) stop(runner *run.Runner, runID, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := runner.Stop(ctx, runID); err != nil {
		return fmt.Errorf("interrupted, and the run could not be stopped: %w", err)
	}
	return hinted{
		fmt.Errorf("interrupted: run %s was stopped", runID),
		fmt.Sprintf("Nothing is half written. To run it again: tarn run %s --env %s", name, a.environment),
	}
}

// lostHint says how to go on when the run can no longer be followed.
func (a *app) lostHint(name string) string {
	if a.environment == localEnvironment {
		return fmt.Sprintf("Has the emulator stopped? Its log is %s/emulator.log. To start over: tarn up && tarn run %s",
			a.emulatorFolder(), name)
	}
	return fmt.Sprintf("The run may still be going on. To see it: the Glue console, or again: tarn run %s --env %s", name, a.environment)
}

// runText is the report for people.
func runText(report runReport, pipeline contract.Pipeline) string {
	var out strings.Builder
	var steps [][]string
	for _, node := range report.Steps {
		steps = append(steps, []string{node.Kind + " " + node.Name, string(node.State), fmt.Sprintf("%.1f", node.Seconds)})
	}
	if len(steps) > 0 {
		steps = append(steps, []string{"all", "", fmt.Sprintf("%.1f", report.Seconds)})
		out.WriteString(console.Table([]string{"run " + report.RunID, "result", "seconds"}, steps) + "\n")
	}
	for _, job := range report.Jobs {
		out.WriteString("\n" + job.Job + "\n" + rowTable(job) + "\n")
	}
	for _, table := range pipeline.Tables {
		if answer, found := report.Answers[table.Name]; found {
			out.WriteString("\n" + table.Name + "\n" + console.Table(answer.Columns, answer.Rows) + "\n")
		}
	}
	return strings.TrimRight(out.String(), "\n")
}

func rowTable(job run.JobReport) string {
	number := func(n int64) string { return fmt.Sprint(n) }
	if len(job.Tables) > 0 {
		var rows [][]string
		for _, t := range job.Tables {
			rows = append(rows, []string{
				t.Name, number(t.Rows), number(t.Inserted), number(t.Updated), number(t.Deleted), number(t.Unchanged), t.Error,
			})
		}
		return console.Table([]string{"table", "rows", "new", "changed", "removed", "unchanged", "error"}, rows)
	}
	var rows [][]string
	for _, d := range job.Datasets {
		rows = append(rows, []string{
			d.Name, number(d.Read), number(d.Valid), number(d.Quarantined), number(d.Inserted), number(d.Updated),
			number(d.Unchanged), number(d.Total), d.Error,
		})
	}
	return console.Table([]string{"data set", "read", "valid", "quarantined", "new", "changed", "unchanged", "in table", "error"}, rows)
}

// runObserver shows a run on the console. Names are shown without what all of them begin with.
type runObserver struct {
	view   console.Console
	common string
}

func (o runObserver) short(name string) string {
	if _, after, found := strings.Cut(name, o.common); found {
		return after
	}
	return name
}

func (o runObserver) NodeStarted(node string) { o.view.Start(o.short(node)) }
func (o runObserver) Line(node, text string)  { o.view.Line(o.short(node), text) }
func (o runObserver) NodeFinished(node run.Node) {
	var err error
	if node.State != run.Succeeded {
		err = errors.New(node.Error)
	}
	o.view.Finish(o.short(node.Name), node.Error, err)
}
