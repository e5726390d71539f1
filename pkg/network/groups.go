package network

import (
	"errors"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// https is the only port that AWS's services are reached on.
const https = 443

// groups are the security groups: one of the jobs, and one of the endpoints if there are any.
type groups struct {
	jobs, endpoints *ec2.SecurityGroup
}

// emptyDefaultGroup takes all rules from the group that AWS gives every VPC, so that what is put into the VPC without
// a group of its own reaches nothing (Security Hub control EC2.2).
func (n *Network) emptyDefaultGroup(ctx *pulumi.Context, name string, where place) error {
	_, err := ec2.NewDefaultSecurityGroup(ctx, name+"-default", &ec2.DefaultSecurityGroupArgs{
		VpcId: where.vpc, Tags: n.tags("default"),
	}, pulumi.Parent(n))
	return err
}

// securityGroups makes the groups without rules. Whoever makes one with Pulumi also takes away the rule with which
// AWS lets it reach everything.
func (n *Network) securityGroups(ctx *pulumi.Context, name string, where place) (groups, error) {
	group := func(part, description string) (*ec2.SecurityGroup, error) {
		return ec2.NewSecurityGroup(ctx, name+"-"+part, &ec2.SecurityGroupArgs{
			Name: pulumi.String(n.args.Scope.Name(part)), Description: pulumi.String(description), VpcId: where.vpc,
			Tags: n.tags(part),
		}, pulumi.Parent(n), pulumi.DependsOn(where.ready))
	}
	var made groups
	var err error
	if made.jobs, err = group("jobs", "Glue jobs: each other and endpoints, nothing else"); err != nil {
		return made, err
	}
	if len(n.args.interfaceServices()) > 0 {
		made.endpoints, err = group("endpoints", "Interface endpoints: HTTPS from Glue jobs, nothing else")
	}
	return made, err
}

// rules lets the workers of a job talk with each other, which Glue wants on every TCP port (Glue User Guide, "Setting
// up Amazon VPC for JDBC connections to Amazon RDS data stores from AWS Glue"), and with the endpoints.
func (n *Network) rules(ctx *pulumi.Context, name string, g groups, s3 *ec2.VpcEndpoint) error {
	var problems []error
	rule := func(part string, ingress bool, args vpc.SecurityGroupEgressRuleArgs) {
		args.Tags, args.IpProtocol = n.args.Tags, pulumi.String("tcp")
		rule, err := newRule(ctx, name+"-"+part, ingress, args, pulumi.Parent(n))
		problems = append(problems, err)
		n.Ready = append(n.Ready, rule)
	}
	every := vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: g.jobs.ID(), ReferencedSecurityGroupId: g.jobs.ID(),
		FromPort: pulumi.Int(0), ToPort: pulumi.Int(65535), //nolint:mnd // all ports
	}
	every.Description = pulumi.String("From the other workers of a job")
	rule("jobs-from-jobs", true, every)
	every.Description = pulumi.String("To the other workers of a job")
	rule("jobs-to-jobs", false, every)
	rule("jobs-to-s3", false, vpc.SecurityGroupEgressRuleArgs{
		Description: pulumi.String("To S3 through its endpoint"), SecurityGroupId: g.jobs.ID(), PrefixListId: s3.PrefixListId,
		FromPort: pulumi.Int(https), ToPort: pulumi.Int(https),
	})
	if g.endpoints != nil {
		rule("jobs-to-endpoints", false, vpc.SecurityGroupEgressRuleArgs{
			Description: pulumi.String("To the interface endpoints"), SecurityGroupId: g.jobs.ID(),
			ReferencedSecurityGroupId: g.endpoints.ID(), FromPort: pulumi.Int(https), ToPort: pulumi.Int(https),
		})
		rule("endpoints-from-jobs", true, vpc.SecurityGroupEgressRuleArgs{
			Description: pulumi.String("From Glue jobs"), SecurityGroupId: g.endpoints.ID(),
			ReferencedSecurityGroupId: g.jobs.ID(), FromPort: pulumi.Int(https), ToPort: pulumi.Int(https),
		})
	}
	return errors.Join(problems...)
}

// newRule makes a rule of either direction: both have the same arguments.
func newRule(
	ctx *pulumi.Context, name string, ingress bool, args vpc.SecurityGroupEgressRuleArgs, opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	if !ingress {
		return vpc.NewSecurityGroupEgressRule(ctx, name, &args, opts...)
	}
	in := vpc.SecurityGroupIngressRuleArgs(args)
	return vpc.NewSecurityGroupIngressRule(ctx, name, &in, opts...)
}
