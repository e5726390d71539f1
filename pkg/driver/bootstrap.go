package driver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/state"
)

// ErrLocalState is returned when the state of the bootstrap project is not in the bucket yet, or not any
// more.
var ErrLocalState = errors.New("the state of the bootstrap project is in a folder of this machine")

// ErrStateLost is returned when the state bucket is there and nobody knows the state of the project that has
// made it. To deploy it again would make a second key and stop at every other name.
var ErrStateLost = errors.New("the state bucket exists, but neither it nor this machine has the state of the bootstrap project")

// seat is where the state of the bootstrap project is.
type seat struct {
	bucket bool             // the state bucket exists
	remote state.Checkpoint // in the bucket; without resources when it is not there
	local  bool             // a state file is in the folder
}

// find looks where the state of the bootstrap project is. It is the only memory of how far a move has come,
// so that a killed one goes on where it stopped.
func (d *Driver) find(ctx context.Context) (seat, error) {
	var s seat
	_, err := state.ReadCheckpoint(ctx, d.localStore(), contract.ProjectBootstrap, d.environment.Name)
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return s, err
	}
	s.local = err == nil
	store, err := state.Open(ctx, d.environment.Backend)
	if err != nil {
		return s, err
	}
	if s.bucket, err = store.Exists(ctx); err != nil || !s.bucket {
		return s, err
	}
	s.remote, err = state.ReadCheckpoint(ctx, store, contract.ProjectBootstrap, d.environment.Name)
	if errors.Is(err, state.ErrNotFound) {
		err = nil
	}
	return s, err
}

func (s seat) moved() bool { return len(s.remote.Deployed()) > 0 }

// Seated fails unless the state is in the bucket, and says what to do. An environment without a bucket is
// always seated.
func (d *Driver) Seated(ctx context.Context) error {
	if d.environment.Bucket == "" {
		return nil
	}
	s, err := d.find(ctx)
	switch {
	case err != nil:
		return err
	case s.moved() && s.remote.SecretsProvider == passphraseProvider:
		return ErrLocalState // the move was killed half way
	case s.moved():
		return d.noPassphrase()
	case s.local:
		return ErrLocalState
	case s.bucket:
		return ErrStateLost
	default:
		return fmt.Errorf("environment %s: %w", d.environment.Name, ErrNotDeployed)
	}
}

// noPassphrase refuses stack files that name a passphrase: whoever has it can read the secrets, and nobody sees
// that he did.
func (d *Driver) noPassphrase() error {
	for _, project := range d.projects {
		file := stackFile(project.Folder, d.environment.Name)
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if strings.HasPrefix(string(content), "encryptionsalt:") || strings.Contains(string(content), "\nencryptionsalt:") {
			return fmt.Errorf("%s has an encryptionsalt: its stack is under a passphrase, which only the local environment may be; "+
				"put it under the key: pulumi stack change-secrets-provider '%s' --stack %s", file, d.environment.SecretsProvider, d.environment.Name)
		}
	}
	return nil
}

// Bootstrap makes the environment's state bucket, lock table, key and identities, and moves the state of
// that deployment into the bucket. Killed at any point and called again it finishes; on a finished
// environment it changes nothing.
func (d *Driver) Bootstrap(ctx context.Context) (Report, error) {
	return d.steps(ctx, "bootstrap", func(ctx context.Context, project Project, report *Report) error {
		s, err := d.find(ctx)
		if err != nil {
			return err
		}
		if s.moved() && !s.local && s.remote.SecretsProvider == d.environment.SecretsProvider {
			return d.step(ctx, report, "proof", func(ctx context.Context) (changes, error) { return d.unchanged(ctx, project) })
		}
		if s.bucket && !s.moved() && !s.local {
			return ErrStateLost
		}
		local, err := d.atHome()
		if err != nil {
			return err
		}
		if !s.moved() {
			if err := d.deployAtHome(ctx, local, project, s, report); err != nil {
				return err
			}
		}
		guard, err := d.lock(ctx, "tarn bootstrap")
		if err != nil {
			return err
		}
		err = d.moveIn(ctx, local, project, s, report)
		return errors.Join(err, guard.release())
	})
}

// deployAtHome deploys the project with its state in the folder.
func (d *Driver) deployAtHome(ctx context.Context, local *Driver, project Project, s seat, report *Report) error {
	if !s.local {
		// What the stack file says of secrets belongs to an environment that is gone.
		if err := forgetSecrets(project.Folder, d.environment.Name); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(d.environment.Home, "state"), 0o700); err != nil {
		return err
	}
	var failure error
	stack, failure := local.one(ctx, project, func(ctx context.Context, project Project, stream eventStream) (changes, error) {
		if err := local.mend(ctx, project); err != nil {
			close(stream)
			return nil, err
		}
		stack, err := local.stack(ctx, project, true)
		if err != nil {
			return nil, err
		}
		result, err := stack.Up(ctx, optup.EventStreams(stream))
		if err != nil || result.Summary.ResourceChanges == nil {
			return nil, err
		}
		return *result.Summary.ResourceChanges, nil
	})
	report.Stacks = append(report.Stacks, stack)
	return failure
}

