package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/dqdl"
	"github.com/tarn-data/tarn/pkg/yamlfile"
)

// Folders say where the files of a lake are.
type Folders struct {
	Datasets  string // one YAML file for each data set
	Analytics string // one YAML and one SQL file for each table
	Pipelines string // one YAML file for each pipeline that wants more than the defaults
	Templates string // one YAML file for each job template
	Quality   string // one DQDL file for each ruleset
}

// DefaultFolders is where files are when nothing else is configured.
func DefaultFolders() Folders {
	return Folders{
		Datasets: "datasets", Analytics: "analytics", Pipelines: "pipelines", Templates: "templates", Quality: "quality",
	}
}

// Lake is everything that files describe.
type Lake struct {
	Pipelines []Pipeline // by name
	Templates Templates
}

// Load reads the files of a lake. All problems of all files are returned together, each with its file and, where it
// has one, its line: yamlfile.Problems takes them apart.
func Load(files fs.FS, folders Folders) (Lake, error) {
	l := loader{files: files}
	datasets := read(&l, folders.Datasets, func(d Dataset) string { return d.Name })
	tables := read(&l, folders.Analytics, func(t Table) string { return t.Name })
	pipelines := read(&l, folders.Pipelines, func(p Pipeline) string { return p.Name })
	templates := read(&l, folders.Templates, func(t Template) string { return t.Name })
	rulesets := l.rulesets(folders.Quality)

	lake := Lake{Templates: l.templates(templates)}
	for i, table := range tables {
		query, err := yamlfile.SQL(files, table.File)
		if err != nil {
			l.add(table.Problem("", "%v", err))
			query = "missing" // is said already
		}
		tables[i].value.SQL = query
	}
	for _, d := range datasets {
		d.value.check(l.report(d.Document), rulesets)
	}
	l.overlaps(datasets)
	l.fits(datasets, rulesets)
	for _, name := range pipelineNames(datasets, tables, pipelines) {
		lake.Pipelines = append(lake.Pipelines, l.pipeline(name, datasets, tables, pipelines, lake.Templates, rulesets))
	}
	return lake, errors.Join(l.problems...)
}

// loader collects problems.
type loader struct {
	files    fs.FS
	problems []error
	unread   bool // a file could not be read: what seems to be missing may be in it
}

func (l *loader) add(problem error) { l.problems = append(l.problems, problem) }

func (l *loader) report(document *yamlfile.Document) report {
	return func(field, format string, args ...any) { l.add(document.Problem(field, format, args...)) }
}

// parsed is what a file says, and where it says it.
type parsed[T any] struct {
	*yamlfile.Document
	value T
}

// read reads the files of a folder. Those that cannot be read are left out.
func read[T any](l *loader, folder string, nameOf func(T) string) []parsed[T] {
	var out []parsed[T]
	err := yamlfile.Each(l.files, folder, func(file string, raw []byte) error {
		document, err := yamlfile.Parse(file, raw)
		if err != nil {
			return err
		}
		var value T
		if err := document.Decode(&value); err != nil {
			return err
		}
		// File names and names are the same, so that one finds the file of a name.
		if want := strings.TrimSuffix(path.Base(file), ".yaml"); nameOf(value) != want {
			l.add(document.Problem("name", "%q: want %q, the file's name", nameOf(value), want))
		}
		out = append(out, parsed[T]{document, value})
		return nil
	})
	if err != nil {
		l.add(err)
		l.unread = true
	}
	return out
}

// rulesets reads all rulesets by name, whether a data set names them or not.
func (l *loader) rulesets(folder string) map[string]dqdl.Ruleset {
	out := map[string]dqdl.Ruleset{}
	matches, err := fs.Glob(l.files, path.Join(folder, "*.dqdl"))
	if err != nil {
		l.add(err)
	}
	for _, file := range matches {
		raw, err := fs.ReadFile(l.files, file)
		if err != nil {
			l.add(err)
			continue
		}
		name := strings.TrimSuffix(path.Base(file), ".dqdl")
		if !identifier.MatchString(name) || len(name) > maxPipeline {
			l.add(yamlfile.Problem{File: file, Text: fmt.Sprintf(
				"the name %q: want lower-case letters, digits and underscores, at most %d", name, maxPipeline)})
		}
		ruleset, err := dqdl.Parse(file, string(raw))
		if err != nil {
			l.add(err)
		}
		out[name] = ruleset // also one with problems: they are said once
	}
	return out
}

