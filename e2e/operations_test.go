package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/run"
)

// What each file of orders has.
const (
	ordersPerDay = 60
	rowsPerFile  = ordersPerDay + 2 // an older version of the first order, and a record that is none
	customers    = 7
	// Those of customers, and a line that is no record.
	customerLines = customers + 1
)

// TestOperations does what somebody on duty does with a pipeline: runs it, holds back bad data, mends it, goes on where
// it failed, reads dates again, looks at runs and their logs, and keeps tables in order. After each step every row is
// there once.
func TestOperations(t *testing.T) {
	lake := newSmall(t, "operations")
	for day := 1; day <= 5; day++ {
		lake.orders(t, day, "")
	}
	lake.customers(t)
	lake.run(t, 0, "local", "up", "--enforce-iam")
	step(t, "up", func(t *testing.T) { lake.deploy(t, "up") })
	sales := lake.deployed(t, "sales")

	step(t, "run", func(t *testing.T) {
		report := lake.operate(t, 0, "run", "sales", "--rows", "900")
		orders := datasetOf(t, report.Jobs, "raw-to-staged", "orders")
		if orders.Files != 5 || orders.Read != 5*rowsPerFile || orders.Quarantined != 5 || orders.Superseded != 5 {
			t.Errorf("orders: %+v", orders)
		}
		if c := datasetOf(t, report.Jobs, "raw-to-staged", "customers"); c.Read != customerLines || c.Valid != customers || c.Total != customers {
			t.Errorf("customers: %+v", c)
		}
		checkSums(t, report.Jobs)
		lake.expectOrders(t, sales, 5)
		lake.expectMetrics(t, sales, report)
	})

	step(t, "bad data is held back and named", func(t *testing.T) {
		before := lake.published(t, sales)
		lake.orders(t, 6, "-5.00")
		lake.run(t, 0, "upload")
		command := lake.command("run", "sales")
		var out, problems strings.Builder
		command.Stdout, command.Stderr = &out, &problems
		_ = command.Run() // its code is checked
		if code := command.ProcessState.ExitCode(); code != 4 {
			t.Fatalf("exit code %d, want 4\n%s\n%s", code, out.String(), problems.String())
		}
		for _, want := range []string{`ColumnValues "amount" > 0`, "359 of 360 rows", "orders", "--from-failed"} {
			if !strings.Contains(problems.String(), want) {
				t.Errorf("nothing says %s:\n%s", want, problems.String())
			}
		}
		var report operation
		decode(t, out.String(), &report)
		judged := datasetOf(t, report.Jobs, "quality-gate", "orders")
		if judged.Published || report.OK {
			t.Errorf("%+v", judged)
		}
		failed := slices.DeleteFunc(slices.Clone(judged.Rules), func(r run.Rule) bool { return r.Passed })
		if len(judged.Rules) != 4 || len(failed) != 1 || !strings.HasPrefix(failed[0].Rule, "ColumnValues") || failed[0].Seen() == "" {
			t.Errorf("%+v", judged.Rules)
		}
		for _, job := range report.Jobs {
			if job.Job == "staged-to-analytics" {
				t.Error("analytics has run")
			}
		}
		if after := lake.published(t, sales); !reflect.DeepEqual(after, before) {
			t.Errorf("published is\n%v\nbefore\n%v", after, before)
		}
		lake.expectOrders(t, sales, 5)
	})
	step(t, "status and logs tell of the failure", func(t *testing.T) {
		var last struct {
			run.Summary
			Jobs []run.JobReport
		}
		decode(t, lake.run(t, 0, "status", "sales", "last"), &last)
		if last.State != run.Failed || last.DPUHours <= 0 || len(last.Jobs) != 2 || !strings.Contains(last.Error, "amount") {
			t.Errorf("%+v", last)
		}
		var all []run.Overview
		decode(t, lake.run(t, 0, "status"), &all)
		if len(all) != 1 || all[0].State != run.Failed || all[0].LastRun != last.RunID || all[0].LastSuccess.IsZero() {
			t.Errorf("%+v", all)
		}
		lake.expectLog(t, "published", "quality-gate", "sales", "--job", "quality-gate")
		lake.expectLog(t, "read 62, staged 60", "raw-to-staged", "sales", last.RunID)
		// Spark's own log.
		lake.expectLog(t, " WARN ", "raw-to-staged", "sales", "--errors", "--job", "raw-to-staged")
	})
	step(t, "mended, it goes on where it failed", func(t *testing.T) {
		lake.orders(t, 6, "")
		lake.run(t, 0, "upload")
		report := lake.operate(t, 0, "run", "sales", "--from-failed", "last")
		if report.ResumedFrom == "" || report.ResumedFrom == report.RunID {
			t.Errorf("resumed from %q as %q", report.ResumedFrom, report.RunID)
		}
		checkSums(t, report.Jobs)
		lake.expectOrders(t, sales, 6)
		if table := tableOf(t, report.Jobs, "sales_per_day"); table.Build != "incremental" {
			t.Errorf("%+v", table)
		}
		lake.run(t, 1, "run", "sales", "--from-failed", "last") // nothing has failed
	})

	step(t, "dates are read again, also those without files", func(t *testing.T) {
		before := lake.published(t, sales)
		var report struct {
			OK      bool
			Windows []struct {
				From, To string
				Jobs     []run.JobReport
			}
		}
		decode(t, lake.run(t, 0, "backfill", "sales", "--from", "2026-10-30", "--to", "2026-11-02", "--window", "2", "--full"), &report)
		if !report.OK || len(report.Windows) != 2 {
			t.Fatalf("%+v", report)
		}
		for i, files := range []int64{0, 2} {
			orders := datasetOf(t, report.Windows[i].Jobs, "raw-to-staged", "orders")
			if orders.Files != files || orders.Read != files*rowsPerFile || orders.Inserted+orders.Updated+orders.Deleted != 0 {
				t.Errorf("window %d: %+v", i, orders)
			}
			checkSums(t, report.Windows[i].Jobs)
		}
		if after := lake.published(t, sales); !reflect.DeepEqual(after, before) {
			t.Errorf("nothing has changed, but published is\n%v\nbefore\n%v", after, before)
		}
		lake.expectOrders(t, sales, 6)
	})

	days := 6
	if soak {
		step(t, "a run in the background, and another that is refused meanwhile", func(t *testing.T) {
			lake.orders(t, 7, "")
			lake.run(t, 0, "upload")
			started := lake.operate(t, 0, "run", "sales", "--detach")
			if code, out := lake.start(t, "run", "sales")(); code != 1 || !strings.Contains(out, "already running") {
				t.Errorf("exit code %d\n%s", code, out)
			}
			out := lake.person(t, "logs", "sales", started.RunID, "--follow")
			for _, job := range []string{"raw-to-staged", "quality-gate", "staged-to-analytics"} {
				if !strings.Contains(out, "  "+job+"  ") {
					t.Errorf("no line of %s in\n%s", job, out)
				}
			}
			var status struct {
				run.Overview
				Runs     []run.Summary
				Datasets []run.DatasetState
			}
			decode(t, lake.run(t, 0, "status", "sales"), &status)
			if status.State != run.Succeeded || status.LastRun != started.RunID || len(status.Runs) != 6 {
				t.Errorf("%+v", status)
			}
			orders := status.Datasets[slices.IndexFunc(status.Datasets, func(d run.DatasetState) bool { return d.Name == "orders" })]
			if orders.Read != rowsPerFile || orders.Staged != ordersPerDay || orders.Quarantined != 1 || orders.LastRun != started.RunID ||
				orders.Classification != "internal" || orders.LastSuccess.Before(status.Started.Truncate(time.Second)) {
				t.Errorf("the catalog says %+v", orders)
			}
			days = 7
			lake.expectOrders(t, sales, days)
		})
	}

	step(t, "maintenance keeps every row", func(t *testing.T) {
		id, state := lake.runJob(t, sales.Jobs["table-maintenance"].Name, nil)
		if state.JobRunState != gluetypes.JobRunStateSucceeded {
			t.Fatalf("%s: %s", state.JobRunState, aws.ToString(state.ErrorMessage))
		}
		var report run.JobReport
		decode(t, lake.object(t, sales.ReportURI+"/"+id+"/table-maintenance.json"), &report)
		kept := map[string]bool{}
		for _, table := range report.Tables {
			kept[table.Name] = table.Error == ""
		}
		want := map[string]bool{
			"staged.orders": true, "staged.customers": true, "analytics.sales_per_day": true,
			"quarantine.rejected_rows": true, "quarantine.ingested_files": true,
		}
		if !maps.Equal(kept, want) {
			t.Errorf("%+v", report.Tables)
		}
		lake.expectOrders(t, sales, days)
	})
	lake.endsClean(t)
}

