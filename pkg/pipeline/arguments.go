package pipeline

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/dataset"
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

func isIcebergConf(key string) bool {
	return slices.ContainsFunc(icebergConf, func(conf string) bool { return strings.HasPrefix(conf, key+"=") })
}

// arguments are what a job is started with. Those with hyphens are Glue's own (Glue User Guide, "Using job
// parameters"), those with underscores are ours.
func (p *Pipeline) arguments(job plannedJob) pulumi.StringMap {
	arguments := p.ours()
	arguments["--enable-continuous-cloudwatch-log"] = pulumi.String("true")
	arguments["--TempDir"] = pulumi.Sprintf("s3://%s/%s/", p.lake.ArtifactsBucket, tempPrefix(p.args.Pipeline.Name))
	if job.kind != dataset.PythonShell {
		maps.Copy(arguments, p.sparkArguments(job))
	}
	if job.own != nil {
		maps.Copy(arguments, p.ownArguments(job))
	}
	return arguments
}

// ours tells a job where things are.
func (p *Pipeline) ours() pulumi.StringMap {
	lake, pipeline := p.lake, p.args.Pipeline.Name
	arguments := pulumi.StringMap{
		"--analytics_database":  lake.AnalyticsDatabase,
		"--analytics_uri":       pulumi.Sprintf("s3://%s", lake.AnalyticsBucket),
		"--dataset_metrics":     pulumi.String(strconv.FormatBool(p.args.DatasetMetrics)),
		"--manifest_uri":        p.ManifestURI,
		"--metrics_name":        pulumi.String(p.workflowName()),
		"--quarantine_database": lake.QuarantineDatabase,
		"--quarantine_uri":      pulumi.Sprintf("s3://%s", lake.QuarantineBucket),
		"--raw_uri":             pulumi.Sprintf("s3://%s", lake.RawBucket),
		"--report_uri":          pulumi.Sprintf("s3://%s/%s", lake.ArtifactsBucket, reportPrefix(pipeline)),
		"--staged_database":     lake.StagedDatabase,
		"--staged_uri":          pulumi.Sprintf("s3://%s", lake.StagedBucket),
	}
	if p.arrival != nil {
		arguments["--arrivals_queue"] = p.arrival.QueueURL
	}
	if p.optimizer != nil {
		arguments["--optimizer_role"] = p.optimizer.arn
	}
	return arguments
}

func (p *Pipeline) sparkArguments(job plannedJob) pulumi.StringMap {
	conf := slices.Clone(icebergConf)
	for _, key := range slices.Sorted(maps.Keys(job.capacity.SparkConf)) {
		conf = append(conf, key+"="+job.capacity.SparkConf[key])
	}
	arguments := pulumi.StringMap{
		"--conf":                         pulumi.String(strings.Join(conf, " --conf ")),
		"--custom-logGroup-prefix":       pulumi.String(p.logPrefix()),
		"--datalake-formats":             pulumi.String("iceberg"),
		"--enable-auto-scaling":          pulumi.String("true"),
		"--enable-job-insights":          pulumi.String("true"),
		"--enable-metrics":               pulumi.String("true"),
		"--enable-observability-metrics": pulumi.String("true"),
		"--extra-py-files":               p.Code.Library,
		// Iceberg has no bookmarks; the jobs compare keys.
		"--job-bookmark-option": pulumi.String("job-bookmark-disable"),
	}
	if *job.capacity.SparkUI {
		arguments["--enable-spark-ui"] = pulumi.String("true")
		arguments["--spark-event-logs-path"] = pulumi.Sprintf("s3://%s/%s/spark-ui/",
			p.lake.ArtifactsBucket, tempPrefix(p.args.Pipeline.Name))
	}
	return arguments
}

// ownArguments are those of a job of the users' own, and where its files are. On Spark wheels are installed, everything
// else goes on the path.
func (p *Pipeline) ownArguments(job plannedJob) pulumi.StringMap {
	arguments := pulumi.StringMap{}
	for key, value := range job.own.Arguments {
		arguments["--"+key] = pulumi.String(value)
	}
	var onPath, installed, jars pulumi.StringArray
	if job.kind != dataset.PythonShell {
		onPath = append(onPath, p.Code.Library)
	}
	for _, module := range job.own.Modules {
		if uri := p.Code.Files[module]; job.kind != dataset.PythonShell && path.Ext(module) == ".whl" {
			installed = append(installed, uri)
		} else {
			onPath = append(onPath, uri)
		}
	}
	for _, jar := range job.own.Jars {
		jars = append(jars, p.Code.Files[jar])
	}
	for argument, uris := range map[string]pulumi.StringArray{
		"--extra-py-files": onPath, "--additional-python-modules": installed, "--extra-jars": jars,
	} {
		if len(uris) > 0 {
			arguments[argument] = uris.ToStringArrayOutput().ApplyT(func(list []string) string {
				return strings.Join(list, ",")
			}).(pulumi.StringOutput)
		}
	}
	return arguments
}

func reportPrefix(pipeline string) string { return "reports/" + pipeline }

func tempPrefix(pipeline string) string { return "tmp/" + pipeline }
