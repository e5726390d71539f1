package program_test

import (
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/program/sandbox"
	"github.com/tarn-data/tarn/pkg/pulumitest"
)

// decide asks the evaluator and fails the test on a document it cannot read.
func decide(t *testing.T, request policy.Request, policies policy.Policies) policy.Decision {
	t.Helper()
	decision, err := policy.Decide(request, policies)
	if err != nil {
		t.Fatal(err)
	}
	return decision
}

// What the roles of a pipeline may and may not do, over the policies the program really renders.
func TestRolesAreLimitedToTheirPrefixes(t *testing.T) {
	t.Parallel()
	p := projects()[2]
	recorder := &pulumitest.Recorder{Upstream: upstream("test")}
	if err := recorder.Run(t, p.program, p.name, "test", map[string]any{"organization": "tarn", "owner": "data"}); err != nil {
		t.Fatal(err)
	}
	const table = "arn:aws:glue:us-east-1:123456789012:table/"
	tests := []struct {
		role, action, resource, prefix string
		allowed                        bool
	}{
		{"job", "s3:GetObject", "arn:aws:s3:::raw/nycflights13/flights/flights.csv", "", true},
		{"job", "s3:GetObject", "arn:aws:s3:::raw/payroll/salaries.csv", "", false},
		{"job", "s3:PutObject", "arn:aws:s3:::raw/nycflights13/flights/flights.csv", "", false},
		{"job", "s3:PutObject", "arn:aws:s3:::staged/flights/weather/data/x.parquet", "", true},
		{"job", "s3:PutObject", "arn:aws:s3:::staged/sales/orders/data/x.parquet", "", false},
		{"job", "s3:PutObject", "arn:aws:s3:::analytics/flights/worst_routes/data/x.parquet", "", true},
		{"job", "s3:PutObject", "arn:aws:s3:::analytics/sales/x", "", false},
		{"job", "s3:PutObject", "arn:aws:s3:::quarantine/rejected_rows/data/x.parquet", "", true},
		{"job", "s3:GetObject", "arn:aws:s3:::artifacts/code/0123/raw_to_staged.py", "", true},
		{"job", "s3:PutObject", "arn:aws:s3:::artifacts/code/0123/raw_to_staged.py", "", false},
		{"job", "s3:GetObject", "arn:aws:s3:::artifacts/manifests/sales/1.json", "", false},
		{"job", "s3:PutObject", "arn:aws:s3:::artifacts/manifests/flights/1.json", "", false},
		{"job", "s3:DeleteObjectVersion", "arn:aws:s3:::staged/flights/weather/data/x.parquet", "", false},
		{"job", "s3:ListBucket", "arn:aws:s3:::raw", "nycflights13/flights/", true},
		{"job", "s3:ListBucket", "arn:aws:s3:::raw", "payroll/", false},
		{"job", "s3:ListBucket", "arn:aws:s3:::raw", "", false},
		{"job", "glue:UpdateTable", table + "staged_db/flights", "", true},
		{"job", "glue:UpdateTable", table + "raw_db/flights", "", false},
		{"job", "glue:DeleteTable", table + "staged_db/flights", "", false},
		{"job", "iam:PassRole", "arn:aws:iam::123456789012:role/x", "", false},
		{"job", "logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/tarn/test/flights/output:log-stream:x", "", true},
		{"job", "logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/tarn/test/sales/output:log-stream:x", "", false},
		{"crawler", "s3:GetObject", "arn:aws:s3:::raw/nycflights13/flights/flights.csv", "", true},
		{"crawler", "s3:GetObject", "arn:aws:s3:::staged/flights/x", "", false},
		{"crawler", "s3:PutObject", "arn:aws:s3:::raw/nycflights13/flights/flights.csv", "", false},
		{"crawler", "s3:DeleteObject", "arn:aws:s3:::raw/nycflights13/flights/flights.csv", "", false},
		{"crawler", "glue:CreateTable", table + "raw_db/flights", "", true},
		{"crawler", "glue:CreateTable", table + "staged_db/flights", "", false},
		{"crawler", "kms:Encrypt", keyARN, "", false},
	}
	for _, test := range tests {
		role := recorder.Named("aws:iam/rolePolicy:RolePolicy", "flights-"+test.role+"-role-policy")
		decision := decide(t, policy.Request{
			Principal: "arn:aws:iam::123456789012:role/tarn/test/flights-" + test.role,
			Action:    test.action, Resource: test.resource, Context: policy.Context{"s3:prefix": {test.prefix}},
		}, policy.Policies{Identity: []policy.Document{pulumitest.Document(t, role, "policy")}})
		if decision.Allowed != test.allowed {
			t.Errorf("%s role: %s on %s with prefix %q: %s", test.role, test.action, test.resource, test.prefix, decision.Reason)
		}
	}
}

