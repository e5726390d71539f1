package toolchain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// sparkJars are the jars that give Spark S3 and Iceberg.
type sparkJars struct{ paths Paths }

// jar is one entry of jars.lock.json.
type jar struct {
	Coordinate string `json:"coordinate"`
	File       string `json:"file"`
	SHA256     string `json:"sha256"`
}

func (s sparkJars) find(context.Context) Status {
	const name = "spark jars"
	jars, err := s.locked()
	if err != nil {
		return missing(name, "", err.Error())
	}
	var absent []string
	for _, j := range jars {
		if !s.has(j) {
			absent = append(absent, j.File)
		}
	}
	if len(absent) > 0 {
		return missing(name, "", "not downloaded: "+strings.Join(absent, ", "))
	}
	return Status{Name: name, Version: fmt.Sprintf("%d jars", len(jars)), Path: s.paths.Jars(), Origin: Registry}
}

// has tells whether a jar is there. A download gets the jar's name only after its digest was checked, so that looking
// for the name is enough and hundreds of megabytes need not be read each time.
func (s sparkJars) has(j jar) bool {
	_, err := os.Stat(filepath.Join(s.paths.Jars(), j.File))
	return err == nil
}

func (s sparkJars) make(ctx context.Context, progress Progress) (err error) {
	t := task{progress, "download the Spark jars"}
	progress.Start(t.name)
	defer func() { progress.Finish(t.name, s.paths.Jars(), err) }()

	jars, err := s.locked()
	if err != nil {
		return err
	}
	repository, err := mavenRepository()
	if err != nil {
		return err
	}
	release, err := s.paths.lock(ctx, t, "jars")
	if err != nil {
		return err
	}
	defer release()
	if err := os.MkdirAll(s.paths.Jars(), 0o755); err != nil {
		return err
	}
	t.line(fmt.Sprintf("Spark reads S3 and writes Iceberg with %d more jars, about 0.4 GB", len(jars)))
	for _, j := range jars {
		if s.has(j) {
			continue
		}
		c, err := parseCoordinate(j.Coordinate)
		if err != nil {
			return err
		}
		if err := download(ctx, t, c.jarURL(repository), filepath.Join(s.paths.Jars(), j.File), j.SHA256); err != nil {
			return fmt.Errorf("%s: %w", j.Coordinate, err)
		}
	}
	return nil
}

func (s sparkJars) locked() ([]jar, error) {
	content, err := os.ReadFile(s.paths.local("spark", "jars.lock.json"))
	if err != nil {
		return nil, err
	}
	jars, err := parseJars(content)
	if err != nil {
		return nil, fmt.Errorf("jars.lock.json: %w", err)
	}
	return jars, nil
}

var sha256Text = regexp.MustCompile(`^[0-9a-f]{64}$`)

// parseJars reads the lock file and names everything that is wrong in it.
func parseJars(content []byte) ([]jar, error) {
	var jars []jar
	if err := json.Unmarshal(content, &jars); err != nil {
		return nil, err
	}
	var problems []error
	for i, j := range jars {
		if _, err := parseCoordinate(j.Coordinate); err != nil {
			problems = append(problems, fmt.Errorf("entry %d: %w", i, err))
		}
		// The file is written below the cache; a path in its name could lead out of there.
		if j.File == "" || j.File != filepath.Base(j.File) {
			problems = append(problems, fmt.Errorf("entry %d: %q is not a file name", i, j.File))
		}
		if !sha256Text.MatchString(j.SHA256) {
			problems = append(problems, fmt.Errorf("entry %d: %q is not a SHA-256 digest", i, j.SHA256))
		}
	}
	if len(jars) == 0 {
		problems = append(problems, errors.New("it lists no jar"))
	}
	return jars, errors.Join(problems...)
}
