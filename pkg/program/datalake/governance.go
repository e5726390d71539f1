package datalake

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// makeGovernance makes what Lake Formation knows of the lake.
func (l *lake) makeGovernance(*pulumi.Context) error {
	return nil
}
