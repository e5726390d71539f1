package program_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/tarn-data/tarn/local/toolchain"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/pulumitest"
)

// The local environment's plugin may be one that this repository builds from an older provider
// than the SDK's. Whatever the programs set must be known to it: what it does not know it ignores.
func TestThePluginKnowsWhatTheProgramsSet(t *testing.T) {
	t.Parallel()
	schema := pluginSchema(t)
	for _, p := range projects() {
		for _, settings := range []map[string]any{shippedSettings(t, p, "local"), everything(t, p)} {
			recorder := &pulumitest.Recorder{Upstream: upstream("local")}
			if err := recorder.Run(t, p.program, p.name, "local", settings); err != nil {
				t.Fatal(err)
			}
			for _, resource := range recorder.Resources() {
				if resource.Custom && resource.Type != "pulumi:pulumi:Stack" {
					checkKnown(t, schema, p.name, resource)
				}
			}
		}
	}
	for _, function := range []string{"aws:index/getCallerIdentity:getCallerIdentity", "aws:index/getRegion:getRegion"} {
		if _, found := schema.Functions[function]; !found {
			t.Errorf("the plugin has no function %s", function)
		}
	}
}

// everything is the local settings with all that is off there.
func everything(t *testing.T, p project) map[string]any {
	t.Helper()
	settings := shippedSettings(t, p, "local")
	if p.name == contract.ProjectBootstrap {
		maps.Copy(settings, gitHub())
		settings["stateReplicaRegion"] = "eu-central-1"
	}
	return settings
}

func checkKnown(t *testing.T, schema packageSchema, project string, resource pulumitest.Resource) {
	t.Helper()
	known, found := schema.Resources[resource.Type]
	if resource.Type == "pulumi:providers:aws" {
		known, found = schema.Provider, true
	}
	if !found {
		t.Errorf("%s: the plugin has no %s", project, resource.Type)
	}
	for property := range resource.Inputs {
		if _, found := known.InputProperties[property]; !found {
			t.Errorf("%s: %s of the plugin has no property %s", project, resource.Type, property)
		}
	}
}

type resourceSchema struct {
	InputProperties map[string]json.RawMessage `json:"inputProperties"`
}

type packageSchema struct {
	Provider  resourceSchema             `json:"provider"`
	Resources map[string]resourceSchema  `json:"resources"`
	Functions map[string]json.RawMessage `json:"functions"`
}

// pluginSchema reads what a plugin built here can do. The official plugin has no such file, and
// needs none: the SDK is generated from it.
func pluginSchema(t *testing.T) packageSchema {
	t.Helper()
	paths, err := toolchain.NewPaths("../..")
	if err != nil {
		t.Fatal(err)
	}
	file, err := paths.AWSPluginSchema()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(file)); err != nil {
		t.Fatal("there is no AWS plugin: run `make tools`")
	}
	raw, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		t.Skip("the official plugin is installed, which the SDK is generated from")
	}
	if err != nil {
		t.Fatal(err)
	}
	var schema packageSchema
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}
