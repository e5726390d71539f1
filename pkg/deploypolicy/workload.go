package deploypolicy

import (
	"github.com/tarn-data/tarn/pkg/bucket"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// WorkloadBoundary is the most that any role which works with data can ever do: the union of what jobs,
// crawlers, optimizers, personas, Lake Formation, the arrival of files and the replication do, for this environment only.
// It grants nothing; a role that carries it can do what both its own policies and this allow (IAM User Guide,
// "Permissions boundaries for IAM entities"). There is no sts:AssumeRole in it, no way to delete a key or to open a
// bucket, and of iam only the passing of an optimizer's role to Glue, where nobody with this boundary can run code:
// whoever may make roles with it cannot become more than somebody who works with this environment's data. The
// platform's key is in it for the copy of the state only.
//
// IAM allows 6,144 characters, so it names actions by their verb, and puts together what has no action or no resource
// in common; the roles' own policies are exact.
func WorkloadBoundary(p *Params) policy.Document {
	statements := []policy.Statement{
		{
			// A bucket and its objects are one pattern: no action on buckets is one on objects.
			Sid: "WorkWithData", Effect: policy.Allow,
			Actions: []string{
				"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion",
				"s3:GetBucketLocation",                                              // Athena asks for the region of its results
				"s3:GetObject*", "s3:GetReplicationConfiguration", "s3:ListBucket*", // its objects, versions and uploads
				"s3:ListMultipartUploadParts", "s3:PutObject",
			},
			Resources: p.lakeBuckets("*"),
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
		p.useCatalog(),
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
			// Lake Formation knows no resources, EC2 none for looking at a network, and CloudWatch Logs, which flow logs look
			// for their group in, lists all groups or none; the region is the limit.
			Sid: "AskLakeFormationAndNetwork", Effect: policy.Allow,
			Actions:    []string{"ec2:Describe*", "lakeformation:GetDataAccess", "logs:DescribeLogGroups"},
			Resources:  []string{"*"},
			Conditions: p.inRegion(),
		},
		{
			// Crawlers are told of new files by queues, and people of failures by a topic, whose names somebody else may
			// choose. One statement of all takes less room, and no action of one fits a resource of another.
			Sid: "WriteLogsAndMessages", Effect: policy.Allow,
			Actions: []string{
				"logs:AssociateKmsKey", "logs:CreateLog*", "logs:DescribeLogStreams", "logs:PutLogEvents", "sns:Publish",
				"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:Get*", "sqs:List*", "sqs:PurgeQueue",
				"sqs:ReceiveMessage", "sqs:SetQueueAttributes",
			},
			Resources: []string{
				p.Account.ARN("logs", "log-group:"+p.Scope.LogGroup("*")),
				// Crawlers, python-shell jobs and the optimizers of Iceberg tables write there; it cannot be chosen.
				p.Account.ARN("logs", "log-group:/aws-glue/*"),
				p.Account.ARN("sns", "*"), p.Account.ARN("sqs", "*"),
			},
		},
		{
			Sid: "PublishMetrics", Effect: policy.Allow,
			Actions:    []string{"cloudwatch:PutMetricData"},
			Resources:  []string{"*"}, // CloudWatch knows no resource for it; the namespace is the limit
			Conditions: policy.Conditions{"StringEquals": {"cloudwatch:namespace": {"Glue", "Tarn"}}},
		},
		{
			// Glue puts the network interfaces of jobs in a network there with their role, and marks them. Where a call has
			// no tags the condition holds (IAM User Guide, "Multivalued context keys").
			Sid: "JoinNetwork", Effect: policy.Allow,
			Actions: []string{"ec2:CreateNetworkInterface", "ec2:CreateTags", "ec2:DeleteNetworkInterface"},
			Resources: []string{
				p.Account.ARN("ec2", "network-interface/*"), p.Account.ARN("ec2", "security-group/*"), p.Account.ARN("ec2", "subnet/*"),
			},
			Conditions: policy.Conditions{"ForAllValues:StringEquals": {"aws:TagKeys": {"aws-glue-service-resource"}}},
		},
		{
			Sid: "PassOptimizers", Effect: policy.Allow, // pkg/pipeline makes them
			Actions: []string{"iam:PassRole"}, Resources: []string{p.workRole(p.Scope.Name("*-optimizer"))},
			Conditions: policy.Conditions{"StringEquals": {"iam:PassedToService": {"glue.amazonaws.com"}}},
		},
		policy.UseKey("UseKey", p.DataKeyARN),
	}
	return policy.Document{Statements: append(statements, p.makeCopies()...)}
}

// useCatalog is what is done with the Data Catalog and with a run of a workflow, which have no action in common.
func (p *Params) useCatalog() policy.Statement {
	database := p.Scope.Database("") // ends in the underscore before the zone
	return policy.Statement{
		Sid: "UseCatalog", Effect: policy.Allow,
		Actions: []string{
			"glue:BatchCreate*", "glue:BatchDeletePartition", "glue:BatchGet*", "glue:CreatePartition",
			"glue:CreateTable*", "glue:DeletePartition", "glue:DeleteTable", // tables and their optimizers
			"glue:GetConnection", "glue:GetDatabase*", "glue:GetPartition*", "glue:GetTable*", "glue:GetWorkflowRun*", "glue:NotifyEvent",
			"glue:SearchTables", "glue:UpdatePartition", "glue:UpdateTable*",
		},
		Resources: []string{
			p.Account.ARN("glue", "catalog"),
			p.Account.ARN("glue", "connection/"+p.Scope.Name("*")),
			p.Account.ARN("glue", "database/"+database+"*"),
			p.Account.ARN("glue", "database/default"), // Athena looks there first
			p.Account.ARN("glue", "table/"+database+"*/*"),
			p.Account.ARN("glue", "workflow/"+p.Scope.Name("*")),
		},
	}
}

// makeCopies is what the replication of zones and of the state does.
func (p *Params) makeCopies() []policy.Statement {
	write := policy.Statement{
		Sid: "WriteCopies", Effect: policy.Allow,
		Actions:   []string{"s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"},
		Resources: []string{p.lakeCopies() + "/*"},
	}
	// The key of another region is not this project's, so the limit is what S3 encrypts with it.
	encrypted := []string{p.lakeCopies(), p.lakeCopies() + "/*"}
	var state []policy.Statement
	if p.ReplicaRegion != "" {
		copied := p.replicaAccount().BucketARN(p.ReplicaBucket())
		write.Resources = append(write.Resources, copied+"/*")
		encrypted = append(encrypted, copied, copied+"/*")
		for _, statement := range bucket.ReplicationStatements(
			p.Account, p.StateBucket(), p.KeyARN, p.replicaAccount(), p.ReplicaBucket(), p.ReplicaKeyARN) {
			if reads := statement.Sid != "WriteCopies" && statement.Sid != "EncryptCopies"; reads {
				state = append(state, statement)
			}
		}
	}
	encrypt := policy.Statement{
		Sid: "EncryptCopies", Effect: policy.Allow,
		Actions:   []string{"kms:Encrypt", "kms:GenerateDataKey"},
		Resources: []string{p.keysAnywhere()},
		Conditions: policy.Conditions{"StringLike": {
			"kms:ViaService":                   {"s3.*.amazonaws.com"},
			"kms:EncryptionContext:aws:s3:arn": encrypted,
		}},
	}
	return append([]policy.Statement{write, encrypt}, state...)
}
