package catalog

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// Common is what everything that Glue runs in the catalog has in common.
type Common struct {
	// Required: organization and environment.
	Scope naming.Scope
	// Required: the account and region.
	Account account.Account
	// Required: the permission boundary of roles that work with data.
	BoundaryARN pulumi.StringOutput
	// Required: tags of every resource.
	Tags tagging.Tags
}

// Role is a role that Glue takes, and what has to be there before it does.
type Role struct {
	ARN  pulumi.StringOutput
	Made []pulumi.Resource
}

// NewRole makes a role that Glue takes for this account. The document is rendered from the values.
func NewRole(
	ctx *pulumi.Context, name, physical string, args Common, values pulumi.StringMap, document func(map[string]string) policy.Document,
) (*Role, error) {
	trust, err := policy.ServiceTrust("glue.amazonaws.com", args.Account.ID).JSON()
	if err != nil {
		return nil, err
	}
	made, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Name:                pulumi.String(physical),
		Path:                pulumi.String(args.Scope.Path()),
		AssumeRolePolicy:    pulumi.String(trust),
		PermissionsBoundary: args.BoundaryARN,
		Tags:                args.Tags.Input(),
	})
	if err != nil {
		return nil, err
	}
	attached, err := iam.NewRolePolicy(ctx, name+"-policy", &iam.RolePolicyArgs{
		Name: pulumi.String("access"), Role: made.Name, Policy: policy.Render(values, document),
	})
	if err != nil {
		return nil, err
	}
	return &Role{ARN: made.Arn, Made: []pulumi.Resource{attached}}, nil
}

// TableARNs names a table, or with "*" all tables, of databases. Glue wants the catalog and the database as well.
func TableARNs(acct account.Account, table string, databases ...string) []string {
	arns := []string{acct.ARN("glue", "catalog")}
	for _, database := range databases {
		arns = append(arns, acct.ARN("glue", "database/"+database), acct.ARN("glue", "table/"+database+"/"+table))
	}
	return arns
}

func writeLogs(acct account.Account, groups ...string) policy.Statement {
	statement := policy.Statement{
		Sid: "WriteLogs", Effect: policy.Allow,
		Actions: []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"},
	}
	for _, group := range groups {
		statement.Resources = append(statement.Resources, acct.ARN("logs", "log-group:"+group))
	}
	return statement
}

// crawlerLogs lets a crawler write its log. With a security configuration it has a group of its own, which exists
// before it runs; Glue then makes sure that the key is on it (Glue User Guide, "Logging for AWS Glue jobs").
func crawlerLogs(acct account.Account, own string) policy.Statement {
	return policy.Statement{
		Sid: "WriteLogs", Effect: policy.Allow,
		Actions:   []string{"logs:AssociateKmsKey", "logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: []string{acct.ARN("logs", "log-group:"+own), acct.ARN("logs", "log-group:"+own+":*")},
	}
}

// GlueMetrics is the namespace of Glue's own metrics.
const GlueMetrics = "Glue"

// PublishMetrics allows metrics of some namespaces. CloudWatch has no resources to name for this action; the
// namespace is the limit.
func PublishMetrics(namespaces ...string) policy.Statement {
	return policy.Statement{
		Sid: "PublishMetrics", Effect: policy.Allow,
		Actions: []string{"cloudwatch:PutMetricData"}, Resources: []string{"*"},
		Conditions: policy.Conditions{"StringEquals": {"cloudwatch:namespace": namespaces}},
	}
}
