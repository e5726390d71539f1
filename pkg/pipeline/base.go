package pipeline

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// base is what a pipeline and a domain have in common: they work on the data of one domain in an environment.
type base struct {
	*Environment

	owner  pulumi.Resource   // parent of what is made
	domain string            // whose data it is
	lake   contract.Datalake // as the domain sees it
}

func newBase(environment *Environment, owner pulumi.Resource, domain string) base {
	return base{Environment: environment, owner: owner, domain: domain, lake: environment.Lake.For(domain)}
}

// tags are those of everything that belongs to the domain. A domain that is not declared has data that is internal.
func (b *base) tags() pulumi.StringMap {
	tags := b.Tags.With(tagging.KeyDomain, b.domain).Input()
	tags[tagging.KeyClassification] = pulumi.String(domain.Internal)
	if declared, found := b.Lake.Domains[b.domain]; found {
		tags[tagging.KeyClassification] = declared.Classification
	}
	return tags
}

// logGroup makes a log group of the domain.
func (b *base) logGroup(ctx *pulumi.Context, name, physical string) (*cloudwatch.LogGroup, error) {
	return catalog.NewLogGroup(ctx, name, physical, b.lake.KeyARN, b.LogRetentionDays, b.tags(), pulumi.Parent(b.owner))
}
