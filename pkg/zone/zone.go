// Package zone makes a zone of the data lake: a bucket and the Glue database over it.
package zone

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/bucket"
	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// ComponentType is the type token of Zone.
const ComponentType = "tarn:zone:Zone"

// Kind is the purpose of a zone. It is part of its names.
type Kind string

// The zones of a lake, in the order data moves through them.
const (
	Raw        Kind = "raw"        // data as it arrived, never changed
	Staged     Kind = "staged"     // typed, checked, free of duplicates
	Analytics  Kind = "analytics"  // answers to questions
	Quarantine Kind = "quarantine" // rows that broke their data set's schema or keys
	Artifacts  Kind = "artifacts"  // scripts, manifests, run reports
	// AthenaResults holds the results of queries, below a folder for each workgroup.
	AthenaResults Kind = "athena-results"
	AccessLogs    Kind = "access-logs"
)

// DataKinds are the zones that hold data and write an access log.
var DataKinds = []Kind{Raw, Staged, Analytics, Quarantine, Artifacts, AthenaResults}

// Kinds are all zones.
var Kinds = append(slices.Clone(DataKinds), AccessLogs)

// HasDatabase reports whether the zone's data are tables.
func (k Kind) HasDatabase() bool {
	return k == Raw || k == Staged || k == Analytics || k == Quarantine
}

// HasIceberg reports whether the zone's tables are Iceberg, which decides itself when a file goes.
func (k Kind) HasIceberg() bool {
	return k == Staged || k == Analytics || k == Quarantine
}

// HasDomains reports whether the zone's folders are the domains'.
func (k Kind) HasDomains() bool {
	return k.HasDatabase()
}

// Args configures a Zone.
type Args struct {
	// Required: what the zone is for.
	Kind Kind
	// Required: its bucket.
	Bucket bucket.Args
	// Optional: name of the Glue database; defaults to no database.
	Database string
	// Required with Database: tags of the database.
	DatabaseTags tagging.Tags
	// Optional: what the database has to wait for.
	DatabaseAfter []pulumi.Resource
}

// Zone is a zone of the lake.
type Zone struct {
	pulumi.ResourceState

	Bucket   *bucket.Bucket
	Database pulumi.StringOutput `pulumi:"database"` // empty when the zone has none
}

// New makes a zone.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Zone, error) {
	if args == nil || args.Kind == "" {
		return nil, fmt.Errorf("%s %s: a kind is required", ComponentType, name)
	}
	z := &Zone{Database: pulumi.String("").ToStringOutput()}
	if err := ctx.RegisterComponentResource(ComponentType, name, z, opts...); err != nil {
		return nil, err
	}
	var err error
	if z.Bucket, err = bucket.New(ctx, name, &args.Bucket, pulumi.Parent(z)); err != nil {
		return nil, fmt.Errorf("%s zone: %w", args.Kind, err)
	}
	if args.Database != "" {
		var database *glue.CatalogDatabase
		database, err = catalog.NewDatabase(ctx, name+"-database", args.Database,
			fmt.Sprintf("Tables of the %s zone", args.Kind), z.Bucket.Name, args.DatabaseTags,
			pulumi.Parent(z), pulumi.DependsOn(args.DatabaseAfter))
		if err != nil {
			return nil, fmt.Errorf("%s zone: %w", args.Kind, err)
		}
		z.Database = database.Name
	}
	return z, ctx.RegisterResourceOutputs(z, pulumi.Map{
		"bucket": z.Bucket.Name, "database": z.Database,
	})
}
