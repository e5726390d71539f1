package program_test

import (
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
	"github.com/tarn-data/tarn/pkg/pulumitest"
)

const (
	crawlerType   = "aws:glue/crawler:Crawler"
	tableType     = "aws:glue/catalogTable:CatalogTable"
	optimizerType = "aws:glue/catalogTableOptimizer:CatalogTableOptimizer"
	securityType  = "aws:glue/securityConfiguration:SecurityConfiguration"

	clicks = `
name: clicks
description: Clicks
domain: flights
zone: raw
path: more/clicks
format: csv
columns: [{name: id, type: bigint, description: The number}]
partitionBy: [{name: day, type: string, projection: {type: date, format: yyyy-MM-dd, range: [2024-01-01, NOW]}}]
`
	corrections = `
name: corrections
description: Corrections
domain: flights
zone: analytics
format: iceberg
columns: [{name: id, type: bigint}, {name: delay, type: "decimal(6,1)"}]
optimizers: {compaction: true, snapshotRetention: {days: 7}, orphanFiles: {days: 4}}
`
)

// crawled are settings with a crawler of each kind.
func crawled() map[string]any {
	settings := catalogued()
	settings["catalog"] = map[string]any{"crawlers": map[string]any{
		"daily": map[string]any{"zone": "raw", "domain": "flights", "prefixes": []string{"nycflights13"}, "schedule": "cron(15 3 * * ? *)"},
		"new":   map[string]any{"zone": "raw", "prefixes": []string{"landing", "arrivals"}, "recrawl": "new-folders"},
		"told": map[string]any{
			"zone": "raw", "domain": "payroll", "recrawl": "events", "queueArn": "arn:aws:sqs:us-east-1:123456789012:raw",
		},
		"lakehouse": map[string]any{
			"zone": "staged", "domain": "flights", "format": "iceberg", "schemaChange": map[string]any{"delete": "deprecate"},
		},
		"upserts": map[string]any{"zone": "staged", "domain": "payroll", "format": "hudi"},
		"logs":    map[string]any{"zone": "analytics", "prefixes": []string{"shared/logs"}, "format": "delta"},
	}}
	return settings
}

