package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ownProject is a copy of the shipped project that a test may change.
func ownProject(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("../../mpp")); err != nil {
		t.Fatal(err)
	}
	return folder
}

func writeFile(t *testing.T, file, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestNewDatasetPassesValidate(t *testing.T) {
	project := ownProject(t)
	sample := writeFile(t, filepath.Join(t.TempDir(), "dt=2024-01-31", "orders.csv"), "id;price;note\n1;1.50;NULL\n2;2.25;x\n")
	code, out, problems := tarn(t, "dataset", "new", "orders", "--from", sample, "--pipeline", "sales", "--project", project)
	for _, want := range []string{"2 rows of csv: 3 columns", "key [id]", "tarn dataset validate"} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Fatalf("exit code %d, no %q; output\n%s%s", code, want, out, problems)
		}
	}
	file := filepath.Join(project, "datasets", "orders.yaml")
	raw, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(raw), "dates: \"dt=%Y-%m-%d\" # guessed") || !strings.Contains(string(raw), "nullValue: \"NULL\"") {
		t.Errorf("error %v; wrote\n%s", err, raw)
	}
	if code, out, problems = tarn(t, "dataset", "validate", "--project", project); code != exitOK || !strings.Contains(out, "6 data sets") {
		t.Errorf("exit code %d; output\n%s%s", code, out, problems)
	}
	if code, _, problems = tarn(t, "dataset", "new", "orders", "--from", sample, "--project", project); code != exitUsage || !strings.Contains(problems, "--force overwrites it") {
		t.Errorf("exit code %d; output\n%s", code, problems)
	}
	// A file that would read what another data set reads is not written, and the one before is as it was.
	code, _, problems = tarn(t, "dataset", "new", "orders", "--from", sample, "--pipeline", "sales", "--path", "nycflights13/", "--force", "--project", project)
	after, err := os.ReadFile(file)
	if code != exitUsage || !strings.Contains(problems, "overlaps with") || err != nil || string(after) != string(raw) {
		t.Errorf("exit code %d, error %v, the file is\n%s\noutput\n%s", code, err, after, problems)
	}
}

