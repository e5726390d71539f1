// Package arrival starts a pipeline when raw files arrive: S3 tells EventBridge, which starts the workflow and
// keeps the news in a queue that the pipeline's job reads.
package arrival

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/alerting"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
)

// ComponentType is the type token of Arrival.
const ComponentType = "tarn:arrival:Arrival"

// service is EventBridge as a principal.
const service = "events.amazonaws.com"

// The last parts of names.
const (
	ruleName    = "arrival" // also of the role that starts the workflow
	news        = "arrivals"
	undelivered = "undelivered"
)

// How long EventBridge tries to deliver. What it gives up on goes to the queue of the undelivered, and an alarm tells
// somebody; after EventBridge's own 24 hours that would be a day late.
const (
	retrySeconds  = 3600
	retryAttempts = 50
)

// Args configures an Arrival.
type Args struct {
	// Required: organization and environment.
	Scope naming.Scope
	// Required: where it is deployed.
	Account account.Account
	// Required: the pipeline; the source paths of its data sets are watched.
	Pipeline dataset.Pipeline
	// Required: name of the bucket of the raw zone.
	RawBucket pulumi.StringInput
	// Required: ARN of the workflow. Its start trigger is of the type EVENT.
	WorkflowARN pulumi.StringInput
	// Required: ARN of the permission boundary of the role that starts the workflow. It has to allow glue:NotifyEvent.
	BoundaryARN pulumi.StringInput
	// Required: ARN of the key of the queues. Its policy lets EventBridge use it, see encryption.Messages.
	KeyARN pulumi.StringInput
	// Optional: the rule is made but does nothing, for environments where pipelines do not start by themselves.
	// The workflow's trigger has to be disabled, too; defaults to false.
	Disabled bool
	// Required: tags of every resource.
	Tags pulumi.StringMap
}

// Arrival is the rule, the queue and what delivers to it.
type Arrival struct {
	pulumi.ResourceState

	QueueURL pulumi.StringOutput `pulumi:"queueUrl"`
	QueueARN pulumi.StringOutput `pulumi:"queueArn"`
	DLQName  pulumi.StringOutput `pulumi:"dlqName"`
}

// New makes the queues, the rule and its targets.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Arrival, error) {
	if args == nil || args.RawBucket == nil || args.WorkflowARN == nil || args.BoundaryARN == nil || args.KeyARN == nil {
		return nil, fmt.Errorf("%s %s: bucket, workflow, boundary and key are required", ComponentType, name)
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", args.Pipeline.Name, err)
	}
	a := &Arrival{}
	if err := ctx.RegisterComponentResource(ComponentType, name, a, opts...); err != nil {
		return nil, err
	}
	made, err := a.queues(ctx, name, args)
	if err != nil {
		return nil, fmt.Errorf("queues: %w", err)
	}
	starter, err := a.starter(ctx, name, args)
	if err != nil {
		return nil, fmt.Errorf("role that starts the workflow: %w", err)
	}
	if err := a.rule(ctx, name, args, made, starter); err != nil {
		return nil, fmt.Errorf("rule: %w", err)
	}
	a.QueueURL, a.QueueARN, a.DLQName = made.news.Url, made.news.Arn, made.dead.Name
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"queueUrl": a.QueueURL, "queueArn": a.QueueARN, "dlqName": a.DLQName})
}

// Validate refuses what EventBridge, SQS, IAM or Glue would refuse. It needs no resource, so that a program can ask
// about all pipelines before it makes the first one.
func (a *Args) Validate() error {
	if a.Pipeline.Arrival == nil || len(a.Pipeline.Datasets) == 0 {
		return errors.New("arrival: the pipeline does not say that it starts when files arrive, or has no data set")
	}
	var problems []error
	for _, named := range []struct {
		what, by, name string
		most           int
	}{
		{"rule", "EventBridge", a.physical(ruleName), alerting.MaxRuleName},
		{"role", "IAM", a.physical(ruleName), naming.MaxRole},
		{"queue", "SQS", a.physical(undelivered), maxQueueName},
	} {
		if len(named.name) > named.most {
			problems = append(problems, fmt.Errorf("%s name %q has %d characters, %s allows %d: shorten the pipeline's name",
				named.what, named.name, len(named.name), named.by, named.most))
		}
	}
	_, err := folders(a.Pipeline.Datasets)
	return errors.Join(append(problems, err)...)
}

