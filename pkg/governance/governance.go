package governance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lakeformation"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/access"
	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/tagging"
	"github.com/tarn-data/tarn/pkg/zone"
)

// ComponentType is the type token of Governance.
const ComponentType = "tarn:governance:LakeFormation"

// Args configures a Governance.
type Args struct {
	// Required: the mode, which is not off, and who is cleared for what.
	Settings Settings
	// Required: organization and environment.
	Scope naming.Scope
	// Required: where it is deployed.
	Account account.Account
	// Required: the domains of the lake.
	Domains domain.Domains
	// Required: the personas.
	Access access.Settings
	// Required: what ReadAccount gives.
	AccountSettings *AccountSettings
	// Required: the buckets of Zones.
	Buckets map[zone.Kind]pulumi.StringOutput
	// Required: the databases of Places.
	Databases map[Place]Database
	// Required: the ARNs of the personas' roles, which exist once they are known.
	Roles map[string]pulumi.StringOutput
	// Required: the key the zones are encrypted with.
	KeyARN pulumi.StringInput
	// Required: permission boundary of every role that works with data.
	BoundaryARN pulumi.StringInput
	// Required: tags of what can have tags.
	Tags tagging.Tags
}

// Database is a Glue database.
type Database struct {
	// Required: its name.
	Name string
	// Required: the same, once it exists.
	Made pulumi.StringOutput
}

// Governance is what Lake Formation knows of a lake. Its outputs are what the driver needs to settle what
// belongs to the whole account: see contract.Governance.
type Governance struct {
	pulumi.ResourceState

	args *Args
	keys TagKeys
	// after is what has to be there before anything else can be made in Lake Formation.
	after []pulumi.Resource
	tags  []pulumi.Resource
}

// New tells Lake Formation about a lake.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Governance, error) {
	if args == nil || !args.Settings.On() || args.AccountSettings == nil {
		return nil, fmt.Errorf("%s %s: a mode other than off and the settings of the account are required", ComponentType, name)
	}
	g := &Governance{args: args, keys: Keys(args.Scope)}
	if err := g.keys.validate(); err != nil {
		return nil, err
	}
	if err := ctx.RegisterComponentResource(ComponentType, name, g, opts...); err != nil {
		return nil, err
	}
	before, err := g.makeSettings(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("settings of the account: %w", err)
	}
	for _, part := range []func(*pulumi.Context, string) error{
		g.makeLocations, g.makeTags, g.makeGrants, g.makeFilters, g.makeOptIns, g.makeRolePolicies,
	} {
		if err := part(ctx, name); err != nil {
			return nil, err
		}
	}
	var databases []string
	for _, database := range args.Databases {
		databases = append(databases, database.Name)
	}
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{
		"mode":           pulumi.String(args.Settings.Mode),
		"administrators": pulumi.ToStringArray(args.AccountSettings.ours),
		"before":         before,
		"databases":      pulumi.ToStringArray(sorted(databases)),
	})
}

// makeSettings adds our administrators to the account's. What was before is kept with the state, so that it
// can be given back. The settings stay when the resource goes: they are everybody's, and deleting them would
// remove all administrators.
func (g *Governance) makeSettings(ctx *pulumi.Context, name string) (pulumi.Output, error) {
	before, err := pulumi.NewStash(ctx, name+"-before", &pulumi.StashArgs{Input: g.args.AccountSettings.before()},
		pulumi.Parent(g), pulumi.IgnoreChanges([]string{"input"}))
	if err != nil {
		return nil, err
	}
	settings, err := lakeformation.NewDataLakeSettings(ctx, name+"-settings", g.args.AccountSettings.args(g.args.Settings.Mode),
		pulumi.Parent(g), pulumi.RetainOnDelete(true), pulumi.DependsOn([]pulumi.Resource{before}))
	if err != nil {
		return nil, err
	}
	g.after = []pulumi.Resource{settings}
	return before.Output, nil
}

// LocationRoleName is the name of the role that Lake Formation works with the zones with.
func LocationRoleName(scope naming.Scope) string { return scope.Name("lake-location") }

