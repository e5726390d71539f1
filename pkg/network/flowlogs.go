package network

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
)

// flowLogService writes flow logs.
const flowLogService = "vpc-flow-logs.amazonaws.com"

// FlowLogRoleName is the name of the role that writes flow logs.
func FlowLogRoleName(scope naming.Scope) string { return scope.Name("flow-logs") }

// flowLogs records which connections the VPC accepts and refuses (Security Hub control EC2.6).
func (n *Network) flowLogs(ctx *pulumi.Context, name string, where place) error {
	group, err := cloudwatch.NewLogGroup(ctx, name+"-flow-logs", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(n.args.Scope.LogGroup("flow-logs")),
		KmsKeyId:        n.args.KeyARN,
		RetentionInDays: pulumi.Int(n.args.LogRetentionDays),
		Tags:            n.args.Tags,
	}, pulumi.Parent(n))
	if err != nil {
		return err
	}
	role, rights, err := n.flowLogRole(ctx, name, group)
	if err != nil {
		return err
	}
	_, err = ec2.NewFlowLog(ctx, name+"-flow-log", &ec2.FlowLogArgs{
		VpcId:                  where.vpc,
		TrafficType:            pulumi.String("ALL"),
		LogDestinationType:     pulumi.String("cloud-watch-logs"),
		LogDestination:         group.Arn,
		IamRoleArn:             role.Arn,
		MaxAggregationInterval: pulumi.Int(600), //nolint:mnd // seconds; the other choice, 60, writes ten times as much
		Tags:                   n.tags("flow-logs"),
	}, pulumi.Parent(n), pulumi.DependsOn([]pulumi.Resource{rights}))
	return err
}

func (n *Network) flowLogRole(
	ctx *pulumi.Context, name string, group *cloudwatch.LogGroup,
) (*iam.Role, *iam.RolePolicy, error) {
	trust, err := FlowLogTrust(n.args.Account).JSON()
	if err != nil {
		return nil, nil, err
	}
	args := &iam.RoleArgs{
		Name:             pulumi.String(FlowLogRoleName(n.args.Scope)),
		Path:             pulumi.String(n.args.Scope.Path()),
		Description:      pulumi.String("Writes the flow logs of the jobs' network"),
		AssumeRolePolicy: pulumi.String(trust),
		Tags:             n.args.Tags,
	}
	if n.args.BoundaryARN != nil {
		args.PermissionsBoundary = n.args.BoundaryARN.ToStringOutput().ToStringPtrOutput()
	}
	role, err := iam.NewRole(ctx, name+"-flow-log-role", args, pulumi.Parent(n))
	if err != nil {
		return nil, nil, err
	}
	rights, err := iam.NewRolePolicy(ctx, name+"-flow-log-role", &iam.RolePolicyArgs{
		Role: role.Name, Name: pulumi.String("flow-logs"),
		Policy: policy.Render(pulumi.StringMap{"group": group.Name}, func(v map[string]string) policy.Document {
			return flowLogRights(n.args.Account, v["group"])
		}),
	}, pulumi.Parent(n))
	return role, rights, err
}

// FlowLogTrust lets flow logs of this account use the role, and nobody else's (Amazon VPC User Guide, "IAM role for
// publishing flow logs to CloudWatch Logs").
func FlowLogTrust(acct account.Account) policy.Document {
	return policy.ServiceTrust(flowLogService, acct.ID, acct.ARN("ec2", "vpc-flow-log/*"))
}

// flowLogRights is what the document of FlowLogTrust lists, but making groups: the group is there.
func flowLogRights(acct account.Account, group string) policy.Document {
	arn := acct.ARN("logs", "log-group:"+group)
	return policy.Document{Statements: []policy.Statement{
		{
			Sid: "WriteFlowLogs", Effect: policy.Allow,
			Actions:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
			Resources: []string{arn, arn + ":*"},
		},
		{
			Sid: "FindGroup", Effect: policy.Allow,
			Actions:   []string{"logs:DescribeLogGroups"},
			Resources: []string{acct.ARN("logs", "log-group:*")}, // CloudWatch Logs lists all groups or none
		},
	}}
}
