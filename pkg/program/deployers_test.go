package program_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/pulumitest"
)

// Parts of ARNs of the environment "test" of the organization "tarn".
const (
	accountARN = "arn:aws:iam::123456789012:"
	stateARN   = "arn:aws:s3:::tarn-test-state-123456789012-us-east-1"
	lockARN    = "arn:aws:dynamodb:us-east-1:123456789012:table/tarn-test-locks"
	deployARN  = accountARN + "role/tarn/test.deploy/tarn-test-deploy"
	gitHubARN  = accountARN + "oidc-provider/token.actions.githubusercontent.com"
	// The keys that the recorder makes.
	platformKey = "arn:aws:kms:us-east-1:123456789012:key/000000000000000000000000000000key-id"
	dataKey     = "arn:aws:kms:us-east-1:123456789012:key/0000000000000000000000000data-key-id"
)

// foundation runs the bootstrap project as stack "test", with further settings.
func foundation(t *testing.T, change map[string]any) *pulumitest.Recorder {
	t.Helper()
	settings := map[string]any{"organization": "tarn", "owner": "data"}
	maps.Copy(settings, change)
	p := projects()[0]
	recorder := &pulumitest.Recorder{}
	if err := recorder.Run(t, p.program, p.name, "test", settings); err != nil {
		t.Fatal(err)
	}
	pulumitest.CheckInvariants(t, recorder)
	return recorder
}

// gitHub is settings with repositories for the whole chain and for one layer.
func gitHub() map[string]any {
	return map[string]any{"deploy": map[string]any{"github": map[string]any{
		"repository": "acme/lake", "repositoryId": "42",
		"layers": map[string]any{"mpp": map[string]any{"repository": "acme/flights", "branch": "main"}},
	}}}
}

// policiesOf gives what is attached to a role, and its boundary.
func policiesOf(t *testing.T, recorder *pulumitest.Recorder, role string) policy.Policies {
	t.Helper()
	byARN := map[string]policy.Document{}
	for _, made := range recorder.OfType("aws:iam/policy:Policy") {
		arn := accountARN + "policy" + text(made, "path") + text(made, "name")
		byARN[arn] = pulumitest.Document(t, made, "policy")
	}
	made := recorder.Named("aws:iam/role:Role", role)
	boundary, found := byARN[text(made, "permissionsBoundary")]
	if !found {
		t.Fatalf("role %s has no boundary that was made", role)
	}
	policies := policy.Policies{Boundary: &boundary}
	for _, attachment := range recorder.OfType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		if attachment.Inputs["role"] != made.Inputs["name"] {
			continue
		}
		document, found := byARN[text(attachment, "policyArn")]
		if !found {
			t.Fatalf("role %s has the policy %v, which was not made", role, attachment.Inputs["policyArn"])
		}
		policies.Identity = append(policies.Identity, document)
	}
	if len(policies.Identity) == 0 {
		t.Fatalf("role %s may do nothing", role)
	}
	return policies
}

func text(resource pulumitest.Resource, property string) string {
	value, _ := resource.Inputs[property].(string)
	return value
}

// call is a request with at most one condition key.
type call struct {
	action, resource string
	key, value       string
}

func (c call) request(principal string) policy.Request {
	request := policy.Request{Principal: principal, Action: c.action, Resource: c.resource, Context: policy.Context{}}
	if c.key != "" {
		request.Context[c.key] = []string{c.value}
	}
	return request
}

const (
	boundaryKey = "iam:PermissionsBoundary"
	passKey     = "iam:PassedToService"
	itemKey     = "dynamodb:LeadingKeys"
	bypassKey   = "kms:BypassPolicyLockoutSafetyCheck"
	regionKey   = "aws:RequestedRegion"
	pipeRole    = accountARN + "role/tarn/test/tarn-test-flights-job"
	location    = accountARN + "role/tarn/test/tarn-test-lake-location"
	replication = accountARN + "role/tarn/test/tarn-test-raw-replication"
)

