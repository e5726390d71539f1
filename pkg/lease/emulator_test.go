package lease

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tarn-data/tarn/pkg/lease/leasetest"
)

// brief is a lease that tests can wait for.
const brief = 4 * time.Second

func someone(name string) Owner {
	return Owner{User: name, Host: "elsewhere", PID: 1, Command: "tarn up"}
}

func acquire(t *testing.T, table *Table, environment string, owner Owner, options Options) *Lease {
	t.Helper()
	lease, err := table.Acquire(t.Context(), environment, owner, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lease.Release(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("release: %v", err)
		}
	})
	return lease
}

func TestProcessesRace(t *testing.T) {
	t.Parallel()
	rounds, processes := 50, 8
	if os.Getenv("TARN_SOAK") == "1" {
		rounds = 200
	}
	const everyoneWaits = 25 // in each of these rounds everyone is to get it in the end
	r := role{
		Endpoint: leasetest.Endpoint(t), Table: leasetest.NewTable(t), Environment: "dev",
		Marker: filepath.Join(t.TempDir(), "held"), Duration: time.Minute,
	}
	var all []competitor
	for range processes {
		all = append(all, startCompetitor(t, r))
	}
	var held []outcome
	for round := range rounds {
		o := order{}
		if round%everyoneWaits == everyoneWaits-1 {
			o.Wait = time.Minute
		}
		for _, c := range all {
			if err := c.send(o); err != nil {
				t.Fatal(err)
			}
		}
		winners := 0
		for _, c := range all {
			result, err := c.receive()
			switch {
			case err != nil:
				t.Fatal(err)
			case result.Error != "":
				t.Fatalf("round %d: %s", round, result.Error)
			case result.Overlap:
				t.Errorf("round %d: the holder of token %d was not alone", round, result.Token)
			}
			if result.Got {
				winners++
				held = append(held, result)
			}
		}
		if winners == 0 || o.Wait > 0 && winners != processes {
			t.Errorf("round %d: %d of %d got it", round, winners, processes)
		}
	}
	slices.SortFunc(held, func(a, b outcome) int { return cmp.Compare(a.Token, b.Token) })
	for i, later := range held[1:] {
		if former := held[i]; later.Token == former.Token || later.Begin.Before(former.End) {
			t.Errorf("token %d from %v to %v, token %d from %v", former.Token, former.Begin, former.End, later.Token, later.Begin)
		}
	}
	t.Logf("%d rounds of %d processes: held %d times, never twice at once", rounds, processes, len(held))
}

func TestAKilledHolderOfThisMachineIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	r := role{Endpoint: leasetest.Endpoint(t), Table: leasetest.NewTable(t), Environment: "dev", Duration: time.Hour}
	table := New(leasetest.Client(r.Endpoint, nil), r.Table)
	token := holdAndDie(t, table, r)

	begin := time.Now()
	lease := acquire(t, table, "dev", CurrentOwner(t.Context(), "tarn up"), Options{})
	t.Logf("taken over after %s", time.Since(begin))
	dead, ok := lease.TakenOverFrom()
	if !ok || dead.Token != token || dead.Owner.Command != "test" || lease.Token() != token+1 {
		t.Errorf("token %d after %d, taken over from %+v, %v", lease.Token(), token, dead, ok)
	}
	if err := lease.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := acquire(t, table, "dev", someone("bob"), Options{})
	if former, ok := next.TakenOverFrom(); ok {
		t.Errorf("taken over from %+v, which released", former)
	}
}

func TestAKilledHolderElsewhereIsReplacedWhenItsLeaseRunsOut(t *testing.T) {
	t.Parallel()
	r := role{
		Endpoint: leasetest.Endpoint(t), Table: leasetest.NewTable(t), Environment: "dev", Host: "elsewhere", Duration: brief,
	}
	table := New(leasetest.Client(r.Endpoint, nil), r.Table)
	token := holdAndDie(t, table, r)

	before, _, err := table.Read(t.Context(), "dev")
	if err != nil || before.OwnerDead() {
		t.Fatalf("%+v, %v", before, err)
	}
	var waits atomic.Int64
	begin := time.Now()
	lease := acquire(t, table, "dev", someone("bob"), Options{Wait: time.Minute, OnWait: func(Record, time.Duration) { waits.Add(1) }})
	t.Logf("taken over after %s, with %s left at first", time.Since(begin), before.Left())
	if dead, ok := lease.TakenOverFrom(); !ok || dead.Token != token || waits.Load() == 0 {
		t.Errorf("taken over from %+v, %v, after %d waits", dead, ok, waits.Load())
	}
	if now := table.clock.latest(); now.Before(before.Expires) {
		t.Errorf("taken at %v, before %v", now, before.Expires)
	}
	if waited := time.Since(begin); waited > brief+3*time.Second {
		t.Errorf("waited %s for a lease of %s", waited, brief)
	}
}

