package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/goccy/go-yaml"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/governance"
	"github.com/tarn-data/tarn/pkg/program/mpp"
	"github.com/tarn-data/tarn/pkg/state"
)

// governed is what a project's state says of Lake Formation.
type governed struct {
	contract.Governance
	settings string // URN of the account's settings; empty when there are none
}

// isFull reports whether Lake Formation decided for everybody.
func isFull(g contract.Governance) bool { return governance.Mode(g.Mode) == governance.Full }

// governance reads what a project has done in Lake Formation. Its mode is empty when that is nothing.
func (d *Driver) governance(ctx context.Context, project Project) (governed, error) {
	if project.Name != contract.ProjectDatalake {
		return governed{}, nil
	}
	checkpoint, err := d.checkpoint(ctx, project.Name)
	if err != nil {
		return governed{}, err
	}
	return governanceOf(checkpoint)
}

func governanceOf(checkpoint state.Checkpoint) (governed, error) {
	var found governed
	for _, resource := range checkpoint.Resources {
		switch resource.Type {
		case contract.GovernanceType:
			raw, err := json.Marshal(resource.Outputs)
			if err != nil {
				return governed{}, err
			}
			if err := json.Unmarshal(raw, &found.Governance); err != nil {
				return governed{}, fmt.Errorf("reading the outputs of %s: %w", resource.URN, err)
			}
		case "aws:lakeformation/dataLakeSettings:DataLakeSettings":
			found.settings = resource.URN
		}
	}
	return found, nil
}

// settleGovernance does what the provider cannot do or must not: it clears what the account leaves to IAM by
// default, takes away administrators that are not named any more, and gives back what there was once Lake
// Formation decides no longer. Everything else of the account's settings stays as it is.
func (d *Driver) settleGovernance(ctx context.Context, project Project, before governed) error {
	after, err := d.governance(ctx, project)
	if err != nil {
		return err
	}
	if before.Mode == "" && after.Mode == "" {
		return nil
	}
	step, err := d.settlement(ctx, project)
	if err != nil {
		return err
	}
	changed, err := step.settle(ctx, before.Governance, after.Governance)
	if err != nil {
		return fmt.Errorf("settling Lake Formation: %w", err)
	}
	if !changed || after.settings == "" {
		return nil
	}
	// Otherwise the next deployment would compare with settings that are no longer.
	stack, err := d.stack(ctx, project, false)
	if err != nil {
		return err
	}
	_, err = stack.Refresh(ctx, optrefresh.Target([]string{after.settings}))
	return err
}

// leaveGovernance prepares for a deployment after which Lake Formation decides less than before: it gives the
// databases back to IAM, and takes back what the pipelines were granted, which cannot be done any more once
// the lake's tags and locations are gone.
func (d *Driver) leaveGovernance(ctx context.Context, project Project, before governed) error {
	if before.Mode == "" {
		return nil
	}
	next, err := configuredMode(project, d.environment.Name)
	if err != nil {
		return err
	}
	now := slices.Index(governance.Modes, governance.Mode(before.Mode))
	if !slices.Contains(governance.Modes, next) || slices.Index(governance.Modes, next) >= now {
		return nil
	}
	if isFull(before.Governance) {
		step, err := d.settlement(ctx, project)
		if err != nil {
			return err
		}
		if err := step.open(ctx, before.Databases, before.Before); err != nil {
			return fmt.Errorf("settling Lake Formation: %w", err)
		}
	}
	granted, err := d.grantsOfPipelines(ctx)
	if err != nil {
		return fmt.Errorf("looking whether pipelines have grants in Lake Formation: %w", err)
	}
	at := slices.IndexFunc(d.projects, func(p Project) bool { return p.Name == contract.ProjectMPP })
	switch {
	case granted == 0:
		return nil
	case at < 0:
		return fmt.Errorf("pipelines have %d grants in Lake Formation, which cannot be taken back once the lake has left it: "+
			"deploy both projects together: tarn up --env %s", granted, d.environment.Name)
	}
	pipelines := d.projects[at]
	d.observer.Line(project.Name, "Lake Formation: taking back what pipelines were granted")
	if err := d.mend(ctx, pipelines); err != nil {
		return err
	}
	pipelines.Program = mpp.DeployAs(pipelines.Folder, string(next))
	stack, err := d.stack(ctx, pipelines, false)
	if err != nil {
		return err
	}
	if _, err = stack.Up(ctx); err != nil {
		return fmt.Errorf("taking back what pipelines were granted in Lake Formation: %w", err)
	}
	return nil
}

// configuredMode reads the mode from the stack file. The program checks it.
func configuredMode(project Project, environment string) (governance.Mode, error) {
	file := stackFile(project.Folder, environment)
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("stack file: %w", err)
	}
	var stack struct {
		Config struct {
			Settings struct {
				LakeFormation struct {
					Mode governance.Mode `yaml:"mode"`
				} `yaml:"lakeFormation"`
			} `yaml:"datalake:settings"`
		} `yaml:"config"`
	}
	if err := yaml.Unmarshal(content, &stack); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	if mode := stack.Config.Settings.LakeFormation.Mode; mode != "" {
		return mode, nil
	}
	return governance.Off, nil
}

