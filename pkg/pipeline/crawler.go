package pipeline

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/catalog"
)

// crawler makes the crawler over the raw files of the pipeline. Staged and analytics tables need
// none: Iceberg writes the catalog itself.
func (p *Pipeline) crawler(ctx *pulumi.Context, name string, role *role) (*glue.Crawler, error) {
	targets := glue.CrawlerS3TargetArray{}
	for _, prefix := range p.sourcePrefixes() {
		targets = append(targets, glue.CrawlerS3TargetArgs{
			Path: pulumi.Sprintf("s3://%s/%s/", p.args.Lake.RawBucket, prefix),
		})
	}
	return glue.NewCrawler(ctx, name+"-crawler", &glue.CrawlerArgs{
		Name:          pulumi.String(p.name("raw")),
		Description:   pulumi.String("Raw files of pipeline " + p.args.Pipeline.Name),
		Role:          role.arn,
		DatabaseName:  p.args.Lake.RawDatabase,
		S3Targets:     targets,
		Configuration: pulumi.String(catalog.CrawlerConfiguration),
		SchemaChangePolicy: glue.CrawlerSchemaChangePolicyArgs{
			UpdateBehavior: pulumi.String("UPDATE_IN_DATABASE"),
			DeleteBehavior: pulumi.String("LOG"), // a missing file is no reason to drop a table
		},
		RecrawlPolicy: glue.CrawlerRecrawlPolicyArgs{RecrawlBehavior: pulumi.String("CRAWL_EVERYTHING")},
		Tags:          p.tags(),
	}, pulumi.Parent(p), pulumi.DependsOn(role.policies))
}
