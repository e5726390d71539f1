package lease

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tarn-data/tarn/pkg/statestore"
)

// Attributes of a lease's item. Token is beside the map because an update can count it up there while
// it replaces the map; Previous is the map of the holder before.
const (
	attrToken    = "Token"
	attrLease    = "Lease"
	attrPrevious = "Previous"

	attrID       = "ID" // of one Acquire, so that it knows its own write when the answer was lost
	attrOwner    = "Owner"
	attrState    = "State"
	attrAcquired = "Acquired" // times are milliseconds since 1970
	attrRenewed  = "Renewed"
	attrExpires  = "Expires"
	attrForcedBy = "ForcedBy"
	attrForcedAt = "ForcedAt"
)

// keep is how long DynamoDB keeps an item that nobody uses. The table's time to live must not be the
// end of the lease: items are never deleted on release either, for the counter would begin anew.
const keep = 400 * 24 * time.Hour

// item is a lease's item.
type item struct {
	exists   bool
	id       string
	record   Record
	previous Record // of the holder before; without an environment when there was none
}

// encode gives the map of a lease.
func encode(id string, r Record) (types.AttributeValue, error) {
	owner, err := ownerValue(r.Owner)
	if err != nil {
		return nil, err
	}
	return &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
		attrID: text(id), attrOwner: owner, attrState: text(string(r.State)),
		attrAcquired: millis(r.Acquired), attrRenewed: millis(r.Renewed), attrExpires: millis(r.Expires),
	}}, nil
}

// decode reads an item. One that does not look like a lease is an error: whoever wrote it may hold it.
func decode(environment string, attributes map[string]types.AttributeValue, seen time.Time) (item, error) {
	lease, ok := attributes[attrLease]
	if !ok {
		return item{}, nil
	}
	var d decoder
	token := d.integer(attributes[attrToken])
	found := item{exists: true}
	found.id, found.record = d.lease(lease)
	found.record.Environment, found.record.Token, found.record.Seen = environment, token, seen
	if previous, ok := attributes[attrPrevious].(*types.AttributeValueMemberM); ok {
		_, found.previous = d.lease(previous)
		found.previous.Environment, found.previous.Token, found.previous.Seen = environment, token-1, seen
	}
	if d.err != nil {
		return item{}, fmt.Errorf("item %q is no lease that this version of tarn knows: %w", statestore.LockKey+"=lease/"+environment, d.err)
	}
	return found, nil
}

// decoder remembers the first error.
type decoder struct{ err error }

func (d *decoder) lease(value types.AttributeValue) (id string, r Record) {
	m, ok := value.(*types.AttributeValueMemberM)
	if !ok {
		d.fail(fmt.Errorf("want a map, got %T", value))
		return "", Record{}
	}
	r = Record{
		State:    State(d.text(m.Value[attrState])),
		Acquired: d.time(m.Value[attrAcquired]),
		Renewed:  d.time(m.Value[attrRenewed]),
		Expires:  d.time(m.Value[attrExpires]),
	}
	d.json(m.Value[attrOwner], &r.Owner)
	if by, ok := m.Value[attrForcedBy]; ok {
		r.ForcedBy = &Owner{}
		d.json(by, r.ForcedBy)
		r.ForcedAt = d.time(m.Value[attrForcedAt])
	}
	if r.State != Held && r.State != Released {
		d.fail(fmt.Errorf("unknown state %q", r.State))
	}
	return d.text(m.Value[attrID]), r
}

func (d *decoder) text(value types.AttributeValue) string {
	s, ok := value.(*types.AttributeValueMemberS)
	if !ok {
		d.fail(fmt.Errorf("want a text, got %T", value))
		return ""
	}
	return s.Value
}

func (d *decoder) integer(value types.AttributeValue) int64 {
	n, ok := value.(*types.AttributeValueMemberN)
	if !ok {
		d.fail(fmt.Errorf("want a number, got %T", value))
		return 0
	}
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		d.fail(err)
	}
	return i
}

func (d *decoder) time(value types.AttributeValue) time.Time {
	return time.UnixMilli(d.integer(value)).UTC()
}

func (d *decoder) json(value types.AttributeValue, into any) {
	if err := json.Unmarshal([]byte(d.text(value)), into); err != nil {
		d.fail(err)
	}
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func integer(i int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(i, 10)}
}

func millis(t time.Time) types.AttributeValue { return integer(t.UnixMilli()) }

// ownerValue is JSON, so that a reader of the console sees at once who it is.
func ownerValue(o Owner) (types.AttributeValue, error) {
	raw, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("owner: %w", err)
	}
	return text(string(raw)), nil
}