// makeLocations registers the zones with Lake Formation, which reads and writes them with a role of its own
// on behalf of whoever it lets (Lake Formation Developer Guide, "Requirements for roles used to register
// locations").
func (g *Governance) makeLocations(ctx *pulumi.Context, name string) error {
	trust, err := policy.ServiceTrust("lakeformation.amazonaws.com", g.args.Account.ID).JSON()
	if err != nil {
		return err
	}
	role, err := iam.NewRole(ctx, name+"-location-role", &iam.RoleArgs{
		Name:                pulumi.String(LocationRoleName(g.args.Scope)),
		Path:                pulumi.String(g.args.Scope.Path()),
		AssumeRolePolicy:    pulumi.String(trust),
		PermissionsBoundary: g.args.BoundaryARN.ToStringOutput().ToStringPtrOutput(),
		Tags:                g.args.Tags.Input(),
	}, pulumi.Parent(g))
	if err != nil {
		return err
	}
	values := pulumi.StringMap{"key": g.args.KeyARN}
	for _, kind := range Zones {
		values[string(kind)] = g.args.Buckets[kind]
	}
	attached, err := iam.NewRolePolicy(ctx, name+"-location-role-policy", &iam.RolePolicyArgs{
		Name: pulumi.String("access"),
		Role: role.Name,
		Policy: policy.Render(values, func(v map[string]string) policy.Document {
			return locationPolicy(g.args.Account, v)
		}),
	}, pulumi.Parent(g))
	if err != nil {
		return err
	}
	after := append(slices.Clone(g.after), attached)
	for _, kind := range Zones {
		location := &lakeformation.ResourceArgs{
			Arn: g.locationARN(Location{Zone: kind}), RoleArn: role.Arn,
			HybridAccessEnabled: pulumi.Bool(g.args.Settings.Mode == Hybrid), // left out, it would stay as it is
		}
		// A location can be registered once.
		registered, err := lakeformation.NewResource(ctx, name+"-location-"+string(kind), location,
			pulumi.Parent(g), pulumi.DependsOn(after), pulumi.DeleteBeforeReplace(true))
		if err != nil {
			return fmt.Errorf("location of the %s zone: %w", kind, err)
		}
		g.after = append(g.after, registered)
	}
	return nil
}

// locationPolicy lets Lake Formation work with the data of the zones. v holds bucket names by zone and the
// key's ARN.
func locationPolicy(acct account.Account, v map[string]string) policy.Document {
	var buckets, objects []string
	for _, kind := range Zones {
		buckets = append(buckets, acct.BucketARN(v[string(kind)]))
		objects = append(objects, acct.BucketARN(v[string(kind)])+"/*")
	}
	return policy.Document{Statements: []policy.Statement{
		{Sid: "ListZones", Effect: policy.Allow, Actions: []string{"s3:ListBucket"}, Resources: buckets},
		{
			Sid: "WorkWithZones", Effect: policy.Allow,
			Actions: []string{
				"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject",
			},
			Resources: objects,
		},
		policy.UseKey("UseKey", v["key"]),
	}}
}

func (g *Governance) locationARN(location Location) pulumi.StringOutput {
	return LocationARN(g.args.Account, g.args.Buckets[location.Zone], location.Folder)
}

// LocationARN is a folder of a bucket as Lake Formation names it. An empty folder is the whole bucket.
func LocationARN(acct account.Account, bucket pulumi.StringOutput, folder string) pulumi.StringOutput {
	if folder == "" {
		return pulumi.Sprintf("arn:%s:s3:::%s", acct.Partition(), bucket)
	}
	return pulumi.Sprintf("arn:%s:s3:::%s/%s", acct.Partition(), bucket, folder)
}

// makeTags makes the LF-tags and puts them on the databases, whose tables inherit them.
func (g *Governance) makeTags(ctx *pulumi.Context, name string) error {
	for _, tag := range []struct {
		part, key string
		values    []string
	}{
		{"zone", g.keys.Zone, sorted(Zones)},
		{"domain", g.keys.Domain, sorted(append(g.args.Domains.Names(), NoDomain))},
		{"classification", g.keys.Classification, sorted(domain.Classifications)},
	} {
		made, err := lakeformation.NewLfTag(ctx, name+"-tag-"+tag.part, &lakeformation.LfTagArgs{
			Key: pulumi.String(tag.key), Values: pulumi.ToStringArray(tag.values),
		}, pulumi.Parent(g), pulumi.DependsOn(g.after))
		if err != nil {
			return fmt.Errorf("LF-tag %s: %w", tag.key, err)
		}
		g.tags = append(g.tags, made)
	}
	for _, place := range Places(g.args.Domains) {
		// Taking the old value away would take away the new one: tags are removed by their key.
		_, err := lakeformation.NewResourceLfTags(ctx, name+"-tags-"+place.name(), &lakeformation.ResourceLfTagsArgs{
			Database: lakeformation.ResourceLfTagsDatabaseArgs{Name: g.args.Databases[place].Made},
			LfTags: lakeformation.ResourceLfTagsLfTagArray{
				tagOf(g.keys.Zone, string(place.Zone)), tagOf(g.keys.Domain, place.tagOf()),
				tagOf(g.keys.Classification, string(Classify(g.args.Domains, place.Zone, place.Domain))),
			},
		}, pulumi.Parent(g), pulumi.DependsOn(g.tags), pulumi.DeleteBeforeReplace(true))
		if err != nil {
			return fmt.Errorf("LF-tags of %s: %w", place.name(), err)
		}
	}
	return nil
}

