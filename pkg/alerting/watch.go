package alerting

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

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

// defaultQuarantineRatio is how much of a run may be rejected before somebody is told.
const defaultQuarantineRatio = 0.05

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
	// Required: minutes that a job may run, by the keys of Jobs; none or 0 for one without an end.
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

	pipeline, workflow string
	jobs               []string // that publish metrics
	alarms             []string // names
}

// NewWatch makes the rules and alarms of a pipeline.
func NewWatch(ctx *pulumi.Context, name string, args *WatchArgs, opts ...pulumi.ResourceOption) (*Watch, error) {
	if args == nil || args.Alerts == nil || args.Workflow == "" {
		return nil, fmt.Errorf("%s %s: alerts and the workflow's name are required", WatchType, name)
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", args.Pipeline.Name, err)
	}
	w := &Watch{pipeline: args.Pipeline.Name, workflow: args.Workflow, jobs: args.ownJobs()}
	if err := ctx.RegisterComponentResource(WatchType, name, w, opts...); err != nil {
		return nil, err
	}
	child := pulumi.Parent(w)
	for _, r := range rules {
		if _, err := r.make(ctx, name, args, child); err != nil {
			return nil, fmt.Errorf("rule %s: %w", r.name, err)
		}
	}
	for _, a := range args.alarms() {
		physical := args.physical(a.name)
		if _, err := a.make(ctx, name+"-alarm-"+a.name, physical, args, child, pulumi.DependsOn(args.Alerts.ready)); err != nil {
			return nil, fmt.Errorf("alarm %s: %w", a.name, err)
		}
		w.alarms = append(w.alarms, physical)
	}
	return w, ctx.RegisterResourceOutputs(w, pulumi.Map{"alarms": pulumi.ToStringArray(w.alarms)})
}

// Validate refuses what CloudWatch or EventBridge would refuse, and alarms that could never ring. It needs no
// resource, so that a program can ask about all pipelines before it makes the first one.
func (a *WatchArgs) Validate() error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	limits := a.Pipeline.Alarms
	if limits.DurationMinutes < 0 {
		add("alarms.duration_minutes %d: want minutes that a job may take, or nothing for three quarters of its timeout",
			limits.DurationMinutes)
	}
	for _, job := range a.ownJobs() {
		if timeout := a.TimeoutMinutes[job]; timeout > 0 && limits.DurationMinutes >= timeout {
			add("alarms.duration_minutes %d: the job %s is stopped after %d minutes, so that the alarm would never ring: want less",
				limits.DurationMinutes, job, timeout)
		}
	}
	if limits.QuarantineRatio < 0 || limits.QuarantineRatio >= 1 {
		add("alarms.quarantine_ratio %v: want 0 (which is %v) or a part of all records below 1", limits.QuarantineRatio, defaultQuarantineRatio)
	}
	for _, d := range a.Pipeline.Datasets {
		if d.FreshnessHours < 0 || d.FreshnessHours*hour > maxLookBack {
			add("data set %s: freshness_hours %d: CloudWatch looks back no further than a week: want 0 (not watched) to %d",
				d.Name, d.FreshnessHours, maxLookBack/hour)
		}
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	for _, r := range rules {
		problems = append(problems, r.validate(a))
	}
	for _, one := range a.alarms() {
		problems = append(problems, one.validate(a.physical(one.name)))
	}
	return errors.Join(problems...)
}

// alarms gives every alarm of the pipeline.
func (a *WatchArgs) alarms() []alarm {
	var all []alarm
	for _, r := range rules {
		all = append(all, r.alarm(a))
	}
	for _, job := range a.ownJobs() {
		if a.durationLimit(job) > 0 {
			all = append(all, a.slow(job))
		}
	}
	all = append(all, a.rejecting())
	if hours := a.freshness(); hours > 0 && !a.OnDemand {
		all = append(all, a.late(hours))
	}
	if a.DLQ != nil {
		all = append(all, a.undelivered())
	}
	return all
}

