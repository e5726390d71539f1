package pipeline

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// RulesetsType is the type token of Rulesets.
const RulesetsType = "tarn:pipeline:Rulesets"

// RulesetsArgs configures Rulesets.
type RulesetsArgs struct {
	// Required: organization and environment.
	Scope naming.Scope
	// Required: the pipelines whose data sets name rulesets.
	Pipelines []dataset.Pipeline
	// Required: tags of every resource.
	Tags tagging.Tags
}

// Rulesets is the quality rules of an environment as Glue shows them: one ruleset for each file that a data set names.
// Several data sets share one, so it says nothing of a table; the gate's job evaluates the same file for each of them.
type Rulesets struct {
	pulumi.ResourceState

	Names pulumi.StringMapOutput `pulumi:"names"` // by the name of the file
}

// NewRulesets makes the rulesets.
func NewRulesets(ctx *pulumi.Context, name string, args *RulesetsArgs, opts ...pulumi.ResourceOption) (*Rulesets, error) {
	if args == nil {
		return nil, fmt.Errorf("%s %s: args are required", RulesetsType, name)
	}
	r := &Rulesets{}
	if err := ctx.RegisterComponentResource(RulesetsType, name, r, opts...); err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, p := range args.Pipelines {
		for file, ruleset := range p.Rulesets {
			texts[file] = ruleset.Text
		}
	}
	names := pulumi.StringMap{}
	for _, file := range slices.Sorted(maps.Keys(texts)) {
		made, err := glue.NewDataQualityRuleset(ctx, name+"-"+file, &glue.DataQualityRulesetArgs{
			Name:        pulumi.String(args.Scope.Name(file)),
			Description: pulumi.String("Rules of the file " + file + ".dqdl"),
			Ruleset:     pulumi.String(texts[file]),
			Tags:        args.Tags.Input(),
		}, pulumi.Parent(r))
		if err != nil {
			return nil, fmt.Errorf("ruleset %s: %w", file, err)
		}
		names[file] = made.Name
	}
	r.Names = names.ToStringMapOutput()
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"names": r.Names})
}
