package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
// that is not current, which is the last one before the file was deleted or overwritten. It holds the
// lease, and refuses a version that cannot be read as a state file.
//
// Only the state goes back, not what is deployed: a preview afterwards shows the difference.
func (d *Driver) Restore(ctx context.Context, project, version string) (Restored, error) {
	restored := Restored{Project: project}
	bucket, err := d.stateBucket(ctx)
	if err != nil {
		return restored, err
	}
	key := state.StackKey(project, d.environment.Name)
	versions, err := bucket.Versions(ctx, key)
	if err != nil {
		return restored, err
	}
	at := slices.IndexFunc(versions, func(v state.Version) bool {
		return !v.Deleted && (v.ID == version || version == "" && !v.Current)
	})
	if at < 0 {
		return restored, fmt.Errorf("the state of %s has no such version; `tarn state history --env %s` lists them",
			project, d.environment.Name)
	}
	restored.Version = versions[at]
	content, err := bucket.ReadVersion(ctx, key, versions[at].ID)
	if err != nil {
		return restored, err
	}
	checkpoint, err := state.ParseCheckpoint(content)
	if err != nil {
		return restored, fmt.Errorf("version %s of the state of %s: %w", versions[at].ID, project, err)
	}
	restored.Resources = len(checkpoint.Deployed())
	guard, err := d.lock(ctx, "tarn state restore")
	if err != nil {
		return restored, err
	}
	return restored, errors.Join(bucket.Restore(ctx, key, versions[at].ID), guard.release())
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
