package program_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/program/mpp"
	"github.com/tarn-data/tarn/pkg/pulumitest"
)

// lakeFiles writes the files of an mpp project, whose job scripts are the repository's.
func lakeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	jobs, err := filepath.Abs("../../mpp/jobs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(jobs, filepath.Join(folder, "jobs")); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// datasetFile is a data set of a pipeline. More is further lines.
func datasetFile(name, pipeline, path, more string) string {
	return fmt.Sprintf("name: %s\ndescription: Test data.\npipeline: %s\nsource: {format: csv, path: %s, options: {header: \"true\"}}\n"+
		"columns: [{name: id, type: int, required: true}, {name: day, type: date, required: false}]\nkey: [id]\n%s", name, pipeline, path, more)
}

func tableFile(files map[string]string, name, pipeline, from string) {
	files["analytics/"+name+".yaml"] = fmt.Sprintf("name: %s\ndescription: Test table.\npipeline: %s\nkey: [id]\norder_by: [id]\n", name, pipeline)
	files["analytics/"+name+".sql"] = "SELECT id, count(*) AS n FROM " + from + " GROUP BY id\n"
}

// shop is a lake with everything that pipelines can have: two pipelines of one domain, one with a gate and jobs of the
// users' own and one that starts when files arrive, and a third one of another domain whose tables optimizers keep.
func shop() map[string]string {
	files := map[string]string{
		"datasets/orders.yaml":    datasetFile("orders", "orders", "shop/orders/", "quality: basic\nfreshness_hours: 30\n"),
		"datasets/returns.yaml":   datasetFile("returns", "orders", "shop/returns/", "quality: basic\n"),
		"datasets/visits.yaml":    datasetFile("visits", "visits", "web/visits/", ""),
		"datasets/salaries.yaml":  datasetFile("salaries", "salaries", "hr/salaries/", ""),
		"quality/basic.dqdl":      "Rules = [\n    IsComplete \"id\"\n]\n",
		"quality/unused.dqdl":     "Rules = [\n    IsComplete \"id\"\n]\n",
		"templates/large.yaml":    "name: large\ndescription: Large.\nworker_type: G.2X\n",
		"pipelines/visits.yaml":   "name: visits\ndomain: shop\narrival: {files: 10, within_seconds: 120}\nmaintenance: {by: none}\n",
		"pipelines/salaries.yaml": "name: salaries\nno_crawl: true\nmaintenance: {by: optimizer}\n",
		"pipelines/orders.yaml": `name: orders
domain: shop
schedule: cron(0 4 * * ? *)
template: large
jobs:
  - {name: report, kind: python-shell, script: own/report.py, modules: [own/tools-1.0-py3-none-any.whl], arguments: {days: "3"}}
  - {name: score, kind: spark, script: own/score.py, after: raw-to-staged, modules: [own/tools-1.0-py3-none-any.whl, own/more.py], jars: [own/udf.jar]}
  - {name: live, kind: streaming, script: own/live.py}
`,
		"own/report.py": "print('report')\n", "own/score.py": "print('score')\n", "own/live.py": "print('live')\n",
		"own/more.py": "X = 1\n", "own/tools-1.0-py3-none-any.whl": "wheel", "own/udf.jar": "jar",
	}
	tableFile(files, "totals", "orders", "orders")
	return files
}

// pipelinesOf runs the mpp program of a lake.
func pipelinesOf(t *testing.T, files map[string]string, change map[string]any) (*pulumitest.Recorder, error) {
	t.Helper()
	settings := map[string]any{"organization": "tarn", "owner": "data"}
	maps.Copy(settings, change)
	recorder := &pulumitest.Recorder{Upstream: upstream("test")}
	return recorder, recorder.Run(t, mpp.Deploy(lakeFiles(t, files)), contract.ProjectMPP, "test", settings)
}

func shopLake(t *testing.T, change map[string]any) *pulumitest.Recorder {
	t.Helper()
	recorder, err := pipelinesOf(t, shop(), change)
	if err != nil {
		t.Fatal(err)
	}
	return recorder
}

// networked puts the jobs into a network that somebody else has made.
func networked() map[string]any {
	return map[string]any{"network": map[string]any{
		"enabled": true, "vpcId": "vpc-11111111", "subnetIds": []any{"subnet-aaaaaaaa", "subnet-bbbbbbbb"}, "securityGroupId": "sg-22222222",
	}}
}

// networkFunctions answers what the program asks of that network.
func networkFunctions() map[string]func(map[string]any) (map[string]any, error) {
	return map[string]func(map[string]any) (map[string]any, error){
		"aws:ec2/getVpc:getVpc": func(map[string]any) (map[string]any, error) {
			return map[string]any{"id": "vpc-11111111", "cidrBlock": "10.0.0.0/16", "enableDnsSupport": true, "enableDnsHostnames": true}, nil
		},
		"aws:ec2/getSubnet:getSubnet": func(inputs map[string]any) (map[string]any, error) {
			zone := "us-east-1a"
			if inputs["id"] == "subnet-bbbbbbbb" {
				zone = "us-east-1b"
			}
			return map[string]any{
				"id": inputs["id"], "vpcId": "vpc-11111111", "availabilityZone": zone, "availableIpAddressCount": 4000.0,
				"cidrBlock": "10.0.0.0/20", "mapPublicIpOnLaunch": false,
			}, nil
		},
	}
}

const jobType, triggerType = "aws:glue/job:Job", "aws:glue/trigger:Trigger"

// Criterion 8: everything is encrypted with the lake's key, and every job says what it is and how long it may take.
func TestJobsAndCrawlersAreSecured(t *testing.T) {
	t.Parallel()
	recorder := shopLake(t, nil)
	pulumitest.CheckInvariants(t, recorder)
	configurations := recorder.OfType("aws:glue/securityConfiguration:SecurityConfiguration")
	if len(configurations) != 1 {
		t.Fatalf("there are %d security configurations", len(configurations))
	}
	want := map[string]any{
		"s3Encryption":           map[string]any{"s3EncryptionMode": "SSE-KMS", "kmsKeyArn": keyARN},
		"cloudwatchEncryption":   map[string]any{"cloudwatchEncryptionMode": "SSE-KMS", "kmsKeyArn": keyARN},
		"jobBookmarksEncryption": map[string]any{"jobBookmarksEncryptionMode": "CSE-KMS", "kmsKeyArn": keyARN},
	}
	if got := configurations[0].Inputs["encryptionConfiguration"]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("encryption:\ngot  %v\nwant %v", got, want)
	}
	name := configurations[0].Inputs["name"]
	jobs := recorder.OfType(jobType)
	for _, made := range slices.Concat(jobs, recorder.OfType(crawlerType)) {
		if made.Inputs["securityConfiguration"] != name {
			t.Errorf("%s has the security configuration %v, want %v", made.Name, made.Inputs["securityConfiguration"], name)
		}
	}
	for _, job := range jobs {
		command := job.Inputs["command"].(map[string]any)
		arguments := job.Inputs["defaultArguments"].(map[string]any)
		streaming, python := command["name"] == "gluestreaming", command["name"] == "pythonshell"
		if limit := job.Inputs["executionProperty"].(map[string]any)["maxConcurrentRuns"]; limit != 1.0 {
			t.Errorf("%s: %v runs at once", job.Name, limit)
		}
		for field, wanted := range map[string]bool{
			"timeout": !streaming, "maxRetries": true, "jobRunQueuingEnabled": !streaming, "notificationProperty": !streaming,
			"maintenanceWindow": streaming, "glueVersion": true, "workerType": !python, "numberOfWorkers": !python,
			"executionClass": !python, "maxCapacity": python,
		} {
			if _, set := job.Inputs[field]; set != wanted {
				t.Errorf("%s: %s is set: %v", job.Name, field, set)
			}
		}
		for argument := range arguments {
			if argument != "--days" && !dataset.ReservedArgument(strings.TrimPrefix(argument, "--")) { // days is the shop's own
				t.Errorf("%s: users could set %s, too: put it on the list of pkg/dataset", job.Name, argument)
			}
		}
		if arguments["--enable-continuous-cloudwatch-log"] != "true" {
			t.Errorf("%s writes no log", job.Name)
		}
		for _, argument := range []string{"--enable-metrics", "--enable-observability-metrics", "--enable-job-insights", "--enable-auto-scaling"} {
			if !python && arguments[argument] != "true" {
				t.Errorf("%s: %s is %v", job.Name, argument, arguments[argument])
			}
		}
	}
}