func TestNewDatasetRefuses(t *testing.T) {
	project := ownProject(t)
	sample := writeFile(t, filepath.Join(t.TempDir(), "a.csv"), "id\n1\n")
	broken := writeFile(t, filepath.Join(t.TempDir(), "a.parquet"), "no parquet")
	tests := map[string]struct {
		args []string
		want string
	}{
		"no name":      {[]string{"--from", sample}, "tarn dataset new NAME --from SAMPLE"},
		"bad name":     {[]string{"Orders-1", "--from", sample}, "want lower-case letters"},
		"no sample":    {[]string{"orders"}, "give a sample"},
		"lost sample":  {[]string{"orders", "--from", "nowhere.csv"}, "no such file"},
		"folder":       {[]string{"orders", "--from", project}, "it is no file"},
		"format":       {[]string{"orders", "--from", sample, "--format", "xls"}, `--format "xls": want one of csv, json, parquet`},
		"broken":       {[]string{"orders", "--from", broken}, "reading it as Parquet"},
		"pipeline":     {[]string{"orders", "--from", sample, "--pipeline", "Sales"}, `pipeline: "Sales": want lower-case letters`},
		"path":         {[]string{"orders", "--from", sample, "--path", "/orders"}, `source.path: "/orders"`},
		"path of ours": {[]string{"aaa", "--from", sample, "--pipeline", "sales", "--path", "nycflights13/flights/"}, "of data set aaa of pipeline"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			code, out, problems := tarn(t, append([]string{"dataset", "new", "--project", project}, test.args...)...)
			if code != exitUsage || !strings.Contains(problems, test.want) {
				t.Errorf("exit code %d, want %d with %q; output\n%s%s", code, exitUsage, test.want, out, problems)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join(project, "datasets", "*.yaml"))
	if err != nil || len(files) != 5 {
		t.Errorf("left behind: %v, error %v", files, err)
	}
}

func TestValidateSaysAllProblemsWithTheirPlaces(t *testing.T) {
	project := ownProject(t)
	writeFile(t, filepath.Join(project, "datasets", "bad.yaml"), "name: bad\npipeline: flights\nkeys: [id]\n")
	writeFile(t, filepath.Join(project, "pipelines", "flights.yaml"), "name: flights\nschedule: daily\n")
	code, out, problems := tarn(t, "dataset", "validate", "--project", project)
	for _, want := range []string{"datasets/bad.yaml:3: keys: there is no such field", "pipelines/flights.yaml:2: schedule: "} {
		if code != exitUsage || !strings.Contains(problems, want) {
			t.Errorf("exit code %d, no %q; output\n%s%s", code, want, out, problems)
		}
	}
	code, out, _ = tarn(t, "dataset", "validate", "--json", "--project", project)
	var result validation
	if err := json.Unmarshal([]byte(out), &result); err != nil || code != exitUsage || result.OK || len(result.Problems) != 2 {
		t.Fatalf("exit code %d, error %v; output\n%s", code, err, out)
	}
	if got := result.Problems[0]; got.File != "datasets/bad.yaml" || got.Line != 3 || got.Field != "keys" || got.Text == "" {
		t.Errorf("got %+v", got)
	}
}

func TestValidateChecksEveryEnvironment(t *testing.T) {
	project := ownProject(t)
	writeFile(t, filepath.Join(project, "templates", "standard.yaml"), "name: standard\nexecution_class: FLEX\n")
	writeFile(t, filepath.Join(project, "Pulumi.test.yaml"), `config:
  mpp:settings: {organization: tarn, owner: x, capacity: {workerType: G.4X}}
`)
	writeFile(t, filepath.Join(project, "Pulumi.other.yaml"), `config:
  mpp:settings: {organization: tarn, owner: x, pipelines: {shop: {schedule: true}}}
`)
	code, out, problems := tarn(t, "dataset", "validate", "--project", project)
	for _, want := range []string{"Pulumi.test.yaml: pipeline flights: job raw-to-staged: capacity.workerType", "Pulumi.other.yaml: mpp:settings.pipelines.shop"} {
		if code != exitUsage || !strings.Contains(problems, want) {
			t.Errorf("exit code %d, no %q; output\n%s%s", code, want, out, problems)
		}
	}
}

func TestDatasetCommandsOnTheShippedFiles(t *testing.T) {
	tests := map[string]struct {
		args []string
		code int
		want string
	}{
		"validate":            {[]string{"validate"}, exitOK, "No problem in 5 data sets, 3 tables, 0 jobs of your own, 1 pipeline and 2 templates."},
		"list":                {[]string{"list"}, exitOK, "time_hour, carrier, flight"},
		"plan":                {[]string{"plan"}, exitOK, "after raw-to-staged"},
		"plan of one":         {[]string{"plan", "flights", "--env", "prod"}, exitOK, "prod: 1 pipeline with 5 data sets and 3 tables"},
		"plan of nothing":     {[]string{"plan", "shop"}, exitUsage, `there is no pipeline "shop"; pipelines: flights`},
		"plan of two":         {[]string{"plan", "a", "b"}, exitUsage, "name one pipeline"},
		"plan of nowhere":     {[]string{"plan", "--env", "nowhere"}, exitUsage, "there is no stack file Pulumi.nowhere.yaml"},
		"plan of a path":      {[]string{"plan", "--env", "../mpp/Pulumi.prod"}, exitUsage, "is no name of an environment"},
		"validate of nowhere": {[]string{"validate", "--env", "nowhere"}, exitOK, "No problem"},
		"no project":          {[]string{"validate", "--project", "nowhere"}, exitUsage, "there is no folder nowhere"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			code, out, problems := tarn(t, append([]string{"dataset"}, test.args...)...)
			if code != test.code || !strings.Contains(out+problems, test.want) {
				t.Errorf("exit code %d, want %d with %q; output\n%s%s", code, test.code, test.want, out, problems)
			}
		})
	}
}

func TestPlanShowsTheCapacityOfTheEnvironment(t *testing.T) {
	project := ownProject(t)
	writeFile(t, filepath.Join(project, "Pulumi.test.yaml"), `config:
  mpp:settings:
    organization: tarn
    owner: x
    schedules: true
    capacity: {maxWorkers: 7}
    pipelines: {flights: {capacity: {timeoutMinutes: 90}}}
`)
	writeFile(t, filepath.Join(project, "templates", "standard.yaml"), "name: standard\nmax_workers: 5\nworker_type: G.2X\n")
	code, out, problems := tarn(t, "dataset", "plan", "--json", "--env", "test", "--project", project)
	var got plan
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitOK || len(got.Pipelines) != 1 {
		t.Fatalf("exit code %d, error %v; output\n%s%s", code, err, out, problems)
	}
	p := got.Pipelines[0]
	for _, step := range p.Steps {
		if c := step.Capacity; step.Kind == "spark" && (c.MaxWorkers != 7 || c.WorkerType != "G.2X" || c.TimeoutMinutes != 90) {
			t.Errorf("%s has %+v", step.Name, c)
		}
	}
	if !p.Scheduled || p.Jobs != 4 || got.Total.Jobs != 4 || len(p.Steps) != 5 {
		t.Errorf("got %+v", p)
	}
}
