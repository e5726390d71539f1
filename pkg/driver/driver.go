package driver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/state"
)

// ErrLocked is returned when somebody works on a stack without holding the environment's lease, such as a
// plain `pulumi up`. Pulumi's own lock, which Tarn never takes away from a live owner, has stopped the command.
var ErrLocked = errors.New("somebody else works on this stack")

// ErrNotDeployed is returned for a stack that does not exist.
var ErrNotDeployed = errors.New("not deployed")

// Driver deploys the projects to one environment.
type Driver struct {
	// LockTimeout is how long a command waits for an environment that somebody else holds; 0 means
	// not at all.
	LockTimeout time.Duration
	// DeleteData lets Destroy delete data, if the settings that are deployed say so, too.
	DeleteData bool

	projects    []Project
	environment Environment
	observer    Observer
	pulumi      pulumiCommand
	buckets     clientOf    // asks S3 about the buckets of a region
	dead        []deadOwner // former holders of the lease that went without giving it back
}

// New makes a driver. It fails when there is no usable Pulumi command line or a project has no
// stack file for the environment.
func New(projects []Project, environment Environment, observer Observer) (*Driver, error) {
	for _, project := range projects {
		file := stackFile(project.Folder, environment.Name)
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("there is no environment %q: project %s has no file %s (environments: %s)",
				environment.Name, project.Name, file, strings.Join(environmentNames(project.Folder), ", "))
		}
	}
	command, err := findPulumi()
	if err != nil {
		return nil, err
	}
	return &Driver{projects: projects, environment: environment, observer: observer, pulumi: command, buckets: bucketClient}, nil
}

// environmentNames lists the stack files of a project folder.
func environmentNames(folder string) []string {
	files, _ := filepath.Glob(filepath.Join(folder, "Pulumi.*.yaml")) // only a bad pattern is an error
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml"))
	}
	return names
}

// Up deploys every project. After a failure the projects that need the failed one are not run, and
// nothing is rolled back: the same call converges.
func (d *Driver) Up(ctx context.Context) (Report, error) {
	return d.change(ctx, "up", d.projects, func(ctx context.Context, project Project, stream eventStream) (changes, error) {
		if err := d.mend(ctx, project); err != nil {
			close(stream)
			return nil, err
		}
		stack, err := d.stack(ctx, project, true)
		if err != nil {
			close(stream)
			return nil, err
		}
		before, err := d.governance(ctx, project)
		if err == nil {
			err = d.leaveGovernance(ctx, project, before)
		}
		if err != nil {
			close(stream)
			return nil, err
		}
		result, err := stack.Up(ctx, optup.EventStreams(stream))
		if err == nil {
			err = d.settleGovernance(ctx, project, before)
		}
		if err != nil || result.Summary.ResourceChanges == nil {
			return nil, err
		}
		return *result.Summary.ResourceChanges, nil
	})
}

// Preview says what Up would change. A project whose upstream is not deployed cannot be previewed, and in
// an environment with a state bucket one that is not deployed itself: Pulumi compares with a stack, and to
// make one is a change, for which a preview has neither the lease nor, in a pull request, the right.
func (d *Driver) Preview(ctx context.Context) (Report, error) {
	d.noteHolder(ctx)
	return d.each(ctx, "preview", d.projects, nil, func(ctx context.Context, project Project, stream eventStream) (changes, error) {
		stack, err := d.stack(ctx, project, d.environment.Bucket == "")
		if err != nil {
			close(stream)
			return nil, err
		}
		result, err := stack.Preview(ctx, optpreview.EventStreams(stream))
		if err != nil {
			return nil, err
		}
		planned := changes{}
		for operation, count := range result.ChangeSummary {
			planned[string(operation)] = count
		}
		return planned, nil
	})
}

// Destroy deletes every resource of every project, the last project first, and then the stacks. What is
// protected, and data, is found before anything is deleted.
func (d *Driver) Destroy(ctx context.Context) (Report, error) {
	data, err := d.deletable(ctx)
	if err != nil {
		report := d.nothingRun("destroy", reversed(d.projects))
		report.Data = data
		return report, err
	}
	for _, bucket := range data {
		d.observer.Line(bucket.Project, "deletes data of "+bucket.String())
	}
	all := reversed(d.projects)
	report, err := d.change(ctx, "destroy", all, func(ctx context.Context, project Project, stream eventStream) (changes, error) {
		from := d
		if project.Name == contract.ProjectBootstrap && d.environment.Bucket != "" {
			// The bucket cannot hold the state of its own deletion.
			var err error
			if from, err = d.ejected(ctx, project); err != nil {
				close(stream)
				return nil, err
			}
		}
		deleted, err := from.destroy(ctx, project, stream)
		if err == nil && from != d {
			err = from.forgetLocal()
		}
		return deleted, err
	})
	report.Data = data
	return report, err
}