// holdAndDie lets a process take the lease, kills it and gives its token.
func holdAndDie(t *testing.T, table *Table, r role) int64 {
	t.Helper()
	c := startCompetitor(t, r)
	if err := c.send(order{Forever: true}); err != nil {
		t.Fatal(err)
	}
	result, err := c.receive()
	if err != nil || !result.Got {
		t.Fatalf("%+v, %v", result, err)
	}
	var held *HeldError
	if _, err := table.Acquire(t.Context(), r.Environment, someone("bob"), Options{}); !errors.As(err, &held) {
		t.Fatalf("while it lives: %v", err)
	}
	// Nobody asks for its result yet, so it stays in the process table.
	if err := c.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := c.receive(); err == nil {
		t.Fatal("it answers after its death")
	}
	return result.Token
}

func TestForcedAway(t *testing.T) {
	t.Parallel()
	table := New(leasetest.Client(leasetest.Endpoint(t), nil), leasetest.NewTable(t))
	alice := acquire(t, table, "dev", someone("alice"), Options{Renew: 400 * time.Millisecond})

	var held *HeldError
	if _, err := table.Unlock(t.Context(), "dev", someone("bob"), false); !errors.As(err, &held) || held.Holder.Owner.User != "alice" {
		t.Fatalf("unlocking a live owner: %v", err)
	}
	before, err := table.Unlock(t.Context(), "dev", someone("bob"), true)
	if err != nil || before.State != Held || before.Owner.User != "alice" {
		t.Fatalf("%+v, %v", before, err)
	}
	carol := acquire(t, table, "dev", someone("carol"), Options{})
	if former, ok := carol.TakenOverFrom(); ok {
		t.Errorf("taken over from %+v, which may still be stopping", former)
	}
	if carol.Token() <= alice.Token() {
		t.Errorf("token %d after %d", carol.Token(), alice.Token())
	}
	select {
	case <-alice.Lost():
	case <-time.After(5 * time.Second):
		t.Fatal("alice has not noticed")
	}
	var lost *LostError
	if err := alice.Check(t.Context()); !errors.Is(err, ErrLost) || !errors.As(err, &lost) || lost.Now == nil {
		t.Errorf("check: %v", err)
	}
	if err := alice.Release(t.Context()); err != nil {
		t.Errorf("release of a lost lease: %v", err)
	}
	if err := carol.Check(t.Context()); err != nil {
		t.Errorf("carol, after alice's release: %v", err)
	}
}

func TestForcedAwayIsRecorded(t *testing.T) {
	t.Parallel()
	table := New(leasetest.Client(leasetest.Endpoint(t), nil), leasetest.NewTable(t))
	if _, err := table.Unlock(t.Context(), "dev", someone("bob"), false); err != nil {
		t.Errorf("unlocking what nobody ever took: %v", err)
	}
	alice := acquire(t, table, "dev", someone("alice"), Options{})
	if _, err := table.Unlock(t.Context(), "dev", someone("bob"), true); err != nil {
		t.Fatal(err)
	}
	now, found, err := table.Read(t.Context(), "dev")
	if err != nil || !found || now.State != Released || now.Token != alice.Token() ||
		now.ForcedBy == nil || now.ForcedBy.User != "bob" || now.ForcedAt.IsZero() || now.OwnerDead() {
		t.Errorf("%+v, %v, %v", now, found, err)
	}
	// With nobody after her, Check itself has to find out.
	if err := alice.Check(t.Context()); !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "bob@elsewhere") {
		t.Errorf("check: %v", err)
	}
	select {
	case <-alice.Lost():
	default:
		t.Error("not lost")
	}
}

