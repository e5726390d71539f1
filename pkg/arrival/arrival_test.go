package arrival

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/pulumitest"
)

var (
	testAccount = account.Account{ID: pulumitest.AccountID, Region: pulumitest.Region}
	testRule    = testAccount.ARN("events", "rule/tarn-test-flights-arrival")
	testKey     = testAccount.ARN("kms", "key/1234")
	workflow    = testAccount.ARN("glue", "workflow/tarn-test-flights")
)

func sources(paths ...string) []dataset.Dataset {
	var all []dataset.Dataset
	for i, path := range paths {
		all = append(all, dataset.Dataset{Name: fmt.Sprintf("d%d", i), Source: dataset.Source{Path: path}})
	}
	return all
}

func flights() *Args {
	return &Args{
		Scope: naming.Scope{Organization: "tarn", Environment: "test"}, Account: testAccount,
		Pipeline: dataset.Pipeline{
			Name: "flights", Arrival: &dataset.Arrival{Files: 10, WithinSeconds: 60}, Datasets: sources("flights/a/", "flights/b/"),
		},
		RawBucket: pulumi.String("raw-bucket"), WorkflowARN: pulumi.String(workflow), KeyARN: pulumi.String(testKey),
		BoundaryARN: pulumi.String(testAccount.GlobalARN("iam", "policy/boundary")), Tags: pulumi.StringMap{},
	}
}

