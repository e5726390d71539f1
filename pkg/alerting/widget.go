package alerting

import (
	"encoding/json"
	"fmt"
)

// Limits of a dashboard (CloudWatch User Guide, "CloudWatch service quotas", dashboards) and of a widget with the
// states of alarms (CloudWatch API Reference, "Dashboard body structure and syntax").
const (
	maxWidgets       = 500
	maxMetrics       = 2500
	maxWidgetMetrics = 500
	maxWidgetAlarms  = 100
)

// The grid of a dashboard has 24 columns (the same).
const (
	columns   = 24
	rowHeight = 6
)

// dashboard is the body of a dashboard.
type dashboard struct {
	Start   string   `json:"start"` // how far it looks back
	Widgets []widget `json:"widgets"`
}

// widget is one field of the grid.
type widget struct {
	Type       string `json:"type"`
	X          int    `json:"x"`
	Y          int    `json:"y"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	Properties any    `json:"properties"`
}

// graphProperties are those of a widget that shows metrics.
type graphProperties struct {
	Title   string   `json:"title"`
	Region  string   `json:"region"`
	View    string   `json:"view"`
	Stat    string   `json:"stat"`
	Period  int      `json:"period"` // seconds
	Metrics []metric `json:"metrics"`
}

// alarmProperties are those of a widget that shows the states of alarms.
type alarmProperties struct {
	Title  string   `json:"title"`
	Alarms []string `json:"alarms"` // ARNs
}

// metric is one line of a graph.
type metric struct {
	namespace, name string
	dimensions      []string // name, value, name, value, …
	label           string
}

// MarshalJSON writes the list that CloudWatch wants: namespace, name, dimensions and how it is shown.
func (m metric) MarshalJSON() ([]byte, error) {
	list := []any{m.namespace, m.name}
	for _, part := range m.dimensions {
		list = append(list, part)
	}
	return json.Marshal(append(list, map[string]string{"label": m.label}))
}

func newDashboard() dashboard { return dashboard{Start: "-P1W", Widgets: []widget{}} }

func graph(region, title, stat string, metrics []metric) widget {
	return widget{Type: "metric", Properties: graphProperties{
		Title: title, Region: region, View: "timeSeries", Stat: stat, Period: hour, Metrics: metrics,
	}}
}

func alarmWidget(title string, arns []string) widget {
	return widget{Type: "alarm", Properties: alarmProperties{Title: title, Alarms: arns}}
}

// metrics is how many metrics a widget shows.
func (w widget) metrics() int {
	if shown, is := w.Properties.(graphProperties); is {
		return len(shown.Metrics)
	}
	return 0
}

func count(widgets []widget) (metrics int) {
	for _, w := range widgets {
		metrics += w.metrics()
	}
	return metrics
}

// fits reports whether a dashboard has room for a row.
func (d *dashboard) fits(row []widget) bool {
	return len(d.Widgets)+len(row) <= maxWidgets && count(d.Widgets)+count(row) <= maxMetrics
}

// add puts a row below the others.
func (d *dashboard) add(row []widget) {
	below := 0
	for _, w := range d.Widgets {
		below = max(below, w.Y+w.Height)
	}
	width := columns / len(row)
	for i, w := range row {
		w.X, w.Y, w.Width, w.Height = i*width, below, width, rowHeight
		d.Widgets = append(d.Widgets, w)
	}
}

// JSON renders the dashboard after checking what no other page could help with.
func (d *dashboard) JSON() (string, error) {
	for _, w := range d.Widgets {
		if n := w.metrics(); n > maxWidgetMetrics {
			return "", fmt.Errorf("a widget would have %d metrics, CloudWatch allows %d: have fewer jobs in a pipeline", n, maxWidgetMetrics)
		}
		if shown, is := w.Properties.(alarmProperties); is && len(shown.Alarms) > maxWidgetAlarms {
			return "", fmt.Errorf("%s: a widget would have %d alarms, CloudWatch allows %d: have fewer jobs in the pipeline",
				shown.Title, len(shown.Alarms), maxWidgetAlarms)
		}
	}
	text, err := json.Marshal(d)
	return string(text), err
}
