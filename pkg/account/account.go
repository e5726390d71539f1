// Package account tells where a program is being deployed to.
package account

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Account is the AWS account and region of the default provider.
type Account struct {
	ID     string // twelve digits
	Region string // for example "us-east-1"
	// Caller is the ARN of who asked; empty where nobody did.
	Caller string
}

// Lookup asks AWS who and where we are. It fails when there are no valid credentials, which is
// why programs call it before they register their first resource.
func Lookup(ctx *pulumi.Context) (Account, error) {
	identity, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{})
	if err != nil {
		return Account{}, fmt.Errorf("asking AWS for the account (are credentials set?): %w", err)
	}
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{})
	if err != nil {
		return Account{}, fmt.Errorf("asking AWS for the region (is aws:region set?): %w", err)
	}
	return Account{ID: identity.AccountId, Region: region.Name, Caller: identity.Arn}, nil
}

// Partition is the first part of every ARN in the region.
func (a Account) Partition() string {
	switch {
	case strings.HasPrefix(a.Region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(a.Region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}

// ARN names a resource of the account in its region.
func (a Account) ARN(service, resource string) string {
	return "arn:" + a.Partition() + ":" + service + ":" + a.Region + ":" + a.ID + ":" + resource
}

// GlobalARN names a resource of a service that has no regions, such as IAM.
func (a Account) GlobalARN(service, resource string) string {
	return "arn:" + a.Partition() + ":" + service + "::" + a.ID + ":" + resource
}

// BucketARN names a bucket; S3 ARNs carry neither account nor region.
func (a Account) BucketARN(bucket string) string {
	return "arn:" + a.Partition() + ":s3:::" + bucket
}

// Root is the account itself as a policy principal: whoever its IAM policies allow.
func (a Account) Root() string {
	return a.GlobalARN("iam", "root")
}
