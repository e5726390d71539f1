package toolchain

import (
	"fmt"
	"os"
	"path/filepath"
)

// Paths says where things are: the repository, and the cache that all checkouts share.
type Paths struct {
	Root  string
	Cache string
}

// NewPaths locates the cache for the repository at root: TARN_CACHE, else tarn in XDG_CACHE_HOME, else ~/.cache/tarn.
func NewPaths(root string) (Paths, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return Paths{}, fmt.Errorf("finding the repository: %w", err)
	}
	cache, err := cacheDir()
	if err != nil {
		return Paths{}, err
	}
	return Paths{Root: root, Cache: cache}, nil
}

// cacheDir follows the XDG base directory specification, which says to ignore a relative path.
func cacheDir() (string, error) {
	if chosen := os.Getenv("TARN_CACHE"); chosen != "" {
		return filepath.Abs(chosen)
	}
	if base := os.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "tarn"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache (TARN_CACHE sets it): %w", err)
	}
	return filepath.Join(home, ".cache", "tarn"), nil
}

// PulumiHome is the PULUMI_HOME of the local environment. It is not the user's own: a plugin built here must never
// deploy to a real account.
func (p Paths) PulumiHome() string { return filepath.Join(p.Cache, "pulumi-home") }

// Jars is the folder of Spark's jars.
func (p Paths) Jars() string { return filepath.Join(p.Cache, "jars") }

// AWSPlugin is the AWS plugin itself.
func (p Paths) AWSPlugin() (string, error) {
	version, err := p.awsPluginVersion()
	if err != nil {
		return "", err
	}
	return filepath.Join(pluginDir(p.PulumiHome(), version), "pulumi-resource-aws"), nil
}

// AWSPluginSchema is the Pulumi schema of the AWS plugin that was built here: every property it knows. The official
// plugin keeps its own inside the binary, and then there is no such file.
func (p Paths) AWSPluginSchema() (string, error) {
	version, err := p.awsPluginVersion()
	if err != nil {
		return "", err
	}
	return filepath.Join(pluginDir(p.PulumiHome(), version), "schema.json"), nil
}

// logFile has the whole output of the last attempt to make something.
func (p Paths) logFile(name string) string { return filepath.Join(p.Cache, "logs", name+".log") }

// local is a path below the repository's local folder.
func (p Paths) local(parts ...string) string {
	return filepath.Join(append([]string{p.Root, "local"}, parts...)...)
}

// binary is the folder of a program that was built here.
func (p Paths) binary(name, version string) string {
	return filepath.Join(p.Cache, "bin", name+"-"+version)
}
