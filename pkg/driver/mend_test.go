package driver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tarn-data/tarn/pkg/state"
)

func hostname(t *testing.T) string {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return host
}

// deadProcess gives the number of a process that has ended.
func deadProcess(t *testing.T) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

func TestStrandedLock(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, time.January, 1, 10, 0, 0, 0, time.UTC)
	until := from.Add(time.Hour)
	host, dead := hostname(t), deadProcess(t)
	died := []deadOwner{{Login: "alice", Host: "laptop", From: from, Until: until}}
	tests := map[string]struct {
		lock state.Lock
		dead []deadOwner
		want bool
	}{
		"own host, dead process":           {state.Lock{Host: host, PID: dead}, nil, true},
		"own host, this process":           {state.Lock{Host: host, PID: os.Getpid()}, nil, false},
		"own host, somebody else's":        {state.Lock{Host: host, PID: 1}, nil, false},
		"own host, alive, lease taken":     {state.Lock{Host: host, PID: os.Getpid(), User: "alice", Time: from}, []deadOwner{{Login: "alice", Host: host, From: from, Until: until}}, false},
		"no host":                          {state.Lock{PID: dead}, died, false},
		"no host, and an owner without":    {state.Lock{PID: dead, Time: from}, []deadOwner{{From: from, Until: until}}, false},
		"elsewhere, nobody died":           {state.Lock{Host: "laptop", User: "alice", PID: dead, Time: from}, nil, false},
		"elsewhere, within":                {state.Lock{Host: "laptop", User: "alice", PID: os.Getpid(), Time: from.Add(time.Minute)}, died, true},
		"elsewhere, as it began":           {state.Lock{Host: "laptop", User: "alice", Time: from}, died, true},
		"elsewhere, a slow clock":          {state.Lock{Host: "laptop", User: "alice", Time: from.Add(-clockDifference)}, died, true},
		"elsewhere, before":                {state.Lock{Host: "laptop", User: "alice", Time: from.Add(-clockDifference - time.Nanosecond)}, died, false},
		"elsewhere, a fast clock":          {state.Lock{Host: "laptop", User: "alice", Time: until.Add(clockDifference)}, died, true},
		"elsewhere, after":                 {state.Lock{Host: "laptop", User: "alice", Time: until.Add(clockDifference + time.Nanosecond)}, died, false},
		"elsewhere, another login":         {state.Lock{Host: "laptop", User: "bob", Time: from}, died, false},
		"another host":                     {state.Lock{Host: "desktop", User: "alice", Time: from}, died, false},
		"elsewhere, no time":               {state.Lock{Host: "laptop", User: "alice"}, died, false},
		"elsewhere, the second of two":     {state.Lock{Host: "laptop", User: "alice", Time: from}, append([]deadOwner{{Login: "bob", Host: "laptop", From: from, Until: until}}, died...), true},
		"elsewhere, in another time zone":  {state.Lock{Host: "laptop", User: "alice", Time: from.In(time.FixedZone("x", 5*3600))}, died, true},
		"elsewhere, one of each that died": {state.Lock{Host: "laptop", User: "alice", Time: from}, []deadOwner{{Login: "alice", Host: "desktop", From: from, Until: until}, {Login: "bob", Host: "laptop", From: from, Until: until}}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &Driver{dead: test.dead}
			if got := d.strandedLock(test.lock); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
			if isOrphan(test.lock) {
				t.Error("it is taken for the process of a driver that died")
			}
		})
	}
}

// A process that has ended and that nobody asks for its result is as dead as any other.
func TestTheLockOfAZombieIsStranded(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lock, d := state.Lock{Host: hostname(t), PID: cmd.Process.Pid}, &Driver{}
	for deadline := time.Now().Add(10 * time.Second); !d.strandedLock(lock); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Error("its owner is taken for alive")
			break
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// orphan starts a process whose parent dies, as Pulumi's does when its driver is killed.
func orphan(t *testing.T) int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!").Output()
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Kill() }) // it may have ended
	return pid
}

