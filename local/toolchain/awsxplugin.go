package toolchain

import (
	"context"
	"os"
	"path/filepath"
)

// The modules that decide what the awsx plugin must be, and what a build of it is made from.
const (
	awsxSDK   = "github.com/pulumi/pulumi-awsx/sdk/v2"
	pulumiSDK = "github.com/pulumi/pulumi/sdk/v3"
)

// awsxPlugin is the plugin of the awsx components in the Pulumi home of the local environment: only a stack with a
// private network uses it. It goes with the AWS plugin. Beside an official one it is the official one, which wants
// the AWS plugin that it was made with, too. Beside one that was built it is built from local/awsxplugin.
type awsxPlugin struct{ paths Paths }

func (a awsxPlugin) plugin() (pluginName, error) {
	version, err := requiredVersion(filepath.Join(a.paths.Root, "go.mod"), awsxSDK)
	return pluginName{"awsx", version}, err
}

func (a awsxPlugin) find(ctx context.Context) Status {
	const name = "awsx plugin"
	plugin, err := a.plugin()
	if err != nil {
		return missing(name, "", err.Error())
	}
	dir := plugin.dir(a.paths.PulumiHome())
	s, ok := readStamp(dir)
	if !ok {
		return missing(name, plugin.version, "not in the Pulumi home of the local environment")
	}
	f, err := a.target(ctx, plugin, s.Origin)
	if err != nil {
		return missing(name, plugin.version, err.Error())
	}
	switch aws := awsPlugin(a).find(ctx); {
	case !plugin.in(dir) || !f.ready():
		return missing(name, plugin.version, "damaged, or built from an older local/awsxplugin or by another Go version")
	case aws.Origin == Built && s.Origin != Built:
		return missing(name, plugin.version, "the official one does not work with an AWS plugin that was built")
	}
	return Status{Name: name, Version: plugin.version, Path: dir, Origin: s.Origin}
}

// target describes the installed plugin by where it comes from.
func (a awsxPlugin) target(ctx context.Context, plugin pluginName, origin Origin) (folder, error) {
	f := folder{
		name: "awsx-plugin", dir: plugin.dir(a.paths.PulumiHome()), inputs: "official " + plugin.version, origin: origin,
	}
	if origin != Built {
		return f, nil
	}
	words := []string{plugin.version}
	for _, module := range []string{awsSDK, pulumiSDK} {
		version, err := requiredVersion(filepath.Join(a.paths.Root, "go.mod"), module)
		if err != nil {
			return folder{}, err
		}
		words = append(words, version)
	}
	compiler, err := a.paths.goVersion(ctx)
	if err != nil {
		return folder{}, err
	}
	f.inputs, err = fingerprint(a.paths.Root, append(append(words, compiler), goEnv...), "local/awsxplugin")
	return f, err
}

// make gets the plugin from where it goes with the AWS plugin.
func (a awsxPlugin) make(ctx context.Context, progress Progress) (err error) {
	t := a.paths.task(progress, "install the awsx plugin", "awsx-plugin")
	progress.Start(t.name)
	var from Origin
	defer func() { progress.Finish(t.name, string(from), err) }()

	plugin, err := a.plugin()
	if err != nil {
		return err
	}
	ctx, release, err := a.paths.lock(ctx, t, "awsx-plugin")
	if err != nil {
		return err
	}
	defer release()
	if found := a.find(ctx); !found.Missing() {
		from = found.Origin // another process has made it while this one waited
		return nil
	}
	if err := os.RemoveAll(plugin.dir(a.paths.PulumiHome()) + ".partial"); err != nil {
		return err
	}
	from = Built
	if awsPlugin(a).find(ctx).Origin != Built {
		from = Downloaded
	}
	return a.put(ctx, t, plugin, from)
}

func (a awsxPlugin) put(ctx context.Context, t task, plugin pluginName, origin Origin) error {
	f, err := a.target(ctx, plugin, origin)
	if err != nil {
		return err
	}
	f.fill = func(ctx context.Context, dir string) error {
		if origin == Downloaded {
			t.line("downloading the official plugin")
			return a.paths.pluginDownload(ctx, t, plugin, dir)
		}
		return a.compile(ctx, t, plugin, dir)
	}
	return a.paths.put(ctx, t, f)
}

// compile builds the stand-in in the main module: it is made of packages that the programs are made of.
func (a awsxPlugin) compile(ctx context.Context, t task, plugin pluginName, dir string) error {
	t.line("building a stand-in for the awsx plugin from local/awsxplugin takes about 2 minutes on two cores, once")
	built := dir + "-built"
	if err := os.MkdirAll(built, 0o755); err != nil {
		return err
	}
	if err := a.paths.compile(ctx, t, command{
		dir: a.paths.Root,
		env: goEnv,
		args: []string{
			"go", "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags=-s -w",
			"-o", filepath.Join(built, "pulumi-resource-awsx"), "./local/awsxplugin/cmd/pulumi-resource-awsx",
		},
	}); err != nil {
		return err
	}
	return a.paths.pluginInstall(ctx, t, plugin, dir, nil, "--file", built)
}