func tagOf(key, value string) lakeformation.ResourceLfTagsLfTagArgs {
	return lakeformation.ResourceLfTagsLfTagArgs{Key: pulumi.String(key), Value: pulumi.String(value)}
}

// name is part of the names of resources.
func (p Place) name() string {
	if p.Domain == "" {
		return string(p.Zone)
	}
	return string(p.Zone) + "-" + p.Domain
}

// makeGrants grants each persona what its tiers mean.
func (g *Governance) makeGrants(ctx *pulumi.Context, name string) error {
	for _, persona := range g.args.Access.Names() {
		principal, settings := g.args.Roles[persona], g.args.Access.Personas[persona]
		prefix := name + "-" + persona + "-"
		for _, grant := range GrantsOf(g.keys, g.args.Domains, settings, g.args.Settings.ClearanceOf(persona)) {
			_, err := GrantByTags(ctx, prefix+grant.Name, principal, grant.Expression, grant.Rights, pulumi.Parent(g), pulumi.DependsOn(g.tags))
			if err != nil {
				return fmt.Errorf("grants of %s: %w", persona, err)
			}
		}
		for _, location := range LocationsOf(g.args.Domains, settings) {
			_, err := GrantLocation(ctx, prefix+"location-"+location.name(), principal, g.locationARN(location),
				pulumi.Parent(g), pulumi.DependsOn(g.after))
			if err != nil {
				return fmt.Errorf("locations of %s: %w", persona, err)
			}
		}
	}
	return nil
}

func (l Location) name() string {
	if l.Folder == "" {
		return string(l.Zone)
	}
	return string(l.Zone) + "-" + strings.ReplaceAll(l.Folder, "/", "-")
}

// makeFilters makes the filters of tables and lets personas read them. A table that no job has made yet
// cannot have one; until it has, the filter's readers see nothing of it.
func (g *Governance) makeFilters(ctx *pulumi.Context, name string) error {
	for _, filter := range g.args.Settings.Filters {
		database := g.args.Databases[Place{filter.Zone, filter.Domain}]
		if filter.Zone == zone.Quarantine {
			database = g.args.Databases[Place{Zone: filter.Zone}]
		}
		there, err := tableExists(ctx, database.Name, filter.Table)
		if err != nil {
			return fmt.Errorf("filter %s: %w", filter.Name, err)
		}
		if !there {
			text := fmt.Sprintf("lakeFormation.filters: %s is not made, because there is no table %s.%s yet and nobody reads it through the "+
				"filter: run the pipeline that writes it, then `tarn up --project datalake`", filter.Name, database.Name, filter.Table)
			if err := ctx.Log.Warn(text, &pulumi.LogArgs{Resource: g}); err != nil {
				return err
			}
			continue
		}
		if err := g.makeFilter(ctx, name+"-filter-"+filter.Name, filter, database); err != nil {
			return fmt.Errorf("filter %s: %w", filter.Name, err)
		}
	}
	return nil
}

