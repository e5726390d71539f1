// Package program_test runs the whole programs without an engine. One package for all of them,
// because linking the AWS SDK into a test binary takes longer than running it.
package program_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/program/bootstrap"
	"github.com/tarn-data/tarn/pkg/program/datalake"
	"github.com/tarn-data/tarn/pkg/program/mpp"
	"github.com/tarn-data/tarn/pkg/program/sandbox"
	"github.com/tarn-data/tarn/pkg/pulumitest"
)

// ARNs that a deployed bootstrap stack would export.
const (
	keyARN      = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
	boundaryARN = "arn:aws:iam::123456789012:policy/tarn/test.deploy/tarn-test-workload-boundary"
)

// upstream is what deployed bootstrap and datalake stacks would export.
func upstream(environment string) map[string]map[string]any {
	return map[string]map[string]any{
		contract.StackName(contract.ProjectBootstrap, environment): {
			"dataKeyArn": keyARN, "dataKeyManaged": true, "boundaryArn": boundaryARN,
		},
		contract.StackName(contract.ProjectDatalake, environment): {
			"keyArn": keyARN, "boundaryArn": boundaryARN,
			"rawBucket": "raw", "stagedBucket": "staged", "analyticsBucket": "analytics",
			"quarantineBucket": "quarantine", "artifactsBucket": "artifacts",
			"rawDatabase": "raw_db", "stagedDatabase": "staged_db", "analyticsDatabase": "analytics_db",
			"quarantineDatabase": "quarantine_db", "workgroup": "lake", "lakeFormationMode": "off",
			"domains": map[string]any{},
		},
	}
}

type project struct {
	name    string
	folder  string
	program pulumi.RunFunc
}

func projects() []project {
	return []project{
		{contract.ProjectBootstrap, "../../bootstrap", bootstrap.Deploy},
		{contract.ProjectDatalake, "../../datalake", datalake.Deploy(noFiles)},
		{contract.ProjectMPP, "../../mpp", mpp.Deploy("../../mpp")},
	}
}

// noFiles is a folder without named queries and views, for tests of other things.
const noFiles = "testdata/none"

// shipped is projects with the named queries and views of the repository.
func shipped() []project {
	all := projects()
	all[1].program = datalake.Deploy(all[1].folder)
	return all
}

// shippedSettings reads the settings of a committed stack file. Local folders that only a running
// local environment has are left out.
func shippedSettings(t *testing.T, p project, environment string) map[string]any {
	t.Helper()
	settings, _ := shippedConfig(t, p, environment)[p.name+":settings"].(map[string]any)
	delete(settings, "uploads")
	return settings
}

// shippedRegion is the region that a committed stack file is for.
func shippedRegion(t *testing.T, p project, environment string) string {
	t.Helper()
	region, _ := shippedConfig(t, p, environment)["aws:region"].(string)
	return region
}

