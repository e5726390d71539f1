package console

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// buffer is written to by the heartbeat as well as by the test.
type buffer struct {
	mu  sync.Mutex
	out strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.String()
}

func TestPlain(t *testing.T) {
	t.Parallel()
	out := &buffer{}
	c := newPlain(out, 10*time.Millisecond)
	c.Start("datalake")
	c.Detail("datalake", "creating Bucket raw")
	c.Line("datalake", "created Bucket raw")
	for range 200 {
		if strings.Contains(out.String(), "still working: creating Bucket raw") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	c.Finish("datalake", "1 created", nil)
	c.Start("mpp")
	c.Finish("mpp", "failed", errors.New("x"))
	c.Close()
	c.Close()
	for _, want := range []string{
		"datalake     started\n", "datalake     created Bucket raw\n", "still working: creating Bucket raw",
		": 1 created\n", "mpp          failed in ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestLiveRows(t *testing.T) {
	t.Parallel()
	view := &rows{}
	for _, msg := range []tea.Msg{
		startMsg{"bootstrap"}, finishMsg{"bootstrap", "no changes", nil},
		startMsg{"datalake"}, detailMsg{"datalake", "creating Bucket raw"},
		startMsg{"mpp"}, finishMsg{"mpp", "failed", errors.New("x")}, detailMsg{"unknown", "x"}, tickMsg{},
	} {
		view.Update(msg)
	}
	shown := view.View().Content
	for _, want := range []string{"✓", "no changes", "creating Bucket raw", "✗"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, shown)
		}
	}
	if strings.Contains(shown, "unknown") {
		t.Errorf("a task that never started is shown:\n%s", shown)
	}
}

func TestTableSetsNumbersRight(t *testing.T) {
	t.Parallel()
	shown := Table([]string{"name", "rows"}, [][]string{{"a", "5"}, {"b", "1,000"}, {"c", ""}})
	if !strings.Contains(shown, "│     5 │") || !strings.Contains(shown, "│ a    │") {
		t.Errorf("got\n%s", shown)
	}
}

func TestElapsed(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		1500 * time.Millisecond: "1.5 s", 59 * time.Second: "59.0 s", 61 * time.Second: "1 min 01 s", 125 * time.Minute: "125 min 00 s",
	} {
		if got := elapsed(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}