// Whatever the policies of the roles that work with data allow, their boundary lets pass: otherwise a
// job would be denied what its own policy says. The sandbox has all of them with their real names.
func TestTheBoundaryCoversEveryRole(t *testing.T) {
	t.Parallel()
	recorder := &pulumitest.Recorder{Functions: freshLakeFormation()}
	err := recorder.RunConfigured(t, sandbox.DeployFrom("../.."), "tarn", "test", map[string]map[string]any{
		contract.ProjectBootstrap: {"organization": "tarn", "owner": "data", "stateReplicaRegion": "eu-central-1"},
		contract.ProjectDatalake:  fullLake(),
		contract.ProjectMPP:       {"organization": "tarn", "owner": "data"},
	})
	if err != nil {
		t.Fatal(err)
	}
	boundary := pulumitest.Document(t, recorder.Named("aws:iam/policy:Policy", "workload-boundary"), "policy")
	checked := 0
	for _, role := range recorder.OfType("aws:iam/rolePolicy:RolePolicy") {
		for _, s := range pulumitest.Document(t, role, "policy").Statements {
			if s.Effect == policy.Deny {
				continue
			}
			for _, action := range s.Actions {
				for _, pattern := range s.Resources {
					checked++
					request := policy.Request{
						Principal: "arn:aws:iam::123456789012:role/tarn/test/" + roleName(recorder, role), Action: action,
						Resource: strings.ReplaceAll(pattern, "*", "x"), Context: satisfying(s.Conditions),
					}
					if d := decide(t, request, policy.Policies{Identity: []policy.Document{boundary}}); !d.Allowed {
						t.Errorf("%s, statement %s: the boundary denies %s on %s: %s", role.Name, s.Sid, action, pattern, d.Reason)
					}
				}
			}
		}
	}
	if checked < 500 {
		t.Errorf("only %d rights were checked", checked)
	}
}

// roleName is the name of the role that a policy belongs to.
func roleName(recorder *pulumitest.Recorder, attached pulumitest.Resource) string {
	for _, role := range recorder.OfType("aws:iam/role:Role") {
		if role.Inputs["name"] == attached.Inputs["role"] {
			return text(role, "name")
		}
	}
	return "unknown"
}

// satisfying gives a context that meets conditions which all are positive.
func satisfying(conditions policy.Conditions) policy.Context {
	context := policy.Context{}
	for _, keys := range conditions {
		for key, values := range keys {
			context[key] = []string{strings.ReplaceAll(values[0], "*", "x")}
		}
	}
	return context
}

