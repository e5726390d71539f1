package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tarn runs a command line in the repository, with a state folder of its own.
func tarn(t *testing.T, args ...string) (code int, out, problems string) {
	t.Helper()
	var stdout, stderr strings.Builder
	code = runCommandLine(append([]string{"--root", "../.."}, args...), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestExitCodes(t *testing.T) {
	t.Setenv("TARN_STATE", t.TempDir())
	t.Setenv("AWS_ENDPOINT_URL", "")
	tests := map[string]struct {
		args []string
		code int
		want string
	}{
		"help":                 {[]string{"--help"}, exitOK, "Exit codes: 0 success"},
		"unknown flag":         {[]string{"up", "--nope"}, exitUsage, "unknown flag: --nope"},
		"unknown command":      {[]string{"upp"}, exitUsage, `unknown command "upp"`},
		"run without pipeline": {[]string{"run"}, exitUsage, "name one pipeline"},
		"query without SQL":    {[]string{"query", "flights"}, exitUsage, "give a pipeline and one query"},
		"too many arguments":   {[]string{"up", "now"}, exitUsage, "takes no argument"},
		"no emulator":          {[]string{"local", "status"}, exitFailure, "the emulator is not running"},
		"outputs of nothing":   {[]string{"outputs"}, exitFailure, "Start it with `tarn local up`"},
		"run on nothing":       {[]string{"run", "flights"}, exitFailure, "the emulator is not running"},
		"status of nothing":    {[]string{"status"}, exitFailure, "the emulator is not running"},
		"status of too much":   {[]string{"status", "a", "b", "c"}, exitUsage, "tarn status [PIPELINE] [RUN]"},
		"logs of nothing":      {[]string{"logs", "flights"}, exitFailure, "the emulator is not running"},
		"logs of nobody":       {[]string{"logs"}, exitUsage, "name a pipeline"},
		"logs without an end":  {[]string{"logs", "flights", "--follow", "--json"}, exitUsage, "give one of the two"},
		"resume all of it":     {[]string{"run", "flights", "--full", "--from-failed", "last"}, exitUsage, "give one of the two"},
		"a bad price":          {[]string{"run", "flights", "--dpu-price", "spot=1"}, exitUsage, "standard and flex"},
		"backfill of nobody":   {[]string{"backfill"}, exitUsage, "name one pipeline"},
		"backfill of no dates": {[]string{"backfill", "flights", "--from", "x"}, exitUsage, `--to "": want a date`},
		"backfill backwards":   {[]string{"backfill", "a", "--from", "2026-02-01", "--to", "2026-01-01"}, exitUsage, "is after"},
		"backfill by nothing":  {[]string{"backfill", "a", "--from", "2026-01-01", "--to", "2026-01-02", "--window", "-1"}, exitUsage, "--window -1"},
		"unknown environment":  {[]string{"up", "--env", "nowhere"}, exitUsage, `no environment "nowhere"`},
		"unknown tool":         {[]string{"doctor", "--which", "hammer"}, exitUsage, `there is no tool "hammer"`},
		"down when down":       {[]string{"local", "down"}, exitOK, "The emulator is not running."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			code, out, problems := tarn(t, test.args...)
			if code != test.code || !strings.Contains(out+problems, test.want) {
				t.Errorf("exit code %d, want %d with %q; output\n%s%s", code, test.code, test.want, out, problems)
			}
		})
	}
}

func TestARealEnvironmentRefusesTheEmulator(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
	code, _, problems := tarn(t, "preview", "--env", "prod")
	if code != exitUsage || !strings.Contains(problems, "AWS_ENDPOINT_URL is set") {
		t.Errorf("exit code %d; output\n%s", code, problems)
	}
}

func TestDestroyOfARealEnvironmentAsks(t *testing.T) {
	code, _, problems := tarn(t, "destroy", "--env", "prod")
	if code != exitUsage || !strings.Contains(problems, "nothing was deleted") {
		t.Errorf("exit code %d; output\n%s", code, problems)
	}
}

func TestErrorsAsJSON(t *testing.T) {
	t.Setenv("TARN_STATE", t.TempDir())
	_, out, _ := tarn(t, "local", "status", "--json")
	var report struct {
		Error    string
		ExitCode int
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.ExitCode != exitFailure || report.Error == "" {
		t.Errorf("error %v in %s", err, out)
	}
}

func TestRootIsFoundUpwards(t *testing.T) {
	t.Chdir("../../mpp/datasets")
	root, err := findRoot("")
	if err != nil || !isRoot(root) {
		t.Errorf("root %q, error %v", root, err)
	}
	t.Chdir(t.TempDir())
	if _, err := findRoot(""); err == nil {
		t.Error("a root was found where there is none")
	}
	if code := runCommandLine([]string{"outputs"}, io.Discard, io.Discard); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
}

func TestSampleDataIsLaidOutAndRepaired(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	source := filepath.Join(from, "planes.csv")
	if err := os.WriteFile(source, []byte("tailnum\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(to, "nycflights13", "planes", "planes.csv")
	for _, damage := range []func() error{
		func() error { return nil },
		func() error { return os.Remove(target) },
		func() error { return os.WriteFile(filepath.Join(from, "ignored.txt"), nil, 0o600) },
		func() error { _ = os.Remove(target); return os.Symlink("/nowhere", target) },
	} {
		if err := layOutSampleData(from, to); err != nil {
			t.Fatal(err)
		}
		if there, err := os.Readlink(target); err != nil || there != source {
			t.Fatalf("link to %q, error %v", there, err)
		}
		if err := damage(); err != nil {
			t.Fatal(err)
		}
	}
	if err := layOutSampleData(from, to); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(target); err != nil || string(content) != "tailnum\n" {
		t.Errorf("content %q, error %v", content, err)
	}
}
