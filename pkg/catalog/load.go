package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/yamlfile"
)

// Query is a question that is kept under a name: a file <name>.yaml, and its SQL in <name>.sql.
type Query struct {
	Place `yaml:",inline"`
	// Optional: the personas whose workgroups show it; defaults to the workgroup of everybody and those of
	// the personas that may read the domain in the zone.
	Personas []string `yaml:"personas"`
}

// View is a view that Athena can ask like a table: a file <name>.yaml, and its SQL in <name>.sql.
type View struct {
	Place `yaml:",inline"`
	// Required: what the query gives, in its order.
	Columns []Column `yaml:"columns"`
}

// Place is what a query, a view and a table have in common.
type Place struct {
	// Required: the file's name without .yaml.
	Name string `yaml:"name"`
	// Required: what it tells.
	Description string `yaml:"description"`
	// Optional: the domain whose databases the SQL speaks of, or whose table it is; defaults to the databases
	// of the zones themselves.
	Domain string `yaml:"domain"`
	// Required: the zone whose database tables without a database are in.
	Zone string `yaml:"zone"`
	// Not for a table: the file <name>.sql, with the names of databases for {{raw}}, {{staged}}, {{analytics}} and
	// {{quarantine}}.
	SQL string `yaml:"-"`
}

// Column is a column of a view or a table.
type Column struct {
	Name        string `yaml:"name"`
	Type        string `yaml:"type"` // as in the data set files
	Description string `yaml:"description"`
}

// Lake is what the files may speak of.
type Lake struct {
	Domains  domain.Domains
	Personas []string
	// Database gives the database of a zone for a domain, which is empty for none.
	Database func(zone, domain string) string
}

// Saved is all queries, views and tables of the files, each in name order.
type Saved struct {
	Queries []Query
	Views   []View
	Tables  []Table
}

// zones are those that have tables.
var zones = []string{"raw", "staged", "analytics", "quarantine"}

// What AWS accepts (Athena API Reference, CreateNamedQuery; Glue API Reference, TableInput and Column).
const (
	maxQueryName        = 128
	maxQueryDescription = 1024 // characters
	maxQueryBytes       = 262_144
	maxViewName         = 255
	maxViewTextBytes    = 409_600
	maxComment          = 255
)

var (
	identifier  = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	placeholder = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)
	// selects tells a SELECT behind comments from a statement that a view cannot hold.
	selects = regexp.MustCompile(`(?is)^(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*(?:SELECT|WITH)\b`)
)

// Load reads the folders of the queries, the views and the tables, and checks everything that can be checked without
// AWS. All problems of all files are returned together, each with its file.
func Load(files fs.FS, settings Settings, lake Lake) (Saved, error) {
	var saved Saved
	problems := []error{
		there(files, "queries", settings.Queries, defaultQueries), there(files, "views", settings.Views, defaultViews),
		there(files, "tables", settings.Tables, defaultTables), alone(files, settings.Queries), alone(files, settings.Views),
	}
	problems = append(problems, yamlfile.Each(files, settings.Queries, func(file string, raw []byte) error {
		var q Query
		if err := yamlfile.Decode(raw, &q); err != nil {
			return err
		}
		err := q.read(files, file, lake)
		saved.Queries = append(saved.Queries, q)
		return errors.Join(err, q.validate(lake))
	}))
	problems = append(problems, yamlfile.Each(files, settings.Views, func(file string, raw []byte) error {
		var v View
		if err := yamlfile.Decode(raw, &v); err != nil {
			return err
		}
		err := v.read(files, file, lake)
		saved.Views = append(saved.Views, v)
		return errors.Join(err, v.validate(lake))
	}))
	problems = append(problems, yamlfile.Each(files, settings.Tables, func(file string, raw []byte) error {
		var t Table
		if err := yamlfile.Decode(raw, &t); err != nil {
			return err
		}
		saved.Tables = append(saved.Tables, t)
		return errors.Join(yamlfile.Named(file, t.Name), t.validate(lake))
	}))
	if errors.Join(problems...) == nil {
		problems = append(problems, saved.validateTables(settings, lake))
	}
	if err := errors.Join(problems...); err != nil {
		return Saved{}, err
	}
	return saved, nil
}

