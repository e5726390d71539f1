package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/driver"
	"github.com/tarn-data/tarn/pkg/run"
)

// deployedPipelines reads which pipelines the environment has.
func (a *app) deployedPipelines(ctx context.Context, view console.Console) (map[string]contract.Pipeline, error) {
	d, err := a.open(ctx, view, false)
	if err != nil {
		return nil, err
	}
	outputs, err := d.ProjectOutputs(ctx, contract.ProjectMPP)
	if errors.Is(err, driver.ErrNotDeployed) {
		return nil, hinted{err, fmt.Sprintf("Deploy it first: tarn up --env %s", a.environment)}
	}
	if err != nil {
		return nil, err
	}
	return contract.PipelinesOf(outputs)
}

// runner finds a deployed pipeline.
func (a *app) runner(ctx context.Context, view console.Console, name string) (*run.Runner, contract.Pipeline, error) {
	pipelines, err := a.deployedPipelines(ctx, view)
	if err != nil {
		return nil, contract.Pipeline{}, err
	}
	pipeline, found := pipelines[name]
	if !found {
		return nil, contract.Pipeline{}, usageError{fmt.Errorf("there is no pipeline %q in environment %s; pipelines: %s",
			name, a.environment, strings.Join(slices.Sorted(maps.Keys(pipelines)), ", "))}
	}
	runner, err := run.New(ctx, name, pipeline, a.pollInterval(), runObserver{view, a.environment + "-" + name + "-"})
	return runner, pipeline, err
}

// findRun finds one run of a pipeline; the newest without a name.
func findRun(ctx context.Context, runner *run.Runner, name string) (run.Summary, error) {
	found, err := runner.Find(ctx, name)
	if errors.Is(err, run.ErrUnknownRun) {
		return found, usageError{err}
	}
	return found, err
}

// runObserver shows a run on the console. Names are shown without what all of them begin with.
type runObserver struct {
	view   console.Console
	common string
}

func (o runObserver) short(name string) string {
	if _, after, found := strings.Cut(name, o.common); found {
		return after
	}
	return name
}

func (o runObserver) NodeStarted(node string) { o.view.Start(o.short(node)) }
func (o runObserver) Line(node, text string)  { o.view.Line(o.short(node), text) }
func (o runObserver) NodeFinished(node run.Node) {
	var err error
	if node.State != run.Succeeded {
		err = errors.New(node.Error)
	}
	o.view.Finish(o.short(node.Name), node.Error, err)
}
