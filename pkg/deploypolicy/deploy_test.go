package deploypolicy

import (
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
)

// params is an environment with everything; long names are as long as naming allows.
func params(long bool) *Params {
	p := &Params{
		Scope:   naming.Scope{Organization: "tarn", Environment: "test"},
		Account: account.Account{ID: "123456789012", Region: "ap-southeast-1"},
		Protect: true, ReplicaRegion: "ap-southeast-2",
	}
	if long {
		p.Scope = naming.Scope{Organization: "tenletters", Environment: "nine-long"}
	}
	p.KeyARN, p.DataKeyARN = SampleKeyARN(p.Account), SampleDataKeyARN(p.Account)
	p.ReplicaKeyARN = SampleKeyARN(p.replicaAccount())
	return p
}

// all gives every document by a name.
func all(t *testing.T, p *Params) map[string][]policy.Document {
	t.Helper()
	documents := map[string][]policy.Document{}
	var err error
	add := func(name string, made []policy.Document, failed error) {
		documents[name] = made
		if failed != nil {
			err = failed
			t.Errorf("%s: %v", name, failed)
		}
	}
	made, failed := Deploy(p, Chain()...)
	add("chain", made, failed)
	for _, layer := range Deployed() {
		made, failed = Deploy(p, layer)
		add(string(layer), made, failed)
	}
	made, failed = Plan(p)
	add("plan", made, failed)
	made, failed = Administer(p)
	add("bootstrap", made, failed)
	boundary, failed := DeployBoundary(p)
	add("deploy-boundary", []policy.Document{boundary}, failed)
	add("workload-boundary", []policy.Document{WorkloadBoundary(p)}, WorkloadBoundary(p).CheckManaged())
	if err != nil {
		t.FailNow()
	}
	return documents
}

func TestDocumentsFitForEveryAcceptedName(t *testing.T) {
	t.Parallel()
	for _, long := range []bool{false, true} {
		for name, documents := range all(t, params(long)) {
			if len(documents) > 10 {
				t.Errorf("%s needs %d policies, IAM allows a role 10", name, len(documents))
			}
			for i, document := range documents {
				if err := document.CheckManaged(); err != nil {
					t.Errorf("%s, document %d: %v", name, i, err)
				}
			}
		}
	}
}

// The same input gives the same documents, in the same order: a second deployment shows no change.
func TestDocumentsAreStable(t *testing.T) {
	t.Parallel()
	render := func() string {
		var text strings.Builder
		documents := all(t, params(false))
		for _, name := range []string{"chain", "plan", "deploy-boundary", "workload-boundary"} {
			for _, document := range documents[name] {
				rendered, err := document.JSON()
				if err != nil {
					t.Fatal(err)
				}
				text.WriteString(rendered)
			}
		}
		return text.String()
	}
	first := render()
	for range 20 {
		if render() != first {
			t.Fatal("the documents differ from time to time")
		}
	}
}

// How many documents there are does not depend on which key it is.
func TestNumberOfDocumentsIsKnownBeforeTheKey(t *testing.T) {
	t.Parallel()
	before, after := params(false), params(false)
	after.KeyARN = after.Account.ARN("kms", "key/mrk-0123456789abcdef0123456789abcdef")
	after.DataKeyARN = after.Account.ARN("kms", "key/mrk-fedcba9876543210fedcba9876543210")
	for name, documents := range all(t, after) {
		if want := len(all(t, before)[name]); len(documents) != want {
			t.Errorf("%s: %d documents, %d before the key exists", name, len(documents), want)
		}
	}
}

// The guard and the statements about roles are in one document: a scanner that reads one document sees
// that PassRole is denied elsewhere.
func TestGuardStandsBesideWhatItGuards(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"chain", "datalake", "mpp"} {
		first := all(t, params(false))[name][0]
		if !slices.ContainsFunc(first.Statements, func(s policy.Statement) bool { return s.Sid == "NeverPassElsewhere" }) {
			t.Errorf("%s: the first document has no guard", name)
		}
	}
}

