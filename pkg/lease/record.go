package lease

import "time"

// State says whether a lease is taken.
type State string

// The states of a lease. There is none for an expired one: that follows from the time.
const (
	Held     State = "held"
	Released State = "released" // by its holder or, with ForcedBy, by Unlock
)

// Record is what the table says about an environment's lease.
type Record struct {
	Environment string    `json:"environment"`
	Owner       Owner     `json:"owner"` // the holder, or the last one
	Token       int64     `json:"token"` // grows with each holder and is never used twice: whoever writes can refuse older ones
	State       State     `json:"state"`
	Acquired    time.Time `json:"acquired"` // all times are the server's
	Renewed     time.Time `json:"renewed"`  // the last sign of life
	Expires     time.Time `json:"expires"`  // the end, unless the holder renews
	ForcedBy    *Owner    `json:"forcedBy,omitempty"`
	ForcedAt    time.Time `json:"forcedAt,omitzero"`
	Seen        time.Time `json:"seen"` // when this was read
}

// OwnerDead reports that the owner went without releasing and cannot be working any more: the lease
// has run out, or the owner's process was on this machine and is gone. A lease that was forced from a
// live owner is not a sign of death until it would have run out.
func (r Record) OwnerDead() bool {
	if r.State == Released && r.ForcedBy == nil {
		return false
	}
	return r.Seen.After(r.Expires) || r.Owner.gone()
}

// Left is how long the lease still lasted when the record was read, at least 0.
func (r Record) Left() time.Duration {
	return max(0, r.Expires.Sub(r.Seen))
}
