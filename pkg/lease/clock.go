package lease

import (
	"errors"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// resolution is the one of HTTP's Date header, which drops the fraction of a second.
const resolution = time.Second

var errNoTime = errors.New("the answer of DynamoDB has no Date: something between here and AWS removes it")

// clock bounds the server's time by its last answer.
type clock struct {
	mu       sync.Mutex
	server   time.Time // what the answer said
	sent     time.Time // this machine's time before the request
	received time.Time // and after the answer
}

// observe learns from an answer.
func (c *clock) observe(sent time.Time, answer middleware.Metadata) error {
	server, ok := awsmiddleware.GetServerTime(answer)
	if !ok {
		return errNoTime
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server, c.sent, c.received = server, sent, time.Now()
	return nil
}

// earliest is a time that the server's clock has reached.
func (c *clock) earliest() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	monotonic, wall := since(c.received)
	return c.server.Add(min(monotonic, wall))
}

// latest is a time that the server's clock has not passed.
func (c *clock) latest() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	monotonic, wall := since(c.sent)
	return c.server.Add(resolution + max(monotonic, wall))
}

// since gives what has passed on both of this machine's clocks: the monotonic one stands still while
// a laptop sleeps, the other can be set.
func since(t time.Time) (monotonic, wall time.Duration) {
	now := time.Now()
	return now.Sub(t), now.Round(0).Sub(t.Round(0))
}
