package pipeline

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/alerting"
	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/governance"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// What all pipelines share in the quarantine: the table of rejected rows, and that of the files that were read.
const (
	quarantineTable = "rejected_rows"
	ledgerTable     = "ingested_files"
)

// optimized reports whether the Data Catalog's optimizers keep the pipeline's tables in order.
func (a *Args) optimized() bool {
	return a.Pipeline.Maintenance != nil && a.Pipeline.Maintenance.By == dataset.ByOptimizer
}

// jobRole makes the role of the pipeline's jobs. It can read the pipeline's sources and write the
// pipeline's own prefixes; it can read scripts but not change them, which would be a way to give
// oneself another pipeline's rights.
func (p *Pipeline) jobRole(ctx *pulumi.Context, name string) (*role, error) {
	more := pulumi.StringMap{}
	if p.arrival != nil {
		more["queue"] = p.arrival.QueueARN
	}
	if p.optimizer != nil {
		more["optimizer"] = p.optimizer.arn
	}
	role, err := p.makeRole(ctx, name+"-job-role", p.name("job"), p.args.Roles.Job, more, p.jobDocument)
	if err != nil {
		return nil, err
	}
	pipeline := p.args.Pipeline.Name
	locations := map[string]pulumi.StringOutput{
		"staged": p.location(p.lake.StagedBucket, pipeline), "analytics": p.location(p.lake.AnalyticsBucket, pipeline),
		"quarantine": p.location(p.lake.QuarantineBucket, quarantineTable), "ledger": p.location(p.lake.QuarantineBucket, ledgerTable),
	}
	tags := []tagged{{p.domainTag(), []zone.Kind{zone.Staged, zone.Analytics}}, {governance.NoDomain, []zone.Kind{zone.Quarantine}}}
	if p.domainTag() == governance.NoDomain { // one expression, or they would be two grants on the same
		tags = []tagged{{governance.NoDomain, []zone.Kind{zone.Staged, zone.Analytics, zone.Quarantine}}}
	}
	if err := p.grant(ctx, name+"-job", role, tags, jobRights, locations); err != nil {
		return nil, fmt.Errorf("grants: %w", err)
	}
	return role, nil
}

// jobDocument follows the Glue User Guide, "Review IAM permissions needed for ETL jobs", cut down to
// the pipeline's prefixes. v holds bucket names, database names and the key's ARN; and, where there are such, the ARNs
// of the queue of arrivals and of the optimizers' role.
func (p *Pipeline) jobDocument(v map[string]string) policy.Document {
	acct, pipeline := p.Account, p.args.Pipeline.Name
	sources := named(sourceFolders(p.args.Pipeline.Datasets), p.args.OtherSources)
	raw, staged, analytics := acct.BucketARN(v["raw"]), acct.BucketARN(v["staged"]), acct.BucketARN(v["analytics"])
	quarantine, artifacts := acct.BucketARN(v["quarantine"]), acct.BucketARN(v["artifacts"])
	tables := catalog.TableARNs(acct, "*", v["stagedDatabase"], v["analyticsDatabase"], v["quarantineDatabase"])
	document := policy.Document{Statements: []policy.Statement{
		policy.ListPrefixes("ListSources", raw, sources...),
		policy.ReadObjects("ReadSources", raw, sources...),
		policy.ListPrefixes("ListStaged", staged, pipeline),
		policy.WriteObjects("WriteStaged", staged, pipeline),
		policy.ListPrefixes("ListAnalytics", analytics, pipeline),
		policy.WriteObjects("WriteAnalytics", analytics, pipeline),
		policy.ListPrefixes("ListQuarantine", quarantine, quarantineTable, ledgerTable),
		policy.WriteObjects("WriteQuarantine", quarantine, quarantineTable, ledgerTable),
		policy.ReadObjects("ReadCode", artifacts, "code", "manifests/"+pipeline),
		policy.ListPrefixes("ListWorkFolders", artifacts, reportPrefix(pipeline), tempPrefix(pipeline)),
		policy.WriteObjects("WriteWorkFolders", artifacts, reportPrefix(pipeline), tempPrefix(pipeline)),
		{
			Sid: "UseCatalog", Effect: policy.Allow,
			Actions: []string{
				"glue:CreateTable", "glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables", "glue:UpdateTable",
			},
			Resources: tables,
		},
		{
			Sid: "ReadRun", Effect: policy.Allow, // what this run was asked for, and which one it resumes
			Actions:   []string{"glue:GetWorkflowRun", "glue:GetWorkflowRunProperties"},
			Resources: []string{acct.ARN("glue", "workflow/"+p.workflowName())},
		},
		p.writeLogs(),
		catalog.PublishMetrics(catalog.GlueMetrics, alerting.Namespace),
		policy.UseKey("UseKey", v["key"]),
	}}
	if v["queue"] != "" {
		document.Statements = append(document.Statements, policy.Statement{
			Sid: "ReadArrivals", Effect: policy.Allow,
			Actions: []string{
				"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage",
			},
			Resources: []string{v["queue"]},
		})
	}
	if v["optimizer"] != "" {
		document.Statements = append(document.Statements,
			policy.Statement{
				Sid: "SetOptimizers", Effect: policy.Allow,
				Actions: []string{"glue:CreateTableOptimizer", "glue:GetTableOptimizer", "glue:UpdateTableOptimizer"}, Resources: tables,
			},
			policy.Statement{
				Sid: "PassOptimizerRole", Effect: policy.Allow,
				Actions: []string{"iam:PassRole"}, Resources: []string{v["optimizer"]},
				Conditions: policy.Conditions{"StringEquals": {"iam:PassedToService": {"glue.amazonaws.com"}}},
			})
	}
	document.Statements = append(document.Statements, p.networkRights()...)
	return p.governed(document)
}

