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

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestKilledDeploymentsConverge kills deployments at random moments: the command line alone, which leaves
// Pulumi behind, or all its processes. The same command must then finish, with every resource made once:
// a second one, which no state knows, would be left by the destroy.
//
// TARN_KILLS sets the number of rounds, TARN_SEED the moments.
func TestKilledDeploymentsConverge(t *testing.T) {
	rounds, seed := number(t, "TARN_KILLS", 1), uint64(number(t, "TARN_SEED", int(time.Now().Unix())))
	t.Logf("%d rounds, TARN_SEED=%d", rounds, seed)
	random := rand.New(rand.NewPCG(seed, 0))
	lake := newRehearsal(t)
	kills := 0
	for round := range rounds {
		for _, victim := range []struct {
			command []string
			longest time.Duration
		}{
			{[]string{"bootstrap"}, 12 * time.Second},
			{[]string{"up"}, 14 * time.Second},
			{[]string{"destroy", "--yes", "--delete-data"}, 10 * time.Second},
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

// TestHalfMadeResourcesAreAdopted kills a deployment while the provider waits for a KMS key that AWS has made
// and the state does not have. A key has no name that could stop a second one from being made.
func TestHalfMadeResourcesAreAdopted(t *testing.T) {
	lake := newRehearsal(t)
	lake.run(t, 0, "local", "up")
	settings := lake.aws(t)
	keys := func(region string) []string {
		living, err := livingKeys(t.Context(), kms.NewFromConfig(settings, func(o *kms.Options) { o.Region = region }))
		if err != nil {
			t.Fatal(err)
		}
		return living
	}
	command := lake.command("bootstrap")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the key", func() bool { return len(keys("us-east-1")) > 0 })
	killAll(t, command.Process.Pid, lake.emulatorProcess())
	_ = command.Wait() // it was killed
	if out := lake.output(t, "bootstrap"); !strings.Contains(out, "had made Key ") {
		t.Errorf("no key was adopted:\n%s", out)
	}
	// The keys of the platform and of the data, and that of the copy of the state.
	for region, number := range map[string]int{"us-east-1": 2, "eu-west-1": 1} {
		if left := keys(region); len(left) != number {
			t.Errorf("there are %d keys in %s: %v", len(left), region, left)
		}
	}
	lake.expectNoChanges(t, lake.deploy(t, "bootstrap"))

	// And the other way round: a table that is gone and that the state still has cannot be deleted again.
	tables := dynamodb.NewFromConfig(settings)
	command = lake.command("destroy", "--yes")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the table to go", func() bool {
		left, err := tables.ListTables(t.Context(), &dynamodb.ListTablesInput{})
		return err == nil && len(left.TableNames) == 0
	})
	killAll(t, command.Process.Pid, lake.emulatorProcess())
	_ = command.Wait() // it was killed
	lake.deploy(t, "destroy", "--yes")
	lake.checkEmpty(t)
}

// output runs a command that must succeed and gives all that it prints.
func (l *lake) output(t *testing.T, args ...string) string {
	t.Helper()
	code, out := l.start(t, args...)()
	if code != 0 {
		t.Fatalf("tarn %v: exit code %d\n%s", args, code, out)
	}
	return out
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
	if all {
		killAll(t, command.Process.Pid, l.emulatorProcess())
	} else {
		_ = command.Process.Kill() // it may just have ended
	}
	<-ended
	return true
}

// killAll kills a process and what it has started, except for the spared one.
func killAll(t *testing.T, root, spared int) {
	t.Helper()
	for _, pid := range append([]int{root}, descendants(t, root, spared)...) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may just have ended
	}
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
