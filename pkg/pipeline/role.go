package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/policy"
)

// quarantineTable is the folder of the one table all pipelines write rejected rows to.
const quarantineTable = "rejected_rows"

// Roles are the roles of a pipeline that somebody else has made.
type Roles struct {
	// Optional: ARN of the role of the jobs; defaults to making it.
	Job string `json:"job"`
	// Optional: ARN of the role of the crawler; defaults to making it.
	Crawler string `json:"crawler"`
}

// Validate refuses what is not the ARN of a role.
func (r Roles) Validate() error {
	var problems []error
	for _, given := range []struct{ field, arn string }{{"job", r.Job}, {"crawler", r.Crawler}} {
		if given.arn != "" && !policy.IsRoleARN(given.arn) {
			problems = append(problems, fmt.Errorf("%s %q: want the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME)", given.field, given.arn))
		}
	}
	return errors.Join(problems...)
}

// role is an IAM role and the policies that must be attached before anything runs with it.
type role struct {
	arn      pulumi.StringOutput
	policies []pulumi.Resource
}

// jobRole makes the role of the pipeline's jobs. It can read the pipeline's sources and write the
// pipeline's own prefixes; it can read scripts but not change them, which would be a way to give
// oneself another pipeline's rights.
func (p *Pipeline) jobRole(ctx *pulumi.Context, name string) (*role, error) {
	return p.role(ctx, name+"-job-role", p.name("job"), p.args.Roles.Job, func(v map[string]string) policy.Document {
		return p.governed(jobPolicy(p.args.Account, p.args.Pipeline.Name, p.logPrefix(), p.sourcePrefixes(), v))
	})
}

// crawlerRole makes the role of the crawler, which reads sources and writes nothing but the catalog.
func (p *Pipeline) crawlerRole(ctx *pulumi.Context, name string) (*role, error) {
	return p.role(ctx, name+"-crawler-role", p.name("raw-crawler"), p.args.Roles.Crawler, func(v map[string]string) policy.Document {
		return p.governed(catalog.CrawlerPolicy(p.args.Account, p.sourcePrefixes(), "", map[string]string{
			"bucket": v["raw"], "database": v["rawDatabase"], "key": v["key"],
		}))
	})
}

// role makes a role, unless one was given.
func (p *Pipeline) role(
	ctx *pulumi.Context, name, physical, given string, document func(map[string]string) policy.Document,
) (*role, error) {
	if given != "" {
		return &role{arn: pulumi.String(given).ToStringOutput()}, nil
	}
	trust, err := policy.ServiceTrust("glue.amazonaws.com", p.args.Account.ID).JSON()
	if err != nil {
		return nil, err
	}
	made, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Name:             pulumi.String(physical),
		Path:             pulumi.String(p.args.Scope.Path()),
		AssumeRolePolicy: pulumi.String(trust),
		// Whoever deploys may make roles only with this boundary.
		PermissionsBoundary: p.args.Lake.BoundaryARN,
		Tags:                p.tags(),
	}, pulumi.Parent(p))
	if err != nil {
		return nil, err
	}
	lake := p.args.Lake
	attached, err := iam.NewRolePolicy(ctx, name+"-policy", &iam.RolePolicyArgs{
		Name: pulumi.String("access"),
		Role: made.Name,
		Policy: policy.Render(pulumi.StringMap{
			"key": lake.KeyARN, "raw": lake.RawBucket, "staged": lake.StagedBucket, "analytics": lake.AnalyticsBucket,
			"quarantine": lake.QuarantineBucket, "artifacts": lake.ArtifactsBucket,
			"rawDatabase": lake.RawDatabase, "stagedDatabase": lake.StagedDatabase,
			"analyticsDatabase": lake.AnalyticsDatabase, "quarantineDatabase": lake.QuarantineDatabase,
		}, document),
	}, pulumi.Parent(p))
	if err != nil {
		return nil, err
	}
	return &role{arn: made.Arn, policies: []pulumi.Resource{attached}}, nil
}

// sourcePrefixes gives the folders of the raw zone that the pipeline reads, without their slash.
func (p *Pipeline) sourcePrefixes() []string {
	var prefixes []string
	for _, d := range p.args.Pipeline.Datasets {
		prefixes = append(prefixes, strings.TrimSuffix(d.Source.Path, "/"))
	}
	slices.Sort(prefixes)
	return slices.Compact(prefixes)
}

// jobPolicy follows the Glue User Guide, "Review IAM permissions needed for ETL jobs", cut down to
// the pipeline's prefixes. v holds bucket names, database names and the key's ARN.
func jobPolicy(acct account.Account, pipeline, logPrefix string, sources []string, v map[string]string) policy.Document {
	raw, staged, analytics := acct.BucketARN(v["raw"]), acct.BucketARN(v["staged"]), acct.BucketARN(v["analytics"])
	quarantine, artifacts := acct.BucketARN(v["quarantine"]), acct.BucketARN(v["artifacts"])
	return policy.Document{Statements: []policy.Statement{
		policy.ListPrefixes("ListSources", raw, sources...),
		policy.ReadObjects("ReadSources", raw, sources...),
		policy.ListPrefixes("ListStaged", staged, pipeline),
		policy.WriteObjects("WriteStaged", staged, pipeline),
		policy.ListPrefixes("ListAnalytics", analytics, pipeline),
		policy.WriteObjects("WriteAnalytics", analytics, pipeline),
		policy.ListPrefixes("ListQuarantine", quarantine, quarantineTable),
		policy.WriteObjects("WriteQuarantine", quarantine, quarantineTable),
		policy.ReadObjects("ReadCode", artifacts, "code", "manifests/"+pipeline),
		policy.ListPrefixes("ListWorkFolders", artifacts, reportPrefix(pipeline), "tmp/"+pipeline),
		policy.WriteObjects("WriteWorkFolders", artifacts, reportPrefix(pipeline), "tmp/"+pipeline),
		{
			Sid: "UseCatalog", Effect: policy.Allow,
			Actions: []string{
				"glue:CreateTable", "glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables", "glue:UpdateTable",
			},
			Resources: catalog.TableARNs(acct, "*", v["stagedDatabase"], v["analyticsDatabase"], v["quarantineDatabase"]),
		},
		{
			Sid: "WriteLogs", Effect: policy.Allow,
			Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resources: []string{acct.ARN("logs", "log-group:"+logPrefix+"/*")},
		},
		catalog.PublishMetrics(),
		policy.UseKey("UseKey", v["key"]),
	}}
}
