package toolchain

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAwsxPluginGoesWithTheAWSPlugin(t *testing.T) {
	for name, c := range map[string]struct {
		aws   string // TARN_AWS_PLUGIN
		want  Origin
		build int
	}{
		"built":      {aws: "build", want: Built, build: 1},
		"downloaded": {aws: "download", want: Downloaded},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.tool("pulumi", fakePulumi)
			t.Setenv("TARN_AWS_PLUGIN", c.aws)
			check(t, awsPlugin{f.paths}.make(t.Context(), &recorder{}))
			plugin := awsxPlugin{f.paths}
			if found := plugin.find(t.Context()); !found.Missing() {
				t.Fatalf("found before it was made: %+v", found)
			}
			check(t, plugin.make(t.Context(), &recorder{}))
			found := plugin.find(t.Context())
			if found.Origin != c.want || found.Version != "v2.22.0" {
				t.Errorf("found %+v, want it %s", found, c.want)
			}
			if _, err := os.Stat(filepath.Join(found.Path, "pulumi-resource-awsx")); err != nil {
				t.Error(err)
			}
			if built := f.called("go build"); built != c.build {
				t.Errorf("it was built %d times", built)
			}
			calls := f.called("")
			check(t, plugin.make(t.Context(), &recorder{}))
			if again := f.called(""); again != calls {
				t.Errorf("%d more calls the second time", again-calls)
			}
		})
	}
}

// An official awsx plugin asks for the AWS plugin that it was made with, which is not there beside one that was built.
func TestAwsxPluginIsReplacedWithTheAWSPlugin(t *testing.T) {
	f := newFixture(t)
	f.tool("pulumi", fakePulumi)
	t.Setenv("TARN_AWS_PLUGIN", "download")
	check(t, awsPlugin{f.paths}.make(t.Context(), &recorder{}))
	check(t, awsxPlugin{f.paths}.make(t.Context(), &recorder{}))
	f.built()
	found := awsxPlugin{f.paths}.find(t.Context())
	if !found.Missing() {
		t.Fatalf("found %+v", found)
	}
	contains(t, found.Detail, "does not work with an AWS plugin that was built")
	check(t, awsxPlugin{f.paths}.make(t.Context(), &recorder{}))
	if found := (awsxPlugin{f.paths}).find(t.Context()); found.Origin != Built {
		t.Errorf("found %+v", found)
	}
	f.file("repository/local/awsxplugin/vpc.go", "package awsxplugin // changed\n")
	contains(t, awsxPlugin{f.paths}.find(t.Context()).Detail, "older local/awsxplugin")
}