// declaredLake runs the datalake project with declared tables.
func declaredLake(t *testing.T, settings map[string]any, recorder *pulumitest.Recorder) error {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"clicks": clicks, "corrections": corrections} {
		if err := os.MkdirAll(filepath.Join(folder, "tables"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "tables", name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return recorder.Run(t, datalake.Deploy(folder), contract.ProjectDatalake, "test", settings)
}

func crawledLake(t *testing.T) *pulumitest.Recorder {
	t.Helper()
	recorder := &pulumitest.Recorder{Upstream: upstream("test")}
	if err := declaredLake(t, crawled(), recorder); err != nil {
		t.Fatal(err)
	}
	pulumitest.CheckInvariants(t, recorder)
	return recorder
}

func TestCrawlers(t *testing.T) {
	t.Parallel()
	recorder := crawledLake(t)
	const raw, staged = "s3://tarn-test-raw-123456789012-us-east-1/", "s3://tarn-test-staged-123456789012-us-east-1/"
	s3 := func(paths ...string) map[string]any {
		var targets []any
		for _, path := range paths {
			targets = append(targets, map[string]any{"path": path})
		}
		return map[string]any{"s3Targets": targets}
	}
	type about struct{ database, recrawl, update, remove string }
	changed := func(database string) about { return about{database, "CRAWL_EVERYTHING", "UPDATE_IN_DATABASE", "LOG"} }
	tests := map[string]struct {
		about
		schedule any
		targets  map[string]any
	}{
		"daily": {changed("tarn_test_raw_flights"), "cron(15 3 * * ? *)", s3(raw + "nycflights13/")},
		"new":   {about{"tarn_test_raw", "CRAWL_NEW_FOLDERS_ONLY", "LOG", "LOG"}, nil, s3(raw+"arrivals/", raw+"landing/")},
		"told": {about{"tarn_test_raw_payroll", "CRAWL_EVENT_MODE", "LOG", "LOG"}, nil, map[string]any{"s3Targets": []any{
			map[string]any{"path": raw + "payroll/", "eventQueueArn": "arn:aws:sqs:us-east-1:123456789012:raw"},
		}}},
		"lakehouse": {
			about{"tarn_test_staged_flights", "CRAWL_EVERYTHING", "UPDATE_IN_DATABASE", "DEPRECATE_IN_DATABASE"}, nil,
			map[string]any{"icebergTargets": []any{map[string]any{"paths": []any{staged + "flights/"}, "maximumTraversalDepth": 5}}},
		},
		"upserts": {changed("tarn_test_staged_payroll"), nil, map[string]any{"hudiTargets": []any{
			map[string]any{"paths": []any{staged + "payroll/"}, "maximumTraversalDepth": 5},
		}}},
		"logs": {changed("tarn_test_analytics"), nil, map[string]any{"deltaTargets": []any{map[string]any{
			"deltaTables":            []any{"s3://tarn-test-analytics-123456789012-us-east-1/shared/logs/"},
			"createNativeDeltaTable": true, "writeManifest": false,
		}}}},
	}
	if made := recorder.OfType(crawlerType); len(made) != len(tests) {
		t.Errorf("there are %d crawlers", len(made))
	}
	for name, test := range tests {
		made := recorder.Named(crawlerType, "crawler-"+name)
		recrawl, _ := made.Inputs["recrawlPolicy"].(map[string]any)
		change, _ := made.Inputs["schemaChangePolicy"].(map[string]any)
		got := about{
			fmt.Sprint(made.Inputs["databaseName"]), fmt.Sprint(recrawl["recrawlBehavior"]),
			fmt.Sprint(change["updateBehavior"]), fmt.Sprint(change["deleteBehavior"]),
		}
		if got != test.about || made.Inputs["schedule"] != test.schedule || made.Inputs["name"] != "tarn-test-catalog-crawler-"+name {
			t.Errorf("%s: got %+v, schedule %v, name %v\nwant %+v", name, got, made.Inputs["schedule"], made.Inputs["name"], test.about)
		}
		for _, kind := range []string{"s3Targets", "icebergTargets", "hudiTargets", "deltaTargets"} {
			if fmt.Sprint(made.Inputs[kind]) != fmt.Sprint(test.targets[kind]) {
				t.Errorf("%s: %s\ngot  %v\nwant %v", name, kind, made.Inputs[kind], test.targets[kind])
			}
		}
		if role := "arn:aws:iam::123456789012:role/tarn/test/tarn-test-catalog-crawler-" + name; made.Inputs["role"] != role {
			t.Errorf("%s runs with %v", name, made.Inputs["role"])
		}
		waits := slices.ContainsFunc(made.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "crawler-"+name+"-role-policy") })
		if !waits {
			t.Errorf("%s does not wait for the policy of its role: %v", name, made.DependsOn)
		}
		checkCrawlerLog(t, recorder, name, made)
	}
	security := recorder.OfType(securityType)
	if len(security) != 1 || security[0].Inputs["name"] != "tarn-test-catalog" ||
		strings.Count(fmt.Sprint(security[0].Inputs["encryptionConfiguration"]), keyARN) != 3 {
		t.Errorf("security configurations %v", security)
	}
	none := cataloguedLake(t, catalogued())
	if made := slices.Concat(none.OfType(crawlerType), none.OfType(securityType)); len(made) > 0 {
		t.Errorf("nothing is configured, but there is %v", made)
	}
}

