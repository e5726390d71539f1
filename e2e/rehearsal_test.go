package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// rehearsal is the environment that deploys to the emulator as if it were an account: with its state in the
// state bucket, under the KMS key.
const rehearsal = "rehearsal"

// newRehearsal gives a lake in a copy of the project folders, because Pulumi writes the encrypted data key of
// a stack into its stack file. Everything else is shared with the repository.
func newRehearsal(t testing.TB) *lake {
	t.Helper()
	l := newLake(t)
	copied := t.TempDir()
	for _, folder := range []string{"bootstrap", "datalake", "mpp"} {
		copyTree(t, filepath.Join(l.root, folder), filepath.Join(copied, folder))
	}
	for _, shared := range []string{"go.mod", "go.sum", "Pulumi.yaml", "local", "pkg", "cmd"} {
		if err := os.Symlink(filepath.Join(l.root, shared), filepath.Join(copied, shared)); err != nil {
			t.Fatal(err)
		}
	}
	l.root, l.environment = copied, rehearsal
	return l
}

func copyTree(t testing.TB, from, to string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(from), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains([]string{"__pycache__", "tests", ".pytest_cache"}, entry.Name()) {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		content, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), content, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}
