package box

func LookupCrate(ctx *pulumi.Context, args *LookupCrateArgs, opts ...pulumi.InvokeOption) (*LookupCrateResult, error) {
	var rv LookupCrateResult
	err := ctx.Invoke("aws:box/getCrate:getCrate", args, &rv, opts...)
	return &rv, err
}

type LookupCrateArgs struct {
	Name string `pulumi:"name"`
}

type LookupCrateResult struct {
	Arn string `pulumi:"arn"`
}
