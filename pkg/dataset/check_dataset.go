package dataset

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/dqdl"
)

// maxFreshness is seven days. An alarm cannot look back further: Period times EvaluationPeriods is at most 604,800
// seconds (CloudWatch API Reference, PutMetricAlarm: Period).
const maxFreshness = 7 * 24

// check refuses what a job, Spark, Athena or Glue would.
func (d Dataset) check(r report, rulesets map[string]dqdl.Ruleset) {
	r.identifier("name", d.Name, maxName)
	r.identifier("pipeline", d.Pipeline, maxPipeline)
	r.text("description", d.Description, maxDescription)
	if d.Classification != "" && !domain.Classification(d.Classification).Known() {
		r("classification", "%q: want one of %v", d.Classification, domain.Classifications)
	}
	d.Source.check(r.within("source"))
	known := d.checkColumns(r)
	if len(d.Key) == 0 {
		r("key", "name the columns that tell rows apart; jobs need them to write a row once")
	}
	r.columnsOf("key", d.Key, known)
	d.checkNewest(r, known)
	r.partitions(d.PartitionBy, known)
	d.Evolution.check(r.within("evolution"))
	d.checkRetention(r, known)
	if _, found := rulesets[d.Quality]; d.Quality != "" && !found {
		r("quality", "there is no ruleset %q; %s", d.Quality, there(rulesets))
	}
	r.between("freshness_hours", d.FreshnessHours, 1, maxFreshness)
}

// checkColumns gives the columns by name.
func (d Dataset) checkColumns(r report) map[string]Column {
	if len(d.Columns) == 0 {
		r("columns", "at least one is required")
	}
	known := map[string]Column{}
	for i, column := range d.Columns {
		at := fmt.Sprintf("columns[%d]", i)
		column.check(r.within(at))
		if _, twice := known[column.Name]; twice {
			r(at+".name", "%q is there twice", column.Name)
		}
		known[column.Name] = column
	}
	return known
}

// checkNewest wants a value in every row: a row without one says nothing about its age, and must neither win nor be
// lost. As a required column it is quarantined instead.
func (d Dataset) checkNewest(r report, known map[string]Column) {
	if d.NewestBy == "" {
		return
	}
	column, found := known[d.NewestBy]
	switch {
	case !found:
		r("newest_by", "there is no column %q", d.NewestBy)
	case slices.Contains(d.Key, d.NewestBy):
		r("newest_by", "%q is of the key: versions of a row have the same value in it", d.NewestBy)
	case column.Type == "boolean":
		r("newest_by", "%q is a boolean: want a column with an order, such as a timestamp or a number", d.NewestBy)
	case !column.Required:
		r("newest_by", "%q: set required: true for the column; a row without a value has no age", d.NewestBy)
	}
}

func (e Evolution) check(r report) {
	if e.NewColumns != "" {
		r.oneOf("new_columns", e.NewColumns, []string{Fail, Ignore})
	}
	if e.MissingColumns != "" {
		r.oneOf("missing_columns", e.MissingColumns, []string{Fail, Null})
	}
}

// maxRetentionDays is a hundred years.
const maxRetentionDays = 36_500

func (d Dataset) checkRetention(r report, known map[string]Column) {
	if d.Retention == nil {
		return
	}
	column, found := known[d.Retention.Column]
	if !found {
		r("retention.column", "there is no column %q", d.Retention.Column)
	} else if column.Type != "date" && column.Type != "timestamp" {
		r("retention.column", "%q is a %s, want a date or timestamp", column.Name, column.Type)
	}
	if d.Retention.Days < 1 || d.Retention.Days > maxRetentionDays {
		r("retention.days", "is %d, want 1 to %d", d.Retention.Days, maxRetentionDays)
	}
}

// there lists names, or says that there are none.
func there[T any](known map[string]T) string {
	if len(known) == 0 {
		return "there are none"
	}
	return "there are " + strings.Join(sortedKeys(known), ", ")
}
