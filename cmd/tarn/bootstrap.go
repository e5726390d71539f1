package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/driver"
)

func (a *app) bootstrapCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "bootstrap",
		Short: "Begin an environment: make its state bucket and move its state there",
		Long: `Deploy the bootstrap project of a new environment and move the state of that deployment
into the bucket it has made, under the key it has made. This is done once for each
environment, by somebody who may make KMS keys, buckets and IAM roles in the account.

The steps: deploy with the state in a folder of this machine, move the state into the
bucket, encrypt it with the KMS key, prove with a preview that nothing changes, remove the
folder, put an access key for the CI user into its secret. Killed at any of them, the same
command finishes. On a finished environment it only proves that nothing changes.

The local environment keeps its state in a folder and needs none of this.`,
		Args: noArguments,
	}
	a.lockFlag(command)
	eject := command.Flags().Bool("eject", false, "the reverse: move the state out of the bucket, so that the bucket can be deleted")
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		if a.environment == localEnvironment {
			return usageError{errors.New("environment local has no state bucket to move to: `tarn up` is all it needs (use --env)")}
		}
		return a.bootstrap(cmd.Context(), *eject)
	}
	return command
}

func (a *app) bootstrap(ctx context.Context, eject bool) error {
	view := a.console()
	defer view.Close()
	d, err := a.open(ctx, view, !eject)
	if err != nil {
		return err
	}
	again := "tarn bootstrap --env " + a.environment
	operation := d.Bootstrap
	if eject {
		operation, again = d.Eject, again+" --eject"
	}
	report, err := operation(ctx)
	var key keyReport
	if err == nil && !eject {
		key, err = a.firstKey(ctx, d, view)
	}
	view.Close()
	if err != nil {
		report.Error = err.Error()
	}
	if printed := a.print(struct {
		driver.Report
		Key keyReport `json:"key"`
	}{report, key}, reportTable(report)+key.text()); printed != nil {
		return printed
	}
	if errors.Is(err, driver.ErrStateLost) {
		return a.lostState(err)
	}
	if err != nil {
		return hinted{err, "Nothing was rolled back. Once the cause is gone, go on with: " + again}
	}
	return nil
}

// seated refuses to deploy to an environment whose state bucket does not hold its state.
func (a *app) seated(ctx context.Context, d *driver.Driver, start bool) error {
	err := d.Seated(ctx)
	switch {
	case err == nil, !start: // what is half deleted may go on being deleted
		return nil
	case errors.Is(err, driver.ErrLocalState):
		return hinted{err, fmt.Sprintf("Move it into the bucket first: tarn bootstrap --env %s", a.environment)}
	case errors.Is(err, driver.ErrStateLost):
		return a.lostState(err)
	case errors.Is(err, driver.ErrNotDeployed):
		return hinted{err, fmt.Sprintf("Begin it with: tarn bootstrap --env %s", a.environment)}
	default:
		return err
	}
}

func (a *app) lostState(err error) error {
	return hinted{err, fmt.Sprintf("If its state file was deleted, have it back: tarn state restore bootstrap --env %s\n"+
		"If another machine began the environment, finish it there: tarn bootstrap --env %s", a.environment, a.environment)}
}