// attacks are ways by which whoever deploys would become more than that, or destroy what must last.
func attacks() map[string]call {
	return map[string]call{
		"a role without a boundary":                     {"iam:CreateRole", pipeRole, "", ""},
		"a role with another boundary":                  {"iam:CreateRole", pipeRole, boundaryKey, "arn:aws:iam::aws:policy/AdministratorAccess"},
		"a role outside the path":                       {"iam:CreateRole", accountARN + "role/admin", boundaryKey, boundaryARN},
		"a role among the deployers":                    {"iam:CreateRole", accountARN + "role/tarn/test.deploy/x", boundaryKey, boundaryARN},
		"a role of another environment":                 {"iam:CreateRole", accountARN + "role/tarn/prod/x", boundaryKey, boundaryARN},
		"a policy on a role without limit":              {"iam:PutRolePolicy", pipeRole, "", ""},
		"a policy on the deploy role":                   {"iam:PutRolePolicy", deployARN, boundaryKey, boundaryARN},
		"the administrator's policy":                    {"iam:AttachRolePolicy", pipeRole, "iam:PolicyARN", "arn:aws:iam::aws:policy/AdministratorAccess"},
		"the same on itself":                            {"iam:AttachRolePolicy", deployARN, "iam:PolicyARN", "arn:aws:iam::aws:policy/AdministratorAccess"},
		"another version of the boundary":               {"iam:CreatePolicyVersion", boundaryARN, "", ""},
		"an older version of the boundary":              {"iam:SetDefaultPolicyVersion", boundaryARN, "", ""},
		"no boundary policy":                            {"iam:DeletePolicy", boundaryARN, "", ""},
		"no boundary on a role":                         {"iam:DeleteRolePermissionsBoundary", pipeRole, boundaryKey, boundaryARN},
		"another boundary on a role":                    {"iam:PutRolePermissionsBoundary", pipeRole, boundaryKey, "arn:aws:iam::aws:policy/AdministratorAccess"},
		"its own boundary":                              {"iam:DeleteRolePermissionsBoundary", deployARN, "", ""},
		"a role for a Lambda function":                  {"iam:PassRole", pipeRole, passKey, "lambda.amazonaws.com"},
		"a role for a machine":                          {"iam:PassRole", pipeRole, passKey, "ec2.amazonaws.com"},
		"the deploy role for a job":                     {"iam:PassRole", deployARN, passKey, "glue.amazonaws.com"},
		"somebody's role for a job":                     {"iam:PassRole", accountARN + "role/admin", passKey, "glue.amazonaws.com"},
		"its own trust":                                 {"iam:UpdateAssumeRolePolicy", deployARN, "", ""},
		"its own session length":                        {"iam:UpdateRole", deployARN, "", ""},
		"its own group":                                 {"iam:PutGroupPolicy", accountARN + "group/tarn/test.deploy/tarn-test-ci", "", ""},
		"a member of its group":                         {"iam:AddUserToGroup", accountARN + "group/tarn/test.deploy/tarn-test-ci", "", ""},
		"rights for its user":                           {"iam:PutUserPolicy", accountARN + "user/tarn/test.deploy/tarn-test-ci", "", ""},
		"a key for its user":                            {"iam:CreateAccessKey", accountARN + "user/tarn/test.deploy/tarn-test-ci", "", ""},
		"a key for somebody else":                       {"iam:CreateAccessKey", accountARN + "user/admin", "", ""},
		"a password for its user":                       {"iam:CreateLoginProfile", accountARN + "user/tarn/test.deploy/tarn-test-ci", "", ""},
		"a user":                                        {"iam:CreateUser", accountARN + "user/tarn/test/x", boundaryKey, boundaryARN},
		"another audience":                              {"iam:AddClientIDToOpenIDConnectProvider", gitHubARN, "", ""},
		"another certificate":                           {"iam:UpdateOpenIDConnectProviderThumbprint", gitHubARN, "", ""},
		"no identity provider":                          {"iam:DeleteOpenIDConnectProvider", gitHubARN, "", ""},
		"another identity provider":                     {"iam:CreateOpenIDConnectProvider", accountARN + "oidc-provider/evil.example", "", ""},
		"the access key in the secret":                  {"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:tarn/test/ci-access-key-abcdef", "", ""},
		"the state bucket's policy":                     {"s3:PutBucketPolicy", stateARN, "", ""},
		"no versions of the state":                      {"s3:PutBucketVersioning", stateARN, "", ""},
		"shorter history of the state":                  {"s3:PutLifecycleConfiguration", stateARN, "", ""},
		"a version of the state":                        {"s3:DeleteObjectVersion", stateARN + "/.pulumi/stacks/mpp/test.json", "", ""},
		"no state bucket":                               {"s3:DeleteBucket", stateARN, "", ""},
		"the state's access log":                        {"s3:DeleteObject", "arn:aws:s3:::tarn-test-state-logs-123456789012-us-east-1/state/x", "", ""},
		"what is not Pulumi's":                          {"s3:PutObject", stateARN + "/other", "", ""},
		"no key":                                        {"kms:ScheduleKeyDeletion", keyARN, "", ""},
		"a key nobody can use":                          {"kms:DisableKey", keyARN, "", ""},
		"the policy of somebody's key":                  {"kms:PutKeyPolicy", keyARN, bypassKey, "false"},
		"the policy of the platform's key":              {"kms:PutKeyPolicy", platformKey, bypassKey, "false"},
		"a policy that locks everybody out of the data": {"kms:PutKeyPolicy", dataKey, bypassKey, "true"},
		"no key for the data":                           {"kms:ScheduleKeyDeletion", dataKey, "", ""},
		"no data, for now":                              {"kms:DisableKey", dataKey, "", ""},
		"a grant on the data":                           {"kms:CreateGrant", dataKey, "", ""},
		"the location role for a function":              {"iam:PassRole", location, passKey, "lambda.amazonaws.com"},
		"somebody's role for a location":                {"iam:PassRole", accountARN + "role/admin", passKey, "lakeformation.amazonaws.com"},
		"the deploy role for a location":                {"iam:PassRole", deployARN, passKey, "lakeformation.amazonaws.com"},
		"somebody's role for a copy":                    {"iam:PassRole", accountARN + "role/admin", passKey, "s3.amazonaws.com"},
		"the state's replication":                       {"iam:PassRole", accountARN + "role/tarn/test.deploy/tarn-test-state-replication", passKey, "s3.amazonaws.com"},
		"data through Lake Formation":                   {"lakeformation:GetDataAccess", "*", regionKey, "us-east-1"},
		"a table's credentials":                         {"lakeformation:GetTemporaryGlueTableCredentials", "*", regionKey, "us-east-1"},
		"Lake Formation in another region":              {"lakeformation:PutDataLakeSettings", "*", regionKey, "eu-west-1"},
		"versions that S3 has locked":                   {"s3:BypassGovernanceRetention", "arn:aws:s3:::tarn-test-raw-123456789012-us-east-1/x.csv", "", ""},
		"no lock table":                                 {"dynamodb:DeleteTable", lockARN, "", ""},
		"the lease of another environment":              {"dynamodb:UpdateItem", lockARN, itemKey, "lease/prod"},
		"every item of the lock table":                  {"dynamodb:UpdateItem", lockARN, "", ""},
		"another environment's data":                    {"s3:DeleteBucket", "arn:aws:s3:::tarn-prod-raw-123456789012-us-east-1", "", ""},
		"another environment's runs":                    {"glue:StartWorkflowRun", "arn:aws:glue:us-east-1:123456789012:workflow/tarn-prod-flights", "", ""},
		"another environment's logs":                    {"logs:GetLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/tarn/prod/flights/x/output:log-stream:x", "", ""},
		"news of files":                                 {"sqs:ReceiveMessage", "arn:aws:sqs:us-east-1:123456789012:tarn-test-flights-arrivals", "", ""},
		"rules without the environment's tags":          {"glue:CreateDataQualityRuleset", "*", "aws:RequestTag/tarn:environment", "prod"},
		"another environment's jobs":                    {"glue:UpdateJob", "arn:aws:glue:us-east-1:123456789012:job/tarn-prod-flights-raw-to-staged", "", ""},
		"an administrator's session":                    {"sts:AssumeRole", accountARN + "role/admin", "", ""},
	}
}

