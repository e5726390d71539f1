package catalog

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
)

// Crawler is a Glue crawler that finds tables: one entry of the object `datalake:settings.catalog.crawlers`
// of a stack file.
type Crawler struct {
	// Required: the zone it looks into: raw, staged, analytics or quarantine.
	Zone string `json:"zone"`
	// Optional: the domain whose folders it looks into and whose database gets the tables; defaults to none,
	// which is the zone's own database and takes prefixes.
	Domain string `json:"domain"`
	// Optional: folders of the zone, without a slash at the end; defaults to the domain's.
	Prefixes []string `json:"prefixes"`
	// Optional: what lies there: files, iceberg, hudi or delta; defaults to files.
	Format string `json:"format"`
	// Optional: when it runs, cron(MINUTES HOURS DAY-OF-MONTH MONTH DAY-OF-WEEK YEAR) in UTC; defaults to when
	// somebody starts it.
	Schedule string `json:"schedule"`
	// Optional: what it looks at again: everything, new-folders or events; defaults to everything.
	Recrawl string `json:"recrawl"`
	// Required with events: ARN of the SQS queue that S3 tells of new and deleted files.
	QueueARN string `json:"queueArn"`
	// Optional: what it does about tables that have changed; defaults to update and log, and to log both where
	// Glue allows nothing else.
	SchemaChange SchemaChange `json:"schemaChange"`
}

// SchemaChange says what a crawler does about tables that have changed.
type SchemaChange struct {
	// Optional: about changed columns: log or update.
	Update string `json:"update"`
	// Optional: about tables whose files are gone: log or deprecate.
	Delete string `json:"delete"`
}

// The formats of a crawler's targets.
const (
	formatFiles   = "files"
	formatIceberg = "iceberg"
	formatHudi    = "hudi"
	formatDelta   = "delta"
)

var (
	crawlerFormats = []string{formatFiles, formatIceberg, formatHudi, formatDelta}
	// icebergZones are those whose tables are Iceberg.
	icebergZones = []string{"staged", "analytics", "quarantine"}

	crawlerName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	queueForm   = regexp.MustCompile(`^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$`)
)

// maxTraversalDepth is how far below its folder a crawler looks for tables of Iceberg and Hudi; Glue allows 20
// (Glue API Reference, IcebergTarget). A domain's folder has its tables below it, with their metadata.
const maxTraversalDepth = 5

// CrawlerConfiguration groups what can be one table into one, and never lets a crawl drop a column
// (Glue User Guide, "Setting crawler configuration options").
const CrawlerConfiguration = `{"Version":1.0,` +
	`"CrawlerOutput":{"Tables":{"AddOrUpdateBehavior":"MergeNewColumns"},"Partitions":{"AddOrUpdateBehavior":"InheritFromTable"}},` +
	`"Grouping":{"TableGroupingPolicy":"CombineCompatibleSchemas"}}`

// CrawlerNames gives the names of the crawlers, sorted.
func (s Settings) CrawlerNames() []string { return slices.Sorted(maps.Keys(s.Crawlers)) }

// filled gives the crawler with its defaults.
func (c Crawler) filled() Crawler {
	if c.Format == "" {
		c.Format = formatFiles
	}
	change := CrawlerChange{Recrawl: c.Recrawl, SchemaChange: c.SchemaChange}.filled()
	c.Recrawl, c.SchemaChange = change.Recrawl, change.SchemaChange
	return c
}

// Folders gives the folders of the zone that the crawler looks into.
func (c Crawler) Folders(domains domain.Domains) []string {
	if len(c.Prefixes) > 0 {
		return slices.Sorted(slices.Values(c.Prefixes))
	}
	return foldersOf(domains, c.Zone, c.Domain)
}

// foldersOf gives the folders of a domain in a zone; what belongs to no domain has none.
func foldersOf(domains domain.Domains, zone, name string) []string {
	if name == "" {
		return nil
	}
	return domains.Folders(zone, name)
}

