package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tarn-data/tarn/pkg/accesskey"
	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/driver"
	"github.com/tarn-data/tarn/pkg/lease"
	"github.com/tarn-data/tarn/pkg/ledger"
	"github.com/tarn-data/tarn/pkg/run"
)

func TestExitCodeOfAnError(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	held := &lease.HeldError{Holder: lease.Record{Environment: "dev"}}
	tests := map[string]struct {
		err  error
		want int
	}{
		"none":                         {nil, exitOK},
		"any":                          {boom, exitFailure},
		"a command":                    {errors.New(`unknown command "upp" for "tarn"`), exitUsage},
		"usage":                        {usageError{boom}, exitUsage},
		"usage with advice":            {hinted{usageError{boom}, "do this"}, exitUsage},
		"changes":                      {errChanges, exitChanges},
		"a run":                        {fmt.Errorf("flights: %w", run.ErrFailed), exitRunFailed},
		"held":                         {held, exitHeld},
		"held, wrapped":                {hinted{fmt.Errorf("mpp: %w", held), "wait"}, exitHeld},
		"held, and something else":     {errors.Join(boom, held), exitHeld},
		"Pulumi's own lock":            {fmt.Errorf("mpp: %w: alice", driver.ErrLocked), exitHeld},
		"lost":                         {lease.ErrLost, exitLeaseLost},
		"lost at the release":          {errors.Join(nil, lease.ErrLost), exitLeaseLost},
		"lost, and a project failed":   {hinted{errors.Join(boom, fmt.Errorf("dev: %w", lease.ErrLost)), "again"}, exitLeaseLost},
		"no lock table":                {lease.ErrNoTable, exitFailure},
		"protected":                    {fmt.Errorf("x: %w", driver.ErrProtected), exitFailure},
		"not deployed":                 {driver.ErrNotDeployed, exitFailure},
		"no versions":                  {(&app{}).explainState(driver.ErrNoVersions), exitUsage},
		"of a state that has versions": {(&app{}).explainState(boom), exitFailure},
	}
	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := exitCode(t.Context(), test.err); got != test.want {
				t.Errorf("%d, want %d", got, test.want)
			}
			want := exitInterrupted
			if test.err == nil {
				want = exitOK // it had finished
			}
			if got := exitCode(interrupted, test.err); got != want {
				t.Errorf("after an interrupt %d, want %d", got, want)
			}
		})
	}
}

