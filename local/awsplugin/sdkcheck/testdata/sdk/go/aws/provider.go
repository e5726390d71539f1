package aws

type providerArgs struct {
	Region *string  `pulumi:"region"`
	Lists  []string `pulumi:"lists"`
}