// grantsOfPipelines counts the grants that the mpp project has made.
func (d *Driver) grantsOfPipelines(ctx context.Context) (int, error) {
	checkpoint, err := d.checkpoint(ctx, contract.ProjectMPP)
	granted := 0
	for _, resource := range checkpoint.Deployed() {
		if resource.Type == "aws:lakeformation/permissions:Permissions" {
			granted++
		}
	}
	return granted, err
}

func (d *Driver) settlement(ctx context.Context, project Project) (settlement, error) {
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(d.environment.Region))
	return settlement{
		formation: lakeformation.NewFromConfig(loaded), catalog: glue.NewFromConfig(loaded),
		say: func(text string) { d.observer.Line(project.Name, text) },
	}, err
}

// settlement is one settling.
type settlement struct {
	formation *lakeformation.Client
	catalog   *glue.Client
	say       func(string)
}

// settle makes the account's settings fit and reports whether it changed them. Databases go first: that
// needs an administrator, which who deploys may cease to be. They are given back earlier, see leaveGovernance.
func (s settlement) settle(ctx context.Context, before, after contract.Governance) (bool, error) {
	leftFull := isFull(before) && !isFull(after)
	if isFull(after) {
		if err := s.close(ctx, after.Databases); err != nil {
			return false, err
		}
	}
	answer, err := s.formation.GetDataLakeSettings(ctx, &lakeformation.GetDataLakeSettingsInput{})
	if err != nil {
		return false, fmt.Errorf("reading the settings of the account: %w", err)
	}
	settings := answer.DataLakeSettings
	var done []string
	keep := slices.Concat(after.Administrators, before.Before.Administrators, after.Before.Administrators)
	settings.DataLakeAdmins = slices.DeleteFunc(settings.DataLakeAdmins, func(admin types.DataLakePrincipal) bool {
		arn := aws.ToString(admin.DataLakePrincipalIdentifier)
		gone := slices.Contains(before.Administrators, arn) && !slices.Contains(keep, arn)
		if gone {
			done = append(done, arn+" is no longer an administrator")
		}
		return gone
	})
	for _, defaults := range []struct {
		what  string
		list  *[]types.PrincipalPermissions
		given bool // whether there were some before
	}{
		{"databases", &settings.CreateDatabaseDefaultPermissions, before.Before.DatabaseDefaults},
		{"tables", &settings.CreateTableDefaultPermissions, before.Before.TableDefaults},
	} {
		switch {
		case isFull(after) && slices.ContainsFunc(*defaults.list, isAllowed):
			*defaults.list = []types.PrincipalPermissions{}
			done = append(done, "new "+defaults.what+" are no longer left to IAM")
		case leftFull && defaults.given && len(*defaults.list) == 0:
			*defaults.list = leftToIAM()
			done = append(done, "new "+defaults.what+" are left to IAM again")
		case *defaults.list == nil:
			*defaults.list = []types.PrincipalPermissions{} // a list that is not sent would stay as it is
		}
	}
	if len(done) == 0 {
		return false, nil
	}
	if settings.DataLakeAdmins == nil {
		settings.DataLakeAdmins = []types.DataLakePrincipal{}
	}
	if _, err := s.formation.PutDataLakeSettings(ctx, &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: settings}); err != nil {
		return false, fmt.Errorf("changing the settings of the account: %w", err)
	}
	for _, text := range done {
		s.say("Lake Formation: " + text)
	}
	return true, nil
}

func isAllowed(p types.PrincipalPermissions) bool {
	return p.Principal != nil && aws.ToString(p.Principal.DataLakePrincipalIdentifier) == governance.AllowedPrincipals
}

func leftToIAM() []types.PrincipalPermissions {
	return []types.PrincipalPermissions{{Principal: everybody(), Permissions: []types.Permission{types.PermissionAll}}}
}

func everybody() *types.DataLakePrincipal {
	return &types.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String(governance.AllowedPrincipals)}
}

