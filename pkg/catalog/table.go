package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tarn-data/tarn/pkg/domain"
)

// Table is a table that is declared instead of found: a file <name>.yaml.
type Table struct {
	Place `yaml:",inline"`
	// Required: what it holds, in the order of the files; without the columns it is partitioned by.
	Columns []Column `yaml:"columns"`
	// Required: parquet, csv, json or iceberg.
	Format string `yaml:"format"`
	// Optional: its folder of the zone, without a slash at the end; defaults to the folder of its name in the
	// domain's.
	Path string `yaml:"path"`
	// Optional: the columns whose values are in the names of folders (column=value); only for files.
	PartitionBy []PartitionKey `yaml:"partitionBy"`
	// Optional: what Glue does to keep it fast and small; only for iceberg.
	Optimizers Optimizers `yaml:"optimizers"`
}

// PartitionKey is a column of the names of folders.
type PartitionKey struct {
	Column `yaml:",inline"`
	// Optional: Athena works out which folders there are instead of looking them up; then every such column
	// needs it. Defaults to partitions that somebody adds to the catalog.
	Projection *Projection `yaml:"projection"`
}

// Projection says what values a column has (Athena User Guide, "Supported types for partition projection").
type Projection struct {
	Type     string   `yaml:"type"`     // date, integer, enum or injected
	Values   []string `yaml:"values"`   // enum: all of them
	Range    []string `yaml:"range"`    // date and integer: the first and the last one, for dates also NOW and such as NOW-3YEARS
	Format   string   `yaml:"format"`   // date: how it is written, such as yyyy-MM-dd
	Interval int      `yaml:"interval"` // date and integer: from one value to the next; defaults to 1
	Unit     string   `yaml:"unit"`     // date: of the interval, such as DAYS
	Digits   int      `yaml:"digits"`   // integer: how many, with zeros before it; defaults to as many as it needs
}

// Optimizers are what Glue does by itself with an Iceberg table.
type Optimizers struct {
	Compaction        bool               `yaml:"compaction"`        // small files become large ones
	SnapshotRetention *SnapshotRetention `yaml:"snapshotRetention"` // old states of the table go
	OrphanFiles       *OrphanFiles       `yaml:"orphanFiles"`       // files that are of no state go
}

// SnapshotRetention says which states of a table stay: those that are young enough, and the last ones.
type SnapshotRetention struct {
	Days int `yaml:"days"` // defaults to 5
	Keep int `yaml:"keep"` // defaults to 1
}

// OrphanFiles says how old a file has to be that belongs to nothing.
type OrphanFiles struct {
	Days int `yaml:"days"` // defaults to 3
}

// Glue's own defaults (Glue API Reference, IcebergRetentionConfiguration and IcebergOrphanFileDeletionConfiguration).
const (
	defaultSnapshotDays = 5
	defaultSnapshotKeep = 1
	defaultOrphanDays   = 3
)

var (
	tableFormats    = []string{"parquet", "csv", "json", formatIceberg}
	projectionTypes = []string{"date", "integer", "enum", "injected"}
	projectionUnits = []string{"YEARS", "MONTHS", "WEEKS", "DAYS", "HOURS", "MINUTES", "SECONDS"}
)

// Folder gives the table's folder of the zone, without a slash at the end.
func (t *Table) Folder(domains domain.Domains) string {
	if t.Path != "" {
		return t.Path
	}
	if own := foldersOf(domains, t.Zone, t.Domain); len(own) > 0 {
		return own[0] + "/" + t.Name
	}
	return t.Name
}

// Iceberg reports whether the table is one of Iceberg's.
func (t *Table) Iceberg() bool { return t.Format == formatIceberg }

// Optimized reports whether Glue works on the table by itself.
func (t *Table) Optimized() bool { return t.Optimizers != (Optimizers{}) }