func TestDeployersCannotEscape(t *testing.T) {
	t.Parallel()
	recorder := foundation(t, gitHub())
	for _, role := range []string{"deploy", "deploy-mpp", "plan"} {
		policies := policiesOf(t, recorder, role)
		everything := policy.Policies{Boundary: policies.Boundary, Identity: []policy.Document{{Statements: []policy.Statement{
			{Sid: "Everything", Effect: policy.Allow, Actions: []string{"*"}, Resources: []string{"*"}},
		}}}}
		for name, attack := range attacks() {
			if d := decide(t, attack.request(deployARN), policies); d.Allowed {
				t.Errorf("%s: %s: %s", role, name, d.Reason)
			}
			// The policies that are attached today are one fence, the boundary is the other.
			if d := decide(t, attack.request(deployARN), everything); d.Allowed && attack.key != itemKey && attack.action != "dynamodb:UpdateItem" {
				t.Errorf("%s with everything attached: %s: %s", role, name, d.Reason)
			}
		}
	}
}

func TestDeployersCanDeploy(t *testing.T) {
	t.Parallel()
	const lake = "arn:aws:s3:::tarn-test-staged-123456789012-us-east-1"
	datalake := map[string]call{
		"make a bucket":                {"s3:CreateBucket", lake, "", ""},
		"write its policy":             {"s3:PutBucketPolicy", lake, "", ""},
		"empty it":                     {"s3:DeleteObjectVersion", lake + "/x/y.csv", "", ""},
		"make a database":              {"glue:CreateDatabase", "arn:aws:glue:us-east-1:123456789012:database/tarn_test_raw", "", ""},
		"make a workgroup":             {"athena:CreateWorkGroup", "arn:aws:athena:us-east-1:123456789012:workgroup/tarn-test-lake", "", ""},
		"write its state":              {"s3:PutObject", stateARN + "/.pulumi/stacks/datalake/test.json", "", ""},
		"lock its stack":               {"s3:PutObject", stateARN + "/.pulumi/locks/organization/datalake/test/x.json", "", ""},
		"unlock its stack":             {"s3:DeleteObject", stateARN + "/.pulumi/locks/organization/datalake/test/x.json", "", ""},
		"note what happened":           {"dynamodb:UpdateItem", lockARN, itemKey, "ledger/test/datalake"},
		"read bootstrap":               {"s3:GetObject", stateARN + "/.pulumi/stacks/bootstrap/test.json", "", ""},
		"say who may use the data key": {"kms:PutKeyPolicy", dataKey, bypassKey, "false"},
		"the same as AWS may ask it":   {"kms:PutKeyPolicy", dataKey, "", ""},
		"register a location":          {"lakeformation:RegisterResource", "*", regionKey, "us-east-1"},
		"give its role to it":          {"iam:PassRole", location, passKey, "lakeformation.amazonaws.com"},
		"copy a zone":                  {"s3:PutReplicationConfiguration", lake, "", ""},
		"give S3 the role for it":      {"iam:PassRole", replication, passKey, "s3.amazonaws.com"},
		"make a bucket for the copy":   {"s3:CreateBucket", "arn:aws:s3:::tarn-test-raw-copy-123456789012-eu-west-1", "", ""},
		"count what is in the copy":    {"s3:ListBucketVersions", "arn:aws:s3:::tarn-test-raw-copy-123456789012-eu-west-1", "", ""},
		"save a query":                 {"athena:CreateNamedQuery", "arn:aws:athena:us-east-1:123456789012:workgroup/tarn-test-lake", "", ""},
		"make a view":                  {"glue:CreateTable", "arn:aws:glue:us-east-1:123456789012:table/tarn_test_analytics/x", "", ""},
		"encrypt the catalog":          {"glue:PutDataCatalogEncryptionSettings", "arn:aws:glue:us-east-1:123456789012:catalog", "", ""},
		"be told of objects":           {"s3:PutBucketNotification", lake, "", ""},
		"lock versions":                {"s3:PutBucketObjectLockConfiguration", lake, "", ""},
	}
	mpp := map[string]call{
		"make a job":         {"glue:CreateJob", "arn:aws:glue:us-east-1:123456789012:job/tarn-test-flights-raw-to-staged", "", ""},
		"make a role":        {"iam:CreateRole", pipeRole, boundaryKey, boundaryARN},
		"give it a policy":   {"iam:PutRolePolicy", pipeRole, boundaryKey, boundaryARN},
		"delete it":          {"iam:DeleteRole", pipeRole, "", ""},
		"pass it":            {"iam:PassRole", pipeRole, passKey, "glue.amazonaws.com"},
		"upload a script":    {"s3:PutObject", "arn:aws:s3:::tarn-test-artifacts-123456789012-us-east-1/code/0/x.py", "", ""},
		"make a log group":   {"logs:CreateLogGroup", "arn:aws:logs:us-east-1:123456789012:log-group:/tarn/test/flights/output", "", ""},
		"list log groups":    {"logs:DescribeLogGroups", "arn:aws:logs:us-east-1:123456789012:log-group::log-stream:", "", ""},
		"write its state":    {"s3:PutObject", stateARN + "/.pulumi/stacks/mpp/test.json", "", ""},
		"take the lease":     {"dynamodb:UpdateItem", lockARN, itemKey, "lease/test"},
		"ask for the bucket": {"s3:ListBucket", stateARN, "", ""},
		"list the state":     {"s3:ListBucket", stateARN, "s3:prefix", ".pulumi/stacks/"},
		"read its lake":      {"s3:GetObject", stateARN + "/.pulumi/stacks/datalake/test.json", "", ""},
		"encrypt its upload": {"kms:GenerateDataKey", dataKey, "", ""},
		"give a role rights": {"lakeformation:GrantPermissions", "*", regionKey, "us-east-1"},
		"start a run":        {"glue:StartWorkflowRun", "arn:aws:glue:us-east-1:123456789012:workflow/tarn-test-flights", "", ""},
		"see how it went":    {"glue:GetWorkflowRuns", "arn:aws:glue:us-east-1:123456789012:workflow/tarn-test-flights", "", ""},
		"read its report":    {"s3:GetObject", "arn:aws:s3:::tarn-test-artifacts-123456789012-us-east-1/reports/flights/wr_1/raw-to-staged.json", "", ""},
		"read its log":       {"logs:GetLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/tarn/test/flights/x/output:log-stream:jr_1", "", ""},
		"upload raw files":   {"s3:PutObject", "arn:aws:s3:::tarn-test-raw-123456789012-us-east-1/flights/x.csv", "", ""},
		"give up a part":     {"s3:AbortMultipartUpload", "arn:aws:s3:::tarn-test-raw-123456789012-us-east-1/flights/x.csv", "", ""},
		"delete raw files":   {"s3:DeleteObject", "arn:aws:s3:::tarn-test-raw-123456789012-us-east-1/flights/x.csv", "", ""},
		"make a queue":       {"sqs:CreateQueue", "arn:aws:sqs:us-east-1:123456789012:tarn-test-flights-arrivals", "", ""},
		"subscribe to it":    {"sns:Subscribe", "arn:aws:sns:us-east-1:123456789012:tarn-test-alerts", "", ""},
		"have alarms sent":   {"iam:PassRole", accountARN + "role/tarn/test/tarn-test-alerts", passKey, "events.amazonaws.com"},
		"make a persona":     {"iam:CreateRole", accountARN + "role/tarn/test/tarn-test-persona-analyst", boundaryKey, boundaryARN},
	}
	recorder := foundation(t, gitHub())
	whole := policiesOf(t, recorder, "deploy")
	part := policiesOf(t, recorder, "deploy-mpp")
	for _, layer := range []map[string]call{datalake, mpp} {
		for name, wanted := range layer {
			if d := decide(t, wanted.request(deployARN), whole); !d.Allowed {
				t.Errorf("the deploy role cannot %s: %s", name, d.Reason)
			}
		}
	}
	for name, wanted := range mpp {
		if d := decide(t, wanted.request(deployARN), part); !d.Allowed {
			t.Errorf("the role of mpp cannot %s: %s", name, d.Reason)
		}
	}
	for name, other := range datalake {
		if d := decide(t, other.request(deployARN), part); d.Allowed {
			t.Errorf("the role of mpp can %s of the datalake project: %s", name, d.Reason)
		}
	}
}

