// Package sandbox deploys all three projects as one stack. Outputs go from one to the next directly
// instead of through stack references.
package sandbox

import (
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/program/bootstrap"
	"github.com/tarn-data/tarn/pkg/program/datalake"
	"github.com/tarn-data/tarn/pkg/program/mpp"
)

// DeployFrom gives the program of the root project. The root is the repository's folder.
func DeployFrom(root string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		foundation, err := bootstrap.Build(ctx)
		if err != nil {
			return err
		}
		lake, err := datalake.Build(ctx, filepath.Join(root, contract.ProjectDatalake), foundation.Foundation)
		if err != nil {
			return err
		}
		built, err := mpp.Build(ctx, filepath.Join(root, contract.ProjectMPP), lake)
		if err != nil {
			return err
		}
		built.Export(ctx)
		return nil
	}
}
