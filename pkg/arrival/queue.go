package arrival

import (
	"encoding/json"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/policy"
)

// maxQueueName is the longest name of a queue (SQS Developer Guide, "Amazon SQS standard queue quotas").
const maxQueueName = 80

const (
	retentionSeconds = 14 * 24 * 3600 // the most that SQS keeps a message
	// Whoever has received a message deletes it within this time, or it is received again.
	visibilitySeconds = 15 * 60
	// So often somebody may receive a message without deleting it, before it is put aside.
	maxReceives = 5
)

// queues makes the queue of the news and that of what could not be delivered.
func (a *Arrival) queues(ctx *pulumi.Context, name string, args *Args) (*queues, error) {
	redrive, err := json.Marshal(struct {
		Target   string `json:"deadLetterTargetArn"`
		Receives int    `json:"maxReceiveCount"`
	}{args.queueARN(undelivered), maxReceives})
	if err != nil {
		return nil, err
	}
	allow, err := json.Marshal(struct {
		Permission string   `json:"redrivePermission"`
		Sources    []string `json:"sourceQueueArns"`
	}{"byQueue", []string{args.queueARN(news)}})
	if err != nil {
		return nil, err
	}
	dead, err := a.queue(ctx, name, undelivered, args, &sqs.QueueArgs{RedriveAllowPolicy: pulumi.String(allow)})
	if err != nil {
		return nil, err
	}
	queue, err := a.queue(ctx, name, news, args, &sqs.QueueArgs{RedrivePolicy: pulumi.String(redrive)}, dead)
	return &queues{news: queue, dead: dead}, err
}

type queues struct{ news, dead *sqs.Queue }

// queue makes a queue with its policy. As a resource of its own the policy would cost every deployment another 25 s:
// after each change the provider waits until SQS tells the same several times.
func (a *Arrival) queue(
	ctx *pulumi.Context, name, part string, args *Args, queue *sqs.QueueArgs, after ...pulumi.Resource,
) (*sqs.Queue, error) {
	document, err := queuePolicy(args.queueARN(part), args.ruleARN(), args.Account.ID).JSON()
	if err != nil {
		return nil, err
	}
	queue.Name = pulumi.String(args.physical(part))
	queue.KmsMasterKeyId = args.KeyARN.ToStringOutput()
	queue.MessageRetentionSeconds = pulumi.Int(retentionSeconds)
	queue.VisibilityTimeoutSeconds = pulumi.Int(visibilitySeconds)
	queue.Policy = pulumi.String(document)
	queue.Tags = args.Tags
	return sqs.NewQueue(ctx, name+"-"+part, queue, pulumi.Parent(a), pulumi.DependsOn(after))
}

// queuePolicy lets one rule send (EventBridge User Guide, "Using resource-based policies", Amazon SQS), and nobody do
// anything over a connection that others can read.
func queuePolicy(queueARN, ruleARN, account string) policy.Document {
	return policy.Document{Statements: []policy.Statement{
		{
			Sid: "RuleSends", Effect: policy.Allow, Principal: &policy.Principal{Services: []string{service}},
			Actions: []string{"sqs:SendMessage"}, Resources: []string{queueARN},
			Conditions: policy.Conditions{
				"StringEquals": {"aws:SourceAccount": {account}}, "ArnEquals": {"aws:SourceArn": {ruleARN}},
			},
		},
		{
			Sid: "DenyInsecureTransport", Effect: policy.Deny, Principal: &policy.Principal{Everyone: true},
			Actions: []string{"sqs:*"}, Resources: []string{queueARN},
			Conditions: policy.Conditions{"Bool": {"aws:SecureTransport": {"false"}}},
		},
	}}
}