func (g *Governance) makeFilter(ctx *pulumi.Context, name string, filter Filter, database Database) error {
	made, err := lakeformation.NewDataCellsFilter(ctx, name, &lakeformation.DataCellsFilterArgs{
		TableData: filter.data(g.args.Account.ID, database.Made),
	}, pulumi.Parent(g), pulumi.DependsOn(g.tags), pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return err
	}
	for _, persona := range sorted(filter.Personas) {
		_, err := lakeformation.NewPermissions(ctx, name+"-"+persona, &lakeformation.PermissionsArgs{
			Principal:   g.args.Roles[persona],
			Permissions: pulumi.ToStringArray([]string{"SELECT"}),
			DataCellsFilter: lakeformation.PermissionsDataCellsFilterArgs{
				DatabaseName: database.Made, Name: pulumi.String(filter.Name),
				TableCatalogId: pulumi.String(g.args.Account.ID), TableName: pulumi.String(filter.Table),
			},
		}, pulumi.Parent(g), pulumi.DependsOn([]pulumi.Resource{made}), pulumi.DeleteBeforeReplace(true))
		if err != nil {
			return err
		}
	}
	return nil
}

// data is the filter in Lake Formation's terms. It wants to be told of columns and of rows, also when it
// means all.
func (f Filter) data(catalog string, database pulumi.StringInput) lakeformation.DataCellsFilterTableDataArgs {
	data := lakeformation.DataCellsFilterTableDataArgs{
		TableCatalogId: pulumi.String(catalog), DatabaseName: database, TableName: pulumi.String(f.Table), Name: pulumi.String(f.Name),
	}
	if len(f.Columns) > 0 {
		data.ColumnNames = pulumi.ToStringArray(sorted(f.Columns))
	} else {
		data.ColumnWildcard = lakeformation.DataCellsFilterTableDataColumnWildcardArgs{
			ExcludedColumnNames: pulumi.ToStringArray(sorted(f.ExcludedColumns)),
		}
	}
	if f.Rows != "" {
		data.RowFilter = lakeformation.DataCellsFilterTableDataRowFilterArgs{FilterExpression: pulumi.String(f.Rows)}
	} else {
		data.RowFilter = lakeformation.DataCellsFilterTableDataRowFilterArgs{
			AllRowsWildcard: lakeformation.DataCellsFilterTableDataRowFilterAllRowsWildcardArgs{},
		}
	}
	return data
}

func tableExists(ctx *pulumi.Context, database, table string) (bool, error) {
	_, err := glue.LookupCatalogTable(ctx, &glue.LookupCatalogTableArgs{DatabaseName: database, Name: table})
	// The provider words AWS's answer anew.
	if err != nil && (strings.Contains(err.Error(), "EntityNotFound") || strings.Contains(err.Error(), "No Glue table "+table+" found")) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for table %s.%s: %w", database, table, err)
	}
	return true, nil
}

// makeOptIns makes Lake Formation decide for the personas where IAM decides for everybody else. AWS takes
// databases and tables, and no tag expressions (Lake Formation Developer Guide, "Hybrid access mode
// considerations and limitations").
func (g *Governance) makeOptIns(ctx *pulumi.Context, name string) error {
	if g.args.Settings.Mode != Hybrid {
		return nil
	}
	for _, persona := range g.args.Access.Names() {
		for _, place := range Opted(g.args.Domains, g.args.Access.Personas[persona]) {
			database := g.args.Databases[place].Made
			catalog := pulumi.String(g.args.Account.ID)
			for _, what := range []struct {
				suffix   string
				resource lakeformation.OptInResourceDataArgs
			}{
				{"database", lakeformation.OptInResourceDataArgs{
					Database: lakeformation.OptInResourceDataDatabaseArgs{CatalogId: catalog, Name: database},
				}},
				{"tables", lakeformation.OptInResourceDataArgs{Table: lakeformation.OptInResourceDataTableArgs{
					CatalogId: catalog, DatabaseName: database, Wildcard: pulumi.Bool(true),
				}}},
			} {
				_, err := lakeformation.NewOptIn(ctx, name+"-opt-in-"+persona+"-"+place.name()+"-"+what.suffix, &lakeformation.OptInArgs{
					Principals: lakeformation.OptInPrincipalArray{
						lakeformation.OptInPrincipalArgs{DataLakePrincipalIdentifier: g.args.Roles[persona]},
					},
					ResourceDatas: lakeformation.OptInResourceDataArray{what.resource},
				}, pulumi.Parent(g), pulumi.DependsOn(g.after), pulumi.DeleteBeforeReplace(true))
				if err != nil {
					return fmt.Errorf("opt-in of %s: %w", persona, err)
				}
			}
		}
	}
	return nil
}

