package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// awsPluginVersion goes with the AWS SDK in go.mod: the engine asks for exactly this version.
const awsPluginVersion = "v6.83.2"

// pluginSource says where the AWS plugin may come from.
type pluginSource string

// The values of TARN_AWS_PLUGIN.
const (
	anySource      pluginSource = "auto"     // the user's own, else a download, else a build
	onlyDownloaded pluginSource = "download" // the official one
	onlyBuilt      pluginSource = "build"    // the one in local/awsplugin
)

func chosenPluginSource() (pluginSource, error) {
	switch chosen := pluginSource(os.Getenv("TARN_AWS_PLUGIN")); chosen {
	case "":
		return anySource, nil
	case anySource, onlyDownloaded, onlyBuilt:
		return chosen, nil
	default:
		return "", fmt.Errorf("TARN_AWS_PLUGIN is %q and should be auto, download or build", chosen)
	}
}

// accepts tells whether a plugin of that origin is good enough.
func (s pluginSource) accepts(origin Origin) bool {
	switch s {
	case onlyDownloaded:
		return origin != Built
	case onlyBuilt:
		return origin == Built
	default:
		return true
	}
}

// awsPlugin is the AWS provider in the Pulumi home of the local environment.
type awsPlugin struct{ paths Paths }

const awsPluginName = "aws plugin"

func (a awsPlugin) find(ctx context.Context) Status {
	source, err := chosenPluginSource()
	if err != nil {
		return missing(awsPluginName, awsPluginVersion, err.Error())
	}
	origin, there := installedPlugin(a.paths.PulumiHome())
	if !there {
		return missing(awsPluginName, awsPluginVersion, "not in the Pulumi home of the local environment")
	}
	if !source.accepts(origin) {
		return missing(awsPluginName, awsPluginVersion, fmt.Sprintf("it is %s, and TARN_AWS_PLUGIN asks for %s", origin, source))
	}
	if origin == Built {
		if f, err := a.build(ctx); err != nil || !f.ready() {
			return missing(awsPluginName, awsPluginVersion, "built from an older local/awsplugin or by another Go version")
		}
	}
	return Status{
		Name: awsPluginName, Version: awsPluginVersion, Path: pluginDir(a.paths.PulumiHome()), Origin: origin,
	}
}

// make gets the plugin from the first source that works.
func (a awsPlugin) make(ctx context.Context, progress Progress) (err error) {
	t := task{progress, "install the AWS plugin"}
	progress.Start(t.name)
	defer func() { progress.Finish(t.name, awsPluginVersion, err) }()

	source, err := chosenPluginSource()
	if err != nil {
		return err
	}
	if source == anySource {
		taken, err := a.takeOver(ctx, t)
		if err != nil || taken {
			return err
		}
	}
	if source != onlyBuilt {
		downloadErr := a.download(ctx, t)
		if downloadErr == nil || ctx.Err() != nil || source == onlyDownloaded {
			return downloadErr
		}
		t.line("the plugin cannot be downloaded here (" + firstLine(downloadErr) + "), so it is built")
	}
	f, err := a.build(ctx)
	if err != nil {
		return err
	}
	f.fill = func(ctx context.Context, dir string) error {
		t.line("building the AWS plugin from Go modules takes about 10 minutes on two cores, once")
		return a.compile(ctx, t, dir)
	}
	f.place = func(ctx context.Context, dir string) error { return a.installFrom(ctx, t, dir) }
	return a.paths.install(ctx, t, f)
}

// takeOver uses the plugin of the user's own Pulumi home, if that has it: there it can only be the official one.
func (a awsPlugin) takeOver(ctx context.Context, t task) (bool, error) {
	home, err := userPulumiHome()
	if err != nil || home == a.paths.PulumiHome() {
		return false, nil //nolint:nilerr // a machine without a home folder has no plugin there
	}
	own := pluginDir(home)
	if _, there := installedPlugin(home); !there {
		return false, nil
	}
	t.line("taking it over from " + own)
	return true, a.paths.install(ctx, t, folder{
		name:   "aws-plugin",
		dir:    pluginDir(a.paths.PulumiHome()),
		inputs: own,
		origin: UserHome,
		fill:   func(_ context.Context, dir string) error { return linkTree(own, dir) },
	})
}