// close takes databases and their tables from IAM. They were granted to everybody whom IAM allows when they
// were made, before the defaults were cleared; a database also keeps a default of its own for tables.
func (s settlement) close(ctx context.Context, databases []string) error {
	closed := 0
	for _, kind := range []types.DataLakeResourceType{types.DataLakeResourceTypeDatabase, types.DataLakeResourceTypeTable} {
		var found []types.PrincipalResourcePermissions
		pages := lakeformation.NewListPermissionsPaginator(s.formation, &lakeformation.ListPermissionsInput{ResourceType: kind})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return fmt.Errorf("listing permissions: %w", err)
			}
			found = append(found, page.PrincipalResourcePermissions...)
		}
		for _, grant := range found {
			if aws.ToString(grant.Principal.DataLakePrincipalIdentifier) != governance.AllowedPrincipals ||
				!slices.Contains(databases, databaseOf(grant.Resource)) {
				continue
			}
			_, err := s.formation.RevokePermissions(ctx, &lakeformation.RevokePermissionsInput{
				Principal: grant.Principal, Resource: grant.Resource, Permissions: grant.Permissions,
				PermissionsWithGrantOption: grant.PermissionsWithGrantOption,
			})
			if err != nil && !isNothingToRevoke(err) {
				return fmt.Errorf("taking %s from IAM: %w", databaseOf(grant.Resource), err)
			}
			closed++
		}
	}
	if closed > 0 {
		s.say(fmt.Sprintf("Lake Formation: %d databases and tables are no longer left to IAM", closed))
	}
	for _, name := range databases {
		if err := s.setTableDefaults(ctx, name, false); err != nil {
			return err
		}
	}
	return nil
}

// isNothingToRevoke tells that a grant went with another one: SELECT on a table's columns with ALL on it.
func isNothingToRevoke(err error) bool {
	var invalid *types.InvalidInputException
	return errors.As(err, &invalid) && strings.Contains(invalid.ErrorMessage(), "Grantee has no permissions")
}

func databaseOf(resource *types.Resource) string {
	switch {
	case resource.Database != nil:
		return aws.ToString(resource.Database.Name)
	case resource.Table != nil:
		return aws.ToString(resource.Table.DatabaseName)
	case resource.TableWithColumns != nil:
		return aws.ToString(resource.TableWithColumns.DatabaseName)
	default:
		return ""
	}
}

// open gives databases and their tables back to IAM, if that is where they were. Those that are gone need
// nothing.
func (s settlement) open(ctx context.Context, databases []string, was contract.GovernanceBefore) error {
	for _, name := range databases {
		if was.DatabaseDefaults {
			err := s.leave(ctx, &types.Resource{Database: &types.DatabaseResource{Name: &name}})
			if isGone(err) {
				continue
			}
			if err != nil {
				return fmt.Errorf("leaving database %s to IAM: %w", name, err)
			}
		}
		if !was.TableDefaults {
			continue
		}
		if err := s.setTableDefaults(ctx, name, true); err != nil {
			return err
		}
		pages := glue.NewGetTablesPaginator(s.catalog, &glue.GetTablesInput{DatabaseName: &name})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if isGone(err) {
				break
			}
			if err != nil {
				return fmt.Errorf("listing the tables of %s: %w", name, err)
			}
			for _, table := range page.TableList {
				err := s.leave(ctx, &types.Resource{Table: &types.TableResource{DatabaseName: &name, Name: table.Name}})
				if err != nil && !isGone(err) {
					return fmt.Errorf("leaving table %s.%s to IAM: %w", name, aws.ToString(table.Name), err)
				}
			}
		}
	}
	return nil
}

// leave grants something to everybody whom IAM allows.
func (s settlement) leave(ctx context.Context, resource *types.Resource) error {
	_, err := s.formation.GrantPermissions(ctx, &lakeformation.GrantPermissionsInput{
		Principal: everybody(), Resource: resource, Permissions: []types.Permission{types.PermissionAll},
	})
	return err
}

// setTableDefaults says whether new tables of a database are left to IAM. Glue replaces a database's whole
// definition.
func (s settlement) setTableDefaults(ctx context.Context, name string, leave bool) error {
	answer, err := s.catalog.GetDatabase(ctx, &glue.GetDatabaseInput{Name: &name})
	if isGone(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading database %s: %w", name, err)
	}
	database := answer.Database
	if (len(database.CreateTableDefaultPermissions) > 0) == leave {
		return nil
	}
	defaults := []gluetypes.PrincipalPermissions{}
	if leave {
		defaults = append(defaults, gluetypes.PrincipalPermissions{
			Principal:   &gluetypes.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String(governance.AllowedPrincipals)},
			Permissions: []gluetypes.Permission{gluetypes.PermissionAll},
		})
	}
	_, err = s.catalog.UpdateDatabase(ctx, &glue.UpdateDatabaseInput{Name: &name, DatabaseInput: &gluetypes.DatabaseInput{
		Name: database.Name, Description: database.Description, LocationUri: database.LocationUri, Parameters: database.Parameters,
		TargetDatabase: database.TargetDatabase, FederatedDatabase: database.FederatedDatabase, CreateTableDefaultPermissions: defaults,
	}})
	if err != nil {
		return fmt.Errorf("changing the defaults of database %s: %w", name, err)
	}
	return nil
}

func isGone(err error) bool {
	var formation *types.EntityNotFoundException
	var catalog *gluetypes.EntityNotFoundException
	return errors.As(err, &formation) || errors.As(err, &catalog)
}