// Where keys are protected the datalake project's role writes the policy of its own key, whatever policy is
// attached besides; and nobody who deploys shortens what S3 has locked.
func TestTheGuardLeavesTheDataKeyItsPolicy(t *testing.T) {
	t.Parallel()
	const object = "arn:aws:s3:::tarn-test-raw-123456789012-us-east-1/x.csv"
	for _, protect := range []bool{true, false} {
		policies := policiesOf(t, foundation(t, map[string]any{"protect": protect}), "deploy")
		policies.Boundary = nil
		policies.Identity = append(policies.Identity, policy.Document{Statements: []policy.Statement{
			{Sid: "Everything", Effect: policy.Allow, Actions: []string{"*"}, Resources: []string{"*"}},
		}})
		for name, test := range map[string]struct {
			call    call
			allowed bool
		}{
			"its policy":           {call{"kms:PutKeyPolicy", dataKey, "", ""}, true},
			"the platform's":       {call{"kms:PutKeyPolicy", platformKey, "", ""}, !protect},
			"no data key":          {call{"kms:ScheduleKeyDeletion", dataKey, "", ""}, !protect},
			"a disabled data key":  {call{"kms:DisableKey", dataKey, "", ""}, !protect},
			"a shorter retention":  {call{"s3:PutObjectRetention", object, "", ""}, !protect},
			"no legal hold":        {call{"s3:PutObjectLegalHold", object, "", ""}, !protect},
			"a retention bypassed": {call{"s3:BypassGovernanceRetention", object, "", ""}, !protect},
		} {
			if d := decide(t, test.call.request(deployARN), policies); d.Allowed != test.allowed {
				t.Errorf("protect %v, %s: %s", protect, name, d.Reason)
			}
		}
	}
}