// contentHash is how the keys of uploaded files name their content.
func contentHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:16]
}

// What each pipeline is made of, and how its users' own code gets to its jobs.
func TestPipelineHasTheJobsItsFilesSay(t *testing.T) {
	t.Parallel()
	recorder := shopLake(t, nil)
	var names []string
	for _, job := range recorder.OfType(jobType) {
		names = append(names, job.Inputs["name"].(string))
	}
	slices.Sort(names)
	want := []string{
		"tarn-test-orders-live", "tarn-test-orders-quality-gate", "tarn-test-orders-raw-to-staged", "tarn-test-orders-report",
		"tarn-test-orders-score", "tarn-test-orders-staged-to-analytics", "tarn-test-orders-table-maintenance",
		"tarn-test-salaries-raw-to-staged", "tarn-test-salaries-table-maintenance", "tarn-test-visits-raw-to-staged",
	}
	if !slices.Equal(names, want) {
		t.Errorf("got  %v\nwant %v", names, want)
	}
	arguments := func(job string) map[string]any {
		return recorder.Named(jobType, job).Inputs["defaultArguments"].(map[string]any)
	}
	hash := func(text string) string { return "s3://artifacts/code/" + contentHash(text) + "/" }
	wheel, jar := hash("wheel")+"tools-1.0-py3-none-any.whl", hash("jar")+"udf.jar"
	score, report := arguments("orders-score"), arguments("orders-report")
	library, _, _ := strings.Cut(score["--extra-py-files"].(string), ",")
	for argument, wanted := range map[string]string{
		"--additional-python-modules": wheel, "--extra-jars": jar, "--extra-py-files": library + "," + hash("X = 1\n") + "more.py",
	} {
		if score[argument] != wanted {
			t.Errorf("score: %s is %v, want %s", argument, score[argument], wanted)
		}
	}
	if report["--extra-py-files"] != wheel || report["--days"] != "3" || report["--conf"] != nil || report["--staged_database"] != "staged_db" {
		t.Errorf("report has the arguments %v", report)
	}
	if script := recorder.Named(jobType, "orders-live").Inputs["command"].(map[string]any)["scriptLocation"]; script != hash("print('live')\n")+"live.py" {
		t.Errorf("live runs %v", script)
	}
	for job, wanted := range map[string]string{"orders-raw-to-staged": "G.2X", "visits-raw-to-staged": "G.1X"} {
		if got := recorder.Named(jobType, job).Inputs["workerType"]; got != wanted {
			t.Errorf("%s has workers %v, want %s", job, got, wanted)
		}
	}
	queue, role := arguments("visits-raw-to-staged")["--arrivals_queue"], arguments("salaries-table-maintenance")["--optimizer_role"]
	if queue == nil || arguments("orders-raw-to-staged")["--arrivals_queue"] != nil {
		t.Errorf("the queue of arrivals is %v", queue)
	}
	if role != accountARN+"role/tarn/test/tarn-test-salaries-optimizer" || arguments("orders-table-maintenance")["--optimizer_role"] != nil {
		t.Errorf("the role of optimizers is %v", role)
	}
	rulesets := recorder.OfType("aws:glue/dataQualityRuleset:DataQualityRuleset")
	if len(rulesets) != 1 || rulesets[0].Inputs["name"] != "tarn-test-basic" || !strings.Contains(rulesets[0].Inputs["ruleset"].(string), "IsComplete") {
		t.Errorf("rulesets %v", rulesets)
	}
}

