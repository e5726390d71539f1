package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// awsSDK is the module whose version the plugin must have: the engine asks for exactly that.
const awsSDK = "github.com/pulumi/pulumi-aws/sdk/v6"

func (p Paths) awsPluginVersion() (string, error) {
	return requiredVersion(filepath.Join(p.Root, "go.mod"), awsSDK)
}

// pluginSource says where the AWS plugin may come from.
type pluginSource string

// The values of TARN_AWS_PLUGIN.
const (
	anySource      pluginSource = "auto"     // the user's own, else a download, else a build
	onlyTakenOver  pluginSource = "home"     // the one in the user's own Pulumi home
	onlyDownloaded pluginSource = "download" // the official one
	onlyBuilt      pluginSource = "build"    // the one in local/awsplugin
)

func chosenPluginSource() (pluginSource, error) {
	switch chosen := pluginSource(os.Getenv("TARN_AWS_PLUGIN")); chosen {
	case "":
		return anySource, nil
	case anySource, onlyTakenOver, onlyDownloaded, onlyBuilt:
		return chosen, nil
	default:
		return "", fmt.Errorf("TARN_AWS_PLUGIN is %q and should be auto, home, download or build", chosen)
	}
}

// accepts tells whether a plugin of that origin is good enough.
func (s pluginSource) accepts(origin Origin) bool {
	switch s {
	case onlyTakenOver:
		return origin == UserHome
	case onlyDownloaded:
		return origin == Downloaded
	case onlyBuilt:
		return origin == Built
	default:
		return true
	}
}

// awsPlugin is the AWS provider in the Pulumi home of the local environment.
type awsPlugin struct{ paths Paths }

func (a awsPlugin) find(ctx context.Context) Status {
	const name = "aws plugin"
	version, err := a.paths.awsPluginVersion()
	if err != nil {
		return missing(name, "", err.Error())
	}
	source, err := chosenPluginSource()
	if err != nil {
		return missing(name, version, err.Error())
	}
	dir := pluginDir(a.paths.PulumiHome(), version)
	s, ok := readStamp(dir)
	switch {
	case !ok && isPlugin(dir):
		return missing(name, version, "the one in "+dir+" was put there by somebody else, or not to the end")
	case !ok:
		return missing(name, version, "not in the Pulumi home of the local environment")
	case !source.accepts(s.Origin):
		return missing(name, version, fmt.Sprintf("it is %s, and TARN_AWS_PLUGIN asks for %s", s.Origin, source))
	}
	f, err := a.target(ctx, version, s.Origin)
	if err != nil {
		return missing(name, version, err.Error())
	}
	if !isPlugin(dir) || !f.ready() {
		return missing(name, version, "damaged, or built from an older local/awsplugin or by another Go version")
	}
	return Status{Name: name, Version: version, Path: dir, Origin: s.Origin}
}

// target describes the installed plugin by where it comes from.
func (a awsPlugin) target(ctx context.Context, version string, origin Origin) (folder, error) {
	f := folder{
		name:   "aws-plugin",
		dir:    pluginDir(a.paths.PulumiHome(), version),
		inputs: "official " + version,
		origin: origin,
	}
	if origin != Built {
		return f, nil
	}
	compiler, err := a.paths.goVersion(ctx)
	if err != nil {
		return folder{}, err
	}
	f.inputs, err = fingerprint(a.paths.Root, append([]string{compiler, version}, goEnv...), "local/awsplugin")
	return f, err
}

// make gets the plugin from the first source that works.
func (a awsPlugin) make(ctx context.Context, progress Progress) (err error) {
	t := a.paths.task(progress, "install the AWS plugin", "aws-plugin")
	progress.Start(t.name)
	var from Origin
	defer func() { progress.Finish(t.name, string(from), err) }()

	source, err := chosenPluginSource()
	if err != nil {
		return err
	}
	version, err := a.paths.awsPluginVersion()
	if err != nil {
		return err
	}
	ctx, release, err := a.paths.lock(ctx, t, "aws-plugin")
	if err != nil {
		return err
	}
	defer release()
	if found := a.find(ctx); !found.Missing() {
		from = found.Origin // another process has made it while this one waited
		return nil
	}
	// The CLI leaves this mark when its installation is interrupted, and then ignores the plugin.
	if err := os.RemoveAll(pluginDir(a.paths.PulumiHome(), version) + ".partial"); err != nil {
		return err
	}
	origin, err := a.get(ctx, t, version, source)
	if err == nil {
		from = origin
	}
	return err
}

// get tries the sources in turn. The caller holds the lock.
func (a awsPlugin) get(ctx context.Context, t task, version string, source pluginSource) (Origin, error) {
	if source == anySource || source == onlyTakenOver {
		own, problem := a.usersOwn(version)
		if problem == nil {
			t.line("taking it over from " + own)
			return UserHome, a.put(ctx, t, version, UserHome, func(_ context.Context, dir string) error {
				return linkTree(own, dir)
			})
		}
		if source == onlyTakenOver {
			return "", problem
		}
	}
	if source == anySource || source == onlyDownloaded {
		t := t
		t.log = a.paths.logFile("aws-plugin-download") // the build below has a log of its own
		err := a.put(ctx, t, version, Downloaded, func(ctx context.Context, dir string) error {
			return a.download(ctx, t, version, dir)
		})
		if err == nil || ctx.Err() != nil || source == onlyDownloaded {
			return Downloaded, err
		}
		t.line("the official plugin cannot be downloaded here (" + reason(err) + "), so it is built")
	}
	return Built, a.put(ctx, t, version, Built, func(ctx context.Context, dir string) error {
		return a.compile(ctx, t, version, dir)
	})
}

