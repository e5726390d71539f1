package driver

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A backup has what the backend has, byte for byte, under the key it goes back to.
func TestBackup(t *testing.T) {
	t.Parallel()
	backend, folder := t.TempDir(), t.TempDir()
	d := &Driver{projects: Projects("/x"), environment: Environment{Name: "dev", Backend: "file://" + backend}}
	if _, err := d.Backup(t.Context(), folder); !errors.Is(err, ErrNotDeployed) {
		t.Errorf("nothing deployed: error %v", err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("half a backup is left: %v, error %v", left, err)
	}
	content := stackWith("", "") + "\n"
	for _, project := range []string{"bootstrap", "mpp", "somebody-elses"} {
		write(t, filepath.Join(backend, ".pulumi/stacks", project, "dev.json"), content)
		write(t, filepath.Join(backend, ".pulumi/stacks", project, "prod.json"), "{}")
	}
	backup, err := d.Backup(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(backup.Projects)); !slices.Equal(got, []string{"bootstrap", "mpp"}) || backup.Environment != "dev" {
		t.Errorf("backup %+v", backup)
	}
	for project, file := range backup.Projects {
		copied, err := os.ReadFile(file)
		if err != nil || string(copied) != content || file != filepath.Join(backup.Folder, ".pulumi/stacks", project, "dev.json") {
			t.Errorf("%s is %q, error %v", file, copied, err)
		}
	}
	raw, err := os.ReadFile(filepath.Join(backup.Folder, "backup.json"))
	if err != nil {
		t.Fatal(err)
	}
	var written Backup
	if err := json.Unmarshal(raw, &written); err != nil || !maps.Equal(written.Projects, backup.Projects) {
		t.Errorf("%s, error %v", raw, err)
	}
}

func TestAFolderHasNoVersions(t *testing.T) {
	t.Parallel()
	d := &Driver{projects: Projects("/x"), environment: Environment{Name: "local", Backend: "file://" + t.TempDir()}}
	if _, err := d.Versions(t.Context()); !errors.Is(err, ErrNoVersions) {
		t.Errorf("versions: error %v", err)
	}
	if _, err := d.Restore(t.Context(), "mpp", ""); !errors.Is(err, ErrNoVersions) {
		t.Errorf("restore: error %v", err)
	}
}
