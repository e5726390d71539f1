package catalog

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tarn-data/tarn/pkg/domain"
)

const (
	goodQuery = `
name: late
description: Late orders
domain: sales
zone: staged
personas: [analyst]
`
	goodView = `
name: totals
description: Totals
domain: sales
zone: analytics
columns:
  - {name: day, type: date, description: The day}
  - {name: sum, type: "decimal(10,2)"}
  - {name: at, type: timestamp}
`
)

var lake = Lake{
	Domains: domain.Domains{"sales": {}}, Personas: []string{"analyst", "engineer"},
	Database: func(zone, domain string) string { return strings.Trim("db_"+zone+"_"+domain, "_") },
}

func files(query, querySQL, view, viewSQL string) fstest.MapFS {
	return fstest.MapFS{
		"queries/late.yaml": {Data: []byte(query)},
		"queries/late.sql":  {Data: []byte(querySQL)},
		"views/totals.yaml": {Data: []byte(view)},
		"views/totals.sql":  {Data: []byte(viewSQL)},
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	saved, err := Load(files(goodQuery, "SELECT 1 FROM {{raw}}.a JOIN {{ quarantine }}.b ;\n", goodView, "-- why\nSELECT '<&>'\n"), Defaults(), lake)
	if err != nil {
		t.Fatal(err)
	}
	if len(saved.Queries) != 1 || len(saved.Views) != 1 {
		t.Fatalf("got %+v", saved)
	}
	if got, want := saved.Queries[0].SQL, "SELECT 1 FROM db_raw_sales.a JOIN db_quarantine_sales.b"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	none, err := Load(fstest.MapFS{}, Defaults(), lake)
	if err != nil || len(none.Queries)+len(none.Views) != 0 {
		t.Errorf("without files: %+v, %v", none, err)
	}
}

// The text is what Athena's own CREATE VIEW writes.
func TestViewText(t *testing.T) {
	t.Parallel()
	saved, err := Load(files(goodQuery, "SELECT 1", goodView, "SELECT '<&>'"), Defaults(), lake)
	if err != nil {
		t.Fatal(err)
	}
	text, err := saved.Views[0].text("db_analytics_sales")
	if err != nil {
		t.Fatal(err)
	}
	encoded, found := strings.CutPrefix(text, "/* Presto View: ")
	encoded, ends := strings.CutSuffix(encoded, " */")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !found || !ends {
		t.Fatalf("%q: %v", text, err)
	}
	const want = `{"originalSql":"SELECT '<&>'","catalog":"awsdatacatalog","schema":"db_analytics_sales","columns":[` +
		`{"name":"day","type":"date"},{"name":"sum","type":"decimal(10,2)"},{"name":"at","type":"timestamp(6)"}]}`
	if string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	query := func(old, replacement string) fstest.MapFS {
		return files(strings.Replace(goodQuery, old, replacement, 1), "SELECT 1", goodView, "SELECT 1")
	}
	view := func(old, replacement string) fstest.MapFS {
		return files(goodQuery, "SELECT 1", strings.Replace(goodView, old, replacement, 1), "SELECT 1")
	}
	long := strings.Repeat("x", 3000)
	tests := map[string]struct {
		files fstest.MapFS
		want  []string
	}{
		"unknown field":     {query("domain:", "domian:"), []string{"queries/late.yaml", "domian"}},
		"unknown domain":    {query("sales", "payroll"), []string{`queries/late.yaml: domain "payroll": datalake:settings.domains has [sales]`}},
		"unknown persona":   {query("[analyst]", "[auditor]"), []string{`queries/late.yaml: personas[0] "auditor": datalake:settings.access.personas has [analyst engineer]`}},
		"persona twice":     {query("[analyst]", "[analyst, analyst]"), []string{`personas[1] "analyst" is there twice`}},
		"unknown zone":      {query("staged", "artifacts"), []string{`queries/late.yaml: zone "artifacts": want one of [raw staged analytics quarantine]`}},
		"other name":        {query("late", "later"), []string{`name "later": want "late", the file's name`}},
		"no description":    {query("Late orders", `" "`), []string{"queries/late.yaml: description: want 1 to 1024"}},
		"long description":  {query("Late orders", long), []string{"description: want 1 to 1024"}},
		"not YAML":          {query("name:", "{"), []string{"queries/late.yaml"}},
		"a list for a text": {query("late", "[late]"), []string{"queries/late.yaml"}},
		"placeholder":       {files(goodQuery, "SELECT {{gold}}", goodView, "SELECT 1"), []string{"queries/late.yaml: {{gold}} in late.sql: want {{zone}} with one of"}},
		"empty query":       {files(goodQuery, " ;\n", goodView, "SELECT 1"), []string{"the query file late.sql is empty"}},
		"long query":        {files(goodQuery, "SELECT "+strings.Repeat("1", 300_000), goodView, "SELECT 1"), []string{"late.sql has 300007 bytes, Athena allows 262144"}},
		"long view":         {files(goodQuery, "SELECT 1", goodView, "SELECT '"+strings.Repeat("<", 310_000)), []string{"views/totals.yaml", "the query file totals.sql: the view has 413619 bytes"}},
		"no query":          {fstest.MapFS{"queries/late.yaml": {Data: []byte(goodQuery)}}, []string{"queries/late.yaml: its query"}},
		"SQL alone":         {fstest.MapFS{"views/x.sql": {Data: []byte("SELECT 1")}}, []string{"views/x.sql: there is no file x.yaml beside it"}},
		"view of unknown":   {view("sales", "payroll"), []string{`views/totals.yaml: domain "payroll"`}},
		"personas of views": {view("columns:", "personas: [analyst]\ncolumns:"), []string{"views/totals.yaml", "personas"}},
		"CREATE VIEW":       {files(goodQuery, "SELECT 1", goodView, "-- SELECT\nCREATE VIEW x AS SELECT 1"), []string{"views/totals.yaml: the query file totals.sql: want a SELECT"}},
		"no columns":        {files(goodQuery, "SELECT 1", goodView[:strings.Index(goodView, "columns:")], "SELECT 1"), []string{"columns: name what the query gives"}},
		"column name":       {view("name: day", "name: Day"), []string{`columns[0].name "Day"`}},
		"column twice":      {view("name: sum", "name: day"), []string{`columns[1].name "day" is there twice`}},
		"column type":       {view("type: date", "type: varchar"), []string{`columns[0].type "varchar" of day: want one of [bigint boolean`}},
		"decimal":           {view("10,2", "39,2"), []string{`columns[1].type "decimal(39,2)"`}},
		"column's lines":    {view("The day", `"two\nlines"`), []string{"columns[0].description of day: want one line"}},
		"all at once":       {files(strings.Replace(goodQuery, "staged", "x", 1), "SELECT 1", strings.Replace(goodView, "analytics", "y", 1), "SELECT 1"), []string{`zone "x"`, `zone "y"`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(test.files, Defaults(), lake)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v\nhas no %q", err, want)
				}
			}
		})
	}
	elsewhere := Defaults()
	elsewhere.Queries = "quries"
	if _, err := Load(fstest.MapFS{}, elsewhere, lake); err == nil || !strings.Contains(err.Error(), "datalake:settings.catalog.queries") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change   func(s *Settings)
		personas []string
		domains  domain.Domains
		want     string // empty for no error
	}{
		"defaults":         {func(*Settings) {}, nil, nil, ""},
		"a limit":          {func(s *Settings) { s.Workgroups = map[string]Limits{"analyst": {MinScanLimit}} }, []string{"analyst"}, nil, ""},
		"no limit":         {func(s *Settings) { s.Workgroups = map[string]Limits{"analyst": {}} }, []string{"analyst"}, nil, ""},
		"low limit":        {func(s *Settings) { s.Workgroups = map[string]Limits{"analyst": {5}} }, []string{"analyst"}, nil, "catalog.workgroups.analyst.scanLimitBytes is 5, Athena wants at least"},
		"nobody's limit":   {func(s *Settings) { s.Workgroups = map[string]Limits{"analist": {}} }, []string{"analyst"}, nil, "catalog.workgroups.analist: there is no such persona; personas are [analyst]"},
		"everybody's name": {func(*Settings) {}, []string{"lake"}, nil, "access.personas.lake: the workgroup of everybody has this name"},
		"no folder":        {func(s *Settings) { s.Views = "" }, nil, nil, "catalog.views is empty"},
		"long description": {func(*Settings) {}, nil, domain.Domains{"sales": {Description: strings.Repeat("x", 2000)}}, "domains.sales.description: the databases' descriptions"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Defaults()
			test.change(&s)
			err := s.Validate(test.personas, test.domains)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestShippedFilesAreGood(t *testing.T) {
	t.Parallel()
	saved, err := Load(os.DirFS("../../datalake"), Defaults(), Lake{Domains: domain.Domains{"flights": {}}, Database: lake.Database})
	if err != nil {
		t.Fatal(err)
	}
	if len(saved.Queries) < 2 || len(saved.Views) < 1 {
		t.Errorf("got %d queries and %d views", len(saved.Queries), len(saved.Views))
	}
}

// Whatever the files hold, loading ends in a view that Athena can decode and whose columns have types of
// Athena's, in a table whose folder is its domain's and whose partitions Athena can work out, or in an error.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(goodQuery), []byte(goodView), "SELECT '{{raw}}'")
	f.Add([]byte("personas: {}"), []byte("columns: [*a]"), "{{")
	f.Add([]byte("name: late"), []byte("name: !x 1"), "/*")
	f.Add([]byte(goodTable), []byte(goodIceberg), "")
	f.Fuzz(func(t *testing.T, query, yaml []byte, sql string) {
		checkTables(t, query, yaml)
		saved, err := Load(files(string(query), sql, string(yaml), sql), Defaults(), lake)
		if err != nil {
			return
		}
		for _, v := range saved.Views {
			text, err := v.text("db")
			if err != nil {
				t.Fatalf("%q passed, but has no text: %v", yaml, err)
			}
			raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(strings.TrimPrefix(text, "/* Presto View: "), " */"))
			if err != nil {
				t.Fatal(err)
			}
			var read struct{ Columns []struct{ Name, Type string } }
			if err := json.Unmarshal(raw, &read); err != nil || len(read.Columns) != len(v.Columns) {
				t.Errorf("%s: %v", raw, err)
			}
			for _, column := range read.Columns {
				if column.Name == "" || column.Type == "" {
					t.Errorf("%q passed with column %+v", yaml, column)
				}
			}
		}
	})
}

// checkTables loads the same files as declared tables.
func checkTables(t *testing.T, one, other []byte) {
	t.Helper()
	saved, err := Load(tables(string(one), string(other)), Defaults(), lake)
	if err != nil {
		return
	}
	for _, table := range saved.Tables {
		if folder := table.Folder(lake.Domains); placed(lake.Domains, table.Zone, table.Domain, folder) != nil {
			t.Errorf("%+v passed with folder %q", table, folder)
		}
		if len(table.Columns) == 0 || table.Iceberg() && len(table.PartitionBy) > 0 || !table.Iceberg() && table.Optimized() {
			t.Errorf("%+v passed", table)
		}
		parameters := table.parameters()
		for _, key := range table.PartitionBy {
			if (parameters["projection."+key.Name+".type"] == "") != (parameters["projection.enabled"] == "") {
				t.Errorf("%+v passed with %v", table, parameters)
			}
		}
	}
}