// Criterion 29: the groups that Glue writes to are there before the first run, encrypted and with an end.
func TestLogGroupsAreThereBeforeTheFirstRun(t *testing.T) {
	t.Parallel()
	recorder := shopLake(t, map[string]any{"logRetentionDays": 30})
	groups := map[string]pulumitest.Resource{}
	for _, group := range recorder.OfType("aws:cloudwatch/logGroup:LogGroup") {
		groups[group.Inputs["name"].(string)] = group
		if group.Inputs["kmsKeyId"] != keyARN || group.Inputs["retentionInDays"] != 30.0 {
			t.Errorf("%s: key %v, days %v", group.Name, group.Inputs["kmsKeyId"], group.Inputs["retentionInDays"])
		}
	}
	check := func(made pulumitest.Resource, role string, names ...string) {
		for _, name := range names {
			group, found := groups[name]
			if !found {
				t.Errorf("%s writes to %s, which is not there; there are %v", made.Name, name, slices.Sorted(maps.Keys(groups)))
				continue
			}
			if !slices.ContainsFunc(made.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::"+group.Name) }) {
				t.Errorf("%s does not wait for %s", made.Name, group.Name)
			}
			for _, action := range []string{"logs:AssociateKmsKey", "logs:CreateLogStream", "logs:PutLogEvents"} {
				mayAs(t, recorder, role, action, "arn:aws:logs:us-east-1:123456789012:log-group:"+name+":log-stream:x", nil, true)
			}
		}
	}
	for _, job := range recorder.OfType(jobType) {
		pipeline, _, _ := strings.Cut(job.Name, "-")
		prefix := "/tarn/test/" + pipeline
		if job.Inputs["command"].(map[string]any)["name"] == "pythonshell" {
			prefix = "/aws-glue/python-jobs"
		} else if got := job.Inputs["defaultArguments"].(map[string]any)["--custom-logGroup-prefix"]; got != prefix {
			t.Errorf("%s writes to %v", job.Name, got)
		}
		role := pipeline + "-job-role"
		between := fmt.Sprintf("%s/%s-role/tarn/test/tarn-test-%s-job", prefix, job.Inputs["securityConfiguration"], pipeline)
		check(job, role, between+"/output", between+"/error")
	}
	for _, crawler := range recorder.OfType(crawlerType) {
		check(crawler, "shop-crawler-role", fmt.Sprintf("/aws-glue/crawlers-role/tarn/test/tarn-test-shop-raw-crawler-%s", crawler.Inputs["securityConfiguration"]))
	}
}

