package datalake

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/governance"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// optimizerRights are what optimizers do with databases and tables where Lake Formation decides (Glue User Guide, "Table
// optimization prerequisites").
var optimizerRights = governance.Rights{
	Databases: []string{"DESCRIBE"},
	Tables:    []string{"ALTER", "DELETE", "DESCRIBE", "INSERT", "SELECT"},
}

// checkTables refuses names of roles that IAM would refuse when others already exist.
func (l *lake) checkTables() error {
	var problems []error
	check := func(key, role string) {
		if len(role) > naming.MaxRole {
			problems = append(problems, fmt.Errorf("%s: the role's name %s would have %d characters, IAM allows %d: shorten the name",
				key, role, len(role), naming.MaxRole))
		}
	}
	for _, name := range l.config.Catalog.CrawlerNames() {
		check("catalog.crawlers."+name, catalog.CrawlerName(l.scope, name))
	}
	for _, table := range l.saved.Tables {
		if table.Optimized() {
			check(l.config.Catalog.Tables+"/"+table.Name+".yaml", catalog.OptimizerName(l.scope, table.Name))
		}
	}
	return errors.Join(problems...)
}

// makeTables makes the declared tables, and what finds tables and takes care of them. It comes after Lake Formation,
// which lets nobody make a table in its locations without a grant.
func (l *lake) makeTables(ctx *pulumi.Context) error {
	for _, table := range l.saved.Tables {
		if err := l.makeTable(ctx, table); err != nil {
			return fmt.Errorf("table %s: %w", table.Name, err)
		}
	}
	return l.makeCrawlers(ctx)
}

// makeCrawlers makes the crawlers, if there are any, and what says how they encrypt what they write.
func (l *lake) makeCrawlers(ctx *pulumi.Context) error {
	names := l.config.Catalog.CrawlerNames()
	if len(names) == 0 {
		return nil
	}
	security, err := catalog.NewSecurityConfiguration(ctx, "crawlers", catalog.SecurityConfigurationName(l.scope), l.keyARN)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := l.makeCrawler(ctx, name, security.Name); err != nil {
			return fmt.Errorf("catalog.crawlers.%s: %w", name, err)
		}
	}
	return nil
}

// common is what the catalog's roles have in common.
func (l *lake) common() catalog.Common {
	return catalog.Common{Scope: l.scope, Account: l.account, BoundaryARN: l.boundaryARN, Tags: l.tags}
}

func (l *lake) makeTable(ctx *pulumi.Context, table catalog.Table) error {
	kind := zone.Kind(table.Zone)
	args := &catalog.TableArgs{
		Table: table, Folder: table.Folder(l.config.Domains),
		Bucket: l.zones[kind].Bucket.Name, Database: l.database(kind, table.Domain),
	}
	name := "table-" + table.Name
	after, err := l.grantTable(ctx, name, args)
	if err != nil {
		return fmt.Errorf("lake formation: %w", err)
	}
	after = append(after, l.encrypted...)
	after = append(after, l.zones[kind].Bucket.Ready()...)
	// Without its entry in the catalog nobody finds the data of an Iceberg table.
	made, err := catalog.NewTable(ctx, name, args, pulumi.DependsOn(after), pulumi.Protect(l.config.Protect && table.Iceberg()))
	if err != nil || !table.Optimized() {
		return err
	}
	return l.optimize(ctx, name, args, made)
}

// optimize lets Glue optimize a table, with a role that can do nothing else.
func (l *lake) optimize(ctx *pulumi.Context, name string, args *catalog.TableArgs, made *glue.CatalogTable) error {
	table := args.Table
	role, err := l.catalogRole(ctx, name+"-optimizer-role", catalog.OptimizerName(l.scope, table.Name), args.Bucket, args.Database,
		func(v map[string]string) policy.Document {
			return catalog.OptimizerPolicy(l.account, table.Name, args.Folder, v)
		})
	if err != nil {
		return err
	}
	if err := l.grantGlue(ctx, name+"-optimizer", role, table.Zone, table.Domain, optimizerRights, nil); err != nil {
		return fmt.Errorf("lake formation: %w", err)
	}
	return catalog.NewOptimizers(ctx, name, args, l.account.ID, made, role)
}

