package ledger

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarn-data/tarn/pkg/lease"
	"github.com/tarn-data/tarn/pkg/lease/leasetest"
)

func TestMain(m *testing.M) { os.Exit(leasetest.Run(m)) }

func deployment(commit string, token int64) Entry {
	return Entry{
		Commit: commit, Token: token, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Actor: "alice@laptop",
		RunURL: "https://ci/7", Command: "tarn up", Result: Succeeded, Changes: map[string]int{"create": 2, "same": 40}, Seconds: 61.5,
	}
}

func history(t *testing.T, l *Ledger, project string) Project {
	t.Helper()
	all, err := l.History(t.Context(), "dev", project)
	if err != nil {
		t.Fatal(err)
	}
	return all[project]
}

func commits(p Project) string {
	var all []string
	for _, e := range p.Entries {
		all = append(all, e.Commit)
	}
	return strings.Join(all, " ")
}

func TestHistory(t *testing.T) {
	t.Parallel()
	l := New(leasetest.Client(leasetest.Endpoint(t), nil), leasetest.NewTable(t))
	if p := history(t, l, "datalake"); p.Entries != nil || p.LastGood != nil {
		t.Errorf("before the first deployment: %+v", p)
	}
	bad := deployment("c", 4)
	bad.Result = Failed
	for _, e := range []Entry{deployment("a", 3), deployment("b", 4), bad} {
		if err := l.Record(t.Context(), "dev", "datalake", e); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Record(t.Context(), "dev", "mpp", deployment("z", 4)); err != nil {
		t.Fatal(err)
	}
	all, err := l.History(t.Context(), "dev", "datalake", "mpp")
	if err != nil || commits(all["datalake"]) != "c b a" || commits(all["mpp"]) != "z" {
		t.Fatalf("%+v, %v", all, err)
	}
	good := all["datalake"].LastGood
	if good == nil || good.Commit != "b" {
		t.Fatalf("last good: %+v", good)
	}
	want := deployment("b", 4)
	want.ID = good.ID
	if got, want := fmt.Sprint(*good), fmt.Sprint(want); got != want {
		t.Errorf("stored %s\nwant   %s", got, want)
	}
}

func TestALaterHolderIsNotOverwritten(t *testing.T) {
	t.Parallel()
	l := New(leasetest.Client(leasetest.Endpoint(t), nil), leasetest.NewTable(t))
	if err := l.Record(t.Context(), "dev", "mpp", deployment("new", 8)); err != nil {
		t.Fatal(err)
	}
	for _, token := range []int64{7, 0} {
		if err := l.Record(t.Context(), "dev", "mpp", deployment("old", token)); !errors.Is(err, ErrSuperseded) {
			t.Errorf("token %d: %v", token, err)
		}
	}
	if p := history(t, l, "mpp"); commits(p) != "new" || p.LastGood.Commit != "new" {
		t.Errorf("%+v", p)
	}
}

func TestConcurrentWritesLoseNothing(t *testing.T) {
	t.Parallel()
	l := New(leasetest.Client(leasetest.Endpoint(t), nil), leasetest.NewTable(t))
	const writers, each = 2, 20
	var wg sync.WaitGroup
	for writer := range writers {
		wg.Go(func() {
			for i := range each {
				if err := l.Record(t.Context(), "dev", "mpp", deployment(fmt.Sprintf("%d-%d", writer, i), 1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	next := [writers]int{each - 1, each - 1}
	for _, e := range history(t, l, "mpp").Entries {
		var writer, i int
		if _, err := fmt.Sscanf(e.Commit, "%d-%d", &writer, &i); err != nil {
			t.Fatal(err)
		}
		if i != next[writer] {
			t.Errorf("%s out of order", e.Commit)
		}
		next[writer]--
		seen[e.Commit] = true
	}
	if len(seen) != writers*each {
		t.Errorf("%d of %d entries", len(seen), writers*each)
	}
}

func TestTheOldestGo(t *testing.T) {
	t.Parallel()
	l := New(leasetest.Client(leasetest.Endpoint(t), nil), leasetest.NewTable(t))
	good := deployment("good", 1)
	if err := l.Record(t.Context(), "dev", "mpp", good); err != nil {
		t.Fatal(err)
	}
	for i := range MaxEntries + 2 {
		e := deployment(fmt.Sprint(i), 1)
		e.Result, e.Command = Failed, strings.Repeat("urn:pulumi:dev::mpp é ", 1000)
		if err := l.Record(t.Context(), "dev", "mpp", e); err != nil {
			t.Fatal(err)
		}
	}
	p := history(t, l, "mpp")
	if len(p.Entries) != MaxEntries || p.Entries[0].Commit != "101" || p.Entries[MaxEntries-1].Commit != "2" {
		t.Errorf("%d entries: %s", len(p.Entries), commits(p))
	}
	if p.LastGood == nil || p.LastGood.Commit != "good" {
		t.Errorf("last good %+v", p.LastGood)
	}
}

// losing does the first write without giving its answer.
type losing struct{ done atomic.Bool }

func (l *losing) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err == nil && l.done.CompareAndSwap(false, true) {
		response.Body.Close()
		return nil, errors.New("lost by the test")
	}
	return response, err
}

func TestALostAnswerWritesOnce(t *testing.T) {
	t.Parallel()
	l := New(leasetest.RetryingClient(leasetest.Endpoint(t), &losing{}), leasetest.NewTable(t))
	if err := l.Record(t.Context(), "dev", "mpp", deployment("a", 1)); err != nil {
		t.Fatal(err)
	}
	if p := history(t, l, "mpp"); commits(p) != "a" {
		t.Errorf("entries %q", commits(p))
	}
}

func TestNoTable(t *testing.T) {
	t.Parallel()
	l := New(leasetest.Client(leasetest.Endpoint(t), nil), "absent")
	_, err := l.History(t.Context(), "dev", "mpp")
	if !errors.Is(err, lease.ErrNoTable) {
		t.Error(err)
	}
	if err := l.Record(t.Context(), "dev", "mpp", deployment("a", 1)); !errors.Is(err, lease.ErrNoTable) {
		t.Error(err)
	}
}