func (t *Table) validate(lake Lake) error {
	problems := t.Place.validate(lake, maxViewName, maxDescription/utf8.UTFMax)
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !slices.Contains(tableFormats, t.Format) {
		add("format %q: want one of %v", t.Format, tableFormats)
	}
	if err := placed(lake.Domains, t.Zone, t.Domain, t.Folder(lake.Domains)); err != nil {
		add("path %w", err)
	}
	if len(t.Columns) == 0 {
		add("columns: at least one is required")
	}
	columns := slices.Clone(t.Columns)
	problems = append(problems, validateColumns("columns", columns, nil)...)
	var keys []Column
	for _, key := range t.PartitionBy {
		keys = append(keys, key.Column)
	}
	problems = append(problems, validateColumns("partitionBy", keys, columns)...)
	if t.Iceberg() {
		// Files move to other storage classes and go by age there; Iceberg has to decide that itself.
		if t.Zone == "raw" {
			add("format iceberg: the zone raw is for files; want zone %v", icebergZones)
		}
		// Glue's IcebergInput, as the provider has it, makes tables without partitions.
		if len(t.PartitionBy) > 0 {
			add("partitionBy: Glue makes Iceberg tables without partitions; add them with ALTER TABLE in Spark or Athena")
		}
	} else if t.Optimized() {
		add("optimizers: Glue has them only for format iceberg")
	}
	problems = append(problems, t.validateProjections()...)
	return errors.Join(append(problems, t.Optimizers.validate())...)
}

// validateColumns checks columns; those before have taken their names.
func validateColumns(field string, columns, before []Column) []error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	seen := map[string]bool{}
	for _, column := range before {
		seen[column.Name] = true
	}
	for i, column := range columns {
		if !identifier.MatchString(column.Name) {
			add("%s[%d].name %q: want lower-case letters, digits and underscores", field, i, column.Name)
		}
		if seen[column.Name] {
			add("%s[%d].name %q is there twice", field, i, column.Name)
		}
		seen[column.Name] = true
		if _, known := athenaType(column.Type); !known {
			add("%s[%d].type %q of %s: want one of %v or decimal(precision,scale)", field, i, column.Type, column.Name, plainTypes())
		}
		if utf8.RuneCountInString(column.Description) > maxComment || strings.ContainsFunc(column.Description, unicode.IsControl) {
			add("%s[%d].description of %s: want one line of at most %d characters", field, i, column.Name, maxComment)
		}
	}
	return problems
}

// validateProjections checks the projections, which are all there or not at all: otherwise Athena refuses every
// query of the table (Athena User Guide, "Set up partition projection").
func (t *Table) validateProjections() []error {
	var problems []error
	projected := 0
	for i, key := range t.PartitionBy {
		if key.Projection == nil {
			continue
		}
		projected++
		if err := key.Projection.validate(key.Type); err != nil {
			problems = append(problems, fmt.Errorf("partitionBy[%d].projection of %s: %w", i, key.Name, err))
		}
	}
	if projected > 0 && projected < len(t.PartitionBy) {
		problems = append(problems, fmt.Errorf("partitionBy: %d of %d columns have a projection; Athena wants all or none",
			projected, len(t.PartitionBy)))
	}
	return problems
}

func (p *Projection) validate(kind string) error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	dated, counted := p.Type == "date", p.Type == "integer"
	if !slices.Contains(projectionTypes, p.Type) {
		return fmt.Errorf("type %q: want one of %v", p.Type, projectionTypes)
	}
	for _, field := range []struct {
		name  string
		there bool
		fits  bool
	}{
		{"values", len(p.Values) > 0, p.Type == "enum"},
		{"range", len(p.Range) > 0, dated || counted},
		{"format", p.Format != "", dated},
		{"interval", p.Interval != 0, dated || counted},
		{"unit", p.Unit != "", dated},
		{"digits", p.Digits != 0, counted},
	} {
		if field.there && !field.fits {
			add("%s is not for type %s", field.name, p.Type)
		}
	}
	if p.Type == "enum" && len(p.Values) == 0 {
		add("values: name them for type enum")
	}
	for _, list := range [][]string{p.Values, p.Range} { // which the table has as one text
		if slices.ContainsFunc(list, func(value string) bool {
			return value == "" || strings.Contains(value, ",") || strings.ContainsFunc(value, unicode.IsControl)
		}) {
			add("%q: want values without commas that are not empty", list)
		}
	}
	if (dated || counted) && len(p.Range) != 2 {
		add("range: want the first and the last value")
	}
	if dated && p.Format == "" {
		add("format: say how the date is written, such as yyyy-MM-dd")
	}
	if p.Unit != "" && !slices.Contains(projectionUnits, p.Unit) {
		add("unit %q: want one of %v", p.Unit, projectionUnits)
	}
	if p.Interval < 0 || p.Digits < 0 || p.Digits > 18 {
		add("interval and digits: want positive numbers, of digits at most 18")
	}
	if counted {
		problems = append(problems, countedRange(p.Range))
	}
	if allowed := map[string][]string{
		"date": {"date", "string", "timestamp"}, "integer": {"bigint", "int", "string"},
	}[p.Type]; allowed != nil && !slices.Contains(allowed, kind) {
		add("type %s is for columns of %v, not of %s", p.Type, allowed, kind)
	}
	return errors.Join(problems...)
}

