package datalake

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/governance"
	"github.com/tarn-data/tarn/pkg/zone"
)

// readGovernance reads what Lake Formation's settings of the account are, before anything is made.
func (l *lake) readGovernance(ctx *pulumi.Context) error {
	if !l.config.LakeFormation.On() {
		return nil
	}
	var err error
	l.formation, err = governance.ReadAccount(ctx, l.account.Caller, l.config.LakeFormation, l.deployRoles)
	return err
}

// makeGovernance makes what Lake Formation knows of the lake.
func (l *lake) makeGovernance(ctx *pulumi.Context) error {
	settings := l.config.LakeFormation
	if !settings.On() {
		return nil
	}
	args := &governance.Args{
		Settings: settings, Scope: l.scope, Account: l.account, Domains: l.config.Domains, Access: l.config.Access,
		AccountSettings: l.formation, KeyARN: l.keyARN, BoundaryARN: l.boundaryARN, Tags: l.tags,
		Buckets:   map[zone.Kind]pulumi.StringOutput{},
		Databases: map[governance.Place]governance.Database{},
		Roles:     l.roles,
	}
	for _, kind := range governance.Zones {
		args.Buckets[kind] = l.zones[kind].Bucket.Name
	}
	for _, place := range governance.Places(l.config.Domains) {
		args.Databases[place] = governance.Database{
			Name: databaseName(l.scope, place.Zone, place.Domain), Made: l.database(place.Zone, place.Domain),
		}
	}
	made, err := governance.New(ctx, "lake-formation", args)
	if err != nil {
		return err
	}
	l.governed = []pulumi.Resource{made}
	return nil
}
