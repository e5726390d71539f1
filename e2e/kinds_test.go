package e2e

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/run"
)

const alerted = "plant@example.com"

// TestKindsOfPipelines has a pipeline that starts when files arrive, with users' own jobs of every kind and tables that
// the Data Catalog keeps in order, beside one with a schedule in the same domain.
func TestKindsOfPipelines(t *testing.T) {
	lake := newSmall(t, "kinds")
	lake.change(t, "datalake", "        rawPrefixes: [nycflights13]", "        rawPrefixes: [nycflights13]\n      plant:\n        rawPrefixes: [plant]")
	lake.change(t, "mpp", "    uploads: ", "    schedules: true\n    alerts: {emails: ["+alerted+"]}\n    uploads: ")
	lake.raw(t, "plant/sites/sites.csv", "sensor,site\ns1,roof\n") // of the other pipeline
	lake.run(t, 0, "local", "up", "--enforce-iam")
	step(t, "up", func(t *testing.T) { lake.deploy(t, "up") })
	sensors := lake.deployed(t, "sensors")
	catalog := glue.NewFromConfig(lake.aws(t))

	step(t, "what starts by itself is on, and somebody is told", func(t *testing.T) { lake.checkStarts(t) })
	step(t, "a file beside the prefix starts nothing, one below it does", func(t *testing.T) {
		lake.raw(t, "plant/readings-of-others/a.json", reading("s9", 1, "99.5"))
		lake.run(t, 0, "upload")
		between := time.Now().Truncate(time.Second)
		lake.raw(t, "plant/readings/a.json", reading("s1", 1, "20.25")+reading("s1", 2, "31.5")+reading("s2", 1, "18.0")+reading("s2", 2, "warm"))
		lake.run(t, 0, "upload")
		started := lake.waitForRuns(t, sensors, 1)
		if ids := started[0].WorkflowRunProperties["aws:eventIds"]; ids == "" || strings.Contains(ids, ",") {
			t.Errorf("events %q, want one", ids)
		}
		if started[0].StartedOn.Before(between) {
			t.Errorf("the run has started at %s, but the file came after %s", started[0].StartedOn, between)
		}
		lake.expectSensors(t, sensors, [][]string{{"s1", "2", "31.5"}, {"s2", "1", "18.0"}})
		lake.expectQueues(t, sensors)
	})
	step(t, "the users' own jobs have run", func(t *testing.T) {
		lake.expectLog(t, "Hottest: s1 with 31.5 degrees", "summarize", "sensors", "--job", "summarize")
		lake.expectLog(t, "announced: Hottest: s1 with 31.5 degrees", "announce", "sensors", "--job", "announce")
		var last struct {
			run.Summary
			Jobs []run.JobReport
		}
		decode(t, lake.run(t, 0, "status", "sensors", "last"), &last)
		if last.State != run.Succeeded || len(last.Nodes) != 5 || last.DPUHours <= 0 {
			t.Errorf("%+v", last)
		}
		checkSums(t, last.Jobs)
	})
	step(t, "a second file starts a second run, which reads that one only", func(t *testing.T) {
		lake.raw(t, "plant/readings/b.json", reading("s2", 3, "40.0"))
		lake.run(t, 0, "upload")
		lake.waitForRuns(t, sensors, 2)
		lake.expectSensors(t, sensors, [][]string{{"s1", "2", "31.5"}, {"s2", "2", "40.0"}})
		lake.expectLog(t, "readings: read 1, staged 1", "raw-to-staged", "sensors")
		lake.expectQueues(t, sensors)
	})
	step(t, "a streaming job runs until it is stopped", func(t *testing.T) {
		job := sensors.Jobs["watch"]
		started, err := catalog.StartJobRun(t.Context(), &glue.StartJobRunInput{JobName: &job.Name})
		if err != nil {
			t.Fatal(err)
		}
		id := *started.JobRunId
		await(t, "the first batch", func() bool {
			lines := lake.streamLines(t, job.LogGroups.Output, id)
			state := lake.waitForJob(t, job.Name, id, func(*gluetypes.JobRun) bool { return true })
			if state.CompletedOn != nil {
				t.Fatalf("%s: %s\n%s", state.JobRunState, aws.ToString(state.ErrorMessage), strings.Join(lines, "\n"))
			}
			return slices.Contains(lines, "batch 0: 5 readings")
		})
		if _, err := catalog.BatchStopJobRun(t.Context(), &glue.BatchStopJobRunInput{JobName: &job.Name, JobRunIds: []string{id}}); err != nil {
			t.Fatal(err)
		}
		state := lake.waitForJob(t, job.Name, id, func(r *gluetypes.JobRun) bool { return r.CompletedOn != nil })
		if state.JobRunState != gluetypes.JobRunStateStopped {
			t.Errorf("%s: %s", state.JobRunState, aws.ToString(state.ErrorMessage))
		}
		lake.waitForNoSpark(t)
	})
	step(t, "maintenance leaves the tables to the catalog's optimizers", func(t *testing.T) {
		_, state := lake.runJob(t, sensors.Jobs["table-maintenance"].Name, nil)
		if state.JobRunState != gluetypes.JobRunStateSucceeded {
			t.Fatalf("%s: %s", state.JobRunState, aws.ToString(state.ErrorMessage))
		}
		lake.checkOptimizers(t, sensors)
		lake.expectSensors(t, sensors, [][]string{{"s1", "2", "31.5"}, {"s2", "2", "40.0"}})
	})
	step(t, "the crawler has described the raw files of the domain", func(t *testing.T) {
		tables, err := catalog.GetTables(t.Context(), &glue.GetTablesInput{DatabaseName: aws.String("tarn_local_raw_plant")})
		if err != nil {
			t.Fatal(err)
		}
		found, _ := names(tables.TableList, nil, func(i int) *string { return tables.TableList[i].Name })
		if want := []string{"readings", "sites"}; !reflect.DeepEqual(slices.Sorted(slices.Values(found)), want) {
			t.Errorf("raw tables %v, want %v", found, want)
		}
	})
	lake.endsClean(t)
}

