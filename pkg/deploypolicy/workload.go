package deploypolicy

import (
	"github.com/tarn-data/tarn/pkg/bucket"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// WorkloadBoundary is the most that any role which works with data can ever do: the union of what jobs,
// crawlers, personas, Lake Formation and the replication do, for this environment only. It grants
// nothing; a role that carries it can do what both its own policies and this allow (IAM User Guide,
// "Permissions boundaries for IAM entities"). There is no iam action in it, no sts:AssumeRole, no way to
// delete a key or to open a bucket: whoever may make roles with this boundary cannot become more than
// somebody who works with this environment's data. The platform's key is in it for the copy of the state
// only.
func WorkloadBoundary(p *Params) policy.Document {
	database := p.Scope.Database("") // ends in the underscore before the zone
	statements := []policy.Statement{
		{
			Sid: "ListLake", Effect: policy.Allow,
			Actions: []string{
				"s3:GetBucketLocation",                             // Athena asks for the region of its results
				"s3:GetReplicationConfiguration", "s3:ListBucket*", // its objects, versions and uploads
			},
			Resources: p.lakeBuckets(""),
		},
		{
			Sid: "WorkWithData", Effect: policy.Allow,
			Actions: []string{
				"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject*",
				"s3:ListMultipartUploadParts", "s3:PutObject",
			},
			Resources: p.lakeBuckets("/*"),
		},
		{
			Sid: "OnlyPersonasDeleteForGood", Effect: policy.Deny,
			Actions:    []string{"glue:DeleteTable", "s3:DeleteObjectVersion"},
			Resources:  []string{"*"},
			Conditions: policy.Conditions{"ArnNotLike": {"aws:PrincipalArn": {p.personas()}}},
		},
		{
			Sid: "NeverChangeCode", Effect: policy.Deny, // a job that rewrites a script gets the rights of that script
			Actions:   []string{"s3:DeleteObject*", "s3:PutObject"},
			Resources: []string{p.dataBucket(zone.Artifacts) + "/code/*", p.dataBucket(zone.Artifacts) + "/manifests/*"},
		},
		{
			Sid: "UseCatalog", Effect: policy.Allow,
			Actions: []string{
				"glue:BatchCreate*", "glue:BatchDeletePartition", "glue:BatchGet*", "glue:CreatePartition",
				"glue:CreateTable", "glue:DeletePartition", "glue:DeleteTable",
				"glue:GetDatabase*", "glue:GetPartition*", "glue:GetTable*", "glue:SearchTables", "glue:UpdatePartition", "glue:UpdateTable",
			},
			Resources: []string{
				p.Account.ARN("glue", "catalog"),
				p.Account.ARN("glue", "database/"+database+"*"),
				p.Account.ARN("glue", "database/default"), // Athena looks there first
				p.Account.ARN("glue", "table/"+database+"*/*"),
			},
		},
		{
			Sid: "Query", Effect: policy.Allow,
			Actions: []string{
				"athena:BatchGet*", "athena:CreateNamedQuery", "athena:CreatePrepared*", "athena:DeleteNamedQuery",
				"athena:DeletePrepared*", "athena:Get*", "athena:List*", "athena:StartQueryExecution",
				"athena:StopQueryExecution", "athena:UpdateNamedQuery", "athena:UpdatePrepared*",
			},
			Resources: []string{
				p.Account.ARN("athena", "datacatalog/AwsDataCatalog"),
				p.Account.ARN("athena", "workgroup/"+p.Scope.Name("*")),
			},
		},
		{
			Sid: "AskLakeFormation", Effect: policy.Allow, // which knows no resources; the region is the limit
			Actions:    []string{"lakeformation:GetDataAccess"},
			Resources:  []string{"*"},
			Conditions: p.inRegion(),
		},
		{
			// Crawlers are told of new files by queues, whose names somebody else chooses. One statement of both takes
			// less room, and no action of the one fits a resource of the other.
			Sid: "WriteLogsAndReadQueues", Effect: policy.Allow,
			Actions: []string{
				"logs:CreateLog*", "logs:DescribeLogStreams", "logs:PutLogEvents",
				"sqs:DeleteMessage", "sqs:Get*", "sqs:List*", "sqs:PurgeQueue", "sqs:ReceiveMessage", "sqs:SetQueueAttributes",
			},
			Resources: []string{
				p.Account.ARN("logs", "log-group:"+p.Scope.LogGroup("*")),
				// Every crawler of an account writes to one group, and the optimizers of all Iceberg tables to three;
				// their names cannot be chosen.
				p.Account.ARN("logs", "log-group:/aws-glue/crawlers*"),
				p.Account.ARN("logs", "log-group:/aws-glue/iceberg-*"),
				p.Account.ARN("sqs", "*"),
			},
		},
		{
			Sid: "PublishMetrics", Effect: policy.Allow,
			Actions:    []string{"cloudwatch:PutMetricData"},
			Resources:  []string{"*"}, // CloudWatch knows no resource for it; the namespace is the limit
			Conditions: policy.Conditions{"StringEquals": {"cloudwatch:namespace": {"Glue"}}},
		},
		policy.UseKey("UseKey", p.DataKeyARN),
		{
			Sid: "WriteLakeCopies", Effect: policy.Allow,
			Actions:   []string{"s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"},
			Resources: []string{p.lakeCopies() + "/*"},
		},
		{
			// The key of another region is not this project's, so the limit is what S3 encrypts with it.
			Sid: "EncryptLakeCopies", Effect: policy.Allow,
			Actions:   []string{"kms:Encrypt", "kms:GenerateDataKey"},
			Resources: []string{p.keysAnywhere()},
			Conditions: policy.Conditions{"StringLike": {
				"kms:ViaService":                   {"s3.*.amazonaws.com"},
				"kms:EncryptionContext:aws:s3:arn": {p.lakeCopies(), p.lakeCopies() + "/*"},
			}},
		},
	}
	if p.ReplicaRegion != "" {
		statements = append(statements, bucket.ReplicationStatements(
			p.Account, p.StateBucket(), p.KeyARN, p.replicaAccount(), p.ReplicaBucket(), p.ReplicaKeyARN)...)
	}
	return policy.Document{Statements: statements}
}