// mayAs asks what a role of the program may do, within its boundary.
func mayAs(t *testing.T, recorder *pulumitest.Recorder, role, action, resource string, context policy.Context, want bool) {
	t.Helper()
	document := pulumitest.Document(t, recorder.Named("aws:iam/rolePolicy:RolePolicy", role+"-policy"), "policy")
	decision := decide(t, policy.Request{
		Principal: accountARN + "role/tarn/test/tarn-test-" + strings.TrimSuffix(role, "-role"), Action: action, Resource: resource, Context: context,
	}, policy.Policies{Identity: []policy.Document{document}})
	if decision.Allowed != want {
		t.Errorf("%s: %s on %s: %s, want allowed %v", role, action, resource, decision.Reason, want)
	}
}

// Criterion 11: the jobs of a pipeline reach their own folders and nobody else's, for every pair of pipelines.
func TestJobsReachTheirOwnFoldersOnly(t *testing.T) {
	t.Parallel()
	recorder := shopLake(t, nil)
	sources := map[string][]string{"orders": {"shop/orders", "shop/returns"}, "visits": {"web/visits"}, "salaries": {"hr/salaries"}}
	const s3 = "arn:aws:s3:::"
	for one := range sources {
		role := one + "-job-role"
		for other, folders := range sources {
			own := one == other
			for _, folder := range folders {
				mayAs(t, recorder, role, "s3:GetObject", s3+"raw/"+folder+"/x.csv", nil, own)
				mayAs(t, recorder, role, "s3:PutObject", s3+"raw/"+folder+"/x.csv", nil, false)
				mayAs(t, recorder, role, "s3:DeleteObject", s3+"raw/"+folder+"/x.csv", nil, false)
				mayAs(t, recorder, role, "s3:ListBucket", s3+"raw", policy.Context{"s3:prefix": {folder + "/"}}, own)
				mayAs(t, recorder, "shop-crawler-role", "s3:GetObject", s3+"raw/"+folder+"/x.csv", nil, other != "salaries")
				mayAs(t, recorder, "shop-crawler-role", "s3:PutObject", s3+"raw/"+folder+"/x.csv", nil, false)
			}
			for _, zone := range []string{"staged", "analytics"} {
				for _, action := range []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"} {
					mayAs(t, recorder, role, action, s3+zone+"/"+other+"/t/x.parquet", nil, own)
					mayAs(t, recorder, "shop-crawler-role", action, s3+zone+"/"+other+"/t/x.parquet", nil, false)
				}
				mayAs(t, recorder, role, "s3:DeleteObjectVersion", s3+zone+"/"+other+"/t/x.parquet", nil, false)
				mayAs(t, recorder, role, "s3:ListBucket", s3+zone, policy.Context{"s3:prefix": {other + "/t/"}}, own)
			}
			for _, prefix := range []string{"tmp/", "reports/"} {
				mayAs(t, recorder, role, "s3:PutObject", s3+"artifacts/"+prefix+other+"/x", nil, own)
			}
			mayAs(t, recorder, role, "s3:GetObject", s3+"artifacts/manifests/"+other+"/x.json", nil, own)
			mayAs(t, recorder, role, "s3:PutObject", s3+"artifacts/manifests/"+other+"/x.json", nil, false)
			mayAs(t, recorder, role, "glue:GetWorkflowRunProperties", glueARN+"workflow/tarn-test-"+other, nil, own)
		}
		for _, table := range []string{"rejected_rows", "ingested_files"} {
			mayAs(t, recorder, role, "s3:PutObject", s3+"quarantine/"+table+"/data/x.parquet", nil, true)
		}
		mayAs(t, recorder, role, "s3:PutObject", s3+"artifacts/code/0/raw_to_staged.py", nil, false)
		mayAs(t, recorder, role, "s3:GetObject", s3+"artifacts/code/0/raw_to_staged.py", nil, true)
		mayAs(t, recorder, role, "cloudwatch:PutMetricData", "*", policy.Context{"cloudwatch:namespace": {"Tarn"}}, true)
		mayAs(t, recorder, role, "cloudwatch:PutMetricData", "*", policy.Context{"cloudwatch:namespace": {"AWS/S3"}}, false)
		for _, queue := range recorder.OfType("aws:sqs/queue:Queue") {
			arrivals := one == "visits" && !strings.Contains(queue.Name, "undelivered") && !strings.Contains(queue.Name, "dlq")
			mayAs(t, recorder, role, "sqs:ReceiveMessage", "arn:aws:sqs:us-east-1:123456789012:"+text(queue, "name"), nil, arrivals)
			mayAs(t, recorder, role, "sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:"+text(queue, "name"), nil, false)
		}
		optimizes := one == "salaries"
		toGlue := policy.Context{"iam:PassedToService": {"glue.amazonaws.com"}}
		mayAs(t, recorder, role, "glue:CreateTableOptimizer", glueARN+"table/staged_db/"+one, nil, optimizes)
		mayAs(t, recorder, role, "iam:PassRole", accountARN+"role/tarn/test/tarn-test-salaries-optimizer", toGlue, optimizes)
		mayAs(t, recorder, role, "iam:PassRole", accountARN+"role/tarn/test/tarn-test-salaries-job", toGlue, false)
		mayAs(t, recorder, role, "iam:PassRole", accountARN+"role/tarn/test/tarn-test-salaries-optimizer",
			policy.Context{"iam:PassedToService": {"lambda.amazonaws.com"}}, false)
	}
}

