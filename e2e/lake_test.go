// Package e2e runs the whole platform as a user does, with the tarn binary: the real Pulumi engine,
// the real provider code, the emulator and real Spark. Nothing in it is a mock.
//
// It takes some ten minutes, so `make test` runs it last.
package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

const flightsInSource = 336776

// TestLake takes one lake through its life. The steps build on each other.
func TestLake(t *testing.T) {
	lake := newLake(t)
	settings := lake.stackFiles(t)

	// With IAM enforced a job works with the rights of its role, so that a right it lacks fails the run.
	step(t, "local up", func(t *testing.T) { lake.run(t, 0, "local", "up", "--enforce-iam") })
	step(t, "up", func(t *testing.T) {
		report := lake.deploy(t, "up")
		for _, stack := range report.Stacks {
			if stack.Result != "succeeded" || stack.Changes["create"] == 0 {
				t.Errorf("%+v", stack)
			}
		}
	})
	step(t, "personas may do what their grants say and no more", func(t *testing.T) { lake.checkPersonas(t) })
	step(t, "second up changes nothing", func(t *testing.T) {
		report := lake.deploy(t, "up")
		lake.expectNoChanges(t, report)
		t.Logf("second up: %.1f s", report.Seconds)
	})
	step(t, "local up is harmless when it is up", func(t *testing.T) {
		before := lake.endpoint(t)
		lake.run(t, 0, "local", "up")
		if after := lake.endpoint(t); after != before {
			t.Errorf("another emulator answers: %s, before %s", after, before)
		}
	})

	var first runReport
	step(t, "run", func(t *testing.T) {
		first = lake.pipeline(t, 0)
		t.Logf("run: %.1f s", first.Seconds)
		flights := first.dataset(t, "flights")
		if flights.Read != flightsInSource || flights.Valid+flights.Quarantined != flights.Read {
			t.Errorf("flights: %+v", flights)
		}
		if flights.Inserted != flights.Valid || flights.Total != flights.Valid {
			t.Errorf("flights: %+v", flights)
		}
	})
	step(t, "the numbers are those of an independent computation", func(t *testing.T) { lake.compareWithDuckDB(t, first) })
	step(t, "the crawler described the raw files", func(t *testing.T) { lake.checkRawCatalog(t) })
	step(t, "second run changes nothing", func(t *testing.T) {
		before := lake.snapshots(t)
		again := lake.pipeline(t, 0)
		t.Logf("second run: %.1f s", again.Seconds)
		for _, job := range again.Jobs {
			for _, count := range append(job.Datasets, job.Tables...) {
				if count.Inserted+count.Updated+count.Deleted != 0 {
					t.Errorf("%s %s: %+v", job.Job, count.Name, count)
				}
			}
		}
		if !reflect.DeepEqual(again.Answers, first.Answers) {
			t.Error("the answers differ")
		}
		if after := lake.snapshots(t); !reflect.DeepEqual(after, before) {
			t.Errorf("tables have other metadata than before:\n%v\n%v", before, after)
		}
	})
	step(t, "runs leave no drift", func(t *testing.T) {
		lake.run(t, 0, "preview", "--expect-no-changes")
	})
	step(t, "pulumi in each folder agrees with the driver", func(t *testing.T) { lake.plainPreview(t) })
	step(t, "query", func(t *testing.T) {
		out := lake.run(t, 0, "query", "flights", "SELECT sum(flights) AS n FROM daily_delays_by_carrier")
		var answer struct{ Rows [][]string }
		decode(t, out, &answer)
		if want := [][]string{{"336776"}}; !reflect.DeepEqual(answer.Rows, want) {
			t.Errorf("got %v, want %v", answer.Rows, want)
		}
	})

	step(t, "the examples of the documentation", func(t *testing.T) { lake.runDocs(t, "sh run", fewestExamples) })

	step(t, "a killed job is an error that says so", func(t *testing.T) {
		done := lake.start(t, "run", "flights")
		kill(t, lake.waitForSpark(t))
		code, out := done()
		if code != 4 || !strings.Contains(out, "killed") {
			t.Errorf("exit code %d, want 4; output\n%s", code, out)
		}
	})
	if soak {
		step(t, "the same run then converges", func(t *testing.T) {
			report := lake.pipeline(t, 0)
			if flights := report.dataset(t, "flights"); flights.Total != first.dataset(t, "flights").Total {
				t.Errorf("flights: %+v", flights)
			}
		})
	}
	step(t, "Ctrl-C stops a run and says how to go on", func(t *testing.T) {
		command := lake.command("run", "flights")
		var out, problems strings.Builder
		command.Stdout, command.Stderr = &out, &problems
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		lake.waitForSpark(t)
		if err := command.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		_ = command.Wait() // its code is checked
		if code := command.ProcessState.ExitCode(); code != 130 || !strings.Contains(problems.String(), "tarn run flights") {
			t.Errorf("exit code %d, want 130; output\n%s\n%s", code, out.String(), problems.String())
		}
		var report runReport
		decode(t, out.String(), &report) // one document, also now
		lake.waitForNoSpark(t)
	})
	step(t, "a killed emulator is an error that says so", func(t *testing.T) {
		done := lake.start(t, "run", "flights")
		lake.waitForSpark(t)
		kill(t, lake.emulatorPID(t))
		code, out := done()
		if code != 1 || !strings.Contains(out, "tarn up") {
			t.Errorf("exit code %d, want 1; output\n%s", code, out)
		}
		lake.waitForNoSpark(t)
		if out := lake.run(t, 1, "run", "flights"); !strings.Contains(out, "not running") {
			t.Errorf("output\n%s", out)
		}
	})
	step(t, "the same up and run then converge", func(t *testing.T) {
		lake.deploy(t, "up")
		report := lake.pipeline(t, 0)
		if !reflect.DeepEqual(report.Answers, first.Answers) {
			t.Error("the answers differ from those of the first lake")
		}
	})
	step(t, "destroy without the flag deletes nothing and counts", func(t *testing.T) { lake.checkDataIsKept(t) })
	step(t, "destroy leaves nothing behind", func(t *testing.T) {
		lake.deploy(t, "destroy", "--delete-data")
		lake.checkEmpty(t)
		if after := lake.stackFiles(t); !reflect.DeepEqual(after, settings) {
			t.Error("a stack file is not as it was before")
		}
	})
	step(t, "destroy again has nothing to do", func(t *testing.T) {
		lake.expectNoChanges(t, lake.deploy(t, "destroy"))
	})
	step(t, "local down", func(t *testing.T) {
		lake.run(t, 0, "local", "down")
		lake.run(t, 1, "local", "status")
	})
}

