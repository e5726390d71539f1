package network

import (
	"maps"
	"slices"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/policy"
)

// service is an AWS service that jobs reach through an interface endpoint.
type service struct {
	actions []string // what may be called through the endpoint
	// Whether every one of the actions acts on a resource whose account AWS knows (IAM User Guide, "AWS global
	// condition context keys", aws:ResourceAccount). Of the others, those that say no account pass.
	owned bool
}

// defaultServices have an endpoint unless the settings name others: what Glue itself and the jobs use.
var defaultServices = []string{"glue", "kms", "logs", "monitoring", "secretsmanager", "sts"}

// services are those that there is an endpoint for, by the last part of its name (AWS PrivateLink Guide, "AWS services
// that integrate with AWS PrivateLink"). An endpoint policy grants nothing: what a job may do is in its role's policy.
// A verb therefore stands for its actions where Glue's own agents call more than the jobs do.
var services = map[string]service{
	"athena": {actions: []string{
		"athena:BatchGet*", "athena:Get*", "athena:List*", "athena:StartQueryExecution", "athena:StopQueryExecution",
	}},
	"glue": {actions: []string{
		"glue:Batch*", "glue:CancelStatement", "glue:Create*", "glue:Delete*", "glue:Get*", "glue:List*", "glue:NotifyEvent",
		"glue:PassConnection", "glue:Put*", "glue:Query*", "glue:Reset*", "glue:Run*", "glue:Search*", "glue:Start*", "glue:Stop*",
		"glue:TestConnection", "glue:Update*", "glue:UseGlueStudio",
	}},
	"kms": {owned: true, actions: []string{
		"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*",
	}},
	"lakeformation": {actions: []string{"lakeformation:Get*", "lakeformation:List*"}},
	"logs": {actions: []string{
		"logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:Describe*", "logs:GetLogEvents",
		"logs:PutLogEvents", "logs:PutRetentionPolicy",
	}},
	"monitoring":     {actions: []string{"cloudwatch:GetMetric*", "cloudwatch:ListMetrics", "cloudwatch:PutMetricData"}},
	"secretsmanager": {owned: true, actions: []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"}},
	"sns":            {owned: true, actions: []string{"sns:Publish"}},
	"sqs": {owned: true, actions: []string{
		"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueue*", "sqs:ReceiveMessage", "sqs:SendMessage",
	}},
	"ssm": {owned: true, actions: []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"}},
	"sts": {actions: []string{"sts:AssumeRole", "sts:GetCallerIdentity"}},
}

func knownServices() []string { return slices.Sorted(maps.Keys(services)) }

// endpointPolicy lets the account's own principals use a service for the account's own resources: neither somebody
// else's credentials nor somebody else's bucket, key or catalog can be used from within the network.
func endpointPolicy(acct account.Account, s service) policy.Document {
	conditions := policy.Conditions{"StringEquals": {"aws:PrincipalAccount": {acct.ID}}}
	if s.owned {
		conditions["StringEquals"]["aws:ResourceAccount"] = []string{acct.ID}
	} else {
		conditions["StringEqualsIfExists"] = map[string][]string{"aws:ResourceAccount": {acct.ID}}
	}
	return policy.Document{Statements: []policy.Statement{{
		Sid: "OnlyThisAccount", Effect: policy.Allow, Principal: &policy.Principal{Everyone: true},
		Actions:    s.actions,
		Resources:  []string{"*"}, // the conditions name the account, and what has no ARN yet must pass
		Conditions: conditions,
	}}}
}

// s3 is what jobs do with buckets. Every bucket is owned by somebody, also AWS's own: jobs of Glue 4.0 and newer read
// none of those through the customer's network, except with visual transforms of Glue Studio, which Tarn has not.
var s3 = service{owned: true, actions: []string{
	"s3:AbortMultipartUpload", "s3:DeleteObject*", "s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:GetObject*",
	"s3:List*", "s3:PutObject*",
}}