const glueARN = "arn:aws:glue:us-east-1:123456789012:"

// Whatever a role of the project allows, its boundary lets pass, also in a network.
func TestBoundaryLetsRolesOfPipelinesWork(t *testing.T) {
	t.Parallel()
	boundary := pulumitest.Document(t, foundation(t, nil).Named("aws:iam/policy:Policy", "workload-boundary"), "policy")
	outputs := upstream("test")
	lake := outputs[contract.StackName(contract.ProjectDatalake, "test")]
	for _, zone := range []string{"raw", "staged", "analytics", "quarantine", "artifacts"} {
		lake[zone+"Bucket"] = "tarn-test-" + zone + "-123456789012-us-east-1"
	}
	for _, zone := range []string{"raw", "staged", "analytics", "quarantine"} {
		lake[zone+"Database"] = "tarn_test_" + zone
	}
	settings := networked()
	maps.Copy(settings, map[string]any{"organization": "tarn", "owner": "data"})
	recorder := &pulumitest.Recorder{Upstream: outputs, Functions: networkFunctions()}
	if err := recorder.Run(t, mpp.Deploy(lakeFiles(t, shop())), contract.ProjectMPP, "test", settings); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, made := range recorder.OfType("aws:iam/rolePolicy:RolePolicy") {
		for _, s := range pulumitest.Document(t, made, "policy").Statements {
			for _, action := range s.Actions {
				for _, resource := range s.Resources {
					if strings.HasPrefix(action, "kms:") {
						continue // the key of this test is not the one that the boundary was made for
					}
					checked++
					decision := decide(t, policy.Request{
						Principal: accountARN + "role/tarn/test/x", Action: action, Resource: strings.ReplaceAll(resource, "*", "x"),
						Context: inRegion(satisfying(s.Conditions)),
					}, policy.Policies{Identity: []policy.Document{boundary}})
					if !decision.Allowed {
						t.Errorf("%s, statement %s: %s on %s: %s", made.Name, s.Sid, action, resource, decision.Reason)
					}
				}
			}
		}
	}
	if checked < 200 {
		t.Errorf("only %d rights were checked", checked)
	}
}

// inRegion adds what every call tells.
func inRegion(context policy.Context) policy.Context {
	context["aws:RequestedRegion"] = []string{"us-east-1"}
	return context
}

// Criteria 34 and 35: one crawler for each domain over raw files only, and workflows that can only run one after the
// other and in which every step is reached.
func TestWorkflowsReachEveryStepOnce(t *testing.T) {
	t.Parallel()
	for _, scheduled := range []bool{false, true} {
		recorder := shopLake(t, map[string]any{"schedules": scheduled})
		crawlers := recorder.OfType(crawlerType)
		if len(crawlers) != 1 || crawlers[0].Inputs["name"] != "tarn-test-shop-raw" {
			t.Fatalf("crawlers %v", crawlers)
		}
		var paths []string
		for _, target := range crawlers[0].Inputs["s3Targets"].([]any) {
			paths = append(paths, target.(map[string]any)["path"].(string))
		}
		if !slices.Equal(paths, []string{"s3://raw/shop/orders/", "s3://raw/shop/returns/", "s3://raw/web/visits/"}) {
			t.Errorf("the crawler looks into %v", paths)
		}
		starts := map[string]string{}
		for _, workflow := range recorder.OfType("aws:glue/workflow:Workflow") {
			name := workflow.Inputs["name"].(string)
			if workflow.Inputs["maxConcurrentRuns"] != 1.0 {
				t.Errorf("%s: %v runs at once", name, workflow.Inputs["maxConcurrentRuns"])
			}
			reached, first := walk(t, recorder, name)
			starts[name] = fmt.Sprint(first["type"], " ", first["enabled"])
			var wanted []string
			for _, job := range recorder.OfType(jobType) {
				physical := job.Inputs["name"].(string)
				beside := strings.HasSuffix(physical, "-live") || strings.HasSuffix(physical, "-table-maintenance")
				if strings.HasPrefix(physical, name+"-") && !beside {
					wanted = append(wanted, physical)
				}
			}
			if name == "tarn-test-orders" { // the first of its domain
				wanted = append(wanted, "tarn-test-shop-raw")
			}
			slices.Sort(wanted)
			if !slices.Equal(reached, wanted) {
				t.Errorf("%s reaches %v, want %v", name, reached, wanted)
			}
		}
		want := map[string]string{
			"tarn-test-orders": fmt.Sprint("SCHEDULED ", scheduled), "tarn-test-visits": "EVENT true", "tarn-test-salaries": "ON_DEMAND false",
		}
		if !maps.Equal(starts, want) {
			t.Errorf("schedules %v: workflows start by %v, want %v", scheduled, starts, want)
		}
		maintenance := recorder.Named(triggerType, "orders-table-maintenance-schedule").Inputs
		if maintenance["enabled"] != scheduled || maintenance["type"] != "SCHEDULED" || maintenance["workflowName"] != nil {
			t.Errorf("maintenance starts by %v", maintenance)
		}
	}
}

