package identity

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/tagging"
)

// BoundaryType is the type token of Boundary.
const BoundaryType = "tarn:identity:Boundary"

// BoundaryArgs configures a Boundary.
type BoundaryArgs struct {
	// Required: the policy's name, at most 128 characters.
	Name string
	// Required: its IAM path, with a slash at both ends.
	Path string
	// Required: what it limits, for the description.
	Limits string
	// Required: the most that an identity with the boundary can do.
	Document Document
	// Required: tags of the policy.
	Tags tagging.Tags
}

// Boundary is a permission boundary: a managed policy that grants nothing and limits whoever carries it.
type Boundary struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput `pulumi:"arn"`
}

// NewBoundary makes a permission boundary.
func NewBoundary(ctx *pulumi.Context, name string, args *BoundaryArgs, opts ...pulumi.ResourceOption) (*Boundary, error) {
	if args == nil || args.Name == "" {
		return nil, fmt.Errorf("%s %s: a name is required", BoundaryType, name)
	}
	b := &Boundary{}
	if err := ctx.RegisterComponentResource(BoundaryType, name, b, opts...); err != nil {
		return nil, err
	}
	made, err := managedPolicy(ctx, name, args.Name, args.Path, "Permission boundary of "+args.Limits, args.Document, args.Tags, b)
	if err != nil {
		return nil, err
	}
	b.ARN = made.Arn
	return b, ctx.RegisterResourceOutputs(b, pulumi.Map{"arn": b.ARN})
}
