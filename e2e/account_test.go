package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/tarn-data/tarn/pkg/deploypolicy"
)

const (
	exitHeld      = 5
	exitLeaseLost = 6
)

// TestAccount takes an environment through its life as it would be in an account: begun with `tarn bootstrap`,
// with its state in the bucket, its lease in the table, and IAM enforced.
func TestAccount(t *testing.T) {
	lake := newRehearsal(t)
	lake.run(t, 0, "local", "up", "--enforce-iam", "--record-calls", lake.calls())

	step(t, "up before bootstrap says what to do", func(t *testing.T) {
		if out := lake.run(t, 1, "up"); !strings.Contains(out, "tarn bootstrap --env rehearsal") {
			t.Errorf("output\n%s", out)
		}
	})
	step(t, "bootstrap", func(t *testing.T) { lake.deploy(t, "bootstrap") })
	step(t, "bootstrap again changes nothing", func(t *testing.T) { lake.expectNoChanges(t, lake.deploy(t, "bootstrap")) })
	step(t, "the CI user's key is in its secret and nowhere else", func(t *testing.T) { lake.checkAccessKey(t) })
	step(t, "the CI user alone may do nothing", func(t *testing.T) { lake.checkUserAlone(t) })
	step(t, "the CI identity deploys, changes and destroys, with the recorded calls and no other", func(t *testing.T) {
		lake.checkRecording(t)
	})
	if os.Getenv("TARN_RECORD") != "" {
		lake.deploy(t, "destroy", "--yes", "--delete-data")
		return
	}
	step(t, "up", func(t *testing.T) { lake.deploy(t, "up") })
	step(t, "second up changes nothing", func(t *testing.T) { lake.expectNoChanges(t, lake.deploy(t, "up")) })
	step(t, "the state bucket takes no other key", func(t *testing.T) { lake.checkStateBucket(t) })
	step(t, "the deploy role gets no further right", func(t *testing.T) { lake.checkEscalation(t) })
	step(t, "a pull request can preview and change nothing", func(t *testing.T) { lake.checkPlanRole(t) })
	step(t, "no plaintext and no passphrase in stack files and state", func(t *testing.T) { lake.checkSecrets(t) })
	step(t, "the ledger has the deployments", func(t *testing.T) { lake.checkHistory(t) })
	step(t, "the examples of the documentation", func(t *testing.T) { lake.runDocs(t, "sh rehearse", fewestRehearsals) })

	step(t, "of racing deployments one wins", func(t *testing.T) { lake.race(t, number(t, "TARN_RACES", 3)) })
	step(t, "a live holder is waited for", func(t *testing.T) { lake.waitForHolder(t) })
	step(t, "a lost lease stops before the next project", func(t *testing.T) { lake.loseLease(t) })
	step(t, "an unreachable table stops everything", func(t *testing.T) { lake.unreachableTable(t) })
	step(t, "locks of the dead go, locks of others stay", func(t *testing.T) { lake.strandedLocks(t) })
	step(t, "terraform locks with the same table", func(t *testing.T) { lake.terraform(t) })
	step(t, "a deleted state file is restored", func(t *testing.T) { lake.restoreDrill(t) })
	step(t, "the deleted state of bootstrap is not deployed a second time", func(t *testing.T) { lake.loseBootstrap(t) })
	step(t, "what is protected is not destroyed", func(t *testing.T) { lake.protect(t) })
	step(t, "the access key is rotated", func(t *testing.T) { lake.rotateKey(t) })

	step(t, "eject refuses while others need the bucket", func(t *testing.T) {
		if out := lake.run(t, 1, "bootstrap", "--eject"); !strings.Contains(out, "datalake, mpp") {
			t.Errorf("output\n%s", out)
		}
	})
	step(t, "eject and bootstrap again", func(t *testing.T) {
		lake.deploy(t, "destroy", "--yes", "--delete-data", "--project", "mpp", "--project", "datalake")
		lake.deploy(t, "bootstrap", "--eject")
		if out := lake.run(t, 1, "up"); !strings.Contains(out, "tarn bootstrap --env rehearsal") {
			t.Errorf("output\n%s", out)
		}
		lake.expectNoChanges(t, lake.deploy(t, "bootstrap"))
	})
	step(t, "destroy leaves nothing behind", func(t *testing.T) {
		lake.deploy(t, "destroy", "--yes", "--delete-data")
		lake.checkEmpty(t)
		for name, content := range lake.stackFiles(t) { // a stack that is gone leaves no key behind
			if strings.HasSuffix(name, "."+rehearsal+".yaml") && (strings.Contains(content, "\nsecretsprovider") || strings.Contains(content, "\nencrypt")) {
				t.Errorf("%s:\n%s", name, content)
			}
		}
		lake.expectNoChanges(t, lake.deploy(t, "destroy", "--yes"))
	})
}