func TestADeadOwnerIsUnlockedWithoutForceAndStaysDead(t *testing.T) {
	t.Parallel()
	r := role{Endpoint: leasetest.Endpoint(t), Table: leasetest.NewTable(t), Environment: "dev", Duration: time.Hour}
	table := New(leasetest.Client(r.Endpoint, nil), r.Table)
	token := holdAndDie(t, table, r)
	if before, err := table.Unlock(t.Context(), "dev", someone("bob"), false); err != nil || before.Token != token {
		t.Fatalf("%+v, %v", before, err)
	}
	lease := acquire(t, table, "dev", someone("carol"), Options{})
	if dead, ok := lease.TakenOverFrom(); !ok || dead.Token != token || dead.ForcedBy == nil {
		t.Errorf("taken over from %+v, %v", dead, ok)
	}
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	table := New(leasetest.Client(leasetest.Endpoint(t), nil), leasetest.NewTable(t))
	alice := acquire(t, table, "dev", someone("alice"), Options{})

	var lefts []time.Duration
	countdown := func(holder Record, left time.Duration) {
		if holder.Owner.User != "alice" {
			t.Errorf("holder %v", holder.Owner)
		}
		lefts = append(lefts, left)
	}
	var held *HeldError
	wait := 2500 * time.Millisecond
	_, err := table.Acquire(t.Context(), "dev", someone("bob"), Options{Wait: wait, OnWait: countdown})
	if !errors.As(err, &held) || held.Waited != wait {
		t.Errorf("%v", err)
	}
	if len(lefts) < 3 || !slices.IsSortedFunc(lefts, func(a, b time.Duration) int { return cmp.Compare(b, a) }) {
		t.Errorf("countdown %v", lefts)
	}

	time.AfterFunc(300*time.Millisecond, func() { _ = alice.Release(t.Context()) })
	begin := time.Now()
	bob := acquire(t, table, "dev", someone("bob"), Options{Wait: time.Minute})
	if waited := time.Since(begin); waited > 3*time.Second {
		t.Errorf("waited %s", waited)
	}
	if former, ok := bob.TakenOverFrom(); ok {
		t.Errorf("taken over from %+v, which released", former)
	}
}