func TestUsageOfTheCommandsOnAnEnvironment(t *testing.T) {
	state := t.TempDir()
	t.Setenv("TARN_STATE", state)
	t.Setenv("AWS_ENDPOINT_URL", "")
	tests := map[string]struct {
		args []string
		code int
		want string
	}{
		"bootstrap of local":           {[]string{"bootstrap"}, exitUsage, "environment local has no state bucket"},
		"eject of local":               {[]string{"bootstrap", "--eject"}, exitUsage, "environment local has no state bucket"},
		"bootstrap of nothing":         {[]string{"bootstrap", "--env", "nowhere"}, exitUsage, `no environment "nowhere"`},
		"bootstrap with an argument":   {[]string{"bootstrap", "dev"}, exitUsage, "takes no argument"},
		"bootstrap of one project":     {[]string{"bootstrap", "--project", "mpp"}, exitUsage, "unknown flag: --project"},
		"restore without a project":    {[]string{"state", "restore"}, exitUsage, "tarn state restore PROJECT"},
		"restore of two":               {[]string{"state", "restore", "mpp", "datalake"}, exitUsage, "name one project"},
		"restore of no project":        {[]string{"state", "restore", "lake"}, exitUsage, "there is no such project; projects: [bootstrap datalake mpp]"},
		"history of no project":        {[]string{"history", "--project", "lake"}, exitUsage, "--project lake: there is no such project"},
		"versions of no project":       {[]string{"state", "history", "-p", "lake"}, exitUsage, "there is no such project"},
		"up of no project":             {[]string{"up", "--project", "mpp", "--project", "lake"}, exitUsage, "--project lake"},
		"up of an empty name":          {[]string{"up", "--project", "mpp,,"}, exitUsage, "there is no such project"},
		"preview of no project":        {[]string{"preview", "-p", "Mpp"}, exitUsage, "there is no such project"},
		"destroy of no project":        {[]string{"destroy", "-p", "lake"}, exitUsage, "there is no such project"},
		"no time to wait":              {[]string{"up", "--lock-timeout", "soon"}, exitUsage, "invalid argument"},
		"unlock with an argument":      {[]string{"unlock", "dev"}, exitUsage, "takes no argument"},
		"rotate-key with an argument":  {[]string{"rotate-key", "now"}, exitUsage, "takes no argument"},
		"backup with an argument":      {[]string{"state", "backup", "here"}, exitUsage, "takes no argument"},
		"history with a bad number":    {[]string{"history", "--most", "all"}, exitUsage, "invalid argument"},
		"unlock without emulator":      {[]string{"unlock"}, exitFailure, "the emulator is not running"},
		"rotate-key without emulator":  {[]string{"rotate-key"}, exitFailure, "Start it with `tarn local up`"},
		"versions without emulator":    {[]string{"state", "history"}, exitFailure, "the emulator is not running"},
		"rehearsal without emulator":   {[]string{"history", "--env", "rehearsal"}, exitFailure, "the emulator is not running"},
		"eject without emulator":       {[]string{"bootstrap", "--eject", "--env", "rehearsal"}, exitFailure, "the emulator is not running"},
		"unlock of nothing":            {[]string{"unlock", "--env", "nowhere"}, exitUsage, `no environment "nowhere"`},
		"an environment with a folder": {[]string{"history", "--env", "../datalake/Pulumi.dev"}, exitUsage, "no environment"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			code, out, problems := tarn(t, test.args...)
			if code != test.code || !strings.Contains(out+problems, test.want) {
				t.Errorf("exit code %d, want %d with %q; output\n%s%s", code, test.code, test.want, out, problems)
			}
			// A mistake on the command line costs nobody the start of an emulator.
			if left, err := os.ReadDir(state); err != nil || len(left) > 0 {
				t.Errorf("it has begun: %v, error %v", left, err)
			}
		})
	}
}

