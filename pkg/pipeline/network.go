package pipeline

import "github.com/tarn-data/tarn/pkg/policy"

// networkRights are what Glue does with the role of a job or crawler that runs in a network (Glue User Guide, "Step 1:
// Create an IAM policy for the AWS Glue service"): it reads the connection and puts its own network interfaces there.
func (b *base) networkRights() []policy.Statement {
	if len(b.Connections) == 0 {
		return nil
	}
	interfaces := b.Account.ARN("ec2", "network-interface/*")
	return []policy.Statement{
		{
			Sid: "ReadConnections", Effect: policy.Allow,
			Actions:   []string{"glue:GetConnection"},
			Resources: []string{b.Account.ARN("glue", "catalog"), b.Account.ARN("glue", "connection/"+b.Scope.Name("*"))},
		},
		{
			Sid: "JoinNetwork", Effect: policy.Allow,
			Actions:   []string{"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"},
			Resources: []string{interfaces, b.Account.ARN("ec2", "security-group/*"), b.Account.ARN("ec2", "subnet/*")},
		},
		{
			Sid: "MarkInterfaces", Effect: policy.Allow,
			Actions:    []string{"ec2:CreateTags"},
			Resources:  []string{interfaces},
			Conditions: policy.Conditions{"ForAllValues:StringEquals": {"aws:TagKeys": {"aws-glue-service-resource"}}},
		},
		{
			Sid: "LookAtNetwork", Effect: policy.Allow,
			Actions: []string{
				"ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
				"ec2:DescribeVpcEndpoints",
			},
			Resources: []string{"*"}, // EC2 knows no resources for them
		},
		{
			Sid: "LookAtVPC", Effect: policy.Allow,
			Actions:   []string{"ec2:DescribeVpcAttribute"},
			Resources: []string{b.Account.ARN("ec2", "vpc/*")},
		},
	}
}