// moveIn moves the state into the bucket and puts it under the environment's key, as far as that has not
// happened, proves it, and removes what is left in the folder.
func (d *Driver) moveIn(ctx context.Context, local *Driver, project Project, s seat, report *Report) error {
	if !s.moved() {
		if err := d.step(ctx, report, "move state", func(ctx context.Context) (changes, error) {
			return nil, d.copyState(ctx, local, project)
		}); err != nil {
			return err
		}
	}
	if err := d.step(ctx, report, "encrypt with key", func(ctx context.Context) (changes, error) {
		return nil, d.reencrypt(ctx, local, project)
	}); err != nil {
		return err
	}
	if err := d.step(ctx, report, "proof", func(ctx context.Context) (changes, error) { return d.unchanged(ctx, project) }); err != nil {
		return err
	}
	return d.step(ctx, report, "clean up", func(context.Context) (changes, error) { return nil, d.forgetLocal() })
}

// copyState makes the stack in this driver's backend and gives it the state it has in the other one.
func (d *Driver) copyState(ctx context.Context, from *Driver, project Project) error {
	exported, err := from.command(ctx, project, "", "stack", "export", "--stack", d.environment.Name)
	if err != nil {
		return err
	}
	// The state was encrypted with a passphrase; both of the move's commands may have to read it.
	to := d.withPassphrase(from.environment.Passphrase)
	store, err := state.Open(ctx, d.environment.Backend)
	if err != nil {
		return err
	}
	there, err := state.Stacks(ctx, store, d.environment.Name)
	if err != nil {
		return err
	}
	if !slices.Contains(there, project.Name) {
		if _, err := to.command(ctx, project, "", "stack", "init", d.environment.Name,
			"--secrets-provider", d.environment.SecretsProvider, "--no-select"); err != nil {
			return err
		}
	}
	_, err = to.command(ctx, project, exported, "stack", "import", "--stack", d.environment.Name)
	return err
}

// reencrypt puts the state under this driver's secrets provider, unless it is already.
func (d *Driver) reencrypt(ctx context.Context, from *Driver, project Project) error {
	store, err := state.Open(ctx, d.environment.Backend)
	if err != nil {
		return err
	}
	checkpoint, err := state.ReadCheckpoint(ctx, store, project.Name, d.environment.Name)
	if err != nil {
		return err
	}
	if checkpoint.SecretsProvider == d.environment.SecretsProvider {
		return nil
	}
	input := ""
	if d.environment.SecretsProvider == passphraseProvider {
		input = d.environment.Passphrase + "\n" // the new one: Pulumi asks, whatever the variable says
	}
	_, err = d.withPassphrase(from.environment.Passphrase).command(ctx, project, input, "stack", "change-secrets-provider",
		d.environment.SecretsProvider, "--stack", d.environment.Name)
	return err
}

// unchanged proves with a preview that the state describes what is deployed.
func (d *Driver) unchanged(ctx context.Context, project Project) (changes, error) {
	stack, err := d.stack(ctx, project, false)
	if err != nil {
		return nil, err
	}
	stream, named := make(chan events.EngineEvent), make(chan []string, 1)
	go func() { named <- plannedChanges(stream) }()
	result, err := stack.Preview(ctx, optpreview.EventStreams(stream))
	if err != nil {
		return nil, err
	}
	planned := changes{}
	for operation, count := range result.ChangeSummary {
		planned[string(operation)] = count
	}
	if (StackReport{Changes: planned}).changed() > 0 {
		return planned, fmt.Errorf("the settings or the program of %s have changed since it was deployed (%s); deploy the change with: "+
			"tarn up --env %s --project %s", project.Name, strings.Join(<-named, ", "), d.environment.Name, project.Name)
	}
	return planned, nil
}

// Eject moves the state of the bootstrap project from the bucket into a folder of this machine, under a
// passphrase that is beside it: the first step of deleting the bucket. It refuses while other projects
// have their state in the bucket.
func (d *Driver) Eject(ctx context.Context) (Report, error) {
	return d.steps(ctx, "eject", func(ctx context.Context, project Project, report *Report) error {
		guard, err := d.lock(ctx, "tarn bootstrap --eject")
		if err != nil {
			return err
		}
		err = d.step(ctx, report, "move state", func(ctx context.Context) (changes, error) {
			_, err := d.ejected(ctx, project)
			return nil, err
		})
		return errors.Join(err, guard.release())
	})
}

