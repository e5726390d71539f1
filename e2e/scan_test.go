package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/tarn-data/tarn/local/scan"
	"github.com/tarn-data/tarn/local/scan/terraform"
	"github.com/tarn-data/tarn/local/toolchain"
	"github.com/tarn-data/tarn/pkg/state"
)

// TestScan has the published scanners judge a lake, and then what they must not let pass.
func TestScan(t *testing.T) {
	lake := newLake(t)
	lake.run(t, 0, "local", "up")
	step(t, "up", func(t *testing.T) { lake.deploy(t, "up") })
	step(t, "nothing is found outside the waivers", func(t *testing.T) { lake.scan(t) })
	step(t, "without waivers it fails", func(t *testing.T) { lake.scanWithoutWaivers(t) })
	step(t, "an insecure stack is found out by checkov", func(t *testing.T) { lake.scanInsecureStack(t) })
	step(t, "every property of the provider has Terraform's form", func(t *testing.T) { lake.convertsEverything(t) })
	step(t, "insecure resources are found out by prowler", func(t *testing.T) { lake.scanInsecureAccount(t) })
}

// TestShippedEnvironmentsPassCheckov deploys the settings that the repository has for accounts, with nothing changed but
// that the account is the emulator.
func TestShippedEnvironmentsPassCheckov(t *testing.T) {
	lake := newRehearsal(t)
	lake.run(t, 0, "local", "up")
	for _, environment := range []string{"dev", "staging", "prod"} {
		step(t, environment, func(t *testing.T) {
			lake.environment = environment
			for _, project := range []string{"bootstrap", "datalake", "mpp"} {
				lake.change(t, project, "  aws:region: eu-west-1\n", onEmulator)
			}
			if environment == "prod" { // which has a network in zones of its region
				lake.change(t, "mpp", "[eu-west-1a, eu-west-1b]", "[us-east-1a, us-east-1b]")
			}
			lake.deploy(t, "bootstrap")
			lake.deploy(t, "up")
			lake.expectNoChanges(t, lake.deploy(t, "up"))
			var report scan.Report
			decode(t, lake.run(t, 0, "scan", "--scanner", "checkov", "--waivers", waivers(t)), &report)
			if len(report.Scanners) != 1 || report.Scanners[0].Passed == 0 || !report.Clean() {
				t.Errorf("%+v", report)
			}
		})
	}
}

// onEmulator is the configuration by which a stack file means the emulator.
const onEmulator = `  aws:region: us-east-1
  aws:allowedAccountIds: ["123456789012"]
  aws:maxRetries: "2"
  aws:s3UsePathStyle: "true"
  aws:skipMetadataApiCheck: "true"
`

// waivers is the repository's file, also for a lake in a copy of the project folders.
func waivers(t *testing.T) string {
	t.Helper()
	return filepath.Join(repository(t), "security", "waivers.yaml")
}

// scan has checkov and prowler judge everything that is deployed.
func (l *lake) scan(t *testing.T, flags ...string) scan.Report {
	t.Helper()
	var report scan.Report
	decode(t, l.run(t, 0, append([]string{"scan", "--waivers", waivers(t)}, flags...)...), &report)
	for _, summary := range report.Scanners {
		t.Logf("%+v", summary)
		if summary.Resources == 0 || summary.Passed == 0 {
			t.Errorf("%s has seen nothing: %+v", summary.Scanner, summary)
		}
	}
	if len(report.Scanners) != len(scan.Scanners) || !report.Clean() {
		t.Errorf("%+v", report)
	}
	return report
}

func (l *lake) scanWithoutWaivers(t *testing.T) {
	t.Helper()
	empty := filepath.Join(t.TempDir(), "waivers.yaml")
	unused := `waivers:
- {id: CKV_AWS_7, resource: "*/aws_kms_key/*", reason: A waiver that covers nothing must not stay., expires: ` + time.Now().AddDate(0, 0, 1).Format(time.DateOnly) + `}
`
	if err := os.WriteFile(empty, []byte(unused), 0o600); err != nil {
		t.Fatal(err)
	}
	var report scan.Report
	decode(t, l.run(t, 1, "scan", "--scanner", "checkov", "--waivers", empty), &report)
	if len(report.Findings) == 0 || len(report.Problems) != 1 || !strings.Contains(report.Problems[0], "CKV_AWS_7") {
		t.Errorf("%+v", report)
	}
}

// scanners gives the tools of a scan.
func scanners(t *testing.T) (toolchain.Paths, toolchain.Scanners) {
	t.Helper()
	paths, err := toolchain.NewPaths(repository(t))
	if err != nil {
		t.Fatal(err)
	}
	made, err := toolchain.EnsureScanners(t.Context(), paths, quiet{})
	if err != nil {
		t.Fatal(err)
	}
	return paths, made
}

// quiet shows no progress.
type quiet struct{}

func (quiet) Start(string)                 {}
func (quiet) Detail(string, string)        {}
func (quiet) Line(string, string)          {}
func (quiet) Finish(string, string, error) {}

func (l *lake) mapping(t *testing.T) *terraform.Mapping {
	t.Helper()
	paths, _ := scanners(t)
	tools, err := toolchain.Find(t.Context(), paths)
	if err != nil {
		t.Fatal(err)
	}
	plugin, err := paths.AWSPlugin()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", tools.PulumiBin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("PULUMI_HOME", tools.PulumiHome)
	mapping, err := scan.ReadMapping(t.Context(), plugin)
	if err != nil {
		t.Fatal(err)
	}
	return mapping
}

