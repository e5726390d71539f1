package alerting

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Limits of EventBridge (EventBridge User Guide, "Amazon EventBridge quotas"; EventBridge API Reference, PutRule).
const (
	MaxRuleName = 64
	MaxPattern  = 2048
)

// placeholders turns braces into EventBridge's angle brackets, which JSON would write as escapes.
var placeholders = strings.NewReplacer("{", "<", "}", ">")

// rule is an EventBridge rule for how jobs or a crawler may end, before it is made.
type rule struct {
	name        string // the last part of the rule's
	description string
	jobStates   []string
	crawls      bool   // also the crawler's failures
	means       string // of the event, for people
}

// How a run can end badly (Glue User Guide, "AWS Glue job run statuses").
var rules = []rule{
	{
		name: "failed", description: "a job or the crawler has failed", jobStates: []string{"FAILED", "ERROR"}, crawls: true,
		means: "has failed",
	},
	{
		name: "timed-out", description: "a job ran longer than its timeout", jobStates: []string{"TIMEOUT"},
		means: "was stopped because it ran longer than its timeout",
	},
}

// detail of Glue's events (Glue User Guide, "Automating AWS Glue with EventBridge").
type detail struct {
	Job     []string `json:"jobName,omitempty"`
	Crawler []string `json:"crawlerName,omitempty"`
	State   []string `json:"state"`
}

// branch is one of several events that a rule is about.
type branch struct {
	DetailType []string `json:"detail-type"`
	Detail     detail   `json:"detail"`
}

// pattern gives the text of the rule's pattern. An empty crawler is none.
func (r rule) pattern(jobs []string, crawler string) (string, error) {
	ofJobs := branch{[]string{"Glue Job State Change"}, detail{Job: jobs, State: r.jobStates}}
	whole := struct {
		Source     []string `json:"source"`
		DetailType []string `json:"detail-type,omitempty"`
		Detail     *detail  `json:"detail,omitempty"`
		Or         []branch `json:"$or,omitempty"`
	}{Source: []string{"aws.glue"}}
	if r.crawls && crawler != "" {
		whole.Or = []branch{ofJobs, {
			[]string{"Glue Crawler State Change"}, detail{Crawler: []string{crawler}, State: []string{"Failed"}},
		}}
	} else {
		whole.DetailType, whole.Detail = ofJobs.DetailType, &ofJobs.Detail
	}
	text, err := json.Marshal(whole)
	if err == nil && len(text) > MaxPattern {
		err = fmt.Errorf("jobs: the pattern of the rule %q has %d characters with their names, EventBridge allows %d: "+
			"have fewer jobs in the pipeline or give them shorter names", r.name, len(text), MaxPattern)
	}
	return string(text), err
}

// message is what people get. A path that an event does not have leaves its place empty, so one text does for jobs
// and crawlers (EventBridge User Guide, "Amazon EventBridge input transformation").
func (r rule) message(args *WatchArgs) (*cloudwatch.EventTargetInputTransformerArgs, error) {
	text, err := json.Marshal(fmt.Sprintf(
		"Pipeline %s in %s: {job}{crawler} {run} %s (state {state}). {message} {error} Look at it with: %s",
		args.Pipeline.Name, args.Scope.Environment, r.means, args.command("status")))
	return &cloudwatch.EventTargetInputTransformerArgs{
		InputPaths: pulumi.StringMap{
			"job": pulumi.String("$.detail.jobName"), "crawler": pulumi.String("$.detail.crawlerName"),
			"run": pulumi.String("$.detail.jobRunId"), "state": pulumi.String("$.detail.state"),
			"message": pulumi.String("$.detail.message"), "error": pulumi.String("$.detail.errorMessage"),
		},
		InputTemplate: pulumi.String(placeholders.Replace(string(text))),
	}, err
}

// alarm shows that the rule has found something: a rule has no state of its own, and a message can get lost.
func (r rule) alarm(args *WatchArgs) alarm {
	a := alarm{
		name: r.name, missing: missingIsGood, namespace: "AWS/Events", metric: "TriggeredRules",
		description: fmt.Sprintf("Pipeline %s: %s. Look at it with `%s`, put the cause right and run it again with `%s`.",
			args.Pipeline.Name, r.description, args.command("status"), args.command("run")),
		dimensions: pulumi.StringMap{"RuleName": pulumi.String(args.physical(r.name))},
	}.above(0)
	a.statistic = "Sum"
	return a
}

func (r rule) make(ctx *pulumi.Context, name string, args *WatchArgs, opts ...pulumi.ResourceOption) (*cloudwatch.EventRule, error) {
	jobs := pulumi.StringArray{}
	for _, key := range args.jobKeys() {
		jobs = append(jobs, args.Jobs[key])
	}
	crawler := args.Crawler
	if crawler == nil {
		crawler = pulumi.String("")
	}
	text := pulumi.All(jobs, crawler).ApplyT(func(known []any) (string, error) {
		return r.pattern(known[0].([]string), known[1].(string))
	}).(pulumi.StringOutput)
	made, err := cloudwatch.NewEventRule(ctx, name+"-"+r.name, &cloudwatch.EventRuleArgs{
		Name:         pulumi.String(args.physical(r.name)),
		Description:  pulumi.String("Pipeline " + args.Pipeline.Name + ": " + r.description),
		EventPattern: text,
		Tags:         args.Tags,
	}, opts...)
	if err != nil {
		return nil, err
	}
	message, err := r.message(args)
	if err != nil {
		return nil, err
	}
	_, err = cloudwatch.NewEventTarget(ctx, name+"-"+r.name+"-alert", &cloudwatch.EventTargetArgs{
		Rule: made.Name, TargetId: pulumi.String("alert"), Arn: args.Alerts.TopicARN, RoleArn: args.Alerts.role,
		InputTransformer: message,
	}, append(opts, pulumi.DependsOn(args.Alerts.ready))...)
	return made, err
}

func (r rule) validate(args *WatchArgs) error {
	var problems []error
	if name := args.physical(r.name); len(name) > MaxRuleName {
		problems = append(problems, fmt.Errorf("rule name %q has %d characters, EventBridge allows %d: shorten the pipeline's name",
			name, len(name), MaxRuleName))
	}
	// Names of jobs are made of the pipeline's and the key, those of crawlers of the domain's.
	var jobs []string
	for _, key := range args.jobKeys() {
		jobs = append(jobs, args.physical(key))
	}
	_, err := r.pattern(jobs, args.Scope.Name(args.Pipeline.Domain, "raw-crawler"))
	return errors.Join(append(problems, err)...)
}