// walk follows the triggers of a workflow and gives every step they reach, sorted, and the trigger that starts it.
func walk(t *testing.T, recorder *pulumitest.Recorder, workflow string) ([]string, map[string]any) {
	t.Helper()
	var first map[string]any
	after := map[string][]string{}
	for _, trigger := range recorder.OfType(triggerType) {
		if trigger.Inputs["workflowName"] != workflow {
			continue
		}
		key := ""
		if predicate, conditional := trigger.Inputs["predicate"].(map[string]any); conditional {
			condition := predicate["conditions"].([]any)[0].(map[string]any)
			key = stepOf(condition)
			if condition["state"] != "SUCCEEDED" && condition["crawlState"] != "SUCCEEDED" {
				t.Errorf("%s waits for %v", trigger.Name, condition)
			}
		} else if first != nil {
			t.Errorf("%s has two starts", workflow)
		} else {
			first = trigger.Inputs
		}
		for _, action := range trigger.Inputs["actions"].([]any) {
			after[key] = append(after[key], stepOf(action.(map[string]any)))
		}
	}
	var reached []string
	for waiting := []string{""}; len(waiting) > 0; waiting = waiting[1:] {
		for _, step := range after[waiting[0]] {
			if slices.Contains(reached, step) {
				t.Fatalf("%s reaches %s twice", workflow, step)
			}
			reached = append(reached, step)
			waiting = append(waiting, step)
		}
	}
	slices.Sort(reached)
	return reached, first
}

// stepOf gives the job or the crawler of an action or a condition.
func stepOf(values map[string]any) string {
	if job, found := values["jobName"].(string); found {
		return job
	}
	return values["crawlerName"].(string)
}

// In a network every job and crawler uses its connections, and its role may join it.
func TestJobsRunInTheNetwork(t *testing.T) {
	t.Parallel()
	settings := networked()
	maps.Copy(settings, map[string]any{"organization": "tarn", "owner": "data"})
	recorder := &pulumitest.Recorder{Upstream: upstream("test"), Functions: networkFunctions()}
	if err := recorder.Run(t, mpp.Deploy(lakeFiles(t, shop())), contract.ProjectMPP, "test", settings); err != nil {
		t.Fatal(err)
	}
	pulumitest.CheckInvariants(t, recorder)
	var connections []any
	for _, connection := range recorder.OfType("aws:glue/connection:Connection") {
		connections = append(connections, connection.Inputs["name"])
	}
	if len(connections) != 2 {
		t.Fatalf("connections %v", connections)
	}
	for _, job := range recorder.OfType(jobType) {
		if got, _ := job.Inputs["connections"].([]any); len(got) != 2 {
			t.Errorf("%s has the connections %v", job.Name, got)
		}
	}
	for _, target := range recorder.OfType(crawlerType)[0].Inputs["s3Targets"].([]any) {
		if name := target.(map[string]any)["connectionName"]; !slices.Contains(connections, name) {
			t.Errorf("the crawler goes by the connection %v", name)
		}
	}
	ec2 := "arn:aws:ec2:us-east-1:123456789012:"
	marked := policy.Context{"aws:TagKeys": {"aws-glue-service-resource"}}
	for _, role := range []string{"orders-job-role", "shop-crawler-role"} {
		mayAs(t, recorder, role, "ec2:CreateNetworkInterface", ec2+"subnet/subnet-aaaaaaaa", nil, true)
		mayAs(t, recorder, role, "ec2:DescribeSubnets", "*", nil, true)
		mayAs(t, recorder, role, "ec2:CreateTags", ec2+"network-interface/eni-1", marked, true)
		mayAs(t, recorder, role, "ec2:CreateTags", ec2+"network-interface/eni-1", policy.Context{"aws:TagKeys": {"owner"}}, false)
		mayAs(t, recorder, role, "glue:GetConnection", glueARN+"connection/tarn-test-x", nil, true)
		mayAs(t, recorder, role, "ec2:TerminateInstances", ec2+"instance/i-1", nil, false)
	}
	// Without a network no role may do anything of the kind.
	mayAs(t, shopLake(t, nil), "orders-job-role", "ec2:CreateNetworkInterface", ec2+"subnet/subnet-aaaaaaaa", nil, false)
}