func (d *Driver) destroy(ctx context.Context, project Project, stream eventStream) (changes, error) {
	if err := d.mend(ctx, project); err != nil {
		close(stream)
		return nil, err
	}
	there, err := d.backendExists(ctx)
	if err != nil {
		close(stream)
		return nil, err
	}
	var stack auto.Stack
	if there {
		stack, err = d.stack(ctx, project, false)
	}
	if !there || errors.Is(err, ErrNotDeployed) {
		close(stream) // nothing will be sent
		return changes{}, nil
	}
	if err != nil {
		return nil, err
	}
	before, err := d.governance(ctx, project)
	if err != nil {
		close(stream)
		return nil, err
	}
	result, err := stack.Destroy(ctx, optdestroy.EventStreams(stream))
	if err != nil {
		return nil, err
	}
	deleted := changes{}
	if result.Summary.ResourceChanges != nil {
		deleted = *result.Summary.ResourceChanges
	}
	if err := d.settleGovernance(ctx, project, before); err != nil {
		return nil, err
	}
	return deleted, d.forget(ctx, project)
}

// backendExists is false before the first deployment and after everything was deleted.
func (d *Driver) backendExists(ctx context.Context) (bool, error) {
	store, err := state.Open(ctx, d.environment.Backend)
	if err != nil {
		return false, err
	}
	return store.Exists(ctx)
}

// forget removes a stack that has no resources left. The Automation API would remove its settings
// too, which belong to the repository and not to the stack.
func (d *Driver) forget(ctx context.Context, project Project) error {
	_, problems, _, err := d.pulumi.Run(ctx, project.Folder, nil, nil, nil, d.variables(),
		"stack", "rm", "--yes", "--preserve-config", d.environment.Name)
	if err != nil {
		return fmt.Errorf("removing the empty stack: %w: %s", err, strings.TrimSpace(problems))
	}
	if d.environment.Bucket == "" {
		return nil // the passphrase of such a stack is for every stack of its name
	}
	return forgetSecrets(project.Folder, d.environment.Name)
}

// variables are the environment's for a command line that is called without the Automation API.
func (d *Driver) variables() []string {
	var list []string
	for name, value := range d.environment.variables() {
		list = append(list, name+"="+value)
	}
	return list
}

// Outputs gives the outputs of every deployed project by project name.
func (d *Driver) Outputs(ctx context.Context) (map[string]map[string]any, error) {
	all := map[string]map[string]any{}
	for _, project := range d.projects {
		outputs, err := d.ProjectOutputs(ctx, project.Name)
		if errors.Is(err, ErrNotDeployed) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all[project.Name] = outputs
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("environment %s: %w: run `tarn up --env %s` first", d.environment.Name, ErrNotDeployed, d.environment.Name)
	}
	return all, nil
}

// ProjectOutputs gives the outputs of one project, or ErrNotDeployed.
func (d *Driver) ProjectOutputs(ctx context.Context, name string) (map[string]any, error) {
	at := slices.IndexFunc(d.projects, func(p Project) bool { return p.Name == name })
	if at < 0 {
		return nil, fmt.Errorf("there is no project %q", name)
	}
	stack, err := d.stack(ctx, d.projects[at], false)
	if err != nil {
		return nil, err
	}
	values, err := stack.Outputs(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the outputs of %s: %w", name, err)
	}
	outputs := map[string]any{}
	for key, value := range values {
		outputs[key] = value.Value
		if value.Secret {
			outputs[key] = "[secret]"
		}
	}
	return outputs, nil
}

// stack opens a project's stack, and makes it when it is missing and create is set.
func (d *Driver) stack(ctx context.Context, project Project, create bool) (auto.Stack, error) {
	options := []auto.LocalWorkspaceOption{
		auto.WorkDir(project.Folder), auto.Program(project.Program), auto.Pulumi(d.pulumi),
		auto.EnvVars(d.environment.variables()),
	}
	if d.environment.SecretsProvider != "" {
		options = append(options, auto.SecretsProvider(d.environment.SecretsProvider))
	}
	stack, err := auto.SelectStackInlineSource(ctx, d.environment.Name, project.Name, project.Program, options...)
	if err == nil || !auto.IsSelectStack404Error(err) {
		return stack, err
	}
	if !create {
		return stack, fmt.Errorf("stack %s of project %s: %w", d.environment.Name, project.Name, ErrNotDeployed)
	}
	if d.environment.Bucket != "" {
		// What the stack file says of secrets belongs to a stack of this name that is gone.
		if err := forgetSecrets(project.Folder, d.environment.Name); err != nil {
			return stack, err
		}
	}
	return auto.NewStackInlineSource(ctx, d.environment.Name, project.Name, project.Program, options...)
}

