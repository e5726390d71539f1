// Package pipeline deploys a pipeline: its Spark jobs, its crawler and the Glue workflow that runs
// them one after the other.
//
// The number of resources grows with the pipelines and not with their data sets: what the jobs do
// is in one manifest object.
package pipeline

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// ComponentType is the type token of Pipeline.
const ComponentType = "tarn:pipeline:Pipeline"

// The job kinds of a pipeline. Their run reports carry these names.
const (
	RawToStaged       = "raw-to-staged"
	StagedToAnalytics = "staged-to-analytics"
)

// Args configures a Pipeline.
type Args struct {
	// Required: what the pipeline does.
	Pipeline dataset.Pipeline
	// Required: organization and environment.
	Scope naming.Scope
	// Required: where it is deployed.
	Account account.Account
	// Required: the lake it works on.
	Lake contract.Datalake
	// Required: the uploaded job scripts.
	Code *Code
	// Required: size and limits of the jobs.
	Capacity Capacity
	// Optional: how long logs are kept, in days; defaults to 365. One of the values that CloudWatch
	// Logs accepts (CloudWatch Logs API Reference, PutRetentionPolicy).
	LogRetentionDays int
	// Optional: roles to use instead of making them.
	Roles Roles
	// Required: tags of every resource.
	Tags tagging.Tags
}

// Pipeline is a deployed pipeline.
type Pipeline struct {
	pulumi.ResourceState

	Workflow  pulumi.StringOutput `pulumi:"workflow"`
	LogPrefix pulumi.StringOutput `pulumi:"logPrefix"`
	ReportURI pulumi.StringOutput `pulumi:"reportUri"`

	args *Args
}

// New deploys a pipeline.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Pipeline, error) {
	if args == nil {
		return nil, fmt.Errorf("%s %s: args are required", ComponentType, name)
	}
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", args.Pipeline.Name, err)
	}
	p := &Pipeline{args: args}
	if err := ctx.RegisterComponentResource(ComponentType, name, p, opts...); err != nil {
		return nil, err
	}
	if err := p.provision(ctx, name); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", args.Pipeline.Name, err)
	}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{
		"workflow": p.Workflow, "logPrefix": p.LogPrefix, "reportUri": p.ReportURI,
	})
}

// Contract is what the driver needs to run the pipeline and to show its results.
func (p *Pipeline) Contract() pulumi.Map {
	tables := pulumi.Array{}
	for _, table := range p.args.Pipeline.Tables {
		tables = append(tables, pulumi.Map{
			"name": pulumi.String(table.Name), "orderBy": pulumi.String(strings.Join(table.OrderBy, ", ")),
		})
	}
	return pulumi.Map{
		"workflow":  p.Workflow,
		"logPrefix": p.LogPrefix,
		"reportUri": p.ReportURI,
		"workgroup": p.args.Lake.Workgroup,
		"database":  p.args.Lake.AnalyticsDatabase,
		"tables":    tables,
	}
}

func (a *Args) validate() error {
	problems := []error{a.Capacity.Validate(), a.Roles.Validate()}
	if longest := a.Scope.Name(a.Pipeline.Name, "raw-crawler"); len(longest) > naming.MaxRole {
		problems = append(problems, fmt.Errorf("role name %q has %d characters, IAM allows %d: shorten the pipeline's name",
			longest, len(longest), naming.MaxRole))
	}
	return errors.Join(problems...)
}

func (p *Pipeline) provision(ctx *pulumi.Context, name string) error {
	logs, err := p.logGroups(ctx, name)
	if err != nil {
		return fmt.Errorf("log groups: %w", err)
	}
	manifest, err := p.manifest(ctx, name)
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	jobRole, err := p.jobRole(ctx, name)
	if err != nil {
		return fmt.Errorf("job role: %w", err)
	}
	crawlerRole, err := p.crawlerRole(ctx, name)
	if err != nil {
		return fmt.Errorf("crawler role: %w", err)
	}
	if err := errors.Join(p.grantJobs(ctx, name, jobRole), p.grantCrawler(ctx, name, crawlerRole)); err != nil {
		return fmt.Errorf("grants: %w", err)
	}
	crawler, err := p.crawler(ctx, name, crawlerRole)
	if err != nil {
		return fmt.Errorf("crawler: %w", err)
	}
	after := append(logs, manifest)
	staged, err := p.job(ctx, name, RawToStaged, p.args.Code.RawToStaged, jobRole, manifest, after)
	if err != nil {
		return fmt.Errorf("job %s: %w", RawToStaged, err)
	}
	analytics, err := p.job(ctx, name, StagedToAnalytics, p.args.Code.StagedToAnalytics, jobRole, manifest, after)
	if err != nil {
		return fmt.Errorf("job %s: %w", StagedToAnalytics, err)
	}
	if err := p.workflow(ctx, name, crawler, staged, analytics); err != nil {
		return fmt.Errorf("workflow: %w", err)
	}
	return nil
}

// name is the physical name of something of this pipeline.
func (p *Pipeline) name(part string) string {
	return p.args.Scope.Name(p.args.Pipeline.Name, part)
}

// logPrefix names the log groups: Glue adds /output for what a job prints and /error for Spark's
// own log (Glue User Guide, "Logging for AWS Glue jobs").
func (p *Pipeline) logPrefix() string {
	return p.args.Scope.LogGroup(p.args.Pipeline.Name)
}

// tags are those of everything that the pipeline is made of. A pipeline whose domain is not declared works on
// data that is internal.
func (p *Pipeline) tags() pulumi.StringMap {
	tags := p.args.Tags.With(tagging.KeyDomain, p.args.Pipeline.Name).Input()
	tags[tagging.KeyClassification] = pulumi.String(domain.Internal)
	if declared, found := p.args.Lake.Domains[p.args.Pipeline.Name]; found {
		tags[tagging.KeyClassification] = declared.Classification
	}
	return tags
}
