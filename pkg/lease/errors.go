package lease

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

var (
	// ErrNoTable is returned when the lock table does not exist: nothing has been deployed yet, or
	// everything was destroyed. It is the only failure after which work without a lease may be right.
	ErrNoTable = errors.New("the lock table does not exist")
	// ErrLost is returned, in a *LostError, when a lease is not this process's any more.
	ErrLost = errors.New("the lease is lost")

	// errRefused means that the condition of a write did not hold.
	errRefused = errors.New("the condition did not hold")
)

// explain gives a missing table its name. Everything else is passed on: without an answer nobody
// knows who holds the lease, so the caller must not begin.
func explain(err error) error {
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return fmt.Errorf("%w: %w", ErrNoTable, err)
	}
	return err
}

// HeldError is returned when somebody else holds the lease.
type HeldError struct {
	Holder Record
	Waited time.Duration // 0 when Acquire was not to wait
}

// Error names the holder and what to do.
func (e *HeldError) Error() string {
	h := e.Holder
	var b strings.Builder
	fmt.Fprintf(&b, "environment %s is held by %s since %s; the lease ends in %s unless renewed",
		h.Environment, h.Owner, h.Acquired.Local().Format("2006-01-02 15:04:05"), h.Left().Round(time.Second))
	if h.Owner.RunURL != "" {
		fmt.Fprintf(&b, "; see %s", h.Owner.RunURL)
	}
	if e.Waited > 0 {
		fmt.Fprintf(&b, "; waited %s", e.Waited.Round(time.Second))
	}
	b.WriteString("; wait longer with `--lock-timeout`, or if nothing works there any more, take it away with `tarn unlock`")
	return b.String()
}

// LostError says how a lease was lost. It is an ErrLost.
type LostError struct {
	Environment string
	Now         *Record // what the table says instead, nil when it could not be asked
	Cause       error   // why it could not be asked, nil otherwise
}

// Error says who has the lease now, or why it ran out.
func (e *LostError) Error() string {
	switch {
	case e.Now == nil:
		return fmt.Sprintf("the lease on %s ran out because it could not be renewed: %v", e.Environment, e.Cause)
	case e.Now.State == Held:
		return fmt.Sprintf("the lease on %s is lost: %s has it since %s",
			e.Environment, e.Now.Owner, e.Now.Acquired.Local().Format("15:04:05"))
	case e.Now.ForcedBy != nil:
		return fmt.Sprintf("the lease on %s is lost: %s took it away at %s",
			e.Environment, e.Now.ForcedBy, e.Now.ForcedAt.Local().Format("15:04:05"))
	default:
		return fmt.Sprintf("the lease on %s is lost: %s had it after this process", e.Environment, e.Now.Owner)
	}
}

// Is makes it an ErrLost.
func (e *LostError) Is(target error) bool { return target == ErrLost }

// Unwrap gives the cause.
func (e *LostError) Unwrap() error { return e.Cause }
