package lid

type Lid struct {
	Open *bool `pulumi:"open"`
}