// endsClean shows that runs leave no drift, and that nothing is left of the lake.
func (l *lake) endsClean(t *testing.T) {
	t.Helper()
	step(t, "second up changes nothing", func(t *testing.T) {
		l.expectNoChanges(t, l.deploy(t, "up"))
		l.run(t, 0, "preview", "--expect-no-changes")
	})
	step(t, "destroy leaves nothing", func(t *testing.T) {
		l.deploy(t, "destroy", "--delete-data")
		l.checkEmpty(t)
		l.checkNothingWatches(t)
	})
}

// newSmall gives a lake in a copy of the project folders, whose pipelines are those of a folder of testdata. Its raw
// files come from the folder files.
func newSmall(t *testing.T, name string) *lake {
	t.Helper()
	lake := newRehearsal(t)
	lake.environment = "local"
	for _, folder := range []string{"datasets", "analytics", "quality", "pipelines"} {
		if err := os.RemoveAll(filepath.Join(lake.root, "mpp", folder)); err != nil {
			t.Fatal(err)
		}
	}
	copyTree(t, filepath.Join("testdata", name), filepath.Join(lake.root, "mpp"))
	lake.change(t, "mpp", "uploads: ../.tarn/raw", "uploads: ../files")
	return lake
}

// raw writes a raw file; the next upload brings it to the lake.
func (l *lake) raw(t *testing.T, name, content string) {
	t.Helper()
	file := filepath.Join(l.root, "files", name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// orders writes the orders of a day. The amount of the second one can be another.
func (l *lake) orders(t *testing.T, day int, second string) {
	t.Helper()
	date := fmt.Sprintf("2026-11-%02d", day)
	var lines strings.Builder
	fmt.Fprintf(&lines, "order_id,ordered_on,customer,amount,updated_at\n%d,%s,c0,1.00,%s 07:00:00\n", orderID(day, 0), date, date)
	for i := range ordersPerDay {
		amount := fmt.Sprintf("%d.%02d", cents(day, i)/100, cents(day, i)%100)
		if i == 1 && second != "" {
			amount = second
		}
		fmt.Fprintf(&lines, "%d,%s,c%d,%s,%s 08:00:00\n", orderID(day, i), date, i%customers, amount, date)
	}
	fmt.Fprintf(&lines, "%d,%s,c1,unknown,%s 09:00:00\n", orderID(day, ordersPerDay), date, date)
	l.raw(t, "sales/orders/"+date+".csv", lines.String())
}

func orderID(day, i int) int { return day*1000 + i }

func cents(day, i int) int { return 100 + day*7 + i*i*13 }

func (l *lake) customers(t *testing.T) {
	t.Helper()
	lines := "{\"customer\": \"c0\"\n" // cut off
	for i := range customers {
		lines += fmt.Sprintf("{\"customer\": \"c%d\", \"country\": %q}\n", i, country(i))
	}
	l.raw(t, "sales/customers/2026-11-01.json", lines)
}

func country(customer int) string { return []string{"NO", "PT"}[customer%2] }

// expectOrders computes what there must be after so many days, without anything of the pipeline's.
func (l *lake) expectOrders(t *testing.T, sales contract.Pipeline, days int) {
	t.Helper()
	type group struct{ orders, cents int }
	groups := map[string]group{}
	all := 0
	for day := 1; day <= days; day++ {
		for i := range ordersPerDay {
			key := fmt.Sprintf("2026-11-%02d %s", day, country(i%customers))
			groups[key] = group{groups[key].orders + 1, groups[key].cents + cents(day, i)}
			all += cents(day, i)
		}
	}
	ask := func(want [][]string, sql string) {
		t.Helper()
		var asked answer
		decode(t, l.run(t, 0, "query", "sales", sql), &asked)
		if !reflect.DeepEqual(asked.Rows, want) {
			t.Errorf("%s\ngives %v\nwant  %v", sql, asked.Rows, want)
		}
	}
	rows := fmt.Sprint(days * ordersPerDay)
	ask([][]string{{rows, rows, fmt.Sprintf("%d.%02d", all/100, all%100)}},
		"SELECT count(*), count(DISTINCT order_id), sum(amount) FROM "+sales.StagedDatabase+".orders")
	var want [][]string
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		date, where, _ := strings.Cut(key, " ")
		want = append(want, []string{date, where, fmt.Sprint(groups[key].orders),
			fmt.Sprintf("%d.%02d", groups[key].cents/100, groups[key].cents%100)})
	}
	ask(want, "SELECT ordered_on, country, orders, total FROM sales_per_day ORDER BY ordered_on, country")
}

// published gives the snapshot that everybody reads of each table of a pipeline: that of its branch main.
func (l *lake) published(t *testing.T, p contract.Pipeline) map[string]string {
	t.Helper()
	client, found := glue.NewFromConfig(l.aws(t)), map[string]string{}
	for _, database := range []string{p.StagedDatabase, p.Database} {
		tables, err := client.GetTables(t.Context(), &glue.GetTablesInput{DatabaseName: &database})
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range tables.TableList {
			if table.Parameters["metadata_location"] == "" {
				continue // a view
			}
			var metadata struct {
				Current int64 `json:"current-snapshot-id"`
			}
			decode(t, l.object(t, table.Parameters["metadata_location"]), &metadata)
			found[*table.Name] = fmt.Sprint(metadata.Current)
		}
	}
	if len(found) == 0 {
		t.Fatal("no table")
	}
	return found
}

// object reads s3://bucket/key.
func (l *lake) object(t *testing.T, uri string) string {
	t.Helper()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	client := s3.NewFromConfig(l.aws(t), func(o *s3.Options) { o.UsePathStyle = true })
	object, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatalf("%s: %v", uri, err)
	}
	defer object.Body.Close()
	content, err := io.ReadAll(object.Body)
	if err != nil {
		t.Fatalf("%s: %v", uri, err)
	}
	return string(content)
}

