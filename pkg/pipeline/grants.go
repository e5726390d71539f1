package pipeline

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/governance"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// jobRights are what jobs do with databases and tables. A job needs whole tables (Lake Formation Developer Guide, "Lake
// Formation tag-based access control notes and restrictions").
var jobRights = governance.Rights{
	Databases: []string{"CREATE_TABLE", "DESCRIBE"},
	Tables:    []string{"ALTER", "DELETE", "DESCRIBE", "INSERT", "SELECT"},
}

// optimizerRights are what the Data Catalog's optimizers do (Glue User Guide, "Table optimization prerequisites").
var optimizerRights = governance.Rights{
	Databases: []string{"DESCRIBE"},
	Tables:    []string{"ALTER", "DELETE", "DESCRIBE", "INSERT", "SELECT"},
}

func (b *base) mode() governance.Mode { return governance.Mode(b.lake.LakeFormationMode) }

// tagged means the databases of a domain, or of none, in some zones.
type tagged struct {
	domain string
	zones  []zone.Kind
}

// domainTag is the value of the domain tag of the domain's databases.
func (b *base) domainTag() string {
	if _, declared := b.Lake.Domains[b.domain]; declared {
		return b.domain
	}
	return governance.NoDomain
}

func (b *base) location(bucket pulumi.StringOutput, folder string) pulumi.StringOutput {
	return governance.LocationARN(b.Account, bucket, folder)
}

// grant grants in mode full. In hybrid mode IAM decides about tables, and still nobody makes one at a
// registered location without the right to it (Lake Formation Developer Guide, "Hybrid access mode
// considerations and limitations"). Whatever runs with the role waits for the grants.
func (b *base) grant(
	ctx *pulumi.Context, name string, role *role, tags []tagged, rights governance.Rights, locations map[string]pulumi.StringOutput,
) error {
	if b.mode() == governance.Off {
		return nil
	}
	options := []pulumi.ResourceOption{pulumi.Parent(b.owner), pulumi.DependsOn(slices.Clone(role.ready))}
	var grants []pulumi.Resource
	for _, part := range slices.Sorted(maps.Keys(locations)) {
		made, err := governance.GrantLocation(ctx, name+"-location-"+part, role.arn, locations[part], options...)
		if err != nil {
			return fmt.Errorf("location %s: %w", part, err)
		}
		grants = append(grants, made)
	}
	if b.mode() == governance.Full {
		for _, tag := range tags {
			expression := governance.Over(governance.Keys(b.Scope), tag.zones, []string{tag.domain}, nil)
			made, err := governance.GrantByTags(ctx, name+"-"+tag.domain, role.arn, expression, rights, options...)
			if err != nil {
				return fmt.Errorf("tables of %s: %w", tag.domain, err)
			}
			grants = append(grants, made...)
		}
	}
	role.ready = append(role.ready, grants...)
	return nil
}

// governed adds to a role's policy what it needs where Lake Formation decides.
func (b *base) governed(document policy.Document) policy.Document {
	if b.mode() == governance.Full {
		document.Statements = append(document.Statements, governance.GetDataAccess(b.Account))
	}
	return document
}
