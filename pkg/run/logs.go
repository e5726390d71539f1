package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Line is one line of a log.
type Line struct {
	Time time.Time `json:"time"`
	Job  string    `json:"job"` // kind of the job, or crawler
	From string    `json:"from,omitempty"`
	Text string    `json:"text"`
}

// tail reads one log stream from where it stopped reading.
type tail struct {
	client        *cloudwatchlogs.Client
	group, stream string
	since, until  time.Time // zero: all
	token         *string
}

func newTail(client *cloudwatchlogs.Client, group, stream string) *tail {
	return &tail{client: client, group: group, stream: stream}
}

// next calls emit for each line that has come since the last call. A stream that does not exist
// yet has no lines: Glue makes it when the job prints its first one.
func (t *tail) next(ctx context.Context, emit func(line Line)) error {
	for {
		input := &cloudwatchlogs.GetLogEventsInput{
			LogGroupName: aws.String(t.group), LogStreamName: aws.String(t.stream),
			StartFromHead: aws.Bool(true), NextToken: t.token,
		}
		if !t.since.IsZero() {
			input.StartTime = aws.Int64(t.since.UnixMilli())
		}
		if !t.until.IsZero() {
			input.EndTime = aws.Int64(t.until.UnixMilli())
		}
		page, err := t.client.GetLogEvents(ctx, input)
		var missing *types.ResourceNotFoundException
		if errors.As(err, &missing) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading log %s %s: %w", t.group, t.stream, err)
		}
		for _, event := range page.Events {
			emit(Line{
				Time: time.UnixMilli(aws.ToInt64(event.Timestamp)).UTC(), Text: strings.TrimRight(aws.ToString(event.Message), "\r\n"),
			})
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

// LogRequest says which log lines are wanted.
type LogRequest struct {
	Job    string // kind of job, or "crawler"; all jobs when empty
	Errors bool   // Spark's own log, not what the jobs print
	Since  time.Time
	Follow bool // until the run has ended
}

// crawlerKind stands for the crawler where a kind of job can be named.
const crawlerKind = "crawler"

// Logs calls emit for the lines of a run's jobs, drivers and executors, in the order of their time.
func (r *Runner) Logs(ctx context.Context, run Summary, request LogRequest, emit func(Line)) error {
	tails := map[string]*tail{}
	for {
		var lines []Line
		for _, node := range run.Nodes {
			if r.wanted(node, run, request) {
				found, err := r.nodeLines(ctx, node, request, tails)
				if err != nil {
					return err
				}
				lines = append(lines, found...)
			}
		}
		slices.SortStableFunc(lines, func(a, b Line) int { return a.Time.Compare(b.Time) })
		for _, line := range lines {
			emit(line)
		}
		if !request.Follow || run.State.ended() {
			return nil
		}
		if err := r.pause(ctx); err != nil {
			return err
		}
		var err error
		if run, err = r.Find(ctx, run.RunID); err != nil {
			return err
		}
	}
}

func (r *Runner) wanted(node Node, run Summary, request LogRequest) bool {
	if node.Started.IsZero() || node.earlier(run.Started) {
		return false
	}
	if node.Kind == crawlerKind {
		return request.Job == crawlerKind
	}
	return request.Job == "" || request.Job == kindOf(r.pipeline, node.Name)
}

// nodeLines reads what has come into the log streams of a node since the last call.
func (r *Runner) nodeLines(ctx context.Context, node Node, request LogRequest, tails map[string]*tail) ([]Line, error) {
	kind, group, streams := crawlerKind, node.logGroup, []string{node.logStream}
	if node.Kind != crawlerKind {
		kind = kindOf(r.pipeline, node.Name)
		group = r.pipeline.Jobs[kind].LogGroups.Output
		if request.Errors {
			group = r.pipeline.Jobs[kind].LogGroups.Error
		}
		var err error
		if streams, err = r.streams(ctx, group, firstAttempt(node.Run)); err != nil {
			return nil, err
		}
	}
	var lines []Line
	for _, stream := range streams {
		id := group + " " + stream
		if tails[id] == nil {
			tails[id] = newTail(r.logs, group, stream)
			tails[id].since = request.Since
			if kind == crawlerKind {
				tails[id].limitTo(node) // all crawls of a crawler share a stream
			}
		}
		err := tails[id].next(ctx, func(line Line) {
			line.Job = kind
			if kind != crawlerKind {
				line.From = partOf(stream, firstAttempt(node.Run))
			}
			lines = append(lines, line)
		})
		if err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// limitTo leaves out what was written before a node started and after it ended.
func (t *tail) limitTo(node Node) {
	if t.since.Before(node.Started) {
		t.since = node.Started
	}
	if node.Seconds > 0 {
		t.until = node.Started.Add(time.Duration(node.Seconds*float64(time.Second)) + time.Second)
	}
}

// streams gives the log streams of a job run: its driver's and its executors', of all attempts.
func (r *Runner) streams(ctx context.Context, group, run string) ([]string, error) {
	var streams []string
	pages := cloudwatchlogs.NewDescribeLogStreamsPaginator(r.logs, &cloudwatchlogs.DescribeLogStreamsInput{
		LogGroupName: aws.String(group), LogStreamNamePrefix: aws.String(run),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var missing *types.ResourceNotFoundException
		if errors.As(err, &missing) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("listing the streams of log %s: %w", group, err)
		}
		for _, stream := range page.LogStreams {
			streams = append(streams, aws.ToString(stream.LogStreamName))
		}
	}
	return streams, nil
}

// firstAttempt gives the id that the attempts of a job run have in common.
func firstAttempt(run string) string {
	first, _, _ := strings.Cut(run, "_attempt_")
	return first
}

// partOf says which part of a job run writes a stream: nothing for the driver, else for example "attempt 1" or
// "executor 2".
func partOf(stream, run string) string {
	rest := strings.Trim(strings.TrimPrefix(stream, run), "-_")
	var parts []string
	if number, after, found := strings.Cut(strings.TrimPrefix(rest, "attempt_"), "-"); strings.HasPrefix(rest, "attempt_") {
		parts, rest = append(parts, "attempt "+number), ""
		if found {
			rest = after
		}
	}
	if rest != "" && rest != "driver" {
		parts = append(parts, "executor "+rest)
	}
	return strings.Join(parts, ", ")
}
