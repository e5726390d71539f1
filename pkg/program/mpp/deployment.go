package mpp

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/alerting"
	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/governance"
	"github.com/tarn-data/tarn/pkg/network"
	"github.com/tarn-data/tarn/pkg/pipeline"
)

// deployment is one run of the program: everything is planned and checked before the first resource is made.
type deployment struct {
	ctx         *pulumi.Context
	folder      string // of the project
	config      Settings
	files       dataset.Lake
	environment *pipeline.Environment

	domains   []*pipeline.DomainArgs
	pipelines []*pipeline.Args // by name
	starts    map[string]string
	made      map[string]*pipeline.Pipeline
}

// plan says what is to be made, and refuses what AWS would refuse.
func (d *deployment) plan() error {
	all := d.files.Pipelines
	domains, err := d.config.crawledDomains(all)
	problems := []error{err, d.code().Validate()}
	d.starts = map[string]string{} // the domain whose crawler a pipeline starts
	for _, c := range domains {
		args := &pipeline.DomainArgs{
			Environment: d.environment, Name: c.name, Folders: c.folders, Crawlers: d.config.Crawlers, Role: c.role,
			Others: otherSources(all, func(p dataset.Pipeline) bool { return p.Domain == c.name }),
		}
		d.starts[c.first] = c.name
		d.domains = append(d.domains, args)
	}
	// A connection only says that there is a network: it makes policies as large as they will be.
	if d.config.Network.Enabled {
		d.environment.Connections = pulumi.StringArray{pulumi.String("network")}
	}
	for _, p := range all {
		args, err := d.planPipeline(p)
		problems = append(problems, err)
		d.pipelines = append(d.pipelines, args)
		if err == nil {
			problems = append(problems, args.Validate(), d.checkWatched(args))
		}
	}
	if d.config.Network.Enabled {
		problems = append(problems, d.network().Check(d.ctx))
	}
	for _, args := range d.domains {
		problems = append(problems, args.Validate())
	}
	return errors.Join(problems...)
}

func (d *deployment) planPipeline(p dataset.Pipeline) (*pipeline.Args, error) {
	_, crawl := d.starts[p.Name]
	args := &pipeline.Args{
		Environment: d.environment, Pipeline: p, Crawl: crawl, Scheduled: d.config.scheduled(p.Name),
		DatasetMetrics: d.config.datasetMetrics(), Roles: d.config.Roles[p.Name], OptimizerRole: d.config.OptimizerRole,
		OtherSources: otherSources(d.files.Pipelines, func(other dataset.Pipeline) bool { return other.Name == p.Name }),
		JobCapacity:  map[string]pipeline.Capacity{},
	}
	var err error
	if args.Capacity, err = d.config.capacity(d.files.Templates, p.Template, p.Name); err != nil {
		return args, fmt.Errorf("pipeline %s: %w", p.Name, err)
	}
	for _, job := range p.Jobs {
		if job.Template == "" {
			continue
		}
		if args.JobCapacity[job.Name], err = d.config.capacity(d.files.Templates, job.Template, p.Name); err != nil {
			return args, fmt.Errorf("pipeline %s: job %s: %w", p.Name, job.Name, err)
		}
	}
	return args, nil
}

// make makes everything, in the order in which one thing needs another.
func (d *deployment) make() error {
	e, lake := d.environment, d.environment.Lake
	var err error
	e.Encryption, err = catalog.NewSecurityConfiguration(d.ctx, "encryption", pipeline.EncryptionName(e.Scope), lake.KeyARN)
	if err != nil {
		return err
	}
	if err := d.makeNetwork(); err != nil {
		return err
	}
	if e.Code, err = pipeline.NewCode(d.ctx, "code", d.code()); err != nil {
		return err
	}
	if _, err := pipeline.NewRulesets(d.ctx, "quality", &pipeline.RulesetsArgs{
		Scope: e.Scope, Pipelines: d.files.Pipelines, Tags: e.Tags,
	}); err != nil {
		return err
	}
	alerts, err := alerting.New(d.ctx, "alerts", &alerting.Args{
		Scope: e.Scope, Account: e.Account, KeyARN: lake.KeyARN, BoundaryARN: lake.BoundaryARN, Settings: d.config.Alerts,
		Tags: e.Tags.Input(),
	})
	if err != nil {
		return err
	}
	crawlers := map[string]pulumi.StringInput{}
	for _, args := range d.domains {
		made, err := pipeline.NewDomain(d.ctx, args.Name, args)
		if err != nil {
			return err
		}
		crawlers[args.Name] = made.Crawler
	}
	return d.makePipelines(crawlers, alerts)
}

