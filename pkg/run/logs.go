package run

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// tail reads a job run's log from where it stopped reading.
type tail struct {
	client        *cloudwatchlogs.Client
	group, stream string
	token         *string
}

func newTail(client *cloudwatchlogs.Client, group, stream string) *tail {
	return &tail{client: client, group: group, stream: stream}
}

// next calls emit for each line that has come since the last call. A stream that does not exist
// yet has no lines: Glue makes it when the job prints its first one.
func (t *tail) next(ctx context.Context, emit func(line string)) error {
	for {
		page, err := t.client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
			LogGroupName: aws.String(t.group), LogStreamName: aws.String(t.stream),
			StartFromHead: aws.Bool(true), NextToken: t.token,
		})
		var missing *types.ResourceNotFoundException
		if errors.As(err, &missing) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading log %s %s: %w", t.group, t.stream, err)
		}
		for _, event := range page.Events {
			emit(strings.TrimRight(aws.ToString(event.Message), "\r\n"))
		}
		// The same token again means the end (CloudWatch Logs API Reference, GetLogEvents).
		if aws.ToString(page.NextForwardToken) == aws.ToString(t.token) || len(page.Events) == 0 {
			if len(page.Events) > 0 || t.token == nil {
				t.token = page.NextForwardToken
			}
			return nil
		}
		t.token = page.NextForwardToken
	}
}
