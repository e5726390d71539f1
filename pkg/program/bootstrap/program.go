// Package bootstrap is the first project: where the Pulumi state lives, and who may deploy.
package bootstrap

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/bucket"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/encryption"
	"github.com/tarn-data/tarn/pkg/identity"
	"github.com/tarn-data/tarn/pkg/settings"
	"github.com/tarn-data/tarn/pkg/statestore"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// Deploy is the program of the bootstrap project.
func Deploy(ctx *pulumi.Context) error {
	built, err := Build(ctx)
	if err != nil {
		return err
	}
	built.Export(ctx)
	return nil
}

// Build makes the resources of the project and gives what it promises the next one.
func Build(ctx *pulumi.Context) (contract.Bootstrap, error) {
	none := contract.Bootstrap{}
	config := defaults()
	if err := settings.Load(ctx, contract.ProjectBootstrap, &config); err != nil {
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
	tags := tagging.New(scope, contract.ProjectBootstrap, config.Tags)
	keep := pulumi.Protect(config.Protect)

	key, err := encryption.New(ctx, "key", &encryption.Args{
		Alias:              scope.Name("platform"),
		Account:            acct,
		DeletionWindowDays: config.KeyDeletionWindowDays,
		Tags:               tags,
	}, keep)
	if err != nil {
		return none, err
	}
	state, err := bucket.New(ctx, "state", &bucket.Args{
		Name:         scope.Bucket("state", acct.ID, acct.Region),
		Account:      acct,
		KeyARN:       key.ARN,
		Lifecycle:    bucket.Lifecycle{NoncurrentDays: config.StateHistoryDays},
		ForceDestroy: config.DeleteStateOnDestroy,
		Tags:         tags,
	}, keep)
	if err != nil {
		return none, err
	}
	locks, err := statestore.NewLockTable(ctx, "locks", &statestore.LockTableArgs{
		Name:               scope.Name("locks"),
		KeyARN:             key.ARN,
		DeletionProtection: config.Protect,
		Tags:               tags,
	}, keep)
	if err != nil {
		return none, err
	}
	ci, err := identity.NewServiceUser(ctx, "ci", &identity.ServiceUserArgs{
		Name:           scope.Name("ci"),
		Path:           scope.Path(),
		StateBucketARN: state.ARN,
		LockTableARN:   locks.ARN,
		KeyARN:         key.ARN,
		Tags:           tags,
	})
	if err != nil {
		return none, err
	}
	return contract.Bootstrap{
		StateBucket: state.Name,
		LockTable:   locks.Name,
		KeyARN:      key.ARN,
		KeyAlias:    key.Alias,
		CIUser:      ci.Name,
	}, nil
}
