package bootstrap

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/bucket"
	"github.com/tarn-data/tarn/pkg/policy"
)

// accessLogDays is how long the access log of the state is kept: a year, as for the lake's zones.
const accessLogDays = 365

// stateLogPrefix is where below the log bucket the log of the state bucket is.
const stateLogPrefix = "state/"

// stateBucket makes the bucket for the Pulumi state of every project, and the one with its access log.
func (f *foundation) stateBucket(ctx *pulumi.Context) (*bucket.Bucket, error) {
	name := f.params.StateBucket()
	logs, err := f.stateLogs(ctx, name)
	if err != nil {
		return nil, err
	}
	return bucket.New(ctx, "state", &bucket.Args{
		Name:         name,
		Account:      f.account,
		KeyARN:       f.keyARN,
		Lifecycle:    bucket.Lifecycle{NoncurrentDays: f.config.StateHistoryDays},
		AccessLogs:   &bucket.AccessLogs{Target: logs, Prefix: stateLogPrefix},
		ForceDestroy: f.config.DeleteStateOnDestroy,
		Tags:         f.tags,
	}, f.keep()...)
}

// stateLogs makes the bucket that S3 delivers the access log to. It keeps S3's own encryption, because
// delivery to a bucket with a customer key needs S3's log service in the key policy, and it writes no
// log of itself, which would never end.
func (f *foundation) stateLogs(ctx *pulumi.Context, source string) (*bucket.Bucket, error) {
	name := f.params.LogBucket()
	return bucket.New(ctx, "state-logs", &bucket.Args{
		Name:      name,
		Account:   f.account,
		Lifecycle: bucket.Lifecycle{NoncurrentDays: 1, ExpireDays: accessLogDays},
		Statements: []policy.Statement{
			bucket.LogDelivery(f.account, name, map[string]string{source: stateLogPrefix}),
		},
		ForceDestroy: f.config.DeleteStateOnDestroy,
		Tags:         f.tags,
	}, f.keep()...)
}