// deployed reads what the stack says of a pipeline.
func (l *lake) deployed(t *testing.T, pipeline string) contract.Pipeline {
	t.Helper()
	var all map[string]struct{ Pipelines map[string]contract.Pipeline }
	decode(t, l.run(t, 0, "outputs"), &all)
	found, ok := all["mpp"].Pipelines[pipeline]
	if !ok {
		t.Fatalf("pipeline %s is not deployed: %v", pipeline, all["mpp"])
	}
	return found
}

// operation is what `tarn run` reports.
type operation struct {
	RunID, ResumedFrom string
	OK                 bool
	Jobs               []run.JobReport
}

func (l *lake) operate(t *testing.T, code int, args ...string) operation {
	t.Helper()
	var report operation
	decode(t, l.run(t, code, args...), &report)
	return report
}

func datasetOf(t *testing.T, jobs []run.JobReport, job, name string) run.RowCount {
	t.Helper()
	for _, report := range jobs {
		for _, dataset := range report.Datasets {
			if report.Job == job && dataset.Name == name {
				return dataset
			}
		}
	}
	t.Fatalf("no report of %s on %s in %+v", job, name, jobs)
	return run.RowCount{}
}

func tableOf(t *testing.T, jobs []run.JobReport, name string) run.RowCount {
	t.Helper()
	for _, report := range jobs {
		for _, table := range report.Tables {
			if table.Name == name {
				return table
			}
		}
	}
	t.Fatalf("no report on %s in %+v", name, jobs)
	return run.RowCount{}
}

