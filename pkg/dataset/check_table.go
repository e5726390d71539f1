package dataset

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// order is a column with the way to sort it.
var order = regexp.MustCompile(`(?i)^` + name + `( (asc|desc))?( nulls (first|last))?$`)

// check refuses what a job, Spark, Athena or Glue would.
func (t Table) check(r report) {
	r.identifier("name", t.Name, maxName)
	r.identifier("pipeline", t.Pipeline, maxPipeline)
	r.text("description", t.Description, maxDescription)
	if strings.TrimSpace(t.SQL) == "" {
		r("", "the query file %s.sql is empty", t.Name)
	}
	for i, column := range t.Key {
		r.identifier(fmt.Sprintf("key[%d]", i), column, maxName)
		if slices.Contains(t.Key[:i], column) {
			r(fmt.Sprintf("key[%d]", i), "%q is there twice", column)
		}
	}
	r.partitions(t.PartitionBy, nil)
	for i, term := range t.OrderBy {
		if !order.MatchString(term) {
			r(fmt.Sprintf("order_by[%d]", i), "%q: want a column, or one with DESC behind it", term)
		}
	}
	if t.Incremental != nil {
		t.checkIncremental(r.within("incremental"))
	}
}

// checkSource wants a data set of the table's pipeline: only its changes are known to the job.
func (t Table) checkSource(r report, datasets []string) {
	if !slices.Contains(datasets, t.Incremental.Source) {
		r("incremental.source", "%q is no data set of pipeline %s; its data sets are %s",
			t.Incremental.Source, t.Pipeline, strings.Join(datasets, ", "))
	}
}

func (t Table) checkIncremental(r report) {
	if strings.TrimSpace(t.Incremental.Changed) == "" {
		r("changed", "is missing: want an expression over columns of %s, such as to_date(time_hour)", t.Incremental.Source)
	}
	// Rows are replaced by key; a column outside of it could move a row out of the part that is worked out again.
	if !slices.Contains(t.Key, t.Incremental.Column) {
		r("column", "%q is no column of the key %v: put it into the key", t.Incremental.Column, t.Key)
	}
}