// code says what code the jobs need.
func (d *deployment) code() *pipeline.CodeArgs {
	kinds, own := codeOf(d.files.Pipelines)
	return &pipeline.CodeArgs{
		Folder: filepath.Join(d.folder, d.config.Jobs), Kinds: kinds, Files: own, Project: d.folder,
		Bucket: d.environment.Lake.ArtifactsBucket, KeyARN: d.environment.Lake.KeyARN,
	}
}

func (d *deployment) makeNetwork() error {
	if !d.config.Network.Enabled {
		return nil
	}
	made, err := network.New(d.ctx, "network", d.network())
	if err != nil {
		return err
	}
	d.environment.Connections, d.environment.NetworkReady = made.Connections, made.Ready
	return nil
}

// network says what network the jobs need.
func (d *deployment) network() *network.Args {
	e, workers := d.environment, 0
	var services []string
	for _, args := range d.pipelines {
		workers += args.MostWorkers()
		if args.Pipeline.Arrival != nil && !slices.Contains(services, "sqs") {
			services = append(services, "sqs")
		}
	}
	if governance.Mode(e.Lake.LakeFormationMode) != governance.Off {
		services = append(services, "lakeformation") // jobs ask it for the credentials of data
	}
	return &network.Args{
		Scope: e.Scope, Account: e.Account, Settings: d.config.Network, Services: services, KeyARN: e.Lake.KeyARN,
		BoundaryARN: e.Lake.BoundaryARN, LogRetentionDays: e.LogRetentionDays, MaxWorkers: workers, Tags: e.Tags.Input(),
	}
}

// makePipelines makes the pipelines and what watches them. The crawlers are by domain.
func (d *deployment) makePipelines(crawlers map[string]pulumi.StringInput, alerts *alerting.Alerts) error {
	d.made = map[string]*pipeline.Pipeline{}
	var watches []*alerting.Watch
	for _, args := range d.pipelines {
		name := args.Pipeline.Name
		if domain, crawl := d.starts[name]; crawl {
			args.Crawler = crawlers[domain]
		}
		made, err := pipeline.New(d.ctx, name, args)
		if err != nil {
			return err
		}
		d.made[name] = made
		watch, err := alerting.NewWatch(d.ctx, name, d.watched(args, alerts, made.DLQ()))
		if err != nil {
			return err
		}
		watches = append(watches, watch)
	}
	_, err := alerting.NewDashboards(d.ctx, "dashboards", &alerting.DashboardArgs{
		Scope: d.environment.Scope, Account: d.environment.Account, Watches: watches,
	})
	return err
}

// watched says what of a pipeline is watched.
func (d *deployment) watched(args *pipeline.Args, alerts *alerting.Alerts, dlq pulumi.StringInput) *alerting.WatchArgs {
	p, e := args.Pipeline, d.environment
	return &alerting.WatchArgs{
		Scope: e.Scope, Alerts: alerts, Pipeline: p, Workflow: e.Scope.Name(p.Name), Jobs: args.Jobs(),
		TimeoutMinutes: args.Timeouts(), Crawler: args.Crawler, DLQ: dlq,
		OnDemand: !args.Scheduled || p.Schedule == "" && p.Arrival == nil, Tags: e.Tags.Input(),
	}
}

func (d *deployment) checkWatched(args *pipeline.Args) error {
	if err := d.watched(args, nil, nil).Validate(); err != nil {
		return fmt.Errorf("pipeline %s: %w", args.Pipeline.Name, err)
	}
	return nil
}
