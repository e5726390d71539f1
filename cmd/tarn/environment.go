package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/tarn-data/tarn/local/emulator"
	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/driver"
)

// open prepares this process for the environment and gives its driver. For an environment on the emulator
// it starts that if start is set, and otherwise fails when there is none.
func (a *app) open(ctx context.Context, view console.Console, start bool) (*driver.Driver, error) {
	projects, err := a.chosenProjects()
	if err != nil {
		return nil, err
	}
	environment, err := a.enter(ctx, view, start)
	if err != nil {
		return nil, err
	}
	d, err := driver.New(projects, environment, &deployObserver{view: view})
	if err != nil {
		return nil, usageError{err}
	}
	d.LockTimeout, d.DeleteData = a.lockTimeout, a.deleteData
	return d, nil
}

// enter points this process at the environment.
func (a *app) enter(ctx context.Context, view console.Console, start bool) (driver.Environment, error) {
	none := driver.Environment{}
	described, err := driver.Describe(a.root, a.environment)
	if err != nil {
		return none, usageError{err}
	}
	environment := driver.Environment{
		Name: a.environment, Region: described.Region, LockTable: described.LockTable(),
		SecretsProvider: described.SecretsProvider(),
	}
	endpoint, home := "", filepath.Join(a.runFolder(), "bootstrap", a.environment)
	if a.isEmulated(described) {
		instance, err := a.enterEmulator(ctx, view, start)
		if err != nil {
			return none, err
		}
		endpoint, home = instance.Endpoint, filepath.Join(a.backendFolder(instance)+"-bootstrap", a.environment)
	} else if os.Getenv("AWS_ENDPOINT_URL") != "" {
		return none, usageError{fmt.Errorf("AWS_ENDPOINT_URL is set to %s, which is not environment %s: unset it",
			os.Getenv("AWS_ENDPOINT_URL"), a.environment)}
	}
	if a.environment == localEnvironment {
		environment.Backend, environment.SecretsProvider = os.Getenv("PULUMI_BACKEND_URL"), "passphrase"
		return environment, nil
	}
	// The stack file decides, not the shell: all of the environment is in that region.
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if err := os.Setenv(name, described.Region); err != nil {
			return none, err
		}
	}
	if err := a.assumeRole(ctx, described.Region); err != nil {
		return none, err
	}
	account, err := accountOf(ctx, described)
	if err != nil {
		return none, err
	}
	environment.Bucket = described.StateBucket(account)
	environment.Backend = described.BackendURL(account, endpoint)
	environment.Home = home
	return environment, nil
}

// isEmulated tells whether an environment lives on the emulator: the local one, and every other whose stack
// file allows no other account than the emulator's. No real account has that number.
func (a *app) isEmulated(described driver.Described) bool {
	return a.environment == localEnvironment || slices.Equal(described.Accounts, []string{emulatorAccount})
}

// emulatorAccount is the account in every emulator; AWS uses the number in its documentation.
const emulatorAccount = "123456789012"

// enterEmulator points this process, and with it Pulumi and its plugins, at the running emulator. Credentials
// that were given for this very emulator are kept: somebody tries what an identity may do.
func (a *app) enterEmulator(ctx context.Context, view console.Console, start bool) (emulator.Instance, error) {
	none := emulator.Instance{}
	if start {
		if _, err := a.startLocal(ctx, view, emulator.Options{}); err != nil {
			return none, err
		}
	}
	instance, err := emulator.Status(ctx, a.emulatorFolder())
	if err != nil {
		return none, hinted{err, "Start it with `tarn local up`, or deploy everything with `tarn up`."}
	}
	tools, err := a.presentTools(ctx)
	if err != nil {
		return none, err
	}
	variables, unset := a.localVariables(instance, tools), foreignVariables
	if os.Getenv("AWS_ENDPOINT_URL") == instance.Endpoint && a.environment != localEnvironment {
		delete(variables, "AWS_ACCESS_KEY_ID")
		delete(variables, "AWS_SECRET_ACCESS_KEY")
		unset = nil
	}
	for _, name := range unset {
		if err := os.Unsetenv(name); err != nil {
			return none, err
		}
	}
	for name, value := range variables {
		if err := os.Setenv(name, value); err != nil {
			return none, err
		}
	}
	return instance, nil
}

