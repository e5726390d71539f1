package accesskey

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/tarn-data/tarn/pkg/lease/leasetest"
)

func TestMain(m *testing.M) { os.Exit(leasetest.Run(m)) }

// scene is a user and an empty secret in the emulator, as bootstrap makes them.
type scene struct {
	t       *testing.T
	iam     *iam.Client
	secrets *secretsmanager.Client
	Rotation
}

func newScene(t *testing.T) scene {
	t.Helper()
	endpoint := aws.String(leasetest.Endpoint(t))
	login := credentials.NewStaticCredentialsProvider("test", "test", "")
	s := scene{
		t:       t,
		iam:     iam.New(iam.Options{BaseEndpoint: endpoint, Region: "us-east-1", Credentials: login}),
		secrets: secretsmanager.New(secretsmanager.Options{BaseEndpoint: endpoint, Region: "us-east-1", Credentials: login}),
	}
	name := "ci-" + rand.Text()
	s.Rotation = Rotation{IAM: s.iam, Secrets: s.secrets, User: name, Secret: "key/" + name}
	_, userErr := s.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &s.User})
	_, secretErr := s.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &s.Secret})
	if err := errors.Join(userErr, secretErr); err != nil {
		t.Fatal(err)
	}
	return s
}

// foreign makes a key that is not in the secret, as a rotation does that is killed before it stores it.
func (s scene) foreign() string {
	s.t.Helper()
	answer, err := s.iam.CreateAccessKey(s.t.Context(), &iam.CreateAccessKeyInput{UserName: &s.User})
	if err != nil {
		s.t.Fatal(err)
	}
	return *answer.AccessKey.AccessKeyId
}

func (s scene) deleteKey(id string) {
	s.t.Helper()
	if _, err := s.iam.DeleteAccessKey(s.t.Context(), &iam.DeleteAccessKeyInput{UserName: &s.User, AccessKeyId: &id}); err != nil {
		s.t.Fatal(err)
	}
}

func (s scene) store(text string) {
	s.t.Helper()
	if _, err := s.secrets.PutSecretValue(s.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &s.Secret, SecretString: &text}); err != nil {
		s.t.Fatal(err)
	}
}

// active gives the keys of the user in IAM, sorted; one that is switched off has a minus before it.
func (s scene) active() []string {
	s.t.Helper()
	answer, err := s.iam.ListAccessKeys(s.t.Context(), &iam.ListAccessKeysInput{UserName: &s.User})
	if err != nil {
		s.t.Fatal(err)
	}
	var ids []string
	for _, key := range answer.AccessKeyMetadata {
		id := *key.AccessKeyId
		if key.Status != iamtypes.StatusTypeActive {
			id = "-" + id
		}
		ids = append(ids, id)
	}
	return slices.Sorted(slices.Values(ids))
}

// stored gives the key identifier of a version of the secret and checks its form, which AWS's tools read.
func (s scene) stored(stage string) string {
	s.t.Helper()
	answer, err := s.secrets.GetSecretValue(s.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &s.Secret, VersionStage: &stage})
	if err != nil {
		return ""
	}
	var fields map[string]string
	if err := json.Unmarshal([]byte(aws.ToString(answer.SecretString)), &fields); err != nil {
		s.t.Fatalf("%s is no JSON object of texts: %v", stage, err)
	}
	if len(fields) != 2 || len(fields["aws_secret_access_key"]) < 20 {
		s.t.Errorf("%s has %d fields and a key of %d letters", stage, len(fields), len(fields["aws_secret_access_key"]))
	}
	return fields["aws_access_key_id"]
}

// check compares a report with what there is: exactly these keys work, and the secret has the current one.
func (s scene) check(what string, report Report, err error, made bool, deleted ...string) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	want := slices.DeleteFunc([]string{report.Current, report.Previous}, func(id string) bool { return id == "" })
	slices.Sort(want)
	if got := s.active(); !slices.Equal(got, want) || report.Current == "" {
		s.t.Errorf("%s: keys %v, the report says %+v", what, got, report)
	}
	if got := s.stored("AWSCURRENT"); got != report.Current {
		s.t.Errorf("%s: the secret has %q, want %q", what, got, report.Current)
	}
	slices.Sort(deleted)
	slices.Sort(report.Deleted)
	if report.Made != made || !slices.Equal(report.Deleted, deleted) || report.Created.IsZero() || report.User != s.User || report.Secret != s.Secret {
		s.t.Errorf("%s: report %+v, want made %v, deleted %v", what, report, made, deleted)
	}
}

