package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/run"
)

// backfillReport is the result of `tarn backfill` for machines.
type backfillReport struct {
	Pipeline string           `json:"pipeline"`
	OK       bool             `json:"ok"`
	Error    string           `json:"error,omitempty"`
	Windows  []backfillWindow `json:"windows"` // those that were run
	Left     int              `json:"left"`    // how many were not
	GoOn     string           `json:"goOn,omitempty"`
}

// backfillWindow is one run of a backfill.
type backfillWindow struct {
	From     string          `json:"from"`
	To       string          `json:"to"`
	RunID    string          `json:"runId"`
	OK       bool            `json:"ok"`
	Seconds  float64         `json:"seconds"`
	DPUHours float64         `json:"dpuHours"`
	USD      float64         `json:"usd"`
	Jobs     []run.JobReport `json:"jobs"`
}

// backfillOptions are the flags of `tarn backfill`.
type backfillOptions struct {
	from, to string
	days     int
	full     bool
	prices   run.Prices
}

func (a *app) backfillCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "backfill PIPELINE --from DATE --to DATE",
		Short: "Run a pipeline for the raw files of a range of dates",
		Long: `Run a pipeline for the raw files whose paths say that they are of a range of dates, both of
them in it. With --window the range is cut into windows of so many days, and a run is made
for one after the other; the first that fails ends it, and the command that goes on from
there is printed. Files that were read before are left out unless --full is given. Rows
are never there twice, whatever is repeated.`,
		Example: `  tarn backfill flights --from 2013-01-01 --to 2013-12-31 --window 31`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("name one pipeline: tarn backfill PIPELINE --from DATE --to DATE")}
			}
			return nil
		},
	}
	options := backfillOptions{prices: run.ListPrices()}
	flags := command.Flags()
	flags.StringVar(&options.from, "from", "", "the first date, for example 2026-01-31")
	flags.StringVar(&options.to, "to", "", "the last date")
	flags.IntVar(&options.days, "window", 0, "days of one run (default: all of them)")
	flags.BoolVar(&options.full, "full", false, "read files again that were read before")
	priceFlag(flags, &options.prices)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		window, err := run.ParseWindow(options.from, options.to)
		if options.days < 0 {
			err = errors.Join(err, fmt.Errorf("--window %d: want a number of days", options.days))
		}
		if err != nil {
			return usageError{err}
		}
		view := a.console()
		defer view.Close()
		runner, pipeline, err := a.runner(cmd.Context(), view, args[0])
		if err != nil {
			return err
		}
		runner.Prices = options.prices
		if err := run.CheckDated(args[0], pipeline); err != nil {
			return usageError{err}
		}
		report, err := a.backfill(cmd.Context(), view, runner, pipeline, args[0], window, options)
		view.Close()
		if printed := a.print(report, backfillText(report)); printed != nil {
			return printed
		}
		return err
	}
	return command
}

// backfill runs one window after the other.
func (a *app) backfill(
	ctx context.Context, view console.Console, runner *run.Runner, pipeline contract.Pipeline, name string, whole run.Window,
	options backfillOptions,
) (backfillReport, error) {
	report := backfillReport{Pipeline: name, Windows: []backfillWindow{}}
	windows := whole.Split(options.days)
	none := contract.Pipeline{Jobs: pipeline.Jobs} // without tables: nobody wants to see rows after each window
	for i, window := range windows {
		view.Line("backfill", fmt.Sprintf("window %d of %d: %s", i+1, len(windows), window))
		done, err := a.execute(ctx, runner, none, name, runOptions{request: run.Request{Window: window, Full: options.full}})
		if done.RunID != "" {
			report.Windows = append(report.Windows, backfillWindow{
				From: date(window.From), To: date(window.To), RunID: done.RunID, OK: err == nil, Seconds: done.Seconds,
				DPUHours: done.DPUHours, USD: done.USD, Jobs: done.Jobs,
			})
		}
		if err != nil {
			report.Error, report.Left = err.Error(), len(windows)-i
			report.GoOn = a.goOn(name, run.Window{From: window.From, To: whole.To}, options)
			return report, hinted{err, fmt.Sprintf("%d of %d windows are done. To go on: %s", i, len(windows), report.GoOn)}
		}
	}
	report.OK = true
	return report, nil
}

// goOn gives the command that does what is left of a backfill.
func (a *app) goOn(name string, left run.Window, options backfillOptions) string {
	command := fmt.Sprintf("tarn backfill %s --from %s --to %s", name, date(left.From), date(left.To))
	if options.days > 0 {
		command += fmt.Sprintf(" --window %d", options.days)
	}
	if options.full {
		command += " --full"
	}
	return command + " --env " + a.environment
}

func backfillText(report backfillReport) string {
	var rows [][]string
	cost := 0.0
	for _, w := range report.Windows {
		result := "done"
		if !w.OK {
			result = "failed"
		}
		var read, valid, quarantined int64
		for _, job := range w.Jobs {
			for _, d := range job.Datasets {
				read, valid, quarantined = read+d.Read, valid+d.Valid, quarantined+d.Quarantined
			}
		}
		row := append([]string{w.From + " to " + w.To, result}, numbers(read, valid, quarantined)...)
		rows = append(rows, append(row, seconds(w.Seconds), hours(w.DPUHours), dollars(w.USD), w.RunID))
		cost += w.USD
	}
	if len(rows) == 0 {
		return "No window was run."
	}
	text := console.Table([]string{"window", "result", "read", "valid", "quarantined", "seconds", "DPU-hours", "USD", "run"}, rows)
	if cost > 0 {
		text += "\nUSD is " + run.CostNote + "."
	}
	return text
}

func date(day time.Time) string { return day.Format(time.DateOnly) }