// ejected gives a driver whose state is in the folder, after moving it there if it is not yet.
func (d *Driver) ejected(ctx context.Context, project Project) (*Driver, error) {
	local, err := d.atHome()
	if err != nil {
		return nil, err
	}
	s, err := d.find(ctx)
	if err != nil || !s.moved() {
		return local, err // the bucket has nothing: moved before, or never deployed
	}
	store, err := state.Open(ctx, d.environment.Backend)
	if err != nil {
		return nil, err
	}
	there, err := state.Stacks(ctx, store, d.environment.Name)
	if err != nil {
		return nil, err
	}
	if others := slices.DeleteFunc(there, func(name string) bool { return name == project.Name }); len(others) > 0 {
		return nil, fmt.Errorf("the state of %s is still in the bucket; destroy that first", strings.Join(others, ", "))
	}
	if err := d.mend(ctx, project); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(filepath.Join(d.environment.Home, "state")); err != nil { // half of an earlier move
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(d.environment.Home, "state"), 0o700); err != nil {
		return nil, err
	}
	// Pulumi reads the key of the bucket's state from the state; for the new stack it must not find one.
	exported, err := d.command(ctx, project, "", "stack", "export", "--stack", d.environment.Name)
	if err != nil {
		return nil, err
	}
	if err := forgetSecrets(project.Folder, d.environment.Name); err != nil {
		return nil, err
	}
	if _, err := local.command(ctx, project, "", "stack", "init", d.environment.Name,
		"--secrets-provider", passphraseProvider, "--no-select"); err != nil {
		return nil, err
	}
	if _, err := local.command(ctx, project, exported, "stack", "import", "--stack", d.environment.Name); err != nil {
		return nil, err
	}
	if err := local.reencrypt(ctx, local, project); err != nil {
		return nil, err
	}
	if _, err := local.unchanged(ctx, project); err != nil {
		return nil, err
	}
	// Only now, and the bucket keeps it as an old version.
	return local, store.Delete(ctx, state.StackKey(project.Name, d.environment.Name))
}

// atHome gives a driver for the time in which the state is in the folder, with a passphrase made for it.
func (d *Driver) atHome() (*Driver, error) {
	if err := os.MkdirAll(d.environment.Home, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(d.environment.Home, "passphrase")
	content, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		content = []byte(rand.Text())
		err = replaceFile(file, string(content), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("the passphrase of the state in the folder: %w", err)
	}
	local := *d
	local.environment = d.environment.local(string(content))
	return &local, nil
}

// forgetLocal removes the folder once nothing in it is needed.
func (d *Driver) forgetLocal() error {
	return os.RemoveAll(d.environment.Home)
}

func (d *Driver) localStore() state.Store {
	return state.Folder(filepath.Join(d.environment.Home, "state"))
}

func (d *Driver) withPassphrase(passphrase string) *Driver {
	other := *d
	other.environment.Passphrase = passphrase
	return &other
}

// command runs Pulumi's command line in a project's folder and gives its standard output.
func (d *Driver) command(ctx context.Context, project Project, input string, args ...string) (string, error) {
	out, problems, _, err := d.pulumi.Run(ctx, project.Folder, strings.NewReader(input), nil, nil, d.variables(), args...)
	if err != nil {
		return "", fmt.Errorf("pulumi %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(problems))
	}
	return out, nil
}

// steps runs a command on the bootstrap project that has several parts.
func (d *Driver) steps(ctx context.Context, name string, run func(context.Context, Project, *Report) error) (Report, error) {
	start := time.Now()
	report := Report{Command: name, Environment: d.environment.Name}
	at := slices.IndexFunc(d.projects, func(p Project) bool { return p.Name == contract.ProjectBootstrap })
	if at < 0 {
		return report, fmt.Errorf("%s works on the project %s", name, contract.ProjectBootstrap)
	}
	err := run(ctx, d.projects[at], &report)
	report.Seconds = seconds(start)
	return report, err
}

// step is one part, shown and reported like a stack.
func (d *Driver) step(ctx context.Context, report *Report, name string, run func(context.Context) (changes, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	start := time.Now()
	d.observer.StackStarted(name)
	made, err := run(ctx)
	done := StackReport{Project: name, Result: Succeeded, Changes: made, Seconds: seconds(start)}
	if err != nil {
		if ctx.Err() != nil || auto.IsConcurrentUpdateError(err) {
			err = explain(ctx, Project{Name: name}, err, nil)
		}
		done.Result, done.Error = Failed, err.Error()
	}
	d.observer.StackFinished(done)
	report.Stacks = append(report.Stacks, done)
	return err
}