// calls is where the emulator records the calls of this lake.
func (l *lake) calls() string { return filepath.Join(l.state, "calls.jsonl") }

func (l *lake) s3(t *testing.T) *s3.Client {
	t.Helper()
	return s3.NewFromConfig(l.aws(t), func(o *s3.Options) {
		o.UsePathStyle, o.DisableLogOutputChecksumValidationSkipped = true, true
	})
}

func (l *lake) bucket() string { return "tarn-" + l.environment + "-state-123456789012-us-east-1" }
func (l *lake) table() string  { return "tarn-" + l.environment + "-locks" }

// outputs gives the outputs of the bootstrap project.
func (l *lake) outputs(t *testing.T) map[string]any {
	t.Helper()
	var all map[string]map[string]any
	decode(t, l.run(t, 0, "outputs"), &all)
	return all["bootstrap"]
}

func (l *lake) accessKey(t *testing.T) (id, secret string) {
	t.Helper()
	name, _ := l.outputs(t)["accessKeySecret"].(string)
	value, err := secretsmanager.NewFromConfig(l.aws(t)).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &name})
	if err != nil {
		t.Fatal(err)
	}
	var key map[string]string
	decode(t, aws.ToString(value.SecretString), &key)
	return key["aws_access_key_id"], key["aws_secret_access_key"]
}

func (l *lake) checkAccessKey(t *testing.T) {
	t.Helper()
	id, secret := l.accessKey(t)
	user, _ := l.outputs(t)["ciUser"].(string)
	keys, err := iam.NewFromConfig(l.aws(t)).ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: &user})
	if err != nil || len(keys.AccessKeyMetadata) != 1 || aws.ToString(keys.AccessKeyMetadata[0].AccessKeyId) != id {
		t.Errorf("user %s has the keys %+v, the secret holds %s: %v", user, keys, id, err)
	}
	for name, content := range l.everything(t) {
		if strings.Contains(content, secret) {
			t.Errorf("%s contains the secret key", name)
		}
	}
}

// everything gives all objects of the state bucket, in every version, and all stack files.
func (l *lake) everything(t *testing.T) map[string]string {
	t.Helper()
	all := l.stackFiles(t)
	client, bucket := l.s3(t), l.bucket()
	pages := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, version := range page.Versions {
			object, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: version.Key, VersionId: version.VersionId})
			if err != nil {
				t.Fatal(err)
			}
			all[aws.ToString(version.Key)+"@"+aws.ToString(version.VersionId)] = readAll(t, object.Body)
		}
	}
	return all
}

func readAll(t *testing.T, body io.ReadCloser) string {
	t.Helper()
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func (l *lake) checkSecrets(t *testing.T) {
	t.Helper()
	for name, content := range l.stackFiles(t) {
		if !strings.HasSuffix(name, "Pulumi."+l.environment+".yaml") {
			continue
		}
		if strings.Contains(content, "encryptionsalt") || !strings.Contains(content, "secretsprovider: awskms://alias/tarn-rehearsal-platform?region=us-east-1") {
			t.Errorf("%s is not under the KMS key:\n%s", name, content)
		}
	}
	client, bucket := l.s3(t), l.bucket()
	for _, project := range []string{"bootstrap", "datalake", "mpp"} {
		object, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String(l.stateKey(project))})
		if err != nil {
			t.Fatal(err)
		}
		content := readAll(t, object.Body)
		if !strings.Contains(content, "awskms://") || strings.Contains(content, `"type": "passphrase"`) || strings.Contains(content, `"plaintext"`) {
			t.Errorf("the state of %s is not under the KMS key, or has plaintext", project)
		}
		if aws.ToString(object.SSEKMSKeyId) != l.outputs(t)["keyArn"] {
			t.Errorf("the state file of %s is encrypted with %q", project, aws.ToString(object.SSEKMSKeyId))
		}
	}
}

