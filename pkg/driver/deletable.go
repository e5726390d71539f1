package driver

import (
	"context"
	"errors"
	"fmt"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/state"
)

// ErrProtected is returned before anything is deleted when the settings forbid to delete something.
var ErrProtected = errors.New("protected")

// deletable refuses a destroy that would stop half way: at a resource that is protected, or at the state
// bucket, which without its setting AWS will not delete while it holds a version of anything.
func (d *Driver) deletable(ctx context.Context) error {
	store, err := state.Open(ctx, d.environment.Backend)
	if err != nil {
		return err
	}
	var problems []error
	for _, project := range reversed(d.projects) {
		checkpoint, err := state.ReadCheckpoint(ctx, store, project.Name, d.environment.Name)
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		var protected []string
		for _, resource := range checkpoint.Deployed() {
			if resource.Protect {
				protected = append(protected, shortName(resource.Type, resource.URN))
			}
			if project.Name == contract.ProjectBootstrap && resource.Outputs["bucket"] == d.environment.Bucket &&
				d.environment.Bucket != "" && resource.Type == "aws:s3/bucketV2:BucketV2" && resource.Outputs["forceDestroy"] != true {
				problems = append(problems, fmt.Errorf("%s: the state bucket is never empty, and bootstrap:settings.deleteStateOnDestroy "+
					"is not deployed as true: set it, deploy once with `tarn up`, then destroy; or leave this project: `--project`", project.Name))
			}
		}
		if len(protected) > 0 {
			problems = append(problems, fmt.Errorf("%s: %d resources are %w, such as %s: set %s:settings.protect to false and "+
				"deploy once with `tarn up`, then destroy", project.Name, len(protected), ErrProtected, protected[0], project.Name))
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("nothing was deleted:\n%w", errors.Join(problems...))
	}
	return nil
}
