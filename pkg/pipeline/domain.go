package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/governance"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// DomainType is the type token of Domain.
const DomainType = "tarn:pipeline:Domain"

// Crawlers are the settings of the domains' crawlers: the object `mpp:settings.crawlers` of a stack file.
type Crawlers struct {
	// Optional: whether raw files are crawled at all; defaults to true.
	Enabled *bool `json:"enabled"`
	// Optional: what a run looks at again: "everything" or "new-folders"; defaults to "everything".
	Recrawl string `json:"recrawl"`
	// Optional: what becomes of tables whose columns have changed: "update" or "log"; defaults to "update", and to
	// "log" with new-folders.
	UpdateBehavior string `json:"updateBehavior"`
	// Optional: what becomes of tables whose files are gone: "log" or "deprecate"; defaults to "log".
	DeleteBehavior string `json:"deleteBehavior"`
}

// On reports whether raw files are crawled.
func (c Crawlers) On() bool { return c.Enabled == nil || *c.Enabled }

// change gives the settings in the words of the catalog, whose rules they share.
func (c Crawlers) change() catalog.CrawlerChange {
	return catalog.CrawlerChange{
		Recrawl: c.Recrawl, SchemaChange: catalog.SchemaChange{Update: c.UpdateBehavior, Delete: c.DeleteBehavior},
	}
}

// Validate refuses what Glue would refuse only when the crawler is made.
func (c Crawlers) Validate() error {
	return c.change().Validate("crawlers.recrawl", "crawlers.updateBehavior", "crawlers.deleteBehavior")
}

// DomainArgs configures a Domain.
type DomainArgs struct {
	// Required: what it shares with everything that is deployed with it.
	Environment *Environment
	// Required: name of the domain.
	Name string
	// Required: folders of the raw zone that are crawled, without a slash at their end.
	Folders []string
	// Optional: the folders that other domains read; none of them is opened to this one's crawler.
	Others []string
	// Optional: how it crawls.
	Crawlers Crawlers
	// Optional: ARN of a role to use instead of making one.
	Role string
}

// Domain is what the pipelines of a domain have in common: the crawler that describes their raw files. Staged and
// analytics tables need none: Iceberg writes the catalog itself.
type Domain struct {
	pulumi.ResourceState

	Crawler pulumi.StringOutput `pulumi:"crawler"` // its name

	base
	args *DomainArgs
}

// Validate refuses what AWS would refuse. It needs no resource, so that a program can ask about all domains before it
// makes the first one.
func (a *DomainArgs) Validate() error {
	d := &Domain{args: a, base: newBase(a.Environment, nil, a.Name)}
	const fix = "put the data sets of the domain below few folders that no other domain reads from"
	return d.checkRole(d.roleName(), a.Role, d.document, fix)
}

// NewDomain makes the crawler of a domain, its role and its log group.
func NewDomain(ctx *pulumi.Context, name string, args *DomainArgs, opts ...pulumi.ResourceOption) (*Domain, error) {
	if args == nil {
		return nil, fmt.Errorf("%s %s: args are required", DomainType, name)
	}
	d := &Domain{args: args}
	d.base = newBase(args.Environment, d, args.Name)
	if err := errors.Join(args.Validate(), ctx.RegisterComponentResource(DomainType, name, d, opts...)); err != nil {
		return nil, err
	}
	if err := d.provision(ctx, name); err != nil {
		return nil, fmt.Errorf("crawler of domain %s: %w", args.Name, err)
	}
	return d, ctx.RegisterResourceOutputs(d, pulumi.Map{"crawler": d.Crawler})
}

func (d *Domain) roleName() string { return d.Scope.Name(d.domain, "raw-crawler") }

// logName is the log group of the crawler.
func (d *Domain) logName() string {
	return catalog.CrawlerLogGroup(d.encryptionName(), cmp.Or(d.args.Role, d.roleARN(d.roleName())))
}

// document is what the crawler may do: read the sources and write nothing but the catalog.
func (d *Domain) document(v map[string]string) policy.Document {
	document := d.governed(catalog.CrawlerPolicy(d.Account, named(d.args.Folders, d.args.Others), "", map[string]string{
		"bucket": v["raw"], "database": v["rawDatabase"], "key": v["key"], "logGroup": d.logName(),
	}))
	document.Statements = append(document.Statements, d.networkRights()...)
	return document
}

func (d *Domain) provision(ctx *pulumi.Context, name string) error {
	role, err := d.makeRole(ctx, name+"-crawler-role", d.roleName(), d.args.Role, nil, d.document)
	if err != nil {
		return err
	}
	locations := map[string]pulumi.StringOutput{}
	for _, folder := range named(d.args.Folders, d.args.Others) {
		locations["raw-"+strings.ReplaceAll(folder, "/", "-")] = d.location(d.lake.RawBucket, folder)
	}
	tags := []tagged{{d.domainTag(), []zone.Kind{zone.Raw}}}
	if err := d.grant(ctx, name+"-crawler", role, tags, governance.CrawlerRights(), locations); err != nil {
		return fmt.Errorf("grants: %w", err)
	}
	logs, err := d.logGroup(ctx, name+"-crawler-log", d.logName())
	if err != nil {
		return fmt.Errorf("log group: %w", err)
	}
	targets := glue.CrawlerS3TargetArray{}
	for _, folder := range topmost(d.args.Folders) {
		target := glue.CrawlerS3TargetArgs{Path: pulumi.Sprintf("s3://%s/%s/", d.lake.RawBucket, folder)}
		if len(d.Connections) > 0 {
			target.ConnectionName = d.Connections[0].ToStringOutput().ToStringPtrOutput() // a target has one
		}
		targets = append(targets, target)
	}
	change := d.args.Crawlers.change().Filled()
	options := []pulumi.ResourceOption{pulumi.Parent(d), pulumi.DependsOn(slices.Concat(role.ready, []pulumi.Resource{logs}, d.NetworkReady))}
	crawler, err := glue.NewCrawler(ctx, name+"-crawler", &glue.CrawlerArgs{
		Name:          pulumi.String(d.Scope.Name(d.domain, "raw")),
		Description:   pulumi.String("Raw files of domain " + d.domain),
		Role:          role.arn,
		DatabaseName:  d.lake.RawDatabase,
		S3Targets:     targets,
		Configuration: pulumi.String(catalog.CrawlerConfiguration),
		SchemaChangePolicy: glue.CrawlerSchemaChangePolicyArgs{
			UpdateBehavior: pulumi.String(change.SchemaChange.Update),
			DeleteBehavior: pulumi.String(change.SchemaChange.Delete),
		},
		RecrawlPolicy:         glue.CrawlerRecrawlPolicyArgs{RecrawlBehavior: pulumi.String(change.Recrawl)},
		SecurityConfiguration: d.Encryption.Name,
		Tags:                  d.tags(),
	}, append(options, change.Options()...)...)
	if err != nil {
		return err
	}
	d.Crawler = crawler.Name
	return nil
}