// The boundary itself lets nobody escape.
func TestTheBoundaryEndsWhereDataEnds(t *testing.T) {
	t.Parallel()
	recorder := sandboxed(t, map[string]any{"organization": "tarn", "owner": "data"})
	boundary := pulumitest.Document(t, recorder.Named("aws:iam/policy:Policy", "workload-boundary"), "policy")
	everything := policy.Document{Statements: []policy.Statement{
		{Sid: "Everything", Effect: policy.Allow, Actions: []string{"*"}, Resources: []string{"*"}},
	}}
	for _, forbidden := range [][2]string{
		{"iam:CreateUser", "arn:aws:iam::123456789012:user/x"},
		{"iam:PassRole", "arn:aws:iam::123456789012:role/tarn/test/x"},
		{"sts:AssumeRole", "arn:aws:iam::123456789012:role/tarn/test.deploy/tarn-test-deploy"},
		{"kms:ScheduleKeyDeletion", keyARN},
		{"s3:PutBucketPolicy", "arn:aws:s3:::tarn-test-raw-123456789012-us-east-1"},
		{"s3:GetObject", "arn:aws:s3:::tarn-test-state-123456789012-us-east-1/.pulumi/stacks/mpp/test.json"},
		{"s3:PutObject", "arn:aws:s3:::tarn-test-artifacts-123456789012-us-east-1/code/0/raw_to_staged.py"},
		{"s3:DeleteObjectVersion", "arn:aws:s3:::tarn-test-raw-123456789012-us-east-1/x"},
		{"glue:DeleteTable", "arn:aws:glue:us-east-1:123456789012:table/tarn_test_staged/flights"},
		{"kms:Decrypt", platformKey},
		{"kms:PutKeyPolicy", dataKey},
		{"athena:DeleteWorkGroup", "arn:aws:athena:us-east-1:123456789012:workgroup/tarn-test-lake"},
		{"athena:StartQueryExecution", "arn:aws:athena:us-east-1:123456789012:workgroup/primary"},
		{"lakeformation:PutDataLakeSettings", "*"},
		{"lakeformation:GrantPermissions", "*"},
		{"s3:ReplicateObject", "arn:aws:s3:::tarn-test-state-replica-123456789012-eu-central-1/x"},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:tarn/test/ci-access-key-abcdef"},
		{"glue:UpdateJob", "arn:aws:glue:us-east-1:123456789012:job/tarn-test-flights-raw-to-staged"},
		{"s3:GetObject", "arn:aws:s3:::tarn-prod-raw-123456789012-us-east-1/x"},
	} {
		request := policy.Request{
			Principal: "arn:aws:iam::123456789012:role/tarn/test/job", Action: forbidden[0], Resource: forbidden[1],
		}
		d := decide(t, request, policy.Policies{Identity: []policy.Document{everything}, Boundary: &boundary})
		if d.Allowed {
			t.Errorf("%s on %s: %s", forbidden[0], forbidden[1], d.Reason)
		}
	}
}

// Versions and tables go for good only at the hands of a persona, which needs a policy that says so, too.
func TestOnlyPersonasDeleteForGood(t *testing.T) {
	t.Parallel()
	recorder := sandboxed(t, map[string]any{"organization": "tarn", "owner": "data"})
	boundary := pulumitest.Document(t, recorder.Named("aws:iam/policy:Policy", "workload-boundary"), "policy")
	everything := policy.Document{Statements: []policy.Statement{
		{Sid: "Everything", Effect: policy.Allow, Actions: []string{"*"}, Resources: []string{"*"}},
	}}
	const lake = "arn:aws:s3:::tarn-test-"
	const end = "-123456789012-us-east-1/x"
	for _, test := range []struct {
		role, action, resource string
		allowed                bool
	}{
		{"tarn-test-persona-steward", "s3:DeleteObjectVersion", lake + "raw" + end, true},
		{"tarn-test-persona-steward", "glue:DeleteTable", "arn:aws:glue:us-east-1:123456789012:table/tarn_test_staged/flights", true},
		{"tarn-test-persona-steward", "s3:DeleteObjectVersion", lake + "state" + end, false},
		{"tarn-test-persona-steward", "s3:DeleteObjectVersion", strings.Replace(lake, "test", "prod", 1) + "raw" + end, false},
		{"tarn-test-persona-steward", "s3:DeleteObjectVersion", lake + "artifacts-123456789012-us-east-1/code/0/x.py", false},
		{"tarn-test-flights-job", "s3:DeleteObjectVersion", lake + "raw" + end, false},
		{"tarn-test-flights-job", "s3:DeleteObject", lake + "raw" + end, true},
		{"tarn-test-lake-location", "s3:DeleteObjectVersion", lake + "raw" + end, false},
	} {
		d := decide(t, policy.Request{
			Principal: "arn:aws:iam::123456789012:role/tarn/test/" + test.role, Action: test.action, Resource: test.resource,
		}, policy.Policies{Identity: []policy.Document{everything}, Boundary: &boundary})
		if d.Allowed != test.allowed {
			t.Errorf("%s: %s on %s: %s", test.role, test.action, test.resource, d.Reason)
		}
	}
}
