// Package alerting tells people when a pipeline fails, is slow or late, or rejects too much.
package alerting

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
)

// AlertsType is the type token of Alerts.
const AlertsType = "tarn:alerting:Alerts"

// Settings says whom to tell.
type Settings struct {
	// Optional: mail addresses that get every alert, each after confirming it once; default none.
	Emails []string `json:"emails"`
	// Optional: ARN of an SNS topic to use instead of making one.
	TopicARN string `json:"topicArn"`
}

// Validate refuses what SNS would refuse.
func (s Settings) Validate() error {
	if s.TopicARN != "" && len(s.Emails) > 0 {
		return errors.New("alerts.emails: whoever owns the topic of alerts.topicArn subscribes to it; name one of the two")
	}
	return nil
}

// Args configures Alerts.
type Args struct {
	// Required: organization and environment.
	Scope naming.Scope
	// Required: where it is deployed.
	Account account.Account
	// Required: the KMS key that encrypts messages.
	KeyARN pulumi.StringInput
	// Optional: whom to tell.
	Settings Settings
	// Required: tags of every resource.
	Tags pulumi.StringMap
}

// Alerts is the topic that all alarms of an environment are sent to.
type Alerts struct {
	pulumi.ResourceState

	TopicARN pulumi.StringOutput `pulumi:"topicArn"`
}

// New makes the topic.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Alerts, error) {
	if args == nil {
		return nil, fmt.Errorf("%s %s: args are required", AlertsType, name)
	}
	a := &Alerts{}
	if err := ctx.RegisterComponentResource(AlertsType, name, a, opts...); err != nil {
		return nil, err
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"topicArn": a.TopicARN})
}
