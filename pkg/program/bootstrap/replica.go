package bootstrap

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/bucket"
	"github.com/tarn-data/tarn/pkg/deploypolicy"
	"github.com/tarn-data/tarn/pkg/encryption"
)

// replica is where the copy of the state will be.
type replica struct {
	account  account.Account
	key      *encryption.Key
	provider pulumi.ProviderResource
}

// newReplica makes what the copy needs before the state bucket exists: a provider for its region, and
// a key there, because no key of the state's region can be used.
func (f *foundation) newReplica(ctx *pulumi.Context) (*replica, error) {
	if f.config.StateReplicaRegion == "" {
		return nil, nil //nolint:nilnil // there is none, which is no error
	}
	provider, err := account.Provider(ctx, "replica", f.config.StateReplicaRegion)
	if err != nil {
		return nil, fmt.Errorf("bootstrap:settings.stateReplicaRegion: %w", err)
	}
	r := &replica{account: account.Account{ID: f.account.ID, Region: f.config.StateReplicaRegion}, provider: provider}
	r.key, err = encryption.New(ctx, "replica-key", &encryption.Args{
		Alias:              f.scope.Name(deploypolicy.PurposeStateReplica),
		Purpose:            "copy of the state",
		Account:            r.account,
		DeletionWindowDays: f.config.KeyDeletionWindowDays,
		Tags:               f.tags,
	}, append(f.keep(), pulumi.Providers(provider))...)
	return r, err
}

// copyState makes the bucket of the copy and lets S3 fill it. The copy has no access log: S3 delivers
// one only within a region, and what reads the copy is in CloudTrail.
func (f *foundation) copyState(ctx *pulumi.Context, state *bucket.Bucket) (*bucket.Bucket, error) {
	if f.replica == nil {
		return nil, nil //nolint:nilnil // there is none, which is no error
	}
	name := f.params.ReplicaBucket()
	target, err := bucket.New(ctx, "state-replica", &bucket.Args{
		Name:         name,
		Account:      f.replica.account,
		KeyARN:       f.replica.key.ARN,
		Lifecycle:    bucket.Lifecycle{NoncurrentDays: f.config.StateHistoryDays},
		ForceDestroy: f.config.DeleteStateOnDestroy,
		Tags:         f.tags,
	}, append(f.keep(), pulumi.Providers(f.replica.provider))...)
	if err != nil {
		return nil, err
	}
	// The role is below the deploy path: a deployer of pipelines may change what is below the other one.
	_, err = bucket.NewReplication(ctx, "state-replication", &bucket.ReplicationArgs{
		Source:      bucket.ReplicationEnd{Bucket: state, Name: f.params.StateBucket(), Where: f.account, KeyARN: f.keyARN},
		Target:      bucket.ReplicationEnd{Bucket: target, Name: name, Where: f.replica.account, KeyARN: f.replica.key.ARN},
		RoleName:    deploypolicy.ReplicationRoleName(f.scope),
		RolePath:    f.scope.DeployPath(),
		BoundaryARN: f.boundaryARN,
		Tags:        f.tags,
	})
	return target, err
}
