package run

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestStateOf(t *testing.T) {
	t.Parallel()
	good, bad := &types.WorkflowRunStatistics{SucceededActions: 3}, &types.WorkflowRunStatistics{SucceededActions: 1, TimeoutActions: 1}
	for name, test := range map[string]struct {
		run  types.WorkflowRun
		want State
	}{
		"good":           {types.WorkflowRun{Status: types.WorkflowRunStatusCompleted, Statistics: good}, Succeeded},
		"a timeout":      {types.WorkflowRun{Status: types.WorkflowRunStatusCompleted, Statistics: bad}, Failed},
		"a deleted job":  {types.WorkflowRun{Status: types.WorkflowRunStatusCompleted, Statistics: &types.WorkflowRunStatistics{ErroredActions: 1}}, Failed},
		"under way":      {types.WorkflowRun{Status: types.WorkflowRunStatusRunning, Statistics: bad}, Running},
		"being stopped":  {types.WorkflowRun{Status: types.WorkflowRunStatusStopping}, Running},
		"stopped":        {types.WorkflowRun{Status: types.WorkflowRunStatusStopped, Statistics: bad}, Stopped},
		"glue's failure": {types.WorkflowRun{Status: types.WorkflowRunStatusError}, Failed},
	} {
		if got := stateOf(test.run); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

func TestSummaryOf(t *testing.T) {
	t.Parallel()
	start, end := early.Add(time.Hour), early.Add(2*time.Hour)
	hour := func(started time.Time, state types.JobRunState) types.JobRun {
		return types.JobRun{Id: aws.String("jr"), JobRunState: state, StartedOn: &started, ExecutionTime: 3600, MaxCapacity: aws.Float64(2)}
	}
	run := types.WorkflowRun{
		WorkflowRunId: aws.String("wr_2"), PreviousRunId: aws.String("wr_1"), Status: types.WorkflowRunStatusCompleted,
		StartedOn: &start, CompletedOn: &end,
		WorkflowRunProperties: map[string]string{"tarn_from": "2026-01-01", "tarn_to": "2026-01-31", "tarn_full": "true"},
		Graph: &types.WorkflowGraph{Nodes: []types.Node{
			job("carried over from the run before", hour(early, types.JobRunStateSucceeded)),
			job("run again", hour(start, types.JobRunStateSucceeded)),
		}},
	}
	got := summaryOf(run, Prices{Standard: 1, Flex: 1}, end)
	if got.State != Succeeded || got.Seconds != 3600 || got.DPUHours != 2 || got.USD != 2 || got.Previous != "wr_1" {
		t.Errorf("%+v", got)
	}
	if got.From != "2026-01-01" || got.To != "2026-01-31" || !got.Full {
		t.Errorf("%+v", got)
	}
	// COMPLETED only says that the run is over.
	run.Graph.Nodes = append(run.Graph.Nodes, job("never started"))
	if got := summaryOf(run, ListPrices(), end); got.State != Failed || got.Error == "" {
		t.Errorf("%+v", got)
	}
	run.Status, run.CompletedOn = types.WorkflowRunStatusRunning, nil
	if got := summaryOf(run, ListPrices(), start.Add(time.Minute)); got.State != Running || got.Seconds != 60 || got.Error != "" {
		t.Errorf("%+v", got)
	}
}
