package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/tarn-data/tarn/local/emulator"
	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/driver"
)

// open prepares this process for the environment and gives its driver. For the local environment it
// starts the emulator if start is set, and otherwise fails when there is none.
func (a *app) open(ctx context.Context, view console.Console, start bool) (*driver.Driver, error) {
	target := driver.Environment{Name: a.environment}
	if a.environment == localEnvironment {
		if start {
			if _, err := a.startLocal(ctx, view, 0); err != nil {
				return nil, err
			}
		}
		if err := a.enterLocal(ctx); err != nil {
			return nil, err
		}
		target.SecretsProvider = "passphrase"
	} else if os.Getenv("AWS_ENDPOINT_URL") != "" {
		return nil, usageError{fmt.Errorf("AWS_ENDPOINT_URL is set to %s, which is not environment %s: unset it",
			os.Getenv("AWS_ENDPOINT_URL"), a.environment)}
	}
	d, err := driver.New(driver.Projects(a.root), target, deployObserver{view})
	if err != nil {
		return nil, usageError{err}
	}
	return d, nil
}

// enterLocal points this process, and with it Pulumi and its plugins, at the running emulator.
func (a *app) enterLocal(ctx context.Context) error {
	instance, err := emulator.Status(ctx, a.emulatorFolder())
	if err != nil {
		return hinted{err, "Start it with `tarn local up`, or deploy everything with `tarn up`."}
	}
	tools, err := a.presentTools(ctx)
	if err != nil {
		return err
	}
	for _, name := range foreignVariables {
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	for name, value := range a.localVariables(instance, tools) {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// pollInterval is how often a run is asked for its state: AWS limits how often one may ask, the
// emulator does not.
func (a *app) pollInterval() time.Duration {
	if a.environment == localEnvironment {
		return 500 * time.Millisecond
	}
	return 5 * time.Second
}

// deployObserver shows a deployment on the console.
type deployObserver struct{ view console.Console }

func (o deployObserver) StackStarted(project string)    { o.view.Start(project) }
func (o deployObserver) Working(project, detail string) { o.view.Detail(project, detail) }
func (o deployObserver) Line(project, text string)      { o.view.Line(project, text) }
func (o deployObserver) StackFinished(report driver.StackReport) {
	var err error
	if report.Result == driver.Failed {
		err = errStackFailed
	}
	o.view.Finish(report.Project, report.Summary(), err)
}
