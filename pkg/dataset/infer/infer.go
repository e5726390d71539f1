package infer

import (
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/dataset"
)

// Options is what somebody who has a sample knows.
type Options struct {
	Name     string // of the data set
	Pipeline string
	// Optional: the format; defaults to what the ending of the file's name says.
	Format string
	// Optional: the folder below the raw zone; defaults to that of the pipeline and the name.
	Path string
	// Required: where the sample is from; its path may tell the date.
	File string
	// Optional: things that the caller has guessed already, by field.
	Guessed map[string]string
}

// Draft is a first version of a data set file.
type Draft struct {
	YAML    []byte   `json:"-"`
	Format  string   `json:"format"`
	Rows    int      `json:"rows"`    // of the sample that were looked at
	Partial bool     `json:"partial"` // there are more in the sample
	Columns int      `json:"columns"`
	Key     []string `json:"key"`
	Check   []string `json:"check"` // what needs a decision, the most important first
	Guesses int      `json:"guesses"`
}

// FormatOf gives the format that a file's name tells; empty for none.
func FormatOf(file string) string {
	switch path.Ext(strings.TrimSuffix(strings.ToLower(file), ".gz")) {
	case ".csv", ".tsv", ".txt":
		return dataset.CSV
	case ".json", ".jsonl", ".ndjson":
		return dataset.JSON
	case ".parquet", ".pq":
		return dataset.Parquet
	default:
		return ""
	}
}

// Infer drafts a data set from a sample.
func Infer(content io.ReaderAt, size int64, options Options) (Draft, error) {
	format := options.Format
	if format == "" {
		if format = FormatOf(options.File); format == "" {
			return Draft{}, fmt.Errorf("the name of %s does not tell its format: say which, csv, json or parquet", path.Base(options.File))
		}
	}
	found, err := read(content, size, format)
	if err != nil {
		return Draft{}, err
	}
	if len(found.rows) == 0 {
		return Draft{}, fmt.Errorf("it has no row that can be read as %s: types cannot be guessed", format)
	}
	d := draft{sample: found, options: options}
	if format == dataset.CSV {
		d.marker, d.markerWhy = nullMarker(found)
	}
	d.fillColumns()
	if len(d.columns) == 0 {
		return Draft{}, fmt.Errorf("none of its columns can be one of a data set: %s", strings.Join(d.leftOut, "; "))
	}
	return d.render(), nil
}

// draft is a data set in the making.
type draft struct {
	sample    sample
	options   Options
	marker    string
	markerWhy string
	columns   []column
	leftOut   []string
}

type column struct {
	name     string
	original string // where the file's is another
	kind     string
	why      string
	required bool
	empty    int // values
	at       int // in the sample
}

// markers are what programs write for nothing.
var markers = []string{"NA", "N/A", "NULL", "null", `\N`, "None", "NaN", "nan", "-", "?", "n/a", "#N/A"}

// telling are those that mean nothing else.
var telling = []string{`\N`, "NULL", "#N/A"}

// nullMarker gives the marker that makes the most columns have a type, and why.
func nullMarker(s sample) (marker, why string) {
	best, most := "", 0
	counts := map[string]map[int]int{} // by marker and column
	for _, row := range s.rows {
		for i, v := range row {
			if len(v.text) <= 4 && slices.Contains(markers, v.text) {
				if counts[v.text] == nil {
					counts[v.text] = map[int]int{}
				}
				counts[v.text][i]++
			}
		}
	}
	for _, candidate := range markers {
		better, seen := 0, 0
		for i, count := range counts[candidate] {
			seen += count
			if kind, _ := shapeOf(s, i, candidate).kind(""); kind != "string" {
				better++
			}
		}
		if better == 0 && seen > 0 && slices.Contains(telling, candidate) {
			better = 1
		}
		if better > most {
			best, most = candidate, better
			why = fmt.Sprintf("%d values in %d columns are %s", seen, len(counts[candidate]), candidate)
		}
	}
	return best, why
}

func (d *draft) fillColumns() {
	taken := map[string]bool{}
	for i, f := range d.sample.columns {
		if f.leave != "" {
			d.leftOut = append(d.leftOut, fmt.Sprintf("%q: %s", f.name, f.leave))
			continue
		}
		c := column{name: cleanName(f.name, taken), at: i, kind: f.kind, why: "as in the file"}
		taken[c.name] = true
		if c.name != f.name {
			c.original = f.name
		}
		if c.kind == "" {
			c.kind, c.why = shapeOf(d.sample, i, d.marker).kind(c.name)
		}
		for _, row := range d.sample.rows {
			if row[i].kind == empty || row[i].kind == plain && d.marker != "" && row[i].text == d.marker {
				c.empty++
			}
		}
		c.required = c.empty == 0
		d.columns = append(d.columns, c)
	}
}

var (
	unclean = regexp.MustCompile(`[^a-z0-9]+`)
	camel   = regexp.MustCompile(`([a-z0-9])([A-Z])`)
)

const maxColumnName = 200 // leaves room for a number behind it

// cleanName makes a name one that needs no quotes anywhere.
func cleanName(name string, taken map[string]bool) string {
	clean := name
	if !plainWord.MatchString(name) || len(name) > maxColumnName {
		clean = strings.Trim(unclean.ReplaceAllString(strings.ToLower(camel.ReplaceAllString(name, "${1}_$2")), "_"), "_")
		if clean == "" || clean[0] < 'a' {
			clean = "column_" + clean
		}
		clean = strings.TrimRight(clean[:min(len(clean), maxColumnName)], "_")
	}
	unique := clean
	for i := 2; taken[unique]; i++ {
		unique = fmt.Sprintf("%s_%d", clean, i)
	}
	return unique
}

var (
	dayFolders = regexp.MustCompile(`((?:^|/)(?:year=|y=)?)([0-9]{4})(/(?:month=|m=)?)([0-9]{2})(/(?:day=|d=)?)([0-9]{2})` +
		`(?:(/(?:hour=|h=|hh=)?)([0-9]{2})(?:/|$))?`)
	dayFolder = regexp.MustCompile(`(?:^|/)([a-z_]+=)([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:/|$)`)
	dayInName = regexp.MustCompile(`([0-9]{4})([-_]?)([0-9]{2})([-_]?)([0-9]{2})`)
)

// datePattern gives how a path tells a date, as strftime writes it; empty when it does not.
func datePattern(file string) string {
	isDay := func(year, month, day string) bool {
		return isDate(year+"-"+month+"-"+day) && year >= "1970" && year < "2100"
	}
	file = strings.ReplaceAll(file, `\`, "/")
	if m := dayFolders.FindStringSubmatch(path.Dir(file) + "/"); m != nil && isDay(m[2], m[4], m[6]) {
		pattern := strings.TrimPrefix(m[1], "/") + "%Y" + m[3] + "%m" + m[5] + "%d"
		if m[8] != "" && m[8] < "24" {
			pattern += m[7] + "%H"
		}
		return pattern
	}
	if m := dayFolder.FindStringSubmatch(path.Dir(file) + "/"); m != nil && isDay(m[2], m[3], m[4]) {
		if strings.Contains(m[0], m[2]+"-") {
			return m[1] + "%Y-%m-%d"
		}
		return m[1] + "%Y%m%d"
	}
	if m := dayInName.FindStringSubmatch(path.Base(file)); m != nil && isDay(m[1], m[3], m[5]) {
		return "%Y" + m[2] + "%m" + m[4] + "%d"
	}
	return ""
}
