package governance

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lakeformation"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/policy"
)

// AllowedPrincipals is the group of everybody whom IAM allows: what it is granted is left to IAM.
const AllowedPrincipals = "IAM_ALLOWED_PRINCIPALS"

// AccountSettings are Lake Formation's settings of the account and region, which belong to everybody in it.
type AccountSettings struct {
	found     *lakeformation.LookupDataLakeSettingsResult
	deployers []string
	ours      []string // administrators that this lake names: deployers and configured ones
}

// ReadAccount reads the account's settings, and refuses a deployment that Lake Formation would refuse half
// way. The caller is the ARN of who deploys, the deployers are those of the roles that deploy the environment, as far as
// there are any.
func ReadAccount(ctx *pulumi.Context, caller string, settings Settings, deployers []string) (*AccountSettings, error) {
	found, err := lakeformation.LookupDataLakeSettings(ctx, &lakeformation.LookupDataLakeSettingsArgs{})
	if err != nil {
		return nil, fmt.Errorf("reading Lake Formation's settings of the account: %w", err)
	}
	account := &AccountSettings{found: found, deployers: deployers, ours: sorted(slices.Concat(deployers, settings.Administrators))}
	if ctx.DryRun() {
		return account, nil // who previews may only read
	}
	return account, account.checkCaller(caller)
}

// administrators are those there are and ours. Who is there stays: Lake Formation replaces the whole list.
func (s *AccountSettings) administrators() []string {
	return sorted(slices.Concat(s.found.Admins, s.ours))
}

// before says what is to be given back one day, as contract.GovernanceBefore reads it. Deployers of this
// environment can only be there because a deployment of it was interrupted.
func (s *AccountSettings) before() pulumi.Map {
	return pulumi.Map{
		"administrators": pulumi.ToStringArray(sorted(slices.DeleteFunc(slices.Clone(s.found.Admins), func(arn string) bool {
			return slices.Contains(s.deployers, arn)
		}))),
		"databaseDefaults": pulumi.Bool(slices.ContainsFunc(s.found.CreateDatabaseDefaultPermissions,
			func(p lakeformation.GetDataLakeSettingsCreateDatabaseDefaultPermission) bool {
				return p.Principal == AllowedPrincipals
			})),
		"tableDefaults": pulumi.Bool(slices.ContainsFunc(s.found.CreateTableDefaultPermissions,
			func(p lakeformation.GetDataLakeSettingsCreateTableDefaultPermission) bool {
				return p.Principal == AllowedPrincipals
			})),
	}
}

// checkCaller refuses to begin what Lake Formation would refuse half way: only administrators may make tags
// and grant on everything. The account's root user is not in lists and AWS decides itself about it.
func (s *AccountSettings) checkCaller(caller string) error {
	if strings.HasSuffix(caller, ":root") {
		return nil
	}
	name, isSession := policy.SessionRole(caller)
	if !isSession {
		name = path.Base(caller)
	}
	if slices.ContainsFunc(s.administrators(), func(arn string) bool { return path.Base(arn) == name }) {
		return nil
	}
	return fmt.Errorf("%s deploys and does not administer Lake Formation, whose administrators are %v: deploy with one of them, "+
		"or add its role to datalake:settings.lakeFormation.administrators", caller, s.administrators())
}

// args are the settings as they shall be: all that is there, our administrators, and in mode full nothing
// that is left to IAM. Without values the last two stay as they are.
//
// The provider does not send an empty list (pulumi-aws#4366), so that in mode full the driver looks
// afterwards and clears them.
func (s *AccountSettings) args(mode Mode) *lakeformation.DataLakeSettingsArgs {
	args := &lakeformation.DataLakeSettingsArgs{Admins: pulumi.ToStringArray(s.administrators())}
	if mode == Full {
		args.CreateDatabaseDefaultPermissions = lakeformation.DataLakeSettingsCreateDatabaseDefaultPermissionArray{}
		args.CreateTableDefaultPermissions = lakeformation.DataLakeSettingsCreateTableDefaultPermissionArray{}
	}
	if s.found.AllowExternalDataFiltering {
		args.AllowExternalDataFiltering = pulumi.Bool(true)
	}
	if s.found.AllowFullTableExternalDataAccess {
		args.AllowFullTableExternalDataAccess = pulumi.Bool(true)
	}
	for _, list := range []struct {
		values []string
		into   *pulumi.StringArrayInput
	}{
		{s.found.AuthorizedSessionTagValueLists, &args.AuthorizedSessionTagValueLists},
		{s.found.ExternalDataFilteringAllowLists, &args.ExternalDataFilteringAllowLists},
		{s.found.ReadOnlyAdmins, &args.ReadOnlyAdmins},
		{s.found.TrustedResourceOwners, &args.TrustedResourceOwners},
	} {
		if len(list.values) > 0 {
			*list.into = pulumi.ToStringArray(list.values)
		}
	}
	if len(s.found.Parameters) > 0 {
		args.Parameters = pulumi.ToStringMap(s.found.Parameters)
	}
	return args
}
