// Package arrival starts a pipeline when raw files arrive: S3 tells EventBridge, which starts the workflow and
// keeps the news in a queue that the pipeline's job reads.
package arrival

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/naming"
)

// ComponentType is the type token of Arrival.
const ComponentType = "tarn:arrival:Arrival"

// Args configures an Arrival.
type Args struct {
	Scope       naming.Scope
	Account     account.Account
	Pipeline    dataset.Pipeline
	RawBucket   pulumi.StringInput
	WorkflowARN pulumi.StringInput
	BoundaryARN pulumi.StringInput
	KeyARN      pulumi.StringInput
	Tags        pulumi.StringMap
}

// Arrival is the rule, the queue and what delivers to it.
type Arrival struct {
	pulumi.ResourceState

	QueueURL pulumi.StringOutput `pulumi:"queueUrl"`
	QueueARN pulumi.StringOutput `pulumi:"queueArn"`
	DLQName  pulumi.StringOutput `pulumi:"dlqName"`
}
