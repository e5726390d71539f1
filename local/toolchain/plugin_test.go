package toolchain

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPluginSources(t *testing.T) {
	for name, c := range map[string]struct {
		chosen  string // TARN_AWS_PLUGIN
		home    bool   // the user has it
		offline bool
		want    Origin
		says    string // in the error, or what the user is told
	}{
		"the user's own is first":  {home: true, want: UserHome, says: "taking it over from"},
		"then a download":          {want: Downloaded, says: "downloading the official plugin"},
		"then a build":             {offline: true, want: Built, says: "cannot be downloaded here (no such host), so it is built"},
		"auto":                     {chosen: "auto", home: true, want: UserHome},
		"home":                     {chosen: "home", home: true, want: UserHome},
		"home, but there is none":  {chosen: "home", says: "there is no AWS plugin v6.83.2 in"},
		"download":                 {chosen: "download", home: true, want: Downloaded},
		"download, but offline":    {chosen: "download", home: true, offline: true, says: "error: no such host"},
		"build":                    {chosen: "build", home: true, want: Built},
		"something else is chosen": {chosen: "nowhere", home: true, says: `"nowhere" and should be auto, home, download or build`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.tool("pulumi", fakePulumi)
			t.Setenv("TARN_AWS_PLUGIN", c.chosen)
			if c.home {
				f.file("home/.pulumi/plugins/resource-aws-v6.83.2/pulumi-resource-aws", "the user's")
			}
			if c.offline {
				t.Setenv("FAKE_OFFLINE", "1")
			}
			plugin, progress := awsPlugin{f.paths}, &recorder{}
			err := plugin.make(t.Context(), progress)
			found := plugin.find(t.Context())
			if c.want == "" {
				if err == nil || !found.Missing() {
					t.Fatalf("error %v, found %+v", err, found)
				}
				contains(t, err.Error(), c.says)
				return
			}
			check(t, err)
			contains(t, progress.text(), c.says)
			if found.Origin != c.want || found.Version != "v6.83.2" {
				t.Errorf("found %+v, want it %s", found, c.want)
			}
			info, err := os.Stat(found.Path)
			check(t, err)
			if info.Mode().Perm()&0o055 == 0 {
				t.Errorf("the folder is for its owner only: %v", info.Mode())
			}
			schema, err := f.paths.AWSPluginSchema()
			check(t, err)
			if _, err := os.Stat(schema); (err == nil) != (c.want == Built) {
				t.Errorf("schema: %v", err)
			}
			if left, _ := os.ReadDir(filepath.Join(f.paths.Cache, "tmp")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}

			calls := f.called("")
			check(t, plugin.make(t.Context(), &recorder{}))
			if again := f.called(""); again != calls {
				t.Errorf("%d more calls the second time", again-calls)
			}
		})
	}
}

func TestPluginThatDoesNotCount(t *testing.T) {
	const folder = "cache/pulumi-home/plugins/resource-aws-v6.83.2"
	for name, c := range map[string]struct {
		set    func(*fixture)
		detail string
	}{
		"none":          {func(*fixture) {}, "not in the Pulumi home"},
		"put there":     {func(f *fixture) { f.file(folder+"/pulumi-resource-aws", "x") }, "by somebody else"},
		"half unpacked": {func(f *fixture) { f.built(); f.file(folder+".partial", "") }, "damaged"},
		"cut":           {func(f *fixture) { f.built(); f.file(folder+"/pulumi-resource-aws", "") }, "damaged"},
		"no schema":     {func(f *fixture) { f.built(); check(f.t, os.Remove(f.schema())) }, "damaged"},
		"of old sources": {func(f *fixture) {
			f.built()
			f.file("repository/local/awsplugin/cmd/build/main.go", "package main // changed\n")
		}, "older local/awsplugin"},
		"of another compiler": {func(f *fixture) {
			f.built()
			f.tool("go", strings.Replace(fakeGo, "go1.26.8", "go1.27.0", 1))
			goVersions.Clear() // it is asked once per process
		}, "another Go version"},
		"not the chosen kind": {func(f *fixture) { f.built(); f.t.Setenv("TARN_AWS_PLUGIN", "download") }, "asks for download"},
		"another version": {func(f *fixture) {
			f.built()
			f.file("repository/go.mod", "module example\n\nrequire "+awsSDK+" v6.84.0\n")
		}, "not in the Pulumi home"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.tool("pulumi", fakePulumi)
			c.set(f)
			found := awsPlugin{f.paths}.find(t.Context())
			if !found.Missing() {
				t.Fatalf("found %+v", found)
			}
			contains(t, found.Detail, c.detail)
			// Whatever it was, it is put right.
			check(t, awsPlugin{f.paths}.make(t.Context(), &recorder{}))
			if found := (awsPlugin{f.paths}).find(t.Context()); found.Missing() {
				t.Errorf("still: %+v", found)
			}
		})
	}
}

func (f *fixture) built() {
	f.t.Helper()
	f.t.Setenv("TARN_AWS_PLUGIN", "build")
	check(f.t, awsPlugin{f.paths}.make(f.t.Context(), &recorder{}))
}

func (f *fixture) schema() string {
	f.t.Helper()
	schema, err := f.paths.AWSPluginSchema()
	check(f.t, err)
	return schema
}

// Another cache's Pulumi home may have a plugin that was built; it must not pass for the official one.
func TestStampedPluginIsNoUsersOwn(t *testing.T) {
	f := newFixture(t)
	f.tool("pulumi", fakePulumi)
	f.built()
	t.Setenv("TARN_AWS_PLUGIN", "home")
	t.Setenv("PULUMI_HOME", f.paths.PulumiHome())
	elsewhere := f.paths
	elsewhere.Cache += "-other"
	for _, paths := range []Paths{f.paths, elsewhere} {
		if err := (awsPlugin{paths}).make(t.Context(), &recorder{}); err == nil {
			t.Error("it was taken over")
		}
	}
}

func TestCancelledPluginBuildKeepsTheOldOne(t *testing.T) {
	f := newFixture(t)
	f.tool("pulumi", fakePulumi)
	f.built()
	f.file("repository/local/awsplugin/cmd/build/main.go", "package main // changed\n")
	t.Setenv("FAKE_GO_WAIT", filepath.Join(f.paths.Cache, "never"))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- awsPlugin{f.paths}.make(ctx, &recorder{}) }()
	eventually(t, "it compiles", func() bool { return f.called("go run") == 2 })
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	dir := pluginDir(f.paths.PulumiHome(), "v6.83.2")
	if content, err := os.ReadFile(filepath.Join(dir, "pulumi-resource-aws")); err != nil || string(content) != "whole\n" {
		t.Errorf("the old one is %q, %v", content, err)
	}
	if found := (awsPlugin{f.paths}).find(t.Context()); !found.Missing() {
		t.Errorf("the old one counts as new: %+v", found)
	}
}

func TestReason(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"the last error line": {&commandError{cause: errors.New("exit status 255"),
			lines: []string{"error: first", "error: second", "see the manual"}}, "second"},
		"none": {&commandError{command: []string{"pulumi", "x"}, cause: errors.New("exit status 1"),
			lines: []string{"oh"}}, "pulumi x: exit status 1"},
		"no command": {errors.New("one\ntwo"), "one"},
	} {
		if got := reason(c.err); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
