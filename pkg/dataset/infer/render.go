package infer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/dataset"
)

// writer writes lines, those that are guesses with the reason behind them.
type writer struct {
	bytes.Buffer
	guesses int
}

func (w *writer) known(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *writer) guess(why, format string, args ...any) {
	w.guesses++
	fmt.Fprintf(w, format+" # guessed: %s\n", append(args, comment(why))...)
}

// comment keeps a reason in one line.
func comment(why string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff {
			return ' '
		}
		return r
	}, why)
}

var plainWord = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// words are names that YAML, in one of its versions, takes for something else than a text.
var words = []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}

// quoted writes a text so that every YAML parser reads the same.
func quoted(text string) string {
	if plainWord.MatchString(text) && !slices.Contains(words, text) {
		return text
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out) // every JSON string is one of YAML
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string cannot fail
	return strings.TrimSpace(out.String())
}

func (d draft) render() Draft {
	w := &writer{}
	amount := fmt.Sprintf("%d rows of %s", len(d.sample.rows), quoted(path.Base(d.options.File)))
	if d.sample.partial {
		amount = "the first " + amount
	}
	w.known("# yaml-language-server: $schema=../schemas/dataset.schema.json")
	w.known("# A first version, from %s. Check each line that says \"guessed\", then remove the remark.", comment(amount))
	w.known("name: %s", quoted(d.options.Name))
	w.guess("say what a row is, and where it comes from", "description: %s", quoted(d.options.Name))
	if why := d.options.Guessed["pipeline"]; why != "" {
		w.guess(why, "pipeline: %s", quoted(d.options.Pipeline))
	} else {
		w.known("pipeline: %s", quoted(d.options.Pipeline))
	}
	d.renderSource(w)
	d.renderColumns(w)
	key, why := d.key()
	names := make([]string, len(key))
	shown := make([]string, len(key))
	for i, at := range key {
		names[i], shown[i] = d.columns[at].name, quoted(d.columns[at].name)
	}
	w.guess(why, "key: [%s]", strings.Join(shown, ", "))
	if len(d.leftOut) > 0 {
		w.guess("left out are "+strings.Join(d.leftOut, "; "), "evolution: {new_columns: ignore}")
	}
	return Draft{
		YAML: w.Bytes(), Format: d.sample.format, Rows: len(d.sample.rows), Partial: d.sample.partial,
		Columns: len(d.columns), Key: names, Check: d.check(names, why), Guesses: w.guesses,
	}
}

func (d draft) renderSource(w *writer) {
	w.known("source:")
	w.known("  format: %s", d.sample.format)
	folder := d.options.Path
	if folder == "" {
		folder = d.options.Pipeline + "/" + d.options.Name + "/"
		w.guess("the folder below the raw zone that the files come to", "  path: %s", folder)
	} else {
		w.known("  path: %s", quoted(folder))
	}
	if d.sample.format == dataset.CSV {
		w.known("  options:")
		w.known(`    header: "true"`)
		if d.sample.sep != "," {
			w.guess("it splits the first lines into the most columns", "    sep: %s", quoted(d.sample.sep))
		}
		if d.marker != "" {
			w.guess(d.markerWhy, "    nullValue: %s", quoted(d.marker))
		}
	}
	if pattern := datePattern(d.options.File); pattern != "" {
		w.guess("from the path of the sample; `read: new` would read each file once", "  dates: %s", quoted(pattern))
	}
}

func (d draft) renderColumns(w *writer) {
	w.known("columns:")
	rows := len(d.sample.rows)
	for _, c := range d.columns {
		kind := c.kind
		if strings.Contains(kind, "(") {
			kind = quoted(kind)
		}
		needed := "no value is empty"
		switch {
		case c.empty == rows:
			needed = "all values are empty"
		case c.empty > 0:
			needed = fmt.Sprintf("%d of %d values are empty", c.empty, rows)
		}
		why := c.why + "; " + needed
		if c.original != "" {
			why = fmt.Sprintf("the file calls it %s: columns are found by name, so rename it there; %s", quoted(c.original), why)
		}
		w.guess(why, "  - {name: %s, type: %s, required: %t}", quoted(c.name), kind, c.required)
	}
}

// check says what needs a decision.
func (d draft) check(key []string, why string) []string {
	var out []string
	var renamed []string
	for _, c := range d.columns {
		if c.original != "" {
			renamed = append(renamed, fmt.Sprintf("%s (here %s)", quoted(c.original), c.name))
		}
	}
	if len(renamed) > 0 {
		out = append(out, "rename columns in the files to lower-case letters, digits and underscores, else runs are refused: "+
			strings.Join(renamed, ", "))
	}
	out = append(out, fmt.Sprintf("key [%s]: %s", strings.Join(key, ", "), why))
	if len(d.leftOut) > 0 {
		out = append(out, "columns that are left out: "+strings.Join(d.leftOut, "; "))
	}
	if d.sample.format != dataset.Parquet {
		out = append(out, "types and required: one later value that does not fit sends its row to quarantine")
	}
	if d.sample.partial {
		out = append(out, fmt.Sprintf("the sample has more than the %d rows that were looked at", len(d.sample.rows)))
	}
	return append(out, "the description, and a description of each column")
}
