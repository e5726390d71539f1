package network

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/policy"
)

// connections makes a Glue connection for each subnet, which has the zone of its subnet: Glue starts no job where the
// two differ.
func (n *Network) connections(ctx *pulumi.Context, name string, where place) error {
	for i, subnet := range where.subnets {
		part := fmt.Sprintf("network-%d", i+1)
		made, err := glue.NewConnection(ctx, fmt.Sprintf("%s-%d", name, i+1), &glue.ConnectionArgs{
			Name:           pulumi.String(n.args.Scope.Name(part)),
			Description:    pulumi.String("The private network of jobs, in one availability zone"),
			ConnectionType: pulumi.String("NETWORK"),
			PhysicalConnectionRequirements: &glue.ConnectionPhysicalConnectionRequirementsArgs{
				AvailabilityZone: where.zones[i], SubnetId: subnet, SecurityGroupIdLists: pulumi.StringArray{n.SecurityGroupID},
			},
			Tags: n.args.Tags,
		}, pulumi.Parent(n))
		if err != nil {
			return err
		}
		n.Connections = append(n.Connections, made.Name)
		n.Ready = append(n.Ready, made)
	}
	return nil
}

// JobStatements are what a role needs whose jobs or crawlers run in the network: Glue makes their network interfaces
// as the role (Glue User Guide, "Identity-based policies for AWS Glue", AWSGlueServiceRole).
func JobStatements(acct account.Account, connections []string) []policy.Statement {
	inRegion := policy.Conditions{"StringEquals": {"aws:RequestedRegion": {acct.Region}}}
	resources := []string{acct.ARN("glue", "catalog")}
	for _, connection := range connections {
		resources = append(resources, acct.ARN("glue", "connection/"+connection))
	}
	return []policy.Statement{
		{
			Sid: "FindNetwork", Effect: policy.Allow,
			Actions: []string{
				"ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
				"ec2:DescribeVpcAttribute", "ec2:DescribeVpcEndpoints",
			},
			Resources:  []string{"*"}, // EC2 knows no resources for what describes (Service Authorization Reference, "Amazon EC2")
			Conditions: inRegion,
		},
		{
			Sid: "JoinNetwork", Effect: policy.Allow,
			Actions: []string{"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"},
			Resources: []string{
				acct.ARN("ec2", "network-interface/*"), acct.ARN("ec2", "security-group/*"), acct.ARN("ec2", "subnet/*"),
			},
		},
		{
			Sid: "MarkInterfaces", Effect: policy.Allow,
			Actions:    []string{"ec2:CreateTags", "ec2:DeleteTags"},
			Resources:  []string{acct.ARN("ec2", "network-interface/*")},
			Conditions: policy.Conditions{"ForAllValues:StringEquals": {"aws:TagKeys": {"aws-glue-service-resource"}}},
		},
		{Sid: "ReadConnections", Effect: policy.Allow, Actions: []string{"glue:GetConnection"}, Resources: resources},
	}
}

// serviceName is what AWS calls the endpoint of a service.
func serviceName(region, called string) string {
	prefix := "com.amazonaws."
	// In China all but a few names begin with cn (Amazon VPC documentation of the China regions).
	if strings.HasPrefix(region, "cn-") && called != "s3" && called != "monitoring" && called != "logs" {
		prefix = "cn.com.amazonaws."
	}
	return prefix + region + "." + called
}
