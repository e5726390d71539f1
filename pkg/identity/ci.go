// Package identity makes the identities that deploy.
package identity

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// ServiceUserType is the type token of ServiceUser.
const ServiceUserType = "tarn:identity:ServiceUser"

// ServiceUserArgs configures a ServiceUser.
type ServiceUserArgs struct {
	// Required: the user's name, at most 64 characters.
	Name string
	// Required: IAM path of user and policy, with a slash at both ends.
	Path string
	// Required: ARNs of what the user works with.
	StateBucketARN, LockTableARN, KeyARN pulumi.StringInput
	// Optional: delete the user although it has access keys that Pulumi did not make; defaults to false.
	ForceDestroy bool
	// Required: tags of user and policy.
	Tags tagging.Tags
}

// ServiceUser is the user a CI system logs in as. It can work with the Pulumi state, the lock table
// and their key, and nothing else. It has no console password, and no access key is made here:
// a key in a stack's outputs or state would be readable by everybody who can read the state.
type ServiceUser struct {
	pulumi.ResourceState

	Name pulumi.StringOutput `pulumi:"name"`
	ARN  pulumi.StringOutput `pulumi:"arn"`
}

// NewServiceUser makes a service user.
func NewServiceUser(
	ctx *pulumi.Context, name string, args *ServiceUserArgs, opts ...pulumi.ResourceOption,
) (*ServiceUser, error) {
	if args == nil || args.Name == "" {
		return nil, fmt.Errorf("%s %s: a name is required", ServiceUserType, name)
	}
	u := &ServiceUser{}
	if err := ctx.RegisterComponentResource(ServiceUserType, name, u, opts...); err != nil {
		return nil, err
	}
	user, err := iam.NewUser(ctx, name, &iam.UserArgs{
		Name:         pulumi.String(args.Name),
		Path:         pulumi.String(args.Path),
		ForceDestroy: pulumi.Bool(args.ForceDestroy),
		Tags:         args.Tags.Input(),
	}, pulumi.Parent(u))
	if err != nil {
		return nil, err
	}
	access, err := iam.NewPolicy(ctx, name+"-state-access", &iam.PolicyArgs{
		Name:        pulumi.String(args.Name + "-state-access"),
		Path:        pulumi.String(args.Path),
		Description: pulumi.String("Work with the Pulumi state, the lock table and their key"),
		Policy: policy.Render(pulumi.StringMap{
			"bucket": args.StateBucketARN, "table": args.LockTableARN, "key": args.KeyARN,
		}, stateAccess),
		Tags: args.Tags.Input(),
	}, pulumi.Parent(u))
	if err != nil {
		return nil, err
	}
	_, err = iam.NewUserPolicyAttachment(ctx, name+"-state-access", &iam.UserPolicyAttachmentArgs{
		User:      user.Name,
		PolicyArn: access.Arn,
	}, pulumi.Parent(u))
	if err != nil {
		return nil, err
	}
	u.Name, u.ARN = user.Name, user.Arn
	return u, ctx.RegisterResourceOutputs(u, pulumi.Map{"name": u.Name, "arn": u.ARN})
}

// stateAccess is what Pulumi's S3 backend and its KMS secrets provider call, and the item calls of
// a lease. History cannot be destroyed with it: that is denied outright, whatever else is allowed.
func stateAccess(v map[string]string) policy.Document {
	return policy.Document{Statements: []policy.Statement{
		policy.ListPrefixes("ListState", v["bucket"], ".pulumi"),
		{
			Sid: "WorkWithState", Effect: policy.Allow,
			Actions:   []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"},
			Resources: []string{v["bucket"] + "/.pulumi/*"},
		},
		{
			Sid: "KeepHistory", Effect: policy.Deny,
			Actions: []string{
				"s3:DeleteBucket", "s3:DeleteObjectVersion", "s3:PutBucketPolicy", "s3:PutBucketVersioning",
				"s3:PutLifecycleConfiguration",
			},
			Resources: []string{v["bucket"], v["bucket"] + "/*"},
		},
		{
			Sid: "HoldLease", Effect: policy.Allow,
			Actions:   []string{"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
			Resources: []string{v["table"]},
		},
		policy.UseKey("UseKey", v["key"]),
	}}
}