func (l *lake) stateKey(project string) string {
	return ".pulumi/stacks/" + project + "/" + l.environment + ".json"
}

type history map[string]struct {
	Entries []struct {
		Command, Result, Actor, Commit string
		Token                          int64
		Changes                        map[string]int
	}
	LastGood *struct{ ID string }
}

func (l *lake) history(t *testing.T) history {
	t.Helper()
	var h history
	decode(t, l.run(t, 0, "history"), &h)
	return h
}

func (l *lake) checkHistory(t *testing.T) {
	t.Helper()
	for project, known := range l.history(t) {
		if len(known.Entries) < 2 || known.LastGood == nil {
			t.Errorf("%s: %+v", project, known)
			continue
		}
		if last, first := known.Entries[0], known.Entries[1]; last.Result != "succeeded" || last.Token <= first.Token || last.Actor == "" {
			t.Errorf("%s: %+v", project, known)
		}
	}
}

// race starts two deployments at once. Exactly one may work; the other one names it.
func (l *lake) race(t *testing.T, rounds int) {
	t.Helper()
	for round := range rounds {
		first, second := l.start(t, "up"), l.start(t, "up")
		code1, out1 := first()
		code2, out2 := second()
		loser := out2
		if code1 != 0 {
			loser = out1
		}
		if min(code1, code2) != 0 || max(code1, code2) != exitHeld || !strings.Contains(loser, "is held by") || !strings.Contains(loser, "tarn up") {
			t.Fatalf("round %d: exit codes %d and %d, want 0 and %d\n%s\n%s", round+1, code1, code2, exitHeld, out1, out2)
		}
	}
}

func (l *lake) waitForHolder(t *testing.T) {
	t.Helper()
	first, second := l.start(t, "up"), l.start(t, "up", "--lock-timeout", "2m")
	third := l.start(t, "up", "--lock-timeout", "2m")
	for _, done := range []func() (int, string){first, second, third} {
		if code, out := done(); code != 0 && code != exitHeld {
			t.Errorf("exit code %d\n%s", code, out)
		}
	}
	// Whoever began first, the two that may wait have both deployed: the last tokens differ by what they took.
	if entries := l.history(t)["mpp"].Entries; entries[0].Token == entries[1].Token {
		t.Errorf("%+v", entries[:2])
	}
}

func (l *lake) loseLease(t *testing.T) {
	t.Helper()
	l.change(t, "datalake", "    organization: tarn\n", "    organization: tarn\n    tags: {change: lease}\n")
	done := l.start(t, "up")
	waitFor(t, "the deployment to hold the lease", func() bool { return l.holder(t) != "" })
	if out := l.run(t, exitHeld, "unlock"); !strings.Contains(out, "tarn up") {
		t.Errorf("unlock of a live holder says\n%s", out)
	}
	l.run(t, 0, "unlock", "--force")
	code, out := done()
	if code != exitLeaseLost || !strings.Contains(out, "took it away") || !strings.Contains(out, "not run") {
		t.Errorf("exit code %d, want %d\n%s", code, exitLeaseLost, out)
	}
	l.deploy(t, "up")
}

// holder gives the state of the lease, empty when nobody holds it.
func (l *lake) holder(t *testing.T) string {
	t.Helper()
	item, err := dynamodb.NewFromConfig(l.aws(t)).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(l.table()),
		Key:       map[string]dynamotypes.AttributeValue{"LockID": &dynamotypes.AttributeValueMemberS{Value: "lease/" + l.environment}},
	})
	if err != nil {
		t.Fatal(err)
	}
	lease, _ := item.Item["Lease"].(*dynamotypes.AttributeValueMemberM)
	if lease == nil {
		return ""
	}
	if state, _ := lease.Value["State"].(*dynamotypes.AttributeValueMemberS); state != nil && state.Value == "held" {
		return state.Value
	}
	return ""
}

