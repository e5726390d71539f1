package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/run"
)

// runReport is the result of `tarn run` for machines.
type runReport struct {
	Pipeline    string                `json:"pipeline"`
	RunID       string                `json:"runId"`
	ResumedFrom string                `json:"resumedFrom,omitempty"` // the run that it goes on from
	OK          bool                  `json:"ok"`
	Error       string                `json:"error,omitempty"`
	Steps       []run.Node            `json:"steps"`
	Jobs        []run.JobReport       `json:"jobs"`
	Answers     map[string]run.Answer `json:"answers,omitempty"`
	Seconds     float64               `json:"seconds"`
	DPUHours    float64               `json:"dpuHours"`
	USD         float64               `json:"usd"` // an estimate
}

// runOptions are the flags of `tarn run`.
type runOptions struct {
	rows       int
	fromFailed string
	detach     bool
	request    run.Request
	prices     run.Prices
}

func (a *app) runCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "run PIPELINE",
		Short: "Run a deployed pipeline, follow it and show its results",
		Long: `Start the deployed Glue workflow of a pipeline, follow it with the jobs' own output, and
end with what happened to the rows, what the jobs cost and the first rows of each
analytics table. A run that fails exits with 4. Ctrl-C stops the run; running it again
is always safe: the jobs write a row once.

With --from-failed the run goes on where another one failed: what succeeded there is not
done again. With --full it reads files again that were read before.`,
		Example: `  tarn run flights
  tarn run flights --from-failed last
  tarn run flights --detach && tarn logs flights --follow`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("name one pipeline: tarn run PIPELINE (`tarn status` lists them)")}
			}
			return nil
		},
	}
	options := runOptions{prices: run.ListPrices()}
	flags := command.Flags()
	flags.IntVar(&options.rows, "rows", 10, "rows of each analytics table to show; with 0 no table is read")
	flags.StringVar(&options.fromFailed, "from-failed", "", `go on where a run failed: its id, or "last"`)
	flags.BoolVar(&options.detach, "detach", false, "do not wait for the end of the run")
	flags.BoolVar(&options.request.Full, "full", false, "read files again that were read before")
	priceFlag(flags, &options.prices)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if options.fromFailed != "" && options.request.Full {
			return usageError{errors.New("--from-failed goes on with what the failed run was to do, --full reads files again: give one of the two")}
		}
		view := a.console()
		defer view.Close()
		runner, pipeline, err := a.runner(cmd.Context(), view, args[0])
		if err != nil {
			return err
		}
		runner.Prices = options.prices
		if options.detach {
			report, err := a.startRun(cmd.Context(), runner, args[0], options)
			view.Close()
			if err != nil {
				return err
			}
			return a.print(report, fmt.Sprintf("run %s has started. To follow it: tarn logs %s %s --follow --env %s",
				report.RunID, args[0], report.RunID, a.environment))
		}
		report, err := a.execute(cmd.Context(), runner, pipeline, args[0], options)
		view.Close()
		if printed := a.print(report, runText(report, pipeline)); printed != nil {
			return printed
		}
		return err
	}
	return command
}

func priceFlag(flags *pflag.FlagSet, prices *run.Prices) {
	flags.Var(prices, "dpu-price", "US dollars per DPU-hour: one price, or one for each execution class; default: list price of us-east-1")
}

// startRun starts a run, from the beginning or where another one failed.
func (a *app) startRun(ctx context.Context, runner *run.Runner, name string, options runOptions) (runReport, error) {
	report := runReport{Pipeline: name}
	var err error
	if options.fromFailed == "" {
		report.RunID, err = runner.Start(ctx, options.request)
		return report, err
	}
	failed, err := runner.FailedRun(ctx, options.fromFailed)
	if err == nil {
		report.ResumedFrom = failed.RunID
		report.RunID, _, err = runner.Resume(ctx, failed.RunID)
	}
	switch {
	case errors.Is(err, run.ErrUnknownRun):
		return report, usageError{err}
	case errors.Is(err, run.ErrNothingToResume):
		return report, hinted{err, fmt.Sprintf("To run all of it: tarn run %s --env %s", name, a.environment)}
	}
	return report, err
}

// execute runs a pipeline to its end. The report is filled as far as the run came.
func (a *app) execute(
	ctx context.Context, runner *run.Runner, pipeline contract.Pipeline, name string, options runOptions,
) (report runReport, err error) {
	start := time.Now()
	defer func() {
		report.Seconds, report.OK = time.Since(start).Seconds(), err == nil
		if err != nil {
			report.Error = err.Error()
		}
	}()
	report, err = a.startRun(ctx, runner, name, options)
	report.Answers = map[string]run.Answer{}
	if err != nil {
		return report, err
	}
	report.Steps, err = runner.Follow(ctx, report.RunID)
	for _, node := range report.Steps {
		if node.Started.After(start.Add(-time.Minute)) { // not of the run that this one goes on from
			report.DPUHours, report.USD = report.DPUHours+node.DPUHours, report.USD+node.USD
		}
	}
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
		return report, hinted{err, a.failedHint(name, report.RunID)}
	}
	tables := pipeline.Tables
	if options.rows == 0 { // as whoever may run a pipeline and not read its data
		tables = nil
	}
	for _, table := range tables {
		answer, err := runner.Show(ctx, table, options.rows)
		if err != nil {
			return report, fmt.Errorf("showing table %s: %w", table.Name, err)
		}
		report.Answers[table.Name] = answer
	}
	return report, nil
}

// failedHint says how to go on after a run that failed.
func (a *app) failedHint(name, runID string) string {
	return fmt.Sprintf("Spark's own log: tarn logs %s %s --errors --env %s\nOnce the cause is mended, to go on where it failed: "+
		"tarn run %s --from-failed %s --env %s", name, runID, a.environment, name, runID, a.environment)
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
	return fmt.Sprintf("The run may still be going on. To see it: tarn status %s --env %s", name, a.environment)
}

// runText is the report for people.
func runText(report runReport, pipeline contract.Pipeline) string {
	var out strings.Builder
	if len(report.Steps) > 0 {
		total := run.Summary{RunID: report.RunID, Seconds: report.Seconds, DPUHours: report.DPUHours, USD: report.USD, Nodes: report.Steps}
		out.WriteString(stepTable(total) + "\n")
	}
	out.WriteString(jobTables(report.Jobs))
	out.WriteString(answerTables(pipeline, report.Answers))
	return strings.TrimRight(out.String(), "\n")
}