// placed refuses a folder that is not its domain's: the database would tell of data whose owner is another one.
func placed(domains domain.Domains, zone, name, folder string) error {
	if !domain.ValidPrefix(folder) {
		return fmt.Errorf("%q: want a folder of the zone such as \"sales/orders\"", folder)
	}
	if name != "" {
		own := foldersOf(domains, zone, name)
		if !slices.ContainsFunc(own, func(one string) bool { return domain.Inside(folder, one) }) {
			return fmt.Errorf("%q is not below the domain's folders %v", folder, own)
		}
		return nil
	}
	for _, other := range domains.Names() {
		for _, one := range foldersOf(domains, zone, other) {
			if domain.Overlap(folder, one) {
				return fmt.Errorf("%q: %q is of the domain %s, name that as the domain", folder, one, other)
			}
		}
	}
	return nil
}

func (c Crawler) validate(key string, domains domain.Domains) []error {
	var problems []error
	add := func(field, format string, args ...any) {
		problems = append(problems, fmt.Errorf(key+field+format, args...))
	}
	c = c.filled()
	if !slices.Contains(zones, c.Zone) {
		add(".zone", " %q: want one of %v", c.Zone, zones)
	}
	if _, known := domains[c.Domain]; c.Domain != "" && !known {
		add(".domain", " %q: datalake:settings.domains has %v", c.Domain, domains.Names())
	} else {
		problems = append(problems, c.validatePrefixes(key, domains)...)
	}
	if !slices.Contains(crawlerFormats, c.Format) {
		add(".format", " %q: want one of %v", c.Format, crawlerFormats)
	}
	// To a crawler of files every data and metadata folder of an Iceberg table is a table of its own; one such
	// crawl is known to have made about 1000.
	if c.Format == formatFiles && slices.Contains(icebergZones, c.Zone) {
		add(".format", " files: the tables of the zone %s are Iceberg, and a crawler of files would make tables of all their parts; "+
			"want iceberg, hudi or delta", c.Zone)
	}
	// A Delta target is a list of tables; Glue does not look for them (Glue API Reference, DeltaTarget).
	if c.Format == formatDelta && len(c.Prefixes) == 0 {
		add(".prefixes", ": name the folder of each table; Glue does not look for Delta tables")
	}
	if c.Schedule != "" {
		if err := validateSchedule(c.Schedule); err != nil {
			add(".schedule", " %w", err)
		}
	}
	return append(problems, c.validateChange(key, domains)...)
}

func (c Crawler) validatePrefixes(key string, domains domain.Domains) []error {
	var problems []error
	if c.Domain == "" && len(c.Prefixes) == 0 {
		return []error{fmt.Errorf("%s.prefixes is required without a domain", key)}
	}
	for i, prefix := range c.Prefixes {
		if err := placed(domains, c.Zone, c.Domain, prefix); err != nil {
			problems = append(problems, fmt.Errorf("%s.prefixes[%d] %w", key, i, err))
		}
		for _, other := range c.Prefixes[:i] {
			if domain.Overlap(prefix, other) {
				problems = append(problems, fmt.Errorf("%s.prefixes[%d] %q overlaps %q", key, i, prefix, other))
			}
		}
	}
	return problems
}

