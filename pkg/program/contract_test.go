package program_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/program/bootstrap"
	"github.com/tarn-data/tarn/pkg/program/datalake"
	"github.com/tarn-data/tarn/pkg/program/mpp"
	"github.com/tarn-data/tarn/pkg/pulumitest"
)

// promised are the outputs that every stack has, with their types. It is written by hand: whoever
// changes it changes what other repositories rely on.
var promised = map[string]map[string]string{
	contract.ProjectBootstrap: {
		"stateBucket": "string", "stateReplicaBucket": "string", "lockTable": "string", "keyArn": "string", "keyAlias": "string",
		"dataKeyArn": "string", "dataKeyManaged": "bool",
		"secretsProvider": "string", "boundaryArn": "string", "ciUser": "string", "accessKeySecret": "string",
		"deployRoleArn": "string", "planRoleArn": "string", "layerRoleArns": "map[string]string",
	},
	contract.ProjectDatalake: {
		"keyArn": "string", "boundaryArn": "string", "rawBucket": "string", "stagedBucket": "string", "analyticsBucket": "string",
		"quarantineBucket": "string", "artifactsBucket": "string", "rawDatabase": "string", "stagedDatabase": "string",
		"analyticsDatabase": "string", "quarantineDatabase": "string", "workgroup": "string", "lakeFormationMode": "string", "domains": "map[string]interface {}",
	},
	contract.ProjectMPP: {"pipelines": "map[string]interface {}", "uploads": "map[string]interface {}"},
}

// outputsOf runs a project and gives its outputs. One that is secret is an error.
func outputsOf(t *testing.T, project string, settings map[string]any) map[string]any {
	t.Helper()
	var mu sync.Mutex
	var outputs map[string]any
	program := func(ctx *pulumi.Context) error {
		var promise pulumi.Map
		switch project {
		case contract.ProjectBootstrap:
			built, err := bootstrap.Build(ctx)
			if err != nil {
				return err
			}
			promise = built.Outputs()
		case contract.ProjectDatalake:
			upstream, err := contract.ReadFoundation(ctx)
			if err != nil {
				return err
			}
			built, err := datalake.Build(ctx, noFiles, upstream)
			if err != nil {
				return err
			}
			promise = built.Outputs()
		default:
			upstream, err := contract.ReadDatalake(ctx)
			if err != nil {
				return err
			}
			built, err := mpp.Build(ctx, "../../mpp", upstream)
			if err != nil {
				return err
			}
			promise = built.Outputs()
		}
		all := promise.ToMapOutput()
		all.ApplyT(func(resolved map[string]any) error {
			mu.Lock()
			defer mu.Unlock()
			if pulumi.IsSecret(all) {
				return fmt.Errorf("an output of %s is a secret", project)
			}
			outputs = resolved
			return nil
		})
		return nil
	}
	recorder := &pulumitest.Recorder{Upstream: upstream("test")}
	if err := recorder.Run(t, program, project, "test", settings); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	return outputs
}

// Every stack exports what is promised, of the promised type, nothing else and nothing secret; and it
// does so whatever it was told not to make.
func TestContract(t *testing.T) {
	t.Parallel()
	for _, project := range slices.Sorted(maps.Keys(promised)) {
		variants := []map[string]any{{"organization": "tarn", "owner": "data"}}
		if project == contract.ProjectBootstrap {
			full, least := gitHub(), map[string]any{"organization": "tarn", "owner": "data", "keyArn": keyARN, "dataKeyArn": keyARN, "deploy": map[string]any{"user": false}}
			full["organization"], full["owner"], full["stateReplicaRegion"] = "tarn", "data", "eu-central-1"
			variants = append(variants, full, least)
		}
		for i, settings := range variants {
			got := map[string]string{}
			for name, value := range outputsOf(t, project, settings) {
				got[name] = fmt.Sprintf("%T", value)
			}
			if !maps.Equal(got, promised[project]) {
				t.Errorf("%s, variant %d: outputs %v\nwant %v", project, i, got, promised[project])
			}
		}
	}
}

