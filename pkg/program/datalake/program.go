// Package datalake is the second project: the zones of the lake and the catalog over them.
package datalake

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/bucket"
	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/settings"
	"github.com/tarn-data/tarn/pkg/tagging"
	"github.com/tarn-data/tarn/pkg/zone"
)

// Deploy is the program of the datalake project.
func Deploy(ctx *pulumi.Context) error {
	upstream, err := contract.ReadFoundation(ctx)
	if err != nil {
		return err
	}
	built, err := Build(ctx, upstream)
	if err != nil {
		return err
	}
	built.Export(ctx)
	return nil
}

// Build makes the resources of the project and gives what it promises the next one.
func Build(ctx *pulumi.Context, upstream contract.Foundation) (contract.Datalake, error) {
	none := contract.Datalake{}
	config := defaults()
	if err := settings.Load(ctx, contract.ProjectDatalake, &config); err != nil {
		return none, err
	}
	scope := config.scope(ctx.Stack())
	if err := scope.Validate(); err != nil {
		return none, err
	}
	acct, err := account.Lookup(ctx)
	if err != nil {
		return none, err
	}
	lake := &lake{
		config: &config, scope: scope, account: acct, keyARN: upstream.KeyARN,
		tags: tagging.New(scope, contract.ProjectDatalake, config.Tags),
	}
	logs, err := lake.accessLogs(ctx)
	if err != nil {
		return none, err
	}
	zones := map[zone.Kind]*zone.Zone{}
	for _, kind := range zone.DataKinds {
		if zones[kind], err = lake.zone(ctx, kind, logs); err != nil {
			return none, err
		}
	}
	artifacts := zones[zone.Artifacts].Bucket
	workgroup, err := catalog.NewWorkgroup(ctx, "workgroup", scope.Name("lake"), artifacts.Name, upstream.KeyARN,
		config.QueryScanLimitBytes, config.DeleteDataOnDestroy, lake.tags)
	if err != nil {
		return none, fmt.Errorf("athena workgroup: %w", err)
	}
	return contract.Datalake{
		KeyARN:             upstream.KeyARN,
		BoundaryARN:        upstream.BoundaryARN,
		RawBucket:          zones[zone.Raw].Bucket.Name,
		StagedBucket:       zones[zone.Staged].Bucket.Name,
		AnalyticsBucket:    zones[zone.Analytics].Bucket.Name,
		QuarantineBucket:   zones[zone.Quarantine].Bucket.Name,
		ArtifactsBucket:    artifacts.Name,
		RawDatabase:        zones[zone.Raw].Database,
		StagedDatabase:     zones[zone.Staged].Database,
		AnalyticsDatabase:  zones[zone.Analytics].Database,
		QuarantineDatabase: zones[zone.Quarantine].Database,
		Workgroup:          workgroup.Name,
	}, nil
}

// lake holds what every zone has in common.
type lake struct {
	config  *Settings
	scope   naming.Scope
	account account.Account
	keyARN  pulumi.StringInput
	tags    tagging.Tags
}

func (l *lake) zone(ctx *pulumi.Context, kind zone.Kind, logs *bucket.Bucket) (*zone.Zone, error) {
	args := &zone.Args{Kind: kind, Bucket: l.bucket(kind)}
	args.Bucket.KeyARN = l.keyARN
	args.Bucket.AccessLogs = &bucket.AccessLogs{Target: logs, Prefix: logPrefix(kind)}
	if kind.HasDatabase() {
		args.Database = l.scope.Database(string(kind))
	}
	return zone.New(ctx, string(kind), args, pulumi.Protect(l.config.Protect))
}

// accessLogs makes the bucket that S3 delivers the access logs of all zones to. It keeps S3's own
// encryption: delivery to a bucket with a customer key needs S3's log service in the key policy.
func (l *lake) accessLogs(ctx *pulumi.Context) (*bucket.Bucket, error) {
	args := l.bucket(zone.AccessLogs)
	prefixes := map[string]string{}
	for _, kind := range zone.DataKinds {
		prefixes[l.bucketName(kind)] = logPrefix(kind)
	}
	args.Statements = []policy.Statement{bucket.LogDelivery(l.account, args.Name, prefixes)}
	return bucket.New(ctx, string(zone.AccessLogs), &args, pulumi.Protect(l.config.Protect))
}

func (l *lake) bucket(kind zone.Kind) bucket.Args {
	return bucket.Args{
		Name:         l.bucketName(kind),
		Account:      l.account,
		Lifecycle:    l.config.retention(kind),
		ForceDestroy: l.config.DeleteDataOnDestroy,
		Tags:         l.tags,
	}
}

func (l *lake) bucketName(kind zone.Kind) string {
	return l.scope.Bucket(string(kind), l.account.ID, l.account.Region)
}

func logPrefix(kind zone.Kind) string {
	return string(kind) + "/"
}