func shippedConfig(t *testing.T, p project, environment string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(p.folder + "/Pulumi." + environment + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return file.Config
}

func TestEveryShippedEnvironmentKeepsTheInvariants(t *testing.T) {
	t.Parallel()
	for _, p := range shipped() {
		for _, environment := range []string{"local", "dev", "staging", "prod"} {
			t.Run(p.name+"/"+environment, func(t *testing.T) {
				t.Parallel()
				recorder := &pulumitest.Recorder{Upstream: upstream(environment), Region: shippedRegion(t, p, environment)}
				if err := recorder.Run(t, p.program, p.name, environment, shippedSettings(t, p, environment)); err != nil {
					t.Fatal(err)
				}
				pulumitest.CheckInvariants(t, recorder)
			})
		}
	}
}

func TestSettingsAreRefusedBeforeTheFirstResource(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		project int
		change  map[string]any
		want    string
	}{
		"no settings":             {0, nil, "bootstrap:settings is not set: add it to Pulumi.test.yaml"},
		"unknown field":           {0, map[string]any{"organisation": "x"}, `unknown field "organisation"; known fields:`},
		"wrong type":              {0, map[string]any{"stateHistoryDays": "x"}, `field "stateHistoryDays" is a string, want int`},
		"no organization":         {0, map[string]any{"organization": ""}, "organization is required"},
		"no owner":                {1, map[string]any{"owner": ""}, "owner is required: the team or mailbox"},
		"reserved tag":            {2, map[string]any{"tags": map[string]any{"aws:team": "x"}}, "AWS keeps what begins with aws: to itself"},
		"bad organization":        {0, map[string]any{"organization": "My Company"}, `organization "My Company": want lower-case`},
		"long organization":       {0, map[string]any{"organization": strings.Repeat("x", 40)}, "S3 allows 63: shorten the organization"},
		"a data key's alias":      {0, map[string]any{"dataKeyArn": "alias/lake"}, `dataKeyArn "alias/lake": want the ARN of a key`},
		"a data key elsewhere":    {0, map[string]any{"dataKeyArn": strings.Replace(keyARN, "us-east-1", "eu-west-1", 1)}, "bootstrap:settings.dataKeyArn arn:aws:kms:eu-west-1"},
		"key window":              {0, map[string]any{"keyDeletionWindowDays": 3}, "keyDeletionWindowDays is 3, KMS allows 7 to 30"},
		"protected and deleted":   {0, map[string]any{"protect": true, "deleteStateOnDestroy": true}, "contradict each other"},
		"no history":              {0, map[string]any{"stateHistoryDays": 0}, "stateHistoryDays is 0, want at least 1"},
		"unknown zone":            {1, map[string]any{"retention": map[string]any{"rwa": map[string]any{}}}, "retention.rwa: there is no such zone"},
		"expiring Iceberg":        {1, map[string]any{"retention": map[string]any{"staged": map[string]any{"class": "short"}}}, "retention.staged.class, class short: expireDays: Iceberg tables"},
		"scan limit":              {1, map[string]any{"queryScanLimitBytes": 1}, "queryScanLimitBytes is 1, Athena wants at least"},
		"delete protected data":   {1, map[string]any{"deleteDataOnDestroy": true, "protect": true}, "contradict each other"},
		"lifecycle order":         {1, retention(transition(90, "GLACIER"), transition(180, "STANDARD_IA")), "only in the order"},
		"lifecycle minimum":       {1, retention(transition(5, "STANDARD_IA")), "S3 wants at least 30 for STANDARD_IA"},
		"lifecycle class":         {1, retention(transition(5, "FREEZER")), `storageClass "FREEZER": want one of`},
		"misspelt lifecycle":      {1, map[string]any{"retentionClasses": map[string]any{"x": map[string]any{"expiryDays": 1}}}, `unknown field "expiryDays"`},
		"log retention":           {2, map[string]any{"logRetentionDays": 2}, "logRetentionDays is 2, CloudWatch Logs accepts"},
		"worker type":             {2, capacity("workerType", "G.3X"), `capacity.workerType: "G.3X": want one of`},
		"flex on a large worker":  {2, capacity2("workerType", "G.8X", "executionClass", "FLEX"), "the FLEX execution class runs on"},
		"one worker":              {2, capacity("maxWorkers", 1), "capacity.maxWorkers: is 1, want 2 to 1000"},
		"endless job":             {2, capacity("timeoutMinutes", 99999), "capacity.timeoutMinutes: is 99999, want 1 to 10080"},
		"glue version":            {2, capacity("glueVersion", "2.0"), `capacity.glueVersion: "2.0": want one of`},
		"no folder to upload":     {2, map[string]any{"uploads": "nowhere"}, "mpp:settings.uploads: there is no folder"},
		"unknown field in object": {2, capacity("maxWorker", 5), `unknown field "maxWorker"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := projects()[test.project]
			var settings map[string]any
			if test.change != nil {
				settings = map[string]any{"organization": "tarn", "owner": "data", "protect": false}
				if test.project == 2 {
					delete(settings, "protect")
				}
				maps.Copy(settings, test.change)
			}
			recorder := &pulumitest.Recorder{Upstream: upstream("test")}
			err := recorder.Run(t, p.program, p.name, "test", settings)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v\nwant one with %q", err, test.want)
			}
			for _, made := range recorder.Resources() {
				if made.Type != "pulumi:pulumi:Stack" {
					t.Errorf("%s %s was registered before the error", made.Type, made.Name)
				}
			}
		})
	}
}

func retention(transitions ...map[string]any) map[string]any {
	return map[string]any{"retentionClasses": map[string]any{"mine": map[string]any{"noncurrentDays": 1, "transitions": transitions}}}
}

func transition(days int, class string) map[string]any {
	return map[string]any{"days": days, "storageClass": class}
}

func capacity(field string, value any) map[string]any {
	return map[string]any{"capacity": map[string]any{field: value}}
}

func capacity2(field1 string, value1 any, field2 string, value2 any) map[string]any {
	return map[string]any{"capacity": map[string]any{field1: value1, field2: value2}}
}

// Every output that a project needs is taken away in turn; the program must name it and stop, in a
// preview as well as in an update.
func TestMissingOutputIsNamed(t *testing.T) {
	t.Parallel()
	for at, from := range map[int]string{1: contract.ProjectBootstrap, 2: contract.ProjectDatalake} {
		p := projects()[at]
		stack := contract.StackName(from, "test")
		for output := range upstream("test")[stack] {
			for _, broken := range []any{nil, "", 5} {
				t.Run(p.name+"/"+output, func(t *testing.T) {
					t.Parallel()
					outputs := upstream("test")
					outputs[stack][output] = broken
					if broken == nil {
						delete(outputs[stack], output)
					}
					for _, preview := range []bool{true, false} {
						recorder := &pulumitest.Recorder{Upstream: outputs, Preview: preview}
						err := recorder.Run(t, p.program, p.name, "test", map[string]any{"organization": "tarn", "owner": "data"})
						if err == nil || !strings.Contains(err.Error(), `output "`+output+`" of stack `+stack) {
							t.Errorf("preview %v: error %v", preview, err)
						}
					}
				})
			}
		}
	}
}

func TestSecretOutputIsRefused(t *testing.T) {
	t.Parallel()
	p := projects()[1]
	outputs := upstream("test")
	outputs[contract.StackName(contract.ProjectBootstrap, "test")]["dataKeyArn"] = resource.MakeSecret(resource.NewStringProperty("k"))
	recorder := &pulumitest.Recorder{Upstream: outputs}
	err := recorder.Run(t, p.program, p.name, "test", map[string]any{"organization": "tarn", "owner": "data"})
	if err == nil || !strings.Contains(err.Error(), "nothing secret may cross") {
		t.Errorf("error %v", err)
	}
}

// The root project deploys the same resources in one stack.
func TestSandboxIsTheSumOfTheProjects(t *testing.T) {
	t.Parallel()
	separate := map[string]int{}
	settings := map[string]map[string]any{}
	for _, p := range shipped() {
		settings[p.name] = map[string]any{"organization": "tarn", "owner": "data"}
		if p.name == contract.ProjectDatalake {
			settings[p.name]["domains"] = map[string]any{"flights": map[string]any{}} // which the shipped queries speak of
		}
		recorder := &pulumitest.Recorder{Upstream: upstream("test")}
		if err := recorder.Run(t, p.program, p.name, "test", settings[p.name]); err != nil {
			t.Fatal(err)
		}
		for _, made := range recorder.Resources() {
			if made.Custom && strings.HasPrefix(made.Type, "aws:") {
				separate[made.Type+" "+made.Name]++
			}
		}
	}
	recorder := sandboxed(t, settings[contract.ProjectBootstrap])
	pulumitest.CheckInvariants(t, recorder)
	together := map[string]int{}
	for _, made := range recorder.Resources() {
		if made.Custom && strings.HasPrefix(made.Type, "aws:") {
			together[made.Type+" "+made.Name]++
		}
	}
	if !maps.Equal(separate, together) {
		t.Errorf("the projects make %d resources, the sandbox %d", len(separate), len(together))
	}
}

// sandboxed runs all projects as one stack named test, with these settings for bootstrap.
func sandboxed(t *testing.T, foundation map[string]any) *pulumitest.Recorder {
	t.Helper()
	recorder := &pulumitest.Recorder{}
	err := recorder.RunConfigured(t, sandbox.DeployFrom("../.."), "tarn", "test", map[string]map[string]any{
		contract.ProjectBootstrap: foundation,
		contract.ProjectDatalake:  {"organization": "tarn", "owner": "data", "domains": map[string]any{"flights": map[string]any{}}},
		contract.ProjectMPP:       {"organization": "tarn", "owner": "data"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return recorder
}

// Roles that somebody else has made are used, and no role is made for them.
func TestPipelineRolesCanBeGiven(t *testing.T) {
	t.Parallel()
	const job, crawler = "arn:aws:iam::123456789012:role/team/job", "arn:aws:iam::123456789012:role/team/crawler"
	p := projects()[2]
	run := func(roles map[string]any) (*pulumitest.Recorder, error) {
		recorder := &pulumitest.Recorder{Upstream: upstream("test")}
		return recorder, recorder.Run(t, p.program, p.name, "test", map[string]any{"organization": "tarn", "owner": "data", "roles": roles})
	}
	recorder, err := run(map[string]any{"flights": map[string]any{"job": job, "crawler": crawler}})
	if err != nil {
		t.Fatal(err)
	}
	if roles := glueRoles(recorder); len(roles) > 0 {
		t.Errorf("roles were made: %v", roles)
	}
	for _, made := range recorder.OfType("aws:glue/job:Job") {
		if made.Inputs["roleArn"] != job {
			t.Errorf("job %s runs as %v", made.Name, made.Inputs["roleArn"])
		}
	}
	if made := recorder.OfType("aws:glue/crawler:Crawler"); len(made) != 1 || made[0].Inputs["role"] != crawler {
		t.Errorf("crawlers %v", made)
	}
	if recorder, err = run(map[string]any{"flights": map[string]any{"job": job}}); err != nil ||
		!slices.Equal(glueRoles(recorder), []string{"flights-crawler-role"}) {
		t.Errorf("with one role given: error %v, roles %v", err, glueRoles(recorder))
	}
	for want, roles := range map[string]map[string]any{
		"roles.flights: job":    {"flights": map[string]any{"job": "tarn-job"}},
		"there is no such pipe": {"payroll": map[string]any{"job": job}},
	} {
		if _, err := run(roles); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// glueRoles gives the roles that Glue takes.
func glueRoles(recorder *pulumitest.Recorder) []string {
	var names []string
	for _, role := range recorder.OfType("aws:iam/role:Role") {
		if strings.Contains(text(role, "assumeRolePolicy"), "glue.amazonaws.com") {
			names = append(names, role.Name)
		}
	}
	return names
}

func TestMissingStackIsNamed(t *testing.T) {
	t.Parallel()
	p := projects()[1]
	recorder := &pulumitest.Recorder{Upstream: map[string]map[string]any{}}
	err := recorder.Run(t, p.program, p.name, "test", map[string]any{"organization": "tarn", "owner": "data"})
	if err == nil || !strings.Contains(err.Error(), "organization/bootstrap/test") {
		t.Fatalf("error %v", err)
	}
}
