package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tarn-data/tarn/local/awsplugin/gotool"
	"github.com/tarn-data/tarn/local/awsplugin/sdkcheck"
	"github.com/tarn-data/tarn/local/awsplugin/slim"
	"github.com/tarn-data/tarn/local/awsplugin/tokens"
)

const (
	pluginFile = "pulumi-resource-aws"
	schemaFile = "schema.json"

	providerModule = "github.com/hashicorp/terraform-provider-aws"
)

// plan is one build: where it reads and writes.
type plan struct {
	source gotool.Module // this module
	out    string
	work   string

	upstream string // the whole provider's source, in the module cache
	provider string // the slim copy of it
	binaries string // what was compiled
}

func newPlan(out, work string) (*plan, error) {
	out, err := filepath.Abs(out)
	if err != nil {
		return nil, err
	}
	if work, err = filepath.Abs(work); err != nil {
		return nil, err
	}
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	return &plan{
		source:   gotool.Module{Folder: root, Messages: os.Stderr},
		out:      out,
		work:     work,
		provider: filepath.Join(work, "provider"),
		binaries: filepath.Join(work, "bin"),
	}, nil
}

// moduleRoot finds this module from the folder that `go run` was started in.
func moduleRoot() (string, error) {
	answer, err := gotool.Module{Folder: "."}.Run("env", "GOMOD")
	if err != nil {
		return "", err
	}
	modFile := string(bytes.TrimSpace(answer))
	if content, err := os.ReadFile(modFile); err != nil || !bytes.Contains(content, []byte(providerModule)) {
		return "", fmt.Errorf("start it inside local/awsplugin, for instance with go -C local/awsplugin run ./cmd/build")
	}
	return filepath.Dir(modFile), nil
}

// clear removes an earlier result, so that a build that fails leaves nothing that could be taken for a plugin.
func (p *plan) clear() error {
	for _, file := range []string{filepath.Join(p.out, pluginFile), filepath.Join(p.out, schemaFile)} {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, folder := range []string{p.provider, p.binaries} {
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return os.MkdirAll(p.work, 0o755)
}

func (p *plan) fetch() (string, error) {
	folder, err := p.source.Dependency(providerModule)
	p.upstream = folder
	return filepath.Base(folder), err
}

// slim copies the needed part of the provider, with shorter waits, and points a copy of go.mod to it.
func (p *plan) slim() (string, error) {
	result, err := slim.Copy(p.upstream, p.provider, tokens.ServicePackages())
	if err != nil {
		return "", err
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(p.source.Folder, name))
		if err != nil {
			return "", err
		}
		//nolint:gosec // the user names the folder
		if err := os.WriteFile(filepath.Join(p.work, name), content, 0o644); err != nil {
			return "", err
		}
	}
	if _, err := p.source.Run("mod", "edit", "-replace="+providerModule+"="+p.provider, p.modFile()); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d packages, %d files, %d AWS clients, %d waits shortened",
		result.Packages, result.Files, result.Clients, result.Waits), nil
}

func (p *plan) modFile() string {
	return filepath.Join(p.work, "go.mod")
}

// compile builds the plugin and the schema generator. Paths are left out of the binaries, and so out of the cache
// keys: a build in another folder finds everything compiled.
func (p *plan) compile() (string, error) {
	if err := os.MkdirAll(p.binaries, 0o755); err != nil {
		return "", err
	}
	_, err := p.source.Run(
		"build", "-modfile="+p.modFile(), "-tags=awsplugin", "-trimpath", "-ldflags=-s -w",
		"-o", p.binaries+string(filepath.Separator), "./cmd/pulumi-resource-aws", "./cmd/schemagen",
	)
	if err != nil {
		return "", err
	}
	binary, err := os.Stat(filepath.Join(p.binaries, pluginFile))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d MB", binary.Size()>>20), nil
}

func (p *plan) generateSchema() (string, error) {
	var schema bytes.Buffer
	generator := exec.Command(filepath.Join(p.binaries, "schemagen"))
	generator.Stdout = &schema
	generator.Stderr = os.Stderr
	if err := generator.Run(); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d kB", schema.Len()>>10), os.WriteFile(p.schema(), schema.Bytes(), 0o644)
}

func (p *plan) schema() string {
	return filepath.Join(p.binaries, schemaFile)
}

func (p *plan) check() (string, error) {
	sdk, err := p.source.Dependency(sdkcheck.SDKModule)
	if err != nil {
		return "", err
	}
	return "same names and types as " + filepath.Base(sdk), sdkcheck.Check(p.schema(), sdk)
}

// publish moves the result into place, the binary last: where it is, the schema is too.
func (p *plan) publish() (string, error) {
	if err := os.MkdirAll(p.out, 0o755); err != nil {
		return "", err
	}
	for _, file := range []string{schemaFile, pluginFile} {
		if err := move(filepath.Join(p.binaries, file), filepath.Join(p.out, file)); err != nil {
			return "", err
		}
	}
	return p.out, nil
}
