package run

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestStartsBy(t *testing.T) {
	t.Parallel()
	graph := func(triggers ...types.Trigger) *types.WorkflowGraph {
		g := &types.WorkflowGraph{Nodes: []types.Node{{Type: types.NodeTypeJob}}}
		for _, trigger := range triggers {
			g.Nodes = append(g.Nodes, types.Node{Type: types.NodeTypeTrigger, TriggerDetails: &types.TriggerNodeDetails{Trigger: &trigger}})
		}
		return g
	}
	after := types.Trigger{Type: types.TriggerTypeConditional, State: types.TriggerStateActivated}
	cron := types.Trigger{Type: types.TriggerTypeScheduled, Schedule: aws.String("cron(0 3 * * ? *)"), State: types.TriggerStateActivated}
	off := cron
	off.State = types.TriggerStateDeactivated
	for want, g := range map[string]*types.WorkflowGraph{
		"":                       nil,
		"on demand":              graph(after, types.Trigger{Type: types.TriggerTypeOnDemand, State: types.TriggerStateCreated}),
		"cron(0 3 * * ? *) UTC":  graph(after, cron),
		"cron(0 3 * * ? *), off": graph(off, after),
		"arriving files":         graph(types.Trigger{Type: types.TriggerTypeEvent}),
	} {
		if got := startsBy(g); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDatasetState(t *testing.T) {
	t.Parallel()
	got := datasetState("flights", map[string]string{
		"tarn.rows_read": "10", "tarn.rows_staged": "8", "tarn.rows_quarantined": "2", "tarn.last_run": "wr_1",
		"tarn.last_success": "2026-01-01T00:00:00Z", "tarn.classification": "internal", "table_type": "ICEBERG",
	})
	want := DatasetState{
		Name: "flights", Classification: "internal", Read: 10, Staged: 8, Quarantined: 2, LastRun: "wr_1",
		LastSuccess: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := datasetState("new", nil); got != (DatasetState{Name: "new"}) {
		t.Errorf("%+v", got)
	}
}