// checkCrawlerLog finds the log group that Glue will write to, under the name that it gives it.
func checkCrawlerLog(t *testing.T, recorder *pulumitest.Recorder, name string, crawler pulumitest.Resource) {
	t.Helper()
	if got := crawler.Inputs["securityConfiguration"]; got != "tarn-test-catalog" {
		t.Errorf("%s has the security configuration %v", name, got)
	}
	group := recorder.Named("aws:cloudwatch/logGroup:LogGroup", "crawler-"+name+"-log")
	want := "/aws-glue/crawlers-role/tarn/test/tarn-test-catalog-crawler-" + name + "-tarn-test-catalog"
	if group.Inputs["name"] != want || group.Inputs["kmsKeyId"] != keyARN || group.Inputs["retentionInDays"] != 365.0 {
		t.Errorf("%s: log group %v, want %s", name, group.Inputs, want)
	}
	if !slices.ContainsFunc(crawler.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::crawler-"+name+"-log") }) {
		t.Errorf("%s does not wait for its log group: %v", name, crawler.DependsOn)
	}
}

// A crawler reads its folders and writes its database, and the role of an optimizer works on its table; both
// within the boundary.
func TestRolesOfTheCatalogAreNarrow(t *testing.T) {
	t.Parallel()
	recorder := crawledLake(t)
	boundary := pulumitest.Document(t, foundation(t, nil).Named("aws:iam/policy:Policy", "workload-boundary"), "policy")
	const (
		raw     = "arn:aws:s3:::tarn-test-raw-123456789012-us-east-1"
		results = "arn:aws:s3:::tarn-test-analytics-123456789012-us-east-1"
		glue    = "arn:aws:glue:us-east-1:123456789012:"
		logs    = "arn:aws:logs:us-east-1:123456789012:log-group:/aws-glue/"

		crawlerLogs = "crawlers-role/tarn/test/tarn-test-catalog-crawler-"
		queue       = "arn:aws:sqs:us-east-1:123456789012:"
	)
	tests := []struct {
		role, action, resource string
		context                policy.Context
		allowed                bool
	}{
		{"crawler-daily", "s3:GetObject", raw + "/nycflights13/flights.csv", nil, true},
		{"crawler-daily", "s3:GetObject", raw + "/more/clicks.csv", nil, false},
		{"crawler-daily", "s3:PutObject", raw + "/nycflights13/flights.csv", nil, false},
		{"crawler-daily", "s3:ListBucket", raw, policy.Context{"s3:prefix": {"nycflights13/"}}, true},
		{"crawler-daily", "s3:ListBucket", raw, policy.Context{"s3:prefix": {"payroll/"}}, false},
		{"crawler-daily", "glue:CreateTable", glue + "table/tarn_test_raw_flights/new", nil, true},
		{"crawler-daily", "glue:UpdateTable", glue + "table/tarn_test_staged_flights/new", nil, false},
		{"crawler-daily", "glue:DeleteTable", glue + "table/tarn_test_raw_flights/new", nil, false},
		{"crawler-daily", "logs:PutLogEvents", logs + crawlerLogs + "daily-tarn-test-catalog:log-stream:x", nil, true},
		{"crawler-daily", "logs:AssociateKmsKey", logs + crawlerLogs + "daily-tarn-test-catalog", nil, true},
		{"crawler-daily", "logs:PutLogEvents", logs + crawlerLogs + "told-tarn-test-catalog:log-stream:x", nil, false},
		{"crawler-daily", "logs:CreateLogGroup", logs + crawlerLogs + "daily-tarn-test-catalog", nil, false},
		{"crawler-daily", "logs:PutLogEvents", logs + "crawlers:log-stream:x", nil, false},
		{"crawler-daily", "logs:PutLogEvents", logs + "jobs/output:log-stream:x", nil, false},
		{"crawler-daily", "kms:Decrypt", keyARN, nil, true},
		{"crawler-daily", "kms:GenerateDataKey", keyARN, policy.Context{"kms:ViaService": {"glue.us-east-1.amazonaws.com"}}, true},
		{"crawler-daily", "kms:GenerateDataKey", keyARN, policy.Context{"kms:ViaService": {"s3.us-east-1.amazonaws.com"}}, false},
		{"crawler-daily", "sqs:ReceiveMessage", queue + "raw", nil, false},
		{"crawler-told", "sqs:ReceiveMessage", queue + "raw", nil, true},
		{"crawler-told", "sqs:DeleteMessage", queue + "other", nil, false},
		{"table-corrections-optimizer", "s3:PutObject", results + "/flights/corrections/data/x.parquet", nil, true},
		{"table-corrections-optimizer", "s3:DeleteObject", results + "/flights/corrections/data/x.parquet", nil, true},
		{"table-corrections-optimizer", "s3:DeleteObjectVersion", results + "/flights/corrections/data/x.parquet", nil, false},
		{"table-corrections-optimizer", "s3:PutObject", results + "/flights/delays/data/x.parquet", nil, false},
		{"table-corrections-optimizer", "glue:UpdateTable", glue + "table/tarn_test_analytics_flights/corrections", nil, true},
		{"table-corrections-optimizer", "glue:UpdateTable", glue + "table/tarn_test_analytics_flights/delays", nil, false},
		{"table-corrections-optimizer", "logs:PutLogEvents", logs + "iceberg-retention/logs:log-stream:x", nil, true},
		{"table-corrections-optimizer", "kms:GenerateDataKey", keyARN, nil, true},
	}
	for _, test := range tests {
		role := recorder.Named("aws:iam/role:Role", test.role+"-role")
		own := pulumitest.Document(t, recorder.Named("aws:iam/rolePolicy:RolePolicy", test.role+"-role-policy"), "policy")
		request := policy.Request{
			Principal: "arn:aws:iam::123456789012:role/tarn/test/" + fmt.Sprint(role.Inputs["name"]),
			Action:    test.action, Resource: test.resource, Context: test.context,
		}
		// The key of the rendered boundary is another one than that of the rendered lake.
		limits := policy.Policies{Identity: []policy.Document{own}}
		if !strings.HasPrefix(test.action, "kms:") {
			limits.Boundary = &boundary
		}
		if decision := decide(t, request, limits); decision.Allowed != test.allowed {
			t.Errorf("%s: %s on %s: %s", test.role, test.action, test.resource, decision.Reason)
		}
	}
}