// assumeRole makes this process, and what it starts, work as a role for an hour.
func (a *app) assumeRole(ctx context.Context, region string) error {
	if a.role == "" {
		return nil
	}
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return err
	}
	session := os.Getenv("GITHUB_RUN_ID")
	if session == "" {
		session = fmt.Sprintf("tarn-%d", time.Now().Unix())
	}
	answer, err := sts.NewFromConfig(loaded).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: &a.role, RoleSessionName: &session, DurationSeconds: aws.Int32(3600),
	})
	if err != nil {
		return fmt.Errorf("assuming the role %s: %w", a.role, err)
	}
	a.role = "" // once for a process
	for name, value := range map[string]*string{
		"AWS_ACCESS_KEY_ID":     answer.Credentials.AccessKeyId,
		"AWS_SECRET_ACCESS_KEY": answer.Credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN":     answer.Credentials.SessionToken,
	} {
		if err := os.Setenv(name, aws.ToString(value)); err != nil {
			return err
		}
	}
	return errors.Join(os.Unsetenv("AWS_PROFILE"), os.Unsetenv("AWS_DEFAULT_PROFILE"))
}

// accountOf gives the account of an environment: the one its stack file allows, or the one that the
// credentials belong to. They must be the same where both are known.
func accountOf(ctx context.Context, described driver.Described) (string, error) {
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(described.Region))
	if err != nil {
		return "", err
	}
	identity, err := sts.NewFromConfig(loaded).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("asking AWS for the account (are credentials set?): %w", err)
	}
	account := aws.ToString(identity.Account)
	if len(described.Accounts) > 0 && !slices.Contains(described.Accounts, account) {
		return "", usageError{fmt.Errorf("the credentials are of account %s, environment %s may only be in %v (aws:allowedAccountIds)",
			account, described.Scope.Environment, described.Accounts)}
	}
	return account, nil
}

// chosenProjects gives the projects that --project names, all of them without it, in their order.
func (a *app) chosenProjects() ([]driver.Project, error) {
	all := driver.Projects(a.root)
	if len(a.only) == 0 {
		return all, nil
	}
	var names []string
	for _, project := range all {
		names = append(names, project.Name)
	}
	for _, name := range a.only {
		if !slices.Contains(names, name) {
			return nil, usageError{fmt.Errorf("--project %s: there is no such project; projects: %v", name, names)}
		}
	}
	return slices.DeleteFunc(all, func(p driver.Project) bool { return !slices.Contains(a.only, p.Name) }), nil
}

// pollInterval is how often a run is asked for its state: AWS limits how often one may ask, the
// emulator does not.
func (a *app) pollInterval() time.Duration {
	if os.Getenv("AWS_ENDPOINT_URL") != "" {
		return 500 * time.Millisecond
	}
	return 5 * time.Second
}

// deployObserver shows a deployment on the console.
type deployObserver struct {
	view  console.Console
	waits bool
}

const leaseTask = "lease"

func (o *deployObserver) StackStarted(project string)    { o.view.Start(project) }
func (o *deployObserver) Working(project, detail string) { o.view.Detail(project, detail) }
func (o *deployObserver) Line(project, text string)      { o.view.Line(project, text) }

func (o *deployObserver) Waiting(detail string) {
	switch {
	case detail == "":
		o.waits = false
		o.view.Finish(leaseTask, "", nil)
	case !o.waits:
		o.waits = true
		o.view.Start(leaseTask)
		o.view.Line(leaseTask, detail)
	}
	if detail != "" {
		o.view.Detail(leaseTask, detail)
	}
}

func (o *deployObserver) StackFinished(report driver.StackReport) {
	var err error
	if report.Result == driver.Failed {
		err = errStackFailed
	}
	o.view.Finish(report.Project, report.Summary(), err)
}
