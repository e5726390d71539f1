package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/tarn-data/tarn/pkg/dataset"
)

// Capacity is the size of a pipeline's jobs, and what limits them. What one leaves out it inherits, see Effective.
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
	MaxRetries *int `json:"maxRetries"`
	// Optional: a run waits when the account has no capacity left instead of failing; defaults to true without retries.
	Queuing *bool `json:"queuing"`
	// Optional: when Glue may restart a streaming job, DAY:HOUR in UTC; defaults to "Sun:3".
	MaintenanceWindow string `json:"maintenanceWindow"`
	// Optional: DPUs of a python-shell job, 0.0625 or 1; defaults to 0.0625.
	PythonCapacity float64 `json:"pythonCapacity"`
	// Optional: further Spark settings; defaults to none.
	SparkConf map[string]string `json:"sparkConf"`
	// Optional: keep what Spark's own page of a run needs, below tmp/ of the artifacts; defaults to false.
	SparkUI *bool `json:"sparkUi"`
}

// DefaultCapacity is what a pipeline gets when nothing is configured.
func DefaultCapacity() Capacity {
	none, off := 0, false
	return Capacity{
		GlueVersion: "5.1", WorkerType: "G.1X", MaxWorkers: 10, ExecutionClass: standard, TimeoutMinutes: 60,
		MaxRetries: &none, MaintenanceWindow: "Sun:3", PythonCapacity: 0.0625, SparkUI: &off,
	}
}

// Effective gives the capacity of jobs: the built-in defaults, over them what the template says, and over that the
// layers in their order, which are stack settings for all pipelines and for this one. The template is merged already.
func Effective(template dataset.Template, layers ...Capacity) Capacity {
	effective := ofTemplate(template).over(DefaultCapacity())
	for _, layer := range layers {
		effective = layer.over(effective)
	}
	if effective.Queuing == nil {
		// A run with retries does not wait (Glue User Guide, "AWS Glue job run statuses").
		queuing := *effective.MaxRetries == 0
		effective.Queuing = &queuing
	}
	return effective
}

func ofTemplate(t dataset.Template) Capacity {
	return Capacity{
		GlueVersion: t.GlueVersion, WorkerType: t.WorkerType, MaxWorkers: t.MaxWorkers, ExecutionClass: t.ExecutionClass,
		TimeoutMinutes: t.TimeoutMinutes, MaxRetries: t.MaxRetries, Queuing: t.Queuing, MaintenanceWindow: t.MaintenanceWindow,
		SparkConf: t.SparkConf,
	}
}

// over gives the capacity with what it leaves out taken from a base. Spark settings are merged one by one.
func (c Capacity) over(base Capacity) Capacity {
	c.GlueVersion = either(c.GlueVersion, base.GlueVersion)
	c.WorkerType = either(c.WorkerType, base.WorkerType)
	c.MaxWorkers = either(c.MaxWorkers, base.MaxWorkers)
	c.ExecutionClass = either(c.ExecutionClass, base.ExecutionClass)
	c.TimeoutMinutes = either(c.TimeoutMinutes, base.TimeoutMinutes)
	c.MaxRetries = either(c.MaxRetries, base.MaxRetries)
	c.Queuing = either(c.Queuing, base.Queuing)
	c.MaintenanceWindow = either(c.MaintenanceWindow, base.MaintenanceWindow)
	c.PythonCapacity = either(c.PythonCapacity, base.PythonCapacity)
	c.SparkUI = either(c.SparkUI, base.SparkUI)
	if len(base.SparkConf) > 0 {
		conf := maps.Clone(base.SparkConf)
		maps.Copy(conf, c.SparkConf)
		c.SparkConf = conf
	}
	return c
}

func either[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

const (
	standard = "STANDARD"
	flex     = "FLEX"
)

// What Glue accepts for Spark jobs (Glue User Guide, "Worker types" and Glue API, CreateJob). Glue 4.0 has Iceberg 1.0,
// which has no branches to publish from.
var (
	glueVersions     = []string{"5.0", "5.1", "6.0"}
	workerTypes      = []string{"G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X"}
	flexWorkerTypes  = []string{"G.1X", "G.2X"}
	smallestStreamer = "G.025X" // for streaming jobs only
	executionClasses = []string{standard, flex}
	pythonCapacities = []float64{0.0625, 1}
	windowForm       = regexp.MustCompile(`^(Sun|Mon|Tue|Wed|Thu|Fri|Sat):([01]?[0-9]|2[0-3])$`)
	confKey          = regexp.MustCompile(`^spark\.[A-Za-z0-9_.-]+$`)
)

// maxTimeoutMinutes is seven days, the longest a Spark job may run (Glue API Reference, Job).
const maxTimeoutMinutes = 7 * 24 * 60

// Validate refuses what Glue would refuse only when a job of a kind is created. It wants an effective capacity.
func (c Capacity) Validate(kind string) error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf("capacity."+format, args...)) }
	oneOf := func(field, value string, allowed []string) {
		if !slices.Contains(allowed, value) {
			add("%s %q: want one of %v", field, value, allowed)
		}
	}
	oneOf("glueVersion", c.GlueVersion, glueVersions)
	types := workerTypes
	if kind == Streaming {
		types = append([]string{smallestStreamer}, types...)
	}
	oneOf("workerType", c.WorkerType, types)
	oneOf("executionClass", c.ExecutionClass, executionClasses)
	if kind == Spark && c.ExecutionClass == flex && !slices.Contains(flexWorkerTypes, c.WorkerType) {
		add("workerType %s: the FLEX execution class runs on %v only", c.WorkerType, flexWorkerTypes)
	}
	if c.MaxWorkers < 2 {
		add("maxWorkers is %d, Glue wants at least 2", c.MaxWorkers)
	}
	if c.TimeoutMinutes < 1 || c.TimeoutMinutes > maxTimeoutMinutes {
		add("timeoutMinutes is %d, want 1 to %d", c.TimeoutMinutes, maxTimeoutMinutes)
	}
	switch retries := *c.MaxRetries; {
	case retries < 0 || retries > 10:
		add("maxRetries is %d, want 0 to 10", retries)
	case retries > 0 && *c.Queuing:
		add("queuing: a run with maxRetries %d does not wait for capacity; leave one of the two out", retries)
	}
	if !windowForm.MatchString(c.MaintenanceWindow) {
		add("maintenanceWindow %q: want a day and an hour in UTC such as Sun:3", c.MaintenanceWindow)
	}
	if !slices.Contains(pythonCapacities, c.PythonCapacity) {
		add("pythonCapacity is %v, Glue allows %v", c.PythonCapacity, pythonCapacities)
	}
	for _, key := range slices.Sorted(maps.Keys(c.SparkConf)) {
		switch {
		case !confKey.MatchString(key):
			add("sparkConf.%s: want the name of a Spark setting", key)
		case isIcebergConf(key):
			add("sparkConf.%s: the jobs need their own value", key)
		}
	}
	return errors.Join(problems...)
}
