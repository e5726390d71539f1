package datalake

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/bucket"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// makeZones makes the buckets of all zones.
func (l *lake) makeZones(ctx *pulumi.Context) error {
	logs, err := l.accessLogs(ctx)
	if err != nil {
		return err
	}
	l.zones = map[zone.Kind]*zone.Zone{}
	for _, kind := range zone.DataKinds {
		if l.zones[kind], err = l.zone(ctx, kind, logs); err != nil {
			return err
		}
	}
	return nil
}

func (l *lake) zone(ctx *pulumi.Context, kind zone.Kind, logs *bucket.Bucket) (*zone.Zone, error) {
	args := &zone.Args{Kind: kind, Bucket: l.bucket(kind)}
	args.Bucket.KeyARN = l.keyARN
	args.Bucket.AccessLogs = &bucket.AccessLogs{Target: logs, Prefix: logPrefix(kind)}
	args.Bucket.Statements = l.accessStatements(kind)
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
