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
	"time"
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
	for _, j := range s.absent(jars) {
		absent = append(absent, j.File)
	}
	if len(absent) > 0 {
		return missing(name, "", "not downloaded: "+strings.Join(absent, ", "))
	}
	return Status{Name: name, Version: fmt.Sprintf("%d jars", len(jars)), Path: s.paths.Jars(), Origin: Registry}
}

func (s sparkJars) make(ctx context.Context, progress Progress) (err error) {
	t := s.paths.task(progress, "download the Spark jars", "jars")
	progress.Start(t.name)
	defer func() { progress.Finish(t.name, s.paths.Jars(), err) }()

	jars, err := s.locked()
	if err != nil {
		return err
	}
	ctx, release, err := s.paths.lock(ctx, t, "jars")
	if err != nil {
		return err
	}
	defer release()
	if err := t.clearLog(); err != nil {
		return err
	}
	absent, err := s.adopt(s.absent(jars))
	if err != nil || len(absent) == 0 {
		return err
	}
	t.line(fmt.Sprintf("Spark reads S3 and writes Iceberg with %d jars, 0.4 GB in all; %d to download", len(jars), len(absent)))
	return s.download(ctx, t, absent)
}

// adopt takes jars that are there without a record, if they are the right ones, and gives those that are not.
func (s sparkJars) adopt(jars []jar) (others []jar, err error) {
	for _, j := range jars {
		digest, err := fileDigest(filepath.Join(s.paths.Jars(), j.File))
		if err != nil || digest != j.SHA256 {
			others = append(others, j)
			continue
		}
		if err := s.record(j); err != nil {
			return nil, err
		}
	}
	return others, nil
}

// resolverStall is how long Spark's resolver may write nothing. Starting Java on a busy machine is a part of that.
const resolverStall = 2 * time.Minute

// download lets Spark's own resolver get the jars, and takes each that is what the lock file says. The caller holds
// the lock.
func (s sparkJars) download(ctx context.Context, t task, jars []jar) (err error) {
	work := filepath.Join(s.paths.Cache, "tmp", "jars")
	// What a process that was killed has left may be half a jar.
	if err := os.RemoveAll(work); err != nil {
		return err
	}
	if err := errors.Join(os.MkdirAll(work, 0o755), os.MkdirAll(s.paths.Jars(), 0o755)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	watched, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go stopWhenStalled(watched, stop, work, resolverStall)
	resolve, err := s.resolver(work, jars)
	if err != nil {
		return err
	}
	if err := resolve.run(watched, t); err != nil {
		return err
	}
	for _, j := range jars {
		if err := s.take(filepath.Join(work, "ivy", "jars"), j); err != nil {
			return fmt.Errorf("%s: %w", j.Coordinate, err)
		}
	}
	return nil
}

// resolver runs a Spark program that does nothing, because Spark gets the packages it is told of before it starts one.
func (s sparkJars) resolver(work string, jars []jar) (command, error) {
	program := filepath.Join(work, "nothing.py")
	if err := os.WriteFile(program, nil, 0o644); err != nil {
		return command{}, err
	}
	var packages []string
	for _, j := range jars {
		packages = append(packages, j.Coordinate)
	}
	args := []string{
		filepath.Join(s.paths.sparkHome(), "bin", "spark-submit"), "--master", "local[1]",
		"--packages", strings.Join(packages, ","),
		// hadoop-aws asks for it and works without it.
		"--exclude-packages", "org.wildfly.openssl:wildfly-openssl",
		"--conf", "spark.jars.ivy=" + filepath.Join(work, "ivy"),
		"--conf", "spark.ui.enabled=false",
	}
	if settings := os.Getenv("TARN_IVY_SETTINGS"); settings != "" {
		args = append(args, "--conf", "spark.jars.ivySettings="+settings)
	}
	return command{
		dir: work,
		// Another Spark of the user's must not run instead.
		env:  []string{"SPARK_HOME=" + s.paths.sparkHome(), "PYSPARK_PYTHON=" + venvPython(s.paths.venv())},
		args: append(args, program),
	}, nil
}

// take checks a jar that the resolver has brought and moves it to the others.
func (s sparkJars) take(from string, j jar) error {
	group, rest, _ := strings.Cut(j.Coordinate, ":")
	brought := filepath.Join(from, group+"_"+strings.Replace(rest, ":", "-", 1)+".jar")
	digest, err := fileDigest(brought)
	if err != nil {
		return err
	}
	if digest != j.SHA256 {
		return fmt.Errorf("refused: its SHA-256 is %s and should be %s", digest, j.SHA256)
	}
	if err := os.Rename(brought, filepath.Join(s.paths.Jars(), j.File)); err != nil {
		return err
	}
	return s.record(j)
}

// jarRecord says what a file in the folder of jars is. Its digest was right when it was recorded, and hundreds of
// megabytes cannot be read again at each start.
type jarRecord struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

func (s sparkJars) recordFile() string { return filepath.Join(s.paths.Jars(), ".tarn-jars.json") }

// records gives what is known of the jars; an unreadable record knows nothing.
func (s sparkJars) records() map[string]jarRecord {
	records := map[string]jarRecord{}
	content, err := os.ReadFile(s.recordFile())
	if err != nil || json.Unmarshal(content, &records) != nil {
		return map[string]jarRecord{}
	}
	return records
}

// record notes that a jar is there, with the right digest.
func (s sparkJars) record(j jar) error {
	info, err := os.Stat(filepath.Join(s.paths.Jars(), j.File))
	if err != nil {
		return err
	}
	records := s.records()
	records[j.File] = jarRecord{SHA256: j.SHA256, Size: info.Size()}
	content, err := json.MarshalIndent(records, "", "  ")
	if err != nil {
		return err
	}
	return writeAtomically(s.recordFile(), append(content, '\n'))
}

// absent gives the jars that are not there, whole and as the lock file wants them.
func (s sparkJars) absent(jars []jar) []jar {
	records := s.records()
	var absent []jar
	for _, j := range jars {
		known, ok := records[j.File]
		info, err := os.Stat(filepath.Join(s.paths.Jars(), j.File))
		if !ok || err != nil || known.SHA256 != j.SHA256 || known.Size != info.Size() {
			absent = append(absent, j)
		}
	}
	return absent
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

var (
	coordinateText = regexp.MustCompile(`^[\w.-]+:[\w.-]+:[\w.-]+$`)
	sha256Text     = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// parseJars reads the lock file and names everything that is wrong in it.
func parseJars(content []byte) ([]jar, error) {
	var jars []jar
	if err := json.Unmarshal(content, &jars); err != nil {
		return nil, err
	}
	var problems []error
	for i, j := range jars {
		if !coordinateText.MatchString(j.Coordinate) {
			problems = append(problems, fmt.Errorf("entry %d: %q is not group:artifact:version", i, j.Coordinate))
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
