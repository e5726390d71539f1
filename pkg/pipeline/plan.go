package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/dataset"
)

// The jobs of a pipeline. Their run reports carry these names.
const (
	RawToStaged       = "raw-to-staged"
	QualityGate       = "quality-gate"
	StagedToAnalytics = "staged-to-analytics"
	TableMaintenance  = "table-maintenance"
)

// The kinds of Glue jobs.
const (
	Spark       = "spark"
	PythonShell = "python-shell"
	Streaming   = "streaming"
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
	jobs := []string{RawToStaged}
	if slices.ContainsFunc(p.Datasets, func(d dataset.Dataset) bool { return d.Quality != "" }) {
		jobs = append(jobs, QualityGate)
	}
	if len(p.Tables) > 0 {
		jobs = append(jobs, StagedToAnalytics)
	}
	if p.Maintenance == nil || p.Maintenance.By != dataset.ByNobody {
		jobs = append(jobs, TableMaintenance)
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
		job := plannedJob{name: name, kind: Spark, capacity: a.Capacity}
		if name == TableMaintenance {
			job.schedule = p.Maintenance.Schedule
		} else {
			job.inWorkflow, job.after, last = true, last, name
		}
		jobs = append(jobs, job)
	}
	for i := range p.Jobs {
		own := &p.Jobs[i]
		job := plannedJob{name: own.Name, kind: either(own.Kind, Spark), capacity: a.Capacity, own: own}
		if capacity, found := a.JobCapacity[own.Name]; found {
			job.capacity = capacity
		}
		if job.kind != Streaming { // a streaming job has no end that something could wait for
			job.inWorkflow, job.after = true, either(own.After, last)
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
		first = crawlStep
		steps = append(steps, step{name: crawlStep, crawler: true})
	}
	for _, job := range jobs {
		if job.inWorkflow {
			steps = append(steps, step{name: job.name, after: either(job.after, first)})
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
		if job.kind != Streaming {
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
		if job.kind == PythonShell {
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

var (
	jobName    = regexp.MustCompile(`^[a-z][a-z0-9]*([_-][a-z0-9]+)*$`)
	jobKinds   = []string{Spark, PythonShell, Streaming}
	secretARN  = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:\S+$`)
	secretName = regexp.MustCompile(`(?i)(passw|secret|token|api_?-?key|access_?-?key|credential)`)
)

// validateJobs refuses jobs of the users' own that Glue would refuse or start in another way than it says.
func (a *Args) validateJobs(jobs []plannedJob) error {
	var problems []error
	for _, job := range jobs {
		err := job.capacity.Validate(job.kind)
		if job.own != nil {
			err = errors.Join(err, validateOwn(job))
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("job %s: %w", job.name, err))
		}
	}
	return errors.Join(append(problems, a.graph(jobs).validate())...)
}

func validateOwn(job plannedJob) error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	own := job.own
	if !jobName.MatchString(own.Name) {
		add("name %q: want lower-case letters and digits with single hyphens or underscores between", own.Name)
	}
	if slices.Contains([]string{crawlStep, RawToStaged, QualityGate, StagedToAnalytics, TableMaintenance}, own.Name) {
		add("name %q: the pipeline has a step of that name itself", own.Name)
	}
	if !slices.Contains(jobKinds, job.kind) {
		add("kind %q: want one of %v", own.Kind, jobKinds)
	}
	if job.kind == Streaming && own.After != "" {
		add("after: a streaming job is not part of the workflow, somebody starts it")
	}
	if path.Ext(own.Script) != ".py" {
		add("script %q: want a Python file below the project folder", own.Script)
	}
	for _, module := range own.Modules {
		if !slices.Contains(moduleKinds(job.kind), path.Ext(module)) {
			add("modules: %q: a %s job takes %v", module, job.kind, moduleKinds(job.kind))
		}
	}
	for _, jar := range own.Jars {
		if job.kind == PythonShell || path.Ext(jar) != ".jar" {
			add("jars: %q: want .jar files of a job on Spark", jar)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(own.Arguments)) {
		name := argumentName(key)
		switch {
		case slices.Contains(reserved, strings.TrimPrefix(name, "--")):
			add("arguments.%s: the pipeline sets it itself", key)
		// Anybody who may see a job sees its arguments (Glue User Guide, "Using job parameters in AWS Glue jobs").
		case secretName.MatchString(name) && !secretARN.MatchString(own.Arguments[key]):
			add("arguments.%s: everybody who may see the job can read it; keep the secret in Secrets Manager and pass its ARN", key)
		}
	}
	return errors.Join(problems...)
}

// moduleKinds are the files that Python code comes in (Glue User Guide, "Using Python libraries with AWS Glue" and
// "Configuring job properties for Python shell jobs").
func moduleKinds(kind string) []string {
	if kind == PythonShell {
		return []string{".whl", ".egg"}
	}
	return []string{".py", ".zip", ".whl"}
}

// argumentName is an argument as Glue wants it.
func argumentName(key string) string { return "--" + strings.TrimLeft(key, "-") }
