package identity

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/deploypolicy"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// ServiceUserType is the type token of ServiceUser.
const ServiceUserType = "tarn:identity:ServiceUser"

// ServiceUserArgs configures a ServiceUser.
type ServiceUserArgs struct {
	// Required: name of the user and its group, at most 64 characters.
	Name string
	// Required: IAM path of both, with a slash at both ends.
	Path string
	// Required: ARN of the only role the user may assume.
	DeployRoleARN string
	// Required: ARN of the permission boundary.
	BoundaryARN pulumi.StringInput
	// Required: tags of the user.
	Tags tagging.Tags
}

// ServiceUser is the user a CI system without OIDC logs in as. It has no console password, and it can
// do one thing: become the deploy role, for as long as a session lasts. Its right comes from a group, as
// AWS recommends for users (Security Hub, IAM.2).
//
// No access key is made here, because it would be in the state for everybody who can read the state.
// The driver makes it through the API and writes it into an AccessKeySecret; for the same reason the
// user is deleted together with keys that Pulumi does not know.
type ServiceUser struct {
	pulumi.ResourceState

	Name pulumi.StringOutput `pulumi:"name"`
	ARN  pulumi.StringOutput `pulumi:"arn"`
}

// NewServiceUser makes a service user.
func NewServiceUser(
	ctx *pulumi.Context, name string, args *ServiceUserArgs, opts ...pulumi.ResourceOption,
) (*ServiceUser, error) {
	if args == nil || args.Name == "" || args.DeployRoleARN == "" {
		return nil, fmt.Errorf("%s %s: a name and a deploy role are required", ServiceUserType, name)
	}
	rights, err := deploypolicy.AssumeDeployRole(args.DeployRoleARN).JSON()
	if err != nil {
		return nil, err
	}
	u := &ServiceUser{}
	if err := ctx.RegisterComponentResource(ServiceUserType, name, u, opts...); err != nil {
		return nil, err
	}
	group, err := iam.NewGroup(ctx, name+"-group", &iam.GroupArgs{
		Name: pulumi.String(args.Name),
		Path: pulumi.String(args.Path),
	}, pulumi.Parent(u))
	if err != nil {
		return nil, err
	}
	if _, err := iam.NewGroupPolicy(ctx, name+"-assume", &iam.GroupPolicyArgs{
		Name:   pulumi.String("assume-deploy-role"),
		Group:  group.Name,
		Policy: pulumi.String(rights),
	}, pulumi.Parent(u)); err != nil {
		return nil, err
	}
	user, err := iam.NewUser(ctx, name, &iam.UserArgs{
		Name:                pulumi.String(args.Name),
		Path:                pulumi.String(args.Path),
		PermissionsBoundary: args.BoundaryARN.ToStringOutput(),
		ForceDestroy:        pulumi.Bool(true),
		Tags:                args.Tags.Input(),
	}, pulumi.Parent(u))
	if err != nil {
		return nil, err
	}
	if _, err := iam.NewUserGroupMembership(ctx, name+"-membership", &iam.UserGroupMembershipArgs{
		User:   user.Name,
		Groups: pulumi.StringArray{group.Name},
	}, pulumi.Parent(u)); err != nil {
		return nil, err
	}
	u.Name, u.ARN = user.Name, user.Arn
	return u, ctx.RegisterResourceOutputs(u, pulumi.Map{"name": u.Name, "arn": u.ARN})
}
