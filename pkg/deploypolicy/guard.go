package deploypolicy

import (
	"github.com/tarn-data/tarn/pkg/policy"
)

// Services that roles are given to.
const (
	toEvents        = "events.amazonaws.com"
	toFlowLogs      = "vpc-flow-logs.amazonaws.com"
	toGlue          = "glue.amazonaws.com"
	toLakeFormation = "lakeformation.amazonaws.com"
	toS3            = "s3.amazonaws.com"
)

// guard is what nobody who deploys may do, whatever else is ever allowed to them: without it, whoever
// may make a role for a Glue job could make one that is an administrator, and become it.
func guard(p *Params) []policy.Statement {
	own := append([]string{
		// One by one: IAM refuses a resource that begins with a wildcard.
		p.deployARN("group", "*"), p.deployARN("policy", "*"), p.deployARN("role", "*"), p.deployARN("user", "*"),
		p.Account.GlobalARN("iam", "oidc-provider/*"),
	}, foreignBoundary(p)...)
	statements := []policy.Statement{
		{
			Sid: "NeverChangeDeployers", Effect: policy.Deny,
			NotActions: []string{"iam:Get*", "iam:List*", "sts:AssumeRole"},
			Resources:  own,
		},
		{
			Sid: "NeverMakeUnlimitedRoles", Effect: policy.Deny,
			Actions:    []string{"iam:CreateRole", "iam:PutRolePermissionsBoundary"},
			Resources:  []string{"*"},
			Conditions: policy.Conditions{"ArnNotEquals": {"iam:PermissionsBoundary": {p.WorkloadBoundaryARN()}}},
		},
		{
			Sid: "NeverRemoveLimits", Effect: policy.Deny,
			Actions:   []string{"iam:DeleteRolePermissionsBoundary"},
			Resources: []string{"*"},
		},
		{
			Sid: "NeverMakeUsers", Effect: policy.Deny,
			Actions: []string{
				"iam:AddUserToGroup", "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreateUser",
				"iam:UpdateAccessKey", "iam:UpdateLoginProfile",
			},
			Resources: []string{"*"},
		},
		{
			Sid: "AttachOnlyOwnPolicies", Effect: policy.Deny,
			Actions:    []string{"iam:AttachRolePolicy"},
			Resources:  []string{"*"},
			Conditions: policy.Conditions{"ArnNotLike": {"iam:PolicyARN": {p.Account.GlobalARN("iam", "policy"+p.Scope.Path()+"*")}}},
		},
		{
			Sid: "NeverPassElsewhere", Effect: policy.Deny,
			Actions:    []string{"iam:PassRole"},
			Resources:  []string{"*"},
			Conditions: policy.Conditions{"StringNotEqualsIfExists": {"iam:PassedToService": {toEvents, toFlowLogs, toGlue, toLakeFormation, toS3}}},
		},
		{
			Sid: "KeepStateHistory", Effect: policy.Deny,
			Actions: []string{
				"s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:DeleteObjectVersion", "s3:PutBucketAcl", "s3:PutBucketLogging",
				"s3:PutBucketOwnershipControls", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketVersioning",
				"s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration",
			},
			Resources: append(p.bootstrapBuckets(""), p.bootstrapBuckets("/*")...),
		},
		{
			Sid: "KeepLockTable", Effect: policy.Deny,
			Actions: []string{
				"dynamodb:DeleteTable", "dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive",
			},
			Resources: []string{p.Account.ARN("dynamodb", "table/"+p.LockTable())},
		},
	}
	if p.Protect {
		statements = append(statements, policy.Statement{
			Sid: "KeepLockedVersions", Effect: policy.Deny, // what a retention of S3 keeps is kept from deployers, too
			Actions: []string{
				"s3:BypassGovernanceRetention", "s3:PutObjectLegalHold", "s3:PutObjectRetention",
			},
			Resources: []string{"*"},
		})
		statements = append(statements, policy.Statement{
			Sid: "KeepKeys", Effect: policy.Deny,
			Actions:   []string{"kms:DeleteImportedKeyMaterial", "kms:DisableKey", "kms:ScheduleKeyDeletion"},
			Resources: []string{"*"},
		}, keepKeyPolicies(p))
	}
	return statements
}

// keepKeyPolicies leaves only the policy of the lake's own key to whoever deploys: it says who reads data,
// which is what the datalake project is for.
func keepKeyPolicies(p *Params) policy.Statement {
	statement := policy.Statement{Sid: "KeepKeyPolicies", Effect: policy.Deny, Actions: []string{"kms:PutKeyPolicy"}}
	if p.DataKeyGiven {
		statement.Resources = []string{"*"}
	} else {
		statement.NotResources = []string{p.DataKeyARN}
	}
	return statement
}

// foreignBoundary is the workload boundary when it is not below the deploy path, where the guard's
// pattern would find it.
func foreignBoundary(p *Params) []string {
	if p.BoundaryARN == "" {
		return nil
	}
	return []string{p.BoundaryARN}
}
