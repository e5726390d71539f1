package lease

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/tarn-data/tarn/pkg/lease/leasetest"
)

// roleVariable makes a process of this test binary a competitor for a lease.
const roleVariable = "TARN_LEASE_ROLE"

// role is what such a process does: for each order on its standard input it takes the lease, and
// says on its standard output how that went.
type role struct {
	Endpoint, Table, Environment string
	Host                         string // "" is this machine's name
	Marker                       string // a file that exists while somebody holds the lease
	Duration                     time.Duration
}

// order is one thing to do.
type order struct {
	Wait    time.Duration
	Forever bool // do not release
}

// outcome is how it went.
type outcome struct {
	Got        bool
	Token      int64
	Begin, End time.Time
	Overlap    bool   // somebody else held the lease at the same time
	Error      string // anything but that somebody else had it
}

func TestMain(m *testing.M) {
	if raw := os.Getenv(roleVariable); raw != "" {
		var r role
		if err := json.Unmarshal([]byte(raw), &r); err != nil {
			panic(err)
		}
		r.play()
		return
	}
	os.Exit(leasetest.Run(m))
}

func (r role) play() {
	table := New(leasetest.Client(r.Endpoint, nil), r.Table)
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var o order
		if err := in.Decode(&o); err != nil {
			return
		}
		if err := out.Encode(r.obey(table, o)); err != nil {
			return
		}
	}
}

func (r role) obey(table *Table, o order) (result outcome) {
	ctx := context.Background()
	owner := CurrentOwner(ctx, "test")
	if r.Host != "" {
		owner.Host = r.Host
	}
	lease, err := table.Acquire(ctx, r.Environment, owner, Options{Duration: r.Duration, Wait: o.Wait})
	var held *HeldError
	switch {
	case errors.As(err, &held):
		return result
	case err != nil:
		return outcome{Error: err.Error()}
	}
	result = outcome{Got: true, Token: lease.Token(), Begin: time.Now()}
	if o.Forever {
		return result
	}
	marker, err := os.OpenFile(r.Marker, os.O_CREATE|os.O_EXCL, 0o600)
	result.Overlap = err != nil
	time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond)
	if !result.Overlap {
		marker.Close()
		_ = os.Remove(r.Marker)
	}
	result.End = time.Now()
	if err := lease.Release(ctx); err != nil {
		result.Error = err.Error()
	}
	return result
}

// competitor is a running process with a role.
type competitor struct {
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Reader
}

func startCompetitor(t *testing.T, r role) competitor {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+string(raw))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return competitor{cmd: cmd, in: in, out: bufio.NewReader(out)}
}

func (c competitor) send(o order) error { return json.NewEncoder(c.in).Encode(o) }

func (c competitor) receive() (result outcome, err error) {
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return result, fmt.Errorf("a competitor ended: %w", err)
	}
	return result, json.Unmarshal(line, &result)
}
