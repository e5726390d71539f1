// Package pipeline deploys pipelines: the jobs of each, the Glue workflow that runs them one after the other, and
// the crawler of each domain.
//
// The number of resources grows with the pipelines and not with their data sets: what the jobs do
// is in one manifest object.
package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/arrival"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/policy"
)

// ComponentType is the type token of Pipeline.
const ComponentType = "tarn:pipeline:Pipeline"

// Args configures a Pipeline.
type Args struct {
	// Required: what it shares with everything that is deployed with it.
	Environment *Environment
	// Required: what the pipeline does.
	Pipeline dataset.Pipeline
	// Required: size and limits of the jobs.
	Capacity Capacity
	// Optional: those of jobs of the users' own that have a template, by name; default to Capacity.
	JobCapacity map[string]Capacity
	// Optional: whether its workflow starts with the crawler of its domain.
	Crawl bool
	// Required with Crawl: name of that crawler.
	Crawler pulumi.StringInput
	// Optional: folders of the raw zone that other pipelines read; its role gets no folder that one of them is in.
	OtherSources []string
	// Optional: whether its schedules and arrivals start anything; defaults to false.
	Scheduled bool
	// Optional: whether each data set has metrics of its own, which CloudWatch charges for one by one.
	DatasetMetrics bool
	// Optional: roles to use instead of making them.
	Roles Roles
	// Optional: ARN of a role of the Data Catalog's optimizers to use instead of making one.
	OptimizerRole string
}

// Pipeline is a deployed pipeline.
type Pipeline struct {
	pulumi.ResourceState

	Workflow    pulumi.StringOutput `pulumi:"workflow"`
	LogPrefix   pulumi.StringOutput `pulumi:"logPrefix"`
	ReportURI   pulumi.StringOutput `pulumi:"reportUri"`
	ManifestURI pulumi.StringOutput `pulumi:"manifestUri"`

	base
	args      *Args
	jobs      []plannedJob
	made      map[string]*glue.Job // by name in the plan
	arrival   *arrival.Arrival     // nil for a pipeline that no arrival starts
	optimizer *role                // nil for a pipeline whose tables the optimizers leave alone
}

// newPipeline plans a pipeline without making anything.
func newPipeline(args *Args) *Pipeline {
	p := &Pipeline{args: args, jobs: args.plan()}
	p.base = newBase(args.Environment, p, args.Pipeline.Domain)
	return p
}

// New deploys a pipeline.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Pipeline, error) {
	if args == nil {
		return nil, fmt.Errorf("%s %s: args are required", ComponentType, name)
	}
	if err := args.Validate(); err != nil {
		return nil, err
	}
	p := newPipeline(args)
	if err := ctx.RegisterComponentResource(ComponentType, name, p, opts...); err != nil {
		return nil, err
	}
	if err := p.provision(ctx, name); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", args.Pipeline.Name, err)
	}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{
		"workflow": p.Workflow, "logPrefix": p.LogPrefix, "reportUri": p.ReportURI, "manifestUri": p.ManifestURI,
	})
}

// Validate refuses what AWS would refuse. It needs no resource, so that a program can ask about all pipelines before it
// makes the first one.
func (a *Args) Validate() error {
	p := newPipeline(a)
	const fix = "put the source.path of its data sets below few folders that no other pipeline reads from"
	document := func(v map[string]string) policy.Document {
		if a.Pipeline.Arrival == nil {
			v["queue"] = ""
		}
		if a.optimized() {
			v["optimizer"] = cmp.Or(a.OptimizerRole, p.roleARN(p.name("optimizer")))
		}
		return p.jobDocument(v)
	}
	problems := []error{
		a.Roles.Validate(), a.validateJobs(p.jobs), p.checkRole(p.name("job"), a.Roles.Job, document, fix),
	}
	if a.optimized() {
		problems = append(problems, p.checkRole(p.name("optimizer"), a.OptimizerRole, p.optimizerDocument, fix))
	}
	if a.Pipeline.Arrival != nil {
		problems = append(problems, p.arrivals(pulumi.StringOutput{}).Validate())
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("pipeline %s: %w", a.Pipeline.Name, err)
	}
	return nil
}