func TestDeclaredTables(t *testing.T) {
	t.Parallel()
	recorder := crawledLake(t)
	files := recorder.Named(tableType, "table-clicks")
	want := map[string]any{
		"EXTERNAL": "TRUE", "classification": "csv", "skip.header.line.count": "1", "projection.enabled": "true",
		"projection.day.type": "date", "projection.day.format": "yyyy-MM-dd", "projection.day.range": "2024-01-01,NOW",
	}
	if got, _ := files.Inputs["parameters"].(map[string]any); !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	storage, _ := files.Inputs["storageDescriptor"].(map[string]any)
	serde, _ := storage["serDeInfo"].(map[string]any)
	if storage["location"] != "s3://tarn-test-raw-123456789012-us-east-1/more/clicks/" ||
		serde["serializationLibrary"] != "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe" ||
		files.Inputs["databaseName"] != "tarn_test_raw_flights" || len(files.Inputs["partitionKeys"].([]any)) != 1 {
		t.Errorf("got %v", files.Inputs)
	}
	iceberg := recorder.Named(tableType, "table-corrections")
	storage, _ = iceberg.Inputs["storageDescriptor"].(map[string]any)
	format := map[string]any{"icebergInput": map[string]any{"metadataOperation": "CREATE", "version": "2"}}
	if storage["location"] != "s3://tarn-test-analytics-123456789012-us-east-1/flights/corrections" ||
		len(storage["columns"].([]any)) != 2 || fmt.Sprint(iceberg.Inputs["openTableFormatInput"]) != fmt.Sprint(format) ||
		iceberg.Inputs["databaseName"] != "tarn_test_analytics_flights" {
		t.Errorf("got %v", iceberg.Inputs)
	}
	// Whoever writes an Iceberg table changes what the catalog says of it.
	for _, property := range []string{"parameters", "storageDescriptor", "description"} {
		if !slices.Contains(iceberg.IgnoreChanges, property) || slices.Contains(files.IgnoreChanges, property) {
			t.Errorf("changes of %s are ignored for iceberg: %v, for files: %v", property, iceberg.IgnoreChanges, files.IgnoreChanges)
		}
	}
	if protected, _ := recorder.Kept(iceberg); !protected {
		t.Error("the Iceberg table is not protected")
	}
	// Nothing is written before the bucket is encrypted, and the metadata file is the first thing.
	for _, part := range []string{"analytics-encryption", "analytics-policy", "catalog-encryption"} {
		if !slices.ContainsFunc(iceberg.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::"+part) }) {
			t.Errorf("the Iceberg table does not wait for %s: %v", part, iceberg.DependsOn)
		}
	}
}