func TestIsEmulated(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		environment string
		accounts    []string
		want        bool
	}{
		"local":                     {"local", nil, true},
		"local with an account":     {"local", []string{"210987654321"}, true},
		"the emulator's account":    {"rehearsal", []string{"123456789012"}, true},
		"no account":                {"dev", nil, false},
		"another account":           {"dev", []string{"210987654321"}, false},
		"the emulator's and others": {"dev", []string{"123456789012", "210987654321"}, false},
		"others and the emulator's": {"dev", []string{"210987654321", "123456789012"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (&app{environment: test.environment}).isEmulated(driver.Described{Accounts: test.accounts}); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

// Which of the environments that the repository ships live on this machine.
func TestTheShippedEnvironmentsAreWhereTheySay(t *testing.T) {
	t.Parallel()
	for environment, want := range map[string]bool{"local": true, "rehearsal": true, "dev": false, "staging": false, "prod": false} {
		described, err := driver.Describe("../..", environment)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&app{environment: environment}).isEmulated(described); got != want {
			t.Errorf("%s: emulated %v, want %v", environment, got, want)
		}
	}
}

func TestChosenProjects(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ only, want []string }{
		"all":                     {nil, []string{"bootstrap", "datalake", "mpp"}},
		"one":                     {[]string{"datalake"}, []string{"datalake"}},
		"two, in their own order": {[]string{"mpp", "bootstrap"}, []string{"bootstrap", "mpp"}},
		"one twice":               {[]string{"mpp", "mpp"}, []string{"mpp"}},
		"one that is none":        {[]string{"mpp", "lake"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			projects, err := (&app{root: "/x", only: test.only}).chosenProjects()
			var names []string
			for _, project := range projects {
				names = append(names, project.Name)
			}
			var usage usageError
			if !slices.Equal(names, test.want) || errors.As(err, &usage) != (test.want == nil) {
				t.Errorf("%v, error %v; want %v", names, err, test.want)
			}
		})
	}
}

// The address of a state backend has no relative form.
func TestTheRunFolderIsWhole(t *testing.T) {
	t.Setenv("TARN_STATE", "somewhere/else")
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if got := (&app{root: "/x"}).runFolder(); got != filepath.Join(here, "somewhere/else") {
		t.Errorf("run folder %s", got)
	}
	t.Setenv("TARN_STATE", "")
	if got := (&app{root: "/x"}).runFolder(); got != "/x/.tarn" {
		t.Errorf("run folder %s", got)
	}
}

func TestKeyReport(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		report accesskey.Report
		want   string
	}{
		"no CI user": {accesskey.Report{}, ""},
		"the first":  {accesskey.Report{User: "ci", Current: "AKIA1", Secret: "arn:s"}, "\n\naccess key of ci: AKIA1\nThe key itself is in the secret arn:s."},
		"rotated": {
			accesskey.Report{User: "ci", Current: "AKIA3", Previous: "AKIA2", Deleted: []string{"AKIA1", "AKIA0"}, Secret: "arn:s"},
			"\n\naccess key of ci: AKIA3, and until the next rotation AKIA2; deleted: AKIA1, AKIA0\nThe key itself is in the secret arn:s.",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (keyReport{test.report}).text(); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestHistoryTable(t *testing.T) {
	t.Parallel()
	if got := historyTable([]string{"mpp"}, map[string]ledger.Project{}); got != "Nothing was deployed yet." {
		t.Errorf("no entry gives %q", got)
	}
	good := ledger.Entry{
		ID: "1", Time: time.Now(), Actor: "alice@laptop", Command: "tarn up", Result: ledger.Succeeded,
		Commit: "0123456789abcdef", Changes: map[string]int{"create": 3}, Seconds: 4.24,
	}
	failed := ledger.Entry{ID: "2", Time: time.Now(), Actor: "bob@ci", Command: "tarn up", Result: ledger.Failed, Commit: "short"}
	lines := strings.Split(historyTable([]string{"datalake", "mpp"}, map[string]ledger.Project{
		"mpp": {Entries: []ledger.Entry{failed, good}, LastGood: &good},
	}), "\n")
	row := func(has string) string {
		for _, line := range lines {
			if strings.Contains(line, has) {
				return line
			}
		}
		t.Fatalf("no row of %s in\n%s", has, strings.Join(lines, "\n"))
		return ""
	}
	for _, want := range []string{"mpp", "3 created", "last good", "0123456789ab ", "4.2"} {
		if line := row("alice@laptop"); !strings.Contains(line+" ", want) || strings.Contains(line, "abc") {
			t.Errorf("no %q in %q", want, line)
		}
	}
	if line := row("bob@ci"); !strings.Contains(line, "failed") || !strings.Contains(line, "short") || strings.Contains(line, "last good") {
		t.Errorf("row %q", line)
	}
}

// Waiting for a lease is one task of the console, however often it is told.
func TestWaitingIsShownOnce(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	view := console.Plain(&out)
	observer := &deployObserver{view: view}
	for _, detail := range []string{"alice has it; 60 s", "alice has it; 59 s", ""} {
		observer.Waiting(detail)
	}
	view.Close()
	if said := out.String(); strings.Count(said, "alice has it") != 1 || !strings.Contains(said, "60 s") {
		t.Errorf("it said\n%s", said)
	}
}

func TestReportTable(t *testing.T) {
	t.Parallel()
	table := reportTable(driver.Report{Command: "bootstrap", Environment: "dev", Seconds: 7.5, Stacks: []driver.StackReport{
		{Project: "move state", Result: driver.Succeeded, Seconds: 1.25}, {Project: "proof", Result: driver.Failed}, {Project: "mpp", Result: driver.NotRun},
	}})
	for _, want := range []string{"bootstrap dev", "move state", "done", "1.2", "failed", "not run", "7.5"} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
}
