package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/run"
)

func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("there is no %q in\n%s", part, text)
		}
	}
}

func TestTablesOfARun(t *testing.T) {
	t.Parallel()
	text := runText(runReport{
		RunID: "wr_1", Seconds: 90, DPUHours: 1.5, USD: 0.66,
		Steps: []run.Node{{Kind: "job", Name: "stage", State: run.Succeeded, Attempts: 2, Seconds: 61.5, DPUHours: 1.5, USD: 0.66}},
		Jobs: []run.JobReport{
			{Job: "raw-to-staged", Datasets: []run.RowCount{{Name: "flights", Files: 3, Bytes: 2_500_000, Read: 10, Superseded: 4, Expired: 345}}},
			{Job: "quality-gate", Datasets: []run.RowCount{
				{Name: "flights", Error: "1 rule failed", Rules: []run.Rule{
					{Rule: "RowCount > 9", Observed: json.RawMessage("6")}, {Rule: "IsUnique \"id\"", Passed: true},
				}},
				{Name: "planes", Published: true, Rules: []run.Rule{{Passed: true}}},
			}},
			{Job: "staged-to-analytics", Tables: []run.RowCount{{Name: "daily", Build: "incremental", Rows: 7}}},
			{Job: "table-maintenance", Tables: []run.RowCount{{Name: "planes", Orphans: 8, Note: "busy"}}},
			{Job: "export", Error: "no manifest"},
		},
		Answers: map[string]run.Answer{"daily": {Columns: []string{"carrier"}, Rows: [][]string{{"UA"}}}},
	}, contract.Pipeline{Tables: []contract.Table{{Name: "daily"}}})
	wants(t, text, "succeeded (attempt 2)", "1.500", "0.660", "estimate", "2.5 MB", "superseded", "expired", "345", "held back", "RowCount > 9",
		"1 of 2 rules passed", "published", "1 of 1 rules passed", "incremental", "orphan files", "busy", "no manifest", "UA")
	if strings.Contains(text, "IsUnique") {
		t.Errorf("a rule that held is listed:\n%s", text)
	}
}

func TestTextOfAPipeline(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	report := pipelineReport{
		Overview: run.Overview{Pipeline: "flights", Starts: "on demand", Error: "job stage failed: boom"},
		Runs: []run.Summary{
			{RunID: "wr_2", State: run.Failed, Started: now.Add(-90 * time.Minute), Seconds: 30, DPUHours: 1, USD: 0.44},
			{RunID: "wr_1", State: run.Succeeded, Started: now.Add(-72 * time.Hour), From: "2013-01-01", To: "2013-01-31", Full: true},
		},
		Datasets: []run.DatasetState{{Name: "planes", Read: 5, Quarantined: 1, LastSuccess: now.Add(-5 * time.Minute), Classification: "internal"}},
	}
	wants(t, pipelineText(report, contract.Pipeline{Domain: "traffic"}, now), "domain traffic", "on demand", "wr_2", "1 h ago", "3 days ago",
		"2013-01-01 to 2013-01-31 full", "0.440", "boom", "5 min ago", "internal")
	wants(t, pipelineText(pipelineReport{}, contract.Pipeline{}, now), "never run")
	wants(t, overviewTable([]run.Overview{{Pipeline: "new", Starts: "arriving files"}, {Pipeline: "old", LastRun: "wr", State: run.Failed}}, now),
		"never ran", "arriving files", "failed")
}

func TestTextOfABackfill(t *testing.T) {
	t.Parallel()
	a := &app{environment: "dev"}
	whole, err := run.ParseWindow("2026-01-01", "2026-01-31")
	if err != nil {
		t.Fatal(err)
	}
	want := "tarn backfill flights --from 2026-01-01 --to 2026-01-31 --window 7 --full --env dev"
	if got := a.goOn("flights", whole, backfillOptions{days: 7, full: true}); got != want {
		t.Errorf("got %s", got)
	}
	text := backfillText(backfillReport{Windows: []backfillWindow{
		{From: "2026-01-01", To: "2026-01-07", OK: true, RunID: "wr_1", Jobs: []run.JobReport{{Datasets: []run.RowCount{{Read: 11}, {Read: 31}}}}},
		{From: "2026-01-08", To: "2026-01-14", RunID: "wr_2", USD: 0.5},
	}})
	wants(t, text, "done", "42", "failed", "wr_2", "estimate")
	wants(t, backfillText(backfillReport{}), "No window was run.")
}

func TestLineOfALog(t *testing.T) {
	t.Parallel()
	line := run.Line{Time: time.Date(2026, 1, 1, 12, 30, 0, 0, time.UTC), Job: "raw-to-staged", From: "executor 1", Text: "hello"}
	if got := lineText(line); got != "12:30:00  raw-to-staged executor 1  hello" {
		t.Errorf("got %s", got)
	}
	jobs := contract.Pipeline{Jobs: map[string]contract.Job{"raw-to-staged": {}}}
	for _, job := range []string{"", "raw-to-staged", "crawler"} {
		if err := checkJob(job, jobs); err != nil {
			t.Error(err)
		}
	}
	if err := checkJob("nope", jobs); err == nil || !strings.Contains(err.Error(), "raw-to-staged, crawler") {
		t.Errorf("error %v", err)
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 2_500_000: "2.5 MB", 7_000_000_000: "7.0 GB"} {
		if got := size(bytes); got != want {
			t.Errorf("%d: got %s, want %s", bytes, got, want)
		}
	}
}