// fullLake is settings of a datalake project that makes every kind of role.
func fullLake() map[string]any {
	return map[string]any{
		"organization": "tarn", "owner": "data", "access": fivePersonas(), "domains": map[string]any{"flights": map[string]any{"classification": "restricted"}},
		"lakeFormation": map[string]any{"mode": "full", "administrators": []string{accountARN + "user/test"}},
		"replication": map[string]any{
			"region": "eu-west-1", "keyArn": strings.Replace(keyARN, "us-east-1", "eu-west-1", 1), "zones": []string{"raw", "staged"},
		},
	}
}

// freshLakeFormation is Lake Formation in an account where nobody has used it yet.
func freshLakeFormation() map[string]func(map[string]any) (map[string]any, error) {
	return map[string]func(map[string]any) (map[string]any, error){
		"aws:lakeformation/getDataLakeSettings:getDataLakeSettings": func(map[string]any) (map[string]any, error) {
			return map[string]any{"admins": []any{}}, nil
		},
	}
}

// Whoever deploys may give every role of the lake to the service that it trusts: Lake Formation and S3.
func TestTheLakesRolesCanBePassed(t *testing.T) {
	t.Parallel()
	p, recorder := projects()[1], &pulumitest.Recorder{Upstream: upstream("test"), Functions: freshLakeFormation()}
	if err := recorder.Run(t, p.program, p.name, "test", fullLake()); err != nil {
		t.Fatal(err)
	}
	policies, passed := policiesOf(t, foundation(t, nil), "deploy"), 0
	for _, role := range recorder.OfType("aws:iam/role:Role") {
		for _, s := range pulumitest.Document(t, role, "assumeRolePolicy").Statements {
			for _, service := range s.Principal.Services {
				passed++
				wanted := call{"iam:PassRole", accountARN + "role" + text(role, "path") + text(role, "name"), passKey, service}
				if d := decide(t, wanted.request(deployARN), policies); !d.Allowed {
					t.Errorf("%s to %s: %s", role.Name, service, d.Reason)
				}
			}
		}
	}
	if passed != 3 {
		t.Errorf("%d roles of services, want that of Lake Formation and those of two copies", passed)
	}
}

