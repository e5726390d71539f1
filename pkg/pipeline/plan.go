package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/dataset"
)

// plannedJob is a job of a pipeline before it is made.
type plannedJob struct {
	name       string // one of the jobs above, or what the user calls it
	kind       string
	capacity   Capacity
	inWorkflow bool
	after      string       // in the workflow, the job that has to succeed before; empty for the first
	schedule   string       // outside of the workflow; empty for one that somebody starts
	own        *dataset.Job // of the users' own
}

// Scripts gives the jobs of a pipeline that are not the users' own.
func Scripts(p dataset.Pipeline) []string {
	jobs := p.Steps()
	if p.Maintenance == nil || p.Maintenance.By != dataset.ByNobody {
		jobs = append(jobs, dataset.TableMaintenance)
	}
	return jobs
}

// Files gives the files of the users' own jobs of a pipeline, relative to the project's folder.
func Files(p dataset.Pipeline) []string {
	var files []string
	for _, job := range p.Jobs {
		files = append(append(append(files, job.Script), job.Modules...), job.Jars...)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// plan gives the jobs of a pipeline, those of the workflow in their order.
func (a *Args) plan() []plannedJob {
	p := a.Pipeline
	var jobs []plannedJob
	last := ""
	for _, name := range Scripts(p) {
		job := plannedJob{name: name, kind: dataset.Spark, capacity: a.Capacity}
		if name == dataset.TableMaintenance {
			job.schedule = p.Maintenance.Schedule
		} else {
			job.inWorkflow, job.after, last = true, last, name
		}
		jobs = append(jobs, job)
	}
	for i := range p.Jobs {
		own := &p.Jobs[i]
		job := plannedJob{name: own.Name, kind: cmp.Or(own.Kind, dataset.Spark), capacity: a.Capacity, own: own}
		if capacity, found := a.JobCapacity[own.Name]; found {
			job.capacity = capacity
		}
		if job.kind != dataset.Streaming { // a streaming job has no end that something could wait for
			job.inWorkflow, job.after = true, cmp.Or(own.After, last)
		}
		jobs = append(jobs, job)
	}
	return jobs
}

// graph gives the workflow of the jobs.
func (a *Args) graph(jobs []plannedJob) graph {
	var steps graph
	first := ""
	if a.Crawl {
		first = dataset.Crawl
		steps = append(steps, step{name: dataset.Crawl, crawler: true})
	}
	for _, job := range jobs {
		if job.inWorkflow {
			steps = append(steps, step{name: job.name, after: cmp.Or(job.after, first)})
		}
	}
	return steps
}

// Jobs gives the Glue names of the jobs: by kind those of the platform, by name those of the users' own.
func (a *Args) Jobs() map[string]pulumi.StringInput {
	names := map[string]pulumi.StringInput{}
	for _, job := range a.plan() {
		names[job.name] = pulumi.String(a.Environment.Scope.Name(a.Pipeline.Name, job.name))
	}
	return names
}

// Timeouts gives after how many minutes the jobs are stopped. Streaming jobs have no timeout.
func (a *Args) Timeouts() map[string]int {
	minutes := map[string]int{}
	for _, job := range a.plan() {
		if job.kind != dataset.Streaming {
			minutes[job.name] = job.capacity.TimeoutMinutes
		}
	}
	return minutes
}

// MostWorkers gives how many workers the jobs of the pipeline hold at once at most: those that one step of the workflow
// starts together, and those that run beside it.
func (a *Args) MostWorkers() int {
	jobs := a.plan()
	workers := map[string]int{}
	beside := 0
	for _, job := range jobs {
		if job.kind == dataset.PythonShell {
			continue
		}
		workers[job.name] = job.capacity.MaxWorkers
		if !job.inWorkflow {
			beside += job.capacity.MaxWorkers
		}
	}
	together := 0
	for _, e := range a.graph(jobs).edges() {
		sum := 0
		for _, name := range e.starts {
			sum += workers[name]
		}
		together = max(together, sum)
	}
	return together + beside
}

// validateJobs refuses capacity, which comes from files and from the stack's settings, and workflows that Glue would refuse.
// What files alone say of jobs pkg/dataset has checked.
func (a *Args) validateJobs(jobs []plannedJob) error {
	var problems []error
	for _, job := range jobs {
		if err := job.capacity.Validate(job.kind); err != nil {
			problems = append(problems, fmt.Errorf("job %s: %w", job.name, err))
		}
	}
	return errors.Join(append(problems, a.graph(jobs).validate())...)
}
