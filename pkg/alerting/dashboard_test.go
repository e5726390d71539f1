package alerting

import (
	"encoding/json"
	"fmt"
	"testing"
)

// shown is a dashboard as CloudWatch reads it.
type shown struct {
	Widgets []struct {
		Type                string
		X, Y, Width, Height int
		Properties          struct {
			Title   string
			Region  string
			Metrics [][]any
			Alarms  []string
		}
	}
}

func watches(count int) []*Watch {
	var all []*Watch
	for i := range count {
		w := &Watch{pipeline: fmt.Sprintf("p%03d", i), workflow: fmt.Sprintf("tarn-test-p%03d", i)}
		w.jobs = []string{"quality-gate", "raw-to-staged", "staged-to-analytics", "table-maintenance"}
		for a := range 9 {
			w.alarms = append(w.alarms, fmt.Sprintf("%s-%d", w.workflow, a))
		}
		all = append(all, w)
	}
	return all
}

func TestDashboardsStayBelowTheLimits(t *testing.T) {
	t.Parallel()
	for count, dashboards := range map[int]int{0: 0, 1: 1, 20: 1, 100: 1, 126: 2, 300: 3} {
		all := pages(testAccount, watches(count))
		if len(all) != dashboards {
			t.Errorf("%d pipelines are on %d dashboards, want %d", count, len(all), dashboards)
		}
		titles := map[string]bool{}
		for _, page := range all {
			text, err := page.JSON()
			if err != nil {
				t.Fatal(err)
			}
			var read shown
			if err := json.Unmarshal([]byte(text), &read); err != nil {
				t.Fatal(err)
			}
			metrics := 0
			taken := map[[2]int]bool{}
			for _, w := range read.Widgets {
				metrics += len(w.Properties.Metrics)
				titles[w.Properties.Title] = true
				if at := [2]int{w.X, w.Y}; taken[at] || w.X+w.Width > columns || w.Height == 0 {
					t.Errorf("%s lies at %v, %d wide", w.Properties.Title, at, w.Width)
				} else {
					taken[at] = true
				}
				if len(w.Properties.Metrics) > maxWidgetMetrics || len(w.Properties.Alarms) > maxWidgetAlarms {
					t.Errorf("%s shows too much", w.Properties.Title)
				}
			}
			if len(read.Widgets) > maxWidgets || metrics > maxMetrics {
				t.Errorf("%d widgets, %d metrics", len(read.Widgets), metrics)
			}
		}
		if len(titles) != 4*count {
			t.Errorf("%d pipelines have %d widgets of their own", count, len(titles))
		}
	}
}

func TestRowOfAPipeline(t *testing.T) {
	t.Parallel()
	all := pages(testAccount, watches(1))
	text, err := all[0].JSON()
	if err != nil {
		t.Fatal(err)
	}
	var read shown
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		t.Fatal(err)
	}
	if got := read.Widgets[0]; got.Type != "alarm" || len(got.Properties.Alarms) != 9 ||
		got.Properties.Alarms[0] != testAccount.ARN("cloudwatch", "alarm:tarn-test-p000-0") {
		t.Errorf("alarms %+v", got)
	}
	want := `[Tarn DurationSeconds Pipeline tarn-test-p000 Job quality-gate map[label:quality-gate]]`
	if got := read.Widgets[1]; got.Type != "metric" || got.Properties.Region != testAccount.Region || fmt.Sprint(got.Properties.Metrics[0]) != want {
		t.Errorf("durations %+v", got)
	}
}

func TestDashboardIsDeployed(t *testing.T) {
	t.Parallel()
	made := deploy(t, Settings{}, flights()).OfType("aws:cloudwatch/dashboard:Dashboard")
	if len(made) != 1 || made[0].Inputs["dashboardName"] != "tarn-test-pipelines" {
		t.Errorf("made %+v", made)
	}
}
