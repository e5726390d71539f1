package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

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

func (p *Pipeline) mode() governance.Mode { return governance.Mode(p.args.Lake.LakeFormationMode) }

// grantJobs grants what the jobs need in Lake Formation. Whatever runs with the role waits for it.
func (p *Pipeline) grantJobs(ctx *pulumi.Context, name string, role *role) error {
	lake, pipeline := p.args.Lake, p.args.Pipeline.Name
	locations := map[string]pulumi.StringOutput{
		"staged": p.location(lake.StagedBucket, pipeline), "analytics": p.location(lake.AnalyticsBucket, pipeline),
		"quarantine": p.location(lake.QuarantineBucket, quarantineTable),
	}
	tags := []tagged{{p.domainTag(), []zone.Kind{zone.Staged, zone.Analytics}}, {governance.NoDomain, []zone.Kind{zone.Quarantine}}}
	if p.domainTag() == governance.NoDomain { // one expression, or they would be two grants on the same
		tags = []tagged{{governance.NoDomain, []zone.Kind{zone.Staged, zone.Analytics, zone.Quarantine}}}
	}
	return p.grant(ctx, name+"-job", role, tags, jobRights, locations)
}

// grantCrawler grants what the crawler needs.
func (p *Pipeline) grantCrawler(ctx *pulumi.Context, name string, role *role) error {
	locations := map[string]pulumi.StringOutput{}
	for _, prefix := range p.sourcePrefixes() {
		locations["raw-"+strings.ReplaceAll(prefix, "/", "-")] = p.location(p.args.Lake.RawBucket, prefix)
	}
	return p.grant(ctx, name+"-crawler", role, []tagged{{p.domainTag(), []zone.Kind{zone.Raw}}}, governance.CrawlerRights(), locations)
}

// tagged means the databases of a domain, or of none, in some zones.
type tagged struct {
	domain string
	zones  []zone.Kind
}

// domainTag is the value of the domain tag of the pipeline's own databases.
func (p *Pipeline) domainTag() string {
	if _, declared := p.args.Lake.Domains[p.args.Pipeline.Name]; declared {
		return p.args.Pipeline.Name
	}
	return governance.NoDomain
}

func (p *Pipeline) location(bucket pulumi.StringOutput, folder string) pulumi.StringOutput {
	return governance.LocationARN(p.args.Account, bucket, folder)
}

// grant grants in mode full. In hybrid mode IAM decides about tables, and still nobody makes one at a
// registered location without the right to it (Lake Formation Developer Guide, "Hybrid access mode
// considerations and limitations").
func (p *Pipeline) grant(
	ctx *pulumi.Context, name string, role *role, tags []tagged, rights governance.Rights, locations map[string]pulumi.StringOutput,
) error {
	if p.mode() == governance.Off {
		return nil
	}
	options := []pulumi.ResourceOption{pulumi.Parent(p), pulumi.DependsOn(slices.Clone(role.policies))}
	var grants []pulumi.Resource
	for _, part := range slices.Sorted(maps.Keys(locations)) {
		made, err := governance.GrantLocation(ctx, name+"-location-"+part, role.arn, locations[part], options...)
		if err != nil {
			return fmt.Errorf("location %s: %w", part, err)
		}
		grants = append(grants, made)
	}
	if p.mode() == governance.Full {
		for _, tag := range tags {
			expression := governance.Over(governance.Keys(p.args.Scope), tag.zones, []string{tag.domain}, nil)
			made, err := governance.GrantByTags(ctx, name+"-"+tag.domain, role.arn, expression, rights, options...)
			if err != nil {
				return fmt.Errorf("tables of %s: %w", tag.domain, err)
			}
			grants = append(grants, made...)
		}
	}
	role.policies = append(role.policies, grants...)
	return nil
}

// governed adds to a role's policy what it needs where Lake Formation decides.
func (p *Pipeline) governed(document policy.Document) policy.Document {
	if p.mode() == governance.Full {
		document.Statements = append(document.Statements, governance.GetDataAccess(p.args.Account))
	}
	return document
}