// checkSums expects that every record that was read is somewhere.
func checkSums(t *testing.T, jobs []run.JobReport) {
	t.Helper()
	for _, job := range jobs {
		for _, d := range job.Datasets {
			if job.Job == "raw-to-staged" && d.Read != d.Valid+d.Quarantined+d.Superseded {
				t.Errorf("%+v", d)
			}
		}
	}
}

// expectLog expects a line of a job in a log.
func (l *lake) expectLog(t *testing.T, text, job string, args ...string) {
	t.Helper()
	var log struct{ Lines []run.Line }
	decode(t, l.run(t, 0, append([]string{"logs"}, args...)...), &log)
	if !slices.ContainsFunc(log.Lines, func(line run.Line) bool { return line.Job == job && strings.Contains(line.Text, text) }) {
		t.Errorf("tarn logs %v has no line of %s with %q among %d: %.3000v", args, job, text, len(log.Lines), log.Lines)
	}
}

// person runs tarn as a person reads it, not a machine, and gives what it prints.
func (l *lake) person(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), l.binary, append(args, "--root", l.root, "--env", l.environment)...)
	command.Env = append(append(os.Environ(), "TARN_STATE="+l.state), l.variables...)
	var problems strings.Builder
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("tarn %v: %v\n%s\n%s", args, err, out, problems.String())
	}
	return string(out)
}

