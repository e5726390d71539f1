package driver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/tarn-data/tarn/pkg/state"
)

// between is a driver whose bucket is a folder as well: it is only asked for state files.
func between(t *testing.T) (d *Driver, local, remote string) {
	t.Helper()
	home, bucket, root := filepath.Join(t.TempDir(), "home"), t.TempDir(), t.TempDir()
	for _, project := range Projects(root) {
		write(t, stackFile(project.Folder, "dev"), "config: {}\n# encryptionsalt: none\n")
	}
	d = &Driver{projects: Projects(root), observer: &recorder{}, environment: Environment{
		Name: "dev", Bucket: "b", Backend: "file://" + bucket, Home: home, SecretsProvider: "awskms://alias/x",
	}}
	const file = ".pulumi/stacks/bootstrap/dev.json"
	return d, filepath.Join(home, "state", file), filepath.Join(bucket, file)
}

func TestNeverBegun(t *testing.T) {
	t.Parallel()
	d, _, _ := between(t)
	d.environment.Backend += "/not-made-yet"
	if err := d.Seated(t.Context()); !errors.Is(err, ErrNotDeployed) {
		t.Errorf("error %v, want %v", err, ErrNotDeployed)
	}
}

func TestSeated(t *testing.T) {
	t.Parallel()
	full := stackWith(`{"urn":"u::key","custom":true,"type":"aws:kms/key:Key"}`, "")
	providers := stackWith(`{"urn":"u::p","custom":true,"type":"pulumi:providers:aws"},{"urn":"u::s","type":"pulumi:pulumi:Stack"}`, "")
	tests := map[string]struct {
		local, remote string
		want          error
		broken        bool
	}{
		"the state is lost":               {"", "", ErrStateLost, false},
		"begun":                           {full, "", ErrLocalState, false},
		"begun, nothing made yet":         {stackWith("", ""), "", ErrLocalState, false},
		"the new stack is still empty":    {full, stackWith("", ""), ErrLocalState, false},
		"the new stack has no resource":   {full, providers, ErrLocalState, false},
		"moved, not cleaned up":           {full, full, nil, false},
		"moved":                           {"", full, nil, false},
		"moved, still under a passphrase": {full, strings.Replace(full, `"resources"`, `"secrets_providers":{"type":"passphrase"},"resources"`, 1), ErrLocalState, false},
		"only an empty stack":             {"", stackWith("", ""), ErrStateLost, false},
		"a damaged state here":            {"{", full, nil, true},
		"a damaged state there":           {full, "{", nil, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, local, remote := between(t)
			for file, content := range map[string]string{local: test.local, remote: test.remote} {
				if content != "" {
					write(t, file, content)
				}
			}
			err := d.Seated(t.Context())
			if test.broken {
				if err == nil || errors.Is(err, ErrLocalState) || errors.Is(err, ErrNotDeployed) {
					t.Errorf("error %v", err)
				}
			} else if !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			d.environment.Bucket = ""
			if err := d.Seated(t.Context()); err != nil {
				t.Errorf("without a bucket: %v", err)
			}
		})
	}
}

// Whoever knows a passphrase can read the secrets, and nobody sees that he did.
func TestAPassphraseInAStackFileIsRefused(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"encryptionsalt: v1:x\nconfig: {}\n", "config: {}\nencryptionsalt: v1:x\n"} {
		d, _, remote := between(t)
		write(t, remote, stackWith(`{"urn":"u::key","custom":true,"type":"aws:kms/key:Key"}`, ""))
		if err := d.Seated(t.Context()); err != nil {
			t.Fatal(err)
		}
		file := stackFile(d.projects[2].Folder, "dev")
		write(t, file, content)
		err := d.Seated(t.Context())
		if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "change-secrets-provider 'awskms://alias/x' --stack dev") {
			t.Errorf("%q: error %v", content, err)
		}
		d.projects = d.projects[:2] // a project that is not worked on is nobody's business
		if err := d.Seated(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// The passphrase is made once: another one could not read what was encrypted with the first.
func TestAtHome(t *testing.T) {
	t.Parallel()
	d, _, _ := between(t)
	first, err := d.atHome()
	if err != nil {
		t.Fatal(err)
	}
	second, err := d.atHome()
	if err != nil {
		t.Fatal(err)
	}
	home := first.environment
	if len(home.Passphrase) < 20 || second.environment.Passphrase != home.Passphrase || home.SecretsProvider != passphraseProvider ||
		home.Backend != state.FolderURL(filepath.Join(d.environment.Home, "state")) {
		t.Errorf("first %+v, then %+v", home, second.environment)
	}
	if d.environment.Passphrase != "" || d.environment.SecretsProvider != "awskms://alias/x" {
		t.Errorf("the driver itself was changed: %+v", d.environment)
	}
	if info, err := os.Stat(d.environment.Home); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("others may look into the folder: %v, error %v", info.Mode(), err)
	}
	other, _, _ := between(t)
	if made, err := other.atHome(); err != nil || made.environment.Passphrase == home.Passphrase {
		t.Errorf("two environments have one passphrase, error %v", err)
	}
	if err := d.forgetLocal(); err != nil || exists(d.environment.Home) {
		t.Errorf("the folder is there: %v, error %v", exists(d.environment.Home), err)
	}
	if err := d.forgetLocal(); err != nil {
		t.Errorf("forgetting it again: %v", err)
	}
}

