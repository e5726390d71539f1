// Package encryption makes the KMS keys that everything in an environment is encrypted with.
package encryption

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// ComponentType is the type token of Key.
const ComponentType = "tarn:encryption:Key"

// Args configures a Key.
type Args struct {
	// Required: the alias without its "alias/" prefix.
	Alias string
	// Required: what the key encrypts, for its description.
	Purpose string
	// Required: the account whose IAM policies decide who may use the key.
	Account account.Account
	// Optional: CloudWatch Logs may use the key for the account's log groups; defaults to false.
	LogGroups bool
	// Optional: days between the deletion of the key and the loss of everything encrypted with it,
	// 7 to 30; defaults to 30.
	DeletionWindowDays int
	// Optional: another project writes the key's policy. Policy is only its first one, so that nobody is
	// let in before, and later changes are not undone; defaults to false.
	PolicyElsewhere bool
	// Required: tags of the key.
	Tags tagging.Tags
}

// Key is a symmetric KMS key that rotates every year, and its alias.
type Key struct {
	pulumi.ResourceState

	ARN   pulumi.StringOutput `pulumi:"arn"`
	Alias pulumi.StringOutput `pulumi:"alias"` // with its "alias/" prefix
}

// New makes a key.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Key, error) {
	if args == nil || args.Alias == "" || args.Purpose == "" {
		return nil, fmt.Errorf("%s %s: an alias and a purpose are required", ComponentType, name)
	}
	window := args.DeletionWindowDays
	if window == 0 {
		window = 30
	}
	if window < 7 || window > 30 {
		return nil, fmt.Errorf("%s %s: deletion window is %d days, KMS allows 7 to 30", ComponentType, name, window)
	}
	document, err := Policy(args.Account, args.LogGroups).JSON()
	if err != nil {
		return nil, err
	}

	k := &Key{}
	if err := ctx.RegisterComponentResource(ComponentType, name, k, opts...); err != nil {
		return nil, err
	}
	own := []pulumi.ResourceOption{pulumi.Parent(k)}
	if args.PolicyElsewhere {
		own = append(own, pulumi.IgnoreChanges([]string{"policy"}))
	}
	key, err := kms.NewKey(ctx, name, &kms.KeyArgs{
		Description:          pulumi.String("Tarn: " + args.Purpose + " (" + args.Alias + ")"),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(window),
		Policy:               pulumi.String(document),
		Tags:                 args.Tags.Input(),
	}, own...)
	if err != nil {
		return nil, err
	}
	alias, err := kms.NewAlias(ctx, name+"-alias", &kms.AliasArgs{
		Name:        pulumi.String("alias/" + args.Alias),
		TargetKeyId: key.KeyId,
	}, pulumi.Parent(k))
	if err != nil {
		return nil, err
	}
	k.ARN, k.Alias = key.Arn, alias.Name
	return k, ctx.RegisterResourceOutputs(k, pulumi.Map{"arn": k.ARN, "alias": k.Alias})
}

// Policy is the key policy. It leaves the decision to the account's IAM policies, as AWS recommends,
// but names the actions they can allow instead of "kms:*" (KMS Developer Guide, "Key policies").
func Policy(acct account.Account, logGroups bool) policy.Document {
	statements := []policy.Statement{{
		Sid:       "AccountDecidesByIAM",
		Effect:    policy.Allow,
		Principal: &policy.Principal{AWS: []string{acct.Root()}},
		Actions: []string{
			"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias",
			"kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation",
			"kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:GetKeyPolicy",
			"kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations",
			"kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RetireGrant",
			"kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
			"kms:UpdateKeyDescription",
		},
		Resources: []string{"*"}, // in a key policy "*" is this key
	}}
	if logGroups {
		statements = append(statements, policy.Statement{
			Sid:       "CloudWatchLogs",
			Effect:    policy.Allow,
			Principal: &policy.Principal{Services: []string{"logs." + acct.Region + ".amazonaws.com"}},
			Actions: []string{
				"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo",
			},
			Resources:  []string{"*"}, // as above
			Conditions: policy.Conditions{"ArnLike": {"kms:EncryptionContext:aws:logs:arn": {acct.ARN("logs", "log-group:*")}}},
		})
	}
	return policy.Document{Statements: statements}
}

// Messages are statements of a key policy that let CloudWatch's alarms send to encrypted topics, and EventBridge to
// encrypted queues, for this account (SNS Developer Guide, "Managing Amazon SNS encryption keys and costs"; SQS
// Developer Guide, "Key management"). EventBridge cannot be limited to an account where it publishes to a topic (the
// same), so it is not let in for that: it publishes with a role.
func Messages(acct account.Account) []policy.Statement {
	send := func(sid, service string) policy.Statement {
		return policy.Statement{
			Sid:        sid,
			Effect:     policy.Allow,
			Principal:  &policy.Principal{Services: []string{service}},
			Actions:    []string{"kms:Decrypt", "kms:GenerateDataKey"},
			Resources:  []string{"*"}, // as above
			Conditions: policy.Conditions{"StringEquals": {"aws:SourceAccount": {acct.ID}}},
		}
	}
	return []policy.Statement{
		send("AlarmsSendToTopics", "cloudwatch.amazonaws.com"),
		send("RulesSendToQueues", "events.amazonaws.com"),
	}
}
