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
// bucket, which without its setting AWS will not delete while it holds a version of anything. It also
// refuses one that would delete data without both keys to it. It gives what data there is.
func (d *Driver) deletable(ctx context.Context) ([]Contents, error) {
	store, err := state.Open(ctx, d.environment.Backend)
	if err != nil {
		return nil, err
	}
	var problems []error
	var buckets []dataBucket
	var managed []objectName
	for _, project := range reversed(d.projects) {
		checkpoint, err := state.ReadCheckpoint(ctx, store, project.Name, d.environment.Name)
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		deployed := checkpoint.Deployed()
		problems = append(problems, d.undeletable(project.Name, deployed)...)
		buckets = append(buckets, dataBuckets(project.Name, deployed)...)
		managed = append(managed, managedObjects(deployed)...)
	}
	if len(problems) > 0 { // counting a large lake takes a while, which is for nothing then
		return nil, fmt.Errorf("nothing was deleted:\n%w", errors.Join(problems...))
	}
	found, err := d.contents(ctx, buckets, managed)
	if err != nil {
		return nil, err
	}
	if err := d.bothKeys(buckets, found); err != nil {
		return found, fmt.Errorf("nothing was deleted: %w", err)
	}
	return found, nil
}

// undeletable gives what of a project would stop a destroy.
func (d *Driver) undeletable(project string, resources []state.Resource) []error {
	var problems []error
	var protected []string
	for _, resource := range resources {
		if resource.Protect {
			protected = append(protected, shortName(resource.Type, resource.URN))
		}
		if project == contract.ProjectBootstrap && resource.Outputs["bucket"] == d.environment.Bucket &&
			d.environment.Bucket != "" && resource.Type == bucketType && resource.Outputs["forceDestroy"] != true {
			problems = append(problems, fmt.Errorf("%s: the state bucket is never empty, and bootstrap:settings.deleteStateOnDestroy "+
				"is not deployed as true: set it, deploy once with `tarn up`, then destroy; or leave this project: `--project`", project))
		}
	}
	if len(protected) > 0 {
		problems = append(problems, fmt.Errorf("%s: %d resources are %w, such as %s: set %s:settings.protect to false and "+
			"deploy once with `tarn up`, then destroy", project, len(protected), ErrProtected, protected[0], project))
	}
	return problems
}