// Whatever a role's policies allow, the boundary of deployers lets pass.
func TestBoundaryCoversEveryDeployer(t *testing.T) {
	t.Parallel()
	documents := all(t, params(false))
	boundary := documents["deploy-boundary"]
	checked := 0
	for _, role := range []string{"chain", "datalake", "mpp", "plan"} {
		for _, document := range documents[role] {
			for _, s := range document.Statements {
				for _, action := range s.Actions {
					for _, resource := range s.Resources {
						if s.Effect == policy.Deny {
							continue
						}
						checked++
						d, err := policy.Decide(policy.Request{
							Principal: "arn:aws:iam::123456789012:role/x", Action: action,
							Resource: strings.ReplaceAll(resource, "*", "x"), Context: satisfying(s.Conditions, "ap-southeast-1"),
						}, policy.Policies{Identity: boundary})
						if err != nil || !d.Allowed {
							t.Errorf("%s, statement %s: %s on %s: %s %v", role, s.Sid, action, resource, d.Reason, err)
						}
					}
				}
			}
		}
	}
	if checked < 500 {
		t.Errorf("only %d rights were checked", checked)
	}
}

// satisfying gives a context that meets conditions which are positive, and the region that every request has.
func satisfying(conditions policy.Conditions, region string) policy.Context {
	context := policy.Context{"aws:RequestedRegion": {region}}
	for operator, keys := range conditions {
		for key, values := range keys {
			if operator != "Null" {
				context[key] = []string{strings.ReplaceAll(values[0], "*", "x")}
			}
		}
	}
	return context
}

// Both ways: each recorded action is allowed, and each allowed one is recorded or has a reason.
func TestPoliciesAreTheRecording(t *testing.T) {
	t.Parallel()
	p := params(false)
	for _, layer := range Deployed() {
		wanted, err := actionsOf(layer)
		if err != nil {
			t.Fatal(err)
		}
		documents, err := Deploy(p, layer)
		if err != nil {
			t.Fatal(err)
		}
		allowed := map[string]bool{}
		for _, document := range documents {
			for _, s := range document.Statements {
				for _, action := range s.Actions {
					allowed[action] = allowed[action] || s.Effect == policy.Allow
				}
			}
		}
		for _, action := range wanted {
			if !allowed[action] {
				t.Errorf("%s: %s is not allowed", layer, action)
			}
		}
		for _, s := range State(p, layer).Statements {
			wanted = append(wanted, s.Actions...)
		}
		for action, is := range allowed {
			if is && !slices.Contains(wanted, action) {
				t.Errorf("%s: %s is allowed without need", layer, action)
			}
		}
	}
}

func TestUnrecordedActionsHaveReasonsAndAreNotRecorded(t *testing.T) {
	t.Parallel()
	recording, err := Recorded()
	if err != nil {
		t.Fatal(err)
	}
	for layer, actions := range unrecorded {
		for action, reason := range actions {
			if len(reason) < 20 {
				t.Errorf("%s: %s has no reason", layer, action)
			}
			if slices.Contains(recording[layer], action) {
				t.Errorf("%s: %s is recorded, take it off the list of unrecorded actions", layer, action)
			}
		}
	}
}

func TestScopesOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		layer  Layer
		action string
		want   string // error; empty: a scope
	}{
		{MPP, "glue:CreateJob", ""},
		{Datalake, "lakeformation:GetDataAccess", "it is about credentials"},
		{Datalake, "kms:ScheduleKeyDeletion", "no rule says which resources"},
		{Datalake, "s3:BypassGovernanceRetention", "no rule says which resources"},
		{MPP, "iam:CreateAccessKey", "it is about credentials"},
		{Bootstrap, "secretsmanager:GetSecretValue", "it is about credentials"},
		{MPP, "iam:CreateUser", "no rule says which resources"},
		{MPP, "dynamodb:DeleteTable", "no rule says which resources"},
		{Datalake, "kitchen:Sink", "pkg/deploypolicy/scope_kitchen.go"},
	} {
		_, err := scopesOf(test.layer, test.action)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s of %s: error %v, want %q", test.action, test.layer, err, test.want)
		}
	}
}