func (p *Pipeline) provision(ctx *pulumi.Context, name string) error {
	workflow, err := p.workflow(ctx, name)
	if err != nil {
		return fmt.Errorf("workflow: %w", err)
	}
	p.Workflow = workflow.Name
	p.LogPrefix = pulumi.String(p.logPrefix()).ToStringOutput()
	p.ReportURI = pulumi.Sprintf("s3://%s/%s", p.lake.ArtifactsBucket, reportPrefix(p.args.Pipeline.Name))
	if p.args.Pipeline.Arrival != nil {
		if p.arrival, err = arrival.New(ctx, name, p.arrivals(workflow.Arn), pulumi.Parent(p)); err != nil {
			return err
		}
	}
	after, err := p.jobLogs(ctx, name, p.jobs)
	if err != nil {
		return fmt.Errorf("log groups: %w", err)
	}
	manifest, err := p.manifest(ctx, name)
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	p.ManifestURI = pulumi.Sprintf("s3://%s/%s", p.lake.ArtifactsBucket, manifest.Key)
	if p.optimizer, err = p.optimizerRole(ctx, name); err != nil {
		return fmt.Errorf("optimizer role: %w", err)
	}
	role, err := p.jobRole(ctx, name)
	if err != nil {
		return fmt.Errorf("job role: %w", err)
	}
	after = slices.Concat(after, []pulumi.Resource{manifest}, p.NetworkReady)
	p.made = map[string]*glue.Job{}
	for _, planned := range p.jobs {
		job, err := p.job(ctx, name, planned, role, after)
		if err != nil {
			return fmt.Errorf("job %s: %w", planned.name, err)
		}
		p.made[planned.name] = job
		if planned.schedule != "" {
			if err := p.schedule(ctx, name, planned, job); err != nil {
				return fmt.Errorf("schedule of job %s: %w", planned.name, err)
			}
		}
	}
	return p.triggers(ctx, name, workflow, p.args.graph(p.jobs), p.made)
}

func (p *Pipeline) arrivals(workflowARN pulumi.StringOutput) *arrival.Args {
	return &arrival.Args{
		Scope: p.Scope, Account: p.Account, Pipeline: p.args.Pipeline, RawBucket: p.lake.RawBucket, WorkflowARN: workflowARN,
		BoundaryARN: p.lake.BoundaryARN, KeyARN: p.lake.KeyARN, Disabled: !p.args.Scheduled, Tags: p.tags(),
	}
}

// name is the physical name of something of this pipeline.
func (p *Pipeline) name(part string) string {
	return p.Scope.Name(p.args.Pipeline.Name, part)
}

// logPrefix is what the log groups of the pipeline's Spark jobs begin with.
func (p *Pipeline) logPrefix() string {
	return p.Scope.LogGroup(p.args.Pipeline.Name)
}

// Contract is what the driver needs to run the pipeline and to show its results.
func (p *Pipeline) Contract() pulumi.Map {
	pipeline := p.args.Pipeline
	tables, datasets, jobs := pulumi.Array{}, pulumi.Array{}, pulumi.Map{}
	for _, table := range pipeline.Tables {
		tables = append(tables, pulumi.Map{
			"name": pulumi.String(table.Name), "orderBy": pulumi.String(strings.Join(table.OrderBy, ", ")),
		})
	}
	for _, d := range pipeline.Datasets {
		datasets = append(datasets, pulumi.Map{"name": pulumi.String(d.Name), "dates": pulumi.String(d.Source.Dates)})
	}
	for _, job := range p.jobs {
		jobs[job.name] = p.jobContract(job)
	}
	var crawler, queue pulumi.StringInput = pulumi.String(""), pulumi.String("")
	if p.args.Crawl {
		crawler = p.args.Crawler
	}
	if p.arrival != nil {
		queue = p.arrival.QueueURL
	}
	return pulumi.Map{
		"domain":             pulumi.String(p.domain),
		"workflow":           p.Workflow,
		"crawler":            crawler,
		"logPrefix":          p.LogPrefix,
		"reportUri":          p.ReportURI,
		"manifestUri":        p.ManifestURI,
		"metricsName":        pulumi.String(p.workflowName()),
		"arrivalsQueue":      queue,
		"workgroup":          p.lake.Workgroup,
		"database":           p.lake.AnalyticsDatabase,
		"stagedDatabase":     p.lake.StagedDatabase,
		"quarantineDatabase": p.lake.QuarantineDatabase,
		"jobs":               jobs,
		"datasets":           datasets,
		"tables":             tables,
	}
}

func (p *Pipeline) jobContract(job plannedJob) pulumi.Map {
	logs := p.logsOf(job.kind)
	described := contract.Job{Kind: job.kind, InWorkflow: job.inWorkflow, LogGroups: logs, ExecutionClass: executionClass(job)}
	if job.kind == dataset.PythonShell {
		described.MaxCapacity = job.capacity.PythonCapacity
	} else {
		described.WorkerType, described.MaxWorkers = job.capacity.WorkerType, job.capacity.MaxWorkers
	}
	if job.kind != dataset.Streaming {
		described.TimeoutMinutes = job.capacity.TimeoutMinutes
	}
	return described.Values(p.made[job.name].Name)
}

// DLQ gives the name of the queue of news that could not be delivered; nil for a pipeline that no arrival starts.
func (p *Pipeline) DLQ() pulumi.StringInput {
	if p.arrival == nil {
		return nil
	}
	return p.arrival.DLQName
}