func (l *loader) templates(read []parsed[Template]) Templates {
	out := Templates{}
	for _, t := range read {
		out[t.value.Name] = t.value
	}
	for _, t := range read {
		r := l.report(t.Document)
		t.value.check(r)
		if extended := t.value.Extends; extended != "" {
			if _, found := out[extended]; !found {
				r("extends", "there is no template %q; %s", extended, there(out))
			} else if _, err := out.chain(t.value.Name); err != nil && circular(out, t.value.Name) {
				r("extends", "%v", err)
			}
		}
	}
	return out
}

// circular tells whether a template extends, at some remove, itself.
func circular(templates Templates, start string) bool {
	name := templates[start].Extends
	for range templates {
		if name == start {
			return true
		}
		name = templates[name].Extends
	}
	return false
}

// overlaps refuses folders in which one data set would read the files of another. Only data sets of one pipeline may
// read the same folder: their job sees the same files for both.
func (l *loader) overlaps(datasets []parsed[Dataset]) {
	for i, d := range datasets {
		folder := strings.TrimSuffix(d.value.Source.Path, "/")
		if folder == "" {
			continue // is said already
		}
		for _, other := range datasets[:i] {
			before := strings.TrimSuffix(other.value.Source.Path, "/")
			if folder == before && d.value.Pipeline == other.value.Pipeline {
				continue
			}
			if before != "" && domain.Overlap(folder, before) {
				l.add(d.Problem("source.path", "%q overlaps with %q of data set %s of pipeline %s: give each a folder of its own",
					d.value.Source.Path, other.value.Source.Path, other.value.Name, other.value.Pipeline))
			}
		}
	}
}

// fits refuses rules about columns that a data set has not, and about data sets that there are none of: the gate would
// find out only after everything is staged.
func (l *loader) fits(datasets []parsed[Dataset], rulesets map[string]dqdl.Ruleset) {
	known := map[string]bool{}
	for _, d := range datasets {
		known[d.value.Name] = true
	}
	for _, d := range datasets {
		r := l.report(d.Document)
		for _, column := range rulesets[d.value.Quality].Columns() {
			if !slices.ContainsFunc(d.value.Columns, func(c Column) bool { return c.Name == column }) {
				r("quality", "the ruleset %s is about a column %q, which the data set has not", d.value.Quality, column)
			}
		}
		for _, name := range rulesets[d.value.Quality].References() {
			if !known[name] && !l.unread {
				r("quality", "the ruleset %s is about a data set %q, which there is not", d.value.Quality, name)
			}
		}
	}
}

func pipelineNames(datasets []parsed[Dataset], tables []parsed[Table], pipelines []parsed[Pipeline]) []string {
	names := map[string]bool{}
	for _, d := range datasets {
		names[d.value.Pipeline] = true
	}
	for _, t := range tables {
		names[t.value.Pipeline] = true
	}
	for _, p := range pipelines {
		names[p.value.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// pipeline puts together and checks what forms a pipeline.
func (l *loader) pipeline(
	name string, datasets []parsed[Dataset], tables []parsed[Table], pipelines []parsed[Pipeline], templates Templates,
	rulesets map[string]dqdl.Ruleset,
) Pipeline {
	p := Pipeline{Name: name}
	at := slices.IndexFunc(pipelines, func(file parsed[Pipeline]) bool { return file.value.Name == name })
	if at >= 0 {
		p = pipelines[at].value
	}
	p.Datasets, p.Tables, p.Rulesets = []Dataset{}, []Table{}, map[string]dqdl.Ruleset{}
	var names []string
	for _, d := range datasets {
		if d.value.Pipeline != name {
			continue
		}
		p.Datasets = append(p.Datasets, d.value)
		names = append(names, d.value.Name)
		if ruleset, found := rulesets[d.value.Quality]; found {
			p.Rulesets[d.value.Quality] = ruleset
		}
	}
	for _, t := range tables {
		if t.value.Pipeline != name {
			continue
		}
		p.Tables = append(p.Tables, t.value)
		r := l.report(t.Document)
		t.value.check(r)
		if t.value.Incremental != nil && !l.unread {
			t.value.checkSource(r, names)
		}
		if len(names) == 0 && !l.unread {
			r("pipeline", "pipeline %q has tables but no data set", name)
		}
	}
	if at >= 0 {
		r := l.report(pipelines[at].Document)
		p.check(r, templates)
		p.checkJobs(r, l.files, templates)
		if len(p.Datasets)+len(p.Tables) == 0 && !l.unread {
			r("name", "no data set is of pipeline %q: write `pipeline: %s` into one, or remove this file", name, name)
		}
	}
	for _, d := range datasets {
		if d.value.Pipeline == name && d.value.Retention != nil && p.Maintenance != nil && p.Maintenance.By == ByNobody {
			l.add(d.Problem("retention", "the maintenance of pipeline %q, which deletes old rows, is by none: want job or optimizer", name))
		}
	}
	return p.withDefaults()
}
