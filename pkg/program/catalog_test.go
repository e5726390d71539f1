package program_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/program/datalake"
	"github.com/tarn-data/tarn/pkg/program/sandbox"
	"github.com/tarn-data/tarn/pkg/pulumitest"
)

// catalogued are settings with two domains and two personas, one of which may read one domain only.
func catalogued() map[string]any {
	assumedBy := map[string]any{"roles": []string{"arn:aws:iam::123456789012:role/people"}}
	return map[string]any{
		"organization": "tarn", "owner": "data",
		"domains": map[string]any{
			"flights": map[string]any{"classification": "public", "description": "Flights", "rawPrefixes": []string{"nycflights13", "more"}},
			"payroll": map[string]any{"classification": "restricted"},
		},
		"access": map[string]any{"personas": map[string]any{
			"analyst": map[string]any{"assumedBy": assumedBy, "grants": []any{
				map[string]any{"zones": []string{"staged", "analytics"}, "domains": []string{"flights"}, "tier": "read"},
			}},
			"clerk": map[string]any{"assumedBy": assumedBy, "grants": []any{
				map[string]any{"zones": []string{"staged"}, "domains": []string{"payroll"}, "tier": "read"},
			}},
		}},
		"catalog": map[string]any{"workgroups": map[string]any{"analyst": map[string]any{"scanLimitBytes": 50_000_000}}},
	}
}

// cataloguedLake runs the datalake project with the shipped queries and views.
func cataloguedLake(t *testing.T, settings map[string]any) *pulumitest.Recorder {
	t.Helper()
	recorder := &pulumitest.Recorder{Upstream: upstream("test")}
	if err := recorder.Run(t, shipped()[1].program, contract.ProjectDatalake, "test", settings); err != nil {
		t.Fatal(err)
	}
	pulumitest.CheckInvariants(t, recorder)
	return recorder
}

// Criterion 9: metadata and passwords are encrypted with the lake's key unless the one switch is off.
func TestCatalogIsEncrypted(t *testing.T) {
	t.Parallel()
	const kind = "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings"
	recorder := cataloguedLake(t, catalogued())
	made := recorder.OfType(kind)
	if len(made) != 1 {
		t.Fatalf("there are %d settings of the catalog's encryption", len(made))
	}
	want := map[string]any{
		"connectionPasswordEncryption": map[string]any{"awsKmsKeyId": keyARN, "returnConnectionPasswordEncrypted": true},
		"encryptionAtRest":             map[string]any{"catalogEncryptionMode": "SSE-KMS", "sseAwsKmsKeyId": keyARN},
	}
	if got := made[0].Inputs["dataCatalogEncryptionSettings"]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	// Glue encrypts what is written afterwards.
	written := append(recorder.OfType("aws:glue/catalogDatabase:CatalogDatabase"), recorder.OfType("aws:glue/catalogTable:CatalogTable")...)
	for _, database := range written {
		waits := slices.ContainsFunc(database.DependsOn, func(urn string) bool { return strings.Contains(urn, "catalog-encryption") })
		if !waits {
			t.Errorf("%s does not wait for the encryption: %v", database.Name, database.DependsOn)
		}
	}
	off := catalogued()
	off["catalog"] = map[string]any{"encryption": false}
	if made := cataloguedLake(t, off).OfType(kind); len(made) > 0 {
		t.Errorf("switched off, but there is %v", made)
	}
}

