package alerting

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Limits of CloudWatch (CloudWatch API Reference, PutMetricAlarm).
const (
	maxAlarmName   = 255
	maxDescription = 1024
	// An alarm looks back no further than a week, with periods below an hour no further than a day.
	maxLookBack      = 7 * 24 * hour
	maxShortLookBack = 24 * hour
	hour             = 3600
)

// What an alarm makes of periods without data. Pipelines run now and then, so most periods have none.
const (
	missingIsGood = "notBreaching"
	missingIsBad  = "breaching"
	missingKeeps  = "ignore" // the state stays until there is news
)

// period is the shortest time that everything but freshness is looked at for: runs take minutes at least.
const period = 300

// alarm is a metric alarm before it is made.
type alarm struct {
	name        string // the last part of the alarm's
	description string // what has happened, and what to do about it
	namespace   string
	metric      string
	dimensions  pulumi.StringMap
	statistic   string
	comparison  string
	threshold   float64
	period      int // seconds
	periods     int // how many of them in a row
	missing     string
	// The way back to OK says something. Where it does not, it would only say that some minutes have passed.
	recovers bool
}

// above gives the alarm with what those that watch a greatest value have in common.
func (a alarm) above(threshold float64) alarm {
	a.statistic, a.comparison, a.threshold = "Maximum", "GreaterThanThreshold", threshold
	a.period, a.periods = period, 1
	return a
}

func (a alarm) validate(name string) error {
	var problems []error
	add := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("alarm %s: "+format, append([]any{name}, args...)...))
	}
	if len(name) > maxAlarmName {
		add("its name has %d characters, CloudWatch allows %d: shorten the pipeline's name", len(name), maxAlarmName)
	}
	if len(a.description) > maxDescription {
		add("its description has %d characters, CloudWatch allows %d: shorten the pipeline's name", len(a.description), maxDescription)
	}
	if a.period < 60 || a.period%60 != 0 || a.periods < 1 {
		add("%d periods of %d s: CloudWatch wants one or more, of a multiple of 60 s", a.periods, a.period)
	}
	most := maxLookBack
	if a.period < hour {
		most = maxShortLookBack
	}
	if a.period*a.periods > most {
		add("%d periods of %d s are more than the %d s that CloudWatch looks back", a.periods, a.period, most)
	}
	return errors.Join(problems...)
}

// make makes the alarm. Its actions are on and have a target.
func (a alarm) make(
	ctx *pulumi.Context, name, physical string, args *WatchArgs, opts ...pulumi.ResourceOption,
) (*cloudwatch.MetricAlarm, error) {
	actions := pulumi.Array{args.Alerts.TopicARN}
	made := &cloudwatch.MetricAlarmArgs{
		Name:               pulumi.String(physical),
		AlarmDescription:   pulumi.String(a.description),
		Namespace:          pulumi.String(a.namespace),
		MetricName:         pulumi.String(a.metric),
		Dimensions:         a.dimensions,
		Statistic:          pulumi.String(a.statistic),
		ComparisonOperator: pulumi.String(a.comparison),
		Threshold:          pulumi.Float64(a.threshold),
		Period:             pulumi.Int(a.period),
		EvaluationPeriods:  pulumi.Int(a.periods),
		DatapointsToAlarm:  pulumi.Int(a.periods),
		TreatMissingData:   pulumi.String(a.missing),
		ActionsEnabled:     pulumi.Bool(true),
		AlarmActions:       actions,
		Tags:               args.Tags,
	}
	if a.recovers {
		made.OkActions = actions
	}
	return cloudwatch.NewMetricAlarm(ctx, name, made, opts...)
}