// Roles that somebody else has made can be given to Glue, and to nobody else, when the settings say so.
func TestRolesMadeElsewhereCanBePassed(t *testing.T) {
	t.Parallel()
	const theirs = accountARN + "role/team/job"
	policies := policiesOf(t, foundation(t, map[string]any{"deploy": map[string]any{"passRoleArns": []string{theirs}}}), "deploy")
	for _, test := range []struct {
		call    call
		allowed bool
	}{
		{call{"iam:PassRole", theirs, passKey, "glue.amazonaws.com"}, true},
		{call{"iam:PassRole", theirs, passKey, "ec2.amazonaws.com"}, false},
		{call{"iam:PassRole", theirs + "2", passKey, "glue.amazonaws.com"}, false},
		{call{"iam:PutRolePolicy", theirs, boundaryKey, boundaryARN}, false},
	} {
		if d := decide(t, test.call.request(deployARN), policies); d.Allowed != test.allowed {
			t.Errorf("%+v: %s", test.call, d.Reason)
		}
	}
}

// The plan role changes nothing, wherever, and reads no data.
func TestPlanRoleOnlyReads(t *testing.T) {
	t.Parallel()
	policies := policiesOf(t, foundation(t, gitHub()), "plan")
	for _, document := range policies.Identity {
		for _, s := range document.Statements {
			for _, action := range s.Actions {
				_, name, _ := strings.Cut(action, ":")
				reads := slices.ContainsFunc([]string{"Get", "List", "Describe", "Head"}, func(verb string) bool { return strings.HasPrefix(name, verb) })
				if s.Effect == policy.Allow && !reads && action != "kms:Decrypt" {
					t.Errorf("statement %s allows %s", s.Sid, action)
				}
			}
		}
	}
	for name, forbidden := range map[string]call{
		"data":       {"s3:GetObject", "arn:aws:s3:::tarn-test-raw-123456789012-us-east-1/x.csv", "", ""},
		"logs":       {"logs:GetLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/tarn/test/flights/x/output:log-stream:x", "", ""},
		"a run":      {"glue:StartWorkflowRun", "arn:aws:glue:us-east-1:123456789012:workflow/tarn-test-flights", "", ""},
		"the lease":  {"dynamodb:UpdateItem", lockARN, itemKey, "lease/test"},
		"the state":  {"s3:PutObject", stateARN + "/.pulumi/stacks/mpp/test.json", "", ""},
		"a secret":   {"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:tarn/test/ci-access-key-abcdef", "", ""},
		"encryption": {"kms:Encrypt", keyARN, "", ""},
	} {
		if d := decide(t, forbidden.request(deployARN), policies); d.Allowed {
			t.Errorf("the plan role reaches %s: %s", name, d.Reason)
		}
	}
	for name, wanted := range map[string]call{
		"state":     {"s3:GetObject", stateARN + "/.pulumi/stacks/mpp/test.json", "", ""},
		"a bucket":  {"s3:GetBucketPolicy", "arn:aws:s3:::tarn-test-raw-123456789012-us-east-1", "", ""},
		"a job":     {"glue:GetJob", "arn:aws:glue:us-east-1:123456789012:job/tarn-test-flights-raw-to-staged", "", ""},
		"the lease": {"dynamodb:GetItem", lockARN, itemKey, "lease/test"},
	} {
		if d := decide(t, wanted.request(deployARN), policies); !d.Allowed {
			t.Errorf("the plan role cannot read %s: %s", name, d.Reason)
		}
	}
}