// Where an action may be used, whether it was recorded or not.
func TestScopesEndWithTheEnvironment(t *testing.T) {
	t.Parallel()
	p := params(false)
	logs := func(name string) string { return p.Account.ARN("logs", "log-group:"+name+":log-stream:") }
	const role = "role/tarn/test/tarn-test-sales-job"
	crawler := "/aws-glue/crawlers-role/tarn/test/tarn-test-sales-raw-crawler-"
	for _, test := range []struct {
		layer            Layer
		action, resource string
		allowed          bool
	}{
		{MPP, "glue:CreateSecurityConfiguration", "*", true},
		{Datalake, "glue:CreateSecurityConfiguration", "*", true},
		{MPP, "glue:CreateDataQualityRuleset", "*", true},
		{MPP, "glue:UpdateDataQualityRuleset", p.Account.ARN("glue", "dataQualityRuleset/tarn-test-orders"), true},
		{MPP, "glue:UpdateDataQualityRuleset", p.Account.ARN("glue", "dataQualityRuleset/tarn-prod-orders"), false},
		{MPP, "glue:TagResource", p.Account.ARN("glue", "dataQualityRuleset/tarn-test-orders"), true},
		{MPP, "glue:CreateConnection", p.Account.ARN("glue", "connection/tarn-test-network-us-east-1a"), true},
		{MPP, "glue:CreateConnection", p.Account.ARN("glue", "connection/warehouse"), false},
		{MPP, "glue:StartWorkflowRun", p.Account.ARN("glue", "workflow/tarn-test-sales"), true},
		{MPP, "glue:StartWorkflowRun", p.Account.ARN("glue", "workflow/tarn-prod-sales"), false},
		{MPP, "glue:GetTables", p.Account.ARN("glue", "table/tarn_test_staged_sales/orders"), true},
		{MPP, "glue:GetTables", p.Account.ARN("glue", "table/tarn_prod_staged/orders"), false},
		{MPP, "logs:CreateLogGroup", logs("/tarn/test/sales/tarn-test-pipelines-" + role + "/output"), true},
		{MPP, "logs:CreateLogGroup", logs("/aws-glue/python-jobs/tarn-test-pipelines-" + role + "/error"), true},
		{MPP, "logs:CreateLogGroup", logs(crawler + "tarn-test-pipelines"), true},
		{MPP, "logs:CreateLogGroup", logs("/aws-glue/crawlers-role/team/their-own-tarn-test-pipelines"), true},
		{MPP, "logs:CreateLogGroup", logs(crawler + "tarn-test-catalog"), false},
		{MPP, "logs:CreateLogGroup", logs("/aws-glue/crawlers-role/team/x-tarn-prod-pipelines"), false},
		{MPP, "logs:DeleteLogGroup", logs("/aws-glue/crawlers"), false},
		{MPP, "logs:GetLogEvents", logs("/tarn/test/sales/x/output") + "jr_1", true},
		{MPP, "logs:GetLogEvents", logs("/aws/lambda/x") + "1", false},
		{MPP, "logs:GetLogEvents", logs("/tarn/prod/sales/x/output") + "jr_1", false},
		{Datalake, "logs:CreateLogGroup", logs("/aws-glue/crawlers-role/tarn/test/tarn-test-catalog-crawler-sales-tarn-test-catalog"), true},
		{Datalake, "logs:CreateLogGroup", logs(crawler + "tarn-test-pipelines"), false},
		{Datalake, "logs:CreateLogGroup", logs("/tarn/test/sales/x/output"), false},
		{MPP, "s3:GetObject", p.dataBucket("artifacts") + "/reports/sales/wr_1/raw-to-staged.json", true},
		{MPP, "s3:GetObject", p.dataBucket("artifacts") + "/tmp/x", false},
		{MPP, "s3:GetObject", p.dataBucket("staged") + "/sales/x.parquet", false},
		{MPP, "s3:PutObject", p.dataBucket("raw") + "/sales/x.csv", true},
		{MPP, "s3:PutObject", p.dataBucket("artifacts") + "/reports/sales/wr_1/raw-to-staged.json", false},
		{MPP, "s3:DeleteObject", p.dataBucket("raw") + "/sales/x.csv", true},
		{MPP, "s3:AbortMultipartUpload", p.dataBucket("raw") + "/sales/x.csv", true},
		{MPP, "s3:ListBucket", p.dataBucket("raw"), true},
		{MPP, "s3:ListBucket", p.dataBucket("staged"), false},
		{MPP, "sns:CreateTopic", p.Account.ARN("sns", "tarn-test-alerts"), true},
		{MPP, "sns:DeleteTopic", p.Account.ARN("sns", "tarn-prod-alerts"), false},
		{MPP, "sns:Subscribe", p.Account.ARN("sns", "billing"), false},
		{MPP, "sqs:SetQueueAttributes", p.Account.ARN("sqs", "tarn-test-sales-arrivals"), true},
		{MPP, "sqs:DeleteQueue", p.Account.ARN("sqs", "orders"), false},
		{MPP, "events:PutTargets", p.Account.ARN("events", "rule/tarn-test-sales-failed"), true},
		{MPP, "events:PutTargets", p.Account.ARN("events", "rule/backup"), false},
		{MPP, "cloudwatch:PutMetricAlarm", p.Account.ARN("cloudwatch", "alarm:tarn-test-sales-failed"), true},
		{MPP, "cloudwatch:DeleteAlarms", p.Account.ARN("cloudwatch", "alarm:billing"), false},
		{MPP, "cloudwatch:PutDashboard", p.Account.GlobalARN("cloudwatch", "dashboard/tarn-test-pipelines"), true},
		{MPP, "cloudwatch:DeleteDashboards", p.Account.GlobalARN("cloudwatch", "dashboard/theirs"), false},
		{MPP, "iam:PassRole", p.workRole("tarn-test-alerts"), true},
	} {
		scopes, err := scopesOf(test.layer, test.action)
		if err != nil {
			t.Error(err)
		}
		allowed := slices.ContainsFunc(scopes, func(s scope) bool {
			return slices.ContainsFunc(s.resources(p, test.layer), func(pattern string) bool { return policy.Like(pattern, test.resource) })
		})
		if allowed != test.allowed {
			t.Errorf("%s: %s on %s: allowed %v", test.layer, test.action, test.resource, allowed)
		}
	}
}