func TestALifeOfKeys(t *testing.T) {
	t.Parallel()
	s, ctx := newScene(t), t.Context()
	first, err := s.First(ctx)
	s.check("first", first, err, true)
	again, err := s.First(ctx)
	s.check("first again", again, err, false)
	if again.Current != first.Current {
		t.Errorf("a second call made %s instead of %s", again.Current, first.Current)
	}
	second, err := s.Rotate(ctx)
	s.check("rotate", second, err, true)
	if second.Previous != first.Current || s.stored("AWSPREVIOUS") != first.Current {
		t.Errorf("the one before is %s, in the secret %s; want %s", second.Previous, s.stored("AWSPREVIOUS"), first.Current)
	}
	unchanged, err := s.First(ctx)
	s.check("first after rotate", unchanged, err, false)
	if unchanged.Previous != first.Current {
		t.Errorf("the one before is %q, want %s", unchanged.Previous, first.Current)
	}
	third, err := s.Rotate(ctx)
	s.check("rotate again", third, err, true, first.Current)
	if third.Previous != second.Current {
		t.Errorf("the one before is %s, want %s", third.Previous, second.Current)
	}
	retired, err := s.Retire(ctx)
	s.check("retire", retired, err, false, second.Current)
	if retired.Current != third.Current || retired.Previous != "" {
		t.Errorf("after retiring: %+v", retired)
	}
	none, err := s.Retire(ctx)
	s.check("retire again", none, err, false)
	// The secret still names the retired one as the previous; that is no key to speak of.
	after, err := s.First(ctx)
	s.check("first after retire", after, err, false)
	fourth, err := s.Rotate(ctx)
	s.check("rotate after retire", fourth, err, true)
}

func TestRotationPutsRightWhatItFinds(t *testing.T) {
	t.Parallel()
	type operation = func(Rotation, context.Context) (Report, error)
	tests := map[string]struct {
		// before leaves something behind and gives the keys that must be deleted.
		before   func(s scene) []string
		call     operation
		made     bool
		previous bool // whether one before the current one is left
	}{
		"first, killed before storing":  {func(s scene) []string { return []string{s.foreign()} }, Rotation.First, true, false},
		"rotate, killed before storing": {func(s scene) []string { begin(s); return []string{s.foreign()} }, Rotation.Rotate, true, true},
		"first after a killed rotation": {func(s scene) []string { begin(s); return []string{s.foreign()} }, Rotation.First, false, false},
		"retire after a killed rotation": {
			func(s scene) []string { begin(s); return []string{s.foreign()} }, Rotation.Retire, false, false,
		},
		"two foreign keys": {func(s scene) []string { return []string{s.foreign(), s.foreign()} }, Rotation.Rotate, true, false},
		"retire without any key": {
			func(scene) []string { return nil }, Rotation.Retire, true, false,
		},
		"current deleted by somebody else": {func(s scene) []string { s.deleteKey(begin(s)); return nil }, Rotation.First, true, false},
		"current deleted, two foreign": {
			func(s scene) []string { s.deleteKey(begin(s)); return []string{s.foreign(), s.foreign()} }, Rotation.Rotate, true, false,
		},
		"retire, current deleted": {func(s scene) []string { s.deleteKey(begin(s)); return nil }, Rotation.Retire, true, false},
		"previous deleted by somebody else": {
			func(s scene) []string { first := begin(s); rotate(s); s.deleteKey(first); return nil }, Rotation.First, false, false,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			doomed := test.before(s)
			report, err := test.call(s.Rotation, t.Context())
			s.check(name, report, err, test.made, doomed...)
			if (report.Previous != "") != test.previous {
				t.Errorf("the one before is %q, want any: %v", report.Previous, test.previous)
			}
		})
	}
}

func begin(s scene) string {
	s.t.Helper()
	report, err := s.First(s.t.Context())
	s.check("first", report, err, true)
	return report.Current
}

func rotate(s scene) {
	s.t.Helper()
	if _, err := s.Rotate(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// What is in the secret may be secret, whatever it is; and a key that is there in another form may be in use.
func TestASecretThatHoldsNoKey(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"a password":        "hunter2-hunter2",
		"cut short":         `{"aws_access_key_id":"AKIAHUNTER2","aws_secret_access_key":"hunter2`,
		"of the wrong type": `{"aws_access_key_id":2,"aws_secret_access_key":"hunter2"}`,
		"an array":          `["AKIAHUNTER2","hunter2"]`,
		"another form":      `{"AccessKeyId":"AKIAHUNTER2","SecretAccessKey":"hunter2"}`,
		"half of a key":     `{"aws_access_key_id":"AKIAHUNTER2"}`,
		"an empty object":   `{}`,
		"null":              `null`,
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			key := s.foreign()
			s.store(content)
			for _, call := range []func(context.Context) (Report, error){s.First, s.Rotate, s.Retire} {
				report, err := call(t.Context())
				if err == nil || !strings.Contains(err.Error(), s.Secret+" holds no access key") {
					t.Errorf("report %+v, error %v", report, err)
				}
				if said := fmt.Sprintf("%v %+v %#v", err, report, err); strings.Contains(strings.ToLower(said), "hunter") {
					t.Errorf("the secret is quoted: %s", said)
				}
			}
			if got := s.active(); !slices.Equal(got, []string{key}) {
				t.Errorf("keys %v, want %s to be left alone", got, key)
			}
		})
	}
}

// tripping fails at one call, before it reaches AWS or after.
type tripping struct {
	IAM
	Secrets
	at    int
	after bool
	calls *[]string
}

var errTripped = errors.New("the network is gone")