func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 600 {
		if holds() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

// unreachableTable lets every call to DynamoDB fail; nothing may then be called that changes anything.
func (l *lake) unreachableTable(t *testing.T) {
	t.Helper()
	l.variables = []string{"AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:1"}
	defer func() { l.variables = nil }()
	before := len(l.recorded(t))
	out := l.run(t, 1, "up")
	if !strings.Contains(out, `"not run"`) || strings.Contains(out, `"succeeded"`) {
		t.Errorf("output\n%s", out)
	}
	for _, call := range l.recorded(t)[before:] {
		if !strings.HasPrefix(call.Action, "sts:") && !strings.Contains(call.Action, ":List") && !strings.Contains(call.Action, ":Get") &&
			!strings.HasPrefix(call.Action, "kms:") {
			t.Errorf("%s was called without a lease", call.Action)
		}
	}
}

// recorded gives the calls that the emulator has recorded.
func (l *lake) recorded(t *testing.T) []deploypolicy.Call {
	t.Helper()
	var calls []deploypolicy.Call
	for line := range strings.Lines(readFile(t, l.calls())) {
		var call deploypolicy.Call
		decode(t, line, &call)
		calls = append(calls, call)
	}
	return calls
}

// strandedLocks puts Pulumi locks beside the stacks: one of the dead holder of the lease on another machine, which
// the next deployment clears, and one of somebody else, which stops it.
func (l *lake) strandedLocks(t *testing.T) {
	t.Helper()
	client, bucket := l.s3(t), l.bucket()
	put := func(name, host, user string, at time.Time) string {
		key := ".pulumi/locks/organization/mpp/" + l.environment + "/" + name + ".json"
		content, err := json.Marshal(map[string]any{"pid": 4242, "username": user, "hostname": host, "timestamp": at})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(string(content))}); err != nil {
			t.Fatal(err)
		}
		return key
	}
	exists := func(key string) bool {
		_, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		return err == nil
	}
	now := time.Now()
	l.pretendHolder(t, "ci-runner-7", "runner", now.Add(-10*time.Minute), now.Add(-5*time.Minute))
	dead := put("dead", "ci-runner-7", "runner", now.Add(-9*time.Minute))
	human := put("human", "laptop", "alice", now.Add(-9*time.Minute))
	if code, out := l.start(t, "up")(); code != exitHeld || !strings.Contains(out, "alice@laptop") {
		t.Errorf("exit code %d, want %d\n%s", code, exitHeld, out)
	}
	if exists(dead) || !exists(human) {
		t.Errorf("the dead owner's lock is there: %v, the human's: %v; want only the human's", exists(dead), exists(human))
	}
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &human}); err != nil {
		t.Fatal(err)
	}
	// A process of this machine that is gone, which no lease knows of: somebody's own `pulumi up` that was killed.
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	ended := l.command("--help")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	if syscall.Kill(ended.Process.Pid, 0) == nil {
		t.Fatal("the process is still there")
	}
	put("gone", host, "root", now)
	l.expectNoChanges(t, l.deploy(t, "up"))
}

