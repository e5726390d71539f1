// Package yamlfile reads folders of YAML files that people write: strictly, and with every problem of
// every file at once.
package yamlfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Each calls visit for every YAML file of the folder, in name order, and puts the file's name
// before each of its errors. A folder that is not there has no files.
func Each(files fs.FS, folder string, visit func(file string, raw []byte) error) error {
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
			problems = append(problems, located(file, err))
		}
	}
	return errors.Join(problems...)
}

// Decode reads YAML and refuses unknown fields.
func Decode(raw []byte, target any) error {
	document, err := Parse("", raw)
	if err != nil {
		return err
	}
	return document.Decode(target)
}

// SQL reads the file with the query that belongs to a YAML file: the same name with .sql.
func SQL(files fs.FS, file string) (string, error) {
	query, err := fs.ReadFile(files, strings.TrimSuffix(file, ".yaml")+".sql")
	if err != nil {
		return "", fmt.Errorf("its query: %w", err)
	}
	return string(query), nil
}

// Named keeps file names and names the same, so that one finds the file of a name in an error.
func Named(file, name string) error {
	if want := strings.TrimSuffix(path.Base(file), ".yaml"); want != name {
		return fmt.Errorf("name %q: want %q, the file's name", name, want)
	}
	return nil
}