func (l *lake) makeCrawler(ctx *pulumi.Context, name string, security pulumi.StringOutput) error {
	crawler := l.config.Catalog.Crawlers[name]
	kind, folders := zone.Kind(crawler.Zone), crawler.Folders(l.config.Domains)
	bucket, database := l.zones[kind].Bucket.Name, l.database(kind, crawler.Domain)
	roleName := catalog.CrawlerName(l.scope, name)
	logGroup := catalog.CrawlerLogGroup(
		catalog.SecurityConfigurationName(l.scope), l.account.GlobalARN("iam", "role"+l.scope.Path()+roleName))
	role, err := l.catalogRole(ctx, "crawler-"+name+"-role", roleName, bucket, database,
		func(v map[string]string) policy.Document {
			v["logGroup"] = logGroup
			return catalog.CrawlerPolicy(l.account, folders, crawler.QueueARN, v)
		})
	if err != nil {
		return err
	}
	if err := l.grantGlue(ctx, "crawler-"+name, role, crawler.Zone, crawler.Domain, governance.CrawlerRights(), folders); err != nil {
		return fmt.Errorf("lake formation: %w", err)
	}
	logs, err := catalog.NewLogGroup(
		ctx, "crawler-"+name+"-log", logGroup, l.keyARN, l.config.Catalog.LogRetentionDays, l.tags.Input())
	if err != nil {
		return fmt.Errorf("log group: %w", err)
	}
	_, err = catalog.NewCrawler(ctx, "crawler-"+name, &catalog.CrawlerArgs{
		Name: name, Crawler: crawler, Domains: l.config.Domains, Bucket: bucket, Database: database, Role: role,
		SecurityConfiguration: security, Logs: logs, Common: l.common(),
	})
	return err
}

// catalogRole makes a role that Glue takes to work in the catalog.
func (l *lake) catalogRole(
	ctx *pulumi.Context, name, physical string, bucket, database pulumi.StringOutput, document func(map[string]string) policy.Document,
) (*catalog.Role, error) {
	return catalog.NewRole(ctx, name, physical, l.common(),
		pulumi.StringMap{"bucket": bucket, "database": database, "key": l.keyARN},
		func(v map[string]string) policy.Document {
			made := document(v)
			if l.config.LakeFormation.Mode == governance.Full {
				made.Statements = append(made.Statements, governance.GetDataAccess(l.account))
			}
			return made
		})
}

// grantGlue grants a role what it needs in Lake Formation, as the roles of the pipelines get it: tables by their
// tags in mode full, and in both modes locations to make tables at. What runs with the role waits for it.
func (l *lake) grantGlue(
	ctx *pulumi.Context, name string, role *catalog.Role, kind, domain string, rights governance.Rights, folders []string,
) error {
	settings := l.config.LakeFormation
	if !settings.On() {
		return nil
	}
	options := []pulumi.ResourceOption{pulumi.DependsOn(slices.Concat(role.Made, l.governed))}
	for _, folder := range folders {
		grant, err := governance.GrantLocation(ctx, name+"-location-"+strings.ReplaceAll(folder, "/", "-"), role.ARN,
			governance.LocationARN(l.account, l.zones[zone.Kind(kind)].Bucket.Name, folder), options...)
		if err != nil {
			return err
		}
		role.Made = append(role.Made, grant)
	}
	if settings.Mode != governance.Full {
		return nil
	}
	if domain == "" || !slices.Contains(domainZones, zone.Kind(kind)) {
		domain = governance.NoDomain
	}
	expression := governance.Over(governance.Keys(l.scope), []zone.Kind{zone.Kind(kind)}, []string{domain}, nil)
	grants, err := governance.GrantByTags(ctx, name, role.ARN, expression, rights, options...)
	role.Made = append(role.Made, grants...)
	return err
}

// grantTable lets those who deploy make a table in a registered location: to administer Lake Formation is not
// enough (Lake Formation Developer Guide, "Underlying data access control").
func (l *lake) grantTable(ctx *pulumi.Context, name string, args *catalog.TableArgs) ([]pulumi.Resource, error) {
	if !l.config.LakeFormation.On() {
		return nil, nil
	}
	after := slices.Clone(l.governed)
	deployers := slices.Concat(l.deployRoles, l.config.LakeFormation.Administrators)
	slices.Sort(deployers)
	for _, deployer := range slices.Compact(deployers) {
		who := strings.ReplaceAll(deployer[strings.LastIndex(deployer, ":")+1:], "/", "-")
		grant, err := governance.GrantLocation(ctx, name+"-location-"+who, pulumi.String(deployer),
			governance.LocationARN(l.account, args.Bucket, args.Folder), pulumi.DependsOn(l.governed))
		if err != nil {
			return nil, err
		}
		after = append(after, grant)
	}
	return after, nil
}
