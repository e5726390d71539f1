package run

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// State of a crawler, a job or a whole run.
type State string

// The states. Glue knows more of them; these are the ones that mean something different to a person.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Succeeded State = "succeeded"
	Failed    State = "failed"
	Stopped   State = "stopped"
)

func (s State) ended() bool {
	return s == Succeeded || s == Failed || s == Stopped
}

// Node is a crawler or a job of a run.
type Node struct {
	ID       string    `json:"id,omitempty"` // of the node within the workflow, the same in every run
	Name     string    `json:"name"`
	Kind     string    `json:"kind"` // "crawler" or "job"
	State    State     `json:"state"`
	Run      string    `json:"jobRun,omitempty"`
	Attempts int       `json:"attempts,omitempty"` // of a job, with retries
	Error    string    `json:"error,omitempty"`
	Started  time.Time `json:"started,omitzero"`
	Seconds  float64   `json:"seconds"`
	DPUHours float64   `json:"dpuHours,omitempty"` // of all attempts
	USD      float64   `json:"usd,omitempty"`      // an estimate, see CostNote

	logGroup, logStream string // of a crawler
}

// nodesOf reads the crawlers and jobs of a workflow run's graph, in the order they started; those
// that have not started come last.
func nodesOf(graph *types.WorkflowGraph, prices Prices) []Node {
	if graph == nil {
		return nil
	}
	var nodes []Node
	for _, n := range graph.Nodes {
		switch n.Type {
		case types.NodeTypeCrawler:
			nodes = append(nodes, crawlerNode(n))
		case types.NodeTypeJob:
			nodes = append(nodes, jobNode(n, prices))
		default: // triggers do no work
		}
	}
	skipped := skippedIn(graph, nodes)
	nodes = slices.DeleteFunc(nodes, func(n Node) bool { return n.ID != "" && skipped[n.ID] })
	slices.SortStableFunc(nodes, func(a, b Node) int {
		switch {
		case a.Started.IsZero() == b.Started.IsZero():
			return a.Started.Compare(b.Started)
		case a.Started.IsZero():
			return 1
		default:
			return -1
		}
	})
	return nodes
}

// skippedIn gives the nodes that did not start although one after them did: a run that goes on where another
// one failed begins in the middle of the workflow.
func skippedIn(graph *types.WorkflowGraph, nodes []Node) map[string]bool {
	before := map[string][]string{}
	for _, edge := range graph.Edges {
		to := aws.ToString(edge.DestinationId)
		before[to] = append(before[to], aws.ToString(edge.SourceId))
	}
	reached := map[string]bool{}
	var mark func(id string)
	mark = func(id string) {
		for _, earlier := range before[id] {
			if !reached[earlier] {
				reached[earlier] = true
				mark(earlier)
			}
		}
	}
	for _, node := range nodes {
		if node.State != Waiting {
			mark(node.ID)
		}
	}
	skipped := map[string]bool{}
	for _, node := range nodes {
		skipped[node.ID] = node.State == Waiting && reached[node.ID]
	}
	return skipped
}

func crawlerNode(n types.Node) Node {
	node := Node{ID: aws.ToString(n.UniqueId), Name: aws.ToString(n.Name), Kind: "crawler", State: Waiting}
	if n.CrawlerDetails == nil || len(n.CrawlerDetails.Crawls) == 0 {
		return node
	}
	crawl := n.CrawlerDetails.Crawls[len(n.CrawlerDetails.Crawls)-1]
	node.State = map[types.CrawlState]State{
		types.CrawlStateSucceeded: Succeeded, types.CrawlStateFailed: Failed, types.CrawlStateError: Failed,
		types.CrawlStateCancelled: Stopped, types.CrawlStateCancelling: Running, types.CrawlStateRunning: Running,
	}[crawl.State]
	node.Error = aws.ToString(crawl.ErrorMessage)
	node.logGroup, node.logStream = aws.ToString(crawl.LogGroup), aws.ToString(crawl.LogStream)
	node.setTimes(crawl.StartedOn, crawl.CompletedOn)
	return node
}

func jobNode(n types.Node, prices Prices) Node {
	node := Node{ID: aws.ToString(n.UniqueId), Name: aws.ToString(n.Name), Kind: "job", State: Waiting}
	if n.JobDetails == nil || len(n.JobDetails.JobRuns) == 0 {
		return node
	}
	// After a retry there are several; the last one counts.
	latest := slices.MaxFunc(n.JobDetails.JobRuns, func(a, b types.JobRun) int { return cmp.Compare(a.Attempt, b.Attempt) })
	for _, attempt := range n.JobDetails.JobRuns {
		usage := usageOf(attempt)
		node.DPUHours += usage.DPUHours()
		node.USD += prices.Cost(usage)
	}
	node.Run, node.Attempts = aws.ToString(latest.Id), len(n.JobDetails.JobRuns)
	switch latest.JobRunState {
	case types.JobRunStateSucceeded:
		node.State = Succeeded
	case types.JobRunStateFailed, types.JobRunStateTimeout, types.JobRunStateError, types.JobRunStateExpired:
		node.State = Failed
	case types.JobRunStateStopped:
		node.State = Stopped
	default:
		node.State = Running
	}
	node.Error = aws.ToString(latest.ErrorMessage)
	if latest.JobRunState == types.JobRunStateTimeout && node.Error == "" {
		node.Error = fmt.Sprintf("stopped after its timeout of %d minutes", aws.ToInt32(latest.Timeout))
	}
	node.setTimes(latest.StartedOn, latest.CompletedOn)
	return node
}

// earlier tells whether the node is of the run that the one which started then goes on from.
func (n Node) earlier(started time.Time) bool {
	return !n.Started.IsZero() && n.Started.Add(time.Second).Before(started)
}

func (n *Node) setTimes(started, completed *time.Time) {
	if started == nil {
		return
	}
	n.Started = *started
	if completed != nil {
		n.Seconds = completed.Sub(*started).Seconds()
	}
}

// verdict decides whether a run that ended has succeeded. Glue calls a workflow run COMPLETED also
// when one of its jobs failed, and when the jobs after it never started.
func verdict(status types.WorkflowRunStatus, message string, nodes []Node) error {
	var problems []string
	for _, node := range nodes {
		switch node.State {
		case Failed, Stopped:
			text := fmt.Sprintf("%s %s %s", node.Kind, node.Name, node.State)
			if node.Error != "" {
				text += ": " + node.Error
			}
			problems = append(problems, text)
		case Waiting:
			problems = append(problems, fmt.Sprintf("%s %s never started", node.Kind, node.Name))
		case Running, Succeeded:
		}
	}
	if len(problems) == 0 && status != types.WorkflowRunStatusCompleted {
		problems = append(problems, strings.TrimSpace("workflow run "+strings.ToLower(string(status))+" "+message))
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrFailed, strings.Join(problems, "; "))
}
