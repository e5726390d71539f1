package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/run"
)

// logReport is the result of `tarn logs` for machines.
type logReport struct {
	Pipeline string     `json:"pipeline"`
	RunID    string     `json:"runId"`
	State    run.State  `json:"state"`
	Lines    []run.Line `json:"lines"`
}

func (a *app) logsCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "logs PIPELINE [RUN]",
		Short: "Print what the jobs of a run printed",
		Long: `Print what the jobs of a run printed, drivers and executors of all attempts, in the order of
time; of the newest run, unless one is named. With --errors it is Spark's own log. The log
of the crawler is printed when it is asked for: --job crawler.`,
		Example: `  tarn logs flights --errors
  tarn logs flights --job raw-to-staged --follow`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError{errors.New("name a pipeline, and a run if it is not the newest: tarn logs PIPELINE [RUN]")}
			}
			return nil
		},
	}
	request := run.LogRequest{}
	var since time.Duration
	flags := command.Flags()
	flags.StringVar(&request.Job, "job", "", "only one job: raw-to-staged, quality-gate, …, the name of your own, or crawler")
	flags.BoolVar(&request.Errors, "errors", false, "Spark's own log instead of what the jobs print")
	flags.BoolVar(&request.Follow, "follow", false, "go on until the run has ended")
	flags.DurationVar(&since, "since", 0, "only lines that are not older, for example 10m")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if request.Follow && a.json {
			return usageError{errors.New("--follow prints lines as they come, --json one document at the end: give one of the two")}
		}
		view := a.console()
		defer view.Close()
		runner, pipeline, err := a.runner(cmd.Context(), view, args[0])
		if err != nil {
			return err
		}
		if err := checkJob(request.Job, pipeline); err != nil {
			return err
		}
		found, err := findRun(cmd.Context(), runner, strings.Join(args[1:], ""))
		if err != nil {
			return err
		}
		view.Close()
		if since > 0 {
			request.Since = time.Now().Add(-since)
		}
		report := logReport{args[0], found.RunID, found.State, []run.Line{}}
		err = runner.Logs(cmd.Context(), found, request, func(line run.Line) {
			if a.json {
				report.Lines = append(report.Lines, line)
				return
			}
			fmt.Fprintln(a.out, lineText(line))
		})
		if request.Follow && cmd.Context().Err() != nil {
			return nil // Ctrl-C is how one stops to look
		}
		if err != nil || !a.json {
			return err
		}
		return a.print(report, "")
	}
	return command
}

// checkJob refuses a job that the pipeline does not have.
func checkJob(job string, pipeline contract.Pipeline) error {
	known := append(run.Kinds(pipeline), "crawler")
	if job == "" || slices.Contains(known, job) {
		return nil
	}
	return usageError{fmt.Errorf("--job %s: there is no such job; jobs: %s", job, strings.Join(known, ", "))}
}

func lineText(line run.Line) string {
	from := line.Job
	if line.From != "" {
		from += " " + line.From
	}
	return fmt.Sprintf("%s  %s  %s", line.Time.Format("15:04:05"), from, line.Text)
}
