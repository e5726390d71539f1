package identity

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/tagging"
)

// DeployRoleType is the type token of DeployRole.
const DeployRoleType = "tarn:identity:DeployRole"

// Limits of IAM behind the checks (IAM API Reference, CreateRole; IAM User Guide, "IAM and AWS STS quotas").
const (
	MinSessionMinutes = 60
	MaxSessionMinutes = 720
	// MaxRolePolicies is how many managed policies a role may have without asking AWS for more.
	MaxRolePolicies = 10
)

// DeployRoleArgs configures a DeployRole.
type DeployRoleArgs struct {
	// Required: the role's name, at most 64 characters.
	Name string
	// Required: IAM path of role and policies, with a slash at both ends.
	Path string
	// Required: what the role is for, for its description.
	Purpose string
	// Required: who may assume it; without a statement the role would be of no use.
	Trust Document
	// Required: what it may do, as one managed policy for each document.
	Access []Document
	// Required: ARN of the permission boundary.
	BoundaryARN pulumi.StringInput
	// Optional: the longest session in minutes, 60 to 720; defaults to 60.
	MaxSessionMinutes int
	// Required: tags of role and policies.
	Tags tagging.Tags
}

// DeployRole is a role that a person, a CI system or the service user becomes to deploy.
type DeployRole struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput `pulumi:"arn"`
}

// NewDeployRole makes a deploy role.
func NewDeployRole(
	ctx *pulumi.Context, name string, args *DeployRoleArgs, opts ...pulumi.ResourceOption,
) (*DeployRole, error) {
	if args == nil {
		return nil, fmt.Errorf("%s %s: args are required", DeployRoleType, name)
	}
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("%s %s: %w", DeployRoleType, name, err)
	}
	session := args.MaxSessionMinutes
	if session == 0 {
		session = MinSessionMinutes
	}
	r := &DeployRole{}
	if err := ctx.RegisterComponentResource(DeployRoleType, name, r, opts...); err != nil {
		return nil, err
	}
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Name:                pulumi.String(args.Name),
		Path:                pulumi.String(args.Path),
		Description:         pulumi.String(args.Purpose),
		AssumeRolePolicy:    args.Trust.render(),
		PermissionsBoundary: args.BoundaryARN.ToStringOutput(),
		MaxSessionDuration:  pulumi.Int(session * 60),
		Tags:                args.Tags.Input(),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, err
	}
	for i, document := range args.Access {
		part := fmt.Sprintf("access-%d", i+1)
		made, err := managedPolicy(ctx, name+"-"+part, args.Name+"-"+part, args.Path,
			fmt.Sprintf("%s, part %d of %d", args.Purpose, i+1, len(args.Access)), document, args.Tags, r)
		if err != nil {
			return nil, err
		}
		if _, err := iam.NewRolePolicyAttachment(ctx, name+"-"+part, &iam.RolePolicyAttachmentArgs{
			Role:      role.Name,
			PolicyArn: made.Arn,
		}, pulumi.Parent(r)); err != nil {
			return nil, err
		}
	}
	r.ARN = role.Arn
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"arn": r.ARN})
}

func (a *DeployRoleArgs) validate() error {
	if a.Name == "" || a.Trust.Build == nil || len(a.Access) == 0 {
		return fmt.Errorf("a name, a trust and a policy are required")
	}
	if len(a.Access) > MaxRolePolicies {
		return fmt.Errorf("%d policies, IAM allows a role %d", len(a.Access), MaxRolePolicies)
	}
	if m := a.MaxSessionMinutes; m != 0 && (m < MinSessionMinutes || m > MaxSessionMinutes) {
		return fmt.Errorf("session of %d minutes, IAM allows %d to %d", m, MinSessionMinutes, MaxSessionMinutes)
	}
	return nil
}