// While other projects have their state in the bucket, the state that says how to read it must not go.
func TestEjectRefusesWhileOthersAreInTheBucket(t *testing.T) {
	t.Parallel()
	d, local, remote := between(t)
	full := stackWith(`{"urn":"u::key","custom":true,"type":"aws:kms/key:Key"}`, "")
	write(t, remote, full)
	others := filepath.Join(filepath.Dir(filepath.Dir(remote)), "mpp", "dev.json")
	write(t, others, stackWith("", ""))
	write(t, filepath.Join(filepath.Dir(others), "prod.json"), full)
	_, err := d.ejected(t.Context(), d.projects[0])
	if err == nil || !strings.Contains(err.Error(), "the state of mpp is still in the bucket") || exists(local) || !exists(remote) {
		t.Errorf("error %v, here %v, there %v", err, exists(local), exists(remote))
	}
	if err := os.Remove(remote); err != nil {
		t.Fatal(err)
	}
	// Nothing of the project is in the bucket: it was moved before, or never was there.
	at, err := d.ejected(t.Context(), d.projects[0])
	if err != nil || at.environment.SecretsProvider != passphraseProvider || !exists(others) {
		t.Errorf("driver %+v, error %v", at, err)
	}
}

func TestStepsNeedTheBootstrapProject(t *testing.T) {
	t.Parallel()
	d := &Driver{projects: Projects("/x")[1:], environment: Environment{Name: "dev"}, observer: &recorder{}}
	for _, operation := range []func(context.Context) (Report, error){d.Bootstrap, d.Eject} {
		if report, err := operation(t.Context()); err == nil || !strings.Contains(err.Error(), "works on the project bootstrap") || len(report.Stacks) > 0 {
			t.Errorf("report %+v, error %v", report, err)
		}
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	observer := &recorder{}
	d := &Driver{observer: observer}
	var report Report
	broken := errors.New("boom")
	ctx, cancel := context.WithCancel(t.Context())
	if err := d.step(ctx, &report, "move", func(context.Context) (changes, error) { return nil, nil }); err != nil {
		t.Error(err)
	}
	if err := d.step(ctx, &report, "proof", func(context.Context) (changes, error) { return changes{"same": 3}, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	err := d.step(ctx, &report, "stopped", func(ctx context.Context) (changes, error) { cancel(); return nil, ctx.Err() })
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped: stopped before it was finished") {
		t.Errorf("error %v", err)
	}
	if err := d.step(ctx, &report, "never", func(context.Context) (changes, error) { t.Error("run after the interrupt"); return nil, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	var results []string
	for _, part := range report.Stacks {
		results = append(results, part.Project+" "+string(part.Result)+" "+part.Summary())
	}
	if want := []string{"move succeeded done", "proof failed failed", "stopped failed failed"}; !slices.Equal(results, want) || len(observer.reports) != 3 {
		t.Errorf("got %q, observed %d", results, len(observer.reports))
	}
}

func TestPlannedChanges(t *testing.T) {
	t.Parallel()
	stream := make(chan events.EngineEvent, 10)
	for _, step := range []apitype.StepEventMetadata{
		{Op: apitype.OpSame, Type: "aws:s3/bucketV2:BucketV2", URN: "urn:pulumi:s::p::t::same"},
		{Op: apitype.OpUpdate, Type: "aws:s3/bucketV2:BucketV2", URN: "urn:pulumi:s::p::t::state", Diffs: []string{"tags", "forceDestroy"}},
		{Op: apitype.OpRead, Type: "aws:iam/role:Role", URN: "urn:pulumi:s::p::t::read"},
		{Op: apitype.OpCreate, Type: "aws:kms/key:Key", URN: "urn:pulumi:s::p::t::key"},
		{Op: apitype.OpDelete, Type: "aws:kms/alias:Alias", URN: "alias"},
	} {
		stream <- events.EngineEvent{EngineEvent: apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: step}}}
	}
	stream <- events.EngineEvent{EngineEvent: apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Message: "hello"}}}
	close(stream)
	if got, want := plannedChanges(stream), []string{"update BucketV2 state: tags, forceDestroy", "create Key key", "delete Alias alias"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
