package bucket

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// ReplicationType is the type token of Replication.
const ReplicationType = "tarn:bucket:Replication"

// ReplicationEnd is a bucket that takes part in a replication.
type ReplicationEnd struct {
	Bucket *Bucket
	Name   string // its physical name
	Where  account.Account
	KeyARN pulumi.StringInput // the KMS key it is encrypted with
}

// ReplicationArgs configures a Replication.
type ReplicationArgs struct {
	// Required: the bucket that is copied, and the one that gets the copies.
	Source, Target ReplicationEnd
	// Required: name of the role S3 copies with, at most 64 characters, and its IAM path.
	RoleName, RolePath string
	// Required: ARN of the role's permission boundary.
	BoundaryARN pulumi.StringInput
	// Optional: the buckets lock their objects; defaults to false.
	Locked bool
	// Required: tags of the role.
	Tags tagging.Tags
}

// Replication makes S3 copy every new object of a bucket, and every delete marker, to a bucket in
// another region. What was written before it existed is not copied.
type Replication struct {
	pulumi.ResourceState

	RoleARN pulumi.StringOutput `pulumi:"roleArn"`
}

// NewReplication makes a replication.
func NewReplication(
	ctx *pulumi.Context, name string, args *ReplicationArgs, opts ...pulumi.ResourceOption,
) (*Replication, error) {
	if args == nil || args.Source.Bucket == nil || args.Target.Bucket == nil || args.RoleName == "" {
		return nil, fmt.Errorf("%s %s: a source, a target and a role name are required", ReplicationType, name)
	}
	source, target := args.Source, args.Target
	trust, err := policy.ServiceTrust("s3.amazonaws.com", source.Where.ID, source.Where.BucketARN(source.Name)).JSON()
	if err != nil {
		return nil, err
	}
	r := &Replication{}
	if err := ctx.RegisterComponentResource(ReplicationType, name, r, opts...); err != nil {
		return nil, err
	}
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Name:                pulumi.String(args.RoleName),
		Path:                pulumi.String(args.RolePath),
		Description:         pulumi.Sprintf("S3 copies %s to %s", source.Name, target.Name),
		AssumeRolePolicy:    pulumi.String(trust),
		PermissionsBoundary: args.BoundaryARN.ToStringOutput(),
		Tags:                args.Tags.Input(),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, err
	}
	access, err := iam.NewRolePolicy(ctx, name+"-policy", &iam.RolePolicyArgs{
		Name: pulumi.String("replicate"),
		Role: role.Name,
		Policy: policy.Render(pulumi.StringMap{"source": source.KeyARN, "target": target.KeyARN},
			func(keys map[string]string) policy.Document {
				statements := ReplicationStatements(source.Where, source.Name, keys["source"], target.Where, target.Name, keys["target"])
				if args.Locked {
					statements = append(statements, readLocks(source.Where.BucketARN(source.Name)))
				}
				return policy.Document{Statements: statements}
			}),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, err
	}
	// S3 refuses a rule between buckets that are not versioned yet, or with a role that may not replicate.
	ready := append(append([]pulumi.Resource{access}, source.Bucket.Ready()...), target.Bucket.Ready()...)
	_, err = s3.NewBucketReplicationConfig(ctx, name, &s3.BucketReplicationConfigArgs{
		Bucket: source.Bucket.Name,
		Role:   role.Arn,
		Rules: s3.BucketReplicationConfigRuleArray{s3.BucketReplicationConfigRuleArgs{
			Id:       pulumi.String("everything"),
			Status:   pulumi.String("Enabled"),
			Priority: pulumi.Int(0),
			Filter:   s3.BucketReplicationConfigRuleFilterArgs{Prefix: pulumi.String("")},
			DeleteMarkerReplication: s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs{
				Status: pulumi.String("Enabled"),
			},
			// Without this S3 leaves out every object that KMS encrypts, which here is every object.
			SourceSelectionCriteria: s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs{
				SseKmsEncryptedObjects: s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs{
					Status: pulumi.String("Enabled"),
				},
			},
			Destination: s3.BucketReplicationConfigRuleDestinationArgs{
				Bucket: target.Bucket.ARN,
				EncryptionConfiguration: s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs{
					ReplicaKmsKeyId: target.KeyARN,
				},
			},
		}},
	}, pulumi.Parent(r), pulumi.DependsOn(ready))
	if err != nil {
		return nil, err
	}
	r.RoleARN = role.Arn
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"roleArn": r.RoleARN})
}

// ReplicationStatements is what S3 needs to copy from one encrypted bucket to another (Amazon S3 User
// Guide, "Setting up permissions for live replication" and "Replicating encrypted objects").
func ReplicationStatements(
	source account.Account, sourceBucket, sourceKey string, target account.Account, targetBucket, targetKey string,
) []policy.Statement {
	from, to := source.BucketARN(sourceBucket), target.BucketARN(targetBucket)
	return []policy.Statement{
		{
			Sid: "ReadReplicationRules", Effect: policy.Allow,
			Actions:   []string{"s3:GetReplicationConfiguration", "s3:ListBucket"},
			Resources: []string{from},
		},
		{
			Sid: "ReadVersions", Effect: policy.Allow,
			Actions: []string{
				"s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging",
			},
			Resources: []string{from + "/*"},
		},
		{
			Sid: "WriteCopies", Effect: policy.Allow,
			Actions:   []string{"s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"},
			Resources: []string{to + "/*"},
		},
		throughS3("DecryptVersions", []string{"kms:Decrypt"}, sourceKey, source.Region, from),
		throughS3("EncryptCopies", []string{"kms:Encrypt", "kms:GenerateDataKey"}, targetKey, target.Region, to),
	}
}

// readLocks is what S3 needs besides to copy objects that are locked, with their locks (Amazon S3 User
// Guide, "Object Lock considerations", using Object Lock with replication).
func readLocks(bucketARN string) policy.Statement {
	return policy.Statement{
		Sid: "ReadLocks", Effect: policy.Allow,
		Actions:   []string{"s3:GetObjectLegalHold", "s3:GetObjectRetention"},
		Resources: []string{bucketARN + "/*"},
	}
}

// throughS3 allows the use of a key by S3 for one bucket. With a bucket key the encryption context is
// the bucket's ARN, without one the object's: a bucket has objects of both kinds when the setting ever
// changes (Amazon S3 User Guide, "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys").
func throughS3(sid string, actions []string, keyARN, region, bucketARN string) policy.Statement {
	return policy.Statement{
		Sid: sid, Effect: policy.Allow, Actions: actions, Resources: []string{keyARN},
		Conditions: policy.Conditions{
			"StringEquals": {"kms:ViaService": {"s3." + region + ".amazonaws.com"}},
			"StringLike":   {"kms:EncryptionContext:aws:s3:arn": {bucketARN, bucketARN + "/*"}},
		},
	}
}
