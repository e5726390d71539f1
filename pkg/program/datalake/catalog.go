package datalake

import (
	"fmt"
	"os"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/access"
	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/zone"
)

// domainZones are the zones that have a database for each domain. The quarantine has one table for all.
var domainZones = []zone.Kind{zone.Raw, zone.Staged, zone.Analytics}

// loadSaved reads the named queries, views and tables.
func loadSaved(folder string, config *Settings, scope naming.Scope) (catalog.Saved, error) {
	return catalog.Load(os.DirFS(folder), config.Catalog, catalog.Lake{
		Domains: config.Domains, Personas: config.Access.Names(),
		Database: func(kind, domain string) string { return databaseName(scope, zone.Kind(kind), domain) },
	})
}

// databaseName is the name of a zone's database, or of a domain's there.
func databaseName(scope naming.Scope, kind zone.Kind, domain string) string {
	if domain == "" || !slices.Contains(domainZones, kind) {
		return scope.Database(string(kind))
	}
	return scope.Database(string(kind) + "_" + domain)
}

// makeCatalog makes what queries see of the lake.
func (l *lake) makeCatalog(ctx *pulumi.Context) error {
	if err := l.makeDomains(ctx); err != nil {
		return err
	}
	workgroups, err := l.makeWorkgroups(ctx)
	if err != nil {
		return fmt.Errorf("athena workgroups: %w", err)
	}
	if err := l.makeQueries(ctx, workgroups); err != nil {
		return fmt.Errorf("named queries: %w", err)
	}
	if err := l.makeViews(ctx); err != nil {
		return fmt.Errorf("views: %w", err)
	}
	return nil
}

// makeEncryption encrypts the catalog. It comes before everything that is written there: Glue encrypts only
// what is written afterwards.
func (l *lake) makeEncryption(ctx *pulumi.Context) error {
	if !l.config.Catalog.Encryption {
		return nil
	}
	encryption, err := catalog.NewEncryption(ctx, "catalog-encryption", l.keyARN)
	if err != nil {
		return fmt.Errorf("encryption of the catalog: %w", err)
	}
	l.encrypted = []pulumi.Resource{encryption}
	return nil
}

// makeDomains makes the databases of the declared domains. What belongs to none goes to the databases of
// the zones.
func (l *lake) makeDomains(ctx *pulumi.Context) error {
	l.domains = map[string]*catalog.Domain{}
	for _, name := range l.config.Domains.Names() {
		args := &catalog.DomainArgs{
			Domain: name, Description: l.config.Domains[name].Description,
			Classification: l.config.Domains.Classification(name), After: l.encrypted, Tags: l.tags,
		}
		for _, kind := range domainZones {
			args.Databases = append(args.Databases, catalog.Database{
				Zone: string(kind), Name: databaseName(l.scope, kind, name), Bucket: l.zones[kind].Bucket.Name,
				Folder: l.config.Domains.Folders(string(kind), name)[0],
			})
		}
		made, err := catalog.NewDomain(ctx, "domain-"+name, args, pulumi.Protect(l.config.Protect))
		if err != nil {
			return err
		}
		l.domains[name] = made
	}
	return nil
}

// database gives the name of a zone's database, or of a domain's there, when it exists.
func (l *lake) database(kind zone.Kind, domain string) pulumi.StringOutput {
	if domain == "" || !slices.Contains(domainZones, kind) {
		return l.zones[kind].Database
	}
	return l.domains[domain].Databases[string(kind)]
}

// makeWorkgroups makes the workgroup of everybody, whose key is empty, and one for each persona.
func (l *lake) makeWorkgroups(ctx *pulumi.Context) (map[string]pulumi.StringOutput, error) {
	args := &catalog.WorkgroupArgs{
		Scope: l.scope, Settings: l.config.Catalog, ScanLimitBytes: l.config.QueryScanLimitBytes,
		Bucket: l.zones[zone.AthenaResults].Bucket.Name, AccountID: l.account.ID, KeyARN: l.keyARN,
		ForceDestroy: l.config.DeleteDataOnDestroy, Tags: l.tags,
	}
	everybody, err := catalog.NewSharedWorkgroup(ctx, args)
	if err != nil {
		return nil, err
	}
	l.workgroup = everybody.Name
	workgroups := map[string]pulumi.StringOutput{"": everybody.Name}
	for _, persona := range l.config.Access.Names() {
		own, err := catalog.NewWorkgroup(ctx, persona, args)
		if err != nil {
			return nil, err
		}
		workgroups[persona] = own.Name
	}
	return workgroups, nil
}

// makeQueries saves each named query in the workgroups that show it: Athena has no query for several.
func (l *lake) makeQueries(ctx *pulumi.Context, workgroups map[string]pulumi.StringOutput) error {
	for _, query := range l.saved.Queries {
		for _, persona := range l.audience(query) {
			name := "query-" + query.Name
			if persona != "" {
				name += "-" + persona
			}
			database := l.database(zone.Kind(query.Zone), query.Domain)
			if _, err := catalog.NewQuery(ctx, name, query, database, workgroups[persona]); err != nil {
				return err
			}
		}
	}
	return nil
}

// audience gives the personas that a query is shown to; the empty one is everybody.
func (l *lake) audience(query catalog.Query) []string {
	if len(query.Personas) > 0 {
		return query.Personas
	}
	audience := []string{""}
	for _, name := range l.config.Access.Names() {
		if l.config.Access.Personas[name].Has(access.Read, zone.Kind(query.Zone), query.Domain) {
			audience = append(audience, name)
		}
	}
	return audience
}

func (l *lake) makeViews(ctx *pulumi.Context) error {
	for _, view := range l.saved.Views {
		kind := zone.Kind(view.Zone)
		_, err := catalog.NewView(ctx, "view-"+view.Name, view,
			databaseName(l.scope, kind, view.Domain), l.database(kind, view.Domain), pulumi.DependsOn(l.encrypted))
		if err != nil {
			return err
		}
	}
	return nil
}

// domainContracts is what the next project learns of the domains.
func (l *lake) domainContracts() map[string]contract.Domain {
	domains := map[string]contract.Domain{}
	for name, made := range l.domains {
		domains[name] = contract.Domain{
			RawDatabase:       made.Databases[string(zone.Raw)],
			StagedDatabase:    made.Databases[string(zone.Staged)],
			AnalyticsDatabase: made.Databases[string(zone.Analytics)],
			Classification:    pulumi.String(l.config.Domains.Classification(name)).ToStringOutput(),
		}
	}
	return domains
}
