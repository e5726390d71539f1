package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/yamlfile"
)

// Load reads every data set of a folder of YAML files, and every analytics table of a folder of
// YAML and SQL files, and gives the pipelines they form, ordered by name. All problems of all files
// are returned together, each with its file, and its line where the YAML itself is wrong.
func Load(files fs.FS, datasets, tables string) ([]Pipeline, error) {
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

	problems = append(problems, yamlfile.Each(files, datasets, func(file string, raw []byte) error {
		var d Dataset
		if err := yamlfile.Decode(raw, &d); err != nil {
			return err
		}
		once("data set", d.Name, file)
		p := of(d.Pipeline)
		p.Datasets = append(p.Datasets, d)
		return errors.Join(d.validate(), yamlfile.Named(file, d.Name))
	}))
	problems = append(problems, yamlfile.Each(files, tables, func(file string, raw []byte) error {
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
	return out, errors.Join(problems...)
}
