package run

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

var (
	early = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	late  = early.Add(90 * time.Second)
)

func job(name string, runs ...types.JobRun) types.Node {
	return types.Node{Type: types.NodeTypeJob, Name: aws.String(name), JobDetails: &types.JobNodeDetails{JobRuns: runs}}
}

func crawler(name string, crawls ...types.Crawl) types.Node {
	return types.Node{Type: types.NodeTypeCrawler, Name: aws.String(name), CrawlerDetails: &types.CrawlerNodeDetails{Crawls: crawls}}
}

func TestNodesOf(t *testing.T) {
	t.Parallel()
	nodes := nodesOf(&types.WorkflowGraph{Nodes: []types.Node{
		{Type: types.NodeTypeTrigger, Name: aws.String("start")},
		job("waits"),
		job("fails", types.JobRun{
			Id: aws.String("jr_2"), Attempt: 1, JobRunState: types.JobRunStateFailed, StartedOn: &late, ErrorMessage: aws.String("no space"),
		}, types.JobRun{Id: aws.String("jr_1"), JobRunState: types.JobRunStateFailed, StartedOn: &early}),
		crawler("crawls", types.Crawl{State: types.CrawlStateSucceeded, StartedOn: &early, CompletedOn: &late}),
	}}, ListPrices())
	want := []Node{
		{Name: "crawls", Kind: "crawler", State: Succeeded, Started: early, Seconds: 90},
		{Name: "fails", Kind: "job", State: Failed, Run: "jr_2", Attempts: 2, Error: "no space", Started: late},
		{Name: "waits", Kind: "job", State: Waiting},
	}
	if len(nodes) != len(want) {
		t.Fatalf("got %+v", nodes)
	}
	for i := range want {
		if nodes[i] != want[i] {
			t.Errorf("got  %+v\nwant %+v", nodes[i], want[i])
		}
	}
	if nodesOf(nil, ListPrices()) != nil {
		t.Error("a run without a graph has nodes")
	}
}

func TestJobStates(t *testing.T) {
	t.Parallel()
	for state, want := range map[types.JobRunState]State{
		types.JobRunStateStarting: Running, types.JobRunStateRunning: Running, types.JobRunStateWaiting: Running,
		types.JobRunStateStopping: Running, types.JobRunStateSucceeded: Succeeded, types.JobRunStateFailed: Failed,
		types.JobRunStateTimeout: Failed, types.JobRunStateError: Failed, types.JobRunStateStopped: Stopped,
		types.JobRunStateExpired: Failed,
	} {
		if got := jobNode(job("j", types.JobRun{JobRunState: state}), ListPrices()).State; got != want {
			t.Errorf("%s: got %s, want %s", state, got, want)
		}
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status types.WorkflowRunStatus
		nodes  []Node
		want   string
	}{
		"good":              {types.WorkflowRunStatusCompleted, []Node{{Name: "a", State: Succeeded}}, ""},
		"a job failed":      {types.WorkflowRunStatusCompleted, []Node{{Kind: "job", Name: "a", State: Failed, Error: "boom"}}, "job a failed: boom"},
		"a job was stopped": {types.WorkflowRunStatusStopped, []Node{{Kind: "job", Name: "a", State: Stopped}}, "job a stopped"},
		"one never started": {types.WorkflowRunStatusCompleted, []Node{{Kind: "job", Name: "b", State: Waiting}}, "job b never started"},
		"glue gave up":      {types.WorkflowRunStatusError, nil, "workflow run error"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := verdict(test.status, "", test.nodes)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrFailed) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestAttemptsArePaidForEachByItself(t *testing.T) {
	t.Parallel()
	run := types.JobRun{JobRunState: types.JobRunStateFailed, ExecutionTime: 3600, MaxCapacity: aws.Float64(2)}
	again := run
	again.Attempt, again.JobRunState = 1, types.JobRunStateSucceeded
	node := jobNode(job("j", run, again), Prices{Standard: 0.5})
	if node.State != Succeeded || node.DPUHours != 4 || node.USD != 2 {
		t.Errorf("%+v", node)
	}
}

func TestASkippedNodeIsNotOneThatWaits(t *testing.T) {
	t.Parallel()
	// A resumed run as AWS may show it: nothing of the run before, so that the first two have not started.
	id := func(n types.Node) types.Node { n.UniqueId = n.Name; return n }
	ran := types.JobRun{JobRunState: types.JobRunStateSucceeded, StartedOn: &early, CompletedOn: &late}
	edge := func(from, to string) types.Edge {
		return types.Edge{SourceId: aws.String(from), DestinationId: aws.String(to)}
	}
	nodes := nodesOf(&types.WorkflowGraph{
		Nodes: []types.Node{
			id(types.Node{Type: types.NodeTypeTrigger, Name: aws.String("start")}), id(crawler("crawls")), id(job("first")), id(job("second", ran)),
			id(job("third")),
		},
		Edges: []types.Edge{
			edge("start", "crawls"), edge("crawls", "t1"), edge("t1", "first"), edge("first", "t2"), edge("t2", "second"),
			edge("second", "t3"), edge("t3", "third"),
		},
	}, ListPrices())
	var names []string
	for _, node := range nodes {
		names = append(names, node.Name)
	}
	if want := []string{"second", "third"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}