func trip[In, Options, Out any](t tripping, name string, call func(context.Context, In, ...Options) (Out, error), ctx context.Context, in In) (Out, error) {
	*t.calls = append(*t.calls, name)
	var none Out
	if len(*t.calls) != t.at {
		return call(ctx, in)
	}
	if t.after {
		if _, err := call(ctx, in); err != nil {
			return none, err
		}
	}
	return none, errTripped
}

func (t tripping) ListAccessKeys(ctx context.Context, in *iam.ListAccessKeysInput, _ ...func(*iam.Options)) (*iam.ListAccessKeysOutput, error) {
	return trip(t, "ListAccessKeys", t.IAM.ListAccessKeys, ctx, in)
}

func (t tripping) CreateAccessKey(ctx context.Context, in *iam.CreateAccessKeyInput, _ ...func(*iam.Options)) (*iam.CreateAccessKeyOutput, error) {
	return trip(t, "CreateAccessKey", t.IAM.CreateAccessKey, ctx, in)
}

func (t tripping) UpdateAccessKey(ctx context.Context, in *iam.UpdateAccessKeyInput, _ ...func(*iam.Options)) (*iam.UpdateAccessKeyOutput, error) {
	return trip(t, "UpdateAccessKey", t.IAM.UpdateAccessKey, ctx, in)
}

func (t tripping) DeleteAccessKey(ctx context.Context, in *iam.DeleteAccessKeyInput, _ ...func(*iam.Options)) (*iam.DeleteAccessKeyOutput, error) {
	return trip(t, "DeleteAccessKey", t.IAM.DeleteAccessKey, ctx, in)
}

func (t tripping) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return trip(t, "GetSecretValue "+*in.VersionStage, t.Secrets.GetSecretValue, ctx, in)
}

func (t tripping) PutSecretValue(ctx context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	return trip(t, "PutSecretValue", t.Secrets.PutSecretValue, ctx, in)
}

// The network goes at each call in turn, before AWS has heard of it and after; the same command converges,
// and at no time is the current key of the secret one that does not work.
func TestRotationConvergesAfterAnyFailure(t *testing.T) {
	t.Parallel()
	const most = 12
	for at := 1; ; at++ {
		s := newScene(t)
		for _, after := range []bool{false, true} {
			begin(s)
			rotate(s) // so that there is one to delete
			calls := []string{}
			broken := s.Rotation
			broken.IAM = tripping{IAM: s.iam, Secrets: s.secrets, at: at, after: after, calls: &calls}
			broken.Secrets = broken.IAM.(tripping)
			report, err := broken.Rotate(t.Context())
			if len(calls) < at {
				if at < 8 || err != nil {
					t.Fatalf("%d calls, error %v: %v", len(calls), err, calls)
				}
				return // every call has failed once
			}
			name := fmt.Sprintf("%s (call %d, after %v)", calls[at-1], at, after)
			if lost := calls[at-1] == "PutSecretValue" && after; (err == nil) != lost || err != nil && !errors.Is(err, errTripped) {
				t.Errorf("%s: error %v", name, err)
			}
			if current := s.stored("AWSCURRENT"); !slices.Contains(s.active(), current) {
				t.Errorf("%s: the key of the secret does not work: %s, keys %v", name, current, s.active())
			}
			if err != nil && report.Made {
				t.Errorf("%s: report %+v with an error", name, report)
			}
			if report, err = s.Rotate(t.Context()); err != nil || report.Current == "" {
				t.Errorf("%s: the next call gives %+v, error %v", name, report, err)
			}
			s.check(name, report, err, true, report.Deleted...)
			s = newScene(t)
		}
		if at > most {
			t.Fatal("a rotation makes too many calls")
		}
	}
}

// A key that could not be stored is deleted at once, and the one before goes on working.
func TestAKeyThatCannotBeStoredIsDeleted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	current := begin(s)
	calls := []string{}
	broken := s.Rotation
	// Two stages are read, the keys listed and one made before it is stored.
	broken.Secrets = tripping{IAM: s.iam, Secrets: s.secrets, at: 3, calls: &calls}
	report, err := broken.Rotate(t.Context())
	if !errors.Is(err, errTripped) || !strings.Contains(err.Error(), "storing the access key in secret "+s.Secret) || report.Made {
		t.Errorf("report %+v, error %v after %v", report, err, calls)
	}
	if got := s.active(); !slices.Equal(got, []string{current}) {
		t.Errorf("keys %v, want %s alone", got, current)
	}
}

func TestAUserThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.User = "nobody"
	if report, err := s.First(t.Context()); err == nil || !strings.Contains(err.Error(), "user nobody") || report.Made {
		t.Errorf("report %+v, error %v", report, err)
	}
}

// Without its secret nobody knows which keys are in use, so none may go.
func TestAMissingSecretDeletesNoKey(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	key := s.foreign()
	s.Secret = "key/nowhere"
	for name, change := range map[string]func(context.Context) (Report, error){"First": s.First, "Rotate": s.Rotate, "Retire": s.Retire} {
		if _, err := change(t.Context()); err == nil || !strings.Contains(err.Error(), "key/nowhere") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if left := s.active(); !slices.Equal(left, []string{key}) {
		t.Errorf("keys %v, want %s", left, key)
	}
}
