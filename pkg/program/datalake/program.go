// Package datalake is the second project: the zones of the lake and the catalog over them.
package datalake

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/governance"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/settings"
	"github.com/tarn-data/tarn/pkg/tagging"
	"github.com/tarn-data/tarn/pkg/zone"
)

// Deploy gives the program of the datalake project. The folder is the project's: named queries, views
// and tables are found below it.
func Deploy(folder string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		upstream, err := contract.ReadFoundation(ctx)
		if err != nil {
			return err
		}
		built, err := Build(ctx, folder, upstream)
		if err != nil {
			return err
		}
		built.Export(ctx)
		return nil
	}
}

// Build makes the resources of the project and gives what it promises the next one.
func Build(ctx *pulumi.Context, folder string, upstream contract.Foundation) (contract.Datalake, error) {
	none := contract.Datalake{}
	l, err := plan(ctx, folder, upstream)
	if err != nil {
		return none, err
	}
	for _, part := range []func(*pulumi.Context) error{
		l.makeEncryption, l.makeZones, l.makeAccess, l.makeCatalog, l.makeGovernance, l.makeTables,
	} {
		if err := part(ctx); err != nil {
			return none, err
		}
	}
	return l.contract(), nil
}

// lake holds what the parts of the project have in common. Each part has a file: zones, access, catalog,
// governance and tables.
type lake struct {
	config  *Settings
	scope   naming.Scope
	account account.Account
	tags    tagging.Tags

	keyARN      pulumi.StringOutput // of the key that every zone is encrypted with
	ownsKey     bool                // whether this project writes its policy
	boundaryARN pulumi.StringOutput // of every role that works with data

	encrypted []pulumi.Resource // the catalog's encryption, if it is switched on
	zones     map[zone.Kind]*zone.Zone
	saved     catalog.Saved              // named queries, views and tables
	domains   map[string]*catalog.Domain // databases of the declared domains by name
	workgroup pulumi.StringOutput

	roles       map[string]pulumi.StringOutput // of the personas, by name
	formation   *governance.AccountSettings    // nil where Lake Formation decides nothing
	governed    []pulumi.Resource              // what Lake Formation has to know before anything is granted there
	deployRoles []string                       // ARNs of the roles that deploy the environment, as far as there are any
}

// plan reads and checks everything that can be checked before the first resource.
func plan(ctx *pulumi.Context, folder string, upstream contract.Foundation) (*lake, error) {
	config := defaults()
	if err := settings.Load(ctx, contract.ProjectDatalake, &config); err != nil {
		return nil, err
	}
	scope := config.scope(ctx.Stack())
	if err := scope.Validate(); err != nil {
		return nil, err
	}
	saved, err := loadSaved(folder, &config, scope)
	if err != nil {
		return nil, err
	}
	acct, err := account.Lookup(ctx)
	if err != nil {
		return nil, err
	}
	l := &lake{
		config: &config, scope: scope, account: acct, saved: saved,
		keyARN: upstream.DataKeyARN, ownsKey: upstream.DataKeyManaged, boundaryARN: upstream.BoundaryARN,
		deployRoles: upstream.DeployerARNs,
		tags:        tagging.New(scope, contract.ProjectDatalake, config.Owner, config.Tags), roles: map[string]pulumi.StringOutput{},
	}
	for _, check := range []func() error{l.checkAccess, l.checkZones, l.checkTables} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return l, l.readGovernance(ctx)
}

func (l *lake) contract() contract.Datalake {
	return contract.Datalake{
		KeyARN:             l.keyARN,
		BoundaryARN:        l.boundaryARN,
		RawBucket:          l.zones[zone.Raw].Bucket.Name,
		StagedBucket:       l.zones[zone.Staged].Bucket.Name,
		AnalyticsBucket:    l.zones[zone.Analytics].Bucket.Name,
		QuarantineBucket:   l.zones[zone.Quarantine].Bucket.Name,
		ArtifactsBucket:    l.zones[zone.Artifacts].Bucket.Name,
		RawDatabase:        l.zones[zone.Raw].Database,
		StagedDatabase:     l.zones[zone.Staged].Database,
		AnalyticsDatabase:  l.zones[zone.Analytics].Database,
		QuarantineDatabase: l.zones[zone.Quarantine].Database,
		Workgroup:          l.workgroup,
		LakeFormationMode:  string(l.config.LakeFormation.Mode),
		Domains:            l.domainContracts(),
	}
}