func TestOptimizers(t *testing.T) {
	t.Parallel()
	recorder := crawledLake(t)
	base := func(more map[string]any) map[string]any {
		all := map[string]any{"enabled": true, "roleArn": "arn:aws:iam::123456789012:role/tarn/test/tarn-test-catalog-optimizer-corrections"}
		maps.Copy(all, more)
		return all
	}
	iceberg := func(settings map[string]any) map[string]any { return map[string]any{"icebergConfiguration": settings} }
	want := map[string]map[string]any{
		"compaction": base(nil),
		"retention": base(map[string]any{"retentionConfiguration": iceberg(map[string]any{
			"cleanExpiredFiles": true, "numberOfSnapshotsToRetain": 1, "snapshotRetentionPeriodInDays": 7,
		})}),
		"orphan_file_deletion": base(map[string]any{"orphanFileDeletionConfiguration": iceberg(map[string]any{
			"orphanFileRetentionPeriodInDays": 4, "location": "s3://tarn-test-analytics-123456789012-us-east-1/flights/corrections",
		})}),
	}
	if made := recorder.OfType(optimizerType); len(made) != len(want) {
		t.Errorf("there are %d optimizers", len(made))
	}
	for kind, configuration := range want {
		made := recorder.Named(optimizerType, "table-corrections-"+kind)
		if made.Inputs["type"] != kind || made.Inputs["tableName"] != "corrections" || made.Inputs["catalogId"] != "123456789012" ||
			made.Inputs["databaseName"] != "tarn_test_analytics_flights" || fmt.Sprint(made.Inputs["configuration"]) != fmt.Sprint(configuration) {
			t.Errorf("%s: got %v\nwant %v", kind, made.Inputs, configuration)
		}
	}
}

// Glue's rules are kept before anything is made, in the settings and in the files.
func TestCrawlersAndTablesAreCheckedFirst(t *testing.T) {
	t.Parallel()
	crawlers := func(name string, crawler map[string]any) map[string]any {
		settings := catalogued()
		settings["catalog"] = map[string]any{"crawlers": map[string]any{name: crawler}}
		return settings
	}
	with := func(key string, value any) map[string]any {
		settings := catalogued()
		settings[key] = value
		return settings
	}
	tests := map[string]struct {
		settings map[string]any
		want     string
	}{
		"LOG/LOG": {
			crawlers("new", map[string]any{
				"zone": "raw", "domain": "payroll", "recrawl": "new-folders", "schemaChange": map[string]any{"update": "update"},
			}),
			"catalog.crawlers.new.schemaChange: with recrawl new-folders Glue allows only update: log and delete: log",
		},
		"files of Iceberg": {crawlers("all", map[string]any{"zone": "staged", "domain": "flights"}), "the tables of the zone staged are Iceberg"},
		"the tables twice": {
			crawlers("all", map[string]any{"zone": "analytics", "domain": "flights", "format": "iceberg"}),
			`tables/corrections.yaml: its folder "flights/corrections" overlaps "flights" of catalog.crawlers.all`,
		},
		"days of logs": {
			with("catalog", map[string]any{"logRetentionDays": 2}), "catalog.logRetentionDays is 2, CloudWatch Logs accepts [1 3 5",
		},
		"long name": {
			crawlers(strings.Repeat("a", 50), map[string]any{"zone": "raw", "domain": "payroll"}), "characters, IAM allows 64: shorten the name",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorder := &pulumitest.Recorder{Upstream: upstream("test")}
			err := declaredLake(t, test.settings, recorder)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			for _, made := range recorder.Resources() {
				if made.Custom && strings.HasPrefix(made.Type, "aws:") {
					t.Errorf("%s %s was registered before the error", made.Type, made.Name)
				}
			}
		})
	}
}

