// Package bootstrap is the first project: where the Pulumi state lives, and who may deploy.
package bootstrap

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/deploypolicy"
	"github.com/tarn-data/tarn/pkg/encryption"
	"github.com/tarn-data/tarn/pkg/naming"
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
	f, err := plan(ctx)
	if err != nil {
		return none, err
	}
	if f.replica, err = f.newReplica(ctx); err != nil {
		return none, err
	}
	keyAlias, err := f.key(ctx)
	if err != nil {
		return none, err
	}
	if err := f.dataKey(ctx); err != nil {
		return none, err
	}
	if err := f.workloadBoundary(ctx); err != nil {
		return none, err
	}
	state, err := f.stateBucket(ctx)
	if err != nil {
		return none, err
	}
	copied, err := f.copyState(ctx, state)
	if err != nil {
		return none, err
	}
	locks, err := statestore.NewLockTable(ctx, "locks", &statestore.LockTableArgs{
		Name:               f.params.LockTable(),
		KeyARN:             f.keyARN,
		DeletionProtection: f.config.Protect,
		Tags:               f.tags,
	}, f.keep()...)
	if err != nil {
		return none, err
	}
	who, err := f.deployers(ctx)
	if err != nil {
		return none, err
	}
	built := contract.Bootstrap{
		Foundation: contract.Foundation{
			DataKeyARN: f.dataKeyARN, BoundaryARN: f.boundaryARN, DataKeyManaged: f.config.DataKeyARN == "",
		},
		KeyARN:             f.keyARN,
		StateBucket:        state.Name,
		StateReplicaBucket: pulumi.String(""),
		LockTable:          locks.Name,
		KeyAlias:           keyAlias,
		SecretsProvider:    f.secretsProvider(keyAlias),
		CIUser:             who.user,
		AccessKeySecret:    who.secret,
		DeployRoleARN:      who.deployRole,
		PlanRoleARN:        who.planRole,
		LayerRoleARNs:      who.layerRoles,
	}
	if copied != nil {
		built.StateReplicaBucket = copied.Name
	}
	return built, nil
}

// foundation holds what the parts of the project have in common.
type foundation struct {
	config  *Settings
	scope   naming.Scope
	account account.Account
	tags    tagging.Tags
	params  *deploypolicy.Params // with stand-ins for the ARNs of keys that do not exist yet

	keyARN      pulumi.StringOutput // of state and secrets
	dataKeyARN  pulumi.StringOutput
	boundaryARN pulumi.StringOutput
	replica     *replica // nil without a copy of the state
}

// plan reads and checks everything that can be checked before the first resource.
func plan(ctx *pulumi.Context) (*foundation, error) {
	config := defaults()
	if err := settings.Load(ctx, contract.ProjectBootstrap, &config); err != nil {
		return nil, err
	}
	scope := config.scope(ctx.Stack())
	if err := scope.Validate(); err != nil {
		return nil, err
	}
	acct, err := account.Lookup(ctx)
	if err != nil {
		return nil, err
	}
	if err := config.checkAccount(acct); err != nil {
		return nil, err
	}
	params := config.params(scope, acct)
	if err := checkPolicies(params); err != nil {
		return nil, err
	}
	return &foundation{
		config: &config, scope: scope, account: acct, params: params,
		tags: tagging.New(scope, contract.ProjectBootstrap, config.Owner, config.Tags),
	}, nil
}

// keep protects what cannot be had back: Pulumi refuses to delete it, and leaves it in the account when
// it leaves the stack.
func (f *foundation) keep() []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Protect(f.config.Protect), pulumi.RetainOnDelete(f.config.Protect)}
}

// key makes the platform's key, unless one was given, and gives its alias.
func (f *foundation) key(ctx *pulumi.Context) (pulumi.StringInput, error) {
	if f.config.KeyARN != "" {
		f.keyARN = pulumi.String(f.config.KeyARN).ToStringOutput()
		return pulumi.String(""), nil
	}
	key, err := encryption.New(ctx, "key", &encryption.Args{
		Alias:              f.scope.Name("platform"),
		Purpose:            "state and secrets",
		Account:            f.account,
		DeletionWindowDays: f.config.KeyDeletionWindowDays,
		Tags:               f.tags,
	}, f.keep()...)
	if err != nil {
		return nil, err
	}
	f.keyARN = key.ARN
	return key.Alias, nil
}

// dataKey makes the key of the lake, unless one was given. It is not the platform's: who may read data is
// written into its policy by the datalake project, and whoever may write that reaches no state.
func (f *foundation) dataKey(ctx *pulumi.Context) error {
	if f.config.DataKeyARN != "" {
		f.dataKeyARN = pulumi.String(f.config.DataKeyARN).ToStringOutput()
		return nil
	}
	key, err := encryption.New(ctx, "data-key", &encryption.Args{
		Alias:              f.scope.Name("data"),
		Purpose:            "data of the lake",
		Account:            f.account,
		LogGroups:          true, // what jobs print can be data
		DeletionWindowDays: f.config.KeyDeletionWindowDays,
		PolicyElsewhere:    true,
		Tags:               f.tags,
	}, f.keep()...)
	if err != nil {
		return err
	}
	f.dataKeyARN = key.ARN
	return nil
}

// secretsProvider is the URL by which Pulumi encrypts secrets with the key (Pulumi Docs, "Secrets":
// an ARN follows three slashes, an alias two).
func (f *foundation) secretsProvider(alias pulumi.StringInput) pulumi.StringInput {
	if f.config.KeyARN != "" {
		return pulumi.String("awskms:///" + f.config.KeyARN + "?region=" + f.account.Region)
	}
	return pulumi.Sprintf("awskms://%s?region=%s", alias, f.account.Region)
}
