package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Lock is a lock of Pulumi's own on a stack. Pulumi has no expiry for it: a killed deployment leaves
// it behind, and every later one stops at it.
type Lock struct {
	Key  string    `json:"-"`
	PID  int       `json:"pid"`
	User string    `json:"username"`
	Host string    `json:"hostname"`
	Time time.Time `json:"timestamp"`
}

// String says whose lock it is.
func (l Lock) String() string {
	return fmt.Sprintf("%s@%s (process %d, since %s)", l.User, l.Host, l.PID, l.Time.Format(time.RFC3339))
}

// Locks gives the locks of a stack. A lock that is being removed meanwhile is left out.
func Locks(ctx context.Context, store Store, project, environment string) ([]Lock, error) {
	objects, err := store.List(ctx, ".pulumi/locks/organization/"+project+"/"+environment+"/")
	if err != nil {
		return nil, err
	}
	var locks []Lock
	for _, object := range objects {
		if !strings.HasSuffix(object.Key, ".json") {
			continue
		}
		content, err := store.Read(ctx, object.Key)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		lock := Lock{Key: object.Key}
		// A lock that cannot be read was cut short by the death of its writer; it keeps the time of
		// its file and no owner, so that nobody takes it for his own.
		if err := json.Unmarshal(content, &lock); err != nil {
			lock = Lock{Key: object.Key, Time: object.Modified}
		}
		locks = append(locks, lock)
	}
	return locks, nil
}