// What the driver reads is what the program exports.
func TestDeployedBootstrapIsReadBack(t *testing.T) {
	t.Parallel()
	settings := gitHub()
	settings["organization"], settings["owner"], settings["stateReplicaRegion"] = "tarn", "data", "eu-central-1"
	outputs := outputsOf(t, contract.ProjectBootstrap, settings)
	deployed, err := contract.BootstrapOf(outputs)
	if err != nil {
		t.Fatal(err)
	}
	want := contract.DeployedBootstrap{
		StateBucket:        "tarn-test-state-123456789012-us-east-1",
		StateReplicaBucket: "tarn-test-state-replica-123456789012-eu-central-1",
		LockTable:          "tarn-test-locks",
		KeyARN:             outputs["keyArn"].(string),
		KeyAlias:           "alias/tarn-test-platform",
		SecretsProvider:    "awskms://alias/tarn-test-platform?region=us-east-1",
		BoundaryARN:        boundaryARN,
		CIUser:             "tarn-test-ci",
		AccessKeySecret:    outputs["accessKeySecret"].(string),
		DeployRoleARN:      deployARN,
		PlanRoleARN:        accountARN + "role/tarn/test.deploy/tarn-test-plan",
		LayerRoleARNs:      map[string]string{"mpp": accountARN + "role/tarn/test.deploy/tarn-test-deploy-mpp"},
	}
	if fmt.Sprint(deployed) != fmt.Sprint(want) || deployed.KeyARN == "" || deployed.AccessKeySecret == "" {
		t.Errorf("got  %v\nwant %v", deployed, want)
	}
	for _, output := range []string{"stateBucket", "lockTable", "keyArn", "secretsProvider", "boundaryArn"} {
		incomplete := maps.Clone(outputs)
		delete(incomplete, output)
		if _, err := contract.BootstrapOf(incomplete); err == nil {
			t.Errorf("nobody misses %s", output)
		}
	}
}

// What the driver reads of a pipeline is what the program exports: every field, and of every job.
func TestDeployedPipelinesAreReadBack(t *testing.T) {
	t.Parallel()
	pipelines, err := contract.PipelinesOf(outputsOf(t, contract.ProjectMPP, map[string]any{"organization": "tarn", "owner": "data"}))
	if err != nil {
		t.Fatal(err)
	}
	got := pipelines["flights"]
	const logs = "/tarn/test/flights/tarn-test-pipelines-role/tarn/test/tarn-test-flights-job/"
	job := func(name string) contract.Job {
		return contract.Job{
			Name: "tarn-test-flights-" + name, Kind: "spark", InWorkflow: name != "table-maintenance", WorkerType: "G.1X", MaxWorkers: 10,
			LogGroups: contract.LogGroups{Output: logs + "output", Error: logs + "error"}, ExecutionClass: "STANDARD", TimeoutMinutes: 60,
		}
	}
	jobs := map[string]contract.Job{}
	for _, name := range []string{"raw-to-staged", "quality-gate", "staged-to-analytics", "table-maintenance"} {
		jobs[name] = job(name)
	}
	if !maps.Equal(got.Jobs, jobs) {
		t.Errorf("jobs:\ngot  %v\nwant %v", got.Jobs, jobs)
	}
	got.ManifestURI, got.Jobs = strings.SplitAfter(got.ManifestURI, "flights/")[0], nil
	datasets, tables := got.Datasets, got.Tables
	got.Datasets, got.Tables = nil, nil
	want := contract.Pipeline{
		Domain: "flights", Workflow: "tarn-test-flights", Crawler: "tarn-test-flights-raw", LogPrefix: "/tarn/test/flights",
		ReportURI: "s3://artifacts/reports/flights", ManifestURI: "s3://artifacts/manifests/flights/", MetricsName: "tarn-test-flights",
		Workgroup: "lake", Database: "analytics_db", StagedDatabase: "staged_db", QuarantineDatabase: "quarantine_db",
	}
	if !reflect.DeepEqual(got, want) || len(datasets) != 5 || datasets[0].Name != "airlines" || len(tables) != 3 {
		t.Errorf("got  %+v, %v, %v\nwant %+v", got, datasets, tables, want)
	}
}
