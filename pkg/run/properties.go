package run

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tarn-data/tarn/pkg/contract"
)

// The properties of a workflow run that its jobs read.
const (
	propertyFrom = "tarn_from" // the first date of raw files to read
	propertyTo   = "tarn_to"   // the last one
	propertyFull = "tarn_full" // "true": files that were read before, too
)

// Request says which raw files a run reads. The zero value is a normal run.
type Request struct {
	Window Window
	Full   bool // files that were read before, too
}

func (r Request) properties() map[string]string {
	properties := map[string]string{}
	if !r.Window.From.IsZero() {
		properties[propertyFrom], properties[propertyTo] = r.Window.From.Format(time.DateOnly), r.Window.To.Format(time.DateOnly)
	}
	if r.Full {
		properties[propertyFull] = "true"
	}
	return properties
}

// Window is a range of dates, both of them in it.
type Window struct {
	From, To time.Time
}

func (w Window) String() string {
	if w.From.Equal(w.To) {
		return w.From.Format(time.DateOnly)
	}
	return w.From.Format(time.DateOnly) + " to " + w.To.Format(time.DateOnly)
}

// ParseWindow reads a range of dates as a command line gives it.
func ParseWindow(from, to string) (Window, error) {
	var problems []error
	date := func(flag, text string) time.Time {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			problems = append(problems, fmt.Errorf("--%s %q: want a date such as 2026-01-31", flag, text))
		}
		return day
	}
	w := Window{date("from", from), date("to", to)}
	if len(problems) == 0 && w.To.Before(w.From) {
		problems = append(problems, fmt.Errorf("--from %s is after --to %s", from, to))
	}
	return w, errors.Join(problems...)
}

// Split cuts a window into windows of so many days; 0 leaves it whole.
func (w Window) Split(days int) []Window {
	if days <= 0 {
		return []Window{w}
	}
	var windows []Window
	for from := w.From; !from.After(w.To); from = from.AddDate(0, 0, days) {
		to := from.AddDate(0, 0, days-1)
		if to.After(w.To) {
			to = w.To
		}
		windows = append(windows, Window{from, to})
	}
	return windows
}

// CheckDated refuses a range of dates for a pipeline with data sets whose paths do not tell a file's date: their
// part of the run would fail (mpp/jobs/tarn_jobs/raw_files.py).
func CheckDated(name string, p contract.Pipeline) error {
	var undated []string
	for _, d := range p.Datasets {
		if d.Dates == "" {
			undated = append(undated, d.Name)
		}
	}
	if len(undated) == 0 {
		return nil
	}
	slices.Sort(undated)
	return fmt.Errorf("pipeline %s has data sets that do not tell the date of their files (%s): set source.dates in "+
		"mpp/datasets/<name>.yaml, for example dt=%%Y-%%m-%%d, or move them to another pipeline", name, strings.Join(undated, ", "))
}