// validateChange checks what is looked at again and what becomes of tables that have changed.
func (c Crawler) validateChange(key string, domains domain.Domains) []error {
	var problems []error
	add := func(field, format string, args ...any) {
		problems = append(problems, fmt.Errorf(key+field+format, args...))
	}
	change := CrawlerChange{Recrawl: c.Recrawl, SchemaChange: c.SchemaChange}
	problems = append(problems, change.check(key+".recrawl", key+".schemaChange.update", key+".schemaChange.delete", key+".schemaChange")...)
	events := c.Recrawl == recrawlEvents
	// Both others are for files in S3 (Glue API Reference, RecrawlPolicy).
	if recrawls[c.Recrawl] != "" && c.Recrawl != recrawlEverything && c.Format != formatFiles {
		add(".recrawl", " %s: Glue knows it only for files, not for %s", c.Recrawl, c.Format)
	}
	switch {
	case events && !queueForm.MatchString(c.QueueARN):
		add(".queueArn", " %q: with recrawl events want the ARN of the queue (arn:aws:sqs:REGION:ACCOUNT:NAME)", c.QueueARN)
	case !events && c.QueueARN != "":
		add(".queueArn", ": only with recrawl events")
	}
	// Glue User Guide, "Accelerating crawls using Amazon S3 event notifications", on what to consider.
	if folders := c.Folders(domains); events && len(folders) > 1 {
		add(".prefixes", " %v: with recrawl events Glue allows one folder", folders)
	}
	return problems
}

// validateCrawlers checks each crawler and that no two describe the same data.
func (s Settings) validateCrawlers(domains domain.Domains) error {
	var problems []error
	names := s.CrawlerNames()
	for i, name := range names {
		key, crawler := "catalog.crawlers."+name, s.Crawlers[name]
		if !crawlerName.MatchString(name) {
			problems = append(problems, fmt.Errorf("%s: want lower-case letters, digits and single hyphens", key))
		}
		problems = append(problems, crawler.validate(key, domains)...)
		for _, other := range names[:i] {
			for _, folder := range crawler.Folders(domains) {
				for _, theirs := range s.Crawlers[other].Folders(domains) {
					if crawler.Zone == s.Crawlers[other].Zone && domain.Overlap(folder, theirs) {
						problems = append(problems, fmt.Errorf("%s: its folder %q overlaps %q of catalog.crawlers.%s", key, folder, theirs, other))
					}
				}
			}
		}
	}
	return errors.Join(problems...)
}

// CrawlerName is the name of a crawler and of its role. No pipeline has such a name, because theirs have no hyphen
// in it.
func CrawlerName(scope naming.Scope, name string) string {
	return scope.Name("catalog", "crawler", name)
}

// CrawlerPolicy is what a crawler of some folders may do; it follows the Glue User Guide, "Crawler prerequisites". The
// queue is empty for one that no events tell of files. v has the bucket, the database, the key and the log group.
func CrawlerPolicy(acct account.Account, folders []string, queueARN string, v map[string]string) policy.Document {
	bucket := acct.BucketARN(v["bucket"])
	document := policy.Document{Statements: []policy.Statement{
		policy.ListPrefixes("ListSources", bucket, folders...),
		policy.ReadObjects("ReadSources", bucket, folders...),
		{
			Sid: "WriteCatalog", Effect: policy.Allow,
			Actions: []string{
				"glue:BatchCreatePartition", "glue:BatchGetPartition", "glue:CreateTable", "glue:GetDatabase",
				"glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables", "glue:UpdatePartition",
				"glue:UpdateTable",
			},
			Resources: TableARNs(acct, "*", v["database"]),
		},
		crawlerLogs(acct, v["logGroup"]),
		PublishMetrics(GlueMetrics),
		policy.DecryptWith("ReadEncrypted", v["key"]),
		{
			// Glue encrypts a table with the rights of who makes it (Glue User Guide, "Encrypting your Data Catalog").
			Sid: "WriteEncryptedCatalog", Effect: policy.Allow,
			Actions:    []string{"kms:Encrypt", "kms:GenerateDataKey"},
			Resources:  []string{v["key"]},
			Conditions: policy.Conditions{"StringEquals": {"kms:ViaService": {"glue." + acct.Region + ".amazonaws.com"}}},
		},
	}}
	if queueARN != "" {
		document.Statements = append(document.Statements, policy.Statement{
			// Glue User Guide, "Setting up your account for Amazon S3 event notifications".
			Sid: "ReadEvents", Effect: policy.Allow,
			Actions: []string{
				"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListDeadLetterSourceQueues",
				"sqs:ListQueueTags", "sqs:PurgeQueue", "sqs:ReceiveMessage", "sqs:SetQueueAttributes",
			},
			Resources: []string{queueARN},
		})
	}
	return document
}