// Criterion 32: names at AWS say what something is, and no setting changes them.
func TestNamesStayWhateverIsSet(t *testing.T) {
	t.Parallel()
	names := func(change map[string]any) map[string]string {
		physical := map[string]string{}
		for _, made := range shopLake(t, change).Resources() {
			name, _ := made.Inputs["name"].(string)
			if made.Custom && strings.HasPrefix(made.Type, "aws:") && made.Type != "aws:s3/bucketObjectv2:BucketObjectv2" {
				if name == "" && slices.Contains([]string{jobType, crawlerType, triggerType, "aws:iam/role:Role", "aws:glue/workflow:Workflow"}, made.Type) {
					t.Errorf("%s %s has no name of its own", made.Type, made.Name)
				}
				physical[made.Type+" "+made.Name] = name
			}
		}
		return physical
	}
	plain := names(nil)
	for _, change := range []map[string]any{
		{"schedules": true}, {"owner": "somebody else"}, {"logRetentionDays": 7},
		{"capacity": map[string]any{"glueVersion": "6.0", "workerType": "G.2X", "maxRetries": 1, "executionClass": "FLEX"}},
		{"pipelines": map[string]any{"orders": map[string]any{"schedule": true, "capacity": map[string]any{"maxWorkers": 3}}}},
		{"crawlers": map[string]any{"recrawl": "new-folders"}, "datasetMetrics": false},
	} {
		got := names(change)
		for key, name := range plain {
			if other, found := got[key]; found && other != name {
				t.Errorf("with %v: %s is %q, was %q", change, key, other, name)
			}
		}
		for _, stateful := range []string{jobType, crawlerType, "aws:glue/workflow:Workflow", "aws:cloudwatch/logGroup:LogGroup"} {
			for key := range plain {
				if _, found := got[key]; !found && strings.HasPrefix(key, stateful+" ") {
					t.Errorf("with %v: %s is gone", change, key)
				}
			}
		}
	}
}

// generated is a lake of so many data sets in so many pipelines, each with its own folder.
func generated(datasets, pipelines int) map[string]string {
	files := map[string]string{"quality/basic.dqdl": "Rules = [\n    IsComplete \"id\"\n]\n"}
	for i := range datasets {
		pipeline := fmt.Sprintf("generated_%02d", i%pipelines)
		name := fmt.Sprintf("data_set_%04d", i)
		files["datasets/"+name+".yaml"] = datasetFile(name, pipeline, "generated/"+pipeline+"/"+name+"/", "quality: basic\n")
	}
	for i := range pipelines {
		name := fmt.Sprintf("table_%02d", i)
		tableFile(files, name, fmt.Sprintf("generated_%02d", i), fmt.Sprintf("data_set_%04d", i))
	}
	return files
}

