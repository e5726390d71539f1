package lease

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// waitUntil gives a condition ten seconds.
func waitUntil(condition func() bool) bool {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if condition() {
			return true
		}
	}
	return false
}

func TestOwnerDead(t *testing.T) {
	t.Parallel()
	now := time.Now()
	before, after := now.Add(-time.Second), now.Add(time.Second)
	tests := map[string]struct {
		record Record
		dead   bool
	}{
		"held":             {Record{State: Held, Expires: after}, false},
		"run out":          {Record{State: Held, Expires: before}, true},
		"the very end":     {Record{State: Held, Expires: now}, false},
		"released":         {Record{State: Released, Expires: before}, false},
		"forced":           {Record{State: Released, Expires: after, ForcedBy: &Owner{}}, false},
		"forced long ago":  {Record{State: Released, Expires: before, ForcedBy: &Owner{}}, true},
		"process of a day": {Record{State: Held, Expires: after, Owner: Owner{PID: 1 << 30}}, false},
	}
	for name, test := range tests {
		test.record.Seen = now
		if got := test.record.OwnerDead(); got != test.dead {
			t.Errorf("%s: dead %v", name, got)
		}
	}
}

func TestTheClockBoundsTheServersTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		truth := func() time.Time { return time.Now().Add(-time.Hour) } // this machine is an hour ahead
		time.Sleep(700 * time.Millisecond)
		c := clock{sent: time.Now()}
		time.Sleep(200 * time.Millisecond)
		c.server = truth().Truncate(time.Second)
		time.Sleep(300 * time.Millisecond)
		c.received = time.Now()
		for range 10 {
			if c.earliest().After(truth()) || c.latest().Before(truth()) {
				t.Errorf("%v is not between %v and %v", truth(), c.earliest(), c.latest())
			}
			if width := c.latest().Sub(c.earliest()); width != resolution+500*time.Millisecond {
				t.Errorf("the bounds are %s apart", width)
			}
			time.Sleep(time.Hour)
		}
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		given Options
		renew time.Duration
		ok    bool
	}{
		"nothing":           {Options{}, 15 * time.Second, true},
		"a duration":        {Options{Duration: time.Hour}, 15 * time.Minute, true},
		"both":              {Options{Duration: time.Minute, Renew: 30 * time.Second}, 30 * time.Second, true},
		"too seldom":        {Options{Duration: time.Minute, Renew: 31 * time.Second}, 0, false},
		"negative duration": {Options{Duration: -time.Minute}, 0, false},
		"negative renewal":  {Options{Renew: -1}, 0, false},
	}
	for name, test := range tests {
		got, err := test.given.withDefaults()
		if test.ok != (err == nil) || test.ok && got.Renew != test.renew {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestDecodeRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	valid := func() (map[string]types.AttributeValue, map[string]types.AttributeValue) {
		value, err := encode("id", Record{Owner: someone("alice"), State: Held})
		if err != nil {
			t.Fatal(err)
		}
		return map[string]types.AttributeValue{attrToken: integer(7), attrLease: value}, value.(*types.AttributeValueMemberM).Value
	}
	attributes, _ := valid()
	found, err := decode("dev", attributes, time.Now())
	if err != nil || !found.exists || found.id != "id" || found.record.Token != 7 || found.record.Owner != someone("alice") {
		t.Errorf("%+v, %v", found, err)
	}
	for name, change := range map[string]func(item, lease map[string]types.AttributeValue){
		"no token":            func(item, _ map[string]types.AttributeValue) { delete(item, attrToken) },
		"a text as the token": func(item, _ map[string]types.AttributeValue) { item[attrToken] = text("7") },
		"a fraction": func(item, _ map[string]types.AttributeValue) {
			item[attrToken] = &types.AttributeValueMemberN{Value: "1.5"}
		},
		"a text as the lease": func(item, _ map[string]types.AttributeValue) { item[attrLease] = text("held") },
		"no owner":            func(_, lease map[string]types.AttributeValue) { delete(lease, attrOwner) },
		"a broken owner":      func(_, lease map[string]types.AttributeValue) { lease[attrOwner] = text("{") },
		"no end":              func(_, lease map[string]types.AttributeValue) { delete(lease, attrExpires) },
		"a new state":         func(_, lease map[string]types.AttributeValue) { lease[attrState] = text("paused") },
		"forced without time": func(_, lease map[string]types.AttributeValue) { lease[attrForcedBy] = text("{}") },
	} {
		attributes, lease := valid()
		change(attributes, lease)
		if found, err := decode("dev", attributes, time.Now()); err == nil || !strings.Contains(err.Error(), "lease/dev") {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	now := time.Now()
	holder := Record{
		Environment: "prod", State: Held, Seen: now, Acquired: now.Add(-time.Minute), Expires: now.Add(42 * time.Second),
		Owner: Owner{User: "alice", Host: "laptop", PID: 4242, Command: "tarn up", RunURL: "https://ci/7"},
	}
	forced := holder
	forced.State, forced.ForcedBy, forced.ForcedAt = Released, &Owner{User: "bob", Host: "desk", PID: 7}, now
	released := holder
	released.State = Released
	tests := map[string]struct {
		err  error
		want []string
	}{
		"held": {&HeldError{Holder: holder}, []string{
			"prod", "alice@laptop (process 4242, tarn up)", "ends in 42s", "https://ci/7", "--lock-timeout", "tarn unlock",
		}},
		"waited":              {&HeldError{Holder: holder, Waited: time.Minute}, []string{"waited 1m0s"}},
		"lost to another":     {&LostError{Environment: "prod", Now: &holder}, []string{"prod", "alice@laptop"}},
		"lost by force":       {&LostError{Environment: "prod", Now: &forced}, []string{"prod", "bob@desk", "took it away"}},
		"lost and given back": {&LostError{Environment: "prod", Now: &released}, []string{"prod", "alice@laptop"}},
		"run out":             {&LostError{Environment: "prod", Cause: errLate}, []string{"prod", "asleep"}},
	}
	for name, test := range tests {
		for _, part := range test.want {
			if !strings.Contains(test.err.Error(), part) {
				t.Errorf("%s: no %q in %q", name, part, test.err)
			}
		}
		if want := strings.Contains(name, "lost") || name == "run out"; errors.Is(fmt.Errorf("up: %w", test.err), ErrLost) != want {
			t.Errorf("%s: ErrLost is not %v", name, want)
		}
	}
}