// CrawlerArgs configures a crawler.
type CrawlerArgs struct {
	// Required: its name in the settings.
	Name string
	// Required: what the settings say of it.
	Crawler Crawler
	// Required: the domains of the lake.
	Domains domain.Domains
	// Required: the zone's bucket.
	Bucket pulumi.StringOutput
	// Required: the database that gets the tables.
	Database pulumi.StringOutput
	// Required: its role.
	Role *Role
	// Required: name of the security configuration it writes its log with.
	SecurityConfiguration pulumi.StringOutput
	// Required: its log group, which Glue would make without an end otherwise.
	Logs pulumi.Resource
	// Required: organization and environment, and the tags of every resource.
	Common
}

// NewCrawler makes a crawler.
func NewCrawler(ctx *pulumi.Context, name string, args *CrawlerArgs, opts ...pulumi.ResourceOption) (*glue.Crawler, error) {
	crawler := args.Crawler.filled()
	change := CrawlerChange{Recrawl: crawler.Recrawl, SchemaChange: crawler.SchemaChange}.Filled()
	var locations pulumi.StringArray
	for _, folder := range crawler.Folders(args.Domains) {
		locations = append(locations, pulumi.Sprintf("s3://%s/%s/", args.Bucket, folder))
	}
	made := &glue.CrawlerArgs{
		Name:         pulumi.String(CrawlerName(args.Scope, args.Name)),
		Description:  pulumi.String(fmt.Sprintf("Tables (%s) of the %s zone", crawler.Format, crawler.Zone)),
		Role:         args.Role.ARN,
		DatabaseName: args.Database,
		Schedule:     optional(crawler.Schedule),
		SchemaChangePolicy: glue.CrawlerSchemaChangePolicyArgs{
			UpdateBehavior: pulumi.String(change.SchemaChange.Update),
			DeleteBehavior: pulumi.String(change.SchemaChange.Delete),
		},
		RecrawlPolicy:         glue.CrawlerRecrawlPolicyArgs{RecrawlBehavior: pulumi.String(change.Recrawl)},
		SecurityConfiguration: args.SecurityConfiguration,
		Tags:                  args.Tags.Input(),
	}
	switch crawler.Format {
	case formatIceberg:
		made.IcebergTargets = glue.CrawlerIcebergTargetArray{glue.CrawlerIcebergTargetArgs{
			Paths: locations, MaximumTraversalDepth: pulumi.Int(maxTraversalDepth),
		}}
	case formatHudi:
		made.HudiTargets = glue.CrawlerHudiTargetArray{glue.CrawlerHudiTargetArgs{
			Paths: locations, MaximumTraversalDepth: pulumi.Int(maxTraversalDepth),
		}}
	case formatDelta:
		// Athena reads Delta tables themselves; with a manifest the crawler would have to write beside the data.
		made.DeltaTargets = glue.CrawlerDeltaTargetArray{glue.CrawlerDeltaTargetArgs{
			DeltaTables: locations, CreateNativeDeltaTable: pulumi.Bool(true), WriteManifest: pulumi.Bool(false),
		}}
	default:
		targets := glue.CrawlerS3TargetArray{}
		for _, location := range locations {
			targets = append(targets, glue.CrawlerS3TargetArgs{Path: location, EventQueueArn: optional(crawler.QueueARN)})
		}
		made.S3Targets, made.Configuration = targets, pulumi.String(CrawlerConfiguration)
	}
	opts = append(opts, change.Options()...)
	return glue.NewCrawler(ctx, name, made, append(opts, pulumi.DependsOn(append(slices.Clone(args.Role.Made), args.Logs)))...)
}