// expectMetrics compares the metrics of the first run with its report.
func (l *lake) expectMetrics(t *testing.T, p contract.Pipeline, report operation) {
	t.Helper()
	sum := func(metric string, dimensions ...string) float64 {
		t.Helper()
		dimensions = append([]string{"Pipeline", p.MetricsName}, dimensions...)
		query := url.Values{
			"Namespace": {"Tarn"}, "MetricName": {metric}, "Period": {"86400"}, "Statistics.member.1": {"Sum"},
			"StartTime": {time.Now().Add(-12 * time.Hour).UTC().Format(time.RFC3339)}, "EndTime": {time.Now().Add(time.Hour).UTC().Format(time.RFC3339)},
		}
		for i := 0; i+1 < len(dimensions); i += 2 {
			member := fmt.Sprintf("Dimensions.member.%d.", i/2+1)
			query.Set(member+"Name", dimensions[i])
			query.Set(member+"Value", dimensions[i+1])
		}
		var answer struct {
			Sums []float64 `xml:"GetMetricStatisticsResult>Datapoints>member>Sum"`
		}
		l.cloudwatch(t, "GetMetricStatistics", query, &answer)
		if len(answer.Sums) == 0 {
			t.Errorf("no metric %s of %v", metric, dimensions)
		}
		total := 0.0
		for _, sum := range answer.Sums {
			total += sum
		}
		return total
	}
	var read, quarantined int64
	for _, name := range []string{"orders", "customers"} {
		d := datasetOf(t, report.Jobs, "raw-to-staged", name)
		read, quarantined = read+d.Read, quarantined+d.Quarantined
		for metric, want := range map[string]int64{"RowsRead": d.Read, "RowsStaged": d.Valid, "RowsQuarantined": d.Quarantined} {
			if got := sum(metric, "Dataset", name); got != float64(want) {
				t.Errorf("%s of %s is %v, want %d", metric, name, got, want)
			}
		}
	}
	if got, want := sum("QuarantineRatio"), float64(quarantined)/float64(read); got != want {
		t.Errorf("QuarantineRatio is %v, want %v", got, want)
	}
	if got := sum("Succeeded"); got != 1 {
		t.Errorf("Succeeded is %v", got)
	}
	for _, job := range []string{"raw-to-staged", "quality-gate", "staged-to-analytics"} {
		if got := sum("DurationSeconds", "Job", job); got <= 0 {
			t.Errorf("DurationSeconds of %s is %v", job, got)
		}
		if got := sum("Failed", "Job", job); got != 0 {
			t.Errorf("Failed of %s is %v", job, got)
		}
	}
}

// cloudwatch asks CloudWatch in the older of its protocols: the Go client speaks only one that the emulator does not know.
func (l *lake) cloudwatch(t *testing.T, action string, query url.Values, into any) {
	t.Helper()
	query.Set("Action", action)
	query.Set("Version", "2010-08-01")
	body, settings := query.Encode(), l.aws(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, *settings.BaseEndpoint, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	who, err := settings.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(t.Context(), who, request, hex.EncodeToString(hash[:]), "monitoring", settings.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v\n%s", action, response.Status, err, content)
	}
	if err := xml.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v in\n%s", action, err, content)
	}
}

// runJob starts a job that is in no workflow, and waits for its end.
func (l *lake) runJob(t *testing.T, job string, arguments map[string]string) (string, *gluetypes.JobRun) {
	t.Helper()
	client := glue.NewFromConfig(l.aws(t))
	started, err := client.StartJobRun(t.Context(), &glue.StartJobRunInput{JobName: &job, Arguments: arguments})
	if err != nil {
		t.Fatal(err)
	}
	id := aws.ToString(started.JobRunId)
	return id, l.waitForJob(t, job, id, func(r *gluetypes.JobRun) bool { return r.CompletedOn != nil })
}

// waitForJob waits until a run of a job is as wanted.
func (l *lake) waitForJob(t *testing.T, job, id string, wanted func(r *gluetypes.JobRun) bool) *gluetypes.JobRun {
	t.Helper()
	client := glue.NewFromConfig(l.aws(t))
	var last *gluetypes.JobRun
	await(t, "job "+job, func() bool {
		found, err := client.GetJobRun(t.Context(), &glue.GetJobRunInput{JobName: &job, RunId: &id})
		if err != nil {
			t.Fatal(err)
		}
		last = found.JobRun
		return wanted(last)
	})
	return last
}

// await asks until it is so. Nothing of these lakes takes so long, even on a busy machine.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for range 3600 {
		if so() {
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}
