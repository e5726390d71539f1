package lease

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Unlock takes the lease on an environment away from its holder and records who did it. It returns
// what the table said before: when that is not Held there was nothing to do. A holder that may be
// alive keeps the lease, and the error is a *HeldError, unless force is set; forced, it notices at its
// next renewal. The token stays as it is, so the next holder's is greater.
func (t *Table) Unlock(ctx context.Context, environment string, by Owner, force bool) (Record, error) {
	seen, err := t.read(ctx, environment)
	if err != nil {
		return Record{}, fmt.Errorf("unlocking %s: %w", environment, err)
	}
	before := seen.record
	dead := before.OwnerDead()
	switch {
	case !seen.exists || before.State != Held:
		return before, nil
	case !dead && !force:
		return before, &HeldError{Holder: before}
	}
	forcedBy, err := ownerValue(by)
	if err != nil {
		return before, fmt.Errorf("unlocking %s: %w", environment, err)
	}
	c := change{
		update:    "SET #Lease.#State = :released, #Lease.#ForcedBy = :by, #Lease.#ForcedAt = :now",
		condition: "#Token = :token AND #Lease.#State = :held",
		values: map[string]types.AttributeValue{
			":released": text(string(Released)), ":by": forcedBy, ":now": millis(before.Seen),
			":token": integer(before.Token), ":held": text(string(Held)),
		},
	}
	if dead {
		// The next holder may be on a machine that cannot see the process: let the end say it. And a
		// holder that was only slow may have renewed meanwhile.
		c.update += ", #Lease.#Expires = :renewed"
		c.condition += " AND #Lease.#Expires = :seen"
		c.values[":renewed"] = millis(before.Renewed)
		c.values[":seen"] = millis(before.Expires)
	}
	found, err := t.write(ctx, environment, c)
	switch {
	case errors.Is(err, errRefused) && found.exists && found.record.State == Held:
		return found.record, &HeldError{Holder: found.record} // somebody has renewed or taken it meanwhile
	case errors.Is(err, errRefused):
		return before, nil // it was released meanwhile
	case err != nil:
		return before, fmt.Errorf("unlocking %s: %w", environment, err)
	}
	return before, nil
}
