package bucket

import (
	"slices"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/policy"
)

// Condition keys of the encryption that an upload asks for (Service Authorization Reference, "Condition
// keys for Amazon S3").
const (
	keyHeader         = "s3:x-amz-server-side-encryption-aws-kms-key-id"
	customerKeyHeader = "s3:x-amz-server-side-encryption-customer-algorithm"
)

// Network limits a bucket to VPC endpoints.
type Network struct {
	// Required: ids of the endpoints that requests may come through.
	Endpoints []string
	// Required: ARNs of the principals that may come from anywhere, wildcards allowed. Whoever deploys has
	// to be one of them, or the next deployment cannot read the bucket.
	Exempt []string
}

// DenySSEC refuses uploads that bring a key of their own (SSE-C): nobody but its owner could read
// them, which is how ransomware takes a bucket's data.
func DenySSEC(bucketARN string) policy.Statement {
	return policy.Statement{
		Sid:        "DenySSEC",
		Effect:     policy.Deny,
		Principal:  &policy.Principal{Everyone: true},
		Actions:    []string{"s3:PutObject"},
		Resources:  []string{bucketARN + "/*"},
		Conditions: policy.Conditions{"Null": {customerKeyHeader: {"false"}}},
	}
}

// DenyUnnamedKey refuses uploads that do not name the bucket's key, as AWS's own example does (Amazon S3
// User Guide, "Using server-side encryption with AWS KMS keys"). Without it they pass and get that key.
func DenyUnnamedKey(bucketARN string) policy.Statement {
	return policy.Statement{
		Sid:        "DenyUnnamedKey",
		Effect:     policy.Deny,
		Principal:  &policy.Principal{Everyone: true},
		Actions:    []string{"s3:PutObject"},
		Resources:  []string{bucketARN + "/*"},
		Conditions: policy.Conditions{"Null": {keyHeader: {"true"}}},
	}
}

// DenyOtherAccounts refuses everybody of another account, whatever else allows them, and requests without
// a signature. AWS services that act for themselves, such as log delivery, belong to no account (IAM User
// Guide, "AWS global condition context keys", aws:PrincipalIsAWSService).
func DenyOtherAccounts(acct account.Account, bucketARN string) policy.Statement {
	return policy.Statement{
		Sid:       "DenyOtherAccounts",
		Effect:    policy.Deny,
		Principal: &policy.Principal{Everyone: true},
		Actions:   []string{"s3:*"},
		Resources: []string{bucketARN, bucketARN + "/*"},
		Conditions: policy.Conditions{
			"StringNotEquals": {"aws:PrincipalAccount": {acct.ID}},
			"BoolIfExists":    {"aws:PrincipalIsAWSService": {"false"}},
		},
	}
}

// DenyOtherVPC refuses requests that come through no endpoint of the list. Let through are the
// exempt, the account's root user, who could otherwise not undo a mistake, AWS services that act for
// themselves (log delivery, inventory), and those that act for the caller: the requests of Athena come
// from Athena's network and not from the caller's (Amazon S3 User Guide, "Controlling access from VPC
// endpoints with bucket policies"; IAM User Guide, aws:ViaAWSService).
func DenyOtherVPC(acct account.Account, bucketARN string, network *Network) policy.Statement {
	exempt := append([]string{acct.Root()}, network.Exempt...)
	slices.Sort(exempt)
	return policy.Statement{
		Sid:       "DenyOtherVpc",
		Effect:    policy.Deny,
		Principal: &policy.Principal{Everyone: true},
		Actions:   []string{"s3:*"},
		Resources: []string{bucketARN, bucketARN + "/*"},
		Conditions: policy.Conditions{
			"StringNotEquals": {"aws:SourceVpce": slices.Sorted(slices.Values(network.Endpoints))}, // true without an endpoint, too
			"ArnNotLike":      {"aws:PrincipalArn": slices.Compact(exempt)},
			"BoolIfExists":    {"aws:PrincipalIsAWSService": {"false"}, "aws:ViaAWSService": {"false"}},
		},
	}
}

// LogDelivery lets S3 deliver the access logs of the source buckets below their prefixes,
// which are the source names (Amazon S3 User Guide, "Enabling Amazon S3 server access logging").
func LogDelivery(acct account.Account, target string, prefixes map[string]string) policy.Statement {
	resources, conditions := delivery(acct, target, prefixes)
	return policy.Statement{
		Sid:        "AllowLogDelivery",
		Effect:     policy.Allow,
		Principal:  &policy.Principal{Services: []string{"logging.s3.amazonaws.com"}},
		Actions:    []string{"s3:PutObject"},
		Resources:  resources,
		Conditions: conditions,
	}
}

// InventoryDelivery lets S3 deliver the inventories of the source buckets below their prefixes (Amazon S3
// User Guide, "Configuring Amazon S3 Inventory", "Creating a destination bucket policy").
func InventoryDelivery(acct account.Account, target string, prefixes map[string]string) policy.Statement {
	resources, conditions := delivery(acct, target, prefixes)
	conditions["StringEquals"]["s3:x-amz-acl"] = []string{"bucket-owner-full-control"}
	return policy.Statement{
		Sid:        "AllowInventoryDelivery",
		Effect:     policy.Allow,
		Principal:  &policy.Principal{Services: []string{"s3.amazonaws.com"}},
		Actions:    []string{"s3:PutObject"},
		Resources:  resources,
		Conditions: conditions,
	}
}

// delivery gives what S3 may write to, and on behalf of which buckets.
func delivery(acct account.Account, target string, prefixes map[string]string) ([]string, policy.Conditions) {
	var resources, sources []string
	for _, source := range sortedKeys(prefixes) {
		resources = append(resources, acct.BucketARN(target)+"/"+prefixes[source]+"*")
		sources = append(sources, acct.BucketARN(source))
	}
	return resources, policy.Conditions{
		"ArnEquals":    {"aws:SourceArn": sources},
		"StringEquals": {"aws:SourceAccount": {acct.ID}},
	}
}
