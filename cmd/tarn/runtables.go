package main

import (
	"fmt"
	"strings"

	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/run"
)

// stepTable shows the crawlers and jobs of a run, how long each took and what it cost.
func stepTable(s run.Summary) string {
	var steps [][]string
	for _, node := range s.Nodes {
		state := string(node.State)
		if node.Attempts > 1 {
			state += fmt.Sprintf(" (attempt %d)", node.Attempts)
		}
		steps = append(steps, []string{
			node.Kind + " " + node.Name, state, fmt.Sprintf("%.1f", node.Seconds), hours(node.DPUHours), dollars(node.USD),
		})
	}
	steps = append(steps, []string{"all", "", fmt.Sprintf("%.1f", s.Seconds), hours(s.DPUHours), dollars(s.USD)})
	text := console.Table([]string{"run " + s.RunID, "result", "seconds", "DPU-hours", "USD"}, steps)
	if s.USD > 0 {
		text += "\nUSD is " + run.CostNote + "."
	}
	return text
}

func hours(n float64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%.3f", n)
}

func dollars(n float64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%.3f", n)
}

// jobTables shows what the jobs of a run did.
func jobTables(jobs []run.JobReport) string {
	var out strings.Builder
	for _, job := range jobs {
		out.WriteString("\n" + job.Job + "\n")
		if job.Error != "" {
			out.WriteString(job.Error + "\n")
		}
		if len(job.Datasets)+len(job.Tables) > 0 {
			out.WriteString(countTable(job) + "\n")
		}
	}
	return out.String()
}

// countTable shows what a job says of its data sets or tables, in the terms of that job.
func countTable(job run.JobReport) string {
	switch {
	case job.Job == "quality-gate":
		return ruleTable(job.Datasets)
	case job.Job == "table-maintenance":
		return maintenanceTable(job.Tables)
	case len(job.Tables) > 0:
		var rows [][]string
		for _, t := range job.Tables {
			counts := numbers(t.Rows, t.Inserted, t.Updated, t.Deleted, t.Unchanged)
			rows = append(rows, append(append([]string{t.Name, t.Build}, counts...), t.Error))
		}
		return console.Table([]string{"table", "build", "rows", "new", "changed", "removed", "unchanged", "error"}, rows)
	default:
		var rows [][]string
		for _, d := range job.Datasets {
			row := append([]string{d.Name}, numbers(d.Files)...)
			row = append(row, size(d.Bytes))
			row = append(row, numbers(d.Read, d.Valid, d.Superseded, d.Expired, d.Quarantined,
				d.Inserted, d.Updated, d.Unchanged, d.Total)...)
			rows = append(rows, append(row, d.Error))
		}
		return console.Table([]string{
			"data set", "files", "size", "read", "valid", "superseded", "expired", "quarantined",
			"new", "changed", "unchanged", "in table", "error",
		}, rows)
	}
}

// ruleTable shows what the quality gate found: each rule that failed, and one line for a data set that passed.
func ruleTable(datasets []run.RowCount) string {
	var rows [][]string
	for _, d := range datasets {
		passed := 0
		for _, rule := range d.Rules {
			if rule.Passed {
				passed++
				continue
			}
			rows = append(rows, []string{d.Name, "failed", rule.Rule, rule.Seen()})
		}
		result := "held back"
		if d.Published {
			result = "published"
		}
		rows = append(rows, []string{d.Name, result, fmt.Sprintf("%d of %d rules passed", passed, len(d.Rules)), d.Error})
	}
	return console.Table([]string{"data set", "result", "rule", "observed"}, rows)
}

func maintenanceTable(tables []run.RowCount) string {
	var rows [][]string
	for _, t := range tables {
		counts := numbers(t.CompactedFiles, t.ExpiredSnapshots, t.DroppedBranches, t.Orphans, t.DeletedRows)
		rows = append(rows, append(append([]string{t.Name}, counts...), t.Note, t.Error))
	}
	return console.Table([]string{
		"table", "files compacted", "snapshots expired", "branches dropped", "orphan files", "rows deleted", "note", "error",
	}, rows)
}

func answerTables(pipeline contract.Pipeline, answers map[string]run.Answer) string {
	var out strings.Builder
	for _, table := range pipeline.Tables {
		if answer, found := answers[table.Name]; found {
			out.WriteString("\n" + table.Name + "\n" + console.Table(answer.Columns, answer.Rows) + "\n")
		}
	}
	return out.String()
}

func numbers(all ...int64) []string {
	var texts []string
	for _, n := range all {
		texts = append(texts, fmt.Sprint(n))
	}
	return texts
}

// size is a number of bytes for people.
func size(bytes int64) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	case bytes < 1_000_000_000:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	default:
		return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
	}
}