func (a *WatchArgs) slow(job string) alarm {
	minutes := a.durationLimit(job)
	return alarm{
		name: "slow-" + job, namespace: Namespace, metric: MetricDuration, missing: missingKeeps, recovers: true,
		description: fmt.Sprintf("Pipeline %s: the job %s took more than %v minutes and is stopped after %d. Compare its runs with `%s`; "+
			"give it more workers or a longer timeout in the capacity, or set alarms.duration_minutes.",
			a.Pipeline.Name, job, minutes, a.TimeoutMinutes[job], a.command("status")),
		dimensions: a.dimensions("Job", job),
	}.above(minutes * 60)
}

func (a *WatchArgs) rejecting() alarm {
	ratio := a.Pipeline.Alarms.QuarantineRatio
	if ratio == 0 {
		ratio = defaultQuarantineRatio
	}
	return alarm{
		name: "quarantine", namespace: Namespace, metric: MetricQuarantineRatio, missing: missingKeeps, recovers: true,
		description: fmt.Sprintf("Pipeline %s: more than %v %% of the records of a run were rejected. The table rejected_rows of the "+
			"quarantine database has them, each with the reason; `%s` counts them for each data set.",
			a.Pipeline.Name, ratio*100, a.command("status")),
		dimensions: a.dimensions(),
	}.above(ratio)
}

// late is true when every hour of the time was one without a success.
func (a *WatchArgs) late(hours int) alarm {
	return alarm{
		name: "late", namespace: Namespace, metric: MetricSucceeded, missing: missingIsBad, recovers: true,
		description: fmt.Sprintf("Pipeline %s: no run has succeeded for %d hours, the least freshness_hours of its data sets. "+
			"See with `%s` whether it was started and why it did not succeed.", a.Pipeline.Name, hours, a.command("status")),
		dimensions: a.dimensions(),
		statistic:  "Sum", comparison: "LessThanThreshold", threshold: 1,
		period: hour, periods: hours,
	}
}

func (a *WatchArgs) undelivered() alarm {
	return alarm{
		name: "undelivered", namespace: "AWS/SQS", metric: "ApproximateNumberOfMessagesVisible", missing: missingIsGood, recovers: true,
		description: fmt.Sprintf("Pipeline %s: news of raw files could not be delivered, so that a run may be missing. Look into the queue, "+
			"run the pipeline with `%s` (it reads what no run has read), and delete the messages.", a.Pipeline.Name, a.command("run")),
		dimensions: pulumi.StringMap{"QueueName": a.DLQ},
	}.above(0)
}

// durationLimit is how many minutes a job may take before somebody is told.
func (a *WatchArgs) durationLimit(job string) float64 {
	if limit := a.Pipeline.Alarms.DurationMinutes; limit > 0 {
		return float64(limit)
	}
	return float64(a.TimeoutMinutes[job]) * 3 / 4
}

// freshness is the least of the data sets' that have one, in hours.
func (a *WatchArgs) freshness() int {
	least := 0
	for _, d := range a.Pipeline.Datasets {
		if d.FreshnessHours > 0 && (least == 0 || d.FreshnessHours < least) {
			least = d.FreshnessHours
		}
	}
	return least
}

// ownJobs are the jobs of Tarn, which publish metrics. What users' jobs publish is theirs.
func (a *WatchArgs) ownJobs() []string {
	return slices.DeleteFunc(a.jobKeys(), func(key string) bool {
		return slices.ContainsFunc(a.Pipeline.Jobs, func(job dataset.Job) bool { return job.Name == key })
	})
}

func (a *WatchArgs) jobKeys() []string { return slices.Sorted(maps.Keys(a.Jobs)) }

// dimensions of a metric of the pipeline, and further ones.
func (a *WatchArgs) dimensions(more ...string) pulumi.StringMap {
	all := pulumi.StringMap{"Pipeline": pulumi.String(a.Workflow)}
	for i := 0; i+1 < len(more); i += 2 {
		all[more[i]] = pulumi.String(more[i+1])
	}
	return all
}

// physical is the name of something of this pipeline.
func (a *WatchArgs) physical(part string) string { return a.Scope.Name(a.Pipeline.Name, part) }

// command is what somebody types who has got an alert.
func (a *WatchArgs) command(verb string) string {
	return strings.Join([]string{"tarn", verb, a.Pipeline.Name, "--env", a.Scope.Environment}, " ")
}
