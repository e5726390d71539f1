package pipeline

import (
	"errors"
	"fmt"
	"slices"
)

// Capacity is the size of a pipeline's jobs, and what limits them.
type Capacity struct {
	// Optional: Glue version; defaults to "5.1" (Spark 3.5.6, Python 3.11, Iceberg 1.10.0).
	GlueVersion string `json:"glueVersion"`
	// Optional: worker type; defaults to "G.1X" (4 vCPU, 16 GB).
	WorkerType string `json:"workerType"`
	// Optional: most workers a job may grow to, at least 2; defaults to 10.
	MaxWorkers int `json:"maxWorkers"`
	// Optional: "STANDARD", or "FLEX" for cheaper spare capacity that may start late; defaults to "STANDARD".
	ExecutionClass string `json:"executionClass"`
	// Optional: minutes after which a run is stopped, 1 to 10080; defaults to 60.
	TimeoutMinutes int `json:"timeoutMinutes"`
	// Optional: how often Glue starts a failed job again; defaults to 0.
	MaxRetries int `json:"maxRetries"`
}

// DefaultCapacity is what a pipeline gets when nothing is configured.
func DefaultCapacity() Capacity {
	return Capacity{
		GlueVersion: "5.1", WorkerType: "G.1X", MaxWorkers: 10, ExecutionClass: "STANDARD", TimeoutMinutes: 60,
	}
}

// What Glue accepts for Spark jobs (Glue User Guide, "Worker types" and Glue API, CreateJob).
var (
	glueVersions     = []string{"4.0", "5.0", "5.1", "6.0"}
	workerTypes      = []string{"G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X"}
	flexWorkerTypes  = []string{"G.1X", "G.2X"}
	executionClasses = []string{"STANDARD", "FLEX"}
)

// maxTimeoutMinutes is seven days, the longest a Spark job may run (Glue API Reference, Job).
const maxTimeoutMinutes = 7 * 24 * 60

// Validate refuses what Glue would refuse only when the job is created.
func (c Capacity) Validate() error {
	var problems []error
	oneOf := func(field, value string, allowed []string) {
		if !slices.Contains(allowed, value) {
			problems = append(problems, fmt.Errorf("capacity.%s %q: want one of %v", field, value, allowed))
		}
	}
	oneOf("glueVersion", c.GlueVersion, glueVersions)
	oneOf("workerType", c.WorkerType, workerTypes)
	oneOf("executionClass", c.ExecutionClass, executionClasses)
	if c.ExecutionClass == "FLEX" && !slices.Contains(flexWorkerTypes, c.WorkerType) {
		problems = append(problems, fmt.Errorf("capacity.workerType %s: the FLEX execution class runs on %v only",
			c.WorkerType, flexWorkerTypes))
	}
	if c.MaxWorkers < 2 {
		problems = append(problems, fmt.Errorf("capacity.maxWorkers is %d, Glue wants at least 2", c.MaxWorkers))
	}
	if c.TimeoutMinutes < 1 || c.TimeoutMinutes > maxTimeoutMinutes {
		problems = append(problems, fmt.Errorf("capacity.timeoutMinutes is %d, want 1 to %d", c.TimeoutMinutes, maxTimeoutMinutes))
	}
	if c.MaxRetries < 0 || c.MaxRetries > 10 {
		problems = append(problems, fmt.Errorf("capacity.maxRetries is %d, want 0 to 10", c.MaxRetries))
	}
	return errors.Join(problems...)
}