// pretendHolder writes a lease of a holder on another machine that stopped renewing it.
func (l *lake) pretendHolder(t *testing.T, host, login string, acquired, expires time.Time) {
	t.Helper()
	text := func(s string) dynamotypes.AttributeValue { return &dynamotypes.AttributeValueMemberS{Value: s} }
	millis := func(at time.Time) dynamotypes.AttributeValue {
		return &dynamotypes.AttributeValueMemberN{Value: fmt.Sprint(at.UnixMilli())}
	}
	_, err := dynamodb.NewFromConfig(l.aws(t)).UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName:                aws.String(l.table()),
		Key:                      map[string]dynamotypes.AttributeValue{"LockID": text("lease/" + l.environment)},
		UpdateExpression:         aws.String("SET #L.#S = :held, #L.#O = :owner, #L.Acquired = :from, #L.Renewed = :until, #L.Expires = :until"),
		ExpressionAttributeNames: map[string]string{"#L": "Lease", "#S": "State", "#O": "Owner"},
		ExpressionAttributeValues: map[string]dynamotypes.AttributeValue{
			":held": text("held"), ":from": millis(acquired), ":until": millis(expires),
			":owner": text(fmt.Sprintf(`{"user": %q, "login": %q, "host": %q, "pid": 4242}`, login, login, host)),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// restoreDrill deletes a state file and has it back.
func (l *lake) restoreDrill(t *testing.T) {
	t.Helper()
	client, bucket := l.s3(t), l.bucket()
	l.run(t, 0, "state", "backup", "--to", filepath.Join(l.state, "backup"))
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String(l.stateKey("mpp"))}); err != nil {
		t.Fatal(err)
	}
	var versions map[string][]struct {
		Version          string
		Deleted, Current bool
	}
	decode(t, l.run(t, 0, "state", "history", "--project", "mpp"), &versions)
	if newest := versions["mpp"][0]; !newest.Deleted || !newest.Current {
		t.Errorf("the newest version is %+v, want the mark of the deletion", newest)
	}
	var restored struct{ Resources int }
	decode(t, l.run(t, 0, "state", "restore", "mpp"), &restored)
	if restored.Resources < 10 {
		t.Errorf("%d resources are restored", restored.Resources)
	}
	l.run(t, 0, "preview", "--expect-no-changes")
}

// loseBootstrap deletes the state file of the project that everything stands on.
func (l *lake) loseBootstrap(t *testing.T) {
	t.Helper()
	bucket := l.bucket()
	if _, err := l.s3(t).DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String(l.stateKey("bootstrap"))}); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"bootstrap", "up"} {
		if code, out := l.start(t, command)(); code != 1 || !strings.Contains(out, "tarn state restore bootstrap") {
			t.Errorf("%s: exit code %d\n%s", command, code, out)
		}
	}
	l.run(t, 0, "state", "restore", "bootstrap")
	l.expectNoChanges(t, l.deploy(t, "bootstrap"))
}

// protect deploys the project as a production environment has it: a destroy is then refused as a whole.
func (l *lake) protect(t *testing.T) {
	t.Helper()
	const open, closed = "    protect: false\n    deleteStateOnDestroy: true\n", "    protect: true\n"
	l.change(t, "bootstrap", open, closed)
	l.deploy(t, "up", "--project", "bootstrap")
	out := l.run(t, 1, "destroy", "--yes")
	if !strings.Contains(out, "nothing was deleted") || !strings.Contains(out, "bootstrap:settings.protect") {
		t.Errorf("output\n%s", out)
	}
	l.run(t, 0, "preview", "--expect-no-changes")
	l.change(t, "bootstrap", closed, open)
	l.deploy(t, "up", "--project", "bootstrap")
}

func (l *lake) rotateKey(t *testing.T) {
	t.Helper()
	type keys struct {
		Current, Previous string
		Deleted           []string
	}
	first, _ := l.accessKey(t)
	var second, third, retired keys
	decode(t, l.run(t, 0, "rotate-key"), &second)
	if second.Previous != first || second.Current == first {
		t.Errorf("%+v after %s", second, first)
	}
	decode(t, l.run(t, 0, "rotate-key"), &third)
	if third.Previous != second.Current || len(third.Deleted) != 1 || third.Deleted[0] != first {
		t.Errorf("%+v after %+v", third, second)
	}
	decode(t, l.run(t, 0, "rotate-key", "--retire"), &retired)
	if current, _ := l.accessKey(t); retired.Current != third.Current || retired.Previous != "" || current != third.Current {
		t.Errorf("%+v after %+v, the secret has %s", retired, third, current)
	}
	l.run(t, 0, "preview", "--expect-no-changes")
}

// change edits a stack file of the lake's copy.
func (l *lake) change(t *testing.T, project, old, text string) {
	t.Helper()
	file := filepath.Join(l.root, project, "Pulumi."+l.environment+".yaml")
	before := readFile(t, file)
	if !strings.Contains(before, old) {
		t.Fatalf("%s has no %q", file, old)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(before, old, text, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}
