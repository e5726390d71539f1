package contract

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Outputs of the bootstrap project.
const (
	outStateBucket = "stateBucket"
	outLockTable   = "lockTable"
	outKeyARN      = "keyArn"
	outKeyAlias    = "keyAlias"
	outCIUser      = "ciUser"
)

// Bootstrap is what the bootstrap project gives the others.
type Bootstrap struct {
	StateBucket pulumi.StringOutput // bucket for the Pulumi state of every project
	LockTable   pulumi.StringOutput // DynamoDB table for the environment lease
	KeyARN      pulumi.StringOutput // KMS key that encrypts state, secrets and data
	KeyAlias    pulumi.StringOutput // its alias, for a secrets provider URL
	CIUser      pulumi.StringOutput // name of the service user for CI
}

// Export makes the values outputs of the running stack.
func (b Bootstrap) Export(ctx *pulumi.Context) {
	ctx.Export(outStateBucket, b.StateBucket)
	ctx.Export(outLockTable, b.LockTable)
	ctx.Export(outKeyARN, b.KeyARN)
	ctx.Export(outKeyAlias, b.KeyAlias)
	ctx.Export(outCIUser, b.CIUser)
}

// ReadBootstrap reads the outputs of the bootstrap stack of the same environment.
func ReadBootstrap(ctx *pulumi.Context) (Bootstrap, error) {
	r, err := open(ctx, ProjectBootstrap)
	if err != nil {
		return Bootstrap{}, err
	}
	return Bootstrap{
		StateBucket: r.text(outStateBucket),
		LockTable:   r.text(outLockTable),
		KeyARN:      r.text(outKeyARN),
		KeyAlias:    r.text(outKeyAlias),
		CIUser:      r.text(outCIUser),
	}, r.err()
}
