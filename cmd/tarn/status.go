package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/run"
)

// shownRuns is how many runs of a pipeline `tarn status` shows.
const shownRuns = 10

// askedAtOnce is how many pipelines are asked for at the same time: Glue refuses callers that ask too often.
const askedAtOnce = 4

// pipelineReport is the result of `tarn status PIPELINE` for machines.
type pipelineReport struct {
	run.Overview

	Runs     []run.Summary      `json:"runs"`
	Datasets []run.DatasetState `json:"datasets"`
}

// oneRunReport is the result of `tarn status PIPELINE RUN` for machines.
type oneRunReport struct {
	run.Summary

	Pipeline string          `json:"pipeline"`
	Jobs     []run.JobReport `json:"jobs"`
}

func (a *app) statusCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "status [PIPELINE] [RUN]",
		Short: "Show how the pipelines are doing, and what their runs did and cost",
		Long: `Show all pipelines with their last run; of one pipeline its last runs and what the catalog
says of its data sets; of one run its steps and what happened to the rows of each data
set. RUN may be "last".`,
		Example: `  tarn status
  tarn status flights
  tarn status flights last`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 2 {
				return usageError{errors.New("name a pipeline and a run at most: tarn status [PIPELINE] [RUN]")}
			}
			return nil
		},
	}
	prices := run.ListPrices()
	priceFlag(command.Flags(), &prices)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		view := a.console()
		defer view.Close()
		var report any
		var text string
		var err error
		switch len(args) {
		case 0:
			report, text, err = a.statusOfAll(cmd.Context(), view)
		case 1:
			report, text, err = a.statusOfPipeline(cmd.Context(), view, args[0], prices)
		default:
			report, text, err = a.statusOfRun(cmd.Context(), view, args[0], args[1], prices)
		}
		if err != nil {
			return err
		}
		view.Close()
		return a.print(report, text)
	}
	return command
}

func (a *app) statusOfAll(ctx context.Context, view console.Console) (any, string, error) {
	pipelines, err := a.deployedPipelines(ctx, view)
	if err != nil {
		return nil, "", err
	}
	names := slices.Sorted(maps.Keys(pipelines))
	if len(names) == 0 {
		return []run.Overview{}, "No pipeline is deployed.", nil
	}
	first, err := run.New(ctx, "", contract.Pipeline{}, a.pollInterval(), nil)
	if err != nil {
		return nil, "", err
	}
	overviews, problems := make([]run.Overview, len(names)), make([]error, len(names))
	var group sync.WaitGroup
	slots := make(chan struct{}, askedAtOnce)
	for i, name := range names {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			overviews[i], problems[i] = first.For(name, pipelines[name]).Overview(ctx)
		})
	}
	group.Wait()
	if err := errors.Join(problems...); err != nil {
		return nil, "", err
	}
	return overviews, overviewTable(overviews, time.Now()), nil
}

func overviewTable(overviews []run.Overview, now time.Time) string {
	var rows [][]string
	for _, o := range overviews {
		state := string(o.State)
		if o.LastRun == "" {
			state = "never ran"
		}
		rows = append(rows, []string{
			o.Pipeline, state, ago(o.Started, now), seconds(o.Seconds), ago(o.LastSuccess, now), o.Starts,
		})
	}
	return console.Table([]string{"pipeline", "last run", "started", "seconds", "last success", "starts"}, rows)
}

func (a *app) statusOfPipeline(ctx context.Context, view console.Console, name string, prices run.Prices) (any, string, error) {
	runner, pipeline, err := a.runner(ctx, view, name)
	if err != nil {
		return nil, "", err
	}
	runner.Prices = prices
	report := pipelineReport{}
	if report.Overview, err = runner.Overview(ctx); err != nil {
		return nil, "", err
	}
	if report.Runs, err = runner.History(ctx, shownRuns); err != nil {
		return nil, "", err
	}
	if report.Datasets, err = runner.Datasets(ctx); err != nil {
		return nil, "", err
	}
	for i := range report.Runs {
		report.Runs[i].Nodes = nil // those are for `tarn status PIPELINE RUN`
	}
	return report, pipelineText(report, pipeline, time.Now()), nil
}

func pipelineText(report pipelineReport, pipeline contract.Pipeline, now time.Time) string {
	text := fmt.Sprintf("%s, domain %s, starts: %s\n", report.Pipeline, pipeline.Domain, report.Starts)
	if len(report.Runs) == 0 {
		return text + "It has never run."
	}
	var rows [][]string
	cost := 0.0
	for _, r := range report.Runs {
		reads := ""
		if r.From != "" {
			reads = r.From + " to " + r.To
		}
		if r.Full {
			reads = strings.TrimSpace(reads + " full")
		}
		rows = append(rows, []string{
			r.RunID, string(r.State), ago(r.Started, now), seconds(r.Seconds), hours(r.DPUHours), dollars(r.USD), reads,
		})
		cost += r.USD
	}
	text += console.Table([]string{"run", "result", "started", "seconds", "DPU-hours", "USD", "reads"}, rows)
	if cost > 0 {
		text += "\nUSD is " + run.CostNote + "."
	}
	if report.Error != "" {
		text += "\n\nThe last run: " + report.Error
	}
	if len(report.Datasets) == 0 {
		return text
	}
	rows = nil
	for _, d := range report.Datasets {
		row := append([]string{d.Name}, numbers(d.Read, d.Staged, d.Quarantined)...)
		rows = append(rows, append(row, ago(d.LastSuccess, now), d.Classification))
	}
	return text + "\n\n" + console.Table([]string{"data set", "read", "staged", "quarantined", "last success", "classification"}, rows)
}

func (a *app) statusOfRun(ctx context.Context, view console.Console, name, id string, prices run.Prices) (any, string, error) {
	runner, _, err := a.runner(ctx, view, name)
	if err != nil {
		return nil, "", err
	}
	runner.Prices = prices
	found, err := findRun(ctx, runner, id)
	if err != nil {
		return nil, "", err
	}
	report := oneRunReport{Summary: found, Pipeline: name}
	if report.Jobs, err = runner.Reports(ctx, found.RunID); err != nil {
		return nil, "", err
	}
	text := stepTable(found) + "\n" + jobTables(report.Jobs)
	if found.Error != "" {
		text += "\n" + found.Error
	}
	return report, strings.TrimRight(text, "\n"), nil
}

// ago is how long something is past, for people.
func ago(then, now time.Time) string {
	past := now.Sub(then)
	switch {
	case then.IsZero():
		return ""
	case past < time.Minute:
		return "just now"
	case past < time.Hour:
		return fmt.Sprintf("%d min ago", int(past.Minutes()))
	case past < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(past.Hours()))
	default:
		return fmt.Sprintf("%d days ago", int(past.Hours()/24))
	}
}

func seconds(n float64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", n)
}
