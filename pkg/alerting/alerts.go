// Package alerting tells people when a pipeline fails, is slow or late, or rejects too much.
package alerting

import (
	"errors"
	"fmt"
	"net/mail"
	"regexp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
)

// AlertsType is the type token of Alerts.
const AlertsType = "tarn:alerting:Alerts"

// Services that send messages.
const (
	alarms = "cloudwatch.amazonaws.com"
	events = "events.amazonaws.com"
)

// topicForm is the ARN of a topic that alarms can be sent to. Alarms send to no FIFO topic.
var topicForm = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$`)

// Settings says whom to tell.
type Settings struct {
	// Optional: mail addresses that get every alert, each after confirming it once; default none.
	Emails []string `json:"emails"`
	// Optional: ARN of an SNS topic to use instead of making one. Its own policy, and that of its key, have to let
	// cloudwatch.amazonaws.com publish for this account.
	TopicARN string `json:"topicArn"`
}

// Validate refuses what SNS would refuse.
func (s Settings) Validate() error {
	var problems []error
	if s.TopicARN != "" && len(s.Emails) > 0 {
		problems = append(problems, errors.New(
			"alerts.emails: whoever owns the topic of alerts.topicArn subscribes to it; name one of the two"))
	}
	if s.TopicARN != "" && !topicForm.MatchString(s.TopicARN) {
		problems = append(problems, fmt.Errorf(
			"alerts.topicArn %q: want the ARN of a topic that is not FIFO (arn:aws:sns:REGION:ACCOUNT:NAME)", s.TopicARN))
	}
	seen := map[string]bool{}
	for i, address := range s.Emails {
		parsed, err := mail.ParseAddress(address)
		switch {
		case err != nil || parsed.Address != address:
			problems = append(problems, fmt.Errorf("alerts.emails[%d] %q: want a mail address such as team@example.com", i, address))
		case seen[address]:
			problems = append(problems, fmt.Errorf("alerts.emails[%d]: %s is there twice", i, address))
		}
		seen[address] = true
	}
	return errors.Join(problems...)
}

// Args configures Alerts.
type Args struct {
	// Required: organization and environment.
	Scope naming.Scope
	// Required: where it is deployed.
	Account account.Account
	// Required: the KMS key that encrypts messages. Its policy lets CloudWatch use it, see encryption.Messages.
	KeyARN pulumi.StringInput
	// Required: ARN of the permission boundary of the role that EventBridge publishes with. It has to allow
	// sns:Publish to the topic, and the key.
	BoundaryARN pulumi.StringInput
	// Optional: whom to tell.
	Settings Settings
	// Required: tags of every resource.
	Tags pulumi.StringMap
}

// Alerts is the topic that all alarms of an environment are sent to.
type Alerts struct {
	pulumi.ResourceState

	TopicARN pulumi.StringOutput `pulumi:"topicArn"`

	role    pulumi.StringOutput // ARN, of who publishes events
	account account.Account
	ready   []pulumi.Resource // what has to be there before anything is sent
}

// New makes the topic.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Alerts, error) {
	if args == nil || args.KeyARN == nil || args.BoundaryARN == nil {
		return nil, fmt.Errorf("%s %s: a key and a boundary are required", AlertsType, name)
	}
	if err := args.Settings.Validate(); err != nil {
		return nil, err
	}
	a := &Alerts{account: args.Account}
	if err := ctx.RegisterComponentResource(AlertsType, name, a, opts...); err != nil {
		return nil, err
	}
	if args.Settings.TopicARN != "" {
		a.TopicARN = pulumi.String(args.Settings.TopicARN).ToStringOutput()
	} else if err := a.topic(ctx, name, args); err != nil {
		return nil, fmt.Errorf("topic: %w", err)
	}
	if err := a.publisher(ctx, name, args); err != nil {
		return nil, fmt.Errorf("role that publishes events: %w", err)
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"topicArn": a.TopicARN})
}

func (a *Alerts) topic(ctx *pulumi.Context, name string, args *Args) error {
	topic, err := sns.NewTopic(ctx, name+"-topic", &sns.TopicArgs{
		Name:           pulumi.String(args.Scope.Name("alerts")),
		DisplayName:    pulumi.String("Tarn " + args.Scope.Environment),
		KmsMasterKeyId: args.KeyARN,
		Tags:           args.Tags,
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	a.TopicARN = topic.Arn
	allowed, err := sns.NewTopicPolicy(ctx, name+"-topic-policy", &sns.TopicPolicyArgs{
		Arn: topic.Arn,
		Policy: policy.Render(pulumi.StringMap{"topic": topic.Arn}, func(v map[string]string) policy.Document {
			return topicPolicy(args.Scope, args.Account, v["topic"])
		}),
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	a.ready = append(a.ready, allowed)
	for _, address := range args.Settings.Emails {
		_, err := sns.NewTopicSubscription(ctx, name+"-to-"+address, &sns.TopicSubscriptionArgs{
			Topic: topic.Arn, Protocol: pulumi.String("email"), Endpoint: pulumi.String(address),
		}, pulumi.Parent(a))
		if err != nil {
			return err
		}
	}
	return nil
}

// topicPolicy lets the alarms of this environment publish, and nobody over a connection that others can read. Of
// EventBridge it says nothing: no condition of a topic's policy can tell whose rule it is (EventBridge User Guide,
// "Using resource-based policies", Amazon SNS), so that everybody's rules would be let in. It publishes with a role.
func topicPolicy(scope naming.Scope, acct account.Account, topicARN string) policy.Document {
	return policy.Document{Statements: []policy.Statement{
		{
			Sid: "AlarmsPublish", Effect: policy.Allow, Principal: &policy.Principal{Services: []string{alarms}},
			Actions: []string{"sns:Publish"}, Resources: []string{topicARN},
			Conditions: policy.Conditions{
				"StringEquals": {"aws:SourceAccount": {acct.ID}},
				"ArnLike":      {"aws:SourceArn": {acct.ARN("cloudwatch", "alarm:"+scope.Name("*"))}},
			},
		},
		{
			Sid: "DenyInsecureTransport", Effect: policy.Deny, Principal: &policy.Principal{Everyone: true},
			Actions: []string{"sns:Publish"}, Resources: []string{topicARN},
			Conditions: policy.Conditions{"Bool": {"aws:SecureTransport": {"false"}}},
		},
	}}
}

// publisher makes the role that EventBridge publishes with. AWS recommends a role for every target (What's New,
// 2025-03, "Amazon EventBridge now supports IAM execution roles for all targets"), and the key of an encrypted topic
// can be limited to an account only for a role (SNS Developer Guide, "Managing encryption keys").
func (a *Alerts) publisher(ctx *pulumi.Context, name string, args *Args) error {
	trust, err := policy.ServiceTrust(events, args.Account.ID, args.Account.ARN("events", "rule/"+args.Scope.Name("*"))).JSON()
	if err != nil {
		return err
	}
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Name:                pulumi.String(args.Scope.Name("alerts")),
		Path:                pulumi.String(args.Scope.Path()),
		Description:         pulumi.String("Tarn: EventBridge publishes what has failed"),
		AssumeRolePolicy:    pulumi.String(trust),
		PermissionsBoundary: args.BoundaryARN.ToStringOutput(),
		Tags:                args.Tags,
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	attached, err := iam.NewRolePolicy(ctx, name+"-role-policy", &iam.RolePolicyArgs{
		Name: pulumi.String("access"),
		Role: role.Name,
		Policy: policy.Render(pulumi.StringMap{"topic": a.TopicARN, "key": args.KeyARN}, func(v map[string]string) policy.Document {
			return publisherPolicy(v["topic"], v["key"])
		}),
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	a.role, a.ready = role.Arn, append(a.ready, attached)
	return nil
}

func publisherPolicy(topicARN, keyARN string) policy.Document {
	return policy.Document{Statements: []policy.Statement{
		{Sid: "Publish", Effect: policy.Allow, Actions: []string{"sns:Publish"}, Resources: []string{topicARN}},
		{
			Sid: "EncryptMessages", Effect: policy.Allow,
			Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{keyARN},
		},
	}}
}