func (a awsPlugin) put(
	ctx context.Context, t task, version string, origin Origin, fill func(ctx context.Context, dir string) error,
) error {
	f, err := a.target(ctx, version, origin)
	if err != nil {
		return err
	}
	f.fill = fill
	return a.paths.put(ctx, t, f)
}

// usersOwn gives the folder of the plugin in the user's own Pulumi home, where it can only be the official one.
func (a awsPlugin) usersOwn(version string) (string, error) {
	home, err := userPulumiHome()
	if err != nil {
		return "", err
	}
	own := pluginDir(home, version)
	// Another cache's Pulumi home is no user's: what has a stamp may have been built.
	if _, stamped := readStamp(own); stamped || !isPlugin(own) || home == a.paths.PulumiHome() {
		return "", fmt.Errorf("there is no AWS plugin %s in %s", version, home)
	}
	return own, nil
}

// download lets the CLI download the official plugin.
func (a awsPlugin) download(ctx context.Context, t task, version, dir string) error {
	t.line("downloading the official plugin, about 150 MB")
	return a.paths.pluginDownload(ctx, t, pluginName{"aws", version}, dir)
}

// pluginDownload lets the CLI download an official plugin. Without a connection the CLI tries for a long time, so it is
// stopped when nothing arrives.
func (p Paths) pluginDownload(ctx context.Context, t task, plugin pluginName, dir string) error {
	// The CLI downloads into the folder for temporary files; in one of its own, what arrives can be watched.
	arriving := dir + "-arriving"
	if err := os.MkdirAll(arriving, 0o755); err != nil {
		return err
	}
	watched, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go stopWhenStalled(watched, stop, filepath.Dir(dir), stallLimit)
	return p.pluginInstall(watched, t, plugin, dir, []string{"TMPDIR=" + arriving})
}

// compile builds the plugin from local/awsplugin. The build program needs a place for its copy of the sources.
func (a awsPlugin) compile(ctx context.Context, t task, version, dir string) error {
	t.line("building the AWS plugin from Go modules takes about 10 minutes on two cores, once")
	built := dir + "-built"
	if err := a.paths.compile(ctx, t, command{
		dir:  a.paths.local("awsplugin"),
		env:  goEnv,
		args: []string{"go", "run", "-mod=readonly", "./cmd/build", "--out", built, "--work", dir + "-sources"},
	}); err != nil {
		return err
	}
	return a.paths.pluginInstall(ctx, t, pluginName{"aws", version}, dir, nil, "--file", built)
}

// pluginName is what the CLI calls a plugin.
type pluginName struct{ name, version string }

// dir is where a Pulumi home has the plugin.
func (p pluginName) dir(home string) string {
	return filepath.Join(home, "plugins", "resource-"+p.name+"-"+p.version)
}

// in tells whether a folder has the plugin, which the CLI has unpacked to the end.
func (p pluginName) in(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, "pulumi-resource-"+p.name)); err != nil {
		return false
	}
	_, err := os.Stat(dir + ".partial")
	return errors.Is(err, os.ErrNotExist)
}

// pluginInstall lets the CLI install a plugin into a Pulumi home that only exists for that, and moves its files into
// the folder: in the real one, an interruption could leave half a plugin.
func (p Paths) pluginInstall(
	ctx context.Context, t task, plugin pluginName, dir string, env []string, options ...string,
) error {
	cli := pulumiCLI{p}.find(ctx)
	if cli.Missing() {
		return errors.New("the Pulumi CLI is missing: " + cli.Detail)
	}
	home := dir + "-home"
	install := command{
		env: append(env, "PULUMI_HOME="+home, "PULUMI_SKIP_UPDATE_CHECK=true"),
		args: append([]string{
			cli.Path, "plugin", "install", "resource", plugin.name, plugin.version, "--non-interactive", "--color", "never",
		}, options...),
	}
	if err := install.run(ctx, t); err != nil {
		return err
	}
	installed := plugin.dir(home)
	if !plugin.in(installed) {
		return fmt.Errorf("the Pulumi CLI has installed no plugin in %s", installed)
	}
	return moveContent(installed, dir)
}

// pluginDir is where a Pulumi home has the AWS plugin.
func pluginDir(home, version string) string { return pluginName{"aws", version}.dir(home) }

// isPlugin tells whether a folder has the AWS plugin.
func isPlugin(dir string) bool { return pluginName{name: "aws"}.in(dir) }

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

// reason is a failure in one line: what a failed command said last about an error, if it said anything.
func reason(err error) string {
	var failed *commandError
	if errors.As(err, &failed) {
		for i := len(failed.lines) - 1; i >= 0; i-- {
			if text, found := strings.CutPrefix(failed.lines[i], "error:"); found {
				return strings.TrimSpace(text)
			}
		}
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