func reading(sensor string, hour int, degrees string) string {
	if degrees == "warm" {
		degrees = `"warm"`
	}
	return fmt.Sprintf("{\"sensor\": %q, \"measured_at\": \"2026-11-01 %02d:00:00\", \"degrees\": %s}\n", sensor, hour, degrees)
}

// checkStarts looks at rule, triggers, alarms and the address that gets them.
func (l *lake) checkStarts(t *testing.T) {
	t.Helper()
	settings, ctx := l.aws(t), t.Context()
	rule, err := eventbridge.NewFromConfig(settings).DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("tarn-local-sensors-arrival")})
	if err != nil || rule.State != eventtypes.RuleStateEnabled {
		t.Errorf("rule of arrivals: %+v, %v", rule, err)
	}
	for _, name := range []string{"tarn-local-sites-start", "tarn-local-sensors-table-maintenance"} {
		trigger, err := glue.NewFromConfig(settings).GetTrigger(ctx, &glue.GetTriggerInput{Name: &name})
		if err != nil {
			t.Error(err)
		} else if trigger.Trigger.State != gluetypes.TriggerStateActivated || trigger.Trigger.Schedule == nil {
			t.Errorf("%+v", trigger.Trigger)
		}
	}
	topics := sns.NewFromConfig(settings)
	subscribed, err := topics.ListSubscriptions(ctx, &sns.ListSubscriptionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	if len(subscribed.Subscriptions) != 1 || aws.ToString(subscribed.Subscriptions[0].Endpoint) != alerted {
		t.Fatalf("%+v", subscribed.Subscriptions)
	}
	topic := aws.ToString(subscribed.Subscriptions[0].TopicArn)
	var alarms []string
	for _, alarm := range l.alarms(t) {
		alarms = append(alarms, strings.TrimPrefix(alarm.Name, "tarn-local-"))
		if !slices.Equal(alarm.Actions, []string{topic}) {
			t.Errorf("%s tells %v, want %s", alarm.Name, alarm.Actions, topic)
		}
	}
	for _, want := range []string{
		"sensors-failed", "sensors-late", "sensors-quarantine", "sensors-slow-raw-to-staged", "sensors-slow-staged-to-analytics",
		"sensors-timed-out", "sensors-undelivered", "sites-failed", "sites-quarantine", "sites-slow-raw-to-staged",
	} {
		if !slices.Contains(alarms, want) {
			t.Errorf("no alarm %s among %v", want, alarms)
		}
	}
}