// Data sets cost no resources: as many pipelines have as many of them, and every policy stays within its limit.
func TestResourcesGrowWithPipelinesAndNotWithDataSets(t *testing.T) {
	t.Parallel()
	counts := map[int]int{}
	for _, datasets := range []int{20, 1000} {
		recorder, err := pipelinesOf(t, generated(datasets, 20), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, made := range recorder.Resources() {
			if made.Custom {
				counts[datasets]++
			}
			text, isPolicy := made.Inputs["policy"].(string)
			if isPolicy && made.Type == "aws:iam/rolePolicy:RolePolicy" && len(text) > policy.MaxInlineRole {
				t.Errorf("%d data sets: the policy %s has %d characters", datasets, made.Name, len(text))
			}
		}
		mayAs(t, recorder, "generated_03-job-role", "s3:GetObject", "arn:aws:s3:::raw/generated/generated_03/data_set_0003/x.csv", nil, true)
		mayAs(t, recorder, "generated_03-job-role", "s3:GetObject", "arn:aws:s3:::raw/generated/generated_04/data_set_0004/x.csv", nil, false)
	}
	if counts[20] != counts[1000] || counts[20] == 0 {
		t.Errorf("resources by number of data sets: %v", counts)
	}
	few, err := pipelinesOf(t, generated(10, 10), nil)
	if err != nil {
		t.Fatal(err)
	}
	custom := 0
	for _, made := range few.Resources() {
		if made.Custom {
			custom++
		}
	}
	if grown := (counts[20] - custom) / 10; grown*10 != counts[20]-custom || grown > 40 {
		t.Errorf("ten pipelines have %d resources, twenty %d", custom, counts[20])
	}
}

// What AWS would refuse only when it is asked is refused before the first resource, with the key to change.
func TestPipelineSettingsAreCheckedFirst(t *testing.T) {
	t.Parallel()
	scattered := generated(1, 1)
	for i := range 120 { // no folder of its own that could stand for all
		name := fmt.Sprintf("far_%03d", i)
		scattered["datasets/"+name+".yaml"] = datasetFile(name, "generated_00", fmt.Sprintf("folder_of_a_long_name_%03d/data/", i), "")
	}
	overlapping := shop()
	overlapping["datasets/salaries.yaml"] = datasetFile("salaries", "salaries", "hr/salaries/", "")
	overlapping["datasets/inner.yaml"] = datasetFile("inner", "other", "web/visits/inner/", "")
	cyclic := shop()
	cyclic["pipelines/orders.yaml"] = "name: orders\ndomain: shop\njobs:\n" +
		"  - {name: a, kind: spark, script: own/score.py, after: b}\n  - {name: b, kind: spark, script: own/score.py, after: a}\n"
	for want, test := range map[string]struct {
		files  map[string]string
		change map[string]any
	}{
		`capacity.workerType: R.1X: the FLEX execution class`: {shop(), map[string]any{"pipelines": map[string]any{
			"visits": map[string]any{"capacity": map[string]any{"workerType": "R.1X", "executionClass": "FLEX"}},
		}}},
		"mpp:settings.pipelines.payroll: there is no such pipeline": {shop(), map[string]any{"pipelines": map[string]any{"payroll": map[string]any{}}}},
		"mpp:settings.roles.payroll: there is no such pipeline":     {shop(), map[string]any{"roles": map[string]any{"payroll": map[string]any{}}}},
		"crawlers.recrawl: with recrawl new-folders Glue allows only": {shop(), map[string]any{
			"crawlers": map[string]any{"recrawl": "new-folders", "updateBehavior": "update"},
		}},
		"crawlers.recrawl events: no queue tells this crawler":   {shop(), map[string]any{"crawlers": map[string]any{"recrawl": "events"}}},
		`crawlers.deleteBehavior "drop": want log or deprecate`:  {shop(), map[string]any{"crawlers": map[string]any{"deleteBehavior": "drop"}}},
		`optimizerRole "x": want the ARN of a role`:              {shop(), map[string]any{"optimizerRole": "x"}},
		"IAM allows 10240: put the source.path of its data sets": {scattered, nil},
		"overlap":                         {overlapping, nil},
		"jobs wait for each other":        {cyclic, nil},
		"job scripts in ":                 {shop(), map[string]any{"jobs": "nowhere"}},
		"network.availabilityZones has 0": {shop(), map[string]any{"network": map[string]any{"enabled": true}}},
		"roles.visits.crawler: another pipel": {shop(), map[string]any{"roles": map[string]any{
			"orders": map[string]any{"crawler": accountARN + "role/a"}, "visits": map[string]any{"crawler": accountARN + "role/b"},
		}}},
	} {
		recorder, err := pipelinesOf(t, test.files, test.change)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v\nwant one with %q", err, want)
			continue
		}
		for _, made := range recorder.Resources() {
			if made.Custom && strings.HasPrefix(made.Type, "aws:") {
				t.Errorf("%s: %s %s was registered before the error", want, made.Type, made.Name)
			}
		}
	}
}

// The local plugin knows everything that pipelines can be made of, as it must know what the shipped one is made of.
func TestThePluginKnowsEveryKindOfPipeline(t *testing.T) {
	t.Parallel()
	schema := pluginSchema(t)
	settings := networked()
	maps.Copy(settings, map[string]any{"organization": "tarn", "owner": "data", "alerts": map[string]any{"emails": []any{"a@example.com"}}})
	recorder := &pulumitest.Recorder{Upstream: upstream("test"), Functions: networkFunctions()}
	if err := recorder.Run(t, mpp.Deploy(lakeFiles(t, shop())), contract.ProjectMPP, "test", settings); err != nil {
		t.Fatal(err)
	}
	for _, resource := range recorder.Resources() {
		if resource.Custom && resource.Type != "pulumi:pulumi:Stack" && resource.Type != "pulumi:pulumi:StackReference" {
			checkKnown(t, schema, contract.ProjectMPP, resource)
		}
	}
}
