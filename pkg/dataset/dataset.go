// Package dataset reads data sets and analytics tables from files and renders them as the manifest
// that the Spark jobs follow.
package dataset

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Dataset is one data set of the lake: where it comes from and what it must look like.
type Dataset struct {
	Name           string     `json:"name"           yaml:"name"`
	Description    string     `json:"description"    yaml:"description"`
	Pipeline       string     `json:"-"              yaml:"pipeline"`       // the pipeline it belongs to
	Classification string     `json:"classification" yaml:"classification"` // how sensitive it is; empty is its domain's
	Source         Source     `json:"source"         yaml:"source"`
	Columns        []Column   `json:"columns"        yaml:"columns"`
	Key            []string   `json:"key"            yaml:"key"`          // the columns no two rows may share
	NewestBy       string     `json:"newest_by"      yaml:"newest_by"`    // of records with one key, that with the greatest value wins
	PartitionBy    []string   `json:"partition_by"   yaml:"partition_by"` // Iceberg transforms, for example months(time_hour)
	Evolution      Evolution  `json:"evolution"      yaml:"evolution"`
	Quality        string     `json:"quality"        yaml:"quality"`          // the ruleset it must pass: the file quality/<name>.dqdl
	Retention      *Retention `json:"retention"      yaml:"retention"`        // when rows leave the staged table; none is never
	FreshnessHours int        `json:"freshness_hours" yaml:"freshness_hours"` // most hours between two successful runs; 0 is not watched
}

// Source says where in the raw zone the files are and how to read them.
type Source struct {
	Format  string            `json:"format"  yaml:"format"`  // csv, json (one object a line) or parquet
	Path    string            `json:"path"    yaml:"path"`    // folder below the raw zone, ends in a slash
	Options map[string]string `json:"options" yaml:"options"` // Spark's options for the format
	Read    string            `json:"read"    yaml:"read"`    // "all" files in every run, or files that are "new"
	Dates   string            `json:"dates"   yaml:"dates"`   // how a path tells a file's date, for example dt=%Y-%m-%d
}

// Evolution says what happens to files whose columns are not those of the data set.
type Evolution struct {
	NewColumns     string `json:"new_columns"     yaml:"new_columns"`     // "fail" or "ignore"
	MissingColumns string `json:"missing_columns" yaml:"missing_columns"` // "fail", or "null" for columns that are not required
}

// Retention says how long rows stay in the staged table.
type Retention struct {
	Column string `json:"column" yaml:"column"` // a date or timestamp
	Days   int    `json:"days"   yaml:"days"`
}

// Column is a column and its type.
type Column struct {
	Name        string `json:"name"        yaml:"name"`
	Type        string `json:"type"        yaml:"type"`     // a Spark SQL type
	Required    bool   `json:"required"    yaml:"required"` // a row without a value is quarantined
	Description string `json:"description" yaml:"description"`
}

// Table is a table of the analytics zone: the result of a query over staged tables.
type Table struct {
	Name        string       `json:"name"         yaml:"name"`
	Description string       `json:"description"  yaml:"description"`
	Pipeline    string       `json:"-"            yaml:"pipeline"`
	SQL         string       `json:"sql"          yaml:"-"`   // the file <name>.sql beside the table's own
	Key         []string     `json:"key"          yaml:"key"` // empty: the table is replaced as a whole
	PartitionBy []string     `json:"partition_by" yaml:"partition_by"`
	OrderBy     []string     `json:"-"            yaml:"order_by"` // how a person wants to see it, for example "rank" or "flights DESC"
	Incremental *Incremental `json:"incremental"  yaml:"incremental"`
}

// Incremental lets a run work out only the part of a table that changes in one source can touch.
type Incremental struct {
	Source  string `json:"source"  yaml:"source"`  // the staged table whose changes are followed
	Changed string `json:"changed" yaml:"changed"` // expression over its columns, for example to_date(time_hour)
	Column  string `json:"column"  yaml:"column"`  // the column of the result that holds the same values
}

