package s3

import "time"

func waitForBucketVersioningStatus() stateChange {
	return stateChange{
		Timeout: 2 * time.Minute,
		Delay:   1 * time.Second,
	}
}
