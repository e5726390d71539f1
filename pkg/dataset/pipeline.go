package dataset

import "github.com/tarn-data/tarn/pkg/dqdl"

// Pipeline is the data sets and tables that run together: one domain, one schedule.
type Pipeline struct {
	Name        string       `json:"-" yaml:"name"`
	Description string       `json:"-" yaml:"description"`
	Domain      string       `json:"-" yaml:"domain"`   // default: the pipeline's name
	Schedule    string       `json:"-" yaml:"schedule"` // Glue's cron(...), UTC; empty is on demand
	Arrival     *Arrival     `json:"-" yaml:"arrival"`  // instead of a schedule: when raw files arrive
	Template    string       `json:"-" yaml:"template"` // job template; default: the environment's capacity
	NoCrawl     bool         `json:"-" yaml:"no_crawl"` // leave the raw files out of the catalog
	Maintenance *Maintenance `json:"-" yaml:"maintenance"`
	Alarms      Alarms       `json:"-" yaml:"alarms"`
	Jobs        []Job        `json:"-" yaml:"jobs"` // jobs of the users' own

	Datasets []Dataset               `json:"-" yaml:"-"`
	Tables   []Table                 `json:"-" yaml:"-"`
	Rulesets map[string]dqdl.Ruleset `json:"-" yaml:"-"` // those its data sets name
}

// Arrival starts a pipeline when raw files arrive (Glue User Guide, "Starting an AWS Glue workflow with an
// Amazon EventBridge event").
type Arrival struct {
	Files         int `yaml:"files"`          // start after so many files, 1 to 100; default 100
	WithinSeconds int `yaml:"within_seconds"` // or so long after the first, 60 to 900; default 900
}

// Maintenance is what keeps a pipeline's Iceberg tables fast and small.
type Maintenance struct {
	By           string `json:"by"             yaml:"by"`             // "job" (default), "optimizer" (the Data Catalog's) or "none"
	Schedule     string `json:"-"              yaml:"schedule"`       // Glue's cron(...), UTC; default Sunday 03:00
	SnapshotDays int    `json:"snapshot_days"  yaml:"snapshot_days"`  // snapshots younger are kept; default 7
	OrphanDays   int    `json:"orphan_days"    yaml:"orphan_days"`    // files of no snapshot younger are kept, at least 3; default 7
	TargetFileMB int    `json:"target_file_mb" yaml:"target_file_mb"` // default 128
}

// Alarms are the limits a pipeline is watched for. Zero is the default.
type Alarms struct {
	DurationMinutes int     `yaml:"duration_minutes"` // of one job; default: three quarters of its timeout
	QuarantineRatio float64 `yaml:"quarantine_ratio"` // rejected of all records, 0 to 1; default 0.05
}

// Job is a job of the users' own in a pipeline's workflow.
type Job struct {
	Name      string            `yaml:"name"`
	Kind      string            `yaml:"kind"`      // "spark", "python-shell" or "streaming"
	Script    string            `yaml:"script"`    // below the project folder
	After     string            `yaml:"after"`     // a step of Tarn's own (default: the last) or another job of the list; streaming: nothing
	Modules   []string          `yaml:"modules"`   // further Python files or wheels
	Jars      []string          `yaml:"jars"`      // further Java libraries
	Arguments map[string]string `yaml:"arguments"` // without dashes
	Template  string            `yaml:"template"`  // job template; default: the pipeline's, for streaming and python-shell none
}
