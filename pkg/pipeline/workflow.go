package pipeline

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// workflowName is the name of the workflow, and that of the pipeline's metrics.
func (p *Pipeline) workflowName() string { return p.Scope.Name(p.args.Pipeline.Name) }

// workflow makes the workflow. Its triggers come after its jobs.
func (p *Pipeline) workflow(ctx *pulumi.Context, name string) (*glue.Workflow, error) {
	return glue.NewWorkflow(ctx, name+"-workflow", &glue.WorkflowArgs{
		Name:              pulumi.String(p.workflowName()),
		Description:       pulumi.String("Pipeline " + p.args.Pipeline.Name),
		MaxConcurrentRuns: pulumi.Int(1),
		Tags:              p.tags(),
	}, pulumi.Parent(p))
}

// triggers makes what starts the steps of the workflow: the first one by itself or by somebody, each other one when the
// one before it has succeeded. A step that fails ends the run; the alarms tell of it.
func (p *Pipeline) triggers(ctx *pulumi.Context, name string, workflow *glue.Workflow, steps graph, jobs map[string]*glue.Job) error {
	for _, edge := range steps.edges() {
		args := p.start()
		suffix := "start"
		if edge.after != "" {
			args, suffix = p.conditional(edge.after, jobs), "after-"+edge.after
		}
		actions := glue.TriggerActionArray{}
		for _, step := range edge.starts {
			if job, found := jobs[step]; found {
				actions = append(actions, glue.TriggerActionArgs{JobName: job.Name.ToStringPtrOutput()})
			} else {
				actions = append(actions, glue.TriggerActionArgs{CrawlerName: p.args.Crawler.ToStringOutput().ToStringPtrOutput()})
			}
		}
		args.Actions = actions
		args.Name = pulumi.String(p.name(suffix))
		args.WorkflowName = workflow.Name
		args.Tags = p.tags()
		if _, err := glue.NewTrigger(ctx, name+"-"+suffix, args, pulumi.Parent(p)); err != nil {
			return err
		}
	}
	return nil
}

// start is the trigger that starts the workflow, without what it starts.
func (p *Pipeline) start() *glue.TriggerArgs {
	pipeline := p.args.Pipeline
	switch {
	case pipeline.Arrival != nil:
		return &glue.TriggerArgs{
			Type: pulumi.String("EVENT"),
			// Glue activates triggers of this type by itself and has no way to stop them: where pipelines do not start by
			// themselves, the rule that tells of files is off.
			Enabled: pulumi.Bool(true),
			EventBatchingConditions: glue.TriggerEventBatchingConditionArray{glue.TriggerEventBatchingConditionArgs{
				BatchSize: pulumi.Int(pipeline.Arrival.Files), BatchWindow: pulumi.Int(pipeline.Arrival.WithinSeconds),
			}},
		}
	case pipeline.Schedule != "":
		return &glue.TriggerArgs{
			Type: pulumi.String("SCHEDULED"), Schedule: pulumi.String(pipeline.Schedule), Enabled: pulumi.Bool(p.args.Scheduled),
		}
	default:
		return &glue.TriggerArgs{
			Type:    pulumi.String("ON_DEMAND"),
			Enabled: pulumi.Bool(false), // enabled, the provider would run it at once
		}
	}
}

// conditional is a trigger that waits for a step, without what it starts.
func (p *Pipeline) conditional(after string, jobs map[string]*glue.Job) *glue.TriggerArgs {
	condition := glue.TriggerPredicateConditionArgs{}
	if job, found := jobs[after]; found {
		condition.JobName, condition.State = job.Name.ToStringPtrOutput(), pulumi.String("SUCCEEDED")
	} else {
		condition.CrawlerName, condition.CrawlState = p.args.Crawler.ToStringOutput().ToStringPtrOutput(), pulumi.String("SUCCEEDED")
	}
	return &glue.TriggerArgs{
		Type:      pulumi.String("CONDITIONAL"),
		Predicate: glue.TriggerPredicateArgs{Conditions: glue.TriggerPredicateConditionArray{condition}},
	}
}

// schedule makes the trigger of a job that runs beside the workflow.
func (p *Pipeline) schedule(ctx *pulumi.Context, name string, planned plannedJob, job *glue.Job) error {
	_, err := glue.NewTrigger(ctx, name+"-"+planned.name+"-schedule", &glue.TriggerArgs{
		Name:     pulumi.String(p.name(planned.name)),
		Type:     pulumi.String("SCHEDULED"),
		Schedule: pulumi.String(planned.schedule),
		Enabled:  pulumi.Bool(p.args.Scheduled),
		Actions:  glue.TriggerActionArray{glue.TriggerActionArgs{JobName: job.Name.ToStringPtrOutput()}},
		Tags:     p.tags(),
	}, pulumi.Parent(p))
	return err
}
