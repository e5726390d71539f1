package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/state"
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

// versionServer is S3 with the versions of one object, the newest first; content by number. An empty content
// is a mark that the object was deleted.
func versionServer(t *testing.T, contents ...string) *state.Bucket {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("versions") {
			fmt.Fprint(w, "<ListVersionsResult><IsTruncated>false</IsTruncated>")
			for i, content := range contents {
				kind := "Version"
				if content == "" {
					kind = "DeleteMarker"
				}
				fmt.Fprintf(w, "<%s><Key>%s</Key><VersionId>v%d</VersionId><IsLatest>%v</IsLatest><LastModified>2026-01-01T10:00:%02dZ</LastModified></%s>",
					kind, state.StackKey("mpp", "dev"), i, i == 0, 59-i, kind)
			}
			fmt.Fprint(w, "</ListVersionsResult>")
			return
		}
		at, err := strconv.Atoi(strings.TrimPrefix(r.URL.Query().Get("versionId"), "v"))
		if err != nil || r.URL.Path != "/b/"+state.StackKey("mpp", "dev") {
			t.Errorf("asked for %s", r.URL)
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprint(w, contents[at])
	}))
	t.Cleanup(server.Close)
	store, err := state.Open(t.Context(), "s3://b?region=eu-west-1&s3ForcePathStyle=true&endpoint="+url.QueryEscape(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	return store.(*state.Bucket)
}

func TestRestorable(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	key := `{"urn":"u::key","custom":true,"type":"aws:kms/key:Key"}`
	one, two, empty := stackWith(key, ""), stackWith(key+","+key, ""), stackWith("", "")
	tests := map[string]struct {
		contents  []string
		version   string
		want      string
		resources int
		problem   string
	}{
		"the one before":            {[]string{two, one, two}, "", "v1", 1, ""},
		"before it was deleted":     {[]string{"", two, one}, "", "v1", 2, ""},
		"deleted more than once":    {[]string{empty, "", empty, "", one}, "", "v4", 1, ""},
		"damaged in between":        {[]string{empty, "{", one}, "", "v2", 1, ""},
		"a given one":               {[]string{two, one, two}, "v2", "v2", 2, ""},
		"a given one without any":   {[]string{two, empty}, "v1", "v1", 0, ""},
		"the current one":           {[]string{two, one}, "v0", "v0", 2, ""},
		"a given one is damaged":    {[]string{two, "{"}, "v1", "", 0, "version v1 of the state of mpp: not a state file"},
		"a given one is a mark":     {[]string{two, "", one}, "v1", "", 0, "no such version"},
		"a given one is unknown":    {[]string{two, one}, "v7", "", 0, "tarn state history --env dev"},
		"only the current one":      {[]string{two}, "", "", 0, "no such version"},
		"nothing":                   {nil, "", "", 0, "no such version"},
		"nothing worth having back": {[]string{two, empty, "", "{"}, "", "", 0, "no such version"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := &Driver{environment: Environment{Name: "dev"}}
			got, err := d.restorable(t.Context(), versionServer(t, test.contents...), "mpp", test.version)
			if got.Version.ID != test.want || got.Resources != test.resources || got.Project != "mpp" {
				t.Errorf("got %+v, error %v", got, err)
			}
			if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
				t.Errorf("error %v, want %q", err, test.problem)
			}
		})
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
