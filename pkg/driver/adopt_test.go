package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/goccy/go-yaml"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/pulumitest"
)

// registered gives every type of AWS's that the programs register, for every shipped environment and for one
// that uses everything bootstrap can make.
func registered(t *testing.T) map[string]string {
	t.Helper()
	const key = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
	const boundary = "arn:aws:iam::123456789012:policy/tarn/boundary"
	found := map[string]string{}
	run := func(project Project, environment, region string, settings map[string]any) {
		recorder := &pulumitest.Recorder{Region: region, Upstream: map[string]map[string]any{
			contract.StackName(contract.ProjectBootstrap, environment): {
				"dataKeyArn": key, "dataKeyManaged": true, "boundaryArn": boundary,
			},
			contract.StackName(contract.ProjectDatalake, environment): {
				"keyArn": key, "boundaryArn": boundary, "rawBucket": "raw", "stagedBucket": "staged", "analyticsBucket": "analytics",
				"quarantineBucket": "quarantine", "artifactsBucket": "artifacts", "rawDatabase": "raw_db", "stagedDatabase": "staged_db",
				"analyticsDatabase": "analytics_db", "quarantineDatabase": "quarantine_db", "workgroup": "lake", "lakeFormationMode": "off",
				"domains": map[string]any{},
			},
		}}
		if err := recorder.Run(t, project.Program, project.Name, environment, settings); err != nil {
			t.Fatalf("%s of %s: %v", project.Name, environment, err)
		}
		for _, made := range recorder.Resources() {
			if made.Custom && !strings.HasPrefix(made.Type, "pulumi:") {
				found[made.Type] = project.Name + " of " + environment
			}
		}
	}
	for _, project := range Projects("../..") {
		environments := environmentNames(project.Folder)
		if len(environments) < 5 {
			t.Fatalf("%s has the environments %v only", project.Name, environments)
		}
		for _, environment := range environments {
			content, err := os.ReadFile(stackFile(project.Folder, environment))
			if err != nil {
				t.Fatal(err)
			}
			var file struct {
				Config map[string]any `yaml:"config"`
			}
			if err := yaml.Unmarshal(content, &file); err != nil {
				t.Fatal(err)
			}
			settings, _ := file.Config[project.Name+":settings"].(map[string]any)
			delete(settings, "uploads") // a folder that only a running local environment has
			region, _ := file.Config["aws:region"].(string)
			run(project, environment, region, settings)
		}
	}
	run(Projects("../..")[0], "everything", "", map[string]any{
		"organization": "tarn", "owner": "data", "stateReplicaRegion": "eu-central-1", "protect": true,
		"deploy": map[string]any{"user": true, "github": map[string]any{
			"repository": "acme/lake", "branch": "main",
			"layers": map[string]any{"datalake": map[string]any{"repository": "acme/lake"}, "mpp": map[string]any{"repository": "acme/mpp"}},
		}},
	})
	return found
}

// A resource whose creation was cut short must be found again or made again, whatever it is.
func TestEveryResourceCanBeMended(t *testing.T) {
	t.Parallel()
	found := registered(t)
	if len(found) < 25 {
		t.Errorf("only %d types: %v", len(found), slices.Sorted(maps.Keys(found)))
	}
	for kind, where := range found {
		_, named := adoptable[kind]
		if repeated := slices.Contains(repeatable, kind); !named && !repeated {
			t.Errorf("%s, which %s registers, is neither in adoptable nor in repeatable", kind, where)
		}
	}
	for kind := range adoptable {
		if slices.Contains(repeatable, kind) {
			t.Errorf("%s is both in adoptable and in repeatable", kind)
		}
	}
	for i, kind := range repeatable {
		if slices.Contains(repeatable[:i], kind) {
			t.Errorf("%s is in repeatable twice", kind)
		}
	}
	for _, needed := range []string{"aws:kms/key:Key", "aws:iam/openIdConnectProvider:OpenIdConnectProvider", "aws:secretsmanager/secret:Secret"} {
		if found[needed] == "" {
			t.Errorf("no program made a %s, so not everything was looked at", needed)
		}
	}
}

// keyring is a finder that knows keys by region.
type keyring struct {
	found   map[string][]string
	failure error
	asked   *[]string
}

func (k keyring) keys(_ context.Context, region string, tags map[string]string, description string) ([]string, error) {
	*k.asked = append(*k.asked, fmt.Sprint(region, " ", tags, " ", description))
	return k.found[region], k.failure
}