// checkDataIsKept lets a destroy stop at the data, which the deployed settings alone do not give away.
func (l *lake) checkDataIsKept(t *testing.T) {
	t.Helper()
	var refused struct {
		Data []struct {
			Bucket                              string
			Objects, OldVersions, DeleteMarkers int
		}
		Stacks []struct{ Result string }
		Error  string
	}
	decode(t, l.run(t, 1, "destroy"), &refused)
	found := map[string]int{}
	for _, bucket := range refused.Data {
		found[bucket.Bucket] = bucket.Objects
	}
	if found["tarn-local-analytics-123456789012-us-east-1"] == 0 || !strings.Contains(refused.Error, "tarn destroy --env local --delete-data") {
		t.Errorf("%+v", refused)
	}
	for _, stack := range refused.Stacks {
		if stack.Result != "not run" {
			t.Errorf("%+v", refused.Stacks)
		}
	}
	l.run(t, 0, "preview", "--expect-no-changes")
}

// step runs one part and ends the test when it fails: what follows would only repeat the failure.
func step(t *testing.T, name string, part func(t *testing.T)) {
	t.Helper()
	start := time.Now()
	if !t.Run(name, part) {
		t.FailNow()
	}
	t.Logf("%s: %.1f s", name, time.Since(start).Seconds())
}

