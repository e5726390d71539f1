// Package bucket is the one bucket implementation of the platform: private, encrypted, versioned,
// reachable over TLS only, owned by the account.
package bucket

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// ComponentType is the type token of Bucket.
const ComponentType = "tarn:bucket:Bucket"

// Args configures a Bucket.
type Args struct {
	// Required: the physical name, at most 63 characters.
	Name string
	// Required: where the bucket will be.
	Account account.Account
	// Optional: ARN of the KMS key; defaults to keys that S3 manages (SSE-S3). Only a bucket that
	// S3 itself delivers logs to should leave it out.
	KeyARN pulumi.StringInput
	// Required: what happens to objects as they age.
	Lifecycle Lifecycle
	// Optional: what happens besides to the objects below folders, by folder without a slash at the end. S3
	// applies both rules, and what deletes or moves an object sooner wins.
	Folders map[string]Lifecycle
	// Optional: the bucket that gets the access log; defaults to no access log.
	AccessLogs *AccessLogs
	// Optional: further statements of the bucket policy.
	Statements []policy.Statement
	// Optional: uploads must name the key; defaults to letting those pass that name none and get it anyway.
	StrictEncryption bool
	// Optional: the VPC endpoints that requests must come through; defaults to any network.
	Network *Network
	// Optional: S3 tells EventBridge of every object that is made or deleted; defaults to false.
	Events bool
	// Optional: CloudWatch gets the number, size and errors of requests; defaults to false, because it costs.
	Metrics bool
	// Optional: S3 lists the objects regularly; defaults to no list.
	Inventory *Inventory
	// Optional: no version can be deleted for some days; defaults to no lock.
	ObjectLock *ObjectLock
	// Optional: archive tiers of the class INTELLIGENT_TIERING; defaults to none.
	Tiering *Tiering
	// Optional: delete the bucket although it has objects, with every version of them; defaults to
	// false. For throw-away environments.
	ForceDestroy bool
	// Required: tags of the bucket.
	Tags tagging.Tags
}

// AccessLogs says where S3 delivers the access log.
type AccessLogs struct {
	Target *Bucket // its policy must let S3 deliver: see LogDelivery
	Prefix string  // ends in a slash
}

// Bucket is a bucket with everything that makes it safe.
type Bucket struct {
	pulumi.ResourceState

	Name pulumi.StringOutput `pulumi:"name"`
	ARN  pulumi.StringOutput `pulumi:"arn"`

	ready []pulumi.Resource
}

// New makes a bucket. Objects should depend on Ready, so that nothing is written before the
// encryption and the policy are in force.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Bucket, error) {
	if args == nil {
		return nil, fmt.Errorf("%s %s: args are required", ComponentType, name)
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("%s %s: %w", ComponentType, name, err)
	}
	b := &Bucket{}
	if err := ctx.RegisterComponentResource(ComponentType, name, b, opts...); err != nil {
		return nil, err
	}
	if err := b.provision(ctx, name, args); err != nil {
		return nil, fmt.Errorf("bucket %s: %w", args.Name, err)
	}
	return b, ctx.RegisterResourceOutputs(b, pulumi.Map{"name": b.Name, "arn": b.ARN})
}

// Ready gives the resources that must exist before the first object is written.
func (b *Bucket) Ready() []pulumi.Resource {
	return b.ready
}

// Validate refuses what S3 would refuse when the bucket already exists.
func (a *Args) Validate() error {
	var problems []error
	if len(a.Name) < 3 || len(a.Name) > naming.MaxBucket {
		problems = append(problems, fmt.Errorf("name %q has %d characters, want 3 to %d", a.Name, len(a.Name), naming.MaxBucket))
	}
	problems = append(problems, a.Lifecycle.Validate())
	for _, folder := range sortedKeys(a.Folders) {
		if err := a.Folders[folder].Validate(); err != nil {
			problems = append(problems, fmt.Errorf("folder %s: %w", folder, err))
		}
	}
	size, err := a.document(sampleKey).Size()
	if err != nil {
		problems = append(problems, err)
	}
	if size > policy.MaxBucketPolicy {
		problems = append(problems, fmt.Errorf("the policy of the bucket %s would have %d bytes, S3 allows %d: name fewer roles and endpoints",
			a.Name, size, policy.MaxBucketPolicy))
	}
	return errors.Join(problems...)
}

// sampleKey is as long as the ARN of any key.
const sampleKey = "arn:aws-us-gov:kms:ap-southeast-1:123456789012:key/12345678-1234-1234-1234-123456789012"

