// Package run starts a deployed pipeline through the Glue API, follows it to its end and reads what
// it did. It works the same against AWS and against the local emulator.
package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aws/smithy-go/logging"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/s3client"
)

// ErrFailed is returned when a run ended and any part of it did not succeed.
var ErrFailed = errors.New("the run failed")

// Observer is told how a run goes on.
type Observer interface {
	// NodeStarted says that a crawler or job has begun.
	NodeStarted(node string)
	// Line is a line that a job printed.
	Line(node, text string)
	// NodeFinished gives a crawler's or job's result.
	NodeFinished(node Node)
}

// Runner runs one pipeline.
type Runner struct {
	Prices Prices // to work out costs with

	name     string
	pipeline contract.Pipeline
	observer Observer
	poll     time.Duration

	glue   *glue.Client
	logs   *cloudwatchlogs.Client
	s3     *s3.Client
	athena *athena.Client
}

// New makes a runner with the credentials and the region of the process's environment. poll is how
// often AWS is asked.
func New(ctx context.Context, name string, pipeline contract.Pipeline, poll time.Duration, observer Observer) (*Runner, error) {
	// The client's own warnings, such as an answer it stopped reading at Ctrl-C, say nothing that the
	// errors do not.
	settings, err := config.LoadDefaultConfig(ctx, config.WithLogger(logging.Nop{}))
	if err != nil {
		return nil, fmt.Errorf("AWS credentials: %w", err)
	}
	return &Runner{
		Prices: ListPrices(), name: name, pipeline: pipeline, observer: observer, poll: poll,
		glue:   glue.NewFromConfig(settings),
		logs:   cloudwatchlogs.NewFromConfig(settings),
		s3:     s3client.New(settings),
		athena: athena.NewFromConfig(settings),
	}, nil
}

// For gives the runner of another pipeline of the same environment.
func (r *Runner) For(name string, pipeline contract.Pipeline) *Runner {
	other := *r
	other.name, other.pipeline = name, pipeline
	return &other
}

// Start starts the pipeline's workflow and gives the id of the run.
func (r *Runner) Start(ctx context.Context, request Request) (string, error) {
	started, err := r.glue.StartWorkflowRun(ctx, &glue.StartWorkflowRunInput{
		Name: aws.String(r.pipeline.Workflow), RunProperties: request.properties(),
	})
	if err != nil {
		return "", r.startError("starting workflow "+r.pipeline.Workflow, err)
	}
	return aws.ToString(started.RunId), nil
}

func (r *Runner) startError(doing string, err error) error {
	var busy *types.ConcurrentRunsExceededException
	if errors.As(err, &busy) {
		return fmt.Errorf("pipeline %s is already running; wait for that run to end, or see it with `tarn status %s`", r.name, r.name)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Follow reports a run until it ends. It returns ErrFailed when a part of it failed. When ctx ends
// first the run goes on: see Stop.
func (r *Runner) Follow(ctx context.Context, runID string) ([]Node, error) {
	seen := map[string]State{}
	tails := map[string]*tail{}
	for {
		run, err := r.workflowRun(ctx, runID)
		if err != nil {
			return nil, err
		}
		nodes := nodesOf(run.Graph, r.Prices)
		for _, node := range nodes {
			if node.earlier(aws.ToTime(run.StartedOn)) {
				continue
			}
			before, known := seen[node.Name]
			seen[node.Name] = node.State
			if !known && node.State != Waiting || known && before == Waiting && node.State != Waiting {
				r.observer.NodeStarted(node.Name)
			}
			if err := r.printLog(ctx, node, tails); err != nil {
				return nodes, err
			}
			if node.State.ended() && !before.ended() {
				r.observer.NodeFinished(node)
			}
		}
		if run.Status != types.WorkflowRunStatusRunning && run.Status != types.WorkflowRunStatusStopping {
			return nodes, verdict(run.Status, aws.ToString(run.ErrorMessage), nodes)
		}
		if err := r.pause(ctx); err != nil {
			return nodes, err
		}
	}
}

func (r *Runner) pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(r.poll):
		return nil
	}
}

// Stop asks Glue to stop a run.
func (r *Runner) Stop(ctx context.Context, runID string) error {
	_, err := r.glue.StopWorkflowRun(ctx, &glue.StopWorkflowRunInput{
		Name: aws.String(r.pipeline.Workflow), RunId: aws.String(runID),
	})
	if err != nil {
		return fmt.Errorf("stopping run %s: %w", runID, err)
	}
	return nil
}

func (r *Runner) workflowRun(ctx context.Context, runID string) (*types.WorkflowRun, error) {
	out, err := r.glue.GetWorkflowRun(ctx, &glue.GetWorkflowRunInput{
		Name: aws.String(r.pipeline.Workflow), RunId: aws.String(runID), IncludeGraph: aws.Bool(true),
	})
	if err != nil {
		return nil, fmt.Errorf("asking for run %s: %w", runID, err)
	}
	return out.Run, nil
}

func (r *Runner) workflowError(err error) error {
	return fmt.Errorf("asking for the runs of workflow %s: %w", r.pipeline.Workflow, err)
}

// printLog passes on what a job has printed since the last call.
func (r *Runner) printLog(ctx context.Context, node Node, tails map[string]*tail) error {
	if node.Run == "" {
		return nil
	}
	if tails[node.Run] == nil {
		group := r.pipeline.Jobs[kindOf(r.pipeline, node.Name)].LogGroups.Output
		tails[node.Run] = newTail(r.logs, group, node.Run)
	}
	return tails[node.Run].next(ctx, func(line Line) { r.observer.Line(node.Name, line.Text) })
}