func deploy(t *testing.T, args *Args) *pulumitest.Recorder {
	t.Helper()
	recorder := &pulumitest.Recorder{}
	err := recorder.Run(t, func(ctx *pulumi.Context) error {
		_, err := New(ctx, "flights", args)
		return err
	}, "mpp", "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	return recorder
}

func TestRuleWaitsForTheSourcesOnly(t *testing.T) {
	t.Parallel()
	rule := deploy(t, flights()).OfType("aws:cloudwatch/eventRule:EventRule")[0].Inputs
	want := `{"source":["aws.s3"],"detail-type":["Object Created"],"detail":{"bucket":{"name":["raw-bucket"]},` +
		`"object":{"key":[{"prefix":"flights/a/"},{"prefix":"flights/b/"}],"size":[{"numeric":[">",0]}]}}}`
	if rule["eventPattern"] != want || rule["state"] != "ENABLED" {
		t.Errorf("got  %v %v\nwant %s", rule["eventPattern"], rule["state"], want)
	}
	args := flights()
	args.Disabled = true
	if state := deploy(t, args).OfType("aws:cloudwatch/eventRule:EventRule")[0].Inputs["state"]; state != "DISABLED" {
		t.Errorf("state %v", state)
	}
}

func TestTargetsPutAsideWhatTheyCannotGet(t *testing.T) {
	t.Parallel()
	recorder := deploy(t, flights())
	targets := map[string]map[string]any{}
	for _, target := range recorder.OfType("aws:cloudwatch/eventTarget:EventTarget") {
		targets[target.Inputs["targetId"].(string)] = target.Inputs
	}
	for id, want := range map[string]string{
		"queue":    testAccount.ARN("sqs", "tarn-test-flights-arrivals") + " <nil>",
		"workflow": workflow + " " + testAccount.GlobalARN("iam", "role/tarn/test/tarn-test-flights-arrival"),
	} {
		target := targets[id]
		if got := fmt.Sprint(target["arn"], " ", target["roleArn"]); got != want {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
		if got := fmt.Sprint(target["deadLetterConfig"], target["retryPolicy"]); got != "map[arn:"+testAccount.ARN("sqs", "tarn-test-flights-undelivered")+
			"] map[maximumEventAgeInSeconds:3600 maximumRetryAttempts:50]" {
			t.Errorf("%s: %s", id, got)
		}
	}
}

func TestQueuesAreEncryptedAndOnlyTheRuleSends(t *testing.T) {
	t.Parallel()
	recorder := deploy(t, flights())
	queues := recorder.OfType("aws:sqs/queue:Queue")
	if len(queues) != 2 {
		t.Fatalf("%d queues", len(queues))
	}
	for _, queue := range queues {
		if queue.Inputs["kmsMasterKeyId"] != testKey || queue.Inputs["messageRetentionSeconds"] != float64(14*24*3600) {
			t.Errorf("%s: %+v", queue.Name, queue.Inputs)
		}
	}
	redrive, _ := recorder.Named("aws:sqs/queue:Queue", "flights-arrivals").Inputs["redrivePolicy"].(string)
	if want := `{"deadLetterTargetArn":"` + testAccount.ARN("sqs", "tarn-test-flights-undelivered") + `","maxReceiveCount":5}`; redrive != want {
		t.Errorf("redrive policy %s", redrive)
	}
	allow, _ := recorder.Named("aws:sqs/queue:Queue", "flights-undelivered").Inputs["redriveAllowPolicy"].(string)
	if want := `"sourceQueueArns":["` + testAccount.ARN("sqs", "tarn-test-flights-arrivals") + `"]`; !strings.Contains(allow, want) {
		t.Errorf("redrive allow policy %s", allow)
	}
	for _, queue := range queues {
		document := pulumitest.Document(t, queue, "policy")
		arn := document.Statements[0].Resources[0]
		for _, test := range []struct {
			principal, source, account, secure string
			want                               bool
		}{
			{service, testRule, testAccount.ID, "true", true},
			{service, testRule, testAccount.ID, "false", false},
			{service, testRule, "999999999999", "true", false},
			{service, testAccount.ARN("events", "rule/tarn-test-weather-arrival"), testAccount.ID, "true", false},
			{"s3.amazonaws.com", testRule, testAccount.ID, "true", false},
		} {
			got, err := policy.Decide(policy.Request{
				Principal: test.principal, Account: testAccount.ID, Action: "sqs:SendMessage", Resource: arn,
				Context: policy.Context{
					"aws:SourceArn": {test.source}, "aws:SourceAccount": {test.account}, "aws:SecureTransport": {test.secure},
				},
			}, policy.Policies{Resource: []policy.Document{document}})
			if err != nil || got.Allowed != test.want {
				t.Errorf("%s: %+v: %+v, error %v", queue.Name, test, got, err)
			}
		}
	}
}

func TestRoleStartsThisWorkflowOnly(t *testing.T) {
	t.Parallel()
	recorder := deploy(t, flights())
	role := recorder.OfType("aws:iam/role:Role")[0]
	if role.Inputs["permissionsBoundary"] == nil || role.Inputs["path"] != "/tarn/test/" {
		t.Errorf("role %+v", role.Inputs)
	}
	for _, test := range []struct {
		account, source string
		want            bool
	}{
		{testAccount.ID, testRule, true},
		{"999999999999", testRule, false},
		{testAccount.ID, testAccount.ARN("events", "rule/tarn-test-weather-arrival"), false},
	} {
		got, err := policy.Decide(policy.Request{
			Principal: service, Account: testAccount.ID, Action: "sts:AssumeRole", Resource: "arn:aws:iam::" + testAccount.ID + ":role/x",
			Context: policy.Context{"aws:SourceArn": {test.source}, "aws:SourceAccount": {test.account}},
		}, policy.Policies{Resource: []policy.Document{pulumitest.Document(t, role, "assumeRolePolicy")}})
		if err != nil || got.Allowed != test.want {
			t.Errorf("%+v: %+v, error %v", test, got, err)
		}
	}
	statements := pulumitest.Document(t, recorder.OfType("aws:iam/rolePolicy:RolePolicy")[0], "policy").Statements
	if len(statements) != 1 || !slices.Equal(statements[0].Actions, []string{"glue:NotifyEvent"}) ||
		!slices.Equal(statements[0].Resources, []string{workflow}) {
		t.Errorf("statements %+v", statements)
	}
}

// Whoever deploys waits with the targets until everything that they need is there.
func TestTargetsComeAfterPermissions(t *testing.T) {
	t.Parallel()
	for _, target := range deploy(t, flights()).OfType("aws:cloudwatch/eventTarget:EventTarget") {
		for _, want := range []string{"flights-arrivals", "flights-undelivered", "flights-role-policy"} {
			if !slices.ContainsFunc(target.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::"+want) }) {
				t.Errorf("%s does not depend on %s", target.Name, want)
			}
		}
	}
}

func TestFolders(t *testing.T) {
	t.Parallel()
	many := func(parent string, count int) []string {
		var all []string
		for i := range count {
			all = append(all, fmt.Sprintf("%s%012d/", parent, i))
		}
		return all
	}
	for _, test := range []struct {
		name  string
		paths []string
		want  []string // nil: an error
	}{
		{"sorted, each once", []string{"b/", "a/x/", "b/"}, []string{"a/x/", "b/"}},
		{"one inside of another", []string{"a/x/", "a/", "ab/"}, []string{"a/", "ab/"}},
		{"as many as there is room for", many("sales/", 40), many("sales/", 40)},
		{"too many below one folder", many("sales/", 80), []string{"sales/"}},
		{"the fullest folder first", append(many("sales/", 60), many("hr/", 10)...), append(many("hr/", 10), "sales/")},
		{"folders of folders", append(many("x/a/", 70), many("x/b/", 70)...), []string{"x/a/", "x/b/"}},
		{"nothing above them but the bucket", many("", 80), nil},
	} {
		got, err := folders(sources(test.paths...))
		if (test.want == nil) != (err != nil) || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, error %v", test.name, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), "put the source paths of the data sets below a common folder") {
			t.Errorf("%s: the error names no fix: %v", test.name, err)
		}
	}
}

// Whatever the data sets are, the pattern fits and watches every source.
func TestFoldersCoverEverySource(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) // the same every time
	collapsed, refused := 0, 0
	for range 500 {
		var paths []string
		for range 1 + random.IntN(150) {
			folder := ""
			for range 1 + random.IntN(4) {
				folder += strings.Repeat(string(rune('a'+random.IntN(5))), 1+random.IntN(12)) + "/"
			}
			paths = append(paths, folder)
		}
		watched, err := folders(sources(paths...))
		if err != nil {
			refused++
			continue
		}
		if len(watched) < len(outermost(paths)) {
			collapsed++
		}
		for _, path := range paths {
			if !slices.ContainsFunc(watched, func(folder string) bool { return strings.HasPrefix(path, folder) }) {
				t.Errorf("%q is not watched by %q", path, watched)
			}
		}
		text, err := patternOf("b", watched)
		if err != nil || len(text) > maxPattern || !json.Valid([]byte(text)) {
			t.Errorf("%d characters, error %v", len(text), err)
		}
	}
	if collapsed == 0 || collapsed+refused == 500 {
		t.Errorf("%d were collapsed and %d refused of 500: the test does not show both", collapsed, refused)
	}
}

func TestArgsAreChecked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		want string
		set  func(a *Args)
	}{
		{"", func(*Args) {}},
		{"does not say that it starts when files arrive", func(a *Args) { a.Pipeline.Arrival = nil }},
		{"has no data set", func(a *Args) { a.Pipeline.Datasets = nil }},
		{"EventBridge allows 64", func(a *Args) { a.Pipeline.Name = strings.Repeat("x", 50) }},
		{"IAM allows 64", func(a *Args) { a.Pipeline.Name = strings.Repeat("x", 50) }},
		{"SQS allows 80", func(a *Args) { a.Pipeline.Name = strings.Repeat("x", 60) }},
	} {
		args := flights()
		test.set(args)
		err := args.Validate()
		if (test.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
}
