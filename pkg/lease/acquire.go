package lease

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Defaults of Options.
const (
	DefaultDuration = time.Minute
	renewalsInOne   = 4 // renewals in one duration: two may fail and there is still time
)

// How often a waiting Acquire looks.
const (
	poll      = time.Second           // at most; half of it at least
	shortPoll = 50 * time.Millisecond // when the end of the holder's lease is that near
)

// Options say how to take a lease. The zero value takes it for a minute at a time and does not wait.
type Options struct {
	Duration time.Duration // after the last renewal others may take over; defaults to DefaultDuration
	Renew    time.Duration // how often to renew, at most half of Duration; defaults to a quarter of it
	Wait     time.Duration // how long to wait for another holder; 0 gives up at once
	// OnWait is called once or twice a second while Acquire waits, with the holder and the time left.
	OnWait func(holder Record, left time.Duration)
}

func (o Options) withDefaults() (Options, error) {
	if o.Duration == 0 {
		o.Duration = DefaultDuration
	}
	if o.Renew == 0 {
		o.Renew = o.Duration / renewalsInOne
	}
	if o.Renew <= 0 || o.Renew > o.Duration/2 {
		return o, fmt.Errorf("a lease of %s renewed every %s: want at least two renewals in one duration", o.Duration, o.Renew)
	}
	return o, nil
}

// Acquire takes the lease on an environment and keeps it until Release, also when ctx ends: work
// that is being wound down still needs it. It takes the lease when nobody holds it, when the holder's
// has run out, and at once when the holder was a process of this machine that is gone.
//
// It returns a *HeldError when somebody else holds it and ErrNoTable when there is no table. Any
// other error means that nobody knows who holds it, so the caller must not begin.
func (t *Table) Acquire(ctx context.Context, environment string, owner Owner, options Options) (*Lease, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	for {
		seen, err := t.read(ctx, environment)
		if err != nil {
			return nil, fmt.Errorf("taking the lease on %s: %w", environment, err)
		}
		if seen.free() {
			taken, err := t.take(ctx, environment, owner, seen, options.Duration)
			if err == nil {
				return t.keep(ctx, taken, options), nil
			}
			if !errors.Is(err, errRefused) {
				return nil, fmt.Errorf("taking the lease on %s: %w", environment, err)
			}
			seen = taken // somebody was faster
		}
		left := options.Wait - time.Since(begin)
		if left <= 0 {
			return nil, &HeldError{Holder: seen.record, Waited: min(options.Wait, time.Since(begin))}
		}
		if options.OnWait != nil {
			options.OnWait(seen.record, left)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the lease on %s: %w", environment, ctx.Err())
		case <-time.After(min(left, seen.nextLook())):
		}
	}
}

func (i item) free() bool {
	return !i.exists || i.record.State == Released || i.record.OwnerDead()
}

// nextLook is when to look again: at the end of the holder's lease, or before, as it may release.
func (i item) nextLook() time.Duration {
	if i.free() {
		return shortPoll
	}
	// Those who wait together must not look together: one of them would get it, all others wait on.
	next := poll/2 + mathrand.N(poll/2) //nolint:gosec // no secret
	return min(next, max(shortPoll, i.record.Left()))
}

// take writes the new holder, on the condition that the lease is still free at that moment. The
// database decides: what was seen only lets a dead process of this machine be replaced.
func (t *Table) take(ctx context.Context, environment string, owner Owner, seen item, duration time.Duration) (item, error) {
	now, end := t.clock.earliest(), t.clock.latest().Add(duration)
	id := rand.Text()
	lease, err := encode(id, Record{Owner: owner, State: Held, Acquired: now, Renewed: now, Expires: end})
	if err != nil {
		return item{}, err
	}
	c := change{
		// Without an item the counter begins with the time and not with 0, so that it does not fall
		// behind the tokens of an item that was deleted.
		update: "SET #Token = if_not_exists(#Token, :seed) + :one, #Previous = if_not_exists(#Lease, :nobody), " +
			"#Lease = :lease, #ExpiresAt = :deletion",
		condition: "attribute_not_exists(#Lease) OR #Lease.#State = :released OR #Lease.#Expires < :now",
		values: map[string]types.AttributeValue{
			":seed": integer(now.Unix()), ":one": integer(1), ":nobody": &types.AttributeValueMemberNULL{Value: true},
			":lease": lease, ":deletion": integer(end.Add(keep).Unix()),
			":released": text(string(Released)), ":now": millis(now),
		},
	}
	if seen.exists && seen.record.State == Held && seen.record.Owner.gone() {
		c.condition += " OR #Token = :dead"
		c.values[":dead"] = integer(seen.record.Token)
	}
	found, err := t.write(ctx, environment, c)
	switch {
	case err == nil:
		return found, nil
	case !errors.Is(err, errRefused):
		t.abandon(ctx, environment, id)
		return item{}, err
	case found.id == id:
		return found, nil // the SDK has tried again because the answer to our own write was lost
	default:
		return found, err
	}
}

// abandon releases what a failed call may have taken all the same, so that nobody waits for it.
func (t *Table) abandon(ctx context.Context, environment, id string) {
	_, _ = t.write(context.WithoutCancel(ctx), environment, change{ // if this fails too, it runs out
		update:    "SET #Lease.#State = :released",
		condition: "#Lease.#ID = :id",
		values:    map[string]types.AttributeValue{":released": text(string(Released)), ":id": text(id)},
	})
}
