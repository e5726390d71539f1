package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

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

// Load reads the files of a lake. All problems of all files are returned together, each with its file, and its
// line where it has one.
func Load(files fs.FS, folders Folders) (Lake, error) {
	var problems []error
	pipelines := map[string]*Pipeline{}
	of := func(name string) *Pipeline {
		if pipelines[name] == nil {
			pipelines[name] = &Pipeline{Name: name, Datasets: []Dataset{}, Tables: []Table{}}
		}
		return pipelines[name]
	}
	names := map[string]string{}
	once := func(kind, name, file string) {
		if other, found := names[kind+name]; found {
			problems = append(problems, fmt.Errorf("%s: %s %q is also in %s", file, kind, name, other))
		}
		names[kind+name] = file
	}

	problems = append(problems, yamlfile.Each(files, folders.Datasets, func(file string, raw []byte) error {
		var d Dataset
		if err := yamlfile.Decode(raw, &d); err != nil {
			return err
		}
		once("data set", d.Name, file)
		p := of(d.Pipeline)
		p.Datasets = append(p.Datasets, d)
		return errors.Join(d.validate(), yamlfile.Named(file, d.Name))
	}))
	problems = append(problems, yamlfile.Each(files, folders.Analytics, func(file string, raw []byte) error {
		var t Table
		if err := yamlfile.Decode(raw, &t); err != nil {
			return err
		}
		once("table", t.Name, file)
		query, err := yamlfile.SQL(files, file)
		if err != nil {
			return err
		}
		t.SQL = query
		p := of(t.Pipeline)
		p.Tables = append(p.Tables, t)
		return errors.Join(t.validate(), yamlfile.Named(file, t.Name))
	}))

	var out []Pipeline
	for _, p := range pipelines {
		if len(p.Datasets) == 0 {
			problems = append(problems, fmt.Errorf("pipeline %q has tables but no data set", p.Name))
		}
		out = append(out, p.withDefaults())
	}
	slices.SortFunc(out, func(a, b Pipeline) int { return strings.Compare(a.Name, b.Name) })
	return Lake{Pipelines: out, Templates: Templates{}}, errors.Join(problems...)
}
