package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
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

	problems = append(problems, each(files, datasets, func(file string, raw []byte) error {
		var d Dataset
		if err := decode(raw, &d); err != nil {
			return err
		}
		once("data set", d.Name, file)
		p := of(d.Pipeline)
		p.Datasets = append(p.Datasets, d)
		return errors.Join(d.validate(), named(file, d.Name))
	}))
	problems = append(problems, each(files, tables, func(file string, raw []byte) error {
		var t Table
		if err := decode(raw, &t); err != nil {
			return err
		}
		once("table", t.Name, file)
		query, err := fs.ReadFile(files, strings.TrimSuffix(file, ".yaml")+".sql")
		if err != nil {
			return fmt.Errorf("its query: %w", err)
		}
		t.SQL = string(query)
		p := of(t.Pipeline)
		p.Tables = append(p.Tables, t)
		return errors.Join(t.validate(), named(file, t.Name))
	}))

	var out []Pipeline
	for _, p := range pipelines {
		if len(p.Datasets) == 0 {
			problems = append(problems, fmt.Errorf("pipeline %q has tables but no data set", p.Name))
		}
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b Pipeline) int { return strings.Compare(a.Name, b.Name) })
	return out, errors.Join(problems...)
}

// each calls visit for every YAML file of the folder, in name order, and puts the file's name
// before the errors.
func each(files fs.FS, folder string, visit func(file string, raw []byte) error) error {
	matches, err := fs.Glob(files, path.Join(folder, "*.yaml"))
	if err != nil {
		return err
	}
	var problems []error
	for _, file := range matches {
		raw, err := fs.ReadFile(files, file)
		if err == nil {
			err = visit(file, raw)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", file, err))
		}
	}
	return errors.Join(problems...)
}

// decode refuses unknown fields. The YAML library (1.19.2) panics on some tags, such as `key: !x 1`
// for a list, as the fuzz test found; a file of the user's must end in an error.
func decode(raw []byte, target any) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("cannot be read as YAML; if it has tags (!name), remove them (%v)", problem)
		}
	}()
	return yaml.UnmarshalWithOptions(raw, target, yaml.Strict())
}

// named keeps file names and names the same, so that one finds the file of a table in an error.
func named(file, name string) error {
	if want := strings.TrimSuffix(path.Base(file), ".yaml"); want != name {
		return fmt.Errorf("name %q: want %q, the file's name", name, want)
	}
	return nil
}
