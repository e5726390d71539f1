package toolchain

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestStopWhenStalled(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	go stopWhenStalled(ctx, stop, dir, 50*time.Millisecond)
	select {
	case <-ctx.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("it waits for ever")
	}
	if cause := context.Cause(ctx); !errors.Is(cause, errStalled) {
		t.Errorf("the cause is %v", cause)
	}
}