// What Glue knows no resource for is allowed with the environment's tags, or in its region.
func TestWhatIsEverywhereHasConditions(t *testing.T) {
	t.Parallel()
	p := params(false)
	for layer, actions := range map[Layer][]string{
		Datalake: {"glue:DeleteSecurityConfiguration"},
		MPP:      {"glue:DeleteSecurityConfiguration", "glue:CreateDataQualityRuleset", "sns:Unsubscribe", "ec2:DescribeVpcs"},
	} {
		for _, action := range actions {
			scopes, err := scopesOf(layer, action)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range scopes {
				if s.everywhere == "" || s.conditions == nil || len(s.conditions(p)) == 0 {
					t.Errorf("%s of %s is allowed everywhere without a reason or a condition", action, layer)
				}
			}
		}
	}
}

// A verb of the boundary must not open, on every resource, what Glue and SNS know resources for.
func TestBoundaryIsNarrowEverywhere(t *testing.T) {
	t.Parallel()
	p := params(false)
	boundary, err := DeployBoundary(p)
	if err != nil {
		t.Fatal(err)
	}
	for action, resource := range map[string]string{
		"glue:CreateJob": p.Account.ARN("glue", "job/others"), "glue:DeleteDataQualityRuleset": p.Account.ARN("glue", "dataQualityRuleset/others"),
		"sns:SetTopicAttributes": p.Account.ARN("sns", "others"), "sns:Publish": p.Account.ARN("sns", "tarn-test-alerts"),
		"sqs:ReceiveMessage": p.Account.ARN("sqs", "tarn-test-sales-arrivals"), "sqs:SendMessage": p.Account.ARN("sqs", "tarn-test-sales-arrivals"),
		"cloudwatch:DeleteAlarms": p.Account.ARN("cloudwatch", "alarm:others"), "events:PutRule": p.Account.ARN("events", "rule/others"),
		"events:PutEvents": p.Account.ARN("events", "event-bus/default"), "logs:GetLogEvents": p.Account.ARN("logs", "log-group:/aws/lambda/x"),
	} {
		decision, err := policy.Decide(policy.Request{
			Principal: p.RoleARN("x"), Action: action, Resource: resource, Context: policy.Context{"aws:RequestedRegion": {p.Account.Region}},
		}, policy.Policies{Identity: []policy.Document{boundary}})
		if err != nil || decision.Allowed {
			t.Errorf("%s on %s: %s %v", action, resource, decision.Reason, err)
		}
	}
}

