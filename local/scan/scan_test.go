package scan

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tarn-data/tarn/local/scan/terraform"
	"github.com/tarn-data/tarn/pkg/state"
)

var today = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

const reason = "S3 itself writes there and has no key for it."

func TestWaiverFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	entry := func(id, resource, reason, expires string) string {
		return "waivers: [{id: '" + id + "', resource: '" + resource + "', reason: '" + reason + "', expires: '" + expires + "'}]"
	}
	for name, test := range map[string]struct{ content, want string }{
		"no YAML":                {"waivers: {", "flow"},
		"an unknown field":       {"waivers: [{id: CKV_AWS_1, until: 2026-03-02}]", "until"},
		"another scanner's id":   {entry("AVD-AWS-0089", "p/t/n", reason, "2026-03-02"), "id is neither"},
		"everything":             {entry("CKV_AWS_18", "*/*/*", reason, "2026-03-02"), "resource must name something"},
		"no resource":            {entry("CKV_AWS_18", "", reason, "2026-03-02"), "resource must name something"},
		"no reason":              {entry("CKV_AWS_18", "p/t/n", " ", "2026-03-02"), "reason must say why"},
		"hardly a reason":        {entry("CKV_AWS_18", "p/t/n", "false positive", "2026-03-02"), "reason must say why"},
		"no end":                 {entry("CKV_AWS_18", "p/t/n", reason, ""), "expires must be a day"},
		"an end that is no day":  {entry("CKV_AWS_18", "p/t/n", reason, "2026-02-30"), "expires must be a day"},
		"expired":                {entry("CKV_AWS_18", "p/t/n", reason, "2026-02-28"), "expired on 2026-02-28"},
		"an end too far away":    {entry("CKV_AWS_18", "p/t/n", reason, "2027-06-01"), "within a year"},
		"the same twice":         {"waivers:\n" + strings.Repeat("- {id: CKV_AWS_18, resource: p/t/n, reason: '"+reason+"', expires: 2026-03-02}\n", 2), "is there twice"},
		"no setting":             {"waivers: [{id: CKV_AWS_18, resource: p/t/n, reason: '" + reason + "', expires: 2026-03-02, setting: replication}]", "setting must be"},
		"which entry it is":      {entry("CKV_AWS_18", "p/t/n", "", "2026-03-02"), "waiver 1 (CKV_AWS_18 for p/t/n)"},
		"all mistakes, at once":  {entry("x", "p/t/n", "", "2026-03-02"), "id is neither"},
		"all mistakes, the rest": {entry("x", "p/t/n", "", "2026-03-02"), "reason must say why"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ParseWaivers([]byte(test.content), today); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWaiversHoldOnTheirLastDay(t *testing.T) {
	t.Parallel()
	content := "waivers: [{id: s3_bucket_object_lock, resource: 'arn:aws:s3:::*', reason: '" + reason + "', expires: 2026-03-01}]"
	waivers, err := ParseWaivers([]byte(content), today.Add(11*time.Hour))
	if err != nil || len(waivers) != 1 || waivers[0].scanner() != Prowler {
		t.Errorf("got %+v, %v", waivers, err)
	}
	if _, err := ParseWaivers([]byte(content), today.Add(12*time.Hour+time.Second)); err == nil {
		t.Error("it holds the day after")
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	ck := func(id, resource string) Finding { return Finding{Scanner: Checkov, ID: id, Resource: resource} }
	found := map[Scanner]Judgement{Checkov: {Resources: 3, Passed: 7, Findings: []Finding{
		ck("CKV_AWS_18", "lake/aws_s3_bucket/raw"), ck("CKV_AWS_18", "lake/aws_s3_bucket/access-logs"),
	}}}
	local := Environment{Name: "local", IsSet: func(setting string) bool { return setting == "lake:settings.copies" }}
	where := func(w Waiver, setting string) Waiver { w.Setting = setting; return w }
	waive := func(id, resource string, environments ...string) Waiver {
		return Waiver{ID: id, Resource: resource, Environments: environments}
	}
	logs, raw := waive("CKV_AWS_18", "*/aws_s3_bucket/*-logs"), waive("CKV_AWS_18", "lake/aws_s3_bucket/raw")
	for name, test := range map[string]struct {
		waivers                    Waivers
		keepUnused                 bool
		findings, waived, problems int
	}{
		"without waivers":                           {nil, false, 2, 0, 0},
		"one waived":                                {Waivers{logs}, false, 1, 1, 0},
		"all waived":                                {Waivers{logs, raw}, false, 0, 2, 0},
		"a pattern is the whole name":               {Waivers{waive("CKV_AWS_18", "*/aws_s3_bucket/r")}, false, 2, 0, 1},
		"a dot is a dot":                            {Waivers{waive("CKV_AWS_18", "lake/aws.s3.bucket/raw")}, false, 2, 0, 1},
		"another check":                             {Waivers{waive("CKV_AWS_1", "*/aws_s3_bucket/*")}, false, 2, 0, 1},
		"an unused one that is allowed":             {Waivers{logs, raw, waive("CKV_AWS_1", "x")}, true, 0, 2, 0},
		"an unused one beside one that covers all":  {Waivers{waive("CKV_AWS_18", "lake/*"), raw}, false, 0, 2, 0},
		"one of a scanner that did not run":         {Waivers{logs, raw, waive("s3_bucket_object_lock", "x")}, false, 0, 2, 0},
		"one where the setting is set":              {Waivers{logs, where(raw, "lake:settings.copies")}, false, 0, 2, 0},
		"one where the setting is not set":          {Waivers{logs, where(raw, "lake:settings.vpc")}, false, 1, 1, 0},
		"an unused one where the setting is set":    {Waivers{logs, raw, where(waive("CKV_AWS_1", "x"), "lake:settings.copies")}, false, 0, 2, 1},
		"an unused one where it is not set":         {Waivers{logs, raw, where(waive("CKV_AWS_1", "x"), "lake:settings.vpc")}, false, 0, 2, 0},
		"one for this environment":                  {Waivers{logs, waive("CKV_AWS_18", "lake/*", "dev", "local")}, false, 0, 2, 0},
		"one for another environment":               {Waivers{logs, waive("CKV_AWS_18", "lake/*", "prod")}, false, 1, 1, 0},
		"an unused one of another environment":      {Waivers{logs, raw, waive("CKV_AWS_1", "x", "prod")}, false, 0, 2, 0},
		"an unused one of this and one that covers": {Waivers{logs, raw, waive("CKV_AWS_1", "x", "local")}, false, 0, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := NewReport(local, found, test.waivers, test.keepUnused)
			if len(report.Findings) != test.findings || len(report.Waived) != test.waived || len(report.Problems) != test.problems {
				t.Errorf("got %+v", report)
			}
			if clean := test.findings+test.problems == 0; report.Clean() != clean {
				t.Errorf("clean: %v", report.Clean())
			}
			if s := report.Scanners[0]; s.Scanner != Checkov || s.Resources != 3 || s.Passed != 7 || s.Findings != 2 || s.Waived != test.waived {
				t.Errorf("summary %+v", s)
			}
		})
	}
}

// insecure reads the stack of the negative control.
func insecure(t *testing.T) []terraform.Resource {
	t.Helper()
	content, err := os.ReadFile("testdata/insecure.json")
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := state.ParseCheckpoint(content)
	if err != nil {
		t.Fatal(err)
	}
	var resources []terraform.Resource
	for _, resource := range checkpoint.Deployed() {
		resources = append(resources, terraform.Resource{Project: "insecure", Resource: resource})
	}
	return resources
}

func plan(t *testing.T) *terraform.Plan {
	t.Helper()
	content, err := os.ReadFile("terraform/testdata/mapping.json")
	if err != nil {
		t.Fatal(err)
	}
	mapping, err := terraform.ParseMapping(content)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := terraform.Convert(mapping, insecure(t))
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestAnswersOfCheckov(t *testing.T) {
	t.Parallel()
	plan := plan(t)
	answer := func(failed, errors []any, counted, resources int) string {
		raw, err := json.Marshal(map[string]any{
			"results": map[string]any{"failed_checks": failed, "parsing_errors": errors},
			"summary": map[string]any{"passed": 5, "failed": counted, "parsing_errors": len(errors), "resource_count": resources},
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	failed := func(address string) []any {
		return []any{map[string]any{"check_id": "CKV_AWS_18", "check_name": "logging", "resource": address}}
	}
	for name, test := range map[string]struct{ output, want string }{
		"findings":             {answer(failed("aws_s3_bucket.insecure_open"), nil, 1, plan.Resources()), ""},
		"nothing":              {"", "checkov's answer"},
		"no report":            {`{"passed":0,"failed":0}`, "saw 0 of"},
		"a resource not seen":  {answer(nil, nil, 0, plan.Resources()-1), "saw"},
		"a file not read":      {answer(nil, []any{"plan.json"}, 0, plan.Resources()), "could not read: plan.json"},
		"a foreign resource":   {answer(failed("aws_s3_bucket.other"), nil, 1, plan.Resources()), "was not given to it"},
		"findings not in list": {answer(nil, nil, 1, plan.Resources()), "counts 1 findings and lists 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judgement, err := parseCheckov([]byte(test.output), plan)
			if test.want == "" {
				want := Finding{Scanner: Checkov, ID: "CKV_AWS_18", Resource: "insecure/aws_s3_bucket/open", Demand: "logging"}
				if err != nil || len(judgement.Findings) != 1 || judgement.Findings[0] != want || judgement.Passed != 5 {
					t.Errorf("got %+v, %v", judgement, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnswersOfProwler(t *testing.T) {
	t.Parallel()
	const bucket, other = "arn:aws:s3:::tarn-raw", "arn:aws:s3:::somebody-elses"
	const replica = "arn:aws:kms:eu-west-1:123456789012:key/replica"
	deployed := []terraform.Resource{{Resource: state.Resource{
		URN: "urn::raw", Type: "aws:s3/bucketV2:BucketV2", Outputs: map[string]any{"arn": bucket},
	}}, {Resource: state.Resource{URN: "urn::replica", Type: "aws:kms/alias:Alias", Outputs: map[string]any{"arn": replica}}}}
	result := func(status, arn string) string {
		return `{"id":"s3_bucket_object_lock","status":"` + status + `","resource":"` + arn + `","demand":"lock"}`
	}
	answer := func(results ...string) string {
		return `{"checks":["s3_bucket_object_lock"],"results":[` + strings.Join(results, ",") + `],"errors":[]}`
	}
	catalog := "arn:aws:glue:us-east-1:123456789012:data-catalog"
	for name, test := range map[string]struct {
		output       string
		onlyDeployed bool
		findings     int
		want         string
	}{
		"passed":                     {answer(result("PASS", bucket)), false, 0, ""},
		"failed":                     {answer(result("FAIL", bucket)), false, 1, ""},
		"undecided":                  {answer(result("MANUAL", bucket)), false, 1, ""},
		"a stranger's":               {answer(result("PASS", bucket), result("FAIL", other)), false, 1, ""},
		"a stranger's in an account": {answer(result("PASS", bucket), result("FAIL", other)), true, 0, ""},
		"a stranger's elsewhere":     {answer(result("PASS", bucket), result("FAIL", "arn:aws:kms:eu-west-1:123456789012:key/k")), false, 0, ""},
		"a stranger's here":          {answer(result("PASS", bucket), result("FAIL", "arn:aws:kms:us-east-1:123456789012:key/k")), false, 1, ""},
		"ours elsewhere":             {answer(result("PASS", bucket), result("FAIL", replica)), false, 1, ""},
		"the catalog elsewhere":      {answer(result("PASS", bucket), result("FAIL", "arn:aws:glue:eu-west-1:123456789012:data-catalog")), true, 0, ""},
		"the catalog in an account":  {answer(result("PASS", bucket), result("FAIL", catalog)), true, 1, ""},
		"a bucket not seen":          {answer(result("PASS", other)), false, 0, "prowler has not seen urn::raw"},
		"a new status":               {answer(result("MUTED", bucket)), false, 0, "which is new"},
		"no check":                   {`{"checks":[],"results":[],"errors":[]}`, false, 0, "ran no check"},
		"a call that failed":         {`{"checks":["x"],"results":[],"errors":["s3_service.py:1: refused"]}`, false, 0, "refused"},
		"nothing":                    {"", false, 0, "prowler's answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judgement, err := parseProwler([]byte(test.output), ProwlerOptions{
				Region: "us-east-1", Deployed: deployed, OnlyDeployed: test.onlyDeployed,
			})
			if test.want == "" && (err != nil || len(judgement.Findings) != test.findings) {
				t.Errorf("got %+v, %v", judgement, err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestProwlerLooksWhereSomethingIsDeployed(t *testing.T) {
	t.Parallel()
	with := func(outputs map[string]any) terraform.Resource {
		return terraform.Resource{Resource: state.Resource{Outputs: outputs}}
	}
	options := ProwlerOptions{Region: "us-east-1", Deployed: []terraform.Resource{
		with(nil),
		with(map[string]any{"arn": "arn:aws:s3:::raw", "region": "us-east-1"}),
		with(map[string]any{"arn": "arn:aws:s3:::replica", "region": "eu-west-1"}),
		with(map[string]any{"arn": "arn:aws:kms:eu-central-1:123456789012:key/k"}),
		with(map[string]any{"arn": "arn:aws:iam::123456789012:role/r"}),
	}}
	if got := options.regions(); !slices.Equal(got, []string{"us-east-1", "eu-west-1", "eu-central-1"}) {
		t.Errorf("got %v", got)
	}
}

func TestEveryProjectMustBeDeployed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	store, err := state.Open(t.Context(), state.FolderURL(folder))
	if err != nil {
		t.Fatal(err)
	}
	write := func(project, content string) {
		file := folder + "/" + state.StackKey(project, "dev")
		if err := errors.Join(os.MkdirAll(file[:strings.LastIndex(file, "/")], 0o700), os.WriteFile(file, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("empty", `{"version":3,"checkpoint":{}}`)
	write("lake", `{"version":3,"checkpoint":{"latest":{"resources":[
		{"urn":"urn:pulumi:dev::lake::pulumi:pulumi:Stack::lake","type":"pulumi:pulumi:Stack"},
		{"urn":"urn:pulumi:dev::lake::aws:kms/key:Key::key","type":"aws:kms/key:Key","custom":true,"id":"k",
		 "propertyDependencies":{"policy":["urn:x"]}}]}}}`)
	write("broken", `{`)
	for name, test := range map[string]struct {
		projects []string
		want     string
	}{
		"all there":      {[]string{"lake", "empty"}, ""},
		"one not there":  {[]string{"lake", "pipelines"}, "pipelines is not deployed to dev"},
		"nothing at all": {[]string{"empty"}, "nothing is deployed to dev"},
		"one unreadable": {[]string{"broken"}, "not a state file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deployed, err := ReadDeployed(t.Context(), store, test.projects, "dev")
			if test.want == "" {
				if err != nil || len(deployed) != 1 || deployed[0].Project != "lake" || len(deployed[0].PropertyDependencies["policy"]) != 1 {
					t.Errorf("got %+v, %v", deployed, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// fake puts a program on the PATH that does as the script says.
func fake(t *testing.T, name, script string) string {
	t.Helper()
	folder := t.TempDir()
	file := folder + "/" + name
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	return file
}

func TestAFailedScannerIsNoCleanScan(t *testing.T) {
	python := fake(t, "python", "echo it is broken >&2; exit 3\n")
	if _, err := RunCheckov(t.Context(), python, plan(t)); err == nil || !strings.Contains(err.Error(), "it is broken") {
		t.Errorf("checkov: %v", err)
	}
	if _, err := RunProwler(t.Context(), ProwlerOptions{Python: python}); err == nil || !strings.Contains(err.Error(), "it is broken") {
		t.Errorf("prowler: %v", err)
	}
	fake(t, "pulumi", "echo no plugin >&2; exit 1\n")
	if _, err := ReadMapping(t.Context(), "/plugin"); err == nil || !strings.Contains(err.Error(), "no plugin") {
		t.Errorf("mapping: %v", err)
	}
}

func TestReadMapping(t *testing.T) {
	content, err := os.ReadFile("terraform/testdata/mapping.json")
	if err != nil {
		t.Fatal(err)
	}
	answer := t.TempDir() + "/answer.json"
	if err := os.WriteFile(answer, content, 0o600); err != nil {
		t.Fatal(err)
	}
	fake(t, "pulumi", `[ "$1 $2 $3 $4 $5 $6" = "package get-mapping terraform /plugin aws --out" ] || exit 1
cp `+answer+` "$7"
`)
	mapping, err := ReadMapping(t.Context(), "/plugin")
	if err != nil {
		t.Fatal(err)
	}
	if name, ok := mapping.Property("aws:kms/key:Key", "enableKeyRotation"); !ok || name != "enable_key_rotation" {
		t.Errorf("got %q", name)
	}
}
