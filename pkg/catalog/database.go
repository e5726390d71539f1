// Package catalog makes what queries see of the lake: Glue databases, Athena workgroups, named queries,
// views, declared tables and crawlers.
package catalog

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// DomainType is the type token of Domain.
const DomainType = "tarn:catalog:Domain"

// NewDatabase makes the Glue database of a zone, whose tables live in the zone's bucket.
func NewDatabase(
	ctx *pulumi.Context, name, database, description string, bucket pulumi.StringOutput, tags tagging.Tags,
	opts ...pulumi.ResourceOption,
) (*glue.CatalogDatabase, error) {
	return newDatabase(ctx, name, database, description, pulumi.Sprintf("s3://%s/", bucket), tags, opts...)
}

func newDatabase(
	ctx *pulumi.Context, name, database, description string, location pulumi.StringOutput, tags tagging.Tags,
	opts ...pulumi.ResourceOption,
) (*glue.CatalogDatabase, error) {
	return glue.NewCatalogDatabase(ctx, name, &glue.CatalogDatabaseArgs{
		Name:        pulumi.String(database),
		Description: pulumi.String(description),
		LocationUri: location,
		Tags:        tags.Input(),
	}, opts...)
}

// Database is a database of a domain.
type Database struct {
	// Required: the zone its tables are of, for example "staged".
	Zone string
	// Required: its name.
	Name string
	// Required: the zone's bucket.
	Bucket pulumi.StringOutput
	// Required: the domain's folder there, without a slash at the end.
	Folder string
}

// DomainArgs configures a Domain.
type DomainArgs struct {
	// Required: the domain's name.
	Domain string
	// Optional: what it is about; defaults to nothing.
	Description string
	// Required: how sensitive its data is.
	Classification domain.Classification
	// Required: its databases.
	Databases []Database
	// Optional: what has to be there before them; defaults to nothing.
	After []pulumi.Resource
	// Required: tags of every resource; those of the domain are added.
	Tags tagging.Tags
}

// Domain is the Glue databases of a domain, one for each zone.
type Domain struct {
	pulumi.ResourceState

	// Databases holds the names by zone.
	Databases map[string]pulumi.StringOutput
}

// NewDomain makes the databases of a domain.
func NewDomain(ctx *pulumi.Context, name string, args *DomainArgs, opts ...pulumi.ResourceOption) (*Domain, error) {
	if args == nil || args.Domain == "" || len(args.Databases) == 0 {
		return nil, fmt.Errorf("%s %s: a domain and its databases are required", DomainType, name)
	}
	d := &Domain{Databases: map[string]pulumi.StringOutput{}}
	if err := ctx.RegisterComponentResource(DomainType, name, d, opts...); err != nil {
		return nil, err
	}
	tags := tagging.Tags{tagging.KeyDomain: args.Domain, tagging.KeyClassification: string(args.Classification)}
	maps.Copy(tags, args.Tags)
	outputs := pulumi.Map{}
	for _, database := range args.Databases {
		made, err := newDatabase(ctx, name+"-"+database.Zone+"-database", database.Name,
			describe(args.Domain, database.Zone, args.Description), pulumi.Sprintf("s3://%s/%s/", database.Bucket, database.Folder),
			tags, pulumi.Parent(d), pulumi.DependsOn(args.After)) // a component does not hand down what it waits for
		if err != nil {
			return nil, fmt.Errorf("domain %s, zone %s: %w", args.Domain, database.Zone, err)
		}
		d.Databases[database.Zone] = made.Name
		outputs[database.Zone] = made.Name
	}
	return d, ctx.RegisterResourceOutputs(d, outputs)
}

// describe is the description of a domain's database.
func describe(domain, zone, about string) string {
	text := fmt.Sprintf("Tables of the domain %s in the %s zone", domain, zone)
	if about != "" {
		text += ": " + about
	}
	return text
}
