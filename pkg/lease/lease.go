package lease

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// How a holder watches its lease.
const (
	tick       = time.Second // often, so that a laptop that wakes up notices at once
	ticksInOne = 4           // at least that often in the time between two renewals
	marginPart = 10          // the last tenth of the duration is for stopping the work
)

var (
	errLate    = errors.New("this machine was asleep or too busy")
	errDeleted = errors.New("its item was deleted")
)

// Lease is an environment's lease while this process holds it. A goroutine renews it until Release.
// It is safe for concurrent use.
type Lease struct {
	table       *Table
	environment string
	token       int64
	options     Options
	previous    Record

	renewing sync.Mutex // one renewal at a time, so that the end only moves on

	mu       sync.Mutex
	end      time.Time // what the table says, in the server's time
	failed   error     // why the last renewal failed; errLate when it did not
	verdict  *LostError
	released bool

	lost chan struct{} // closed with the verdict
	stop context.CancelFunc
	done chan struct{} // closed when the goroutine has ended
}

// keep renews a lease that was just taken.
func (t *Table) keep(ctx context.Context, taken item, options Options) *Lease {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	l := &Lease{
		table: t, environment: taken.record.Environment, token: taken.record.Token, options: options,
		previous: taken.previous, end: taken.record.Expires, failed: errLate,
		lost: make(chan struct{}), stop: stop, done: make(chan struct{}),
	}
	go l.heartbeat(ctx)
	return l
}

// Token is the fencing token: greater than that of every holder before.
func (l *Lease) Token() int64 { return l.token }

// TakenOverFrom gives the holder before, if it died without releasing: what it was working on may be
// half done and its own locks may still be there.
func (l *Lease) TakenOverFrom() (Record, bool) {
	if l.previous.Environment == "" || !l.previous.OwnerDead() {
		return Record{}, false
	}
	return l.previous, true
}

// Lost is closed when the lease is not this process's any more: somebody has taken it away, or it
// could not be renewed for so long that the last tenth of it has begun. Check says which.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Check renews the lease now. An error means that the caller must not go on: a *LostError when the
// lease is lost, another one when the table could not be asked or the lease was released.
func (l *Lease) Check(ctx context.Context) error { return l.renew(ctx) }

// Release stops the renewals and gives the lease back. A lease that was lost, or whose table is gone,
// needs no release and is no error. Only the first call does anything.
func (l *Lease) Release(ctx context.Context) error {
	l.stop()
	<-l.done
	l.renewing.Lock()
	defer l.renewing.Unlock()
	if l.over() != nil {
		return nil
	}
	l.mu.Lock()
	l.released = true
	l.mu.Unlock()
	_, err := l.table.write(ctx, l.environment, change{
		update:    "SET #Lease.#State = :released",
		condition: "#Token = :token AND #Lease.#State = :held",
		values: map[string]types.AttributeValue{
			":released": text(string(Released)), ":token": integer(l.token), ":held": text(string(Held)),
		},
	})
	if err != nil && !errors.Is(err, errRefused) && !errors.Is(err, ErrNoTable) {
		return fmt.Errorf("releasing the lease on %s (it runs out by itself in at most %s): %w", l.environment, l.options.Duration, err)
	}
	return nil
}

func (l *Lease) heartbeat(ctx context.Context) {
	defer close(l.done)
	ticker := time.NewTicker(min(tick, l.options.Renew/ticksInOne))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.lost:
			return
		case <-ticker.C:
		}
		l.beat(ctx)
	}
}

// beat renews the lease when it is time. A failure is tried again at the next tick.
func (l *Lease) beat(ctx context.Context) {
	if l.left() <= l.options.Duration-l.margin()-l.options.Renew {
		_ = l.renew(ctx) // it remembers the error
	}
}

// left is how long this process may go on without a renewal.
func (l *Lease) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end.Sub(l.table.clock.latest()) - l.margin()
}

func (l *Lease) margin() time.Duration { return l.options.Duration / marginPart }

// over says why there is nothing to renew or release any more, or nil.
func (l *Lease) over() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.verdict != nil:
		return l.verdict
	case l.released:
		return fmt.Errorf("the lease on %s has been released", l.environment)
	default:
		return nil
	}
}

// renew moves the end of the lease, or gives the verdict that it is lost.
func (l *Lease) renew(ctx context.Context) error {
	l.renewing.Lock()
	defer l.renewing.Unlock()
	if err := l.over(); err != nil {
		return err
	}
	left := l.left()
	l.mu.Lock()
	end, failed := l.end, l.failed
	l.mu.Unlock()
	if left <= 0 {
		return l.lose(&LostError{Environment: l.environment, Cause: failed})
	}
	ctx, cancel := context.WithTimeout(ctx, left) // a call that hangs must not outlast the lease
	defer cancel()
	if next := l.table.clock.latest().Add(l.options.Duration); next.After(end) {
		end = next
	}
	found, err := l.table.write(ctx, l.environment, change{
		update: "SET #Lease.#Expires = :end, #Lease.#Renewed = :now, #ExpiresAt = :deletion",
		// The end is compared so that a request that was given up and arrives late shortens nothing.
		condition: "#Token = :token AND #Lease.#State = :held AND #Lease.#Expires <= :end",
		values: map[string]types.AttributeValue{
			":end": millis(end), ":now": millis(l.table.clock.earliest()), ":deletion": integer(end.Add(keep).Unix()),
			":token": integer(l.token), ":held": text(string(Held)),
		},
	})
	mine := found.exists && found.record.Token == l.token && found.record.State == Held
	switch {
	case err == nil, errors.Is(err, errRefused) && mine: // an earlier request has moved the end further
		l.mu.Lock()
		defer l.mu.Unlock()
		l.end, l.failed = found.record.Expires, errLate
		return nil
	case errors.Is(err, errRefused) && found.exists:
		return l.lose(&LostError{Environment: l.environment, Now: &found.record})
	case errors.Is(err, errRefused):
		return l.lose(&LostError{Environment: l.environment, Cause: errDeleted})
	default:
		err = fmt.Errorf("renewing the lease on %s: %w", l.environment, err)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failed = err
		return err
	}
}

// lose gives the verdict, the first one if there are several.
func (l *Lease) lose(verdict *LostError) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.verdict == nil {
		l.verdict = verdict
		close(l.lost)
	}
	return l.verdict
}
