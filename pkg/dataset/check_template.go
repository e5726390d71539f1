package dataset

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// What Glue accepts for Spark jobs (Glue User Guide, "Worker types"; Glue API Reference, CreateJob).
var (
	// Glue 4.0 has Iceberg 1.0, which has no branches to publish from.
	glueVersions = []string{"5.0", "5.1", "6.0"}
	workerTypes  = []string{
		StreamingWorkerType, "G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X",
	}
	executionClasses = []string{"STANDARD", flex}
	// Glue API Reference, Job: MaintenanceWindow.
	window = regexp.MustCompile(`^(Sun|Mon|Tue|Wed|Thu|Fri|Sat):([01]?[0-9]|2[0-3])$`)
	conf   = regexp.MustCompile(`^spark\.[A-Za-z0-9_.-]+$`)
)

// StreamingWorkerType is the smallest worker type, which is for streaming jobs only.
const StreamingWorkerType = "G.025X"

const (
	flex = "FLEX"
	// Glue API Reference, Job: Timeout. Seven days.
	maxTimeoutMinutes = 7 * 24 * 60
	maxRetries        = 10
	maxWorkers        = 1000
)

func (t Template) check(r report) {
	r.identifier("name", t.Name, maxPipeline)
	t.checkCapacity(r)
}

// Check tells the problems of single fields, for capacity that comes from a stack's settings. What fields cannot be
// together pkg/pipeline checks, where they are merged with what the stack says.
func (t Template) Check(problem func(field, text string)) {
	t.checkCapacity(func(field, format string, args ...any) { problem(field, fmt.Sprintf(format, args...)) })
}

func (t Template) checkCapacity(r report) {
	if t.GlueVersion != "" {
		r.oneOf("glue_version", t.GlueVersion, glueVersions)
	}
	if t.WorkerType != "" {
		r.oneOf("worker_type", t.WorkerType, workerTypes)
	}
	if t.ExecutionClass != "" {
		r.oneOf("execution_class", t.ExecutionClass, executionClasses)
	}
	r.between("max_workers", t.MaxWorkers, 2, maxWorkers)
	r.between("timeout_minutes", t.TimeoutMinutes, 1, maxTimeoutMinutes)
	if t.MaxRetries != nil {
		r.between("max_retries", *t.MaxRetries, 0, maxRetries)
	}
	if t.MaintenanceWindow != "" && !window.MatchString(t.MaintenanceWindow) {
		r("maintenance_window", "%q: want a day and an hour in UTC, such as \"Sun:3\"", t.MaintenanceWindow)
	}
	for _, key := range slices.Sorted(maps.Keys(t.SparkConf)) {
		value := t.SparkConf[key]
		switch {
		case !conf.MatchString(key):
			r("spark_conf."+key, "want a Spark setting such as spark.sql.shuffle.partitions")
		case secret.MatchString(key):
			r("spark_conf."+key, "looks like a secret; everybody who may see the job could read it")
		case value == "" || strings.ContainsFunc(value, unicode.IsSpace):
			// Glue splits the argument --conf at blanks (Glue User Guide, "Using job parameters in AWS Glue jobs").
			r("spark_conf."+key, "%q: want a value without blanks", value)
		}
	}
}

// checkFor refuses a template, with what it inherits, that Glue would not take for a kind of job.
func (t Template) checkFor(r report, kind string) {
	switch kind {
	case PythonShell:
		// Glue API Reference, Job: WorkerType and NumberOfWorkers are for Spark; ExecutionClass for glueetl only.
		if t.WorkerType != "" || t.MaxWorkers != 0 || t.ExecutionClass == flex || len(t.SparkConf) > 0 {
			r("template", "%s has worker_type, max_workers, FLEX or spark_conf, which a python-shell job has not: use another",
				t.Name)
		}
	case Streaming:
		if t.ExecutionClass == flex {
			r("template", "%s has execution_class FLEX, which streaming jobs do not have: use another", t.Name)
		}
	default:
		if t.WorkerType == StreamingWorkerType {
			r("template", "%s has worker_type %s, which is for streaming jobs only: use another", t.Name, StreamingWorkerType)
		}
	}
	if kind != Streaming && t.MaintenanceWindow != "" {
		// Glue API Reference, Job: MaintenanceWindow is for streaming jobs.
		r("template", "%s has maintenance_window, which is for streaming jobs only: use another", t.Name)
	}
}
