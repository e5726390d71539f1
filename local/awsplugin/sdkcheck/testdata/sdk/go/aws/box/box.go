package box

func NewCrate(ctx *pulumi.Context, name string, args *CrateArgs, opts ...pulumi.ResourceOption) (*Crate, error) {
	var resource Crate
	err := ctx.RegisterResource("aws:box/crate:Crate", name, args, &resource, opts...)
	return &resource, err
}

type crateArgs struct {
	Name   *string               `pulumi:"name"`
	Size   int                   `pulumi:"size"`
	Side   *CrateSide            `pulumi:"side"`
	Sides  []CrateSide           `pulumi:"sides"`
	Labels map[string]string     `pulumi:"labels"`
	Lid    *lid.Lid              `pulumi:"lid"`
	Source pulumi.AssetOrArchive `pulumi:"source"`
	Owner  interface{}           `pulumi:"owner"`
}

type crateState struct {
	Arn *string `pulumi:"arn"`
}

// CrateSide contains itself.
type CrateSide struct {
	Width float64     `pulumi:"width"`
	Back  *CrateSide  `pulumi:"back"`
	Holes []CrateSide `pulumi:"holes"`
}