type alarm struct {
	Name    string   `xml:"AlarmName"`
	Actions []string `xml:"AlarmActions>member"`
}

func (l *lake) alarms(t *testing.T) []alarm {
	t.Helper()
	var found struct {
		Alarms []alarm `xml:"DescribeAlarmsResult>MetricAlarms>member"`
	}
	l.cloudwatch(t, "DescribeAlarms", url.Values{}, &found)
	return found.Alarms
}

// waitForRuns waits until so many runs of a pipeline have ended, which nobody has started by hand, and gives them.
func (l *lake) waitForRuns(t *testing.T, p contract.Pipeline, count int) []gluetypes.WorkflowRun {
	t.Helper()
	client := glue.NewFromConfig(l.aws(t))
	var runs []gluetypes.WorkflowRun
	await(t, fmt.Sprintf("%d runs of %s", count, p.Workflow), func() bool {
		answer, err := client.GetWorkflowRuns(t.Context(), &glue.GetWorkflowRunsInput{Name: &p.Workflow})
		if err != nil {
			t.Fatal(err)
		}
		runs = answer.Runs
		return len(runs) >= count && !slices.ContainsFunc(runs, func(r gluetypes.WorkflowRun) bool { return r.CompletedOn == nil })
	})
	for _, r := range runs {
		if r.Statistics.FailedActions+r.Statistics.TimeoutActions+r.Statistics.StoppedActions > 0 {
			t.Fatalf("%s: %s %+v\n%s", *r.WorkflowRunId, r.Status, r.Statistics, l.person(t, "status", "sensors", *r.WorkflowRunId))
		}
	}
	if len(runs) != count {
		t.Fatalf("%d runs, want %d", len(runs), count)
	}
	return runs
}

// expectQueues expects that no message is left: neither to read, nor hidden, nor put aside.
func (l *lake) expectQueues(t *testing.T, p contract.Pipeline) {
	t.Helper()
	client := sqs.NewFromConfig(l.aws(t))
	for _, queue := range []string{p.ArrivalsQueue, strings.Replace(p.ArrivalsQueue, "-arrivals", "-undelivered", 1)} {
		found, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
			QueueUrl: &queue, AttributeNames: []sqstypes.QueueAttributeName{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"},
		})
		if err != nil {
			t.Fatalf("%s: %v", queue, err)
		}
		for name, number := range found.Attributes {
			if number != "0" {
				t.Errorf("%s: %s %s", queue, number, name)
			}
		}
	}
}

func (l *lake) expectSensors(t *testing.T, p contract.Pipeline, want [][]string) {
	t.Helper()
	var asked answer
	decode(t, l.run(t, 0, "query", "sensors", "SELECT sensor, readings, degrees FROM hottest ORDER BY sensor"), &asked)
	if !reflect.DeepEqual(asked.Rows, want) {
		t.Errorf("hottest has %v, want %v", asked.Rows, want)
	}
	decode(t, l.run(t, 0, "query", "sensors", "SELECT count(*) FROM "+p.QuarantineDatabase+".rejected_rows WHERE dataset = 'readings'"), &asked)
	if fmt.Sprint(asked.Rows) != "[[1]]" {
		t.Errorf("%v records were rejected, want one", asked.Rows)
	}
}

