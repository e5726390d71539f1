package driver

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestDeletable(t *testing.T) {
	t.Parallel()
	const bucket = "tarn-dev-state-123456789012-eu-west-1"
	made := func(kind, name, more string) string {
		return `{"urn":"urn:pulumi:dev::p::` + kind + `::` + name + `","custom":true,"type":"` + kind + `"` + more + `}`
	}
	stateBucket := func(outputs string) string {
		return made("aws:s3/bucketV2:BucketV2", "state", `,"outputs":{"bucket":"`+bucket+`"`+outputs+`}`)
	}
	free := made("aws:iam/role:Role", "job", "")
	tests := map[string]struct {
		stacks    map[string]string // resources by project
		folder    bool              // the environment keeps its state in a folder
		only      string            // a project
		protected bool
		wants     []string
	}{
		"nothing deployed": {},
		"fine":             {stacks: map[string]string{"bootstrap": stateBucket(`,"forceDestroy":true`), "mpp": free}},
		"protected": {
			stacks:    map[string]string{"datalake": made("aws:s3/bucketV2:BucketV2", "raw", `,"protect":true`) + "," + free},
			protected: true, wants: []string{"nothing was deleted", "datalake: 1 resources are protected, such as BucketV2 raw", "datalake:settings.protect", "tarn up"},
		},
		"protected in two projects": {
			stacks: map[string]string{
				"bootstrap": stateBucket(`,"forceDestroy":true`) + "," + made("aws:kms/key:Key", "key", `,"protect":true`) + "," + made("aws:dynamodb/table:Table", "locks", `,"protect":true`),
				"datalake":  made("aws:s3/bucketV2:BucketV2", "raw", `,"protect":true`),
			},
			protected: true, wants: []string{"bootstrap: 2 resources are protected, such as Key key", "datalake: 1 resources"},
		},
		"a protected component says so in its children": {
			stacks: map[string]string{"mpp": `{"urn":"urn:x::c","custom":false,"type":"tarn:pipeline:Pipeline","protect":true},` + free},
		},
		"the state bucket is kept": {
			stacks: map[string]string{"bootstrap": stateBucket(`,"forceDestroy":false`)},
			wants:  []string{"bootstrap:settings.deleteStateOnDestroy"},
		},
		"nothing is known of the state bucket":     {stacks: map[string]string{"bootstrap": stateBucket("")}, wants: []string{"deleteStateOnDestroy"}},
		"the state bucket is kept, and protected":  {stacks: map[string]string{"bootstrap": strings.Replace(stateBucket(""), `"custom"`, `"protect":true,"custom"`, 1)}, protected: true, wants: []string{"deleteStateOnDestroy", "BucketV2 state"}},
		"another bucket is kept":                   {stacks: map[string]string{"bootstrap": strings.ReplaceAll(stateBucket(""), bucket, "logs")}},
		"a bucket of that name in another project": {stacks: map[string]string{"datalake": stateBucket("")}},
		"the state is in a folder":                 {stacks: map[string]string{"bootstrap": strings.ReplaceAll(stateBucket(""), bucket, "")}, folder: true},
		"another project alone": {
			stacks: map[string]string{"bootstrap": stateBucket("") + "," + made("aws:kms/key:Key", "key", `,"protect":true`), "mpp": free}, only: "mpp",
		},
		"a resource without a name": {stacks: map[string]string{"mpp": `{"urn":"","custom":true,"type":"","protect":true}`}, protected: true, wants: []string{"mpp: 1 resources"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			for project, resources := range test.stacks {
				write(t, filepath.Join(folder, ".pulumi/stacks", project, "dev.json"), stackWith(resources, ""))
			}
			d := &Driver{buckets: emptyBuckets, environment: Environment{Name: "dev", Backend: "file://" + folder, Bucket: bucket}}
			if test.folder {
				d.environment.Bucket = ""
			}
			for _, project := range Projects("/x") {
				if test.only == "" || test.only == project.Name {
					d.projects = append(d.projects, project)
				}
			}
			_, err := d.deletable(t.Context())
			if (err == nil) != (test.wants == nil) || errors.Is(err, ErrProtected) != test.protected {
				t.Fatalf("error %v, want %v", err, test.wants)
			}
			for _, want := range test.wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q", err, want)
				}
			}
		})
	}
}

// A state that cannot be read is no state without protection.
func TestADamagedStateIsNotDeletable(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, ".pulumi/stacks/mpp/dev.json"), `{"version":3,`)
	d := &Driver{projects: Projects("/x"), observer: &recorder{}, environment: Environment{Name: "dev", Backend: "file://" + folder}}
	report, err := d.Destroy(t.Context())
	if err == nil || !strings.Contains(err.Error(), "mpp/dev.json") {
		t.Errorf("error %v", err)
	}
	for _, stack := range report.Stacks {
		if stack.Result != NotRun {
			t.Errorf("%s: %s", stack.Project, stack.Result)
		}
	}
}
