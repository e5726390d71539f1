package alerting

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/naming"
)

// WatchType is the type token of Watch.
const WatchType = "tarn:alerting:Watch"

// Namespace holds the metrics that jobs publish. Each has the dimension Pipeline, which is the name of the
// workflow; those of one job have Job (raw-to-staged, …) as well, those of one data set Dataset.
const Namespace = "Tarn"

// Metrics that jobs publish.
const (
	MetricSucceeded       = "Succeeded"       // 1 when every data set of a run was published; dimension Pipeline
	MetricDuration        = "DurationSeconds" // of a job's run; dimensions Pipeline, Job
	MetricFailed          = "Failed"          // data sets or tables that failed in a job's run; dimensions Pipeline, Job
	MetricQuarantineRatio = "QuarantineRatio" // rejected of all records of a run, 0 to 1; dimension Pipeline
	MetricRowsRead        = "RowsRead"        // dimensions Pipeline, Dataset
	MetricRowsStaged      = "RowsStaged"      // dimensions Pipeline, Dataset
	MetricRowsQuarantined = "RowsQuarantined" // dimensions Pipeline, Dataset
)

// WatchArgs configures a Watch.
type WatchArgs struct {
	Scope    naming.Scope
	Alerts   *Alerts
	Pipeline dataset.Pipeline
	Workflow string                        // name of the workflow, which is also that of the metrics
	Jobs     map[string]pulumi.StringInput // by kind or the user's name: the Glue job's name
	Crawler  pulumi.StringInput            // name; nil without one
	DLQ      pulumi.StringInput            // name of the queue for what could not be delivered; nil without one
	Timeout  int                           // minutes a job may run
	Tags     pulumi.StringMap
}

// Watch is the alarms of one pipeline.
type Watch struct {
	pulumi.ResourceState
}
