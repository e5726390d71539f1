package pipeline

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// workflow chains crawler, raw-to-staged and staged-to-analytics: each starts when the one before
// it has succeeded.
func (p *Pipeline) workflow(ctx *pulumi.Context, name string, crawler *glue.Crawler, staged, analytics *glue.Job) error {
	workflow, err := glue.NewWorkflow(ctx, name+"-workflow", &glue.WorkflowArgs{
		Name:              pulumi.String(p.args.Scope.Name(p.args.Pipeline.Name)),
		Description:       pulumi.String("Pipeline " + p.args.Pipeline.Name),
		MaxConcurrentRuns: pulumi.Int(1),
		Tags:              p.tags(),
	}, pulumi.Parent(p))
	if err != nil {
		return err
	}
	start := &glue.TriggerArgs{
		Type:    pulumi.String("ON_DEMAND"),
		Enabled: pulumi.Bool(false), // enabled, the provider would run it at once
		Actions: glue.TriggerActionArray{glue.TriggerActionArgs{CrawlerName: crawler.Name}},
	}
	afterCrawl := &glue.TriggerArgs{
		Type: pulumi.String("CONDITIONAL"),
		Predicate: glue.TriggerPredicateArgs{Conditions: glue.TriggerPredicateConditionArray{
			glue.TriggerPredicateConditionArgs{CrawlerName: crawler.Name, CrawlState: pulumi.String("SUCCEEDED")},
		}},
		Actions: glue.TriggerActionArray{glue.TriggerActionArgs{JobName: staged.Name}},
	}
	afterStaged := &glue.TriggerArgs{
		Type: pulumi.String("CONDITIONAL"),
		Predicate: glue.TriggerPredicateArgs{Conditions: glue.TriggerPredicateConditionArray{
			glue.TriggerPredicateConditionArgs{JobName: staged.Name, State: pulumi.String("SUCCEEDED")},
		}},
		Actions: glue.TriggerActionArray{glue.TriggerActionArgs{JobName: analytics.Name}},
	}
	for _, trigger := range []struct {
		suffix string
		args   *glue.TriggerArgs
	}{
		{"start", start},
		{"after-crawl", afterCrawl},
		{"after-" + RawToStaged, afterStaged},
	} {
		trigger.args.Name = pulumi.String(p.name(trigger.suffix))
		trigger.args.WorkflowName = workflow.Name
		trigger.args.Tags = p.tags()
		if _, err := glue.NewTrigger(ctx, name+"-"+trigger.suffix, trigger.args, pulumi.Parent(p)); err != nil {
			return err
		}
	}
	p.Workflow = workflow.Name
	p.LogPrefix = pulumi.String(p.logPrefix()).ToStringOutput()
	p.ReportURI = pulumi.Sprintf("s3://%s/%s", p.args.Lake.ArtifactsBucket, reportPrefix(p.args.Pipeline.Name))
	return nil
}
