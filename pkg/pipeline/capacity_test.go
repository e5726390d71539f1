package pipeline

import (
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/dataset"
)

// Each layer wins over the one before, field by field.
func TestCapacityIsInherited(t *testing.T) {
	t.Parallel()
	two, none, no, yes := 2, 0, false, true
	templates := dataset.Templates{
		"base":  {Name: "base", WorkerType: "G.2X", MaxWorkers: 20, SparkConf: map[string]string{"spark.a": "1", "spark.b": "1"}},
		"large": {Name: "large", Extends: "base", MaxWorkers: 50, MaxRetries: &two, SparkConf: map[string]string{"spark.b": "2"}},
	}
	template, err := templates.Merged("large")
	if err != nil {
		t.Fatal(err)
	}
	got := Effective(template,
		Capacity{MaxWorkers: 5, ExecutionClass: "FLEX", SparkConf: map[string]string{"spark.c": "3"}},
		Capacity{ExecutionClass: "STANDARD", MaxRetries: &none, SparkUI: &yes})
	if got.GlueVersion != "5.1" || got.WorkerType != "G.2X" || got.MaxWorkers != 5 || got.ExecutionClass != "STANDARD" ||
		got.TimeoutMinutes != 60 || *got.MaxRetries != 0 || !*got.SparkUI || got.PythonCapacity != 0.0625 {
		t.Errorf("effective capacity %+v", got)
	}
	if conf := got.SparkConf; len(conf) != 3 || conf["spark.a"] != "1" || conf["spark.b"] != "2" || conf["spark.c"] != "3" {
		t.Errorf("Spark settings %v", conf)
	}
	if templates["base"].SparkConf["spark.c"] != "" {
		t.Error("a template was changed")
	}
	if !*got.Queuing {
		t.Error("a run without retries does not wait for capacity")
	}
	if retrying := Effective(template); *retrying.Queuing || *retrying.MaxRetries != 2 {
		t.Errorf("with retries: queuing %v, retries %d", *retrying.Queuing, *retrying.MaxRetries)
	}
	if asked := Effective(template, Capacity{Queuing: &no, MaxRetries: &none}); *asked.Queuing {
		t.Error("queuing cannot be switched off")
	}
}

func TestCapacityThatGlueRefuses(t *testing.T) {
	t.Parallel()
	one, eleven, yes := 1, 11, true
	for want, test := range map[string]struct {
		kind     string
		capacity Capacity
	}{
		`capacity.glueVersion: "4.0": want one of 5.0, 5.1, 6.0`:                  {dataset.Spark, Capacity{GlueVersion: "4.0"}},
		`capacity.workerType: G.025X is for streaming jobs only`:                  {dataset.Spark, Capacity{WorkerType: "G.025X"}},
		"capacity.workerType: R.1X: the FLEX execution class runs on [G.1X G.2X]": {dataset.Spark, Capacity{WorkerType: "R.1X", ExecutionClass: "FLEX"}},
		`capacity.executionClass: "SPOT": want one of STANDARD, FLEX`:             {dataset.Spark, Capacity{ExecutionClass: "SPOT"}},
		"capacity.maxWorkers: is 1, want 2 to 1000":                               {dataset.Spark, Capacity{MaxWorkers: 1}},
		"capacity.timeoutMinutes: is 10081, want 1 to 10080":                      {dataset.Spark, Capacity{TimeoutMinutes: 10081}},
		"capacity.maxRetries: is 11, want 0 to 10":                                {dataset.Spark, Capacity{MaxRetries: &eleven}},
		"capacity.queuing: a run with maxRetries 1 does not wait for capacity":    {dataset.Spark, Capacity{MaxRetries: &one, Queuing: &yes}},
		`capacity.maintenanceWindow: "Sunday:3": want a day and an hour`:          {dataset.Streaming, Capacity{MaintenanceWindow: "Sunday:3"}},
		`capacity.maintenanceWindow: "Sun:24": want a day and an hour`:            {dataset.Streaming, Capacity{MaintenanceWindow: "Sun:24"}},
		"capacity.pythonCapacity: is 0.5, Glue allows [0.0625 1]":                 {dataset.PythonShell, Capacity{PythonCapacity: 0.5}},
		"capacity.sparkConf.a=b: want a Spark setting":                            {dataset.Spark, Capacity{SparkConf: map[string]string{"a=b": "1"}}},
		"capacity.sparkConf.spark.sql.session.timeZone: the jobs need their own":  {dataset.Spark, Capacity{SparkConf: map[string]string{"spark.sql.session.timeZone": "CET"}}},
		`capacity.workerType: "G.3X": want one of G.025X, G.1X`:                   {dataset.Streaming, Capacity{WorkerType: "G.3X"}},
		`capacity.sparkConf.spark.x: "a b": want a value without blanks`:          {dataset.Spark, Capacity{SparkConf: map[string]string{"spark.x": "a b"}}},
	} {
		if err := Effective(dataset.Template{}, test.capacity).Validate(test.kind); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	for kind, capacity := range map[string]Capacity{
		dataset.Spark: {ExecutionClass: "FLEX", WorkerType: "G.2X"}, dataset.Streaming: {WorkerType: "G.025X", ExecutionClass: "FLEX", MaintenanceWindow: "Mon:23"},
		dataset.PythonShell: {PythonCapacity: 1},
	} {
		if err := Effective(dataset.Template{}, capacity).Validate(kind); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
