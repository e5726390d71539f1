package slim

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const fixture = "testdata/provider"

func TestCopyKeepsOnlyWhatTheServicesNeed(t *testing.T) {
	target := filepath.Join(t.TempDir(), "slim")
	result, err := Copy(fixture, target, []string{"s3"})
	if err != nil {
		t.Fatal(err)
	}

	// iam is not asked for, but s3 imports it. Tests and files of other systems stay behind, embedded files do not.
	want := []string{
		"LICENSE",
		"go.mod",
		"internal/conns/awsclient_gen.go",
		"internal/conns/conns.go",
		"internal/conns/endpoints.txt",
		"internal/provider/provider.go",
		"internal/provider/service_packages_gen.go",
		"internal/service/iam/iam.go",
		"internal/service/s3/bucket_lifecycle_configuration.go",
		"internal/service/s3/bucket_versioning.go",
		"internal/service/s3/s3.go",
		"names/names.go",
		"xpprovider/xpprovider.go",
	}
	if got := files(t, target); !slices.Equal(got, want) {
		t.Errorf("files:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if want := (Result{Packages: 6, Files: len(want), Clients: 2, Waits: 3}); result != want {
		t.Errorf("result %+v, want %+v", result, want)
	}
	contains(t, filepath.Join(target, servicesFile), map[string]bool{
		"s3.ServicePackage()": true, "iam.ServicePackage()": false, "service/rds": false, "slices": true,
	})
	contains(t, filepath.Join(target, clientsFile), map[string]bool{
		"S3Client()": true, "IAMClient()": true, "RDSClient()": false, "aws/rds": false, "names": true,
	})
}

func TestCopyNamesServicesThatDoNotExist(t *testing.T) {
	_, err := Copy(fixture, t.TempDir(), []string{"s3", "s4"})
	if err == nil || !strings.Contains(err.Error(), "nothing found for s4") {
		t.Errorf("error %v, want one that names s4", err)
	}
}

func files(t *testing.T, root string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			relative, _ := filepath.Rel(root, path)
			found = append(found, filepath.ToSlash(relative))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func contains(t *testing.T, file string, texts map[string]bool) {
	t.Helper()
	content := read(t, file)
	for text, want := range texts {
		if strings.Contains(content, text) != want {
			t.Errorf("%s contains %q: %v, want %v", filepath.Base(file), text, !want, want)
		}
	}
}
