package run

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Overview is how a pipeline is doing.
type Overview struct {
	Pipeline    string    `json:"pipeline"`
	Domain      string    `json:"domain"`
	Starts      string    `json:"starts"` // what starts it: a schedule, arriving files, or on demand
	State       State     `json:"state,omitempty"`
	LastRun     string    `json:"lastRunId,omitempty"`
	Started     time.Time `json:"started,omitzero"`
	Seconds     float64   `json:"seconds,omitempty"`
	LastSuccess time.Time `json:"lastSuccess,omitzero"` // when the newest run that succeeded ended, if it is not long ago
	Error       string    `json:"error,omitempty"`      // why the last run failed
}

// Overview asks how the pipeline is doing.
func (r *Runner) Overview(ctx context.Context) (Overview, error) {
	o := Overview{Pipeline: r.name, Domain: r.pipeline.Domain}
	workflow, err := r.glue.GetWorkflow(ctx, &glue.GetWorkflowInput{Name: aws.String(r.pipeline.Workflow), IncludeGraph: aws.Bool(true)})
	if err != nil {
		return o, fmt.Errorf("asking for workflow %s: %w", r.pipeline.Workflow, err)
	}
	o.Starts = startsBy(workflow.Workflow.Graph)
	if workflow.Workflow.LastRun == nil {
		return o, nil
	}
	runs, err := r.History(ctx, recentRuns)
	if err != nil || len(runs) == 0 {
		return o, err
	}
	last := runs[0]
	o.State, o.LastRun, o.Started, o.Seconds, o.Error = last.State, last.RunID, last.Started, last.Seconds, last.Error
	if good := slices.IndexFunc(runs, func(s Summary) bool { return s.State == Succeeded }); good >= 0 {
		o.LastSuccess = runs[good].Ended
	}
	return o, nil
}

// startsBy says what starts a workflow: its trigger that waits for nothing else in it.
func startsBy(graph *types.WorkflowGraph) string {
	if graph == nil {
		return ""
	}
	for _, node := range graph.Nodes {
		if node.TriggerDetails == nil || node.TriggerDetails.Trigger == nil {
			continue
		}
		trigger := node.TriggerDetails.Trigger
		switch trigger.Type {
		case types.TriggerTypeScheduled:
			if trigger.State != types.TriggerStateActivated {
				return aws.ToString(trigger.Schedule) + ", off"
			}
			return aws.ToString(trigger.Schedule) + " UTC"
		case types.TriggerTypeEvent:
			return "arriving files"
		case types.TriggerTypeOnDemand:
			return "on demand"
		default: // after another node
		}
	}
	return ""
}

// DatasetState is what the catalog says of a data set.
type DatasetState struct {
	Name           string    `json:"name"`
	Classification string    `json:"classification,omitempty"`
	Read           int64     `json:"rowsRead"` // in the last run, as the following
	Staged         int64     `json:"rowsStaged"`
	Quarantined    int64     `json:"rowsQuarantined"`
	LastRun        string    `json:"lastRun,omitempty"`
	LastSuccess    time.Time `json:"lastSuccess,omitzero"`
}

// Datasets reads from the catalog what the jobs last wrote there of each data set. One that was never staged
// has no entry.
func (r *Runner) Datasets(ctx context.Context) ([]DatasetState, error) {
	ours := map[string]bool{}
	for _, d := range r.pipeline.Datasets {
		ours[d.Name] = true
	}
	var states []DatasetState
	pages := glue.NewGetTablesPaginator(r.glue, &glue.GetTablesInput{DatabaseName: aws.String(r.pipeline.StagedDatabase)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("asking for the tables of database %s: %w", r.pipeline.StagedDatabase, err)
		}
		for _, table := range page.TableList {
			if ours[aws.ToString(table.Name)] {
				states = append(states, datasetState(aws.ToString(table.Name), table.Parameters))
			}
		}
	}
	slices.SortFunc(states, func(a, b DatasetState) int { return strings.Compare(a.Name, b.Name) })
	return states, nil
}

// datasetState reads the parameters that the jobs write (mpp/jobs/tarn_jobs/metrics.py).
func datasetState(name string, parameters map[string]string) DatasetState {
	number := func(key string) int64 {
		n, err := strconv.ParseInt(parameters["tarn."+key], 10, 64)
		if err != nil {
			return 0 // not written yet
		}
		return n
	}
	state := DatasetState{
		Name: name, Classification: parameters["tarn.classification"], LastRun: parameters["tarn.last_run"],
		Read: number("rows_read"), Staged: number("rows_staged"), Quarantined: number("rows_quarantined"),
	}
	if at, err := time.Parse(time.RFC3339, parameters["tarn.last_success"]); err == nil {
		state.LastSuccess = at
	}
	return state
}
