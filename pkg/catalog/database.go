// Package catalog makes what queries see of the lake: Glue databases and Athena workgroups.
package catalog

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/tagging"
)

// NewDatabase makes the Glue database of a zone, whose tables live in the zone's bucket.
func NewDatabase(
	ctx *pulumi.Context, name, database, description string, bucket pulumi.StringOutput, tags tagging.Tags,
	opts ...pulumi.ResourceOption,
) (*glue.CatalogDatabase, error) {
	return glue.NewCatalogDatabase(ctx, name, &glue.CatalogDatabaseArgs{
		Name:        pulumi.String(database),
		Description: pulumi.String(description),
		LocationUri: pulumi.Sprintf("s3://%s/", bucket),
		Tags:        tags.Input(),
	}, opts...)
}
