package s3

import (
	"context"
	"time"
)

// stateChange stands for the provider's retry helper.
type stateChange struct {
	Timeout, MinTimeout, Delay time.Duration
	ContinuousTargetOccurence  int
}

func resourceBucketLifecycleConfigurationRead(ctx context.Context) {
	const (
		lifecycleConfigurationExtraRetryDelay    = 5 * time.Second
		lifecycleConfigurationRulesSteadyTimeout = 2 * time.Minute
	)
	time.Sleep(lifecycleConfigurationExtraRetryDelay)
}

func waitLifecycleRulesEquals(ctx context.Context, timeout time.Duration) stateChange { //nolint:unparam
	return stateChange{
		Timeout:                   timeout,
		MinTimeout:                10 * time.Second,
		ContinuousTargetOccurence: 3,
	}
}

// waitSomethingElse is not in the list of waits.
func waitSomethingElse() stateChange {
	return stateChange{MinTimeout: 3 * time.Second}
}