// demandedOfTheStack are the checks that the insecure stack of the test data fails, beside others.
var demandedOfTheStack = []string{
	"CKV_AWS_7", "CKV_AWS_18", "CKV_AWS_21", "CKV_AWS_24", "CKV_AWS_28", "CKV_AWS_33", "CKV_AWS_53", "CKV_AWS_54",
	"CKV_AWS_55", "CKV_AWS_56", "CKV_AWS_60", "CKV_AWS_62", "CKV_AWS_63", "CKV_AWS_66", "CKV_AWS_70", "CKV_AWS_82",
	"CKV_AWS_94", "CKV_AWS_99", "CKV_AWS_119", "CKV_AWS_144", "CKV_AWS_145", "CKV_AWS_158", "CKV_AWS_195", "CKV_AWS_300",
	"CKV2_AWS_62",
}

// scanInsecureStack shows that the checks run and see through the conversion: what is wrong is found, and of the bucket
// beside it, which has everything, nothing is.
func (l *lake) scanInsecureStack(t *testing.T) {
	t.Helper()
	_, made := scanners(t)
	content := readFile(t, repository(t), "local", "scan", "testdata", "insecure.json")
	checkpoint, err := state.ParseCheckpoint([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	var resources []terraform.Resource
	for _, resource := range checkpoint.Deployed() {
		resources = append(resources, terraform.Resource{Project: "insecure", Resource: resource})
	}
	plan, err := terraform.Convert(l.mapping(t), resources)
	if err != nil {
		t.Fatal(err)
	}
	judgement, err := scan.RunCheckov(t.Context(), made.Checkov, plan)
	if err != nil {
		t.Fatal(err)
	}
	if judgement.Resources != len(resources) {
		t.Errorf("checkov saw %d of %d resources", judgement.Resources, len(resources))
	}
	expectFound(t, judgement, demandedOfTheStack)
	for _, finding := range judgement.Findings {
		if finding.Resource == "insecure/aws_s3_bucket/closed" && finding.ID != "CKV_AWS_144" || strings.Contains(finding.Resource, "/closed-") {
			t.Errorf("%s is found wrong without reason: %s, %s", finding.Resource, finding.ID, finding.Demand)
		}
	}
}

func expectFound(t *testing.T, judgement scan.Judgement, ids []string) {
	t.Helper()
	var found []string
	for _, finding := range judgement.Findings {
		found = append(found, finding.ID)
	}
	slices.Sort(found)
	for _, id := range ids {
		if !slices.Contains(found, id) {
			t.Errorf("%s is not found; found: %v", id, slices.Compact(found))
		}
	}
}

// convertsEverything compares the mapping with the schema of the plugin that was built here: a type, or a property at
// the first level, that a program can use must have its place in Terraform's form.
func (l *lake) convertsEverything(t *testing.T) {
	t.Helper()
	paths, _ := scanners(t)
	file, err := paths.AWSPluginSchema()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		t.Skip("this is the official plugin, which keeps its schema to itself")
	}
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Resources map[string]struct{ InputProperties map[string]any }
	}
	if err := json.Unmarshal(content, &schema); err != nil {
		t.Fatal(err)
	}
	mapping := l.mapping(t)
	for token, resource := range schema.Resources {
		for property := range resource.InputProperties {
			if _, ok := mapping.Property(token, property); !ok {
				t.Errorf("%s: %s has no place in Terraform's form", token, property)
			}
		}
	}
	if len(schema.Resources) == 0 || len(schema.Resources) > len(mapping.Tokens()) {
		t.Errorf("%d types, of which %d can be converted", len(schema.Resources), len(mapping.Tokens()))
	}
}

// scanInsecureAccount makes resources as a person would who thinks of nothing.
func (l *lake) scanInsecureAccount(t *testing.T) {
	t.Helper()
	_, made := scanners(t)
	bucket := aws.String("thoughtless")
	buckets := l.s3(t)
	if _, err := buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	// As AWS does to every bucket.
	if _, err := buckets.PutBucketEncryption(t.Context(), &s3.PutBucketEncryptionInput{
		Bucket: bucket, ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{
			Rules: []s3types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{
				SSEAlgorithm: s3types.ServerSideEncryptionAes256,
			}}},
		},
	}); err != nil {
		t.Fatal(err)
	}
	key, err := kms.NewFromConfig(l.aws(t)).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := athena.NewFromConfig(l.aws(t)).
		CreateWorkGroup(t.Context(), &athena.CreateWorkGroupInput{Name: aws.String("thoughtless")}); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": l.endpoint(t), "AWS_ACCESS_KEY_ID": "AKIATARNLOCALEXAMPLE", "AWS_SECRET_ACCESS_KEY": "local",
		"AWS_REGION": "us-east-1", "NO_PROXY": "127.0.0.1",
	} {
		t.Setenv(name, value)
	}
	judgement, err := scan.RunProwler(t.Context(), scan.ProwlerOptions{Python: made.Prowler, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, finding := range judgement.Findings {
		if finding.Resource == aws.ToString(key.KeyMetadata.Arn) || strings.HasSuffix(finding.Resource, "thoughtless") {
			found = append(found, finding.ID)
		}
	}
	slices.Sort(found)
	for _, id := range []string{
		"athena_workgroup_encryption", "athena_workgroup_logging_enabled", "kms_cmk_rotation_enabled",
		"s3_bucket_kms_encryption", "s3_bucket_level_public_access_block", "s3_bucket_lifecycle_enabled",
		"s3_bucket_object_versioning", "s3_bucket_secure_transport_policy", "s3_bucket_server_access_logging_enabled",
	} {
		if !slices.Contains(found, id) {
			t.Errorf("%s is not found; found: %v", id, found)
		}
	}
}