// name is what Spark, Athena and Glue all accept without quotes.
const name = `[a-z][a-z0-9_]*`

var (
	identifier = regexp.MustCompile(`^` + name + `$`)
	decimal    = regexp.MustCompile(`^decimal\(([0-9]{1,2}),([0-9]{1,2})\)$`)
	transform  = regexp.MustCompile(`^(?:(` + name + `)|(?:years|months|days|hours)\((` + name + `)\)|` +
		`(?:bucket|truncate)\([0-9]+, ?(` + name + `)\))$`)
	plainTypes = []string{"int", "bigint", "float", "double", "string", "boolean", "date", "timestamp"}
	formats    = []string{"csv"}
	csvOptions = []string{"header", "nullValue", "sep"}
)

// validate returns every problem of the data set.
func (d Dataset) validate() error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	validateHead(add, d.Name, d.Pipeline)
	if !slices.Contains(formats, d.Source.Format) {
		add("source.format %q: want one of %v", d.Source.Format, formats)
	}
	for _, option := range slices.Sorted(maps.Keys(d.Source.Options)) {
		if !slices.Contains(csvOptions, option) {
			add("source.options.%s: want one of %v", option, csvOptions)
		}
	}
	if d.Source.Options["header"] != "true" {
		add(`source.options.header: want "true"; columns are found by the names in the first line`)
	}
	if !strings.HasSuffix(d.Source.Path, "/") || strings.HasPrefix(d.Source.Path, "/") || strings.Contains(d.Source.Path, "..") {
		add("source.path %q: want a folder below the raw zone such as \"sales/orders/\"", d.Source.Path)
	}
	if len(d.Columns) == 0 {
		add("columns: at least one is required")
	}
	seen := map[string]bool{}
	for i, column := range d.Columns {
		if !identifier.MatchString(column.Name) {
			add("columns[%d].name %q: want lower-case letters, digits and underscores", i, column.Name)
		}
		if seen[column.Name] {
			add("columns[%d].name %q is there twice", i, column.Name)
		}
		seen[column.Name] = true
		if !slices.Contains(plainTypes, column.Type) && !decimal.MatchString(column.Type) {
			add("columns[%d].type %q of %s: want one of %v or decimal(precision,scale)", i, column.Type, column.Name, plainTypes)
		}
	}
	validateKey(add, d.Key)
	for _, name := range d.Key {
		if !seen[name] {
			add("key: there is no column %q", name)
		}
	}
	for i, term := range d.PartitionBy {
		if column, ok := partitionColumn(term); !ok || !seen[column] {
			add("partition_by[%d] %q: want a column, or one of years, months, days, hours(column), bucket or truncate(number, column)", i, term)
		}
	}
	return errors.Join(problems...)
}

// partitionColumn gives the column of a partition transform as Iceberg's Spark SQL writes it.
func partitionColumn(term string) (string, bool) {
	found := transform.FindStringSubmatch(term)
	if found == nil {
		return "", false
	}
	return strings.Join(found[1:], ""), true // all groups but one are empty
}

func (t Table) validate() error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	validateHead(add, t.Name, t.Pipeline)
	validateKey(add, t.Key)
	if strings.TrimSpace(t.SQL) == "" {
		add("the query file %s.sql is empty", t.Name)
	}
	return errors.Join(problems...)
}

func validateHead(add func(string, ...any), name, pipeline string) {
	if !identifier.MatchString(name) {
		add("name %q: want lower-case letters, digits and underscores", name)
	}
	if !identifier.MatchString(pipeline) {
		add("pipeline %q: want lower-case letters, digits and underscores", pipeline)
	}
}

func validateKey(add func(string, ...any), key []string) {
	if len(key) == 0 {
		add("key: name the columns that tell rows apart; jobs need them to write a row once")
	}
}
