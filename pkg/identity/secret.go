package identity

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/tagging"
)

// AccessKeySecretType is the type token of AccessKeySecret.
const AccessKeySecretType = "tarn:identity:AccessKeySecret" //nolint:gosec // a type token, no credential

// AccessKeySecretArgs configures an AccessKeySecret.
type AccessKeySecretArgs struct {
	// Required: the secret's name.
	Name string
	// Required: name of the user whose access key it is for.
	UserName string
	// Required: ARN of the KMS key.
	KeyARN pulumi.StringInput
	// Optional: days for which a deleted secret can be had back, 7 to 30; 0, the default, is none.
	RecoveryDays int
	// Required: tags of the secret.
	Tags tagging.Tags
}

// AccessKeySecret is where the access key of a service user is kept. It is made empty: the value never
// passes through Pulumi. It has no resource policy, so IAM policies alone decide who may read it, and
// none that this platform writes allows it to anybody.
type AccessKeySecret struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput `pulumi:"arn"`
}

// NewAccessKeySecret makes an empty secret.
func NewAccessKeySecret(
	ctx *pulumi.Context, name string, args *AccessKeySecretArgs, opts ...pulumi.ResourceOption,
) (*AccessKeySecret, error) {
	if args == nil || args.Name == "" || args.KeyARN == nil {
		return nil, fmt.Errorf("%s %s: a name and a key are required", AccessKeySecretType, name)
	}
	if days := args.RecoveryDays; days != 0 && (days < 7 || days > 30) {
		return nil, fmt.Errorf("%s %s: recovery window is %d days, Secrets Manager allows 0 or 7 to 30",
			AccessKeySecretType, name, days)
	}
	s := &AccessKeySecret{}
	if err := ctx.RegisterComponentResource(AccessKeySecretType, name, s, opts...); err != nil {
		return nil, err
	}
	secret, err := secretsmanager.NewSecret(ctx, name, &secretsmanager.SecretArgs{
		Name:                 pulumi.String(args.Name),
		Description:          pulumi.Sprintf("Access key of IAM user %s, written by tarn", args.UserName),
		KmsKeyId:             args.KeyARN.ToStringOutput(),
		RecoveryWindowInDays: pulumi.Int(args.RecoveryDays),
		Tags:                 args.Tags.Input(),
	}, pulumi.Parent(s))
	if err != nil {
		return nil, err
	}
	s.ARN = secret.Arn
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"arn": s.ARN})
}