// Every database says where its tables lie and whose they are; those of a domain how sensitive they are too.
func TestDatabasesOfZonesAndDomains(t *testing.T) {
	t.Parallel()
	bucket := func(zone string) string { return "s3://tarn-test-" + zone + "-123456789012-us-east-1/" }
	type about struct{ location, domain, classification string }
	want := map[string]about{
		"tarn_test_raw":               {bucket("raw"), "", "internal"},
		"tarn_test_staged":            {bucket("staged"), "", "internal"},
		"tarn_test_analytics":         {bucket("analytics"), "", "internal"},
		"tarn_test_quarantine":        {bucket("quarantine"), "", "restricted"},
		"tarn_test_raw_flights":       {bucket("raw") + "more/", "flights", "public"},
		"tarn_test_staged_flights":    {bucket("staged") + "flights/", "flights", "public"},
		"tarn_test_analytics_flights": {bucket("analytics") + "flights/", "flights", "public"},
		"tarn_test_raw_payroll":       {bucket("raw") + "payroll/", "payroll", "restricted"},
		"tarn_test_staged_payroll":    {bucket("staged") + "payroll/", "payroll", "restricted"},
		"tarn_test_analytics_payroll": {bucket("analytics") + "payroll/", "payroll", "restricted"},
	}
	got := map[string]about{}
	recorder := cataloguedLake(t, catalogued())
	for _, database := range recorder.OfType("aws:glue/catalogDatabase:CatalogDatabase") {
		tags := database.Inputs["tags"].(map[string]any)
		text := func(value any) string { s, _ := value.(string); return s }
		got[database.Inputs["name"].(string)] = about{
			text(database.Inputs["locationUri"]), text(tags["tarn:domain"]), text(tags["tarn:classification"]),
		}
		if text(database.Inputs["description"]) == "" {
			t.Errorf("%s has no description", database.Name)
		}
		if protected, _ := recorder.Kept(database); !protected {
			t.Errorf("%s is not protected", database.Name)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Nobody can send a query's answer elsewhere, unencrypted, or read more than the workgroup allows.
func TestWorkgroupsEnforceTheirSettings(t *testing.T) {
	t.Parallel()
	const standard = 1_000_000_000_000
	limits := map[string]float64{"tarn-test-lake": standard, "tarn-test-analyst": 50_000_000, "tarn-test-clerk": standard}
	made := cataloguedLake(t, catalogued()).OfType("aws:athena/workgroup:Workgroup")
	if len(made) != len(limits) {
		t.Errorf("there are %d workgroups", len(made))
	}
	for _, workgroup := range made {
		name := workgroup.Inputs["name"].(string)
		want := map[string]any{
			"bytesScannedCutoffPerQuery":      limits[name],
			"enforceWorkgroupConfiguration":   true,
			"publishCloudwatchMetricsEnabled": true,
			"engineVersion":                   map[string]any{"selectedEngineVersion": "Athena engine version 3"},
			"resultConfiguration": map[string]any{
				"outputLocation":          "s3://tarn-test-athena-results-123456789012-us-east-1/" + name + "/",
				"expectedBucketOwner":     "123456789012",
				"encryptionConfiguration": map[string]any{"encryptionOption": "SSE_KMS", "kmsKeyArn": keyARN},
			},
		}
		if got := workgroup.Inputs["configuration"]; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s:\ngot  %v\nwant %v", name, got, want)
		}
	}
}

// A query is shown where it can be asked: to everybody, and to each persona that may read the domain.
func TestNamedQueriesAndViews(t *testing.T) {
	t.Parallel()
	recorder := cataloguedLake(t, catalogued())
	var got []string
	for _, query := range recorder.OfType("aws:athena/namedQuery:NamedQuery") {
		got = append(got, fmt.Sprint(query.Inputs["name"], " ", query.Inputs["workgroup"], " ", query.Inputs["database"]))
		if text := query.Inputs["query"].(string); strings.Contains(text, "{{") || !strings.Contains(text, "SELECT") {
			t.Errorf("%s: %s", query.Name, text)
		}
	}
	slices.Sort(got)
	want := []string{
		"delay_by_departure_hour tarn-test-analyst tarn_test_staged_flights",
		"delay_by_departure_hour tarn-test-lake tarn_test_staged_flights",
		"planes_without_details tarn-test-analyst tarn_test_staged_flights",
		"planes_without_details tarn-test-lake tarn_test_staged_flights",
		"rejected_rows_by_reason tarn-test-lake tarn_test_quarantine", // nobody else reads the quarantine
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	view := recorder.Named("aws:glue/catalogTable:CatalogTable", "view-monthly_delays")
	for input, want := range map[string]any{
		"name": "monthly_delays", "databaseName": "tarn_test_analytics_flights", "tableType": "VIRTUAL_VIEW",
		"viewExpandedText": "/* Presto View */",
		"parameters":       map[string]any{"presto_view": "true", "comment": "Presto View"},
	} {
		if fmt.Sprint(view.Inputs[input]) != fmt.Sprint(want) {
			t.Errorf("%s is %v, want %v", input, view.Inputs[input], want)
		}
	}
	text, _ := view.Inputs["viewOriginalText"].(string)
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(strings.TrimPrefix(text, "/* Presto View: "), " */"))
	if err != nil || !strings.Contains(string(raw), "LEFT JOIN tarn_test_staged_flights.airlines a") ||
		!strings.Contains(string(raw), `"schema":"tarn_test_analytics_flights"`) {
		t.Errorf("%s: %v", raw, err)
	}
	storage, _ := view.Inputs["storageDescriptor"].(map[string]any)
	if columns, _ := storage["columns"].([]any); len(columns) != 7 || !strings.Contains(string(raw), `{"name":"max_arr_delay","type":"integer"}`) {
		t.Errorf("columns %v\n%s", storage["columns"], raw)
	}
}

// A file with a mistake stops the program before it makes anything.
func TestCatalogFilesAreCheckedFirst(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("asked/late.yaml", "name: late\ndescription: Late\ndomain: sales\nzone: staged\npersonas: [auditor]\n")
	write("asked/late.sql", "SELECT 1")
	write("views/late.yaml", "name: late\ndescription: Late\ndomain: payroll\nzone: staged\ncolumns: [{name: a, type: text}]\n")
	write("views/late.sql", "SELECT 1 AS a")
	settings := catalogued()
	settings["catalog"] = map[string]any{"queries": "asked"}
	recorder := &pulumitest.Recorder{Upstream: upstream("test")}
	err := recorder.Run(t, datalake.Deploy(folder), contract.ProjectDatalake, "test", settings)
	for _, want := range []string{
		`asked/late.yaml: domain "sales": datalake:settings.domains has [flights payroll]`,
		`personas[0] "auditor": datalake:settings.access.personas has [analyst clerk]`, `views/late.yaml: columns[0].type "text" of a`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v\nwant one with %q", err, want)
		}
	}
	for _, made := range recorder.Resources() {
		if made.Custom && strings.HasPrefix(made.Type, "aws:") {
			t.Errorf("%s %s was registered before the error", made.Type, made.Name)
		}
	}
}

// A pipeline whose name is a declared domain works in the domain's databases, and can write to no others; one
// without a domain in the zones'. The contract tells which.
func TestPipelineUsesTheDatabasesOfItsDomain(t *testing.T) {
	t.Parallel()
	own := map[string]any{"flights": map[string]any{
		"rawDatabase": "raw_flights_db", "stagedDatabase": "staged_flights_db", "analyticsDatabase": "analytics_flights_db",
		"classification": "public",
	}}
	for _, test := range []struct {
		domains     map[string]any
		raw, staged string
		analytics   string
	}{
		{map[string]any{}, "raw_db", "staged_db", "analytics_db"},
		{own, "raw_flights_db", "staged_flights_db", "analytics_flights_db"},
	} {
		outputs := upstream("test")
		outputs[contract.StackName(contract.ProjectDatalake, "test")]["domains"] = test.domains
		p := projects()[2]
		recorder := &pulumitest.Recorder{Upstream: outputs}
		if err := recorder.Run(t, p.program, p.name, "test", map[string]any{"organization": "tarn", "owner": "data"}); err != nil {
			t.Fatal(err)
		}
		if got := recorder.OfType("aws:glue/crawler:Crawler")[0].Inputs["databaseName"]; got != test.raw {
			t.Errorf("the crawler writes to %v, want %s", got, test.raw)
		}
		jobs := recorder.OfType("aws:glue/job:Job")
		for _, job := range jobs {
			arguments := job.Inputs["defaultArguments"].(map[string]any)
			for argument, want := range map[string]string{
				"--staged_database": test.staged, "--analytics_database": test.analytics, "--quarantine_database": "quarantine_db",
				"--staged_uri": "s3://staged",
			} {
				if arguments[argument] != want {
					t.Errorf("%s has %s %v, want %s", job.Name, argument, arguments[argument], want)
				}
			}
		}
		if len(jobs) != 4 {
			t.Errorf("there are %d jobs", len(jobs))
		}
		role := pulumitest.Document(t, recorder.Named("aws:iam/rolePolicy:RolePolicy", "flights-job-role-policy"), "policy")
		for database, allowed := range map[string]bool{
			test.staged: true, test.analytics: true, "quarantine_db": true, test.raw: false,
			"staged_db": test.staged == "staged_db", "analytics_db": test.analytics == "analytics_db",
		} {
			decision := decide(t, policy.Request{
				Principal: "arn:aws:iam::123456789012:role/tarn/test/tarn-test-flights-job", Action: "glue:UpdateTable",
				Resource: "arn:aws:glue:us-east-1:123456789012:table/" + database + "/flights",
			}, policy.Policies{Identity: []policy.Document{role}})
			if decision.Allowed != allowed {
				t.Errorf("with %v: writing to %s: %s", test.domains, database, decision.Reason)
			}
		}
	}
}

// The sandbox hands the databases on as outputs, whose values a preview does not know yet.
func TestSandboxPipelineUsesTheDatabasesOfItsDomain(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{true, false} {
		recorder := &pulumitest.Recorder{Preview: preview}
		err := recorder.RunConfigured(t, sandbox.DeployFrom("../.."), "tarn", "test", map[string]map[string]any{
			contract.ProjectBootstrap: {"organization": "tarn", "owner": "data"},
			contract.ProjectDatalake:  {"organization": "tarn", "owner": "data", "domains": map[string]any{"flights": map[string]any{}}},
			contract.ProjectMPP:       {"organization": "tarn", "owner": "data"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := recorder.OfType("aws:glue/crawler:Crawler")[0].Inputs["databaseName"]; got != "tarn_test_raw_flights" {
			t.Errorf("preview %v: the crawler writes to %v", preview, got)
		}
	}
}

// A domain that is not whole in the output is named, in a preview as in an update.
func TestBrokenDomainOutputIsNamed(t *testing.T) {
	t.Parallel()
	stack := contract.StackName(contract.ProjectDatalake, "test")
	for _, broken := range []any{map[string]any{"flights": map[string]any{"rawDatabase": "x"}}, map[string]any{"flights": "x"}} {
		for _, preview := range []bool{true, false} {
			outputs := upstream("test")
			outputs[stack]["domains"] = broken
			p := projects()[2]
			recorder := &pulumitest.Recorder{Upstream: outputs, Preview: preview}
			err := recorder.Run(t, p.program, p.name, "test", map[string]any{"organization": "tarn", "owner": "data"})
			if err == nil || !strings.Contains(err.Error(), `output "domains" of stack `+stack+" has no text flights.stagedDatabase") {
				t.Errorf("preview %v: error %v", preview, err)
			}
		}
	}
}

// The crawler may encrypt what it writes to the catalog, and nothing else.
func TestCrawlerEncryptsTheCatalogOnly(t *testing.T) {
	t.Parallel()
	p := projects()[2]
	recorder := &pulumitest.Recorder{Upstream: upstream("test")}
	if err := recorder.Run(t, p.program, p.name, "test", map[string]any{"organization": "tarn", "owner": "data"}); err != nil {
		t.Fatal(err)
	}
	role := pulumitest.Document(t, recorder.Named("aws:iam/rolePolicy:RolePolicy", "flights-crawler-role-policy"), "policy")
	for service, allowed := range map[string]bool{"glue": true, "s3": false} {
		decision := decide(t, policy.Request{
			Principal: "arn:aws:iam::123456789012:role/tarn/test/tarn-test-flights-raw-crawler", Action: "kms:GenerateDataKey",
			Resource: keyARN, Context: policy.Context{"kms:ViaService": {service + ".us-east-1.amazonaws.com"}},
		}, policy.Policies{Identity: []policy.Document{role}})
		if decision.Allowed != allowed {
			t.Errorf("through %s: %s", service, decision.Reason)
		}
	}
}