// writeLogs allows the log groups of the pipeline. Without logs:AssociateKmsKey Glue would write no log at all where a
// security configuration encrypts it (Glue User Guide, "Logging for AWS Glue jobs"). Below the pipeline's own prefix a
// job may make a group, should Glue look for it under another name.
func (p *Pipeline) writeLogs() policy.Statement {
	group := func(name string) string { return p.Account.ARN("logs", "log-group:"+name) }
	statement := policy.Statement{
		Sid: "WriteLogs", Effect: policy.Allow,
		Actions:   []string{"logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: []string{group(p.logPrefix() + "/*")},
	}
	for _, job := range p.jobs {
		if job.kind == dataset.PythonShell {
			logs := p.logsOf(dataset.PythonShell)
			statement.Resources = append(statement.Resources, group(logs.Output+"*"), group(logs.Error+"*"))
			break
		}
	}
	return statement
}

// optimizerRole makes the role of the Data Catalog's optimizers, which only read and write the pipeline's tables; nil
// for a pipeline without.
func (p *Pipeline) optimizerRole(ctx *pulumi.Context, name string) (*role, error) {
	if !p.args.optimized() {
		return nil, nil //nolint:nilnil // no role is needed, which is not an error
	}
	made, err := p.makeRole(ctx, name+"-optimizer-role", p.name("optimizer"), p.args.OptimizerRole, nil, p.optimizerDocument)
	if err != nil {
		return nil, err
	}
	tags := []tagged{{p.domainTag(), []zone.Kind{zone.Staged, zone.Analytics}}}
	return made, p.grant(ctx, name+"-optimizer", made, tags, optimizerRights, nil)
}

// optimizerDocument follows the Glue User Guide, "Table optimization prerequisites".
func (p *Pipeline) optimizerDocument(v map[string]string) policy.Document {
	acct, pipeline := p.Account, p.args.Pipeline.Name
	staged, analytics := acct.BucketARN(v["staged"]), acct.BucketARN(v["analytics"])
	return p.governed(policy.Document{Statements: []policy.Statement{
		policy.ListPrefixes("ListStaged", staged, pipeline),
		policy.WriteObjects("RewriteStaged", staged, pipeline),
		policy.ListPrefixes("ListAnalytics", analytics, pipeline),
		policy.WriteObjects("RewriteAnalytics", analytics, pipeline),
		{
			Sid: "UpdateCatalog", Effect: policy.Allow,
			Actions:   []string{"glue:GetTable", "glue:UpdateTable"},
			Resources: catalog.TableARNs(acct, "*", v["stagedDatabase"], v["analyticsDatabase"]),
		},
		catalog.OptimizerLogs(acct),
		catalog.PublishMetrics(catalog.GlueMetrics),
		policy.UseKey("UseKey", v["key"]),
	}})
}