func TestFromCalls(t *testing.T) {
	t.Parallel()
	p := params(false)
	state, table := p.Account.BucketARN(p.StateBucket()), p.Account.ARN("dynamodb", "table/"+p.LockTable())
	lines := []string{
		`{"action":"s3:CreateBucket","resources":["arn:aws:s3:::tarn-test-raw"],"principal":"x","allowed":true,"implied":false}`,
		`{"action":"iam:PassRole","resources":["arn:aws:iam::1:role/x"],"principal":"x","allowed":true,"implied":true}`,
		``,
		`{"action":"s3:CreateBucket","resources":["arn:aws:s3:::tarn-test-staged"],"principal":"x","allowed":false,"implied":false}`,
		`{"action":"sts:GetCallerIdentity","resources":["*"],"principal":"x","allowed":true,"implied":false}`,
		`{"action":"s3:PutObject","resources":["` + state + `/.pulumi/stacks/mpp/test.json"],"principal":"x","allowed":true,"implied":false}`,
		`{"action":"s3:ListBucket","resources":["` + state + `"],"principal":"x","allowed":true,"implied":false}`,
		`{"action":"dynamodb:UpdateItem","resources":["` + table + `"],"principal":"x","allowed":true,"implied":false}`,
		`{"action":"dynamodb:DescribeTable","resources":["` + table + `"],"principal":"x","allowed":true,"implied":false}`,
		`{"action":"s3:GetBucketPolicy","resources":["` + state + `"],"principal":"x","allowed":true,"implied":false}`,
	}
	got, err := FromCalls(strings.NewReader(strings.Join(lines, "\n")), p.StateCall)
	want := []string{"dynamodb:DescribeTable", "iam:PassRole", "s3:CreateBucket", "s3:GetBucketPolicy"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, want %v, error %v", got, want, err)
	}
	recording := Recording{MPP: {"s3:CreateBucket", "s3:DeleteBucket"}}
	recording.Merge(MPP, got)
	if len(recording[MPP]) != 5 || !slices.IsSorted(recording[MPP]) {
		t.Errorf("merged %v", recording[MPP])
	}
	text, err := recording.JSON()
	if err != nil || !strings.HasPrefix(string(text), "{\n  \"mpp\": [") {
		t.Errorf("written %s, error %v", text, err)
	}
	for want, line := range map[string]string{"line 1": `{`, "has no service": `{"action":"x"}`} {
		if _, err := FromCalls(strings.NewReader(line), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", line, err)
		}
	}
}