// starter is the role EventBridge starts the workflow with, and what it may do.
type starter struct {
	role  *iam.Role
	ready pulumi.Resource
}

func (a *Arrival) starter(ctx *pulumi.Context, name string, args *Args) (*starter, error) {
	trust, err := policy.ServiceTrust(service, args.Account.ID, args.ruleARN()).JSON()
	if err != nil {
		return nil, err
	}
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Name:                pulumi.String(args.physical(ruleName)),
		Path:                pulumi.String(args.Scope.Path()),
		Description:         pulumi.String("Tarn: EventBridge starts the pipeline " + args.Pipeline.Name),
		AssumeRolePolicy:    pulumi.String(trust),
		PermissionsBoundary: args.BoundaryARN.ToStringOutput(),
		Tags:                args.Tags,
	}, pulumi.Parent(a))
	if err != nil {
		return nil, err
	}
	attached, err := iam.NewRolePolicy(ctx, name+"-role-policy", &iam.RolePolicyArgs{
		Name: pulumi.String("access"),
		Role: role.Name,
		Policy: policy.Render(pulumi.StringMap{"workflow": args.WorkflowARN}, func(v map[string]string) policy.Document {
			return starterPolicy(v["workflow"])
		}),
	}, pulumi.Parent(a))
	return &starter{role, attached}, err
}

// starterPolicy follows the Glue User Guide, "Starting an AWS Glue workflow with an Amazon EventBridge event".
func starterPolicy(workflowARN string) policy.Document {
	return policy.Document{Statements: []policy.Statement{{
		Sid: "StartWorkflow", Effect: policy.Allow, Actions: []string{"glue:NotifyEvent"}, Resources: []string{workflowARN},
	}}}
}

func (a *Arrival) rule(ctx *pulumi.Context, name string, args *Args, made *queues, starter *starter) error {
	watched, err := folders(args.Pipeline.Datasets)
	if err != nil {
		return err
	}
	state := "ENABLED"
	if args.Disabled {
		state = "DISABLED"
	}
	rule, err := cloudwatch.NewEventRule(ctx, name+"-rule", &cloudwatch.EventRuleArgs{
		Name:        pulumi.String(args.physical(ruleName)),
		Description: pulumi.String("Raw files of the pipeline " + args.Pipeline.Name + " have arrived"),
		State:       pulumi.String(state),
		EventPattern: args.RawBucket.ToStringOutput().ApplyT(func(bucket string) (string, error) {
			return patternOf(bucket, watched)
		}).(pulumi.StringOutput),
		Tags: args.Tags,
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	for _, target := range []struct {
		id   string
		args *cloudwatch.EventTargetArgs
	}{
		// No role: with one, EventBridge would not ask the queue's policy (EventBridge User Guide, "Using
		// resource-based policies").
		{"queue", &cloudwatch.EventTargetArgs{Arn: made.news.Arn}},
		{"workflow", &cloudwatch.EventTargetArgs{Arn: args.WorkflowARN.ToStringOutput(), RoleArn: starter.role.Arn}},
	} {
		target.args.Rule, target.args.TargetId = rule.Name, pulumi.String(target.id)
		target.args.DeadLetterConfig = cloudwatch.EventTargetDeadLetterConfigArgs{Arn: made.dead.Arn}
		target.args.RetryPolicy = cloudwatch.EventTargetRetryPolicyArgs{
			MaximumEventAgeInSeconds: pulumi.Int(retrySeconds), MaximumRetryAttempts: pulumi.Int(retryAttempts),
		}
		_, err := cloudwatch.NewEventTarget(ctx, name+"-to-"+target.id, target.args,
			pulumi.Parent(a), pulumi.DependsOn([]pulumi.Resource{made.news, made.dead, starter.ready}))
		if err != nil {
			return err
		}
	}
	return nil
}

// physical is the name of something of this pipeline.
func (a *Args) physical(part string) string { return a.Scope.Name(a.Pipeline.Name, part) }

func (a *Args) queueARN(part string) string { return a.Account.ARN("sqs", a.physical(part)) }

func (a *Args) ruleARN() string { return a.Account.ARN("events", "rule/"+a.physical(ruleName)) }