func TestALeaseOutlastsItsDuration(t *testing.T) {
	t.Parallel()
	table := New(leasetest.Client(leasetest.Endpoint(t), nil), leasetest.NewTable(t))
	alice := acquire(t, table, "dev", someone("alice"), Options{Duration: brief})
	for begin := time.Now(); time.Since(begin) < 2*brief; time.Sleep(200 * time.Millisecond) {
		var held *HeldError
		if _, err := table.Acquire(t.Context(), "dev", someone("bob"), Options{}); !errors.As(err, &held) {
			t.Fatalf("after %s: %v", time.Since(begin), err)
		}
	}
	if err := alice.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNoTable(t *testing.T) {
	t.Parallel()
	table := New(leasetest.Client(leasetest.Endpoint(t), nil), "absent")
	_, acquireErr := table.Acquire(t.Context(), "dev", someone("bob"), Options{})
	_, _, readErr := table.Read(t.Context(), "dev")
	_, unlockErr := table.Unlock(t.Context(), "dev", someone("bob"), true)
	for _, err := range []error{acquireErr, readErr, unlockErr} {
		if !errors.Is(err, ErrNoTable) {
			t.Errorf("error %v", err)
		}
	}
}

// disturbance stands between a client and the emulator.
type disturbance struct {
	down       atomic.Bool  // no request arrives
	loseAnswer atomic.Int64 // so many writes happen without an answer
	ahead      time.Duration
	timeless   bool
}

var errDisturbed = errors.New("disturbed by the test")

func (d *disturbance) RoundTrip(request *http.Request) (*http.Response, error) {
	if d.down.Load() {
		return nil, errDisturbed
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(request.Header.Get("X-Amz-Target"), "UpdateItem") && d.loseAnswer.Add(-1) >= 0 {
		response.Body.Close()
		return nil, errDisturbed
	}
	if at, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		response.Header.Set("Date", at.Add(d.ahead).UTC().Format(http.TimeFormat))
	}
	if d.timeless {
		response.Header.Del("Date")
	}
	return response, nil
}

func TestAnUnreachableTableFailsClosed(t *testing.T) {
	t.Parallel()
	network := &disturbance{}
	table := New(leasetest.Client(leasetest.Endpoint(t), network), leasetest.NewTable(t))
	alice := acquire(t, table, "dev", someone("alice"), Options{Duration: brief})
	network.down.Store(true)
	begin := time.Now()

	var held *HeldError
	if _, err := table.Acquire(t.Context(), "dev", someone("bob"), Options{Wait: time.Minute}); !errors.Is(err, errDisturbed) ||
		errors.As(err, &held) || errors.Is(err, ErrNoTable) {
		t.Errorf("acquire: %v", err)
	}
	if err := alice.Check(t.Context()); !errors.Is(err, errDisturbed) || errors.Is(err, ErrLost) {
		t.Errorf("check: %v", err)
	}
	select {
	case <-alice.Lost():
	case <-time.After(2 * brief):
		t.Fatal("the lease was never given up")
	}
	if after := time.Since(begin); after > brief {
		t.Errorf("given up after %s, when others may have had it", after)
	}
	if err := alice.Check(t.Context()); !errors.Is(err, ErrLost) || !errors.Is(err, errDisturbed) {
		t.Errorf("check: %v", err)
	}
}

func TestAShortFailureIsSurvived(t *testing.T) {
	t.Parallel()
	network := &disturbance{}
	table := New(leasetest.Client(leasetest.Endpoint(t), network), leasetest.NewTable(t))
	alice := acquire(t, table, "dev", someone("alice"), Options{Duration: brief})
	network.down.Store(true)
	time.Sleep(brief / 2)
	network.down.Store(false)
	time.Sleep(brief)
	select {
	case <-alice.Lost():
		t.Error(alice.Check(t.Context()))
	default:
	}
}

func TestALostAnswer(t *testing.T) {
	t.Parallel()
	name := leasetest.NewTable(t)
	t.Run("a taken lease is given back", func(t *testing.T) {
		network := &disturbance{}
		network.loseAnswer.Store(1)
		table := New(leasetest.Client(leasetest.Endpoint(t), network), name)
		if _, err := table.Acquire(t.Context(), "dev", someone("alice"), Options{}); !errors.Is(err, errDisturbed) {
			t.Fatal(err)
		}
		if now, found, err := table.Read(t.Context(), "dev"); err != nil || !found || now.State != Released || now.Owner.User != "alice" {
			t.Errorf("%+v, %v, %v", now, found, err)
		}
	})
	t.Run("the second try knows the first", func(t *testing.T) {
		network := &disturbance{}
		table := New(leasetest.Client(leasetest.Endpoint(t), network), name)
		seen, err := table.read(t.Context(), "dev")
		if err != nil {
			t.Fatal(err)
		}
		retrying := New(leasetest.RetryingClient(leasetest.Endpoint(t), network), name)
		network.loseAnswer.Store(1)
		lease := acquire(t, retrying, "dev", someone("bob"), Options{})
		if lease.Token() != seen.record.Token+1 {
			t.Errorf("token %d after %d", lease.Token(), seen.record.Token)
		}
	})
}

func TestOnlyTheServersClockCounts(t *testing.T) {
	t.Parallel()
	name, ahead := leasetest.NewTable(t), 24*time.Hour
	// Seen from the server, this machine's clock is a day behind.
	table := New(leasetest.Client(leasetest.Endpoint(t), &disturbance{ahead: ahead}), name)
	acquire(t, table, "dev", someone("alice"), Options{})
	now, _, err := table.Read(t.Context(), "dev")
	if err != nil {
		t.Fatal(err)
	}
	if off := now.Seen.Sub(time.Now().Add(ahead)); off > 0 || off < -3*time.Second {
		t.Errorf("the server's time is off by %s", off)
	}
	if left := now.Left(); left < DefaultDuration-time.Second || left > DefaultDuration+5*time.Second || now.OwnerDead() {
		t.Errorf("%s left of %s", left, DefaultDuration)
	}
	timeless := New(leasetest.Client(leasetest.Endpoint(t), &disturbance{timeless: true}), name)
	if _, err := timeless.Acquire(t.Context(), "dev", someone("bob"), Options{}); !errors.Is(err, errNoTime) {
		t.Errorf("without the server's time: %v", err)
	}
}

func TestTheCounterGrowsAlsoAfterADeletion(t *testing.T) {
	t.Parallel()
	client := leasetest.Client(leasetest.Endpoint(t), nil)
	table := New(client, leasetest.NewTable(t))
	first := acquire(t, table, "dev", someone("alice"), Options{})
	time.Sleep(2 * time.Second) // the counter begins with the second
	leasetest.Delete(t, client, table.name, "lease/dev")
	if err := first.Check(t.Context()); !errors.Is(err, ErrLost) {
		t.Errorf("check: %v", err)
	}
	if second := acquire(t, table, "dev", someone("bob"), Options{}); second.Token() <= first.Token() {
		t.Errorf("token %d after %d", second.Token(), first.Token())
	}
}

func TestAForeignItemIsNotTaken(t *testing.T) {
	t.Parallel()
	client := leasetest.Client(leasetest.Endpoint(t), nil)
	table := New(client, leasetest.NewTable(t))
	alice, err := table.Acquire(t.Context(), "dev", someone("alice"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	leasetest.Replace(t, client, table.name, "lease/dev", "Lease", "of another kind")
	if _, err := table.Acquire(t.Context(), "dev", someone("bob"), Options{}); err == nil {
		t.Error("taken")
	}
	if err := alice.Check(t.Context()); err == nil {
		t.Error("still held")
	}
	if err := alice.Release(t.Context()); err == nil {
		t.Error("released")
	}
}