// makeRolePolicies denies the roles made for personas to get from S3 itself what they are not cleared for:
// their rights there do not know of Lake Formation.
func (g *Governance) makeRolePolicies(ctx *pulumi.Context, name string) error {
	for _, persona := range g.args.Access.Names() {
		settings := g.args.Access.Personas[persona]
		uncleared := Uncleared(g.args.Domains, settings, g.args.Settings.ClearanceOf(persona))
		if settings.RoleARN != "" || len(uncleared) == 0 {
			continue // somebody else's role, or nothing to deny
		}
		values := pulumi.StringMap{}
		for _, kind := range Zones {
			values[string(kind)] = g.args.Buckets[kind]
		}
		_, err := iam.NewRolePolicy(ctx, name+"-"+persona+"-policy", &iam.RolePolicyArgs{
			Name: pulumi.String("lake-formation"),
			Role: g.args.Roles[persona].ApplyT(func(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }).(pulumi.StringOutput),
			Policy: policy.Render(values, func(v map[string]string) policy.Document {
				return unclearedPolicy(g.args.Account, uncleared, v)
			}),
		}, pulumi.Parent(g))
		if err != nil {
			return fmt.Errorf("policy of %s: %w", persona, err)
		}
	}
	return nil
}

func unclearedPolicy(acct account.Account, uncleared []Location, v map[string]string) policy.Document {
	var objects []string
	for _, location := range uncleared {
		arn := acct.BucketARN(v[string(location.Zone)]) + "/"
		if location.Folder != "" {
			arn += location.Folder + "/"
		}
		objects = append(objects, arn+"*")
	}
	return policy.Document{Statements: []policy.Statement{{
		Sid: "ReadOnlyThroughLakeFormation", Effect: policy.Deny,
		Actions: []string{"s3:GetObject", "s3:GetObjectVersion"}, Resources: objects,
	}}}
}

// GetDataAccess lets a role ask Lake Formation for what it was granted. Lake Formation knows no resources in
// IAM policies; the region is the limit.
func GetDataAccess(acct account.Account) policy.Statement {
	return policy.Statement{
		Sid: "AskLakeFormation", Effect: policy.Allow,
		Actions: []string{"lakeformation:GetDataAccess"}, Resources: []string{"*"},
		Conditions: policy.Conditions{"StringEquals": {"aws:RequestedRegion": {acct.Region}}},
	}
}

// GrantByTags grants a principal rights on what an expression means, and gives the grants. The name must
// differ for each expression.
func GrantByTags(
	ctx *pulumi.Context, name string, principal pulumi.StringInput, expression Expression, rights Rights, opts ...pulumi.ResourceOption,
) ([]pulumi.Resource, error) {
	expressions := lakeformation.PermissionsLfTagPolicyExpressionArray{}
	for _, condition := range expression {
		expressions = append(expressions, lakeformation.PermissionsLfTagPolicyExpressionArgs{
			Key: pulumi.String(condition.Key), Values: pulumi.ToStringArray(condition.Values),
		})
	}
	var grants []pulumi.Resource
	for _, typed := range []struct {
		suffix, resource string
		permissions      []string
	}{{"databases", "DATABASE", rights.Databases}, {"tables", "TABLE", rights.Tables}} {
		if len(typed.permissions) == 0 {
			continue
		}
		grant, err := lakeformation.NewPermissions(ctx, name+"-"+typed.suffix, &lakeformation.PermissionsArgs{
			Principal:   principal,
			Permissions: pulumi.ToStringArray(typed.permissions),
			LfTagPolicy: lakeformation.PermissionsLfTagPolicyArgs{ResourceType: pulumi.String(typed.resource), Expressions: expressions},
			// The old grant's revocation would take away what the new one has in common with it.
		}, append(slices.Clone(opts), pulumi.DeleteBeforeReplace(true))...)
		if err != nil {
			return nil, err
		}
		grants = append(grants, grant)
	}
	return grants, nil
}

// GrantLocation lets a principal make tables whose data lie at a location.
func GrantLocation(
	ctx *pulumi.Context, name string, principal, location pulumi.StringInput, opts ...pulumi.ResourceOption,
) (*lakeformation.Permissions, error) {
	return lakeformation.NewPermissions(ctx, name, &lakeformation.PermissionsArgs{
		Principal:    principal,
		Permissions:  pulumi.ToStringArray([]string{"DATA_LOCATION_ACCESS"}),
		DataLocation: lakeformation.PermissionsDataLocationArgs{Arn: location},
	}, append(slices.Clone(opts), pulumi.DeleteBeforeReplace(true))...)
}
