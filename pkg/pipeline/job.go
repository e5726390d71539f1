package pipeline

import (
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// icebergConf makes the Glue Data Catalog an Iceberg catalog of the name glue_catalog. They have to
// be arguments of the job: Glue forbids to set them while it runs. UTC, because a timestamp must
// not mean something else on a machine in another place.
var icebergConf = []string{
	"spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
	"spark.sql.catalog.glue_catalog=org.apache.iceberg.spark.SparkCatalog",
	"spark.sql.catalog.glue_catalog.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog",
	"spark.sql.catalog.glue_catalog.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
	"spark.sql.session.timeZone=UTC",
}

// logGroups makes the log groups before Glue would, so that they are encrypted, expire and go with
// the stack.
func (p *Pipeline) logGroups(ctx *pulumi.Context, name string) ([]pulumi.Resource, error) {
	var groups []pulumi.Resource
	for _, stream := range []string{"output", "error"} {
		group, err := cloudwatch.NewLogGroup(ctx, name+"-log-"+stream, &cloudwatch.LogGroupArgs{
			Name:            pulumi.String(p.logPrefix() + "/" + stream),
			KmsKeyId:        p.args.Lake.KeyARN,
			RetentionInDays: pulumi.Int(p.args.LogRetentionDays),
			Tags:            p.tags(),
		}, pulumi.Parent(p))
		if err != nil {
			return nil, err
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// manifest uploads what the jobs have to do, under the hash of its content.
func (p *Pipeline) manifest(ctx *pulumi.Context, name string) (*s3.BucketObjectv2, error) {
	content, err := p.args.Pipeline.Manifest()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content)
	return s3.NewBucketObjectv2(ctx, name+"-manifest", &s3.BucketObjectv2Args{
		Bucket:            p.args.Lake.ArtifactsBucket,
		Key:               pulumi.String("manifests/" + p.args.Pipeline.Name + "/" + shortHash(sum[:]) + ".json"),
		Source:            pulumi.NewStringAsset(string(content)),
		ContentType:       pulumi.String("application/json"),
		KmsKeyId:          p.args.Lake.KeyARN,
		ChecksumAlgorithm: pulumi.String(checksum),
	}, pulumi.Parent(p))
}

func (p *Pipeline) job(
	ctx *pulumi.Context, name, kind string, script pulumi.StringOutput, role *role, manifest *s3.BucketObjectv2,
	after []pulumi.Resource,
) (*glue.Job, error) {
	capacity := p.args.Capacity
	return glue.NewJob(ctx, name+"-"+kind, &glue.JobArgs{
		Name:        pulumi.String(p.name(kind)),
		Description: pulumi.String("Pipeline " + p.args.Pipeline.Name + ": " + strings.ReplaceAll(kind, "-", " ")),
		RoleArn:     role.arn,
		Command: glue.JobCommandArgs{
			Name:           pulumi.String("glueetl"),
			PythonVersion:  pulumi.String("3"),
			ScriptLocation: script,
		},
		GlueVersion:       pulumi.String(capacity.GlueVersion),
		WorkerType:        pulumi.String(capacity.WorkerType),
		NumberOfWorkers:   pulumi.Int(capacity.MaxWorkers),
		ExecutionClass:    pulumi.String(capacity.ExecutionClass), // left out, every later deploy would show a change
		Timeout:           pulumi.Int(capacity.TimeoutMinutes),
		MaxRetries:        pulumi.Int(capacity.MaxRetries),
		ExecutionProperty: glue.JobExecutionPropertyArgs{MaxConcurrentRuns: pulumi.Int(1)},
		DefaultArguments:  p.arguments(manifest),
		Tags:              p.tags(),
	}, pulumi.Parent(p), pulumi.DependsOn(slices.Concat(after, role.policies)))
}

// arguments are the same for every job of the pipeline. Those with hyphens are Glue's own (Glue
// User Guide, "Using job parameters"), those with underscores are ours.
func (p *Pipeline) arguments(manifest *s3.BucketObjectv2) pulumi.StringMap {
	lake, pipeline := p.args.Lake, p.args.Pipeline.Name
	return pulumi.StringMap{
		"--conf":                             pulumi.String(strings.Join(icebergConf, " --conf ")),
		"--custom-logGroup-prefix":           pulumi.String(p.logPrefix()),
		"--datalake-formats":                 pulumi.String("iceberg"),
		"--enable-auto-scaling":              pulumi.String("true"),
		"--enable-continuous-cloudwatch-log": pulumi.String("true"),
		"--enable-metrics":                   pulumi.String("true"),
		"--extra-py-files":                   p.args.Code.Library,
		"--job-bookmark-option":              pulumi.String("job-bookmark-disable"), // Iceberg has no bookmarks; the jobs compare keys
		"--TempDir":                          pulumi.Sprintf("s3://%s/tmp/%s/", lake.ArtifactsBucket, pipeline),

		"--analytics_database":  lake.AnalyticsDatabase,
		"--analytics_uri":       pulumi.Sprintf("s3://%s", lake.AnalyticsBucket),
		"--manifest_uri":        pulumi.Sprintf("s3://%s/%s", lake.ArtifactsBucket, manifest.Key),
		"--quarantine_database": lake.QuarantineDatabase,
		"--quarantine_uri":      pulumi.Sprintf("s3://%s", lake.QuarantineBucket),
		"--raw_uri":             pulumi.Sprintf("s3://%s", lake.RawBucket),
		"--report_uri":          pulumi.Sprintf("s3://%s/%s", lake.ArtifactsBucket, reportPrefix(pipeline)),
		"--staged_database":     lake.StagedDatabase,
		"--staged_uri":          pulumi.Sprintf("s3://%s", lake.StagedBucket),
	}
}

func reportPrefix(pipeline string) string {
	return "reports/" + pipeline
}