// operation works on one stack and gives the number of resources by what happened to them. Pulumi
// closes the stream when it has sent its last event.
type operation func(ctx context.Context, project Project, stream eventStream) (changes, error)

type (
	eventStream = chan<- events.EngineEvent
	changes     = map[string]int
)

// lastEvents is how long to wait for the engine's last events after its command has ended.
const lastEvents = 2 * time.Second

// change runs an operation that changes the environment, under its lease.
func (d *Driver) change(ctx context.Context, command string, projects []Project, run operation) (Report, error) {
	guard, err := d.lock(ctx, "tarn "+command)
	if err != nil {
		return d.nothingRun(command, projects), err
	}
	report, err := d.each(ctx, command, projects, guard, run)
	return report, errors.Join(err, guard.release())
}

// nothingRun is the report of a command that could not begin.
func (d *Driver) nothingRun(command string, projects []Project) Report {
	report := Report{Command: command, Environment: d.environment.Name}
	for _, project := range projects {
		report.Stacks = append(report.Stacks, StackReport{Project: project.Name, Result: NotRun})
	}
	return report
}

// each runs an operation on the projects in order and stops at the first failure. The guard is nil for an
// operation that changes nothing.
func (d *Driver) each(ctx context.Context, command string, projects []Project, guard *guard, run operation) (Report, error) {
	start := time.Now()
	report := d.nothingRun(command, projects)
	var failure error
	for i, project := range projects {
		if failure = ctx.Err(); failure != nil {
			break
		}
		if guard != nil {
			if failure = guard.before(ctx, project, command == "destroy"); failure != nil {
				break
			}
		}
		report.Stacks[i], failure = d.one(ctx, project, run)
		if guard != nil {
			guard.after(ctx, command, report.Stacks[i])
		}
		if failure != nil {
			break
		}
	}
	report.Seconds = seconds(start)
	return report, failure
}

func (d *Driver) one(ctx context.Context, project Project, run operation) (StackReport, error) {
	start := time.Now()
	d.observer.StackStarted(project.Name)
	stream := make(chan events.EngineEvent)
	followed := make(chan struct{})
	progress := &progress{project: project.Name, observer: d.observer}
	go func() {
		defer close(followed)
		progress.follow(stream)
	}()

	made, err := run(ctx, project, stream)
	select {
	case <-followed:
	case <-time.After(lastEvents): // Pulumi gave up before it opened the stream
	}
	report := StackReport{Project: project.Name, Result: Succeeded, Changes: made, Seconds: seconds(start)}
	if err != nil {
		err = explain(ctx, project, err, progress.messages())
		report.Result, report.Error = Failed, err.Error()
	}
	d.observer.StackFinished(report)
	return report, err
}

// explain replaces Pulumi's transcript by what went wrong and what to do.
func explain(ctx context.Context, project Project, err error, messages []string) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: stopped before it was finished: %w", project.Name, context.Cause(ctx))
	case auto.IsConcurrentUpdateError(err):
		return fmt.Errorf("%s: %w: %s", project.Name, ErrLocked, lockOwners(err))
	case len(messages) > 0:
		return fmt.Errorf("%s: %s", project.Name, strings.Join(messages, "\n"))
	default:
		return fmt.Errorf("%s: %w", project.Name, err)
	}
}

// lockOwners gives the part of Pulumi's message that says whose the locks are.
func lockOwners(err error) string {
	var owners []string
	for line := range strings.Lines(err.Error()) {
		if _, owner, found := strings.Cut(line, ": created by "); found {
			owners = append(owners, strings.TrimSpace(owner))
		}
	}
	if owners == nil {
		return err.Error()
	}
	return "locked by " + strings.Join(owners, ", ") + "; if nobody works there any more: pulumi cancel"
}

// Region is the environment's.
func (d *Driver) Region() string { return d.environment.Region }

// checkpoint reads what the state has of a project. A stack that does not exist has nothing.
func (d *Driver) checkpoint(ctx context.Context, project string) (state.Checkpoint, error) {
	store, err := state.Open(ctx, d.environment.Backend)
	if err != nil {
		return state.Checkpoint{}, err
	}
	checkpoint, err := state.ReadCheckpoint(ctx, store, project, d.environment.Name)
	if errors.Is(err, state.ErrNotFound) {
		return state.Checkpoint{}, nil
	}
	return checkpoint, err
}
