package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKilledDeploymentsConverge kills deployments at random moments: the command line alone, which leaves
// Pulumi behind, or all its processes. The same command must then finish, with every resource made once:
// a second one, which no state knows, would be left by the destroy.
//
// TARN_KILLS sets the number of rounds, TARN_SEED the moments.
func TestKilledDeploymentsConverge(t *testing.T) {
	rounds, seed := number(t, "TARN_KILLS", 2), uint64(number(t, "TARN_SEED", int(time.Now().Unix())))
	t.Logf("%d rounds, TARN_SEED=%d", rounds, seed)
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // it is to be repeatable, not secret
	lake := newRehearsal(t)
	kills := 0
	for round := range rounds {
		for _, victim := range []struct {
			command []string
			longest time.Duration
		}{
			{[]string{"bootstrap"}, 12 * time.Second},
			{[]string{"up"}, 14 * time.Second},
			{[]string{"destroy", "--yes"}, 10 * time.Second},
		} {
			for attempt := range 2 { // the second kill meets what the first one left
				after, all := time.Duration(random.Int64N(int64(victim.longest))), random.IntN(2) == 0
				if lake.killed(t, after, all, victim.command...) {
					kills++
					t.Logf("round %d: %s, kill %d after %.1f s, all processes: %v", round+1, victim.command[0], attempt+1, after.Seconds(), all)
				}
			}
			start := time.Now()
			lake.run(t, 0, victim.command...)
			t.Logf("round %d: %s finished in %.1f s", round+1, victim.command[0], time.Since(start).Seconds())
			lake.expectNoChanges(t, lake.deploy(t, victim.command...))
		}
		lake.checkEmpty(t)
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d deployments were killed", kills)
	if kills == 0 {
		t.Error("no deployment was killed: the moments are all too late")
	}
}

func number(t *testing.T, variable string, standard int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s is %q, want a number", variable, text)
	}
	return n
}

// killed starts a command and kills it after some time; false when it had ended before.
func (l *lake) killed(t *testing.T, after time.Duration, all bool, args ...string) bool {
	t.Helper()
	command := l.command(args...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait() // killed or not, both are fine
		close(ended)
	}()
	select {
	case <-ended:
		return false
	case <-time.After(after):
	}
	victims := []int{command.Process.Pid}
	if all {
		victims = append(victims, descendants(t, command.Process.Pid, l.emulatorProcess())...)
	}
	for _, pid := range victims {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may just have ended
	}
	<-ended
	return true
}

// emulatorProcess is 0 when there is no emulator.
func (l *lake) emulatorProcess() int {
	out, _ := l.command("local", "status").Output() // exits 1 when there is none
	var pid int
	if _, rest, found := strings.Cut(string(out), `"pid": `); found {
		_, _ = fmt.Sscanf(rest, "%d", &pid) // 0 then too
	}
	return pid
}

// descendants gives the processes that a process has started, without the spared one.
func descendants(t *testing.T, root, spared int) []int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "-eo", "pid=,ppid=").Output()
	if err != nil {
		t.Fatal(err)
	}
	children := map[int][]int{}
	for line := range strings.Lines(string(out)) {
		var pid, parent int
		if _, err := fmt.Sscan(line, &pid, &parent); err == nil {
			children[parent] = append(children[parent], pid)
		}
	}
	var found []int
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		for _, child := range children[queue[0]] {
			if child != spared {
				found, queue = append(found, child), append(queue, child)
			}
		}
	}
	return found
}