const (
	urnStart = "urn:pulumi:dev::bootstrap::"
	account  = "123456789012"
)

// pendingCreation is an operation as `pulumi stack export` gives it.
func pendingCreation(kind, name, inputs string) string {
	return fmt.Sprintf(`{"resource":{"urn":"%s%s::%s","custom":true,"type":"%s","inputs":%s,"parent":"urn:x",`+
		`"provider":"%spulumi:providers:aws::default::id-1","sequenceNumber":12345678901234567890},"type":"creating"}`,
		urnStart, kind, name, kind, inputs, urnStart)
}

func settled(t *testing.T, find finder, resources, pending string) (s deployment, adopted, said []string, err error) {
	t.Helper()
	s, err = parseDeployment(`{"version":3,"deployment":{"manifest":{"time":"2026"},"resources":[` + resources +
		`],"pending_operations":[` + pending + `],"metadata":{"x":1.50}}}`)
	if err != nil {
		t.Fatal(err)
	}
	adopted, err = s.settle(t.Context(), find, account, "eu-west-1", func(text string) { said = append(said, text) })
	return s, adopted, said, err
}

func TestSettle(t *testing.T) {
	t.Parallel()
	const keyInputs = `{"description":"state","tags":{"__defaults":[],"a":"1","b":"2"},"tagsAll":{"a":"1"}}`
	one := map[string][]string{"eu-west-1": {"key-1"}}
	tests := map[string]struct {
		keys      map[string][]string
		resources string
		pending   string
		id        string // of the one resource that is adopted; empty for none
		kept      int
		wants     []string // in the error
	}{
		"nothing":     {},
		"a role":      {pending: pendingCreation("aws:iam/role:Role", "r", `{"name":"tarn-dev-r"}`), id: "tarn-dev-r"},
		"a bucket":    {pending: pendingCreation("aws:s3/bucketV2:BucketV2", "b", `{"bucket":"tarn-dev-b","name":"no"}`), id: "tarn-dev-b"},
		"a policy":    {pending: pendingCreation("aws:iam/policy:Policy", "p", `{"name":"n","path":"/tarn/dev/"}`), id: "arn:aws:iam::123456789012:policy/tarn/dev/n"},
		"no path":     {pending: pendingCreation("aws:iam/policy:Policy", "p", `{"name":"n"}`), id: "arn:aws:iam::123456789012:policy/n"},
		"a database":  {pending: pendingCreation("aws:glue/catalogDatabase:CatalogDatabase", "d", `{"name":"raw"}`), id: "123456789012:raw"},
		"OIDC":        {pending: pendingCreation("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "o", `{"url":"https://token.actions.githubusercontent.com"}`), id: "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
		"repeatable":  {pending: pendingCreation("aws:s3/bucketPolicy:BucketPolicy", "p", `{"bucket":"b"}`)},
		"harmless":    {pending: pendingCreation("aws:athena/namedQuery:NamedQuery", "q", `{"name":"q"}`)},
		"a component": {pending: `{"resource":{"urn":"urn:pulumi:dev::bootstrap::tarn:bucket:Bucket::state","custom":false,"type":"tarn:bucket:Bucket"},"type":"creating"}`},
		"the stack":   {pending: `{"resource":{"urn":"urn:pulumi:dev::bootstrap::pulumi:pulumi:Stack::bootstrap-dev","custom":false,"type":"pulumi:pulumi:Stack"},"type":"creating"}`},
		"a provider":  {pending: pendingCreation("pulumi:providers:aws", "replica", `{"region":"eu-west-1"}`)},
		"in the state already": {
			resources: `{"urn":"urn:pulumi:dev::bootstrap::aws:iam/role:Role::r","id":"r","type":"aws:iam/role:Role","custom":true}`,
			pending:   pendingCreation("aws:iam/role:Role", "r", `{"name":"r"}`),
		},
		"a key that was made":     {keys: one, pending: pendingCreation("aws:kms/key:Key", "key", keyInputs), id: "key-1"},
		"a key that was not made": {pending: pendingCreation("aws:kms/key:Key", "key", keyInputs)},
		"two keys": {
			keys: map[string][]string{"eu-west-1": {"key-1", "key-2"}}, pending: pendingCreation("aws:kms/key:Key", "key", keyInputs),
			kept: 1, wants: []string{"Key key was being created", "2 keys", "key-1, key-2"},
		},
		"a key of another region": {
			keys:      map[string][]string{"eu-central-1": {"replica-key"}, "eu-west-1": {"wrong"}},
			resources: `{"urn":"urn:pulumi:dev::bootstrap::pulumi:providers:aws::default","id":"id-1","custom":true,"type":"pulumi:providers:aws","inputs":{"region":"eu-central-1"}}`,
			pending:   pendingCreation("aws:kms/key:Key", "replica-key", keyInputs), id: "replica-key",
		},
		"a provider without a region": {
			keys:      one,
			resources: `{"urn":"urn:pulumi:dev::bootstrap::pulumi:providers:aws::default","id":"id-1","custom":true,"type":"pulumi:providers:aws","inputs":{}}`,
			pending:   pendingCreation("aws:kms/key:Key", "key", keyInputs), id: "key-1",
		},
		"unknown": {
			pending: pendingCreation("aws:lambda/function:Function", "q", `{"name":"q"}`), kept: 1,
			wants: []string{
				"Function q was being created", "'urn:pulumi:dev::bootstrap::aws:lambda/function:Function::q'",
				"pulumi refresh --import-pending-creates", "pulumi refresh --clear-pending-creates",
			},
		},
		"without a name":  {pending: pendingCreation("aws:iam/role:Role", "r", `{"namePrefix":"r"}`), kept: 1, wants: []string{"Role r", "no name to find it by"}},
		"a secret name":   {pending: pendingCreation("aws:iam/role:Role", "r", `{"name":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","ciphertext":"v1:"}}`), kept: 1, wants: []string{"no name"}},
		"without inputs":  {pending: pendingCreation("aws:iam/role:Role", "r", `null`), kept: 1, wants: []string{"no name"}},
		"a damaged entry": {pending: `"x",{"type":"creating"},{"type":"creating","resource":{"custom":true}}`, kept: 2, wants: []string{"was being created"}},
		"other operations": {
			pending: strings.ReplaceAll(pendingCreation("aws:iam/role:Role", "r", `{"name":"r"}`), "creating", "updating") + "," +
				strings.ReplaceAll(pendingCreation("aws:iam/role:Role", "s", `{"name":"s"}`), "creating", "deleting") + "," +
				strings.ReplaceAll(pendingCreation("aws:iam/role:Role", "t", `{"name":"t"}`), "creating", "reading"),
			kept: 3,
		},
		"some of each": {
			pending: pendingCreation("aws:lambda/function:Function", "q", `{}`) + "," + pendingCreation("aws:iam/role:Role", "r", `{"name":"r"}`) + "," +
				pendingCreation("aws:lambda/function:Function", "q2", `{}`),
			id: "r", kept: 2, wants: []string{"Function q was", "Function q2 was"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			s, adopted, said, err := settled(t, keyring{found: test.keys, asked: &asked}, test.resources, test.pending)
			if (err == nil) != (test.wants == nil) {
				t.Fatalf("error %v, want one: %v", err, test.wants)
			}
			for _, want := range test.wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q", err, want)
				}
			}
			before := 0
			if test.resources != "" {
				before = 1
			}
			resources, _ := s.inner["resources"].([]any)
			kept, _ := s.inner["pending_operations"].([]any)
			want := 0
			if test.id != "" {
				want = 1
			}
			if len(kept) != test.kept || len(adopted) != want || len(said) != want || len(resources) != before+want {
				t.Fatalf("kept %v, adopted %v, said %v, resources %v", kept, adopted, said, resources)
			}
			if want == 1 {
				last := resources[before].(map[string]any)
				inputs, _ := last["inputs"].(map[string]any)
				outputs, _ := last["outputs"].(map[string]any)
				if last["id"] != test.id || last["urn"] != adopted[0] || last["parent"] != "urn:x" ||
					fmt.Sprint(inputs) != fmt.Sprint(outputs) || len(outputs) == 0 {
					t.Errorf("adopted %v", last)
				}
			}
			for _, question := range asked {
				if !strings.Contains(question, "map[a:1 b:2] state") {
					t.Errorf("asked for %s", question)
				}
			}
		})
	}
}