// Who may become which role, over the trusts as they are rendered.
func TestTrusts(t *testing.T) {
	t.Parallel()
	recorder := foundation(t, gitHub())
	const user = accountARN + "user/tarn/test.deploy/tarn-test-ci"
	token := func(subject, audience, id string) policy.Context {
		const issuer = "token.actions.githubusercontent.com"
		return policy.Context{issuer + ":sub": {subject}, issuer + ":aud": {audience}, issuer + ":repository_id": {id}}
	}
	const sts = "sts.amazonaws.com"
	tests := map[string]struct {
		role, principal string
		context         policy.Context
		allowed         bool
	}{
		"the service user":            {"deploy", user, nil, true},
		"another user":                {"deploy", accountARN + "user/x", nil, false},
		"the account":                 {"deploy", accountARN + "root", nil, false},
		"the user for one layer":      {"deploy-mpp", user, nil, false},
		"the user for plans":          {"plan", user, nil, false},
		"the environment's jobs":      {"deploy", gitHubARN, token("repo:acme/lake:environment:test", sts, "42"), true},
		"another number":              {"deploy", gitHubARN, token("repo:acme/lake:environment:test", sts, "43"), false},
		"another environment's jobs":  {"deploy", gitHubARN, token("repo:acme/lake:environment:prod", sts, "42"), false},
		"another repository's jobs":   {"deploy", gitHubARN, token("repo:evil/lake:environment:test", sts, "42"), false},
		"pull requests for deploying": {"deploy", gitHubARN, token("repo:acme/lake:pull_request", sts, "42"), false},
		"pull requests for plans":     {"plan", gitHubARN, token("repo:acme/lake:pull_request", sts, "42"), true},
		"the layer's pull requests":   {"plan", gitHubARN, token("repo:acme/flights:pull_request", sts, "7"), true},
		"another audience":            {"deploy", gitHubARN, token("repo:acme/lake:environment:test", "https://github.com/acme", "42"), false},
		"the layer's branch":          {"deploy-mpp", gitHubARN, token("repo:acme/flights:ref:refs/heads/main", sts, "7"), true},
		"another branch":              {"deploy-mpp", gitHubARN, token("repo:acme/flights:ref:refs/heads/main2", sts, "7"), false},
		"the layer for everything":    {"deploy", gitHubARN, token("repo:acme/flights:ref:refs/heads/main", sts, "7"), false},
		"a token without a subject":   {"deploy", gitHubARN, policy.Context{}, false},
	}
	for name, test := range tests {
		role := recorder.Named("aws:iam/role:Role", test.role)
		request := policy.Request{
			Principal: test.principal, Account: "123456789012", Action: "sts:AssumeRole", Context: test.context,
			Resource: accountARN + "role" + text(role, "path") + text(role, "name"),
		}
		if test.principal == gitHubARN {
			request.Action = "sts:AssumeRoleWithWebIdentity"
		}
		trust := policy.Policies{Resource: []policy.Document{pulumitest.Document(t, role, "assumeRolePolicy")}}
		if d := decide(t, request, trust); d.Allowed != test.allowed {
			t.Errorf("%s: %s", name, d.Reason)
		}
	}
}

