package e2e

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

type instance struct {
	PID      int
	Endpoint string
}

func (l *lake) instance(t *testing.T) instance {
	t.Helper()
	var i instance
	decode(t, l.run(t, 0, "local", "status"), &i)
	return i
}

func (l *lake) endpoint(t *testing.T) string { t.Helper(); return l.instance(t).Endpoint }
func (l *lake) emulatorPID(t *testing.T) int { t.Helper(); return l.instance(t).PID }

// waitForSpark gives the process of the Java machine that runs this lake's job, once it has started
// its work: killed any sooner it would not have written anything yet.
func (l *lake) waitForSpark(t *testing.T) int {
	t.Helper()
	for range 1200 {
		if pids := l.sparkProcesses(t); len(pids) > 0 {
			time.Sleep(6 * time.Second)
			if again := l.sparkProcesses(t); len(again) > 0 {
				return again[0]
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("Spark did not start")
	return 0
}

func (l *lake) waitForNoSpark(t *testing.T) {
	t.Helper()
	for range 300 {
		if len(l.sparkProcesses(t)) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("Spark is still running: processes %v", l.sparkProcesses(t))
}

// sparkProcesses finds the Java machines of this lake by its state folder, which is part of their
// command line.
func (l *lake) sparkProcesses(t *testing.T) []int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "-eo", "pid=,args=").Output()
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for line := range strings.Lines(string(out)) {
		pid, args, _ := strings.Cut(strings.TrimSpace(line), " ")
		program, _, _ := strings.Cut(strings.TrimSpace(args), " ")
		if filepath.Base(program) != "java" || !strings.Contains(args, l.state) {
			continue
		}
		number, err := strconv.Atoi(pid)
		if err == nil && syscall.Kill(number, 0) == nil {
			pids = append(pids, number)
		}
	}
	return pids
}
