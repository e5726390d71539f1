package deploypolicy

import (
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/policy"
)

// Beside data, the boundary lets a role join a network, say what is wrong and hand an optimizer's role to Glue; and of
// each of these no more.
func TestWorkloadBoundaryEndsBesideTheData(t *testing.T) {
	t.Parallel()
	p := params(false)
	boundary := WorkloadBoundary(p)
	everything := policy.Document{Statements: []policy.Statement{
		{Sid: "Everything", Effect: policy.Allow, Actions: []string{"*"}, Resources: []string{"*"}},
	}}
	role := func(name string) string { return p.workRole(p.Scope.Name(name)) }
	toGlue := policy.Context{"iam:PassedToService": {"glue.amazonaws.com"}}
	here := policy.Context{"aws:RequestedRegion": {p.Account.Region}}
	interfaces := p.Account.ARN("ec2", "network-interface/eni-1")
	state := p.Account.BucketARN(p.StateBucket())
	for _, test := range []struct {
		action, resource string
		context          policy.Context
		allowed          bool
	}{
		{"iam:PassRole", role("sales-optimizer"), toGlue, true},
		{"iam:PassRole", role("sales-optimizer"), policy.Context{"iam:PassedToService": {"ec2.amazonaws.com"}}, false},
		{"iam:PassRole", role("sales-optimizer"), nil, false},
		{"iam:PassRole", role("sales-job"), toGlue, false},
		{"iam:PassRole", strings.Replace(role("sales-optimizer"), "/test/", "/prod/", 1), toGlue, false},
		{"iam:PassRole", p.deployARN("role", "deploy"), toGlue, false},
		{"glue:CreateJob", p.Account.ARN("glue", "job/"+p.Scope.Name("x")), nil, false},
		{"glue:StartJobRun", p.Account.ARN("glue", "job/"+p.Scope.Name("x")), nil, false},
		{"glue:CreateConnection", p.Account.ARN("glue", "connection/"+p.Scope.Name("x")), nil, false},
		{"glue:GetConnection", p.Account.ARN("glue", "connection/"+p.Scope.Name("x")), nil, true},
		{"glue:GetConnection", p.Account.ARN("glue", "connection/others"), nil, false},
		{"glue:NotifyEvent", p.Account.ARN("glue", "workflow/"+p.Scope.Name("sales")), nil, true},
		{"glue:NotifyEvent", p.Account.ARN("glue", "workflow/others"), nil, false},
		{"glue:StartWorkflowRun", p.Account.ARN("glue", "workflow/"+p.Scope.Name("sales")), nil, false},
		{"glue:CreateTableOptimizer", p.Account.ARN("glue", "table/"+p.Scope.Database("staged")+"/x"), nil, true},
		{"glue:CreateTableOptimizer", p.Account.ARN("glue", "table/others/x"), nil, false},
		{"ec2:CreateNetworkInterface", p.Account.ARN("ec2", "subnet/subnet-1"), nil, true},
		{"ec2:CreateTags", interfaces, policy.Context{"aws:TagKeys": {"aws-glue-service-resource"}}, true},
		{"ec2:CreateTags", interfaces, policy.Context{"aws:TagKeys": {"aws-glue-service-resource", "owner"}}, false},
		{"ec2:CreateTags", p.Account.ARN("ec2", "instance/i-1"), nil, false},
		{"ec2:RunInstances", p.Account.ARN("ec2", "instance/*"), nil, false},
		{"ec2:DescribeSubnets", "*", here, true},
		{"ec2:DescribeSubnets", "*", policy.Context{"aws:RequestedRegion": {"eu-central-1"}}, false},
		{"sns:Publish", p.Account.ARN("sns", "alerts"), nil, true},
		{"sns:Subscribe", p.Account.ARN("sns", "alerts"), nil, false},
		{"sqs:SendMessage", p.Account.ARN("sqs", "arrivals"), nil, false},
		{"logs:AssociateKmsKey", p.Account.ARN("logs", "log-group:/aws-glue/crawlers-role/x"), nil, true},
		{"logs:DeleteLogGroup", p.Account.ARN("logs", "log-group:/aws-glue/crawlers-role/x"), nil, false},
		{"logs:PutLogEvents", p.Account.ARN("logs", "log-group:/aws/lambda/x"), nil, false},
		{"s3:ListBucket", state, nil, true}, // of the replication
		{"s3:GetObject", state + "/.pulumi/x", nil, false},
		{"s3:PutObject", state + "/.pulumi/x", nil, false},
		{"s3:PutBucketPolicy", p.dataBucket("raw"), nil, false},
		{"s3:GetObject", p.dataBucket("raw") + "/x", nil, true},
		{"s3:ListBucket", p.dataBucket("raw"), nil, true},
	} {
		decision, err := policy.Decide(policy.Request{
			Principal: role("sales-job"), Action: test.action, Resource: test.resource, Context: test.context,
		}, policy.Policies{Identity: []policy.Document{everything}, Boundary: &boundary})
		if err != nil || decision.Allowed != test.allowed {
			t.Errorf("%s on %s: %s %v, want allowed %v", test.action, test.resource, decision.Reason, err, test.allowed)
		}
	}
}
