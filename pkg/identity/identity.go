// Package identity makes the identities that deploy, and the boundaries that limit them and what
// they deploy.
package identity

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// managedPolicy makes a managed policy of a document that holds the ARN of a key which may not exist
// yet. A document that is too long for IAM is refused before the policy is registered.
func managedPolicy(
	ctx *pulumi.Context, name string, physical, path, description string, document Document, tags tagging.Tags,
	parent pulumi.Resource,
) (*iam.Policy, error) {
	if err := document.check(physical); err != nil {
		return nil, err
	}
	return iam.NewPolicy(ctx, name, &iam.PolicyArgs{
		Name:        pulumi.String(physical),
		Path:        pulumi.String(path),
		Description: pulumi.String(description),
		Policy:      document.render(),
		Tags:        tags.Input(),
	}, pulumi.Parent(parent))
}

// Document is a policy document that needs values of other resources.
type Document struct {
	// Required: the values, by the name that Build reads them by.
	Values pulumi.StringMap
	// Required: values of the same names and lengths, for a check before any resource exists.
	Sample map[string]string
	// Required: gives the document for resolved values.
	Build func(values map[string]string) (policy.Document, error)
}

func (d Document) check(name string) error {
	document, err := d.Build(d.Sample)
	if err == nil {
		err = document.CheckManaged()
	}
	if err != nil {
		return fmt.Errorf("policy %s: %w", name, err)
	}
	return nil
}

func (d Document) render() pulumi.StringOutput {
	return d.Values.ToStringMapOutput().ApplyT(func(resolved map[string]string) (string, error) {
		document, err := d.Build(resolved)
		if err != nil {
			return "", err
		}
		return document.JSON()
	}).(pulumi.StringOutput)
}
