package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/driver"
	"github.com/tarn-data/tarn/pkg/lease"
	"github.com/tarn-data/tarn/pkg/run"
)

// Exit codes, as `tarn --help` lists them.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitChanges     = 3
	exitRunFailed   = 4
	exitHeld        = 5
	exitLeaseLost   = 6
	exitInterrupted = 130 // 128 and the number of SIGINT
)

// errChanges is returned by a preview that should have found none.
var errChanges = errors.New("the preview found changes")

// usageError is a mistake in the command line or the configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// noArguments is for commands that take flags only.
func noArguments(command *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("`%s` takes no argument, %q was given", command.CommandPath(), args[0])}
	}
	return nil
}

// hinted is an error with advice on how to go on.
type hinted struct {
	error
	hint string
}

func (e hinted) Unwrap() error { return e.error }

func exitCode(ctx context.Context, err error) int {
	var usage usageError
	var held *lease.HeldError
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"): // cobra's own has no type
		return exitUsage
	case errors.Is(err, errChanges):
		return exitChanges
	case errors.Is(err, run.ErrFailed):
		return exitRunFailed
	case errors.As(err, &held), errors.Is(err, driver.ErrLocked):
		return exitHeld
	case errors.Is(err, lease.ErrLost):
		return exitLeaseLost
	default:
		return exitFailure
	}
}