// provision makes the children one after the other: S3 answers OperationAborted to configuration
// calls on one bucket that overlap.
func (b *Bucket) provision(ctx *pulumi.Context, name string, args *Args) error {
	bucket, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{
		Bucket:       pulumi.String(args.Name),
		ForceDestroy: pulumi.Bool(args.ForceDestroy),
		Tags:         args.Tags.Input(),
	}, pulumi.Parent(b))
	if err != nil {
		return err
	}
	b.Name, b.ARN = bucket.Bucket, bucket.Arn
	after := []pulumi.Resource{bucket}
	child := func() []pulumi.ResourceOption {
		return []pulumi.ResourceOption{pulumi.Parent(b), pulumi.DependsOn(after)}
	}

	ownership, err := s3.NewBucketOwnershipControls(ctx, name+"-ownership", &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.ID(),
		Rule: s3.BucketOwnershipControlsRuleArgs{
			ObjectOwnership: pulumi.String("BucketOwnerEnforced"), // access control lists are off
		},
	}, child()...)
	if err != nil {
		return err
	}
	after = append(after, ownership)

	public, err := s3.NewBucketPublicAccessBlock(ctx, name+"-public-access-block", &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.ID(),
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, child()...)
	if err != nil {
		return err
	}
	after = append(after, public)

	encryption, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, name+"-encryption",
		&s3.BucketServerSideEncryptionConfigurationV2Args{
			Bucket: bucket.ID(),
			Rules:  s3.BucketServerSideEncryptionConfigurationV2RuleArray{encryptionRule(args.KeyARN)},
		}, child()...)
	if err != nil {
		return err
	}
	after = append(after, encryption)

	versioning, err := s3.NewBucketVersioningV2(ctx, name+"-versioning", &s3.BucketVersioningV2Args{
		Bucket: bucket.ID(),
		VersioningConfiguration: s3.BucketVersioningV2VersioningConfigurationArgs{
			Status: pulumi.String("Enabled"),
		},
	}, child()...)
	if err != nil {
		return err
	}
	after = append(after, versioning)

	bucketPolicy, err := s3.NewBucketPolicy(ctx, name+"-policy", &s3.BucketPolicyArgs{
		Bucket: bucket.ID(),
		Policy: args.policy(),
	}, child()...)
	if err != nil {
		return err
	}
	after = append(after, bucketPolicy)

	if args.AccessLogs != nil {
		// S3 refuses a target that it may not write to yet.
		logging, err := s3.NewBucketLoggingV2(ctx, name+"-logging", &s3.BucketLoggingV2Args{
			Bucket:       bucket.ID(),
			TargetBucket: args.AccessLogs.Target.Name,
			TargetPrefix: pulumi.String(args.AccessLogs.Prefix),
		}, pulumi.Parent(b), pulumi.DependsOn(slices.Concat(after, args.AccessLogs.Target.Ready())))
		if err != nil {
			return err
		}
		after = append(after, logging)
	}
	if args.Events {
		notification, err := s3.NewBucketNotification(ctx, name+"-notification", &s3.BucketNotificationArgs{
			Bucket:      bucket.ID(),
			Eventbridge: pulumi.Bool(true),
		}, child()...)
		if err != nil {
			return err
		}
		after = append(after, notification)
	}
	if args.ObjectLock != nil {
		locked, err := lock(ctx, name, bucket, args.ObjectLock, child()...)
		if err != nil {
			return err
		}
		after = append(after, locked)
	}
	b.ready = slices.Clone(after)

	if err := args.observe(ctx, name, bucket, child, func(r pulumi.Resource) { after = append(after, r) }); err != nil {
		return err
	}
	// Last and not part of Ready: it takes the provider half a minute, and nobody has to wait for it.
	_, err = s3.NewBucketLifecycleConfigurationV2(ctx, name+"-lifecycle", &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules:  rules(args.Lifecycle, args.Folders),
	}, child()...)
	return err
}

func encryptionRule(keyARN pulumi.StringInput) s3.BucketServerSideEncryptionConfigurationV2RuleArgs {
	if keyARN == nil {
		return s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm: pulumi.String("AES256"),
			},
		}
	}
	return s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
		ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
			SseAlgorithm:   pulumi.String("aws:kms"),
			KmsMasterKeyId: keyARN,
		},
		BucketKeyEnabled: pulumi.Bool(true), // one KMS call for many objects
	}
}

func (a *Args) policy() pulumi.StringOutput {
	values := pulumi.StringMap{}
	if a.KeyARN != nil {
		values["key"] = a.KeyARN
	}
	return policy.Render(values, func(v map[string]string) policy.Document { return a.document(v["key"]) })
}

// document is the bucket policy; key is empty for a bucket with keys that S3 manages.
func (a *Args) document(key string) policy.Document {
	arn := a.Account.BucketARN(a.Name)
	statements := []policy.Statement{
		policy.DenyInsecureTransport(arn), DenyOtherAccounts(a.Account, arn), DenySSEC(arn),
	}
	if key != "" {
		statements = append(statements, policy.DenyWrongKey(arn, key)...)
		if a.StrictEncryption {
			statements = append(statements, DenyUnnamedKey(arn))
		}
	}
	if a.Network != nil {
		statements = append(statements, DenyOtherVPC(a.Account, arn, a.Network))
	}
	return policy.Document{Statements: append(statements, a.Statements...)}
}