// checkOptimizers expects the three optimizers of both tables, with the role that was made for them.
func (l *lake) checkOptimizers(t *testing.T, p contract.Pipeline) {
	t.Helper()
	client := glue.NewFromConfig(l.aws(t))
	for database, table := range map[string]string{p.StagedDatabase: "readings", p.Database: "hottest"} {
		for _, kind := range []gluetypes.TableOptimizerType{"compaction", "retention", "orphan_file_deletion"} {
			found, err := client.GetTableOptimizer(t.Context(), &glue.GetTableOptimizerInput{
				CatalogId: aws.String("123456789012"), DatabaseName: &database, TableName: &table, Type: kind,
			})
			if err != nil {
				t.Errorf("%s of %s: %v", kind, table, err)
				continue
			}
			c := found.TableOptimizer.Configuration
			if !aws.ToBool(c.Enabled) || !strings.HasSuffix(aws.ToString(c.RoleArn), "tarn-local-sensors-optimizer") {
				t.Errorf("%s of %s: %+v", kind, table, c)
			}
			if kind == "retention" && *c.RetentionConfiguration.IcebergConfiguration.SnapshotRetentionPeriodInDays != 5 {
				t.Errorf("%+v", c.RetentionConfiguration.IcebergConfiguration)
			}
		}
	}
}

// streamLines gives what a run of a job has printed.
func (l *lake) streamLines(t *testing.T, group, id string) []string {
	t.Helper()
	found, err := cloudwatchlogs.NewFromConfig(l.aws(t)).GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: &group, LogStreamName: &id, StartFromHead: aws.Bool(true),
	})
	var none *logtypes.ResourceNotFoundException
	if errors.As(err, &none) {
		return nil // nothing printed yet
	}
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, event := range found.Events {
		lines = append(lines, strings.TrimSpace(*event.Message))
	}
	return lines
}

// checkNothingWatches looks for anything left of what tells of files and of trouble.
func (l *lake) checkNothingWatches(t *testing.T) {
	t.Helper()
	settings, ctx := l.aws(t), t.Context()
	expectNone(t, "queue", func() ([]string, error) {
		out, err := sqs.NewFromConfig(settings).ListQueues(ctx, &sqs.ListQueuesInput{})
		if err != nil {
			return nil, err
		}
		return out.QueueUrls, nil
	})
	expectNone(t, "topic", func() ([]string, error) {
		out, err := sns.NewFromConfig(settings).ListTopics(ctx, &sns.ListTopicsInput{})
		if err != nil {
			return nil, err
		}
		return names(out.Topics, err, func(i int) *string { return out.Topics[i].TopicArn })
	})
	for _, alarm := range l.alarms(t) {
		t.Errorf("alarm %s is left", alarm.Name)
	}
	var dashboards struct {
		Names []string `xml:"ListDashboardsResult>DashboardEntries>member>DashboardName"`
	}
	l.cloudwatch(t, "ListDashboards", url.Values{}, &dashboards)
	for _, name := range dashboards.Names {
		t.Errorf("dashboard %s is left", name)
	}
	expectNone(t, "rule", func() ([]string, error) {
		out, err := eventbridge.NewFromConfig(settings).ListRules(ctx, &eventbridge.ListRulesInput{})
		if err != nil {
			return nil, err
		}
		return names(out.Rules, err, func(i int) *string { return out.Rules[i].Name })
	})
	catalog := glue.NewFromConfig(settings)
	expectNone(t, "ruleset", func() ([]string, error) {
		out, err := catalog.ListDataQualityRulesets(ctx, &glue.ListDataQualityRulesetsInput{})
		if err != nil {
			return nil, err
		}
		return names(out.Rulesets, err, func(i int) *string { return out.Rulesets[i].Name })
	})
	expectNone(t, "security configuration", func() ([]string, error) {
		out, err := catalog.GetSecurityConfigurations(ctx, &glue.GetSecurityConfigurationsInput{})
		if err != nil {
			return nil, err
		}
		return names(out.SecurityConfigurations, err, func(i int) *string { return aws.String(*out.SecurityConfigurations[i].Name) })
	})
}
