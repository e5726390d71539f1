package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/tarn-data/tarn/pkg/contract"
)

// ErrNothingToResume is returned when a run has no failure to go on from.
var ErrNothingToResume = errors.New("there is nothing to resume")

// Last is what stands for the newest failed run where one can be named.
const Last = "last"

// FailedRun finds the run to go on from: the one named, or with Last the newest one if it failed.
func (r *Runner) FailedRun(ctx context.Context, name string) (Summary, error) {
	if name != Last {
		return r.Find(ctx, name)
	}
	runs, err := r.History(ctx, recentRuns)
	if err != nil {
		return Summary{}, err
	}
	return lastFailed(r.name, runs)
}

func lastFailed(pipeline string, runs []Summary) (Summary, error) {
	index := slices.IndexFunc(runs, func(s Summary) bool { return s.State == Failed })
	switch {
	case len(runs) == 0:
		return Summary{}, fmt.Errorf("%w: pipeline %s has never run", ErrNothingToResume, pipeline)
	case runs[0].State == Failed:
		return runs[0], nil
	case index < 0:
		return Summary{}, fmt.Errorf("%w: none of the last %d runs of pipeline %s failed", ErrNothingToResume, len(runs), pipeline)
	default:
		// What failed then has been done by a later run, or somebody has stopped it for a reason.
		return Summary{}, fmt.Errorf("%w: the last run of pipeline %s %s; the newest that failed is %s, name it to resume that one",
			ErrNothingToResume, pipeline, runs[0].State, runs[index].RunID)
	}
}

// Resume starts a run that begins at the failed crawlers and jobs of another one. It gives the id of the new run
// and the names of the nodes it begins with.
func (r *Runner) Resume(ctx context.Context, runID string) (string, []string, error) {
	before, err := r.workflowRun(ctx, runID)
	if err != nil {
		return "", nil, err
	}
	if before.Status != types.WorkflowRunStatusCompleted {
		return "", nil, fmt.Errorf("%w: run %s is %s; Glue resumes only runs that ended by themselves",
			ErrNothingToResume, runID, strings.ToLower(string(before.Status)))
	}
	reports, err := r.Reports(ctx, runID)
	if err != nil {
		return "", nil, err
	}
	first, err := restart(r.pipeline, runID, nodesOf(before.Graph, r.Prices), heldBack(reports))
	if err != nil {
		return "", nil, err
	}
	var ids, names []string
	for _, node := range first {
		ids, names = append(ids, node.ID), append(names, kindOf(r.pipeline, node.Name))
	}
	resumed, err := r.glue.ResumeWorkflowRun(ctx, &glue.ResumeWorkflowRunInput{
		Name: aws.String(r.pipeline.Workflow), RunId: aws.String(runID), NodeIds: ids,
	})
	if err != nil {
		return "", nil, r.startError(fmt.Sprintf("resuming run %s", runID), err)
	}
	return aws.ToString(resumed.RunId), names, nil
}

// heldBack tells whether the quality gate held data back, and did not fail for another reason.
func heldBack(reports []JobReport) bool {
	return slices.ContainsFunc(reports, func(job JobReport) bool {
		return job.Job == qualityGate && slices.ContainsFunc(job.Datasets, func(d RowCount) bool {
			return slices.ContainsFunc(d.Rules, func(r Rule) bool { return !r.Passed })
		})
	})
}

// restart chooses the nodes that a resumed run begins with: those that failed.
//
// Where the quality gate held data back, staging begins again as well: it is the raw files that have been mended,
// or the rules, and the gate alone would only judge once more what was staged. Staging writes no row twice.
func restart(p contract.Pipeline, runID string, nodes []Node, heldBack bool) ([]Node, error) {
	find := func(kind string) int {
		return slices.IndexFunc(nodes, func(n Node) bool { return n.Kind == "job" && kindOf(p, n.Name) == kind })
	}
	var chosen []Node
	for _, node := range nodes {
		if node.State != Failed && node.State != Stopped {
			continue
		}
		if staging := find(rawToStaged); heldBack && staging >= 0 && node.Kind == "job" && kindOf(p, node.Name) == qualityGate {
			node = nodes[staging]
		}
		if !slices.ContainsFunc(chosen, func(n Node) bool { return n.ID == node.ID }) {
			chosen = append(chosen, node)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%w: nothing failed in run %s", ErrNothingToResume, runID)
	}
	return chosen, nil
}
