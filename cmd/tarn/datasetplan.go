package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/pipeline"
	"github.com/tarn-data/tarn/pkg/program/mpp"
)

// plannedPipeline is a pipeline in the result of `tarn dataset plan`.
type plannedPipeline struct {
	Name        string          `json:"name"`
	Domain      string          `json:"domain"`
	Starts      string          `json:"starts"`
	Scheduled   bool            `json:"scheduled"` // whether that starts it in the environment
	Template    string          `json:"template,omitempty"`
	Steps       []pipeline.Step `json:"steps"`
	Jobs        int             `json:"jobs"`
	Triggers    int             `json:"triggers"`
	MostWorkers int             `json:"mostWorkers"`
	Datasets    []string        `json:"datasets"`
	Tables      []string        `json:"tables"`
	Rulesets    int             `json:"rulesets"`
}

// plan is the result of `tarn dataset plan`.
type plan struct {
	Environment string            `json:"environment"`
	Pipelines   []plannedPipeline `json:"pipelines"`
	Total       planTotal         `json:"total"`
}

type planTotal struct {
	Pipelines   int `json:"pipelines"`
	Datasets    int `json:"datasets"`
	Tables      int `json:"tables"`
	Jobs        int `json:"jobs"`
	Triggers    int `json:"triggers"`
	MostWorkers int `json:"mostWorkers"`
}

func (d *datasetFiles) planCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "plan [PIPELINE]",
		Short: "Show what an environment makes of the files: steps, capacity, schedules",
		Long: `Show for each pipeline which steps it runs in which order and with which capacity: the
defaults, over them its template, over that the stack file of the environment. Nothing is
deployed and AWS is not asked; "tarn preview" shows the resources.`,
		Example: `  tarn dataset plan
  tarn dataset plan flights --env prod`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("name one pipeline, or none for all of them")}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			planned, err := mpp.Plan(d.project, d.environment)
			if err != nil {
				return usageError{err}
			}
			result := plan{Environment: d.environment, Pipelines: []plannedPipeline{}}
			var names []string
			for _, p := range planned {
				names = append(names, p.Pipeline.Name)
				if len(args) == 0 || args[0] == p.Pipeline.Name {
					result.add(p)
				}
			}
			if len(args) > 0 && len(result.Pipelines) == 0 {
				return usageError{fmt.Errorf("there is no pipeline %q; pipelines: %s", args[0], strings.Join(names, ", "))}
			}
			return d.print(result, result.text())
		},
	}
}

func (r *plan) add(p mpp.PlannedPipeline) {
	one := plannedPipeline{
		Name: p.Pipeline.Name, Domain: p.Pipeline.Domain, Starts: starts(p.Pipeline), Scheduled: p.Scheduled,
		Template: p.Pipeline.Template, Steps: p.Steps, Triggers: p.Triggers, MostWorkers: p.MostWorkers,
		Datasets: []string{}, Tables: []string{}, Rulesets: len(p.Pipeline.Rulesets),
	}
	for _, s := range p.Steps {
		if s.Kind != pipeline.Crawler {
			one.Jobs++
		}
	}
	for _, s := range p.Pipeline.Datasets {
		one.Datasets = append(one.Datasets, s.Name)
	}
	for _, t := range p.Pipeline.Tables {
		one.Tables = append(one.Tables, t.Name)
	}
	r.Pipelines = append(r.Pipelines, one)
	r.Total.Pipelines++
	r.Total.Datasets += len(one.Datasets)
	r.Total.Tables += len(one.Tables)
	r.Total.Jobs += one.Jobs
	r.Total.Triggers += one.Triggers
	r.Total.MostWorkers += one.MostWorkers
}

// text is the plan for people.
func (r *plan) text() string {
	var out strings.Builder
	for _, p := range r.Pipelines {
		fmt.Fprintf(&out, "%s, domain %s: %s%s\n", p.Name, p.Domain, p.Starts, off(p))
		var rows [][]string
		for _, s := range p.Steps {
			rows = append(rows, stepRow(s))
		}
		out.WriteString(console.Table(
			[]string{"step", "kind", "when", "Glue", "workers", "class", "timeout", "retries", "waits"}, rows) + "\n")
		fmt.Fprintf(&out, "data sets: %s\n", strings.Join(p.Datasets, ", "))
		if len(p.Tables) > 0 {
			fmt.Fprintf(&out, "tables: %s\n", strings.Join(p.Tables, ", "))
		}
		out.WriteString("\n")
	}
	t := r.Total
	fmt.Fprintf(&out, "%s: %s with %s and %s; %s, %s, at most %s at once", r.Environment, counted(t.Pipelines, "pipeline"),
		counted(t.Datasets, "data set"), counted(t.Tables, "table"), counted(t.Jobs, "job"), counted(t.Triggers, "trigger"),
		counted(t.MostWorkers, "worker"))
	return out.String()
}

// off says that a pipeline does not start by itself although it could.
func off(p plannedPipeline) string {
	if p.Scheduled || p.Starts == "on demand" {
		return ""
	}
	return " (off in this environment: mpp:settings.schedules)"
}

func stepRow(s pipeline.Step) []string {
	when := "at the start"
	switch {
	case s.After != "":
		when = "after " + s.After
	case s.Schedule != "":
		when = s.Schedule
	case !s.Workflow:
		when = "on demand"
	}
	if s.Kind == pipeline.Crawler {
		return []string{s.Name, s.Kind, when, "", "", "", "", "", ""}
	}
	c := s.Capacity
	workers, class := fmt.Sprintf("up to %d %s", c.MaxWorkers, c.WorkerType), c.ExecutionClass
	if s.Kind == dataset.PythonShell {
		workers, class = fmt.Sprintf("%v DPU", c.PythonCapacity), ""
	}
	waits := "no"
	if c.Queuing != nil && *c.Queuing {
		waits = "yes"
	}
	timeout := fmt.Sprintf("%d min", c.TimeoutMinutes)
	if s.Kind == dataset.Streaming { // Glue starts it anew in its maintenance window
		timeout, waits = "none", ""
	}
	return []string{s.Name, s.Kind, when, c.GlueVersion, workers, class, timeout, fmt.Sprint(*c.MaxRetries), waits}
}
