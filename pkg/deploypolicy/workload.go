package deploypolicy

import (
	"github.com/tarn-data/tarn/pkg/bucket"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// WorkloadBoundary is the most that any role which works with data can ever do: the union of what job
// and crawler roles and the state's replication do, for this environment only. It grants nothing; a
// role that carries it can do what both its own policies and this allow (IAM User Guide, "Permissions
// boundaries for IAM entities"). There is no iam action in it, no sts:AssumeRole, no way to delete a
// key or to open a bucket: whoever may make roles with this boundary cannot become more than a job.
func WorkloadBoundary(p *Params) policy.Document {
	database := p.Scope.Database("") // ends in the underscore before the zone
	statements := []policy.Statement{
		{
			Sid: "ListLake", Effect: policy.Allow,
			Actions:   []string{"s3:ListBucket"},
			Resources: p.lakeBuckets(""),
		},
		{
			Sid: "WorkWithData", Effect: policy.Allow,
			Actions: []string{
				"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject",
			},
			Resources: p.lakeBuckets("/*"),
		},
		{
			Sid: "NeverChangeCode", Effect: policy.Deny, // a job that rewrites a script gets the rights of that script
			Actions:   []string{"s3:DeleteObject", "s3:PutObject"},
			Resources: []string{p.dataBucket(zone.Artifacts) + "/code/*", p.dataBucket(zone.Artifacts) + "/manifests/*"},
		},
		{
			Sid: "UseCatalog", Effect: policy.Allow,
			Actions: []string{
				"glue:BatchCreatePartition", "glue:BatchGetPartition", "glue:CreateTable", "glue:GetDatabase",
				"glue:GetDatabases", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables",
				"glue:UpdatePartition", "glue:UpdateTable",
			},
			Resources: []string{
				p.Account.ARN("glue", "catalog"),
				p.Account.ARN("glue", "database/"+database+"*"),
				p.Account.ARN("glue", "table/"+database+"*/*"),
			},
		},
		{
			Sid: "WriteLogs", Effect: policy.Allow,
			Actions: []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
			Resources: []string{
				p.Account.ARN("logs", "log-group:"+p.Scope.LogGroup("*")),
				// Every crawler of an account writes to this group; its name cannot be chosen.
				p.Account.ARN("logs", "log-group:/aws-glue/crawlers*"),
			},
		},
		{
			Sid: "PublishMetrics", Effect: policy.Allow,
			Actions:    []string{"cloudwatch:PutMetricData"},
			Resources:  []string{"*"}, // CloudWatch knows no resource for it; the namespace is the limit
			Conditions: policy.Conditions{"StringEquals": {"cloudwatch:namespace": {"Glue"}}},
		},
		policy.UseKey("UseKey", p.KeyARN),
	}
	if p.ReplicaRegion != "" {
		statements = append(statements, bucket.ReplicationStatements(
			p.Account, p.StateBucket(), p.KeyARN, p.replicaAccount(), p.ReplicaBucket(), p.ReplicaKeyARN)...)
	}
	return policy.Document{Statements: statements}
}
