package datalake

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// makeAccess makes the roles of the personas and the policy of the lake's key.
func (l *lake) makeAccess(*pulumi.Context) error {
	return nil
}

// accessStatements is what the bucket policy of a zone says about who may do what there.
func (l *lake) accessStatements(zone.Kind) []policy.Statement {
	return nil
}
