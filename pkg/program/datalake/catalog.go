package datalake

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/zone"
)

// makeCatalog makes what queries see of the lake.
func (l *lake) makeCatalog(ctx *pulumi.Context) error {
	workgroup, err := catalog.NewWorkgroup(ctx, "workgroup", l.scope.Name("lake"), l.zones[zone.AthenaResults].Bucket.Name, l.keyARN,
		l.config.QueryScanLimitBytes, l.config.DeleteDataOnDestroy, l.tags)
	if err != nil {
		return fmt.Errorf("athena workgroup: %w", err)
	}
	l.workgroup = workgroup.Name
	return nil
}