// With Lake Formation on nobody makes a table in its locations without a grant, and in mode full nobody works on
// one; everything waits for that.
func TestLakeFormationKnowsCrawlersAndTables(t *testing.T) {
	t.Parallel()
	const analytics = "arn:aws:s3:::tarn-test-analytics-123456789012-us-east-1/"
	for _, mode := range []string{"hybrid", "full"} {
		settings := crawled()
		settings["lakeFormation"] = map[string]any{"mode": mode, "administrators": []string{testUser}}
		up := upstream("test")
		up[contract.StackName(contract.ProjectBootstrap, "test")]["deployRoleArn"] = deployARN
		recorder := &pulumitest.Recorder{Upstream: up, Functions: map[string]func(map[string]any) (map[string]any, error){
			"aws:lakeformation/getDataLakeSettings:getDataLakeSettings": func(map[string]any) (map[string]any, error) { return formationBefore(), nil },
		}}
		if err := declaredLake(t, settings, recorder); err != nil {
			t.Fatal(err)
		}
		pulumitest.CheckInvariants(t, recorder)
		locations := map[string][]string{} // by resource
		for _, grant := range recorder.OfType(permissionsType) {
			if location, _ := grant.Inputs["dataLocation"].(map[string]any); location != nil {
				principal := fmt.Sprint(grant.Inputs["principal"])
				locations[principal] = append(locations[principal], fmt.Sprint(location["arn"]))
			}
		}
		for principal, want := range map[string]string{
			deployARN: analytics + "flights/corrections", testUser: analytics + "flights/corrections",
			"arn:aws:iam::123456789012:role/tarn/test/tarn-test-catalog-crawler-logs": analytics + "shared/logs",
		} {
			if !slices.Contains(locations[principal], want) {
				t.Errorf("%s: %s may make tables at %v, not at %s", mode, principal, locations[principal], want)
			}
		}
		byTags := recorder.Named(permissionsType, "crawler-lakehouse-tables")
		optimizes := recorder.Named(permissionsType, "table-corrections-optimizer-tables")
		if full := mode == "full"; hasPolicy(byTags) != full || hasPolicy(optimizes) != full {
			t.Errorf("%s: grants %v and %v", mode, byTags.Inputs, optimizes.Inputs)
		}
		policyOf := pulumitest.Document(t, recorder.Named("aws:iam/rolePolicy:RolePolicy", "crawler-logs-role-policy"), "policy")
		asks := slices.ContainsFunc(policyOf.Statements, func(s policy.Statement) bool { return s.Sid == "AskLakeFormation" })
		if asks != (mode == "full") {
			t.Errorf("%s: %+v", mode, policyOf)
		}
		for resource, grant := range map[string]string{
			"crawler-logs": "crawler-logs-location-shared-logs", "table-corrections": "table-corrections-location-user-test",
		} {
			kind := map[bool]string{true: crawlerType, false: tableType}[strings.HasPrefix(resource, "crawler")]
			made := recorder.Named(kind, resource)
			if !slices.ContainsFunc(made.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::"+grant) }) {
				t.Errorf("%s: %s does not wait for %s: %v", mode, resource, grant, made.DependsOn)
			}
		}
	}
}
