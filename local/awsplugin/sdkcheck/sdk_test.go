package sdkcheck

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/local/awsplugin/gotool"
	"github.com/tarn-data/tarn/local/awsplugin/tokens"
)

// schemaVariable names another schema file to check than that of the installed plugin.
const schemaVariable = "TARN_AWS_SCHEMA"

func TestVersionIsThatOfTheSDK(t *testing.T) {
	if folder := sdkFolder(t); !strings.HasSuffix(folder, "@v"+tokens.Version) {
		t.Errorf("go.mod has the SDK in %s, and the plugin says it is version %s", folder, tokens.Version)
	}
}

func TestEveryTokenIsInTheSDK(t *testing.T) {
	sdk, err := OpenSDK(sdkFolder(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range tokens.Services() {
		for _, entry := range service.Resources {
			token := service.Token(entry)
			if _, ok, err := sdk.resource(token); !ok || err != nil {
				t.Errorf("%s for %s: known %v, error %v", token, entry.Terraform, ok, err)
			}
		}
		for _, entry := range service.Functions {
			token := service.Token(entry)
			if _, ok, err := sdk.function(token); !ok || err != nil {
				t.Errorf("%s for %s: known %v, error %v", token, entry.Terraform, ok, err)
			}
		}
	}
}

// TestInstalledSchema repeats, for the plugin that is installed, the check its build made. Building one here would
// take minutes.
func TestInstalledSchema(t *testing.T) {
	file := installedSchema(t)
	schema, err := ReadSchema(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no plugin is built: %v; set %s to check another schema", err, schemaVariable)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(file, sdkFolder(t)); err != nil {
		t.Error(err)
	}
	for _, service := range tokens.Services() {
		for _, entry := range service.Resources {
			if _, ok := schema.Resources[service.Token(entry)]; !ok {
				t.Errorf("%s is in the token table, not in the schema: build the plugin again", service.Token(entry))
			}
		}
		for _, entry := range service.Functions {
			if _, ok := schema.Functions[service.Token(entry)]; !ok {
				t.Errorf("%s is in the token table, not in the schema: build the plugin again", service.Token(entry))
			}
		}
	}
}

func sdkFolder(t *testing.T) string {
	t.Helper()
	folder, err := gotool.Module{Folder: "."}.Dependency(SDKModule)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func installedSchema(t *testing.T) string {
	t.Helper()
	if file := os.Getenv(schemaVariable); file != "" {
		return file
	}
	return filepath.Join(tarnCache(t), "pulumi-home", "plugins", "resource-aws-v"+tokens.Version, "schema.json")
}

// tarnCache is where the local environment keeps what it has built.
func tarnCache(t *testing.T) string {
	t.Helper()
	if chosen := os.Getenv("TARN_CACHE"); chosen != "" {
		return chosen
	}
	if base := os.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "tarn")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Skip(err)
	}
	return filepath.Join(home, ".cache", "tarn")
}