// download lets the CLI download the official plugin. Without a connection the CLI tries for a long time, so it is
// stopped when nothing arrives.
func (a awsPlugin) download(ctx context.Context, t task) error {
	release, err := a.paths.lock(ctx, t, "aws-plugin")
	if err != nil {
		return err
	}
	defer release()
	if origin, there := installedPlugin(a.paths.PulumiHome()); there && origin != Built {
		return nil // another process has downloaded it while this one waited
	}
	t.line("downloading the official plugin, about 150 MB")
	// The CLI downloads into the folder for temporary files; in one of its own, what arrives can be watched.
	arriving := filepath.Join(a.paths.Cache, "tmp", "aws-plugin-download")
	if err := os.RemoveAll(arriving); err != nil {
		return err
	}
	if err := os.MkdirAll(arriving, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(arriving)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go stopWhenStalled(ctx, stop, arriving)
	return a.pulumi(ctx, t, []string{"TMPDIR=" + arriving},
		"plugin", "install", "resource", "aws", awsPluginVersion, "--reinstall")
}

// build describes the plugin built from local/awsplugin.
func (a awsPlugin) build(ctx context.Context) (folder, error) {
	source := a.paths.local("awsplugin")
	compiler, err := goVersion(ctx, source)
	if err != nil {
		return folder{}, err
	}
	inputs, err := fingerprint(a.paths.Root, []string{compiler}, []string{source})
	if err != nil {
		return folder{}, err
	}
	return folder{
		name: "aws-plugin", dir: pluginDir(a.paths.PulumiHome()), inputs: inputs, origin: Built,
	}, nil
}

// compile builds the plugin into a folder. The build program needs a place for the cut sources; it is beside the
// folder, so that it goes away with it.
func (a awsPlugin) compile(ctx context.Context, t task, dir string) error {
	return command{
		dir:  a.paths.local("awsplugin"),
		env:  goEnv,
		args: []string{"go", "run", "./cmd/build", "-work", dir + "-sources", "-out", dir},
	}.run(ctx, t)
}

// installFrom installs a built plugin, with its stamp, the way any plugin is installed.
func (a awsPlugin) installFrom(ctx context.Context, t task, dir string) error {
	return a.pulumi(ctx, t, nil, "plugin", "install", "resource", "aws", awsPluginVersion, "--reinstall", "--file", dir)
}

// pulumi runs the CLI on the Pulumi home of the local environment.
func (a awsPlugin) pulumi(ctx context.Context, t task, env []string, args ...string) error {
	cli := pulumiCLI(a).find(ctx)
	if cli.Missing() {
		return errors.New("the Pulumi CLI is missing: " + cli.Detail)
	}
	return command{
		env:  append(env, "PULUMI_HOME="+a.paths.PulumiHome(), "PULUMI_SKIP_UPDATE_CHECK=true"),
		args: append([]string{cli.Path}, args...),
	}.run(ctx, t)
}

// pluginDir is where a Pulumi home has the plugin.
func pluginDir(home string) string {
	return filepath.Join(home, "plugins", "resource-aws-"+awsPluginVersion)
}

// installedPlugin tells whether a Pulumi home has the whole plugin, and where that came from. One without a stamp was
// put there by the CLI itself.
func installedPlugin(home string) (Origin, bool) {
	dir := pluginDir(home)
	if _, err := os.Stat(filepath.Join(dir, "pulumi-resource-aws")); err != nil {
		return Missing, false
	}
	// The CLI leaves this mark beside a plugin while it unpacks it.
	if _, err := os.Stat(dir + ".partial"); err == nil {
		return Missing, false
	}
	if s, ok := readStamp(dir); ok {
		return s.Origin, true
	}
	return Downloaded, true
}

// userPulumiHome is the Pulumi home that the user's own pulumi commands use.
func userPulumiHome() (string, error) {
	if chosen := os.Getenv("PULUMI_HOME"); chosen != "" {
		return filepath.Abs(chosen)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".pulumi"), nil
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
