// Package dataset reads data sets and analytics tables from files and renders them as the manifest
// that the Spark jobs follow.
package dataset

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

// Retention says how long rows stay in the staged table. The maintenance job deletes older ones, and no run stages them
// again: with `read: all` the raw files still have them.
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
