package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

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

// template gives what the capacity has in common with templates.
func (c Capacity) template() dataset.Template {
	return dataset.Template{
		GlueVersion: c.GlueVersion, WorkerType: c.WorkerType, MaxWorkers: c.MaxWorkers, ExecutionClass: c.ExecutionClass,
		TimeoutMinutes: c.TimeoutMinutes, MaxRetries: c.MaxRetries, Queuing: c.Queuing, MaintenanceWindow: c.MaintenanceWindow,
		SparkConf: c.SparkConf,
	}
}

// over gives the capacity with what it leaves out taken from a base, as templates inherit.
func (c Capacity) over(base Capacity) Capacity {
	merged := ofTemplate(c.template().Over(base.template()))
	merged.PythonCapacity = cmp.Or(c.PythonCapacity, base.PythonCapacity)
	merged.SparkUI = cmp.Or(c.SparkUI, base.SparkUI)
	return merged
}

const (
	standard = "STANDARD"
	flex     = "FLEX"
)

var (
	// Glue User Guide, "Worker types" and "Flexible job runs".
	flexWorkerTypes = []string{"G.1X", "G.2X"}
	// Glue API Reference, Job: MaxCapacity.
	pythonCapacities = []float64{0.0625, 1}
)

// Validate refuses what Glue would refuse only when a job of a kind is created. It wants an effective capacity. Templates
// have the same fields, so that their rules are the same; here is what the fields are together, and what templates have
// not.
func (c Capacity) Validate(kind string) error {
	var problems []error
	add := func(field, format string, args ...any) {
		problems = append(problems, fmt.Errorf("capacity."+field+": "+format, args...))
	}
	c.template().Check(func(field, text string) { add(camelCase(field), "%s", text) })
	if kind != dataset.Streaming && c.WorkerType == dataset.StreamingWorkerType {
		add("workerType", "%s is for streaming jobs only", c.WorkerType)
	}
	if kind == dataset.Spark && c.ExecutionClass == flex && !slices.Contains(flexWorkerTypes, c.WorkerType) {
		add("workerType", "%s: the FLEX execution class runs on %v only", c.WorkerType, flexWorkerTypes)
	}
	if retries := *c.MaxRetries; retries > 0 && *c.Queuing {
		add("queuing", "a run with maxRetries %d does not wait for capacity; leave one of the two out", retries)
	}
	if !slices.Contains(pythonCapacities, c.PythonCapacity) {
		add("pythonCapacity", "is %v, Glue allows %v", c.PythonCapacity, pythonCapacities)
	}
	for _, key := range slices.Sorted(maps.Keys(c.SparkConf)) {
		if isIcebergConf(key) {
			add("sparkConf."+key, "the jobs need their own value")
		}
	}
	return errors.Join(problems...)
}

// camelCase gives the name that a field of a file has in a stack's settings: spark_conf.spark.a is sparkConf.spark.a.
func camelCase(field string) string {
	field, inner, found := strings.Cut(field, ".")
	words := strings.Split(field, "_")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	name := strings.Join(words, "")
	if found {
		name += "." + inner
	}
	return name
}