func TestOrphansAreToldFromOthers(t *testing.T) {
	t.Parallel()
	pid, host := orphan(t), hostname(t)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil || !strings.Contains(string(status), "\nPPid:\t1\n") {
		t.Skip("the first process of this machine does not take in orphans")
	}
	if !isOrphan(state.Lock{Host: host, PID: pid}) {
		t.Error("an orphan is not seen as one")
	}
	if isOrphan(state.Lock{Host: "elsewhere", PID: pid}) {
		t.Error("a process of another host is looked for here")
	}
}

func lockFile(t *testing.T, folder, project, name, host string, pid int, at time.Time) string {
	t.Helper()
	file := filepath.Join(folder, ".pulumi/locks/organization", project, "dev", name+".json")
	write(t, file, fmt.Sprintf(`{"pid":%d,"username":"alice","hostname":%q,"timestamp":%q}`, pid, host, at.Format(time.RFC3339Nano)))
	return file
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func TestOnlyTheLocksOfTheDeadAreCleared(t *testing.T) {
	t.Parallel()
	folder, now := t.TempDir(), time.Now()
	host, dead := hostname(t), deadProcess(t)
	gone := []string{
		lockFile(t, folder, "bootstrap", "mine", host, dead, now),
		lockFile(t, folder, "mpp", "mine", host, dead, now),
		lockFile(t, folder, "mpp", "taken-over", "laptop", 7, now.Add(-time.Minute)),
	}
	kept := []string{
		lockFile(t, folder, "mpp", "alive", host, os.Getpid(), now),
		lockFile(t, folder, "mpp", "foreign", "desktop", dead, now),
		lockFile(t, folder, "mpp", "later", "laptop", 7, now.Add(time.Hour)),
		lockFile(t, folder, "somebody-elses", "mine", host, dead, now), // no project of this driver
	}
	half := filepath.Join(folder, ".pulumi/locks/organization/mpp/dev/half.json")
	write(t, half, `{"pid":`)
	observer := &recorder{}
	d := &Driver{
		projects: Projects("/x"), observer: observer, environment: Environment{Name: "dev", Backend: "file://" + folder},
		dead: []deadOwner{{Login: "alice", Host: "laptop", From: now.Add(-time.Hour), Until: now}},
	}
	start := time.Now()
	if err := d.clearAllLocks(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > stopGrace/2 {
		t.Errorf("it waited %v for owners that are alive", took)
	}
	for _, file := range gone {
		if exists(file) {
			t.Errorf("%s is still there", file)
		}
	}
	for _, file := range append(kept, half) {
		if !exists(file) {
			t.Errorf("%s was removed", file)
		}
	}
	if len(observer.lines) != len(gone) || !strings.HasPrefix(observer.lines[0], "bootstrap: cleared the lock of a deployment that was killed: alice@"+host) {
		t.Errorf("it said %q", observer.lines)
	}
}

// A Pulumi process whose driver was killed ends by itself; its lock is cleared then, and an interrupt ends
// the wait.
func TestAnOrphanIsWaitedFor(t *testing.T) {
	t.Parallel()
	pid, folder := orphan(t), t.TempDir()
	if !isOrphan(state.Lock{Host: hostname(t), PID: pid}) {
		t.Skip("the first process of this machine does not take in orphans")
	}
	file := lockFile(t, folder, "mpp", "orphan", hostname(t), pid, time.Now())
	observer := &recorder{}
	d := &Driver{projects: Projects("/x"), observer: observer, environment: Environment{Name: "dev", Backend: "file://" + folder}}
	ctx, cancel := context.WithTimeout(t.Context(), lockPoll)
	defer cancel()
	if err := d.clearAllLocks(ctx); !errors.Is(err, context.DeadlineExceeded) || !exists(file) {
		t.Errorf("error %v, the lock is there: %v", err, exists(file))
	}
	if !strings.Contains(observer.working, "waiting for the Pulumi process") {
		t.Errorf("it said %q", observer.working)
	}
	time.AfterFunc(lockPoll, func() {
		if process, err := os.FindProcess(pid); err == nil {
			_ = process.Kill()
		}
	})
	if err := d.clearAllLocks(t.Context()); err != nil || exists(file) {
		t.Errorf("error %v, the lock is there: %v", err, exists(file))
	}
}

// A stack without a creation under way is not touched: there is no Pulumi here that could be asked.
func TestMendLeavesWholeStacksAlone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ content, want string }{
		"no stack":         {"", ""},
		"an empty stack":   {stackWith("", ""), ""},
		"other operations": {stackWith("", `{"type":"deleting","resource":{}},{"type":"updating","resource":{}},{"type":"importing","resource":{}}`), ""},
		"a creation":       {stackWith("", `{"type":"deleting","resource":{}},{"type":"creating","resource":{}}`), "exporting the state"},
		"a damaged file":   {"{", "not a state file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			if test.content != "" {
				write(t, filepath.Join(folder, ".pulumi/stacks/mpp/dev.json"), test.content)
			}
			d := &Driver{
				observer: &recorder{}, environment: Environment{Name: "dev", Backend: "file://" + folder},
				pulumi: pulumiCommand{path: filepath.Join(folder, "no-pulumi")},
			}
			err := d.mend(t.Context(), Project{Name: "mpp", Folder: folder})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// stackWith is a state file with these resources and pending operations.
func stackWith(resources, pending string) string {
	return `{"version":3,"checkpoint":{"latest":{"resources":[` + resources + `],"pending_operations":[` + pending + `]}}}`
}

// A lock table that the state has and AWS has not is no reason to go on without a lease.
func TestAMissingLockTable(t *testing.T) {
	t.Parallel()
	table := `{"urn":"u::locks","custom":true,"type":"aws:dynamodb/table:Table","id":"tarn-dev-locks","outputs":{"name":"tarn-dev-locks"}}`
	missing := errors.New("no table")
	for name, test := range map[string]struct {
		content string
		refused bool
	}{
		"never deployed":      {"", false},
		"an empty stack":      {stackWith("", ""), false},
		"not as far as that":  {stackWith(`{"urn":"u::key","custom":true,"type":"aws:kms/key:Key"}`, ""), false},
		"another table":       {stackWith(strings.ReplaceAll(table, "tarn-dev-locks", "orders"), ""), false},
		"made, and not there": {stackWith(table, ""), true},
		"a damaged file":      {"{", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			if test.content != "" {
				write(t, filepath.Join(folder, ".pulumi/stacks/bootstrap/dev.json"), test.content)
			}
			d := &Driver{environment: Environment{Name: "dev", Backend: "file://" + folder, LockTable: "tarn-dev-locks"}}
			err := d.neverDeployed(t.Context(), missing)
			if (err != nil) != test.refused {
				t.Errorf("error %v, want one: %v", err, test.refused)
			}
			if name == "made, and not there" && (!errors.Is(err, missing) || !strings.Contains(err.Error(), "right account")) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// Without a table only the project that makes it may go on, and what deletes the rest.
func TestWhoMayGoOnWithoutALease(t *testing.T) {
	t.Parallel()
	g := &guard{driver: &Driver{observer: &recorder{}}}
	projects := Projects("/x")
	if err := g.before(t.Context(), projects[0], false); err != nil {
		t.Errorf("bootstrap: %v", err)
	}
	for _, project := range slices.Backward(projects) {
		if err := g.before(t.Context(), project, true); err != nil {
			t.Errorf("destroying %s: %v", project.Name, err)
		}
	}
	g.after(t.Context(), "up", StackReport{}) // there is no ledger to write to, and nothing panics
	if err := g.release(); err != nil {
		t.Errorf("release: %v", err)
	}
}

func TestBeingDeleted(t *testing.T) {
	t.Parallel()
	resource := func(urn, kind string) state.Resource { return state.Resource{URN: urn, Type: kind, Custom: true} }
	table, gone := resource("u::table", "aws:dynamodb/table:Table"), resource("u::gone", "aws:iam/role:Role")
	found := beingDeleted(state.Checkpoint{
		Resources: []state.Resource{table, resource("u::kept", "aws:kms/key:Key"), {URN: "u::component", Type: "tarn:x:Y"}},
		Pending: []state.Operation{
			{Type: "deleting", Resource: table}, {Type: "deleting", Resource: gone},
			{Type: "creating", Resource: resource("u::new", "aws:iam/role:Role")}, {Type: "updating", Resource: resource("u::kept", "aws:kms/key:Key")},
			{Type: "deleting", Resource: state.Resource{URN: "u::component"}},
		},
	})
	if !slices.Equal(found, []string{"u::table"}) {
		t.Errorf("got %v", found)
	}
}