// lake is a local environment of its own, beside one that a person may have running.
type lake struct {
	root, binary, state string
	environment         string
	variables           []string // further ones of the environment of its commands
}

// soak is whether the steps run too that take CI too long; `make soak` sets it.
var soak = os.Getenv("TARN_SOAK") != ""

func newLake(t testing.TB) *lake {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	l := &lake{root: root, binary: filepath.Join(t.TempDir(), "tarn"), state: t.TempDir(), environment: "local"}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", l.binary, "./cmd/tarn")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building tarn: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(l.state, "emulator", "emulator.log")) // may not exist
			t.Logf("emulator log ends with:\n%s", log[max(0, len(log)-4000):])
		}
		_ = l.command("local", "down").Run() // the folder goes with the test
	})
	return l
}

// stackFiles gives the committed settings, which no command may change.
func (l *lake) stackFiles(t *testing.T) map[string]string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(l.root, "*", "Pulumi.*.yaml"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no stack file: %v", err)
	}
	content := map[string]string{}
	for _, file := range found {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		content[file] = string(raw)
	}
	return content
}

func (l *lake) command(args ...string) *exec.Cmd {
	command := exec.Command(l.binary, append(args, "--json", "--root", l.root, "--env", l.environment)...)
	command.Env = append(append(os.Environ(), "TARN_STATE="+l.state), l.variables...)
	return command
}

// run runs tarn, checks its exit code and gives its standard output.
func (l *lake) run(t testing.TB, code int, args ...string) string {
	t.Helper()
	command := l.command(args...)
	var out, problems strings.Builder
	command.Stdout, command.Stderr = &out, &problems
	_ = command.Run() // its code is checked
	if got := command.ProcessState.ExitCode(); got != code {
		t.Fatalf("tarn %v: exit code %d, want %d\n%s\n%s", args, got, code, out.String(), problems.String())
	}
	return out.String()
}

// start runs tarn in the background; the result waits for it and gives exit code and all output.
func (l *lake) start(t *testing.T, args ...string) func() (int, string) {
	t.Helper()
	command := l.command(args...)
	var out strings.Builder
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return func() (int, string) {
		_ = command.Wait() // its code is given back
		return command.ProcessState.ExitCode(), out.String()
	}
}

type deployReport struct {
	Seconds float64
	Stacks  []struct {
		Project string
		Result  string
		Changes map[string]int
	}
}

func (l *lake) deploy(t testing.TB, command ...string) deployReport {
	t.Helper()
	var report deployReport
	decode(t, l.run(t, 0, command...), &report)
	return report
}

func (l *lake) expectNoChanges(t *testing.T, report deployReport) {
	t.Helper()
	for _, stack := range report.Stacks {
		for operation, count := range stack.Changes {
			if operation != "same" && count > 0 {
				t.Errorf("%s: %d resources to %s", stack.Project, count, operation)
			}
		}
	}
}

type rowCount struct {
	Name                                                       string
	Read, Rows, Valid, Quarantined, Inserted, Updated, Deleted int64
	Unchanged, Total                                           int64
}

type answer struct {
	Columns []string
	Rows    [][]string
}

type runReport struct {
	RunID   string
	Seconds float64
	Answers map[string]answer
	Jobs    []struct {
		Job              string
		Datasets, Tables []rowCount
	}
}

func (r runReport) dataset(t *testing.T, name string) rowCount {
	t.Helper()
	for _, job := range r.Jobs {
		for _, count := range job.Datasets {
			if count.Name == name {
				return count
			}
		}
	}
	t.Fatalf("the report has no data set %s", name)
	return rowCount{}
}

// pipeline runs the sample pipeline; the answers hold every row of the analytics tables that the
// first page of Athena's answer has room for.
func (l *lake) pipeline(t *testing.T, code int) runReport {
	t.Helper()
	var report runReport
	decode(t, l.run(t, code, "run", "flights", "--rows", "900"), &report)
	return report
}

func decode(t testing.TB, text string, target any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), target); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatalf("killing process %d: %v", pid, err)
	}
}
