package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// recentRuns is how far back is looked for a run that succeeded or failed.
const recentRuns = 25

// ErrUnknownRun is returned for a run that a pipeline does not have.
var ErrUnknownRun = errors.New("there is no such run")

// Summary is one run in a list.
type Summary struct {
	RunID    string    `json:"runId"`
	State    State     `json:"state"`
	Started  time.Time `json:"started,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Seconds  float64   `json:"seconds"` // so far, while it runs
	Previous string    `json:"previousRunId,omitempty"`
	From     string    `json:"from,omitempty"` // of a backfill
	To       string    `json:"to,omitempty"`
	Full     bool      `json:"full,omitempty"`
	DPUHours float64   `json:"dpuHours"`
	USD      float64   `json:"usd"` // an estimate, see CostNote
	Nodes    []Node    `json:"nodes,omitempty"`
	Error    string    `json:"error,omitempty"`
}

// History gives the newest runs, the newest first.
func (r *Runner) History(ctx context.Context, limit int) ([]Summary, error) {
	var runs []Summary
	var token *string
	for {
		page, err := r.glue.GetWorkflowRuns(ctx, &glue.GetWorkflowRunsInput{
			Name: aws.String(r.pipeline.Workflow), IncludeGraph: aws.Bool(true), NextToken: token,
			MaxResults: aws.Int32(int32(min(limit, recentRuns))), //nolint:gosec // a small number
		})
		if err != nil {
			return nil, r.workflowError(err)
		}
		for _, run := range page.Runs {
			runs = append(runs, r.summary(run))
		}
		token = page.NextToken
		if token == nil || len(runs) >= limit {
			break
		}
	}
	slices.SortStableFunc(runs, func(a, b Summary) int { return b.Started.Compare(a.Started) })
	return runs[:min(limit, len(runs))], nil
}

// Find gives one run; with Last, or without a name, the newest.
func (r *Runner) Find(ctx context.Context, name string) (Summary, error) {
	if name == Last || name == "" {
		runs, err := r.History(ctx, 1)
		if err == nil && len(runs) == 0 {
			err = fmt.Errorf("%w: pipeline %s has never run", ErrUnknownRun, r.name)
		}
		if err != nil {
			return Summary{}, err
		}
		name = runs[0].RunID
	}
	run, err := r.workflowRun(ctx, name)
	var missing *types.EntityNotFoundException
	switch {
	case errors.As(err, &missing):
		return Summary{}, r.unknown(ctx, name)
	case err != nil:
		return Summary{}, err
	}
	return r.summary(*run), nil
}

// unknown says which runs there are.
func (r *Runner) unknown(ctx context.Context, name string) error {
	runs, err := r.History(ctx, 10)
	if err != nil {
		return err
	}
	var ids []string
	for _, run := range runs {
		ids = append(ids, run.RunID)
	}
	return fmt.Errorf("%w as %q in pipeline %s; newest runs: %s", ErrUnknownRun, name, r.name, strings.Join(ids, ", "))
}

func (r *Runner) summary(run types.WorkflowRun) Summary {
	return summaryOf(run, r.Prices, time.Now())
}

func summaryOf(run types.WorkflowRun, prices Prices, now time.Time) Summary {
	s := Summary{
		RunID: aws.ToString(run.WorkflowRunId), Started: aws.ToTime(run.StartedOn), Ended: aws.ToTime(run.CompletedOn),
		Previous: aws.ToString(run.PreviousRunId),
		From:     run.WorkflowRunProperties[propertyFrom], To: run.WorkflowRunProperties[propertyTo],
		Full:  run.WorkflowRunProperties[propertyFull] == "true",
		State: stateOf(run), Nodes: nodesOf(run.Graph, prices),
	}
	if run.Status == types.WorkflowRunStatusCompleted && run.Graph != nil {
		if err := verdict(run.Status, aws.ToString(run.ErrorMessage), s.Nodes); err != nil {
			s.State, s.Error = Failed, err.Error()
		}
	}
	if s.Error == "" {
		s.Error = aws.ToString(run.ErrorMessage)
	}
	switch {
	case s.Started.IsZero():
	case s.Ended.IsZero():
		s.Seconds = now.Sub(s.Started).Seconds()
	default:
		s.Seconds = s.Ended.Sub(s.Started).Seconds()
	}
	for _, node := range s.Nodes {
		if node.earlier(s.Started) {
			continue
		}
		s.DPUHours += node.DPUHours
		s.USD += node.USD
	}
	return s
}

// stateOf judges a run by its status and its counters, which come without the graph.
func stateOf(run types.WorkflowRun) State {
	switch run.Status {
	case types.WorkflowRunStatusRunning, types.WorkflowRunStatusStopping:
		return Running
	case types.WorkflowRunStatusStopped:
		return Stopped
	case types.WorkflowRunStatusCompleted:
		s := run.Statistics
		if s != nil && s.FailedActions+s.TimeoutActions+s.StoppedActions+s.ErroredActions > 0 {
			return Failed
		}
		return Succeeded
	default:
		return Failed
	}
}