// countedRange refuses a range of integers that is none.
func countedRange(values []string) error {
	if len(values) != 2 {
		return nil
	}
	first, err := strconv.ParseInt(values[0], 10, 64)
	last, err2 := strconv.ParseInt(values[1], 10, 64)
	if err != nil || err2 != nil || last < first {
		return fmt.Errorf("range %v: want two integers, the smaller one first", values)
	}
	return nil
}

func (o Optimizers) validate() error {
	var problems []error
	if o.SnapshotRetention != nil && (o.SnapshotRetention.Days < 0 || o.SnapshotRetention.Keep < 0) {
		problems = append(problems, errors.New("optimizers.snapshotRetention: want positive numbers of days and of snapshots to keep"))
	}
	if o.OrphanFiles != nil && o.OrphanFiles.Days < 0 {
		problems = append(problems, errors.New("optimizers.orphanFiles.days: want a positive number"))
	}
	return errors.Join(problems...)
}

// parameters are the table's properties, for files.
func (t *Table) parameters() map[string]string {
	parameters := map[string]string{"EXTERNAL": "TRUE", "classification": t.Format}
	if t.Format == "csv" {
		parameters["skip.header.line.count"] = "1"
	}
	for _, key := range t.PartitionBy {
		if key.Projection == nil {
			continue
		}
		parameters["projection.enabled"] = "true"
		for property, value := range key.Projection.properties() {
			parameters["projection."+key.Name+"."+property] = value
		}
	}
	return parameters
}

// properties are what Athena reads of a column (Athena User Guide, "Supported types for partition projection").
func (p *Projection) properties() map[string]string {
	all := map[string]string{
		"type": p.Type, "values": strings.Join(p.Values, ","), "range": strings.Join(p.Range, ","), "format": p.Format,
		"interval": number(p.Interval), "interval.unit": p.Unit, "digits": number(p.Digits),
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

func number(value int) string {
	if value == 0 {
		return ""
	}
	return strconv.Itoa(value)
}

// either gives the value, or the default of one that is not set.
func either(value, standard int) int {
	if value == 0 {
		return standard
	}
	return value
}

// validateTables checks that no two things of the catalog are the same or describe the same data.
func (s Saved) validateTables(settings Settings, lake Lake) error {
	var problems []error
	owner := map[string]string{} // by database and name
	for _, view := range s.Views {
		owner[lake.Database(view.Zone, view.Domain)+"."+view.Name] = "view"
	}
	for i, table := range s.Tables {
		add := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("%s/%s.yaml: "+format, append([]any{settings.Tables, table.Name}, args...)...))
		}
		name := lake.Database(table.Zone, table.Domain) + "." + table.Name
		if other := owner[name]; other != "" {
			add("there is a %s of this name in its database", other)
		}
		owner[name] = "table"
		folder := table.Folder(lake.Domains)
		for _, other := range s.Tables[:i] {
			if theirs := other.Folder(lake.Domains); other.Zone == table.Zone && domain.Overlap(folder, theirs) {
				add("its folder %q overlaps %q of the table %s", folder, theirs, other.Name)
			}
		}
		for _, crawler := range settings.CrawlerNames() {
			for _, theirs := range settings.Crawlers[crawler].Folders(lake.Domains) {
				if settings.Crawlers[crawler].Zone == table.Zone && domain.Overlap(folder, theirs) {
					add("its folder %q overlaps %q of catalog.crawlers.%s, which would describe the data again", folder, theirs, crawler)
				}
			}
		}
	}
	return errors.Join(problems...)
}