// there refuses a folder that was configured and is not there.
func there(files fs.FS, field, folder, standard string) error {
	if _, err := fs.Stat(files, folder); err != nil && folder != standard {
		return fmt.Errorf("datalake:settings.catalog.%s: %w", field, err)
	}
	return nil
}

// alone refuses SQL that nothing would ever read.
func alone(files fs.FS, folder string) error {
	matches, err := fs.Glob(files, path.Join(folder, "*.sql"))
	if err != nil {
		return err
	}
	var problems []error
	for _, file := range matches {
		if _, err := fs.Stat(files, strings.TrimSuffix(file, ".sql")+".yaml"); err != nil {
			problems = append(problems, fmt.Errorf("%s: there is no file %s.yaml beside it", file, strings.TrimSuffix(path.Base(file), ".sql")))
		}
	}
	return errors.Join(problems...)
}

// read reads the SQL and puts the names of the databases into it.
func (p *Place) read(files fs.FS, file string, lake Lake) error {
	problems := []error{yamlfile.Named(file, p.Name)}
	sql, err := yamlfile.SQL(files, file)
	if err != nil {
		return errors.Join(append(problems, err)...)
	}
	// Athena takes one statement, and a view none that ends.
	sql = strings.TrimRightFunc(sql, func(r rune) bool { return unicode.IsSpace(r) || r == ';' })
	p.SQL = placeholder.ReplaceAllStringFunc(sql, func(found string) string {
		zone := placeholder.FindStringSubmatch(found)[1]
		if !slices.Contains(zones, zone) {
			problems = append(problems, fmt.Errorf("%s in %s.sql: want {{zone}} with one of %v", found, p.Name, zones))
			return found
		}
		return lake.Database(zone, p.Domain)
	})
	return errors.Join(problems...)
}

func (p *Place) validate(lake Lake, longestName, longestDescription int) []error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !identifier.MatchString(p.Name) || len(p.Name) > longestName {
		add("name %q: want lower-case letters, digits and underscores, at most %d", p.Name, longestName)
	}
	if strings.TrimSpace(p.Description) == "" || utf8.RuneCountInString(p.Description) > longestDescription {
		add("description: want 1 to %d characters that say what it tells", longestDescription)
	}
	if _, known := lake.Domains[p.Domain]; p.Domain != "" && !known {
		add("domain %q: datalake:settings.domains has %v", p.Domain, lake.Domains.Names())
	}
	if !slices.Contains(zones, p.Zone) {
		add("zone %q: want one of %v", p.Zone, zones)
	}
	return problems
}

func (p *Place) validateSQL() []error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if p.SQL == "" {
		add("the query file %s.sql is empty", p.Name)
	}
	if len(p.SQL) > maxQueryBytes {
		add("the query file %s.sql has %d bytes, Athena allows %d", p.Name, len(p.SQL), maxQueryBytes)
	}
	return problems
}

func (q *Query) validate(lake Lake) error {
	problems := append(q.Place.validate(lake, maxQueryName, maxQueryDescription), q.validateSQL()...)
	for i, persona := range q.Personas {
		if !slices.Contains(lake.Personas, persona) {
			problems = append(problems, fmt.Errorf("personas[%d] %q: datalake:settings.access.personas has %v", i, persona, lake.Personas))
		}
		if slices.Index(q.Personas, persona) < i {
			problems = append(problems, fmt.Errorf("personas[%d] %q is there twice", i, persona))
		}
	}
	return errors.Join(problems...)
}

func (v *View) validate(lake Lake) error {
	problems := append(v.Place.validate(lake, maxViewName, maxDescription/utf8.UTFMax), v.validateSQL()...)
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if v.SQL != "" && !selects.MatchString(v.SQL) {
		add("the query file %s.sql: want a SELECT, without CREATE VIEW before it", v.Name)
	}
	if len(v.Columns) == 0 {
		add("columns: name what the query gives; Glue has no way to find out")
	}
	problems = append(problems, validateColumns("columns", v.Columns, nil)...)
	text, err := v.text(lake.Database(v.Zone, v.Domain))
	if len(text) > maxViewTextBytes {
		add("the query file %s.sql: the view has %d bytes as Glue keeps it, which allows %d", v.Name, len(text), maxViewTextBytes)
	}
	problems = append(problems, err)
	return errors.Join(problems...)
}