// What has nothing to do with it comes back as it was, numbers with every digit.
func TestSettleKeepsTheRest(t *testing.T) {
	t.Parallel()
	s, _, _, err := settled(t, keyring{asked: &[]string{}}, `{"urn":"u","outputs":{"big":12345678901234567890,"exact":1.50}}`,
		pendingCreation("aws:iam/role:Role", "r", `{"name":"r"}`))
	if err != nil {
		t.Fatal(err)
	}
	edited, err := json.Marshal(s.raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"version":3`, `"manifest":{"time":"2026"}`, `"metadata":{"x":1.50}`, `{"big":12345678901234567890,"exact":1.50}`, `"sequenceNumber":12345678901234567890`} {
		if !strings.Contains(string(edited), want) {
			t.Errorf("no %s in %s", want, edited)
		}
	}
}

// A question that AWS does not answer is not the answer no: the key may be there.
func TestSettleDoesNotGuess(t *testing.T) {
	t.Parallel()
	throttled := errors.New("ThrottlingException")
	s, adopted, _, err := settled(t, keyring{failure: throttled, asked: &[]string{}}, "", pendingCreation("aws:kms/key:Key", "k", `{"description":"d"}`))
	if kept, _ := s.inner["pending_operations"].([]any); !errors.Is(err, throttled) || len(kept) != 1 || len(adopted) != 0 {
		t.Errorf("kept %v, adopted %v, error %v", kept, adopted, err)
	}
}

func TestParseDeployment(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", "null", "[]", "{}", `{"deployment":null}`, `{"deployment":[]}`} {
		if s, err := parseDeployment(text); err == nil {
			t.Errorf("%q gives %+v", text, s)
		}
	}
}

func TestPartitions(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"eu-west-1": "arn:aws:iam::1:policy/p", "cn-north-1": "arn:aws-cn:iam::1:policy/p", "us-gov-west-1": "arn:aws-us-gov:iam::1:policy/p",
	} {
		if got := globalARN(candidate{region: region, account: "1"}, "policy/p"); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}

// keyService is KMS as far as the finder asks it. Its keys are described by name.
type keyService map[string]struct {
	description, state, failure string
	tags                        map[string]string
}

func (k keyService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body) // a short body gives a key that is not there
	var question struct{ KeyID string }
	_ = json.Unmarshal(raw, &question)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	answer := map[string]any{}
	key := k[question.KeyID]
	switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operation {
	case "ListKeys":
		var entries []map[string]string
		for _, id := range slices.Sorted(maps.Keys(k)) {
			entries = append(entries, map[string]string{"KeyId": id})
		}
		answer["Keys"] = entries
	case "DescribeKey":
		if key.failure != "" {
			w.WriteHeader(http.StatusBadRequest)
			answer["__type"] = key.failure
			break
		}
		answer["KeyMetadata"] = map[string]any{"KeyId": question.KeyID, "Description": key.description, "KeyState": key.state}
	case "ListResourceTags":
		var tags []map[string]string
		for name, value := range key.tags {
			tags = append(tags, map[string]string{"TagKey": name, "TagValue": value})
		}
		answer["Tags"] = tags
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func TestKeysAreFoundByDescriptionAndTags(t *testing.T) {
	t.Parallel()
	ours := map[string]string{"a": "1", "b": "2"}
	service := keyService{
		"ours":      {"state", "Enabled", "", ours},
		"going":     {"state", "PendingDeletion", "", ours},
		"off":       {"state", "Disabled", "", ours},
		"fewer":     {"state", "Enabled", "", map[string]string{"a": "1"}},
		"more":      {"state", "Enabled", "", map[string]string{"a": "1", "b": "2", "c": "3"}},
		"other":     {"state", "Enabled", "", map[string]string{"a": "1", "b": "3"}},
		"purpose":   {"data", "Enabled", "", ours},
		"forbidden": {"", "", "AccessDeniedException", nil},
		"gone":      {"", "", "NotFoundException", nil},
	}
	find := func() ([]string, error) {
		server := httptest.NewServer(service)
		defer server.Close()
		finder := awsFinder{aws.Config{
			BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), RetryMaxAttempts: 1,
		}}
		return finder.keys(t.Context(), "eu-west-1", ours, "state")
	}
	if found, err := find(); err != nil || !slices.Equal(found, []string{"ours"}) {
		t.Errorf("found %v, error %v", found, err)
	}
	broken := service["other"]
	broken.failure = "KMSInternalException"
	service["other"] = broken
	if found, err := find(); err == nil || !strings.Contains(err.Error(), "KMS key other") {
		t.Errorf("a key that cannot be read just now: found %v, error %v", found, err)
	}
}
