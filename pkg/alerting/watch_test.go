package alerting

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/pulumitest"
)

var (
	testScope   = naming.Scope{Organization: "tarn", Environment: "test"}
	testAccount = account.Account{ID: pulumitest.AccountID, Region: pulumitest.Region}
	testKey     = testAccount.ARN("kms", "key/1234")
	testBound   = testAccount.GlobalARN("iam", "policy/boundary")
)

// flights is a pipeline with everything.
func flights() *WatchArgs {
	return &WatchArgs{
		Scope: testScope,
		Pipeline: dataset.Pipeline{
			Name: "flights", Domain: "flights",
			Datasets: []dataset.Dataset{{Name: "a", FreshnessHours: 30}, {Name: "b", FreshnessHours: 26}, {Name: "c"}},
			Jobs:     []dataset.Job{{Name: "export"}},
		},
		Workflow: "tarn-test-flights",
		Jobs: map[string]pulumi.StringInput{
			"raw-to-staged": pulumi.String("tarn-test-flights-raw-to-staged"),
			"quality-gate":  pulumi.String("tarn-test-flights-quality-gate"),
			"export":        pulumi.String("tarn-test-flights-export"),
		},
		TimeoutMinutes: map[string]int{"raw-to-staged": 60, "quality-gate": 40, "export": 10},
		Crawler:        pulumi.String("tarn-test-flights-raw-crawler"),
		DLQ:            pulumi.String("tarn-test-flights-undelivered"),
		Tags:           pulumi.StringMap{},
	}
}