// The service user can become the deploy role and nothing else.
func TestServiceUser(t *testing.T) {
	t.Parallel()
	recorder := foundation(t, map[string]any{"protect": true})
	groups := recorder.OfType("aws:iam/groupPolicy:GroupPolicy")
	if len(groups) != 1 {
		t.Fatalf("%d group policies", len(groups))
	}
	rights := policy.Policies{Identity: []policy.Document{pulumitest.Document(t, groups[0], "policy")}}
	principal := accountARN + "user/tarn/test.deploy/tarn-test-ci"
	if d := decide(t, call{"sts:AssumeRole", deployARN, "", ""}.request(principal), rights); !d.Allowed {
		t.Error(d.Reason)
	}
	for name, attack := range attacks() {
		if d := decide(t, attack.request(principal), rights); d.Allowed {
			t.Errorf("%s: %s", name, d.Reason)
		}
	}
	user := recorder.Named("aws:iam/user:User", "ci")
	if text(user, "path") != "/tarn/test.deploy/" || user.Inputs["forceDestroy"] != true {
		t.Errorf("user %v", user.Inputs)
	}
	secret := recorder.OfType("aws:secretsmanager/secret:Secret")[0]
	if text(secret, "name") != "tarn/test/ci-access-key" || secret.Inputs["recoveryWindowInDays"] != 30.0 || text(secret, "kmsKeyId") == "" {
		t.Errorf("secret %v", secret.Inputs)
	}
	for _, token := range []string{"aws:iam/accessKey:AccessKey", "aws:secretsmanager/secretVersion:SecretVersion"} {
		if len(recorder.OfType(token)) > 0 {
			t.Errorf("a %s is in the state", token)
		}
	}
}

// No role is made that nobody could become, and none that was given.
func TestWhichDeployersAreMade(t *testing.T) {
	t.Parallel()
	const given = "arn:aws:iam::123456789012:role/security/deployer"
	tests := map[string]struct {
		deploy map[string]any
		roles  []string
		user   bool
	}{
		"default":            {nil, []string{"deploy"}, true},
		"nobody":             {map[string]any{"user": false}, nil, false},
		"a role that exists": {map[string]any{"roleArn": given}, nil, true},
		"only GitHub": {
			map[string]any{"user": false, "github": map[string]any{"repository": "acme/lake"}}, []string{"deploy", "plan"}, false,
		},
		"only a layer": {
			map[string]any{"user": false, "github": map[string]any{"layers": map[string]any{"datalake": map[string]any{"repository": "a/b"}}}},
			[]string{"deploy-datalake", "plan"}, false,
		},
		"a plan role that exists": {
			map[string]any{"user": false, "planRoleArn": given, "github": map[string]any{"repository": "acme/lake"}}, []string{"deploy"}, false,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change := map[string]any{}
			if test.deploy != nil {
				change["deploy"] = test.deploy
			}
			recorder := foundation(t, change)
			var roles []string
			for _, role := range recorder.OfType("aws:iam/role:Role") {
				roles = append(roles, role.Name)
			}
			slices.Sort(roles)
			if !slices.Equal(roles, test.roles) || len(recorder.OfType("aws:iam/user:User")) == 1 != test.user {
				t.Errorf("roles %v, users %v", roles, recorder.OfType("aws:iam/user:User"))
			}
			if _, github := test.deploy["github"]; len(recorder.OfType("aws:iam/openIdConnectProvider:OpenIdConnectProvider")) == 1 != github {
				t.Error("the identity provider is made when nobody needs it, or missing")
			}
		})
	}
}
