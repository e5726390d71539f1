package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tarn-data/tarn/pkg/state"
)

// ErrNoVersions is returned for an environment that keeps its state in a folder.
var ErrNoVersions = errors.New("the environment keeps its state in a folder, which has no versions; only a state bucket has")

// stateBucket gives the environment's bucket.
func (d *Driver) stateBucket(ctx context.Context) (*state.Bucket, error) {
	store, err := state.Open(ctx, d.environment.Backend)
	if err != nil {
		return nil, err
	}
	bucket, ok := store.(*state.Bucket)
	if !ok {
		return nil, ErrNoVersions
	}
	return bucket, nil
}

// Versions gives the versions of each project's state file, the newest first.
func (d *Driver) Versions(ctx context.Context) (map[string][]state.Version, error) {
	bucket, err := d.stateBucket(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string][]state.Version{}
	for _, project := range d.projects {
		versions, err := bucket.Versions(ctx, state.StackKey(project.Name, d.environment.Name))
		if err != nil {
			return nil, err
		}
		all[project.Name] = versions
	}
	return all, nil
}

// Restored says which version a state file has again.
type Restored struct {
	Project   string        `json:"project"`
	Version   state.Version `json:"version"`
	Resources int           `json:"resources"`
}

// Restore makes an old version of a project's state file the current one; an empty version means the newest
// that is not current and describes something: a stack that was just made, or made again by mistake, has
// an empty one. It holds the lease, and refuses a version that cannot be read as a state file.
//
// Only the state goes back, not what is deployed: a preview afterwards shows the difference.
func (d *Driver) Restore(ctx context.Context, project, version string) (Restored, error) {
	bucket, err := d.stateBucket(ctx)
	if err != nil {
		return Restored{}, err
	}
	key := state.StackKey(project, d.environment.Name)
	restored, err := d.restorable(ctx, bucket, project, version)
	if err != nil {
		return restored, err
	}
	guard, err := d.lock(ctx, "tarn state restore")
	if err != nil {
		return restored, err
	}
	return restored, errors.Join(bucket.Restore(ctx, key, restored.Version.ID), guard.release())
}

// restorable finds the version to restore.
func (d *Driver) restorable(ctx context.Context, bucket *state.Bucket, project, version string) (Restored, error) {
	none := Restored{Project: project}
	key := state.StackKey(project, d.environment.Name)
	versions, err := bucket.Versions(ctx, key)
	if err != nil {
		return none, err
	}
	for _, v := range versions {
		if v.Deleted || version == "" && v.Current || version != "" && v.ID != version {
			continue
		}
		content, err := bucket.ReadVersion(ctx, key, v.ID)
		if err != nil {
			return none, err
		}
		checkpoint, err := state.ParseCheckpoint(content)
		made := len(checkpoint.Deployed())
		switch {
		case version != "" && err != nil:
			return none, fmt.Errorf("version %s of the state of %s: %w", v.ID, project, err)
		case version == "" && (err != nil || made == 0):
			continue
		}
		return Restored{Project: project, Version: v, Resources: made}, nil
	}
	return none, fmt.Errorf("the state of %s has no such version; `tarn state history --env %s` lists them", project, d.environment.Name)
}

// Backup is a copy of the environment's state files on this machine.
type Backup struct {
	Environment string            `json:"environment"`
	Folder      string            `json:"folder"`
	Taken       time.Time         `json:"taken"`
	Projects    map[string]string `json:"projects"` // file by project
}

// Backup copies the state files of the projects below a folder, as they are: secrets in them stay encrypted
// with the environment's key. `pulumi stack import` cannot read such a file; put it back by copying it to
// its key in the bucket.
func (d *Driver) Backup(ctx context.Context, folder string) (Backup, error) {
	store, err := state.Open(ctx, d.environment.Backend)
	if err != nil {
		return Backup{}, err
	}
	taken := time.Now().UTC()
	backup := Backup{
		Environment: d.environment.Name, Taken: taken, Projects: map[string]string{},
		Folder: filepath.Join(folder, d.environment.Name+"-"+taken.Format("20060102-150405")),
	}
	for _, project := range d.projects {
		content, err := store.Read(ctx, state.StackKey(project.Name, d.environment.Name))
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			return backup, err
		}
		file := filepath.Join(backup.Folder, filepath.FromSlash(state.StackKey(project.Name, d.environment.Name)))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return backup, err
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return backup, err
		}
		backup.Projects[project.Name] = file
	}
	if len(backup.Projects) == 0 {
		return backup, fmt.Errorf("environment %s: %w", d.environment.Name, ErrNotDeployed)
	}
	// Written last: a folder without it is half of a backup.
	content, err := json.MarshalIndent(backup, "", "  ")
	if err != nil {
		return backup, err
	}
	return backup, os.WriteFile(filepath.Join(backup.Folder, "backup.json"), content, 0o600)
}