// deploy makes the alerts and the watch of a pipeline, and a dashboard.
func deploy(t *testing.T, settings Settings, args *WatchArgs) *pulumitest.Recorder {
	t.Helper()
	recorder := &pulumitest.Recorder{}
	err := recorder.Run(t, func(ctx *pulumi.Context) error {
		alerts, err := New(ctx, "alerts", &Args{
			Scope: testScope, Account: testAccount, KeyARN: pulumi.String(testKey), BoundaryARN: pulumi.String(testBound),
			Settings: settings, Tags: pulumi.StringMap{},
		})
		if err != nil {
			return err
		}
		args.Alerts = alerts
		watch, err := NewWatch(ctx, "flights-watch", args)
		if err != nil {
			return err
		}
		_, err = NewDashboards(ctx, "dashboard", &DashboardArgs{Scope: testScope, Account: testAccount, Watches: []*Watch{watch}})
		return err
	}, "mpp", "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	return recorder
}

func alarmsByName(recorder *pulumitest.Recorder) map[string]map[string]any {
	found := map[string]map[string]any{}
	for _, alarm := range recorder.OfType("aws:cloudwatch/metricAlarm:MetricAlarm") {
		found[alarm.Inputs["name"].(string)] = alarm.Inputs
	}
	return found
}

func TestEveryAlarmHasAnActionAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	recorder := deploy(t, Settings{}, flights())
	alarms := alarmsByName(recorder)
	for _, want := range []string{
		"failed", "timed-out", "slow-raw-to-staged", "slow-quality-gate", "quarantine", "late", "undelivered",
	} {
		if alarms["tarn-test-flights-"+want] == nil {
			t.Errorf("there is no alarm %s", want)
		}
	}
	if len(alarms) != 7 { // none for the user's job, which publishes no metrics
		t.Errorf("%d alarms", len(alarms))
	}
	topic := testAccount.ARN("sns", "tarn-test-alerts")
	for name, alarm := range alarms {
		actions, _ := alarm["alarmActions"].([]any)
		if alarm["actionsEnabled"] != true || len(actions) != 1 || actions[0] != topic {
			t.Errorf("%s: enabled %v, actions %v", name, alarm["actionsEnabled"], actions)
		}
		if text, _ := alarm["alarmDescription"].(string); !strings.Contains(text, "`tarn ") || !strings.Contains(text, "flights --env test`") {
			t.Errorf("%s: the description does not say what to do: %s", name, text)
		}
	}
	for name, want := range map[string]string{
		"slow-raw-to-staged": "Tarn DurationSeconds map[Job:raw-to-staged Pipeline:tarn-test-flights] Maximum GreaterThanThreshold 2700 300 1 ignore true",
		"slow-quality-gate":  "Tarn DurationSeconds map[Job:quality-gate Pipeline:tarn-test-flights] Maximum GreaterThanThreshold 1800 300 1 ignore true",
		"quarantine":         "Tarn QuarantineRatio map[Pipeline:tarn-test-flights] Maximum GreaterThanThreshold 0.05 300 1 ignore true",
		"late":               "Tarn Succeeded map[Pipeline:tarn-test-flights] Sum LessThanThreshold 1 3600 26 breaching true",
		"failed":             "AWS/Events TriggeredRules map[RuleName:tarn-test-flights-failed] Sum GreaterThanThreshold 0 300 1 notBreaching false",
		"undelivered": "AWS/SQS ApproximateNumberOfMessagesVisible map[QueueName:tarn-test-flights-undelivered] " +
			"Maximum GreaterThanThreshold 0 300 1 notBreaching true",
	} {
		a := alarms["tarn-test-flights-"+name]
		got := fmt.Sprint(a["namespace"], " ", a["metricName"], " ", a["dimensions"], " ", a["statistic"], " ", a["comparisonOperator"], " ",
			a["threshold"], " ", a["period"], " ", a["evaluationPeriods"], " ", a["treatMissingData"], " ", a["okActions"] != nil)
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}

func TestSettingsOfAPipelineMoveItsAlarms(t *testing.T) {
	t.Parallel()
	args := flights()
	args.Pipeline.Alarms = dataset.Alarms{DurationMinutes: 30, QuarantineRatio: 0.5}
	args.OnDemand, args.DLQ, args.Crawler = true, nil, nil
	args.TimeoutMinutes["quality-gate"] = 0 // it has no end
	alarms := alarmsByName(deploy(t, Settings{}, args))
	for _, name := range []string{"late", "undelivered"} {
		if alarms["tarn-test-flights-"+name] != nil {
			t.Errorf("there is an alarm %s", name)
		}
	}
	for name, want := range map[string]float64{"slow-raw-to-staged": 1800, "slow-quality-gate": 1800, "quarantine": 0.5} {
		if got := alarms["tarn-test-flights-"+name]["threshold"]; got != want {
			t.Errorf("%s: threshold %v, want %v", name, got, want)
		}
	}
}

func TestRulesTellOfThePipelinesOwnJobsAndCrawler(t *testing.T) {
	t.Parallel()
	recorder := deploy(t, Settings{}, flights())
	for name, want := range map[string]string{
		"flights-watch-failed": `{"source":["aws.glue"],"$or":[{"detail-type":["Glue Job State Change"],"detail":{"jobName":` +
			`["tarn-test-flights-export","tarn-test-flights-quality-gate","tarn-test-flights-raw-to-staged"],"state":["FAILED","ERROR"]}},` +
			`{"detail-type":["Glue Crawler State Change"],"detail":{"crawlerName":["tarn-test-flights-raw-crawler"],"state":["Failed"]}}]}`,
		"flights-watch-timed-out": `{"source":["aws.glue"],"detail-type":["Glue Job State Change"],"detail":{"jobName":` +
			`["tarn-test-flights-export","tarn-test-flights-quality-gate","tarn-test-flights-raw-to-staged"],"state":["TIMEOUT"]}}`,
	} {
		if got := recorder.Named("aws:cloudwatch/eventRule:EventRule", name).Inputs["eventPattern"]; got != want {
			t.Errorf("%s:\ngot  %v\nwant %s", name, got, want)
		}
		target := recorder.Named("aws:cloudwatch/eventTarget:EventTarget", name+"-alert").Inputs
		transformer, _ := target["inputTransformer"].(map[string]any)
		template, _ := transformer["inputTemplate"].(string)
		var text string
		if err := json.Unmarshal([]byte(template), &text); err != nil || !strings.Contains(text, "tarn status flights --env test") {
			t.Errorf("%s: template %s, error %v", name, template, err)
		}
		paths, _ := transformer["inputPaths"].(map[string]any)
		for path := range paths {
			if !strings.Contains(template, "<"+path+">") {
				t.Errorf("%s: the template does not show %s", name, path)
			}
		}
		if len(paths) != 6 || target["roleArn"] != testAccount.GlobalARN("iam", "role/tarn/test/tarn-test-alerts") {
			t.Errorf("%s: paths %v, role %v", name, paths, target["roleArn"])
		}
	}
}

func TestTopicIsEncryptedAndOnlyAlarmsOfTheEnvironmentPublish(t *testing.T) {
	t.Parallel()
	recorder := deploy(t, Settings{Emails: []string{"team@example.com"}}, flights())
	topic := recorder.Named("aws:sns/topic:Topic", "alerts-topic").Inputs
	if topic["kmsMasterKeyId"] != testKey {
		t.Errorf("key %v", topic["kmsMasterKeyId"])
	}
	subscription := recorder.OfType("aws:sns/topicSubscription:TopicSubscription")
	if len(subscription) != 1 || subscription[0].Inputs["endpoint"] != "team@example.com" {
		t.Errorf("subscriptions %v", subscription)
	}
	document := pulumitest.Document(t, recorder.OfType("aws:sns/topicPolicy:TopicPolicy")[0], "policy")
	arn := testAccount.ARN("sns", "tarn-test-alerts")
	alarm := testAccount.ARN("cloudwatch", "alarm:tarn-test-flights-late")
	for _, test := range []struct {
		name, principal, source, account, secure string
		want                                     bool
	}{
		{"an alarm", alarms, alarm, testAccount.ID, "true", true},
		{"an alarm without TLS", alarms, alarm, testAccount.ID, "false", false},
		{"an alarm of another account", alarms, alarm, "999999999999", "true", false},
		{"an alarm of another environment", alarms, testAccount.ARN("cloudwatch", "alarm:tarn-prod-x"), testAccount.ID, "true", false},
		{"a rule without a role", events, testAccount.ARN("events", "rule/tarn-test-flights-failed"), testAccount.ID, "true", false},
	} {
		got, err := policy.Decide(policy.Request{
			Principal: test.principal, Account: testAccount.ID, Action: "sns:Publish", Resource: arn,
			Context: policy.Context{
				"aws:SourceArn": {test.source}, "aws:SourceAccount": {test.account}, "aws:SecureTransport": {test.secure},
			},
		}, policy.Policies{Resource: []policy.Document{document}})
		if err != nil || got.Allowed != test.want {
			t.Errorf("%s: %+v, error %v", test.name, got, err)
		}
	}
}

func TestRoleOfTheRulesIsLimited(t *testing.T) {
	t.Parallel()
	recorder := deploy(t, Settings{}, flights())
	role := recorder.Named("aws:iam/role:Role", "alerts-role")
	if role.Inputs["permissionsBoundary"] != testBound {
		t.Errorf("boundary %v", role.Inputs["permissionsBoundary"])
	}
	trust := pulumitest.Document(t, role, "assumeRolePolicy")
	for _, test := range []struct {
		account, source string
		want            bool
	}{
		{testAccount.ID, testAccount.ARN("events", "rule/tarn-test-flights-failed"), true},
		{"999999999999", testAccount.ARN("events", "rule/tarn-test-flights-failed"), false},
		{testAccount.ID, testAccount.ARN("events", "rule/tarn-prod-flights-failed"), false},
	} {
		got, err := policy.Decide(policy.Request{
			Principal: events, Account: testAccount.ID, Action: "sts:AssumeRole", Resource: "arn:aws:iam::" + testAccount.ID + ":role/x",
			Context: policy.Context{"aws:SourceArn": {test.source}, "aws:SourceAccount": {test.account}},
		}, policy.Policies{Resource: []policy.Document{trust}})
		if err != nil || got.Allowed != test.want {
			t.Errorf("%+v: %+v, error %v", test, got, err)
		}
	}
	for _, s := range pulumitest.Document(t, recorder.Named("aws:iam/rolePolicy:RolePolicy", "alerts-role-policy"), "policy").Statements {
		if slices.ContainsFunc(append(s.Actions, s.Resources...), func(text string) bool { return strings.Contains(text, "*") }) {
			t.Errorf("statement %s has a wildcard: %v on %v", s.Sid, s.Actions, s.Resources)
		}
	}
}

func TestAGivenTopicIsUsedAndNotMade(t *testing.T) {
	t.Parallel()
	given := testAccount.ARN("sns", "everybody")
	recorder := deploy(t, Settings{TopicARN: given}, flights())
	if made := len(recorder.OfType("aws:sns/topic:Topic")); made != 0 {
		t.Errorf("%d topics were made", made)
	}
	for name, alarm := range alarmsByName(recorder) {
		if fmt.Sprint(alarm["alarmActions"]) != "["+given+"]" {
			t.Errorf("%s: %v", name, alarm["alarmActions"])
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for want, settings := range map[string]Settings{
		"name one of the two":           {Emails: []string{"a@example.com"}, TopicARN: testAccount.ARN("sns", "x")},
		"alerts.topicArn \"x\"":         {TopicARN: "x"},
		"alerts.topicArn \"arn:aws:sns": {TopicARN: testAccount.ARN("sns", "x.fifo")},
		"alerts.emails[0] \"nobody\"":   {Emails: []string{"nobody"}},
		"alerts.emails[1] \"A <a@":      {Emails: []string{"b@example.com", "A <a@example.com>"}},
		"alerts.emails[1]: a@":          {Emails: []string{"a@example.com", "a@example.com"}},
	} {
		if err := settings.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %s", settings, err, want)
		}
	}
	if err := (Settings{Emails: []string{"a@example.com", "b@example.com"}}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestWatchIsChecked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		want string
		set  func(a *WatchArgs)
	}{
		{"", func(*WatchArgs) {}},
		{"", func(a *WatchArgs) {
			a.Pipeline.Datasets[0].FreshnessHours, a.Pipeline.Datasets[1].FreshnessHours = 168, 168
		}},
		{"data set a: freshness_hours 169", func(a *WatchArgs) { a.Pipeline.Datasets[0].FreshnessHours = 169 }},
		{"data set b: freshness_hours -1", func(a *WatchArgs) { a.Pipeline.Datasets[1].FreshnessHours = -1 }},
		{"alarms.duration_minutes -1", func(a *WatchArgs) { a.Pipeline.Alarms.DurationMinutes = -1 }},
		{"quality-gate is stopped after 40 minutes", func(a *WatchArgs) { a.Pipeline.Alarms.DurationMinutes = 40 }},
		{"", func(a *WatchArgs) { a.Pipeline.Alarms.DurationMinutes = 39 }},
		{"alarms.quarantine_ratio 1", func(a *WatchArgs) { a.Pipeline.Alarms.QuarantineRatio = 1 }},
		{"alarms.quarantine_ratio -0.1", func(a *WatchArgs) { a.Pipeline.Alarms.QuarantineRatio = -0.1 }},
		{"EventBridge allows 64", func(a *WatchArgs) { a.Pipeline.Name = strings.Repeat("x", 60) }},
		{"CloudWatch allows 255", func(a *WatchArgs) { a.Pipeline.Name = strings.Repeat("x", 250) }},
		{"EventBridge allows 2048", func(a *WatchArgs) {
			for i := range 60 {
				a.Jobs[fmt.Sprintf("export-%d", i)] = pulumi.String("x")
				a.Pipeline.Jobs = append(a.Pipeline.Jobs, dataset.Job{Name: fmt.Sprintf("export-%d", i)})
			}
		}},
	} {
		args := flights()
		test.set(args)
		err := args.Validate()
		if (test.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
}

// CloudWatch looks back a week with periods of an hour or more, a day with shorter ones.
func TestAlarmLooksBackAsFarAsCloudWatchLets(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		period, periods int
		ok              bool
	}{
		{300, 1, true}, {300, 288, true}, {300, 289, false}, {3540, 25, false}, {3600, 25, true}, {3600, 168, true}, {3600, 169, false},
		{86400, 7, true}, {86400, 8, false}, {90, 1, false}, {30, 1, false}, {60, 0, false},
	} {
		if err := (alarm{period: test.period, periods: test.periods}).validate("x"); (err == nil) != test.ok {
			t.Errorf("%d times %d s: %v", test.periods, test.period, err)
		}
	}
}
