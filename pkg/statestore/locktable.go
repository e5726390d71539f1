// Package statestore makes what the deployments themselves need: the lock table beside the state bucket.
package statestore

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/tagging"
)

// LockTableType is the type token of LockTable.
const LockTableType = "tarn:statestore:LockTable"

// Attributes of the lock table. LockID is also what Terraform's S3 backend expects.
const (
	LockKey       = "LockID"
	LockExpiresAt = "ExpiresAt" // seconds since 1970, for DynamoDB's time to live
)

// LockTableArgs configures a LockTable.
type LockTableArgs struct {
	// Required: the table name.
	Name string
	// Required: ARN of the KMS key.
	KeyARN pulumi.StringInput
	// Optional: DynamoDB refuses to delete the table; defaults to false.
	DeletionProtection bool
	// Required: tags of the table.
	Tags tagging.Tags
}

// LockTable is the DynamoDB table for the lease on an environment and the ledger of its deployments.
//
// Pulumi's own state backend locks with objects in the state bucket and never uses DynamoDB. What makes
// it a lock is the lease that Tarn's driver takes (package lease): a plain `pulumi up` does not.
type LockTable struct {
	pulumi.ResourceState

	Name pulumi.StringOutput `pulumi:"name"`
	ARN  pulumi.StringOutput `pulumi:"arn"`
}

// NewLockTable makes a lock table.
func NewLockTable(ctx *pulumi.Context, name string, args *LockTableArgs, opts ...pulumi.ResourceOption) (*LockTable, error) {
	if args == nil || args.Name == "" || args.KeyARN == nil {
		return nil, fmt.Errorf("%s %s: a name and a key are required", LockTableType, name)
	}
	t := &LockTable{}
	if err := ctx.RegisterComponentResource(LockTableType, name, t, opts...); err != nil {
		return nil, err
	}
	table, err := dynamodb.NewTable(ctx, name, &dynamodb.TableArgs{
		Name:        pulumi.String(args.Name),
		BillingMode: pulumi.String("PAY_PER_REQUEST"),
		HashKey:     pulumi.String(LockKey),
		Attributes: dynamodb.TableAttributeArray{
			dynamodb.TableAttributeArgs{Name: pulumi.String(LockKey), Type: pulumi.String("S")},
		},
		Ttl:                       dynamodb.TableTtlArgs{AttributeName: pulumi.String(LockExpiresAt), Enabled: pulumi.Bool(true)},
		PointInTimeRecovery:       dynamodb.TablePointInTimeRecoveryArgs{Enabled: pulumi.Bool(true)},
		ServerSideEncryption:      dynamodb.TableServerSideEncryptionArgs{Enabled: pulumi.Bool(true), KmsKeyArn: args.KeyARN},
		DeletionProtectionEnabled: pulumi.Bool(args.DeletionProtection),
		Tags:                      args.Tags.Input(),
	}, pulumi.Parent(t))
	if err != nil {
		return nil, err
	}
	t.Name, t.ARN = table.Name, table.Arn
	return t, ctx.RegisterResourceOutputs(t, pulumi.Map{"name": t.Name, "arn": t.ARN})
}
